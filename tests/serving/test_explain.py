"""What an answer rests on, on a small model that has learnt one planted truth."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from supreme_ecg.errors import QueryError
from supreme_ecg.models.fusion import DecoderConfig
from supreme_ecg.models.named_rows import NamedRows
from supreme_ecg.models.pooling import PoolingConfig
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig, SuPreMEParts
from supreme_ecg.models.vit import ViTConfig
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.preprocessing.window import Window
from supreme_ecg.serving.explain import attribute, explain, rank_correlation
from supreme_ecg.serving.occlusion import occlude
from supreme_ecg.serving.sanity import cascade

CONTRACT = SignalContract(duration_s=4.0)
V1 = CONTRACT.leads.index("V1")
BUMP_S = 0.3


def window(rng: np.random.Generator, *, bump_at_s: float | None = None) -> Window:
    """Noise in all leads; a bump of 1 mV in V1 is the finding."""
    signal = rng.normal(scale=0.1, size=(12, CONTRACT.samples)).astype(np.float32)
    if bump_at_s is not None:
        first = round(bump_at_s * 100)
        signal[V1, first : first + round(BUMP_S * 100)] += 1.0
    full = np.ones(CONTRACT.samples, bool)
    return Window(signal=signal, lead_mask=np.ones(12, bool), sample_mask=full, contract=CONTRACT)


def build(letters: Any, fusion: PoolingConfig | DecoderConfig, encoder: Any = None) -> SuPreME:
    torch.manual_seed(0)
    parts = SuPreMEParts(
        contract=CONTRACT,
        method=SuPreMEConfig(fusion=fusion),
        encoder=encoder or ResNetConfig(stem_width=8),
    )
    return SuPreME(parts, text_encoder=letters).eval()


@pytest.fixture(scope="module")
def trained(letters) -> SuPreME:
    """A model that has learnt to tell windows with the bump (three seconds of training)."""
    model, rng = build(letters, PoolingConfig(width=32)).train(), np.random.default_rng(0)
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    vectors, full = letters.encode(["bump"]), torch.ones(32, CONTRACT.samples, dtype=torch.bool)
    for _ in range(45):
        places = [rng.uniform(0.2, 3.4) if i % 2 else None for i in range(32)]
        signal = torch.from_numpy(np.stack([window(rng, bump_at_s=p).signal for p in places]))
        wanted = torch.tensor([[float(place is not None)] for place in places])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            model(signal, full, vectors), wanted
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.3
    return model.eval()


FORMS = {
    "pooling": (PoolingConfig(width=32), None),
    "decoder": (DecoderConfig(width=32, heads=2, feedforward=32), None),
    "vit": (PoolingConfig(width=32), ViTConfig(patch_samples=100)),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_attribution_sums_to_the_logit_less_that_of_the_empty_window(letters, form) -> None:
    """Completeness of integrated gradients, for each fusion and encoder."""
    model = build(letters, *FORMS[form])
    for one in explain(model, window(np.random.default_rng(1)), ["bump", "other"], steps=64):
        change = abs(one.logit - one.empty_logit)
        assert abs(one.unexplained) < 0.02 * change + 1e-3
        assert one.attribution.shape == (12, 40)
        assert (one.evidence is None) == (form == "decoder")


def test_the_sum_over_time_with_the_bias_is_the_logit(trained: SuPreME) -> None:
    """To 1e-5, which no approximation would give."""
    (one,) = explain(trained, window(np.random.default_rng(1), bump_at_s=1.0), ["bump"])
    assert one.evidence is not None
    assert one.evidence.log_odds.sum() + one.evidence.bias == pytest.approx(one.logit, abs=1e-5)
    assert len(one.evidence.times_s) == len(one.evidence.log_odds)


@pytest.mark.parametrize("bump_at_s", [0.5, 2.0, 3.0])
def test_a_planted_finding_is_found_in_its_lead_and_at_its_time(
    trained: SuPreME, bump_at_s: float
) -> None:
    """By the attribution and by occlusion."""
    (one,) = explain(trained, window(np.random.default_rng(2), bump_at_s=bump_at_s), ["bump"])
    assert one.probability > 0.5
    assert max(one.lead_sums, key=lambda lead: one.lead_sums[lead]) == "V1"
    top = one.top_spans[0]
    assert top.start_s <= bump_at_s + BUMP_S / 2 <= top.end_s
    lead, span = np.unravel_index(one.occlusion.argmax(), one.occlusion.shape)
    assert lead == V1
    assert span * 0.5 <= bump_at_s + BUMP_S / 2 <= span * 0.5 + 0.75


def test_the_map_goes_when_the_weights_are_randomised(trained: SuPreME) -> None:
    """Adebayo et al. 2018: of the trained map nothing is left once every part is untrained."""
    shown = window(np.random.default_rng(3), bump_at_s=1.5)
    before = {key: value.clone() for key, value in trained.state_dict().items()}
    maps = [attribute(trained, shown, ["bump"])]
    parts = []
    for part, model in cascade(trained, seed=1):
        parts.append(part)
        maps.append(attribute(model, shown, ["bump"]))
    assert parts[0] == "fusion"
    assert parts[-1] == "encoder.stem.0"
    assert rank_correlation(maps[0], maps[0]) == pytest.approx(1)
    assert abs(rank_correlation(maps[0], maps[-1])) < 0.3
    assert all(torch.equal(before[key], value) for key, value in trained.state_dict().items())


def test_the_cascade_throws_rows_away_with_the_fusion(trained: SuPreME) -> None:
    """What was fitted to trained names is learnt as well; the model itself stays as it is."""
    own = trained.with_random_encoder(seed=0)
    names = own.query_vectors(["atrial fibrillation"])
    fitted = torch.ones(1, own.encoder.width)
    own.named_rows = NamedRows(names, weight=fitted, bias=torch.zeros(1))
    parts = {part: each.named_rows.weight.clone() for part, each in cascade(own, seed=1)}
    assert next(iter(parts)) == "fusion"
    assert all((weight != fitted).all() for weight in parts.values())
    assert torch.equal(own.named_rows.weight, fitted)


def test_the_cascade_ends_with_no_trained_weight(trained: SuPreME) -> None:
    """Every parameter of the last model differs from the trained one."""
    *_, (_, last) = cascade(trained, seed=1)
    learnt = dict(trained.named_parameters())
    assert not [key for key, value in last.named_parameters() if torch.equal(value, learnt[key])]


def test_a_lead_that_was_not_recorded_has_no_weight(trained: SuPreME) -> None:
    """Neither in the attribution nor by occlusion, and it does not count in the agreement."""
    whole = window(np.random.default_rng(4), bump_at_s=1.0)
    signal, lead_mask = whole.signal.copy(), whole.lead_mask.copy()
    signal[3], lead_mask[3] = 0, False
    (one,) = explain(trained, replace(whole, signal=signal, lead_mask=lead_mask), ["bump"])
    assert not one.attribution[3].any()
    assert not one.occlusion[3].any()
    assert -1 <= one.agreement <= 1


def test_occlusion_is_the_fall_of_the_logit_without_the_patch(trained: SuPreME) -> None:
    """Against a window with the patch set to 0 by hand."""
    whole = window(np.random.default_rng(5), bump_at_s=1.0)
    drops = occlude(trained, whole, ["bump"])
    signal = whole.signal.copy()
    signal[V1, 100:150] = 0
    with torch.no_grad():
        full = torch.from_numpy(whole.sample_mask).expand(2, -1)
        both = torch.from_numpy(np.stack([whole.signal, signal]))
        logits = trained(both, full, trained.query_vectors(["bump"]))[:, 0]
    assert drops[0, V1, 2] == pytest.approx(float(logits[0] - logits[1]), abs=1e-4)


def test_the_json_has_the_documented_keys(trained: SuPreME) -> None:
    """Lead sums, at most three spans that do not overlap, the agreement, the sum over time."""
    (one,) = explain(trained, window(np.random.default_rng(6), bump_at_s=1.0), ["bump"])
    values = one.to_json()
    assert values.keys() == {
        "query",
        "logit",
        "empty_logit",
        "unexplained",
        "lead_sums",
        "top_spans",
        "occlusion_agreement",
        "evidence_by_time",
    }
    assert list(values["lead_sums"]) == list(CONTRACT.leads)
    spans = sorted((span["start_s"], span["end_s"]) for span in values["top_spans"])
    assert 1 <= len(spans) <= 3
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))


def test_a_low_agreement_is_said(trained: SuPreME) -> None:
    """In the line for people, where the number alone might pass for a good one."""
    (one,) = explain(trained, window(np.random.default_rng(7), bump_at_s=1.0), ["bump"])
    assert "weak" in replace(one, agreement=0.1).describe()
    assert "weak" not in replace(one, agreement=0.6).describe()
    assert "not measurably" in replace(one, agreement=float("nan")).describe()


def test_no_question_is_refused(trained: SuPreME) -> None:
    """As the model does."""
    with pytest.raises(QueryError, match="at least one question"):
        explain(trained, window(np.random.default_rng(8)), [])
