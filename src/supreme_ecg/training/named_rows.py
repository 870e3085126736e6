"""Fits the linear rows of a trained SuPreME model: a logistic regression for every trained name.

The encoder stays as it is, and the records are embedded as they are. (Embedding them a second time, changed
at random as in training, brought single leads nothing: docs/log.md.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from torch import Tensor

from supreme_ecg.models.encoder import encode_windows, mean_token
from supreme_ecg.models.named_rows import NamedRows
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.training.logistic import LogisticRegression
from supreme_ecg.training.objective import plain_windows
from supreme_ecg.training.training_set import TrainingSet

_BATCH: Final = 128
_LEAST_CONFIRMED: Final = 5
"""Confirmed reports that state a concept, from which unconfirmed ones are left out."""
_LEAST_SPREAD: Final = 1e-6
"""Standard deviation below which a feature is constant."""


def fit_named_rows(
    model: SuPreME,
    data: TrainingSet,
    *,
    c: float,
    names: Float[Tensor, "concept text_width"],
    only_confirmed: bool = False,
    advance: Callable[[int, int], None] = lambda _done, _total: None,
) -> NamedRows:
    """Fit a row for every label column on the training records.

    Args:
        model: Trained; not changed, and left in evaluation mode.
        data: Labels and training rows.
        c: Inverse strength of the penalty, above 0 (scikit-learn's ``C``).
        names: Text vector of each column's preferred name.
        only_confirmed: Leave out what reports say that no reader confirmed; all the same for a concept that
            others hardly say.
        advance: Called with how many of how many windows are embedded.

    Returns:
        Rows over the mean token as the encoder gives it.
    """
    rows = data.training_rows
    parts: list[Float32[np.ndarray, "record feature"]] = []
    for start in range(0, len(rows), _BATCH):
        windows = plain_windows(data.store, rows[start : start + _BATCH])
        parts.append(_mean_tokens(model, *windows))
        advance(min(start + _BATCH, len(rows)), len(rows))
    features = np.concatenate(parts)
    centre, spread = features.mean(axis=0), np.maximum(features.std(axis=0), _LEAST_SPREAD)
    labels = data.labels[rows]
    if only_confirmed:
        labels = _from_readers(labels, data.confirmed[rows])
    found = LogisticRegression((features - centre) / spread).fit(labels, c=c)
    weight = (found.slopes / spread[:, None]).T
    return NamedRows(
        names.cpu(),
        weight=torch.from_numpy(weight),
        bias=torch.from_numpy(found.offsets - weight @ centre),
    )


def _from_readers(
    labels: Float[np.ndarray, "record concept"], confirmed: Bool[np.ndarray, " record"]
) -> Float[np.ndarray, "record concept"]:
    """Labels without those of unconfirmed reports, for concepts that are often enough in the others."""
    often = (labels[confirmed] == 1).sum(axis=0) >= _LEAST_CONFIRMED
    hidden = ~confirmed[:, None] & often
    return np.where(hidden, np.float32(np.nan), labels)


@torch.inference_mode()
def _mean_tokens(
    model: SuPreME, signal: Float[Tensor, "batch lead time"], sample_mask: Tensor
) -> Float32[np.ndarray, "batch feature"]:
    model.eval()
    device = next(model.parameters()).device
    tokens = encode_windows(model.encoder, signal.to(device), sample_mask.to(device))
    features: np.ndarray = mean_token(*tokens).float().cpu().numpy()
    return features
