"""SuPreME's loss over labels of which some are in doubt."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from supreme_ecg.training.concept_queries import masked_binary_cross_entropy


def test_doubtful_labels_leave_the_loss_alone() -> None:
    """A label of NaN has no gradient and no share in the mean."""
    logits = torch.tensor([[0.3, -2.0, 5.0]], requires_grad=True)
    loss = masked_binary_cross_entropy(logits, torch.tensor([[1.0, 0.0, torch.nan]]))
    expected = (np.log1p(np.exp(-0.3)) + np.log1p(np.exp(-2.0))) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    loss.backward()
    assert logits.grad is not None
    assert logits.grad[0, 2] == 0


def test_a_batch_of_doubt_has_loss_zero() -> None:
    """Nothing known, nothing to learn, and no division by zero."""
    assert masked_binary_cross_entropy(torch.ones(2, 2), torch.full((2, 2), torch.nan)).item() == 0
