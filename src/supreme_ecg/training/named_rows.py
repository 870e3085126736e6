"""Fits the linear rows of a trained SuPreME model: a logistic regression for every trained name.

The encoder stays as it is, and the records are embedded as they are. (Embedding them a second time, changed
at random as in training, brought single leads nothing: docs/log.md.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from supreme_ecg.models.encoder import encode_windows, mean_token
from supreme_ecg.models.named_rows import NamedRows
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.training.concept_queries import ConceptQueries
from supreme_ecg.training.logistic import LogisticRegression
from supreme_ecg.training.objective import plain_windows
from supreme_ecg.training.training_set import TrainingSet

_UNCONFIRMED: Final = 0.25
"""Weight of a report that no reader confirmed, where training ends on the others: confirmed held-out
reports are ranked as well as with 0, and all of them better (docs/log.md)."""
_BATCH: Final = 128
_LEAST_SPREAD: Final = 1e-6
"""Standard deviation below which a feature is constant."""


def add_named_rows(
    model: Any,
    objective: ConceptQueries,
    *,
    advance: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Give trained names their linear rows, if the recipe has any, in place of those of the training.

    Args:
        model: SuPreME, trained; nothing else has such rows, and it stays as it is.
        objective: What it was trained towards.
        advance: Called with how many of how many windows are embedded.
    """
    recipe = objective.recipe
    if isinstance(model, SuPreME) and model.parts.method.rows_c:
        model.rows_in_training = None
        model.named_rows = fit_named_rows(
            model,
            objective.data,
            c=model.parts.method.rows_c,
            names=objective.phrasing.names,
            unconfirmed_weight=_UNCONFIRMED if recipe.training.confirmed_epochs else 1.0,
            advance=advance,
        )


def fit_named_rows(
    model: SuPreME,
    data: TrainingSet,
    *,
    c: float,
    names: Float[Tensor, "concept text_width"],
    unconfirmed_weight: float = 1.0,
    advance: Callable[[int, int], None] = lambda _done, _total: None,
) -> NamedRows:
    """Fit a row for every label column on the training records.

    Args:
        model: Trained; not changed, and left in evaluation mode.
        data: Labels and training rows.
        c: Inverse strength of the penalty, above 0 (scikit-learn's ``C``).
        names: Text vector of each column's preferred name.
        unconfirmed_weight: How much a record counts whose report says that no reader confirmed it.
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
    weights = np.where(data.confirmed[rows], 1.0, unconfirmed_weight).astype(np.float32)
    regression = LogisticRegression((features - centre) / spread)
    found = regression.fit(data.labels[rows], c=c, record_weights=weights)
    weight = (found.slopes / spread[:, None]).T
    return NamedRows(
        names.cpu(),
        weight=torch.from_numpy(weight),
        bias=torch.from_numpy(found.offsets - weight @ centre),
    )


@torch.inference_mode()
def _mean_tokens(
    model: SuPreME, signal: Float[Tensor, "batch lead time"], sample_mask: Tensor
) -> Float32[np.ndarray, "batch feature"]:
    model.eval()
    device = next(model.parameters()).device
    tokens = encode_windows(model.encoder, signal.to(device), sample_mask.to(device))
    features: np.ndarray = mean_token(*tokens).float().cpu().numpy()
    return features
