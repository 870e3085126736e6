"""SuPreME: supervised pre-training with text queries, then zero-shot answers to any query.

Cai et al. 2025, "SuPreME: A Supervised Pre-training Framework for Multimodal ECG Representation
Learning" (arXiv 2502.19668): report -> entities -> labels; ECG tokens are fused with text queries in
the Cardiac Fusion Network; loss = binary cross-entropy over all queries.

Differs: by default queries pool the tokens (`pooling.py`) and do not interact; the paper's decoder, with or
without interaction, is in `fusion.py`. Labels in doubt may be left out of the loss. Each concept is
phrased in its many synonyms during training. Tuned on PTB-XL: 12 leads, 10 s, 100 Hz.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.calibration import KEY, Calibration
from supreme_ecg.models.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from supreme_ecg.models.dot_product import DotProduct, DotProductConfig
from supreme_ecg.models.encoder import (
    Encoder,
    EncoderConfig,
    build_encoder,
    build_encoder_config,
    encode_windows,
    mean_token,
    window_tensors,
)
from supreme_ecg.models.fusion import CardiacFusionNetwork, DecoderConfig
from supreme_ecg.models.linear_head import LinearHead, LinearHeadConfig
from supreme_ecg.models.pooling import PoolingConfig, QueriedPooling
from supreme_ecg.models.pretrained import PACKAGED, find_weights
from supreme_ecg.models.query import require_questions
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.text_adapter import (
    AdaptedTextEncoder,
    TextAdapter,
    named_adapter,
    stored_adapter,
)
from supreme_ecg.models.text_encoder import TextEncoder, TextEncoderConfig, TransformerTextEncoder
from supreme_ecg.models.training_manifest import TrainingManifest
from supreme_ecg.preprocessing.contract import SignalContract

FusionConfig = DecoderConfig | PoolingConfig | DotProductConfig | LinearHeadConfig
Fusion = CardiacFusionNetwork | QueriedPooling | DotProduct | LinearHead
_FUSIONS: Final[dict[str, type[FusionConfig]]] = {
    "decoder": DecoderConfig,
    "pooling": PoolingConfig,
    "dot_product": DotProductConfig,
    "linear": LinearHeadConfig,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SuPreMEConfig:
    """What is SuPreME's own."""

    name: Literal["supreme"] = "supreme"
    fusion: Annotated[FusionConfig, Field(discriminator="name")] = field(
        default_factory=PoolingConfig
    )
    """How queries meet tokens."""


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
            method=SuPreMEConfig(fusion=_FUSIONS[fusion["name"]](**fusion)),
            encoder=build_encoder_config(values["encoder"]),
            text_encoder=TextEncoderConfig(**values["text_encoder"]),
        )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What follows from some queries alone, and from what it was made."""

    source: tuple[object, ...]
    prepared: tuple[Tensor, ...]


class SuPreME(nn.Module):
    """An ECG encoder and a fusion network that answers text queries.

    Args:
        parts: Sizes, contract and text encoder.
        trained_concepts: Concept ids the model was trained on (empty before training).
        manifest: What it was trained on: corpus, folds, records, recipe, package version.
        text_encoder: In place of the one that ``parts`` names (tests, or one already loaded).
        text_adapter: In place of the one that ``parts`` names (the one that was trained with).
    """

    def __init__(
        self,
        parts: SuPreMEParts,
        *,
        trained_concepts: Sequence[str] = (),
        manifest: Mapping[str, Any] | None = None,
        text_encoder: TextEncoder | None = None,
        text_adapter: TextAdapter | None = None,
    ) -> None:
        super().__init__()
        self.parts = parts
        self.trained_concepts = tuple(trained_concepts)
        self.manifest = dict(manifest or {})
        self.text_encoder = text_encoder or TransformerTextEncoder(parts.text_encoder)
        self.text_adapter = text_adapter or named_adapter(parts.text_encoder, self.text_encoder)
        self.encoder: Encoder = build_encoder(parts.encoder, contract=parts.contract)
        self.fusion = build_fusion(
            parts.method.fusion,
            token_width=self.encoder.width,
            text_width=self.text_encoder.width,
        )
        self._asked: _Asked | None = None
        self.calibration: Calibration | None = None
        self.weights_sha256: str | None = None
        """Of the file that the weights were loaded from; None where there was none."""
        self.seen: TrainingManifest | None = None  # the records trained on, where that is known

    @property
    def contract(self) -> SignalContract:
        """What its windows are."""
        return self.parts.contract

    @property
    def query_encoder(self) -> TextEncoder:
        """The text encoder with its adapter, if it has one: what queries are encoded by."""
        if self.text_adapter is None:
            return self.text_encoder
        return AdaptedTextEncoder(self.text_encoder, self.text_adapter)

    @cached_property
    def table(self) -> ConceptTable:
        """The concept table, which spells out abbreviations in queries."""
        return ConceptTable.load()

    def forward(
        self,
        signal: Float[Tensor, "batch lead time"],
        sample_mask: Bool[Tensor, "batch time"],
        query_vectors: Float[Tensor, "query text_width"],
    ) -> Float[Tensor, "batch query"]:
        """Logit of every query for every window.

        Args:
            signal: Millivolts, 0 where missing.
            sample_mask: True where the recording covers the sample.
            query_vectors: From :meth:`query_vectors`.

        Returns:
            Logits; their sigmoid is the probability that the finding is present.
        """
        tokens, mask = encode_windows(self.encoder, signal, sample_mask)
        logits: Tensor = self.fusion(tokens, query_vectors, mask)
        return logits

    def query_vectors(self, queries: Sequence[str]) -> Float[Tensor, "query text_width"]:
        """Vectors of questions, abbreviations spelled out first.

        Raises:
            QueryError: No query, or an empty one.
        """
        require_questions(queries)
        return self.query_encoder.encode([self.table.expand(query) for query in queries])

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
            queries: Questions in words.

        Returns:
            Probabilities, 0 to 1, float32.

        Raises:
            ContractError: The windows do not have the contract's leads and samples.
            QueryError: No query, or an empty one.
        """
        logits = self.logits(signal, lead_mask, sample_mask, queries)
        if self.calibration is not None:
            concepts = [found.id if (found := self.table.find(q)) else None for q in queries]
            logits = self.calibration.apply(logits, concepts)
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
        prepared = self._prepared(queries)
        answers = self.fusion.answer(tokens, prepared, mask)
        logits: np.ndarray = answers.float().cpu().numpy()
        return logits

    @torch.inference_mode()
    def embed(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
    ) -> Float[np.ndarray, "batch width"]:
        """Mean token of each window, float32, in evaluation mode: the features that probes read.

        Arguments and errors as of :meth:`predict`.
        """
        features: np.ndarray = (
            mean_token(*self._encoded(signal, lead_mask, sample_mask)).cpu().numpy()
        )
        return features

    def _encoded(
        self, signal: np.ndarray, lead_mask: np.ndarray, sample_mask: np.ndarray
    ) -> tuple[Tensor, Tensor | None]:
        """Tokens of windows and their mask, in evaluation mode."""
        self.eval()
        device = next(self.parameters()).device
        windows = window_tensors(
            signal, lead_mask, sample_mask, contract=self.contract, device=device
        )
        return encode_windows(self.encoder, *windows)

    def _prepared(self, queries: Sequence[str]) -> tuple[Tensor, ...]:
        """What the fusion makes of queries; made anew when they, or weights that they meet, change."""
        used = [self.fusion] if self.text_adapter is None else [self.fusion, self.text_adapter]
        sums = (float(x.sum()) for part in used for x in part.state_dict().values())
        device = next(self.parameters()).device
        source = (*queries, id(self.text_encoder), device, *sums)
        if self._asked is None or self._asked.source != source:
            vectors = self.query_vectors(queries).to(device)
            self._asked = _Asked(source, self.fusion.prepare(vectors))
        return self._asked.prepared

    def with_random_encoder(self, seed: int) -> SuPreME:
        """The same model with an untrained encoder: the row that any trained one must beat.

        Args:
            seed: Seed of the fresh weights.
        """
        shared = {id(each): each for each in (self.text_encoder, self.table)}  # frozen
        other = copy.deepcopy(self, shared)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            other.encoder = build_encoder(self.parts.encoder, contract=self.contract)
        other.weights_sha256 = None  # of no file
        return other.eval()

    def save(self, folder: Path, *, metrics: Mapping[str, Any] | None = None) -> None:
        """Write weights and description to ``folder``, whole or not at all."""
        description = {
            "method": "supreme",
            "parts": self.parts.to_json(),
            "trained_concepts": list(self.trained_concepts),
            "manifest": self.manifest,
            "metrics": dict(metrics or {}),
        }
        if self.calibration is not None:
            description[KEY] = self.calibration.to_json()
        write_checkpoint(folder, Checkpoint(description, self.state_dict(), self.seen))

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
        checkpoint.load_into(model, where=folder)
        model.weights_sha256 = description["weights_sha256"]
        model.seen = checkpoint.seen
        if KEY in description:
            model.calibration = Calibration.from_json(description[KEY], where=folder)
        return model.eval()


