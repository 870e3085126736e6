"""Every packaged recipe trains two steps on a CPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from supreme_ecg.models.contrastive import positive_pairs
from supreme_ecg.models.dual_encoder import DualEncoder
from supreme_ecg.models.loading import METHODS, SELF_SUPERVISED
from supreme_ecg.models.self_supervised import SelfSupervised, SelfSupervisedParts
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.training.augmentation import AugmentationConfig
from supreme_ecg.training.loss import BinaryCrossEntropyConfig, masked_loss
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.recipe_file import find_recipe, read_recipe

RECIPES = sorted(path.stem for path in find_recipe("smoke").parent.glob("*.toml"))


def loss_of(model: nn.Module, letters, signal: Tensor, mask: Tensor) -> Callable[[], Tensor]:
    """The method's own loss of two ECGs."""
    if isinstance(model, SuPreME):
        queries = letters.encode(["a", "b", "c"])
        labels = torch.tensor([[1.0, 0.0, torch.nan], [0.0, 1.0, 0.5]])
        return lambda: masked_loss(
            model(signal, mask, queries), labels, config=BinaryCrossEntropyConfig()
        )
    if isinstance(model, SelfSupervised):
        four, covered = torch.cat([signal, signal.flip(2)]), mask.repeat(2, 1)
        views = (four, covered, four.roll(25, dims=2), covered)[: 2 * model.views]
        return lambda: model.training_loss(model(*views)[:-1], torch.arange(4))
    assert isinstance(model, DualEncoder)
    reports, said = letters.encode(["a. b", "b. c"]), torch.tensor([[1.0, 1, 0], [0, 1, 1]])
    positives = positive_pairs(said, model.parts.method.contrast.positives)

    def contrast() -> Tensor:
        *sides, sharpness = model(signal, mask, reports)
        return model.training_loss(sides, sharpness=sharpness, positives=positives)

    return contrast


def fresh_model(recipe: Recipe, letters) -> nn.Module:
    """The recipe's model at full size, with the text encoder for tests."""
    parts = recipe.parts
    if isinstance(parts, SelfSupervisedParts):
        return SELF_SUPERVISED[recipe.method.name](parts)
    plain = replace(parts.text_encoder, adapter="none")  # adapters fit one text encoder
    return METHODS[recipe.method.name](replace(parts, text_encoder=plain), text_encoder=letters)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_trains_two_steps(name: str, letters, tmp_path: Path) -> None:
    """Its own model, at full size, lowers the loss of one batch and gives finite weights."""
    recipe = read_recipe(find_recipe(name))
    torch.manual_seed(0)
    model = fresh_model(recipe, letters).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    signal = torch.randn(2, 12, recipe.contract.samples)
    mask = torch.ones(2, recipe.contract.samples, dtype=torch.bool)
    loss_now = loss_of(model, letters, signal, mask)
    losses = []
    for _ in range(3):
        torch.manual_seed(1)  # the same dropout each time
        loss = loss_now()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[2] < losses[0]
    assert all(p.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("name", ["etp_ptb_xl_100hz", "merl_ptb_xl_100hz"])
def test_contrastive_recipes_have_the_budget_of_supremes(name: str) -> None:
    """Same records, encoders, epochs, batch, schedule, augmentation and labels to judge by."""
    own, supreme = (read_recipe(find_recipe(each)) for each in (name, "supreme_ptb_xl_100hz"))
    for section in ("data", "encoder", "training", "schedule", "augmentation"):
        assert getattr(own, section) == getattr(supreme, section), section
    assert own.text_encoder == replace(supreme.text_encoder, adapter="none")
    for key in ("minimum_count", "uncertain", "conclusions", "hierarchy", "exclude"):
        assert getattr(own.labels, key) == getattr(supreme.labels, key), key


@pytest.mark.parametrize("method", SELF_SUPERVISED)
def test_self_supervised_recipes_have_the_budget_of_etps(method: str) -> None:
    """Same records, epochs, batch and schedule; the same encoder but for ST-MEM; the last weights kept."""
    own, etp = (read_recipe(find_recipe(f"{each}_ptb_xl_100hz")) for each in (method, "etp"))
    assert own.method.name == method
    assert own.data == etp.data
    assert own.schedule == etp.schedule
    assert own.training == replace(etp.training, keep="last")
    assert (own.encoder == etp.encoder) == (method != "st_mem")


def test_methods_of_two_views_change_them_alike() -> None:
    """One augmentation for all of them; CLOCS and ST-MEM have none, as in their papers."""
    of = {
        method: read_recipe(find_recipe(f"{method}_ptb_xl_100hz")).augmentation
        for method in SELF_SUPERVISED
    }
    for method, model in SELF_SUPERVISED.items():
        expected = of["simclr"] if model.views == 2 else AugmentationConfig()
        assert of[method] == expected, method
    assert of["simclr"] != AugmentationConfig()
