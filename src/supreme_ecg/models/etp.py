"""ETP: ECG-text pre-training by contrast, the first zero-shot ECG-text system.

Liu et al. 2024, "ETP: Learning Transferable ECG Representations via ECG-Text Pre-training" (ICASSP 2024,
arXiv 2309.07145): a ResNet18-1D and BioClinicalBERT, each projected into one space, symmetric contrastive
loss

    L = 1/2 (CE(rows of S / t) + CE(columns of S / t)),   S = cosines of ECGs and reports

We know of no code of it. Differs, or is ours where the paper is not known to us exactly: the text encoder is
frozen (packaged MiniLM, or any Hugging Face encoder by name); ECGs are pooled by the mean token and projected
by one linear layer, texts by the two-layer projection that the other methods here have; t = 0.07; reports
that state the same findings are positives of each other. Tuned on nothing of its own: it takes SuPreME's
recipe for PTB-XL (12 leads, 10 s, 100 Hz).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from supreme_ecg.models.contrastive import contrast
from supreme_ecg.models.dual_encoder import DualEncoder, DualEncoderConfig, DualEncoderParts
from supreme_ecg.models.encoder import mean_token


@dataclass(frozen=True, slots=True, kw_only=True)
class ETPConfig(DualEncoderConfig):
    """What is ETP's own."""

    name: Literal["etp"] = "etp"


class ETP(DualEncoder):
    """Mean token and report, each projected into one space; arguments as of :class:`DualEncoder`."""

    name, config = "etp", ETPConfig

    def __init__(self, parts: DualEncoderParts, **given: Any) -> None:
        super().__init__(parts, **given)
        self.from_ecg = nn.Linear(self.encoder.width, parts.method.width)

    def project(
        self, tokens: Float[Tensor, "batch token w"], mask: Bool[Tensor, "batch token"] | None
    ) -> Float[Tensor, "batch width"]:
        """Unit vector of the projected mean token."""
        return functional.normalize(self.from_ecg(mean_token(tokens, mask)).float(), dim=-1)

    def learned_from(
        self, tokens: Float[Tensor, "batch token w"], mask: Bool[Tensor, "batch token"] | None
    ) -> tuple[Float[Tensor, "batch width"], ...]:
        """The projected ECG alone."""
        return (self.project(tokens, mask),)

    def training_loss(
        self,
        sides: Sequence[Float[Tensor, "batch width"]],
        *,
        sharpness: Float[Tensor, " two"],
        positives: Float[Tensor, "batch batch"],
    ) -> Float[Tensor, ""]:
        """Mean of both directions between ECGs and reports."""
        ecg, text = sides
        return contrast(
            ecg,
            text,
            sharpness=sharpness,
            positives=positives,
            loss=self.parts.method.contrast.loss,
            directions="mean",
        )
