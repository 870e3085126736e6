"""The guard: no record that weights have seen is scored as if they had not.

Three ways of knowing one: its record id and its patient id, within a corpus, and its fingerprint, across
corpora and copies. Weights without a training manifest are known by corpus and folds alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from jaxtyping import Bool, Integer

from supreme_ecg.errors import TaskError
from supreme_ecg.models.training_manifest import TrainingManifest, hash_ids
from supreme_ecg.preprocessing.fingerprint import Fingerprints
from supreme_ecg.preprocessing.same_recording import find_same
from supreme_ecg.store.reading import Store
from supreme_ecg.training.seen_records import fingerprints_of

NO_MANIFEST: Final = "no manifest: overlap cannot be checked"
"""What is said of weights that do not list the records they have seen."""
OPTIONS: Final = "--folds, or mark the result as seen with --allow-seen"
"""How most commands choose other records."""
_NAMED: Final = 5
"""Record ids that an error names."""


class Trained(Protocol):
    """A model that says what it was trained on."""

    manifest: dict[str, Any]
    """In plain values; ``corpus`` (or several ``corpora``) and ``folds`` are read here."""
    seen: TrainingManifest | None
    """Record by record; None where that is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Which of the records to be scored weights have seen."""

    ways: Mapping[str, Bool[np.ndarray, " record"]]
    """Way of knowing -> the records known by it. The same keys whatever is found."""
    validation_only: Bool[np.ndarray, " record"]
    """Seen, but only to decide when to stop."""
    unknowable: int
    """Records without a fingerprint; 0 where none was taken."""
    checked: bool
    """Whether the weights list what they have seen."""

    @property
    def seen(self) -> Bool[np.ndarray, " record"]:
        """True where a record is known in any way."""
        return np.asarray(np.any(list(self.ways.values()), axis=0))

    def to_json(self) -> dict[str, Any]:
        """Plain values for the ``run`` of a result: counts alone."""
        return {
            "records_seen_in_pretraining": int(self.seen.sum()),
            "overlap": {
                "manifest": self.checked,
                "seen_by": {way: int(found.sum()) for way, found in self.ways.items()},
                "seen_in_validation_only": int(self.validation_only.sum()),
                "without_fingerprint": self.unknowable,
            },
        }


def trained_corpora(manifest: Mapping[str, Any]) -> frozenset[str]:
    """Names of the corpora that a model was trained on, as far as it says.

    Args:
        manifest: Of the model: one ``corpus``, or several ``corpora``.
    """
    return frozenset(filter(None, (manifest.get("corpus"), *manifest.get("corpora", ()))))


class Guard:
    """Compares the records of a store with those that weights have seen; each row once.

    Args:
        model: Says what it has seen.
        store: Whose records are to be scored.
        options: How a user chooses other records, for the error.
    """

    def __init__(self, model: Trained, store: Store, *, options: str = OPTIONS) -> None:
        self.model, self.store, self.options = model, store, options
        self._taken: dict[int, Fingerprints] = {}

    def overlap(self, rows: Integer[np.ndarray, " record"]) -> Overlap:
        """Find what was seen.

        Args:
            rows: Rows of the store.
        """
        if self.model.seen is None:
            none = np.zeros(len(rows), dtype=bool)
            folds = {"fold": self._in_folds(rows)}
            return Overlap(ways=folds, validation_only=none, unknowable=0, checked=False)
        known = self._known(rows)
        held_out = self.model.seen.held_out
        learnt = np.zeros(len(rows), dtype=bool)
        ways = {}
        for way, pairs in known.items():
            ways[way] = np.zeros(len(rows), dtype=bool)
            ways[way][pairs[:, 0]] = True
            learnt[pairs[~held_out[pairs[:, 1]], 0]] = True
        seen = np.any(list(ways.values()), axis=0)
        return Overlap(
            ways=ways,
            validation_only=seen & ~learnt,
            unknowable=int((self._fingerprints(rows).counts == 0).sum()),
            checked=True,
        )

    def require_unseen(
        self,
        rows: Integer[np.ndarray, " record"],
        *,
        allow_seen: bool = False,
    ) -> Overlap:
        """Stop if any of these records was seen.

        Args:
            rows: Rows of the store.
            allow_seen: Do not stop.

        Raises:
            TaskError: Saying how many were seen, how that is known, and which they are.
        """
        overlap = self.overlap(rows)
        if not overlap.seen.any() or allow_seen:
            return overlap
        by = ", ".join(f"{int(found.sum())} by {way}" for way, found in overlap.ways.items())
        ids = self.store.records["record_id"].gather(rows[overlap.seen])
        first = ", ".join(ids[:_NAMED]) + (", ..." if len(ids) > _NAMED else "")
        folds = list(self.model.manifest.get("folds") or ())
        others = f"other folds than {folds}" if folds else "other records"
        raise TaskError(
            self.store.path,
            expected="records that the weights have not seen in pre-training",
            found=f"{len(ids)} of {len(rows)} records that they have: {by} ({first})",
            remedy=f"Choose {others} with {self.options}.",
        )

    def _in_folds(self, rows: Integer[np.ndarray, " record"]) -> Bool[np.ndarray, " record"]:
        """Records of the corpus and folds trained on; of the whole corpus where no folds are named."""
        if self.store.corpus not in trained_corpora(self.model.manifest):
            return np.zeros(len(rows), dtype=bool)
        folds = list(self.model.manifest.get("folds") or ())
        if not folds:
            return np.ones(len(rows), dtype=bool)
        column = self.store.records["fold"].gather(rows)
        return column.is_in(folds).fill_null(value=False).to_numpy()

    def _known(
        self, rows: Integer[np.ndarray, " record"]
    ) -> dict[str, Integer[np.ndarray, "pair 2"]]:
        """Way -> pairs of a place in ``rows`` and a place in the manifest."""
        assert self.model.seen is not None
        manifest, records = self.model.seen, self.store.records
        same = find_same(self._fingerprints(rows), manifest.fingerprints)
        pairs = {}
        for way, column, hashes in (
            ("record id", "record_id", manifest.records),
            ("patient id", "patient_id", manifest.patients),
        ):
            here: Sequence[str] = records[column].gather(rows).to_list()
            if self.store.corpus != manifest.corpus:
                here = []
            pairs[way] = _equal(hash_ids(here, salt=manifest.salt), hashes)
        pairs["fingerprint"] = np.stack([same.queries, same.known], axis=1)
        return pairs

    def _fingerprints(self, rows: Integer[np.ndarray, " record"]) -> Fingerprints:
        missing = [row for row in rows.tolist() if row not in self._taken]
        taken = fingerprints_of(self.store, np.array(missing, dtype=np.int64))
        self._taken.update(zip(missing, taken.each(), strict=True))
        return Fingerprints.join([self._taken[row] for row in rows.tolist()])


def _equal(
    here: Integer[np.ndarray, " record"], known: Integer[np.ndarray, " other"]
) -> Integer[np.ndarray, "pair 2"]:
    """Every pair of places with equal values."""
    order = np.argsort(known, kind="stable")
    first, last = (np.searchsorted(known[order], here, side) for side in ("left", "right"))
    pairs = [
        (place, order[at])
        for place, (begin, end) in enumerate(zip(first, last, strict=True))
        for at in range(begin, end)
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
