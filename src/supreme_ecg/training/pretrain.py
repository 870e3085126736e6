"""Recipe and store -> model: the whole of pre-training."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import RecipeError
from supreme_ecg.models.dual_encoder import DualEncoderParts
from supreme_ecg.models.etp import ETP
from supreme_ecg.models.loading import SELF_SUPERVISED, Model
from supreme_ecg.models.merl import MERL
from supreme_ecg.models.self_supervised import (
    SelfSupervised,
    SelfSupervisedConfig,
    SelfSupervisedParts,
)
from supreme_ecg.models.supreme import SuPreME, SuPreMEConfig, SuPreMEParts
from supreme_ecg.store.reading import Store
from supreme_ecg.training.callbacks import SILENT, Callbacks
from supreme_ecg.training.concept_queries import ConceptQueries
from supreme_ecg.training.loop import Trainer
from supreme_ecg.training.named_rows import add_named_rows
from supreme_ecg.training.objective import Objective
from supreme_ecg.training.precision import launch
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.report_pairs import ReportPairs, read_reports
from supreme_ecg.training.seen_records import make_training_manifest
from supreme_ecg.training.self_supervision import SelfSupervision, require_own_encoder
from supreme_ecg.training.start import Start
from supreme_ecg.training.training_set import (
    Phrasing,
    TrainingSet,
    make_training_set,
    make_unlabelled_set,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pretraining:
    """What came out of a run."""

    model: Path
    """Folder of the trained model."""
    epochs: int
    """Epochs run, those before a resume counted in."""
    best_epoch: int
    """Epoch whose weights were kept, from 0."""
    samples_seen: int
    """Records drawn over all epochs; what the methods of a comparison should have in common."""
    validation_loss: float
    """Its loss on the held-out patients."""
    concepts: int
    """Concepts trained on; 0 for a method that learns from signals alone."""
    records: int
    """Records trained on."""
    seconds: float
    """Wall time of this run."""


def pretrain(
    recipe: Recipe,
    store: Store,
    folder: Path,
    *,
    table: ConceptTable | None = None,
    start: str | Path | None = None,
    callbacks: Callbacks = SILENT,
) -> Pretraining:
    """Train a model, or go on with a run that was killed.

    Args:
        recipe: How.
        store: Windows and findings, of the recipe's corpus and contract.
        folder: Where state, metrics and the ``model`` folder go; made if absent.
        table: Concepts of the findings; the package's unless given. A model reads questions by the
            package's table whatever it was trained on.
        start: Weights to start from in place of fresh ones (SuPreME): packaged, a folder, or on the hub.
        callbacks: Who is told how far it has come.

    Raises:
        ContractError: The store was made under another contract.
        RecipeError: The recipe does not fit the store, or the folder holds a run of another recipe.
        StoreError: The store has no findings in these folds.
        WeightsError: No weights to start from, or of other records than these.
    """
    started = time.perf_counter()
    recipe = recipe.resolved()
    recipe.contract.require_equal(store.contract, where=store.path)
    table = table or ConceptTable.load()
    data = (
        make_unlabelled_set(store, data=recipe.data)
        if isinstance(recipe.method, SelfSupervisedConfig)
        else make_training_set(store, data=recipe.data, labels=recipe.labels, table=table)
    )
    _require_confirmed(recipe, data)
    begun = None if start is None else Start.read(start, recipe=recipe, data=data)
    folder.mkdir(parents=True, exist_ok=True)
    trainer = _trainer(
        recipe,
        data,
        table=table,
        folder=folder,
        start=begun,
        on_reports=callbacks.on_reports,
    )
    left = recipe.training.epochs - trainer.progress.epoch
    callbacks.on_start(left * trainer.batches)
    trainer.run(callbacks)
    result = _outcome(trainer, folder / "model", seconds=time.perf_counter() - started)
    model: Model | SelfSupervised = trainer.model.module
    model.load_state_dict(trainer.best)
    if trainer.fabric.is_global_zero:
        if isinstance(trainer.objective, ConceptQueries):
            add_named_rows(model, trainer.objective, advance=callbacks.on_windows)
        model.seen = make_training_manifest(store, data.training_rows, data.validation_rows)
        model.save(result.model, metrics=_metrics(result))
    return result


def _outcome(trainer: Trainer, model: Path, *, seconds: float) -> Pretraining:
    data = trainer.objective.data
    return Pretraining(
        model=model,
        epochs=trainer.progress.epoch,
        best_epoch=trainer.progress.best_epoch,
        samples_seen=trainer.samples_seen,
        validation_loss=trainer.progress.best_loss,
        concepts=len(data.concepts),
        records=len(data.training_rows),
        seconds=round(seconds, 1),
    )


def _require_confirmed(recipe: Recipe, data: TrainingSet) -> None:
    """Stop where confirmed reports are asked for and there are none to learn from, or to judge by."""
    parts = {"trained on": data.training_rows, "held out": data.validation_rows}
    for part, rows in parts.items():
        if recipe.training.confirmed_epochs and len(rows) and not data.confirmed[rows].any():
            raise RecipeError(
                "training.confirmed_epochs",
                expected=f"0: no record {part} has a report that a reader confirmed",
                found=str(recipe.training.confirmed_epochs),
                remedy="Set it to 0, or train on a store of reports that were read.",
            )


def _trainer(
    recipe: Recipe,
    data: TrainingSet,
    *,
    table: ConceptTable,
    folder: Path,
    start: Start | None,
    on_reports: Callable[[int, int], None],
) -> Trainer:
    fabric = launch(recipe.training.precision)
    torch.manual_seed(recipe.training.seed)  # initial weights
    manifest = data.manifest() | {
        "recipe": recipe.to_json(),
        "package_version": version("supreme-ecg"),
    }
    if start is not None:
        manifest["started_from"] = start.manifest()
    model: Model | SelfSupervised
    objective: Objective
    if isinstance(recipe.method, SelfSupervisedConfig):
        model, objective = _self_supervision(recipe, data, manifest=manifest)
    elif isinstance(recipe.method, SuPreMEConfig):
        model, objective = _concept_queries(
            recipe, data, table=table, manifest=manifest, start=start
        )
    else:
        model, objective = _report_pairs(
            recipe,
            data,
            table=table,
            manifest=manifest,
            folder=folder,
            write=fabric.is_global_zero,
            on_reports=on_reports,
        )
    return Trainer(
        model,
        objective=objective,
        recipe=recipe,
        folder=folder,
        fabric=fabric,
        started_from=None if start is None else start.sha256,
    )


def _concept_queries(
    recipe: Recipe,
    data: TrainingSet,
    *,
    table: ConceptTable,
    manifest: dict[str, Any],
    start: Start | None,
) -> tuple[Model, Objective]:
    """SuPreME: labels."""
    parts = recipe.parts
    assert isinstance(parts, SuPreMEParts)
    model = SuPreME(parts, trained_concepts=data.concepts, manifest=manifest)
    if start is not None:
        start.give(model)  # its text adapter too: before anything is encoded
    phrasing = Phrasing(data.concepts, table=table, text_encoder=model.query_encoder)
    if start is None:
        model.fusion.fit_text(phrasing.names)
    if parts.method.rows_c:
        model.rows_in_training = nn.Linear(model.encoder.width, len(data.concepts))
        nn.init.constant_(model.rows_in_training.bias, -3.0)  # most findings are rare
        if start is not None:
            start.give_rows(model.rows_in_training, names=phrasing.names)
    return model, ConceptQueries(data, phrasing=phrasing, recipe=recipe)


def _report_pairs(
    recipe: Recipe,
    data: TrainingSet,
    *,
    table: ConceptTable,
    manifest: dict[str, Any],
    folder: Path,
    write: bool,
    on_reports: Callable[[int, int], None],
) -> tuple[Model, Objective]:
    """ETP and MERL: reports."""
    parts = recipe.parts
    assert isinstance(parts, DualEncoderParts)
    model = (ETP if recipe.method.name == "etp" else MERL)(parts, manifest=manifest)
    names = model.query_encoder.encode([table[concept].name for concept in data.concepts])
    model.from_text.fit(names)
    reports = read_reports(
        data,
        recipe,
        table=table,
        text_encoder=model.query_encoder,
        folder=folder,
        write=write,
        advance=on_reports,
    )
    model.trained_concepts = reports.stated
    return model, ReportPairs(data, reports=reports, names=names, recipe=recipe)


def _self_supervision(
    recipe: Recipe, data: TrainingSet, *, manifest: dict[str, Any]
) -> tuple[SelfSupervised, Objective]:
    """SimCLR and the others: signals."""
    parts = recipe.parts
    assert isinstance(parts, SelfSupervisedParts)
    method = SELF_SUPERVISED[recipe.method.name]
    require_own_encoder(recipe, method)
    return method(parts, manifest=manifest), SelfSupervision(data, recipe=recipe)


def _metrics(result: Pretraining) -> dict[str, Any]:
    return {
        "epochs": result.epochs,
        "best_epoch": result.best_epoch,
        "samples_seen": result.samples_seen,
        "validation_loss": result.validation_loss,
    }
