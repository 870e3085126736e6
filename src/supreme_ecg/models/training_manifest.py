"""Which records weights have seen: hashes of their ids, and their fingerprints, beside the weights.

No id, report or sample is in it. What it still tells, and to whom: ``docs/guard.md``.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from jaxtyping import Bool, Int16, UInt64
from safetensors import SafetensorError
from safetensors.numpy import load, save

from supreme_ecg.errors import WeightsError
from supreme_ecg.preprocessing.fingerprint import VERSION, Fingerprints

FILE: Final = "training_manifest.safetensors.xz"
KEY: Final = "training_manifest_sha256"
"""Of ``model.json``: the checksum of the file; absent where there is none."""
NO_FOLD: Final = -1
"""Fold of a record whose corpus has none."""
_FORMAT: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingManifest:
    """The records that weights have seen, trained on and held out to decide when to stop."""

    corpus: str
    """Name of the corpus."""
    salt: str
    """What ids are hashed with; it follows from the records, and is no secret."""
    records: UInt64[np.ndarray, " record"]
    """Hash of each record id."""
    patients: UInt64[np.ndarray, " record"]
    """Hash of each record's patient id."""
    folds: Int16[np.ndarray, " record"]
    """Fold of each record, :data:`NO_FOLD` where the corpus has none."""
    held_out: Bool[np.ndarray, " record"]
    """True for the validation records: seen, but not learnt from."""
    fingerprints: Fingerprints
    """What each recording can be known by."""

    def __len__(self) -> int:
        return len(self.records)

    def to_bytes(self) -> bytes:
        """The file; :meth:`from_bytes` reads it back. The same bytes for the same records."""
        tensors = {
            "records": self.records,
            "patients": self.patients,
            "folds": self.folds,
            "held_out": self.held_out,
            "shapes": self.fingerprints.shapes,
            "counts": self.fingerprints.counts,
            "intervals_ms": self.fingerprints.intervals_ms,
        }
        about = {
            "format": _FORMAT,
            "fingerprint": VERSION,
            "corpus": self.corpus,
            "salt": self.salt,
        }
        words = json.dumps(about, sort_keys=True).encode()
        return lzma.compress(save({**tensors, "about": np.frombuffer(words, np.uint8)}))

    @classmethod
    def read(cls, folder: Path, *, sha256: str) -> TrainingManifest:
        """Read the manifest that lies beside weights.

        Args:
            folder: Of the weights; the file must be there.
            sha256: Its checksum as ``model.json`` has it.

        Raises:
            WeightsError: Other bytes than were written, or of another version.
        """
        path = folder / FILE
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise WeightsError(
                path,
                expected=f"SHA-256 {sha256[:12]}...",
                found="other bytes",
                remedy="The training manifest is damaged or of other weights: copy it again, or make it "
                "again with `supreme manifest`.",
            )
        try:
            tensors = load(lzma.decompress(content))
            about = json.loads(tensors.pop("about").tobytes())
            if (about["format"], about["fingerprint"]) != (_FORMAT, VERSION):
                raise ValueError("of another version")
            fingerprints = Fingerprints(
                **{name: tensors.pop(name) for name in ("shapes", "counts", "intervals_ms")}
            )
            return cls(
                corpus=about["corpus"], salt=about["salt"], fingerprints=fingerprints, **tensors
            )
        except (lzma.LZMAError, SafetensorError, KeyError, ValueError, TypeError) as error:
            raise WeightsError(
                path,
                expected=f"a training manifest of format {_FORMAT} with fingerprints {VERSION}",
                found=f"something else ({type(error).__name__})",
                remedy="Make it again with `supreme manifest` of this version.",
            ) from error


def hash_ids(ids: Sequence[str], *, salt: str) -> UInt64[np.ndarray, " id"]:
    """Hash ids, so that equal ones can be found without being told.

    Args:
        ids: Of records or patients.
        salt: Other salts give other hashes.
    """
    key = salt.encode()
    digests = b"".join(
        hashlib.blake2b(one.encode(), key=key, digest_size=8).digest() for one in ids
    )
    return np.frombuffer(digests, ">u8").astype(np.uint64)


def store_training_manifest(folder: Path, manifest: TrainingManifest) -> int:
    """Put a manifest beside weights, in place of any other; the weights stay as they are.

    Args:
        folder: A checkpoint that can be read.
        manifest: Of these weights.

    Returns:
        Bytes of the file.
    """
    content = manifest.to_bytes()
    description = folder / "model.json"
    values = json.loads(description.read_text()) | {KEY: hashlib.sha256(content).hexdigest()}
    _replace(folder / FILE, content)
    _replace(description, (json.dumps(values, indent=1) + "\n").encode())
    return len(content)


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}")
    partial.write_bytes(content)
    os.replace(partial, path)
