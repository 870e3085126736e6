"""Weights that a run of SuPreME starts from, in place of fresh ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from supreme_ecg.errors import RecipeError, WeightsError
from supreme_ecg.models.supreme import SuPreME, SuPreMEParts
from supreme_ecg.models.training_manifest import hash_ids
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.training_set import TrainingSet

_NAMED_ROWS = "named_rows."


@dataclass(frozen=True, slots=True)
class Start:
    """Trained weights, and where they came from."""

    model: SuPreME
    """As it was loaded."""

    @classmethod
    def read(cls, name: str | Path, *, recipe: Recipe, data: TrainingSet) -> Start:
        """Load weights, and check that a run of this recipe can go on from them.

        Args:
            name: Packaged weights, a checkpoint's folder, or a model on the Hugging Face hub.
            recipe: Of the run.
            data: What it will learn from.

        Raises:
            RecipeError: The recipe is of another method, makes another model than the weights are of, or
                leaves out concepts that they were trained on.
            WeightsError: No such weights; or they have seen other records than these, so that no manifest
                of the run would list all that its weights have seen.
        """
        parts = recipe.parts
        if not isinstance(parts, SuPreMEParts):
            raise RecipeError(
                f"--start {name}",
                expected="a recipe of the method 'supreme'",
                found=repr(recipe.method.name),
                remedy="Leave --start out: other methods are trained from fresh weights.",
            )
        start = cls(SuPreME.from_pretrained(name))
        _require_same_parts(start.model.parts, parts, where=f"--start {name}")
        _require_same_records(start.model, data, where=f"--start {name}")
        _require_same_concepts(start.model, data, where=f"--start {name}")
        return start

    @property
    def sha256(self) -> str | None:
        """Of the file of the weights."""
        return self.model.weights_sha256

    def manifest(self) -> dict[str, Any]:
        """What the weights were trained by, for the manifest of the run."""
        kept = {key: value for key, value in self.model.manifest.items() if key != "label_counts"}
        return {"weights_sha256": self.sha256, **kept}

    def give(self, model: SuPreME) -> None:
        """Put the weights into a new model of the same parts, all but the rows of trained names."""
        model.load_state_dict(model.state_dict() | without_rows(self.model))

    def give_rows(self, rows: nn.Linear, *, names: Float[Tensor, "concept text_width"]) -> None:
        """Begin the rows in training with those of the weights.

        Args:
            rows: One for each concept; one whose name has no row here keeps its own.
            names: Vector of each concept's preferred name.
        """
        if self.model.named_rows is None:
            return
        place = self.model.named_rows.prepare(names)
        known = place >= 0
        with torch.no_grad():
            rows.weight[known] = self.model.named_rows.weight[place[known]]
            rows.bias[known] = self.model.named_rows.bias[place[known]]


def started_from(manifest: Mapping[str, Any]) -> str | None:
    """SHA-256 of the weights that a run started from; None where they were fresh."""
    sha256: str | None = manifest.get("started_from", {}).get("weights_sha256")
    return sha256


def named(sha256: str | None) -> str:
    """Weights that a run started from, in words."""
    return "fresh weights" if sha256 is None else f"weights {sha256[:12]}..."


def without_rows(model: SuPreME) -> dict[str, Tensor]:
    """The state of a model, all but the rows of trained names."""
    return {k: v for k, v in model.state_dict().items() if not k.startswith(_NAMED_ROWS)}


def _require_same_parts(started: SuPreMEParts, wanted: SuPreMEParts, *, where: str) -> None:
    """Stop where the recipe makes another model; how its rows are penalised is no difference."""
    if differing := differing_parts(wanted, started):
        raise RecipeError(
            where,
            expected=f"weights of the recipe's {', '.join(differing)}",
            found=f"other ones: {', '.join(f'{key}={value}' for key, value in differing.items())}",
            remedy="Start from weights of a recipe with these sections, or change the recipe's.",
        )


def differing_parts(ours: SuPreMEParts, theirs: SuPreMEParts) -> dict[str, Any]:
    """Sections in which the parts of two models differ, with what the second has there."""
    our, their = _sizes(ours), _sizes(theirs)
    return {key: their[key] for key in sorted(our) if our[key] != their[key]}


def _sizes(parts: SuPreMEParts) -> dict[str, Any]:
    values = parts.to_json()
    return {
        "contract": values["contract"],
        "method.fusion": values["method"]["fusion"],
        "encoder": values["encoder"] | {"dropout": None},
        "text_encoder": values["text_encoder"],
    }


def _require_same_concepts(model: SuPreME, data: TrainingSet, *, where: str) -> None:
    """Stop where weights know concepts that this run would call unseen."""
    if known := sorted(set(model.trained_concepts) - set(data.concepts)):
        raise RecipeError(
            where,
            expected="weights that were trained on no concept but this run's",
            found=f"{len(known)} others: {', '.join(known[:5])}{', ...' if len(known) > 5 else ''}",
            remedy="Give labels.exclude and labels.minimum_count as the weights were trained with.",
        )


def _require_same_records(model: SuPreME, data: TrainingSet, *, where: str) -> None:
    """Stop where weights have seen what this run does not have, or have learnt from what it holds out."""
    seen, records = model.seen, data.store.records
    if seen is None or seen.corpus != data.store.corpus:
        raise WeightsError(
            where,
            expected=f"weights that list the records of {data.store.corpus} they have seen",
            found="no list" if seen is None else f"records of {seen.corpus}",
            remedy="Start from weights of this corpus; `supreme manifest` adds the list to older ones.",
        )
    trained, held_out = (
        hash_ids(records["record_id"].gather(rows).to_list(), salt=seen.salt)
        for rows in (data.training_rows, data.validation_rows)
    )
    unknown = ~np.isin(seen.records, np.concatenate([trained, held_out]))
    learnt = np.isin(held_out, seen.records[~seen.held_out])
    if unknown.any() or learnt.any():
        raise WeightsError(
            where,
            expected="weights that saw only records of this run, and learnt from none that it holds out",
            found=f"{int(unknown.sum())} records seen that are not here, {int(learnt.sum())} of the "
            f"{len(held_out)} held out were learnt from",
            remedy="Give the store, folds and validation_share that they were trained with.",
        )
