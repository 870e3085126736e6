"""The objective of ETP and MERL: each ECG is told from the others of its batch by its report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from lightning_fabric import Fabric
from scipy.sparse import csr_array
from torch import Tensor, nn

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.contrastive import positive_pairs
from supreme_ecg.models.dual_encoder import DualEncoder, DualEncoderConfig
from supreme_ecg.models.text_encoder import TextEncoder
from supreme_ecg.training.objective import (
    Judgement,
    Objective,
    draw_windows,
    judged_batches,
    mean_auroc,
    plain_windows,
    refuse_mixup,
)
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.report_texts import finding_sets, report_texts, stated_findings
from supreme_ecg.training.report_vectors import encode_reports
from supreme_ecg.training.training_set import TrainingSet
from supreme_ecg.training.whole_batch import add_whole_batch_gradients, gather


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """Reports of the rows of a store."""

    vectors: Float[Tensor, "text text_width"]
    """Of the distinct texts."""
    text_of: Int[Tensor, " row"]
    """Text of each row of the store; -1 for rows that are not used."""
    said: csr_array[np.dtype[np.float32]]
    """1 where a row's report states a finding."""
    stated: tuple[str, ...]
    """Concepts that enough of the training reports state themselves."""


def read_reports(
    data: TrainingSet,
    recipe: Recipe,
    *,
    table: ConceptTable,
    text_encoder: TextEncoder,
    folder: Path,
    write: bool = True,
    advance: Callable[[int, int], None] = lambda _done, _total: None,
) -> Reports:
    """Read and encode the reports of the rows learned from and held out.

    Args:
        data: Rows.
        recipe: What stands for a report, and which concepts are excluded.
        table: Of the concepts.
        text_encoder: Frozen.
        folder: Of the run; the vectors are kept there.
        write: Keep them.
        advance: Called with how many of how many distinct texts are encoded.

    Raises:
        RecipeError: The recipe asks for what contrastive training has not: mixup, or whole reports without
            some concepts.
    """
    assert isinstance(recipe.method, DualEncoderConfig)
    refuse_mixup(recipe, because="reports cannot be blended")
    rows = np.concatenate([data.training_rows, data.validation_rows])
    stated = stated_findings(data.store.findings(), labels=recipe.labels, table=table)
    texts = report_texts(
        data.store,
        rows,
        stated=stated,
        text=recipe.method.text,
        labels=recipe.labels,
        table=table,
    )
    vectors, places = encode_reports(
        texts, text_encoder=text_encoder, folder=folder, write=write, advance=advance
    )
    text_of = torch.full((len(data.store.records),), -1)
    text_of[torch.from_numpy(rows)] = places
    training_ids = data.store.records["record_id"][data.training_rows].implode()
    counts = stated.filter(stated["record_id"].is_in(training_ids))["concept"].value_counts()
    enough = counts.filter(counts["count"] >= recipe.labels.minimum_count)
    return Reports(
        vectors=vectors,
        text_of=text_of,
        said=finding_sets(stated, record_ids=data.store.records["record_id"].to_list()),
        stated=tuple(sorted(enough["concept"])),
    )


class ReportPairs(Objective):
    """Contrastive loss over whole batches.

    Args:
        data: Rows; its labels judge the answers to questions about the held-out rows.
        reports: Of these rows.
        names: Vectors of the concepts' preferred names, in the order of the labels.
        recipe: Augmentation and sizes.
    """

    def __init__(
        self,
        data: TrainingSet,
        *,
        reports: Reports,
        names: Float[Tensor, "concept text_width"],
        recipe: Recipe,
    ) -> None:
        self.data, self.reports, self.names, self.recipe = data, reports, names, recipe

    def add_gradients(
        self,
        model: Any,
        batches: Sequence[np.ndarray],
        *,
        generator: torch.Generator,
        fabric: Fabric,
    ) -> list[float]:
        """Gradient of one loss over all records of all batches and processes."""
        parts = []
        for rows in batches:
            windows = draw_windows(self.data.store, rows, recipe=self.recipe, generator=generator)
            parts.append(fabric.to_device((*windows, self._vectors(rows))))
        own = fabric.to_device(torch.from_numpy(np.concatenate(batches)))
        everywhere = gather(own, fabric=fabric).cpu().numpy()
        positives = fabric.to_device(self._positives(everywhere))
        method: DualEncoder = model.module

        def loss(sides: tuple[Tensor, ...], sharpness: Tensor) -> Tensor:
            return method.training_loss(sides, sharpness=sharpness, positives=positives)

        value = add_whole_batch_gradients(model, parts, loss=loss, fabric=fabric)
        return [value] * len(batches)

    @torch.no_grad()
    def judge(self, model: nn.Module, *, fabric: Fabric) -> Judgement:
        """Mean loss of batches as large as a step's, and AUROC of the cosines to the preferred names."""
        assert isinstance(model, DualEncoder)
        model.eval()
        settings = self.recipe.training
        rows = np.random.default_rng(0).permutation(self.data.validation_rows)
        outputs = [
            self._embed(model, rows[start : start + settings.batch_size], fabric=fabric)
            for start in range(0, len(rows), settings.batch_size)
        ]
        *sides, sharpness = (torch.cat(side).cpu() for side in zip(*outputs, strict=True))
        step = settings.batch_size * settings.accumulate * fabric.world_size
        losses = [
            model.training_loss(
                [side[batch] for side in sides],
                sharpness=sharpness[:2],
                positives=self._positives(rows[batch]),
            ).item()
            for batch in judged_batches(len(rows), step=step)
        ]
        names = model.text_vectors(fabric.to_device(self.names)).cpu()
        cosines = (sides[0] @ names.T).numpy()
        return Judgement(float(np.mean(losses)), mean_auroc(cosines, self.data.labels[rows]))

    def _embed(self, model: nn.Module, rows: np.ndarray, *, fabric: Fabric) -> tuple[Tensor, ...]:
        windows = plain_windows(self.data.store, rows)
        inputs = fabric.to_device((*windows, self._vectors(rows)))
        with fabric.autocast():
            outputs: tuple[Tensor, ...] = model(*inputs)
        return outputs

    def _vectors(self, rows: np.ndarray) -> Float[Tensor, "row text_width"]:
        return self.reports.vectors[self.reports.text_of[torch.from_numpy(rows)]]

    def _positives(self, rows: np.ndarray) -> Float[Tensor, "row row"]:
        assert isinstance(self.recipe.method, DualEncoderConfig)
        said = torch.from_numpy(self.reports.said[rows].toarray())
        return positive_pairs(said, self.recipe.method.contrast.positives)
