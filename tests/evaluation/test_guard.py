"""The guard: what was seen in pre-training is found, named, and refused or marked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.guard import Guard
from supreme_ecg.models.training_manifest import TrainingManifest
from supreme_ecg.store.reading import Batch, Store
from supreme_ecg.training.seen_records import make_training_manifest

TRAINED, HELD_OUT = np.arange(20), np.arange(20, 25)
OTHERS = np.arange(30, 50)


@dataclass
class Weights:
    """What a model says of its training."""

    seen: TrainingManifest | None
    manifest: dict[str, Any] = field(default_factory=lambda: {"corpus": "synthetic"})


class Renamed(Store):
    """A store under another name, its recordings changed as a second publisher might."""

    corpus: Any = None
    contract: Any = None
    records: Any = None

    def __init__(self, store: Store, *, corpus: str = "elsewhere", change: bool = True) -> None:
        self.store, self.corpus, self.change = store, corpus, change
        self.contract, self.path, self.records = store.contract, Path("copy"), store.records

    def batch(self, rows: np.ndarray) -> Batch:
        """Leads in reverse, half the gain, the last two seconds lost."""
        batch = self.store.batch(rows)
        if not self.change:
            return batch
        signal = 0.5 * batch.signal[:, ::-1]
        signal[:, :, 800:] = 0
        mask = batch.sample_mask.copy()
        mask[:, 800:] = False
        return replace(batch, signal=signal, sample_mask=mask)


@pytest.fixture(scope="module")
def store(cohort_store: Path) -> Store:
    return Store.open(cohort_store)


@pytest.fixture(scope="module")
def seen(store: Store) -> TrainingManifest:
    return make_training_manifest(store, TRAINED, HELD_OUT)


def test_records_that_were_not_seen_pass(store: Store, seen: TrainingManifest) -> None:
    """Other patients of the same corpus are known by nothing."""
    overlap = Guard(Weights(seen), store).require_unseen(OTHERS)
    assert overlap.to_json()["records_seen_in_pretraining"] == 0
    assert overlap.to_json()["overlap"] == {
        "manifest": True,
        "seen_by": {"record id": 0, "patient id": 0, "fingerprint": 0},
        "seen_in_validation_only": 0,
        "without_fingerprint": overlap.unknowable,
    }


def test_a_seen_record_is_named_with_how_it_is_known(store: Store, seen: TrainingManifest) -> None:
    """Count, way and id of the first are in one error; the held-out twentieth counts as seen."""
    rows = np.array([40, 3, 41, 22])
    ids = store.records["record_id"][[3, 22]]
    with pytest.raises(TaskError) as caught:
        Guard(Weights(seen), store).require_unseen(rows)
    for words in (
        "found 2 of 4 records that they have",
        "2 by record id, 2 by patient id, 2 by fingerprint",
        f"({ids[0]}, {ids[1]})",
        "--allow-seen",
    ):
        assert words in str(caught.value)


def test_allowed_they_are_counted_and_validation_is_told_apart(
    store: Store, seen: TrainingManifest
) -> None:
    """Nothing stops, and the result says how many were only looked at to decide when to stop."""
    overlap = Guard(Weights(seen), store).require_unseen(np.array([40, 3, 22]), allow_seen=True)
    assert overlap.seen.tolist() == [False, True, True]
    assert overlap.to_json()["overlap"]["seen_in_validation_only"] == 1


def test_another_record_of_a_seen_patient_is_seen(store: Store, seen: TrainingManifest) -> None:
    """Neither id nor signal are known, but the patient is."""
    copy = Renamed(store, corpus=store.corpus, change=False)
    patient = store.records["patient_id"][4]
    copy.records = store.records[[40]].with_columns(patient_id=np.array([patient]))
    copy.batch = lambda rows: store.batch(np.array([40]))  # type: ignore[method-assign]
    with pytest.raises(TaskError, match="0 by record id, 1 by patient id, 0 by fingerprint"):
        Guard(Weights(seen), copy).require_unseen(np.array([0]))


def test_a_planted_copy_in_another_corpus_is_seen(store: Store, seen: TrainingManifest) -> None:
    """Other corpus, gain, lead order and length: known by the fingerprint, and by nothing else."""
    rows = np.array([40, 3, 41, 9])
    overlap = Guard(Weights(seen), Renamed(store)).overlap(rows)
    found = {way: known.tolist() for way, known in overlap.ways.items()}
    nothing = [False] * 4
    assert found["record id"] == found["patient id"] == nothing
    assert found["fingerprint"] == [False, True, False, True]


def test_without_a_manifest_corpus_and_folds_are_all_that_is_known(store: Store) -> None:
    """Folds trained on are refused, and the result says that no more was looked at."""
    folds = sorted(set(store.records["fold"]))
    model = Weights(None, {"corpus": store.corpus, "folds": folds[:1]})
    trained = (store.records["fold"] == folds[0]).to_numpy()
    guard = Guard(model, store)
    with pytest.raises(TaskError, match=f"{trained.sum()} by fold"):
        guard.require_unseen(np.arange(len(store)))
    overlap = guard.require_unseen(np.flatnonzero(~trained))
    assert not overlap.to_json()["overlap"]["manifest"]
    assert not Guard(model, Renamed(store)).overlap(np.arange(5)).seen.any()


def test_a_record_is_looked_at_once(store: Store, seen: TrainingManifest) -> None:
    """Four tasks of one store do not take the same fingerprints four times."""
    copy, asked = Renamed(store, change=False), []
    copy.batch = lambda rows: asked.extend(rows) or store.batch(rows)  # type: ignore
    guard = Guard(Weights(seen), copy)
    for rows in (OTHERS, OTHERS[5:], np.arange(28, 40)):
        guard.overlap(rows)
    assert sorted(asked) == list(range(28, 50))


def test_weights_of_several_corpora_are_known_by_each(store: Store) -> None:
    """Outside models name the corpora they were trained on, and no record."""
    model = Weights(seen=None, manifest={"corpora": ["mimic_iv_ecg", "synthetic"]})
    overlap = Guard(model, store).overlap(OTHERS)
    assert overlap.seen.all()
    assert not overlap.checked
    other = Weights(seen=None, manifest={"corpora": ["mimic_iv_ecg"]})
    assert not Guard(other, store).overlap(OTHERS).seen.any()
