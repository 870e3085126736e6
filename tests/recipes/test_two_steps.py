"""Every packaged recipe trains two steps on a CPU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from supreme_ecg.models.supreme import SuPreME, masked_binary_cross_entropy
from supreme_ecg.training.recipe import find_recipe, read_recipe

RECIPES = sorted(path.stem for path in find_recipe("smoke").parent.glob("*.toml"))


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_trains_two_steps(name: str, letters, tmp_path: Path) -> None:
    """Its own model, at full size, lowers the loss of one batch and gives finite weights."""
    recipe = read_recipe(find_recipe(name))
    torch.manual_seed(0)
    plain = replace(recipe.parts.text_encoder, adapter="none")  # adapters fit one text encoder
    model = SuPreME(replace(recipe.parts, text_encoder=plain), text_encoder=letters).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    signal = torch.randn(2, 12, recipe.parts.contract.samples)
    mask = torch.ones(2, recipe.parts.contract.samples, dtype=torch.bool)
    queries = letters.encode(["a", "b", "c"])
    labels = torch.tensor([[1.0, 0.0, torch.nan], [0.0, 1.0, 0.5]])
    losses = []
    for _ in range(3):
        torch.manual_seed(1)  # the same dropout each time
        loss = masked_binary_cross_entropy(model(signal, mask, queries), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[2] < losses[0]
    assert all(p.isfinite().all() for p in model.parameters())
