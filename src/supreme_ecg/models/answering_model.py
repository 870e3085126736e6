"""What the models that answer questions share: a text side, trained concepts and, perhaps, a calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
from jaxtyping import Float

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.calibration import KEY, Calibration
from supreme_ecg.models.checkpoint import Checkpoint, write_checkpoint
from supreme_ecg.models.ecg_model import EcgModel
from supreme_ecg.models.text_adapter import AdaptedTextEncoder, TextAdapter
from supreme_ecg.models.text_encoder import TextEncoder

AnyAnsweringModel = TypeVar("AnyAnsweringModel", bound="AnsweringModel")


class AnsweringModel(EcgModel):
    """An ECG encoder beside a text encoder; a subclass makes both and lets them meet."""

    name: ClassVar[str]
    """Of the method, in recipes and checkpoints."""
    parts: Any
    """All that is needed to build the same model again."""
    trained_concepts: tuple[str, ...]
    """Concepts that it was trained on."""
    text_encoder: TextEncoder
    """Frozen, and not part of the weights."""
    text_adapter: TextAdapter | None
    """Over the text encoder, and part of the weights."""
    calibration: Calibration | None
    """What makes its answers probabilities that are as often right as they say."""
    _last_named: tuple[tuple[str, ...], tuple[str | None, ...]] | None = None

    @property
    def query_encoder(self) -> TextEncoder:
        """The text encoder with its adapter, if it has one: what queries are encoded by."""
        if self.text_adapter is None:
            return self.text_encoder
        return AdaptedTextEncoder(self.text_encoder, self.text_adapter)

    @cached_property
    def table(self) -> ConceptTable:
        """The concept table: it spells out abbreviations in queries and knows what is above a concept."""
        return ConceptTable.load()

    def calibrated(
        self, logits: Float[np.ndarray, "batch query"], queries: Sequence[str]
    ) -> Float[np.ndarray, "batch query"]:
        """Logits by the curve of the concept that each query names, or by the common one.

        Args:
            logits: Of the model.
            queries: As they were asked.

        Returns:
            Calibrated logits, float32; the logits themselves where the weights hold no calibration.
        """
        if self.calibration is None:
            return logits
        return self.calibration.apply(logits, self._named(tuple(queries)))

    def _named(self, queries: tuple[str, ...]) -> tuple[str | None, ...]:
        """Concept id that each query names, the last questions remembered."""
        if self._last_named is None or self._last_named[0] != queries:
            found = (self.table.find(query) for query in queries)
            self._last_named = queries, tuple(each.id if each else None for each in found)
        return self._last_named[1]

    def _frozen(self) -> tuple[object, ...]:
        return self.text_encoder, self.table

    def save(self, folder: Path, *, metrics: Mapping[str, Any] | None = None) -> None:
        """Write weights and description to ``folder``, whole or not at all."""
        description = {
            "method": self.name,
            "parts": self.parts.to_json(),
            "trained_concepts": list(self.trained_concepts),
            "manifest": self.manifest,
            "metrics": dict(metrics or {}),
        }
        if self.calibration is not None:
            description[KEY] = self.calibration.to_json()
        write_checkpoint(folder, Checkpoint(description, self.state_dict(), self.seen))

    def _loaded(
        self: AnyAnsweringModel, checkpoint: Checkpoint, *, where: Path
    ) -> AnyAnsweringModel:
        """Take the weights of a checkpoint and what it says of them."""
        checkpoint.load_into(self, where=where)
        self.weights_sha256 = checkpoint.description["weights_sha256"]
        self.seen = checkpoint.seen
        if KEY in checkpoint.description:
            self.calibration = Calibration.from_json(checkpoint.description[KEY], where=where)
        return self.eval()
