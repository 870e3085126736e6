"""What a wrong answer costs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from supreme_ecg.errors import RecipeError
from supreme_ecg.training.loss import AsymmetricConfig, BinaryCrossEntropyConfig, masked_loss
from supreme_ecg.training.recipe_file import find_recipe, read_recipe

BOTH = [BinaryCrossEntropyConfig(), AsymmetricConfig()]


@pytest.mark.parametrize("config", BOTH)
def test_doubtful_labels_leave_the_loss_alone(config) -> None:
    """A label of NaN has no gradient and no share in the mean."""
    logits = torch.tensor([[0.3, -2.0, 5.0]], requires_grad=True)
    loss = masked_loss(logits, torch.tensor([[1.0, 0.0, torch.nan]]), config=config)
    loss.backward()
    known = masked_loss(logits[:, :2], torch.tensor([[1.0, 0.0]]), config=config)
    assert loss.item() == pytest.approx(known.item(), rel=1e-6)
    assert logits.grad is not None
    assert logits.grad[0, 2] == 0


@pytest.mark.parametrize("config", BOTH)
def test_a_batch_of_doubt_has_loss_zero(config) -> None:
    """Nothing known, nothing to learn, and no division by zero."""
    assert masked_loss(torch.ones(2, 2), torch.full((2, 2), torch.nan), config=config).item() == 0


def test_binary_cross_entropy_is_the_mean_of_log_likelihoods() -> None:
    """By hand: a positive at 0.3 and a negative at -2."""
    loss = masked_loss(torch.tensor([[0.3, -2.0]]), torch.tensor([[1.0, 0.0]]), config=BOTH[0])
    expected = (np.log1p(np.exp(-0.3)) + np.log1p(np.exp(-2.0))) / 2
    assert loss.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("focus", "margin"), [(2.0, 0.05), (4.0, 0.2), (0.0, 0.1)])
def test_the_asymmetric_loss_is_the_papers(focus: float, margin: float) -> None:
    """Golden: the formula of Ridnik et al. 2021 with gamma+ = 0, in double precision by numpy."""
    logits, labels = np.array([[2.0, -1.5, 0.4, -4.0]]), np.array([[0.0, 1.0, 0.5, 0.0]])
    p = 1 / (1 + np.exp(-logits))
    shifted = np.maximum(p - margin, 0)
    parts = labels * np.log(p) + (1 - labels) * shifted**focus * np.log(1 - shifted)
    loss = masked_loss(
        torch.from_numpy(logits).float(),
        torch.from_numpy(labels).float(),
        config=AsymmetricConfig(focus=focus, margin=margin),
    )
    assert loss.item() == pytest.approx(-parts.mean(), rel=1e-5)


def test_without_focus_and_margin_the_two_are_one() -> None:
    """Every label then counts alike."""
    logits, labels = torch.randn(5, 7), torch.rand(5, 7)
    plain = masked_loss(logits, labels, config=BOTH[0])
    same = masked_loss(logits, labels, config=AsymmetricConfig(focus=0.0, margin=0.0))
    assert same.item() == pytest.approx(plain.item(), rel=1e-5)


def test_an_easy_negative_costs_nothing_and_moves_nothing() -> None:
    """Below the margin; a harder one still teaches."""
    logits = torch.tensor([[-3.5, 1.0]], requires_grad=True)
    masked_loss(logits, torch.zeros(1, 2), config=AsymmetricConfig()).backward()
    assert logits.grad is not None
    assert logits.grad[0, 0] == 0
    assert logits.grad[0, 1] > 0


def test_methods_with_a_loss_of_their_own_take_no_other() -> None:
    """The error names the key."""
    with pytest.raises(RecipeError, match=r"loss\.name: expected \"binary_cross_entropy\": merl"):
        read_recipe(find_recipe("merl_ptb_xl_100hz"), overrides=['loss={name="asymmetric"}'])
