"""What ETP and MERL share: an ECG encoder and a text projection that meet in one space.

A subclass is one whole method: its configuration, how it pools and projects an ECG, and its loss. A question
is answered by the cosine of ECG and prompt. That is a similarity and not a probability: it ranks ECGs for one
question, and says nothing between questions until the weights are calibrated.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from supreme_ecg.models.answering_model import AnsweringModel
from supreme_ecg.models.calibration import Calibration
from supreme_ecg.models.checkpoint import read_checkpoint
from supreme_ecg.models.contrastive import ContrastConfig, Sharpness
from supreme_ecg.models.encoder import (
    EncoderConfig,
    build_encoder,
    build_encoder_config,
    encode_windows,
)
from supreme_ecg.models.pretrained import find_weights
from supreme_ecg.models.query import QueryProjection, require_questions
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.text_adapter import (
    TextAdapter,
    named_adapter,
    stored_adapter,
)
from supreme_ecg.models.text_encoder import TextEncoder, TextEncoderConfig, TransformerTextEncoder
from supreme_ecg.preprocessing.contract import SignalContract


@dataclass(frozen=True, slots=True, kw_only=True)
class DualEncoderConfig:
    """What the methods have in common."""

    width: int = 256
    """Width of the common space."""
    whiten_text: bool = True
    """Spread text vectors over the concepts' names; False = as the text encoder gives them."""
    contrast: ContrastConfig = field(default_factory=ContrastConfig)
    """The loss between ECGs and reports."""
    text: Literal["findings", "report"] = "findings"
    """What stands for a report: the preferred names of its findings, or its statements as they are."""
    prompts: Literal["query", "synonyms"] = "query"
    """What a question is asked by: itself, or the mean over the name and synonyms of its concept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DualEncoderParts:
    """All that is needed to build the same model again."""

    contract: SignalContract = field(default_factory=SignalContract)
    """What the windows are."""
    method: DualEncoderConfig
    """The method's own sizes and loss."""
    encoder: EncoderConfig = field(default_factory=ResNetConfig)
    """The ECG encoder."""
    text_encoder: TextEncoderConfig = field(default_factory=TextEncoderConfig)
    """The text encoder, frozen and not part of the weights; an adapter over it is part of them."""

    def to_json(self) -> dict[str, Any]:
        """Plain values; :meth:`from_json` reads them back."""
        return asdict(self) | {"contract": self.contract.to_json()}

    @classmethod
    def from_json(
        cls, values: Mapping[str, Any], *, config: type[DualEncoderConfig], where: object
    ) -> DualEncoderParts:
        """Read what :meth:`to_json` wrote.

        Args:
            values: Plain values.
            config: Class of the method's configuration.
            where: For errors.
        """
        method = dict(values["method"])
        contrast = ContrastConfig(**method.pop("contrast"))
        return cls(
            contract=SignalContract.from_json(values["contract"], where=where),
            method=config(**method, contrast=contrast),
            encoder=build_encoder_config(values["encoder"]),
            text_encoder=TextEncoderConfig(**values["text_encoder"]),
        )