def build_fusion(config: FusionConfig, *, token_width: int, text_width: int) -> Fusion:
    """Make the fusion that a configuration describes, for these widths of tokens and text vectors."""
    match config:
        case PoolingConfig():
            return QueriedPooling(config, token_width=token_width, text_width=text_width)
        case DecoderConfig():
            return CardiacFusionNetwork(config, token_width=token_width, text_width=text_width)
        case DotProductConfig():
            return DotProduct(config, token_width=token_width, text_width=text_width)
        case LinearHeadConfig():
            return LinearHead(config, token_width=token_width, text_width=text_width)


def masked_binary_cross_entropy(
    logits: Float[Tensor, "batch query"], labels: Float[Tensor, "batch query"]
) -> Float[Tensor, ""]:
    """Mean binary cross-entropy over the labels that are known.

    Args:
        logits: One per ECG and query.
        labels: Probability that the report gives the concept: 1 present, 0 absent or unmentioned,
            between for doubt; NaN is left out.

    Returns:
        The mean over all known labels; 0 where none is known.
    """
    known = (~labels.isnan()).float()
    loss = functional.binary_cross_entropy_with_logits(
        logits.float(), labels.nan_to_num(0.0), reduction="none"
    )
    return (loss * known).sum() / known.sum().clamp(min=1.0)
