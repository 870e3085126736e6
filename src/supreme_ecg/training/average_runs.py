"""The mean of the weights of several runs that started from the same weights: a model soup.

Wortsman et al. 2022 (arXiv 2203.05482), "Model soups", the uniform one: runs that fine-tune the same weights
with other losses, seeds or rates end in one valley, and their mean is as good as the best of them or
better. Batch statistics and the rows of trained names are taken anew, as after any run.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric
from torch import Tensor

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import StoreError, WeightsError
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store.reading import Store
from supreme_ecg.training.averaging import mean_with, renew_batch_statistics
from supreme_ecg.training.callbacks import SILENT, Callbacks
from supreme_ecg.training.concept_queries import ConceptQueries
from supreme_ecg.training.epoch import Epoch
from supreme_ecg.training.named_rows import add_named_rows
from supreme_ecg.training.precision import launch
from supreme_ecg.training.recipe import recipe_of
from supreme_ecg.training.seen_records import make_training_manifest
from supreme_ecg.training.start import differing_parts, named, started_from, without_rows
from supreme_ecg.training.training_set import Phrasing, TrainingSet, make_training_set


@dataclass(frozen=True, slots=True, kw_only=True)
class Average:
    """What came out."""

    model: Path
    """Folder of the model."""
    averaged: int
    """Runs that it is the mean of."""
    validation_loss: float
    """On the held-out patients, before the rows of trained names."""
    concepts: int
    """Concepts trained on."""
    records: int
    """Records trained on."""
    seconds: float
    """Wall time."""


def average_runs(
    names: Sequence[str | Path], store: Store, folder: Path, *, callbacks: Callbacks = SILENT
) -> Average:
    """Average the weights of several runs of SuPreME.

    Args:
        names: Models of the runs, two or more; the recipe of the first decides how batch statistics and rows
            are taken.
        store: That they were trained on.
        folder: Where the ``model`` folder goes.
        callbacks: Who is told how far it has come.

    Raises:
        ContractError: The store was made under another contract.
        StoreError: It does not hold the very records, or not the findings, of the first run.
        WeightsError: Fewer than two runs; the same one twice; a mean already; one of other parts, concepts,
            records or another start than the first; or the mean would take the place of one of them.
    """
    started = time.perf_counter()
    model, mean, runs = _mean(names)
    _require_elsewhere(folder / "model", names)
    model.contract.require_equal(store.contract, where=store.path)
    recipe = recipe_of(model.manifest, where=names[0])
    table = ConceptTable.load()
    data = make_training_set(store, data=recipe.data, labels=recipe.labels, table=table)
    _require_same_data(data, model, where=store.path)
    model.load_state_dict(mean)
    phrasing = Phrasing(data.concepts, table=table, text_encoder=model.query_encoder)
    objective = ConceptQueries(data, phrasing=phrasing, recipe=recipe)
    fabric = launch(recipe.training.precision, devices=1)
    fabric.to_device(model)
    _renew(model, objective, fabric=fabric, callbacks=callbacks)
    loss = objective.judge(model, fabric=fabric).loss
    add_named_rows(model, objective, advance=callbacks.on_windows)
    made = {"averaged": runs, "package_version": version("supreme-ecg")}
    model.manifest = model.manifest | data.manifest() | made
    model.seen = make_training_manifest(store, data.training_rows, data.validation_rows)
    model.save(folder / "model", metrics={"averaged": len(runs), "validation_loss": loss})
    return Average(
        model=folder / "model",
        averaged=len(runs),
        validation_loss=loss,
        concepts=len(data.concepts),
        records=len(data.training_rows),
        seconds=round(time.perf_counter() - started, 1),
    )


def _mean(names: Sequence[str | Path]) -> tuple[SuPreME, dict[str, Tensor], list[dict[str, Any]]]:
    """The first model without its rows, the mean of all weights, and what each run was."""
    if len(names) < 2:
        raise WeightsError(
            ", ".join(map(str, names)) or "no weights",
            expected="two runs or more to average",
            found=str(len(names)),
            remedy="Give the model folders of runs that started from the same weights.",
        )
    first = SuPreME.from_pretrained(names[0])
    mean, runs = without_rows(first), [_run(first, where=names[0])]
    for name in names[1:]:
        other = SuPreME.from_pretrained(name)
        _require_sibling(first, other, where=name)
        if (run := _run(other, where=name)) in runs:
            raise WeightsError(
                name,
                expected="each run once",
                found="the weights of one that was given before",
                remedy="Leave it out.",
            )
        mean = mean_with(mean, without_rows(other), averaged=len(runs))
        runs.append(run)
    first.named_rows = first.calibration = None  # of the first run's answers
    return first, mean, runs


def _run(model: SuPreME, *, where: object) -> dict[str, Any]:
    """What a run is known by; a mean is of several, and counts as none."""
    if "averaged" in model.manifest:
        raise WeightsError(
            where,
            expected="the weights of one run",
            found=f"a mean of {len(model.manifest['averaged'])}",
            remedy="Give the runs themselves.",
        )
    return {"weights_sha256": model.weights_sha256, "recipe": model.manifest.get("recipe")}


def _require_elsewhere(target: Path, names: Sequence[str | Path]) -> None:
    """Stop where the mean would be written over a run."""
    if target.resolve() in {Path(name).resolve() for name in names}:
        raise WeightsError(
            target,
            expected="a folder for the mean that is no run's",
            found="one of the runs",
            remedy="Choose another --out folder.",
        )


def _require_sibling(first: SuPreME, other: SuPreME, *, where: object) -> None:
    """Stop where two models are not two ends of one beginning."""
    if differing := differing_parts(first.parts, other.parts):
        raise WeightsError(
            where,
            expected=f"the first run's {', '.join(differing)}",
            found=", ".join(f"{key}={value}" for key, value in differing.items()),
            remedy="Average runs of one model.",
        )
    if first.trained_concepts != other.trained_concepts:
        unlike = set(first.trained_concepts) ^ set(other.trained_concepts)
        raise WeightsError(
            where,
            expected=f"the {len(first.trained_concepts)} concepts of the first run, in its order",
            found=f"{len(other.trained_concepts)}, {len(unlike)} of all in one run alone",
            remedy="Average runs with the same sections data and labels.",
        )
    if first.manifest["records_sha256"] != other.manifest["records_sha256"]:
        raise WeightsError(
            where,
            expected=f"the {_counted(first.manifest)} of the first run",
            found=f"{_counted(other.manifest)}, not the same",
            remedy="Average runs with the same section data: nobody could list what the mean has seen.",
        )
    ours, theirs = (started_from(model.manifest) for model in (first, other))
    if ours is None or ours != theirs:
        raise WeightsError(
            where,
            expected="a run that started from the same trained weights as the first",
            found=f"one that started from {named(theirs)}, and the first from {named(ours)}",
            remedy="Train both with `supreme pretrain --start` the same weights: a mean of runs that began "
            "elsewhere answers nothing.",
        )


def _counted(manifest: Mapping[str, Any]) -> str:
    return f"{manifest['records_trained']} + {manifest['records_validation']} records"


def _require_same_data(data: TrainingSet, model: SuPreME, *, where: object) -> None:
    """Stop where the store has other records or findings than the runs were trained on."""
    here, there = data.manifest(), model.manifest
    for key, found in (
        ("records_sha256", f"{_counted(here)}, not the same"),
        ("label_counts", f"the same records with {sum(here['label_counts'].values())} labels"),
    ):
        if here[key] != there[key]:
            raise StoreError(
                where,
                expected=f"the {_counted(there)} that the runs were trained on and held out, with their "
                f"{sum(there['label_counts'].values())} labels",
                found=found,
                remedy="Give the store of the training, with the findings that it had.",
            )


def _renew(
    model: SuPreME, objective: ConceptQueries, *, fabric: Fabric, callbacks: Callbacks
) -> None:
    """Take the batch statistics anew, over windows as the last epoch draws them."""
    last = objective.recipe.training.epochs - 1
    epoch = Epoch(data=objective.data, recipe=objective.recipe, number=last)

    def windows() -> Iterator[tuple[Tensor, Tensor]]:
        for window in epoch.windows():
            yield fabric.to_device(window)
            callbacks.on_batch()

    callbacks.on_start(len(epoch))
    with fabric.autocast():
        renew_batch_statistics(model.encoder, windows())
