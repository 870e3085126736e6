"""SuPreME: supervised pre-training with text queries, then zero-shot answers to any query.

Cai et al. 2025, "SuPreME: A Supervised Pre-training Framework for Multimodal ECG Representation
Learning" (arXiv 2502.19668): report -> entities -> labels; ECG tokens are fused with text queries in
the Cardiac Fusion Network; loss = binary cross-entropy over all queries.

Differs: by default queries pool the tokens (`pooling.py`) and do not interact; the paper's decoder, with or
without interaction, is in `fusion.py`. Labels in doubt may be left out of the loss. Each concept is
phrased in its many synonyms during training. Tuned on PTB-XL: 12 leads, 10 s, 100 Hz.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn

from supreme_ecg.models.answering_model import AnsweringModel
from supreme_ecg.models.asked import Asked, asked_texts
from supreme_ecg.models.calibration import Calibration
from supreme_ecg.models.checkpoint import read_checkpoint
from supreme_ecg.models.encoder import (
    EncoderConfig,
    build_encoder,
    build_encoder_config,
    encode_windows,
    mean_token,
)
from supreme_ecg.models.fusions import FusionConfig, build_fusion, build_fusion_config
from supreme_ecg.models.named_rows import NamedRows
from supreme_ecg.models.pooling import PoolingConfig, QueriedPooling
from supreme_ecg.models.pretrained import PACKAGED, find_weights
from supreme_ecg.models.query import require_questions
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.text_adapter import (
    TextAdapter,
    named_adapter,
    stored_adapter,
)
from supreme_ecg.models.text_encoder import TextEncoder, TextEncoderConfig, TransformerTextEncoder
from supreme_ecg.preprocessing.contract import SignalContract


@dataclass(frozen=True, slots=True, kw_only=True)
class SuPreMEConfig:
    """What is SuPreME's own."""

    name: Literal["supreme"] = "supreme"
    fusion: Annotated[FusionConfig, Field(discriminator="name")] = field(
        default_factory=PoolingConfig
    )
    """How queries meet tokens."""
    rows_c: Annotated[float, Field(ge=0)] = 0.0
    """Inverse strength of the penalty on the linear rows that trained names get beside their text
    (`models/named_rows.py`; scikit-learn's ``C``); 0 = no rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuPreMEParts:
    """All that is needed to build the same model again."""

    contract: SignalContract = field(default_factory=SignalContract)
    """What the windows are."""
    method: SuPreMEConfig = field(default_factory=SuPreMEConfig)
    """The fusion network."""
    encoder: EncoderConfig = field(default_factory=ResNetConfig)
    """The ECG encoder."""
    text_encoder: TextEncoderConfig = field(default_factory=TextEncoderConfig)
    """The text encoder, frozen and not part of the weights; an adapter over it is part of them."""

    def to_json(self) -> dict[str, Any]:
        """Plain values; :meth:`from_json` reads them back."""
        return asdict(self) | {"contract": self.contract.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], *, where: object) -> SuPreMEParts:
        """Read what :meth:`to_json` wrote."""
        fusion = values["method"]["fusion"]
        return cls(
            contract=SignalContract.from_json(values["contract"], where=where),
            method=SuPreMEConfig(
                fusion=build_fusion_config(fusion),
                rows_c=values["method"].get("rows_c", 0.0),
            ),
            encoder=build_encoder_config(values["encoder"]),
            text_encoder=TextEncoderConfig(**values["text_encoder"]),
        )


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What the parts of a model make of some questions alone."""

    fusion: tuple[Tensor, ...]
    rows: Tensor | None
    mix: Tensor | None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What follows from some queries alone, and from what it was made."""

    source: tuple[object, ...]
    prepared: _Prepared


class SuPreME(AnsweringModel):
    """An ECG encoder and a fusion network that answers text queries.

    Args:
        parts: Sizes, contract and text encoder.
        trained_concepts: Concept ids the model was trained on (empty before training).
        manifest: What it was trained on: corpus, folds, records, recipe, package version.
        text_encoder: In place of the one that ``parts`` names (tests, or one already loaded).
        text_adapter: In place of the one that ``parts`` names (the one that was trained with).
    """

    name = "supreme"
    parts: SuPreMEParts

    def __init__(
        self,
        parts: SuPreMEParts,
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
        self.fusion = build_fusion(
            parts.method.fusion,
            token_width=self.encoder.width,
            text_width=self.text_encoder.width,
        )
        self.named_rows: NamedRows | None = None  # fitted after training
        self.rows_in_training: nn.Linear | None = None
        """A row for each trained concept while the encoder is trained, for which it makes features that
        rows can read; not kept."""
        self._kept: _Kept | None = None
        self.calibration: Calibration | None = None

    @property
    def gives_similarities(self) -> bool:
        """Whether answers are cosines: never, they are probabilities, calibrated or not."""
        return False

    def forward(
        self,
        signal: Float[Tensor, "batch lead time"],
        sample_mask: Bool[Tensor, "batch time"],
        query_vectors: Float[Tensor, "query text_width"] | Asked,
    ) -> Float[Tensor, "batch answer"]:
        """Logit of every query for every window.

        Args:
            signal: Millivolts, 0 where missing.
            sample_mask: True where the recording covers the sample.
            query_vectors: From :meth:`query_vectors`, or from :meth:`asked`.

        Returns:
            Logits; their sigmoid is the probability that the finding is present. In training with
            :attr:`rows_in_training`, the logits of these follow, one for each trained concept.
        """
        tokens, mask = encode_windows(self.encoder, signal, sample_mask)
        logits = self._answer(tokens, self._prepare(query_vectors), mask)
        if self.rows_in_training is None or not self.training:
            return logits
        return torch.cat([logits, self.rows_in_training(mean_token(tokens, mask))], dim=1)

    def contributions(
        self,
        tokens: Float[Tensor, "batch token token_width"],
        asked: Asked,
        mask: Bool[Tensor, "batch token"] | None = None,
    ) -> tuple[Float[Tensor, "batch query token"], Float[Tensor, " query"]] | None:
        """What each token adds to every logit, and where it starts; None where no sum makes the logit.

        Arguments as of ``QueriedPooling.contributions``, the questions from :meth:`asked`.
        """
        if not isinstance(self.fusion, QueriedPooling):
            return None
        log_odds, bias = self.fusion.contributions(tokens, asked.vectors, mask)
        if self.named_rows is not None:
            rows = self.named_rows.prepare(asked.vectors)
            log_odds, bias = self.named_rows.join_contributions(log_odds, bias, tokens, rows, mask)
        if asked.mix is None:
            return log_odds, bias
        return torch.einsum("bxt,xq->bqt", log_odds, asked.mix), bias @ asked.mix

    def _prepare(self, questions: Float[Tensor, "query text_width"] | Asked) -> _Prepared:
        """What follows from the questions alone."""
        asked = questions if isinstance(questions, Asked) else Asked(questions)
        rows = None if self.named_rows is None else self.named_rows.prepare(asked.vectors)
        return _Prepared(self.fusion.prepare(asked.vectors), rows, asked.mix)

    def _answer(
        self, tokens: Tensor, prepared: _Prepared, mask: Tensor | None
    ) -> Float[Tensor, "batch query"]:
        logits = self.fusion.answer(tokens, prepared.fusion, mask)
        if self.named_rows is not None and prepared.rows is not None:
            logits = self.named_rows.join(logits, tokens, prepared.rows, mask)
        return logits if prepared.mix is None else logits @ prepared.mix

    def query_vectors(self, queries: Sequence[str]) -> Float[Tensor, "query text_width"]:
        """Vectors of questions as they stand, abbreviations spelled out first.

        Raises:
            QueryError: No query, or an empty one.
        """
        require_questions(queries)
        return self.query_encoder.encode([self.table.expand(query) for query in queries])

    def asked(self, queries: Sequence[str]) -> Asked:
        """Questions as :meth:`logits` asks them: with more words where a concept was not trained on.

        Raises:
            QueryError: No query, or an empty one.
        """
        require_questions(queries)
        texts, mix = asked_texts(queries, table=self.table, trained=self.trained_concepts)
        return Asked(self.query_vectors(texts), mix)

    @torch.inference_mode()
    def predict(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
        queries: Sequence[str],
    ) -> Float[np.ndarray, "batch query"]:
        """Probability of every query for every window, in evaluation mode.

        Calibrated where the weights hold a calibration: by the curve of the concept that a query names,
        or by the common one.

        Args:
            signal: Millivolts; whatever the masks call missing is ignored.
            lead_mask: True where the lead was recorded.
            sample_mask: True where the recording covers the sample.
            queries: Questions in words. One that names a concept that was not trained on is asked by name,
                definition and what is above it (:mod:`supreme_ecg.models.asked`).

        Returns:
            Probabilities, 0 to 1, float32.

        Raises:
            ContractError: The windows do not have the contract's leads and samples.
            QueryError: No query, or an empty one.
        """
        logits = self.calibrated(self.logits(signal, lead_mask, sample_mask, queries), queries)
        probabilities: np.ndarray = torch.sigmoid(torch.from_numpy(logits)).numpy()
        return probabilities

    @torch.inference_mode()
    def logits(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
        queries: Sequence[str],
    ) -> Float[np.ndarray, "batch query"]:
        """Uncalibrated logits; arguments and errors as of :meth:`predict`.

        What follows from the queries alone is kept from one call to the next, so asking the same again
        costs little more than the encoder.
        """
        tokens, mask = self._encoded(signal, lead_mask, sample_mask)
        answers = self._answer(tokens, self._prepared(queries), mask)
        logits: np.ndarray = answers.float().cpu().numpy()
        return logits

    def _prepared(self, queries: Sequence[str]) -> _Prepared:
        """What follows from queries; made anew when they, or weights that they meet, change."""
        used = [each for each in (self.fusion, self.text_adapter, self.named_rows) if each]
        sums = (float(x.sum()) for part in used for x in part.state_dict().values())
        device = next(self.parameters()).device
        source = (*queries, self.trained_concepts, id(self.text_encoder), device, *sums)
        if self._kept is None or self._kept.source != source:
            self._kept = _Kept(source, self._prepare(self.asked(queries).to(device)))
        return self._kept.prepared

    @classmethod
    def from_pretrained(
        cls, name: str | Path = PACKAGED, *, text_encoder: TextEncoder | None = None
    ) -> SuPreME:
        """Load a model that :meth:`save` wrote.

        Args:
            name: Weights that come with the package, a checkpoint's folder, or a model on the Hugging Face
                hub (``owner/name`` or ``owner/name@revision``).
            text_encoder: In place of the one that the checkpoint names.

        Raises:
            WeightsError: No such weights, damaged ones, or ones with a missing, unknown or misshapen tensor.
            ContractError: Their contract is of another version, or was edited after training.
        """
        folder = find_weights(name)
        checkpoint = read_checkpoint(folder, method="supreme")
        description = checkpoint.description
        model = cls(
            SuPreMEParts.from_json(description["parts"], where=folder),
            trained_concepts=description["trained_concepts"],
            manifest=description["manifest"],
            text_encoder=text_encoder,
            text_adapter=stored_adapter(checkpoint.tensors, where=folder),
        )
        model.named_rows = NamedRows.stored(checkpoint.tensors)
        return model._loaded(checkpoint, where=folder)
