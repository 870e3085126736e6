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
from typing import Annotated, Any, Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import QueryError
from supreme_ecg.models.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from supreme_ecg.models.encoder import Encoder, token_mask
from supreme_ecg.models.fusion import CardiacFusionNetwork, DecoderConfig
from supreme_ecg.models.pooling import PoolingConfig, QueriedPooling
from supreme_ecg.models.resnet import ResNet1d, ResNetConfig
from supreme_ecg.models.text_encoder import TextEncoder, TextEncoderConfig, TransformerTextEncoder
from supreme_ecg.models.vit import ViT1d, ViTConfig
from supreme_ecg.preprocessing.contract import SignalContract

EncoderConfig = ResNetConfig | ViTConfig
FusionConfig = DecoderConfig | PoolingConfig
Fusion = CardiacFusionNetwork | QueriedPooling


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
    """The text encoder, frozen and not part of the weights."""

    def to_json(self) -> dict[str, Any]:
        """Plain values; :meth:`from_json` reads them back."""
        return asdict(self) | {"contract": self.contract.to_json()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], *, where: object) -> SuPreMEParts:
        """Read what :meth:`to_json` wrote."""
        encoder, fusion = values["encoder"], values["method"]["fusion"]
        fusion_class = DecoderConfig if fusion["name"] == "decoder" else PoolingConfig
        encoder_class = ResNetConfig if encoder["name"] == "resnet" else ViTConfig
        return cls(
            contract=SignalContract.from_json(values["contract"], where=where),
            method=SuPreMEConfig(fusion=fusion_class(**fusion)),
            encoder=encoder_class(**encoder),
            text_encoder=TextEncoderConfig(**values["text_encoder"]),
        )


class SuPreME(nn.Module):
    """An ECG encoder and a fusion network that answers text queries.

    Args:
        parts: Sizes, contract and text encoder.
        trained_concepts: Concept ids the model was trained on (empty before training).
        manifest: What it was trained on: corpus, folds, records, recipe, package version.
        text_encoder: In place of the one that ``parts`` names (tests, or one already loaded).
    """

    def __init__(
        self,
        parts: SuPreMEParts,
        *,
        trained_concepts: Sequence[str] = (),
        manifest: Mapping[str, Any] | None = None,
        text_encoder: TextEncoder | None = None,
    ) -> None:
        super().__init__()
        self.parts = parts
        self.trained_concepts = tuple(trained_concepts)
        self.manifest = dict(manifest or {})
        self.text_encoder = text_encoder or TransformerTextEncoder(parts.text_encoder)
        self.encoder: Encoder = build_encoder(parts.encoder, contract=parts.contract)
        self.fusion = build_fusion(
            parts.method.fusion,
            token_width=self.encoder.width,
            text_width=self.text_encoder.width,
        )

    @property
    def contract(self) -> SignalContract:
        """What its windows are."""
        return self.parts.contract

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
        tokens = self.encoder(signal)
        mask = None
        if not bool(sample_mask.all()):
            mask = token_mask(sample_mask, tokens=tokens.shape[1])
        logits: Tensor = self.fusion(tokens, query_vectors, mask)
        return logits

    def query_vectors(self, queries: Sequence[str]) -> Float[Tensor, "query text_width"]:
        """Vectors of questions, abbreviations spelled out first.

        Raises:
            QueryError: No query, or an empty one.
        """
        if not queries or not all(query.strip() for query in queries):
            raise QueryError(
                "queries",
                expected="at least one question, none of them empty",
                found=f"{len(queries)} questions, {sum(not q.strip() for q in queries)} empty",
                remedy='Ask for example "atrial fibrillation".',
            )
        return self.text_encoder.encode([self.table.expand(query) for query in queries])

    @torch.inference_mode()
    def predict(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
        queries: Sequence[str],
    ) -> Float[np.ndarray, "batch query"]:
        """Probability of every query for every window, in evaluation mode.

        Args:
            signal: Millivolts; whatever the masks call missing is ignored.
            lead_mask: True where the lead was recorded.
            sample_mask: True where the recording covers the sample.
            queries: Questions in words.

        Returns:
            Probabilities, 0 to 1, float32.

        Raises:
            QueryError: No query, or an empty one.
        """
        self.eval()
        vectors = self.query_vectors(queries)
        device = next(self.parameters()).device
        covered = signal * lead_mask[:, :, None] * sample_mask[:, None, :]
        logits = self(
            torch.from_numpy(covered.astype(np.float32)).to(device),
            torch.from_numpy(sample_mask).to(device),
            vectors.to(device),
        )
        probabilities: np.ndarray = torch.sigmoid(logits.float()).cpu().numpy()
        return probabilities

    def with_random_encoder(self, seed: int) -> SuPreME:
        """The same model with an untrained encoder: the row that any trained one must beat.

        Args:
            seed: Seed of the fresh weights.
        """
        other = copy.deepcopy(self)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            other.encoder = build_encoder(self.parts.encoder, contract=self.contract)
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
        write_checkpoint(folder, Checkpoint(description, self.state_dict()))

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, *, text_encoder: TextEncoder | None = None
    ) -> SuPreME:
        """Load a model that :meth:`save` wrote.

        Args:
            folder: The checkpoint's folder.
            text_encoder: In place of the one that the checkpoint names.

        Raises:
            WeightsError: No checkpoint there, a damaged one, or one whose weights do not fit exactly.
            ContractError: Its contract is of another version.
        """
        checkpoint = read_checkpoint(Path(folder), method="supreme")
        description = checkpoint.description
        model = cls(
            SuPreMEParts.from_json(description["parts"], where=folder),
            trained_concepts=description["trained_concepts"],
            manifest=description["manifest"],
            text_encoder=text_encoder,
        )
        checkpoint.load_into(model, where=folder)
        return model.eval()


def build_encoder(config: EncoderConfig, *, contract: SignalContract) -> Any:
    """Make the encoder that a configuration describes, for windows of a contract."""
    leads = len(contract.leads)
    sizes = {key: value for key, value in asdict(config).items() if key != "name"}
    if isinstance(config, ResNetConfig):
        return ResNet1d(leads, **sizes)
    return ViT1d(leads, samples=contract.samples, **sizes)


def build_fusion(config: FusionConfig, *, token_width: int, text_width: int) -> Fusion:
    """Make the fusion that a configuration describes, for these widths of tokens and text vectors."""
    if isinstance(config, PoolingConfig):
        return QueriedPooling(config, token_width=token_width, text_width=text_width)
    return CardiacFusionNetwork(config, token_width=token_width, text_width=text_width)


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
