"""CLOCS: pieces of one patient's ECGs, in time or by lead, find each other among those of other patients.

Kiyasseh et al. 2021, "CLOCS: Contrastive Learning of Cardiac Signals Across Space, Time, and Patients"
(ICML 2021, arXiv 2005.13249), equations 1 to 3: for each pair of pieces A and B, with h their embeddings,

    P(i, j) = exp(cos(h_iA, h_jB) / t) / sum over k of exp(cos(h_iA, h_kB) / t)
    L = -mean over records of log P(i, i) - mean over pairs of one patient of log P(i, j)

CMSC: pieces adjacent in time (here the halves of the window). CMLC: the leads II, V2, aVL and aVR. CMSMLC:
both. Both terms are taken both ways round and averaged. Differs: the paper's encoder reads one lead at a
time in all three; here CMSC reads the twelve together, and for CMLC a lead stands in its own row of the
window with the others missing, so that the same encoder takes twelve afterwards. Off the diagonal both ways
are counted (the paper's code counts half of each). Tuned on nothing of its own: it takes SuPreME's recipe
for PTB-XL (12 leads, 10 s, 100 Hz).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any, ClassVar, Final, Literal

import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional

from supreme_ecg.models.self_supervised import (
    SelfSupervised,
    SelfSupervisedConfig,
    SelfSupervisedParts,
)

LEADS: Final = ("II", "V2", "aVL", "aVR")
"""Leads that CMLC compares (section 4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CLOCSConfig(SelfSupervisedConfig):
    """What is CLOCS' own."""

    name: Literal["clocs"] = "clocs"
    coding: Literal["cmsc", "cmlc", "cmsmlc"] = "cmsc"
    """What is compared: the halves of a window, leads of it, or leads of the halves."""
    width: int = 128
    """Of what is compared."""
    temperature: Annotated[float, Field(gt=0)] = 0.1
    """Cosines are divided by it."""


class CLOCS(SelfSupervised):
    """Linear embeddings of the pieces of a window; arguments as of :class:`SelfSupervised`."""

    name, config = "clocs", CLOCSConfig
    views: ClassVar[int] = 1
    encoders: ClassVar[tuple[str, ...]] = ("resnet",)  # a ViT has one length

    def __init__(self, parts: SelfSupervisedParts, **given: Any) -> None:
        super().__init__(parts, **given)
        assert isinstance(parts.method, CLOCSConfig)
        self.method = parts.method
        self.projector = nn.Linear(self.encoder.width, parts.method.width)

    def pieces(
        self, signal: Float[Tensor, "batch lead time"], sample_mask: Bool[Tensor, "batch time"]
    ) -> list[tuple[Float[Tensor, "batch lead piece"], Bool[Tensor, "batch piece"]]]:
        """Cut windows into the pieces that are compared."""
        cut = [(signal, sample_mask)]
        if self.method.coding != "cmlc":
            half = signal.shape[2] // 2
            cut = [
                (signal[:, :, :half], sample_mask[:, :half]),
                (signal[:, :, half : 2 * half], sample_mask[:, half : 2 * half]),
            ]
        if self.method.coding == "cmsc":
            return cut
        rows = torch.eye(signal.shape[1], device=signal.device)
        kept = [rows[self.contract.leads.index(lead)][:, None] for lead in LEADS]
        return [(part * row, mask) for part, mask in cut for row in kept]

    def sides(self, *windows: Tensor) -> tuple[Float[Tensor, "batch width"], ...]:
        """Embeddings of the pieces."""
        return tuple(
            self.projector(self.mean_tokens(*piece)).float() for piece in self.pieces(*windows)
        )

    def training_loss(
        self, sides: Sequence[Float[Tensor, "batch width"]], patients: Int[Tensor, " batch"], /
    ) -> Float[Tensor, ""]:
        """Mean over all pairs of pieces."""
        losses = [
            patient_contrast(a, b, patients=patients, temperature=self.method.temperature)
            for a, b in combinations(sides, 2)
        ]
        return torch.stack(losses).mean()


def patient_contrast(
    a: Float[Tensor, "batch width"],
    b: Float[Tensor, "batch width"],
    *,
    patients: Int[Tensor, " batch"],
    temperature: float,
) -> Float[Tensor, ""]:
    """Cross-entropy of the pieces of one record, and of those of one patient's records.

    Args:
        a: Of one piece of each record.
        b: Of the other piece, in the same order.
        patients: A number per record, the same for records of one patient.
        temperature: Cosines are divided by it.

    Returns:
        The mean of two terms, or of four where a patient has several records in the batch.
    """
    logits = functional.normalize(a, dim=-1) @ functional.normalize(b, dim=-1).T / temperature
    both = logits.log_softmax(dim=1), logits.T.log_softmax(dim=1)
    terms = [-chances.diagonal().mean() for chances in both]
    same = patients[:, None] == patients[None, :]
    same = same & ~torch.eye(len(same), dtype=torch.bool, device=same.device)
    if bool(same.any()):
        terms += [-chances[same].mean() for chances in both]
    return torch.stack(terms).mean()
