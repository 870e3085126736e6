"""The signal contract: what every window, store and checkpoint agrees on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Literal

from supreme_ecg.errors import ContractError
from supreme_ecg.records.leads import STANDARD_LEADS

MISSING_COUNT: Final = -32768
"""Stored count that means "not recorded" (the same value as in WFDB format 16)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalContract:
    """How a record becomes a window. Written into every store and checkpoint, compared at load."""

    leads: tuple[str, ...] = STANDARD_LEADS
    """Lead names in the order of the window's rows."""
    sampling_rate_hz: int = 100
    """Samples per second of the window."""
    duration_s: float = 10.0
    """Length of the window in seconds."""
    highpass_hz: float | None = None
    """Corner of a zero-phase 2nd-order Butterworth high-pass; None = no filter but anti-aliasing."""
    crop: Literal["start", "centre"] = "start"
    """Which part of a longer record is kept."""
    missing_leads: Literal["derive_limb_then_mask"] = "derive_limb_then_mask"
    """Limb leads that follow from two others by Einthoven/Goldberger are derived; the rest is masked."""
    microvolts_per_count: float = 1.0
    """Resolution of the int16 counts in a store. Range: +-32.767 mV at 1."""

    @property
    def samples(self) -> int:
        """Samples in a window."""
        return round(self.sampling_rate_hz * self.duration_s)

    def to_json(self) -> dict[str, Any]:
        """Plain values for ``store.json`` and checkpoints; :meth:`from_json` reads them back."""
        return asdict(self) | {"leads": list(self.leads)}

    @classmethod
    def from_json(cls, values: dict[str, Any], *, where: object) -> SignalContract:
        """Read what :meth:`to_json` wrote.

        Raises:
            ContractError: A key is missing or unknown; the message names it and ``where``.
        """
        expected = {f.name for f in fields(cls)}
        if set(values) != expected:
            raise ContractError(
                where,
                expected=f"the contract keys {sorted(expected)}",
                found=f"differing keys {sorted(set(values) ^ expected)}",
                remedy="Ingest or train again with this version, or install the version that wrote it.",
            )
        return cls(**(values | {"leads": tuple(values["leads"])}))

    def require_equal(self, other: SignalContract, *, where: object) -> None:
        """Stop unless ``other`` (found at ``where``) is this very contract.

        Raises:
            ContractError: Naming each field that differs, both values, and what to do.
        """
        ours, theirs = self.to_json(), other.to_json()
        differing = [key for key in ours if ours[key] != theirs[key]]
        if differing:
            raise ContractError(
                where,
                expected=", ".join(f"{key}={ours[key]}" for key in differing),
                found=", ".join(f"{key}={theirs[key]}" for key in differing),
                remedy="Ingest the corpus again with the contract of the weights, or use other weights.",
            )
