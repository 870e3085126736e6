"""Do the maps go when the weights go?

Cascading randomisation (Adebayo et al. 2018, arXiv 1810.03292, section 3): a map that stays when what was
learnt is thrown away, layer by layer, shows the ECG and not the model.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import torch

from supreme_ecg.models.named_rows import NamedRows
from supreme_ecg.models.supreme import SuPreME


def cascade(model: SuPreME, *, seed: int) -> Iterator[tuple[str, SuPreME]]:
    """Throw away what was learnt, layer by layer from the answer down to the ECG.

    Args:
        model: A trained model; it is not changed.
        seed: Seed of the fresh weights.

    Yields:
        The name of the part that was made afresh last, and a model in which it and all parts above it
        are untrained: first the fusion with the rows of trained names, at the end everything. It is one
        model, changed in place, so use it before asking for the next. How texts are spread (whitening)
        is kept.
    """
    encoder, adapter = model.text_encoder, model.text_adapter
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        fresh = SuPreME(model.parts, text_encoder=encoder, text_adapter=adapter)
    other = SuPreME(
        model.parts,
        trained_concepts=model.trained_concepts,
        text_encoder=encoder,
        text_adapter=adapter,
    )
    if model.named_rows is not None:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            fresh.named_rows = _untrained(model.named_rows)
        other.named_rows = copy.deepcopy(model.named_rows)
    state, untrained = dict(model.state_dict()), fresh.state_dict()
    kept = {"fusion.from_text.mean", "fusion.from_text.whitening"}
    for part in _parts(list(state)):
        parts = (part, "named_rows.") if part == "fusion." else (part,)
        state |= {k: untrained[k] for k in state if k.startswith(parts) and k not in kept}
        other.load_state_dict(state)
        yield part.rstrip("."), other.to(next(model.parameters()).device).eval()


def _untrained(rows: NamedRows) -> NamedRows:
    """Rows of random weights, as long as those that were fitted."""
    weight = torch.randn_like(rows.weight) * rows.weight.std()
    return NamedRows(rows.names, weight=weight, bias=rows.bias)


def _parts(keys: list[str]) -> list[str]:
    """Prefixes of the parts from the fusion down: ``fusion.``, ``encoder.stages.7.``, and so on."""
    found: dict[str, None] = {}
    for key in keys:
        if key.startswith("encoder."):
            words = key.split(".")
            depth = next((i + 1 for i, word in enumerate(words) if word.isdigit()), 2)
            found[".".join(words[:depth]) + ("." if depth < len(words) else "")] = None
    return ["fusion.", *reversed(found)]
