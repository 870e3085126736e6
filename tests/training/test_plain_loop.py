"""SuPreME's training is a loop that anyone can read in one piece."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store.reading import Store
from supreme_ecg.training.augmentation import augment, mixup
from supreme_ecg.training.loop import STATE
from supreme_ecg.training.loss import BinaryCrossEntropyConfig, masked_loss
from supreme_ecg.training.pretrain import pretrain
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.recipe_file import find_recipe, read_recipe
from supreme_ecg.training.schedule import rate_share
from supreme_ecg.training.training_set import Phrasing, make_training_set

SMALL = [
    "method.fusion.width=32",
    "encoder.stem_width=8",
    "encoder.dropout=0.1",
    "labels.minimum_count=5",
    "labels.definition_share=0.25",
    "training.batch_size=8",
    "training.epochs=2",
    "training.accumulate=2",
    "augmentation.lead_dropout=0.1",
    "augmentation.mixup_alpha=0.4",
]


def train_plainly(recipe: Recipe, store: Store) -> SuPreME:
    """The loop as it was before methods had objectives: one process, no state, no average."""
    settings = recipe.training
    table = ConceptTable.load()
    data = make_training_set(store, data=recipe.data, labels=recipe.labels, table=table)
    torch.manual_seed(settings.seed)
    model = SuPreME(recipe.parts, trained_concepts=data.concepts)
    phrasing = Phrasing(data.concepts, table=table, text_encoder=model.query_encoder)
    model.fusion.fit_text(phrasing.names)
    parameters = list(model.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=settings.learning_rate)
    batches = len(data.training_rows) // settings.batch_size
    steps_in_epoch = -(-batches // settings.accumulate)
    step = 0
    for epoch in range(settings.epochs):
        seed = int(np.random.SeedSequence([settings.seed, epoch, 0]).generate_state(1)[0])
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        order = np.random.default_rng([settings.seed, epoch]).permutation(data.training_rows)
        model.train()
        for index in range(batches):
            first = index // settings.accumulate * settings.accumulate
            in_group = min(settings.accumulate, batches - first)
            rows = order[index * settings.batch_size : (index + 1) * settings.batch_size]
            batch = store.batch(rows)
            signal, mask = augment(
                torch.from_numpy(batch.signal),
                torch.from_numpy(batch.sample_mask),
                config=recipe.augmentation,
                sampling_rate_hz=recipe.data.sampling_rate_hz,
                generator=generator,
            )
            queries = phrasing.draw(
                synonym_share=recipe.labels.synonym_share,
                definition_share=recipe.labels.definition_share,
                generator=generator,
            )
            labels = torch.from_numpy(data.labels[rows])
            signal, mask, labels = mixup(
                signal, mask, labels, alpha=recipe.augmentation.mixup_alpha, generator=generator
            )
            loss = masked_loss(
                model(signal, mask, queries), labels, config=BinaryCrossEntropyConfig()
            )
            (loss / in_group).backward()
            if index + 1 < first + in_group:
                continue
            share = rate_share(
                step, schedule=recipe.schedule, total_steps=settings.epochs * steps_in_epoch
            )
            for group in optimizer.param_groups:
                group["lr"] = share * settings.learning_rate
            torch.nn.utils.clip_grad_norm_(parameters, settings.gradient_clip)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            step += 1
    return model


def test_supremes_weights_are_those_of_the_plain_loop(
    cohort_store: Path, tmp_path: Path, letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With dropout, augmentation, mixup, accumulation and an odd last group: the same but for rounding.

    Every bit is the same where sums do not depend on where arrays lie in memory; on a processor with AVX2
    and one thread tensors were 3e-4 of their norm apart at most, and 0.1 without the clipping.
    """
    monkeypatch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)
    recipe = read_recipe(find_recipe("smoke"), overrides=SMALL)
    plain = train_plainly(recipe, Store.open(cohort_store))
    pretrain(recipe, Store.open(cohort_store), tmp_path / "run")
    state = torch.load(tmp_path / "run" / STATE, weights_only=True)
    assert state["progress"]["step"] > 4
    for key, tensor in plain.state_dict().items():
        apart = torch.linalg.vector_norm((state["model"][key] - tensor).double())
        assert apart <= 1e-3 * torch.linalg.vector_norm(tensor.double()), key
