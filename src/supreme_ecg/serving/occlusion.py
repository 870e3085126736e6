"""Occlusion: what happens to an answer when a piece of the ECG is taken away.

Zeiler and Fergus 2014 (arXiv 1311.2901), section 4.2: a patch is replaced by a value without content
and the change of the output is written down. Here a patch is a stretch of time in one lead, and
the value is 0 mV, which stands for "not recorded" in every window.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from jaxtyping import Float

from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.preprocessing.window import Window

SPAN_S: Final = 0.5
"""Length of a patch in seconds: a QRS complex with its T wave."""

_BATCH: Final = 32


def occlude(
    model: SuPreME, window: Window, queries: Sequence[str], *, span_s: float = SPAN_S
) -> Float[np.ndarray, "query lead span"]:
    """Take patches away one at a time.

    Args:
        model: A trained model.
        window: The ECG.
        queries: Questions in words.
        span_s: Length of a patch in seconds; the last one may be shorter.

    Returns:
        By how much the logit falls without the patch: above 0 where the patch speaks for the
        finding; exactly 0 where nothing was recorded.

    Raises:
        QueryError: No question, or an empty one.
    """
    starts = np.arange(0, window.contract.samples, round(span_s * window.contract.sampling_rate_hz))
    drops = np.zeros((len(queries), len(window.contract.leads), len(starts)), np.float32)
    patches = [
        (lead, span)
        for lead in np.flatnonzero(window.lead_mask)
        for span, samples in enumerate(np.split(window.signal[lead], starts[1:]))
        if samples.any()
    ]
    whole = window.signal[None]
    reference = _logits(model, window, whole, queries)[0]
    for first in range(0, len(patches), _BATCH):
        part = patches[first : first + _BATCH]
        occluded = np.repeat(whole, len(part), axis=0)
        for row, (lead, span) in enumerate(part):
            end = starts[span + 1] if span + 1 < len(starts) else None
            occluded[row, lead, starts[span] : end] = 0
        leads, spans = np.array(part).T
        drops[:, leads, spans] = (reference - _logits(model, window, occluded, queries)).T
    return drops


@torch.inference_mode()
def _logits(
    model: SuPreME,
    window: Window,
    signals: Float[np.ndarray, "batch lead time"],
    queries: Sequence[str],
) -> Float[np.ndarray, "batch query"]:
    device = next(model.parameters()).device
    mask = torch.from_numpy(window.sample_mask).to(device).expand(len(signals), -1)
    asked = model.asked(queries).to(device)
    logits: np.ndarray = model(torch.from_numpy(signals).to(device), mask, asked).cpu().numpy()
    return logits