class DualEncoder(AnsweringModel, ABC):
    """An ECG encoder and a text projection into one space.

    Args:
        parts: Sizes, contract and text encoder.
        trained_concepts: Concept ids that the training reports state (empty before training).
        manifest: What it was trained on: corpus, folds, records, recipe, package version.
        text_encoder: In place of the one that ``parts`` names (tests, or one already loaded).
        text_adapter: In place of the one that ``parts`` names (the one that was trained with).
    """

    config: ClassVar[type[DualEncoderConfig]]
    """Class of its configuration."""

    parts: DualEncoderParts

    def __init__(
        self,
        parts: DualEncoderParts,
        *,
        trained_concepts: Sequence[str] = (),
        manifest: Mapping[str, Any] | None = None,
        text_encoder: TextEncoder | None = None,
        text_adapter: TextAdapter | None = None,
    ) -> None:
        super().__init__(parts, manifest=manifest)
        self.trained_concepts = tuple(trained_concepts)
        self.text_encoder = text_encoder or TransformerTextEncoder(parts.text_encoder)
        self.text_adapter = text_adapter or named_adapter(parts.text_encoder, self.text_encoder)
        self.encoder = build_encoder(parts.encoder, contract=parts.contract)
        self.from_text = QueryProjection(
            self.text_encoder.width, width=parts.method.width, whiten=parts.method.whiten_text
        )
        self.sharpness = Sharpness(parts.method.contrast)
        self.calibration: Calibration | None = None

    @abstractmethod
    def project(
        self, tokens: Float[Tensor, "batch token w"], mask: Bool[Tensor, "batch token"] | None
    ) -> Float[Tensor, "batch width"]:
        """Unit vector of each ECG in the common space, from its tokens."""

    @abstractmethod
    def learned_from(
        self, tokens: Float[Tensor, "batch token w"], mask: Bool[Tensor, "batch token"] | None
    ) -> tuple[Float[Tensor, "batch width"], ...]:
        """All unit vectors of each ECG that the loss compares; first what :meth:`project` gives."""

    @abstractmethod
    def training_loss(
        self,
        sides: Sequence[Float[Tensor, "batch width"]],
        *,
        sharpness: Float[Tensor, " two"],
        positives: Float[Tensor, "batch batch"],
    ) -> Float[Tensor, ""]:
        """Loss of a whole batch.

        Args:
            sides: What :meth:`forward` returned, without its last, gathered over the batch.
            sharpness: The last that :meth:`forward` returned.
            positives: From :func:`supreme_ecg.models.contrastive.positive_pairs`.
        """

    def forward(
        self,
        signal: Float[Tensor, "batch lead time"],
        sample_mask: Bool[Tensor, "batch time"],
        report_vectors: Float[Tensor, "batch text_width"],
    ) -> tuple[Tensor, ...]:
        """Embed a batch of ECGs with their reports.

        Args:
            signal: Millivolts, 0 where missing.
            sample_mask: True where the recording covers the sample.
            report_vectors: Of the text encoder.

        Returns:
            Unit vectors of the ECGs, of the reports, and of further views of the ECGs, if the method has any;
            last the scale and bias.
        """
        ecg, *views = self.learned_from(*encode_windows(self.encoder, signal, sample_mask))
        return ecg, self.text_vectors(report_vectors), *views, self.sharpness()

    def text_vectors(
        self, vectors: Float[Tensor, "text text_width"]
    ) -> Float[Tensor, "text width"]:
        """Unit vectors in the common space, from those of the text encoder."""
        return functional.normalize(self.from_text(vectors).float(), dim=-1)

    @property
    def gives_similarities(self) -> bool:
        """Whether answers are cosines: trained by contrast, they are probabilities once calibrated."""
        return self.calibration is None

    def prompts_of(self, query: str) -> tuple[str, ...]:
        """Texts that a question is asked by, abbreviations spelled out."""
        concept = self.table.find(query) if self.parts.method.prompts == "synonyms" else None
        return (self.table.expand(query),) if concept is None else concept.phrases

    def query_vectors(self, queries: Sequence[str | Sequence[str]]) -> Float[Tensor, "query width"]:
        """Unit vector of each question in the common space.

        Args:
            queries: Questions, each in words or as several prompts: then the mean of their unit vectors.

        Raises:
            QueryError: No question, or an empty one.
        """
        groups = [self.prompts_of(q) if isinstance(q, str) else tuple(q) for q in queries]
        asked = [prompt for group in groups for prompt in group]
        require_questions(asked if all(groups) else [])
        device = next(self.parameters()).device
        vectors = self.text_vectors(self.query_encoder.encode(asked).to(device))
        means = [
            part.mean(dim=0) for part in vectors.split_with_sizes([len(group) for group in groups])
        ]
        return functional.normalize(torch.stack(means), dim=-1)

    @torch.inference_mode()
    def scores(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
        queries: Sequence[str | Sequence[str]],
    ) -> Float[np.ndarray, "batch query"]:
        """Cosine of every window and every question, in evaluation mode.

        Args:
            signal: Millivolts; whatever the masks call missing is ignored.
            lead_mask: True where the lead was recorded.
            sample_mask: True where the recording covers the sample.
            queries: As of :meth:`query_vectors`.

        Returns:
            Cosines, -1 to 1, float32.

        Raises:
            ContractError: The windows do not have the contract's leads and samples.
            QueryError: No question, or an empty one.
        """
        ecg = self.project(*self._encoded(signal, lead_mask, sample_mask))
        cosines: np.ndarray = (ecg @ self.query_vectors(queries).T).float().cpu().numpy()
        return cosines

    def logits(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
        queries: Sequence[str],
    ) -> Float[np.ndarray, "batch query"]:
        """What the loss makes of the cosines: scaled, and with its bias. As :meth:`scores` otherwise."""
        scale, bias = self.sharpness().detach().cpu().numpy()
        scaled: np.ndarray = self.scores(signal, lead_mask, sample_mask, queries) * scale + bias
        return scaled

    def predict(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
        queries: Sequence[str],
    ) -> Float[np.ndarray, "batch query"]:
        """Score of every query for every window, 0 to 1: a probability where the weights are calibrated.

        Where they are not it is (1 + cosine) / 2, which ranks ECGs for one query and is no probability.
        As :meth:`scores` otherwise.
        """
        if self.calibration is None:
            return (1 + self.scores(signal, lead_mask, sample_mask, queries)) / 2
        logits = self.calibrated(self.logits(signal, lead_mask, sample_mask, queries), queries)
        probabilities: np.ndarray = torch.sigmoid(torch.from_numpy(logits)).numpy()
        return probabilities

    @classmethod
    def from_pretrained(
        cls, name: str | Path, *, text_encoder: TextEncoder | None = None
    ) -> DualEncoder:
        """Load a model that :meth:`save` wrote; arguments and errors as of ``SuPreME.from_pretrained``."""
        folder = find_weights(name)
        checkpoint = read_checkpoint(folder, method=cls.name)
        description = checkpoint.description
        model = cls(
            DualEncoderParts.from_json(description["parts"], config=cls.config, where=folder),
            trained_concepts=description["trained_concepts"],
            manifest=description["manifest"],
            text_encoder=text_encoder,
            text_adapter=stored_adapter(checkpoint.tensors, where=folder),
        )
        return model._loaded(checkpoint, where=folder)
