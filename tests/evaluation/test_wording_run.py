"""Wording of a model on a store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.paraphrase import Paraphrase
from supreme_ecg.evaluation.wording_run import READINGS, run_wording
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.reading import Store

PARAPHRASES = (
    Paraphrase(concept="sinus_rhythm", kind="lay", phrase="the heart beats in its natural rhythm"),
    Paraphrase(concept="sinus_rhythm", kind="signs_of", phrase="is this sinus rhythm"),
    Paraphrase(concept="asystole", kind="lay", phrase="no heartbeat at all"),
)


@dataclass
class OddModel:
    """Answers each query by the power of the signal, with the sign turned for longer queries."""

    manifest: dict[str, Any] = field(default_factory=dict)
    seen: None = None
    contract: SignalContract = field(default_factory=SignalContract)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def logits(
        self,
        signal: np.ndarray,
        lead_mask: np.ndarray,
        sample_mask: np.ndarray,
        queries: Sequence[str],
    ) -> np.ndarray:
        """Logits that differ from query to query only in sign."""
        self.asked.append(tuple(queries))
        power = (signal**2).mean(axis=(1, 2))
        sign = np.array([1.0 if len(query) < 15 else -1.0 for query in queries])
        return np.asarray(power[:, None] * sign, dtype=np.float32)


@pytest.fixture
def store(cohort_store: Path) -> Store:
    return Store.open(cohort_store)


def test_every_record_is_asked_once_with_all_words(store: Store) -> None:
    """Names stand first, then paraphrases, in one call for each batch."""
    model = OddModel()
    wording = run_wording(model, store, PARAPHRASES, draws=20)
    expected = ("sinus rhythm", "asystole", *(each.phrase for each in PARAPHRASES))
    assert set(model.asked) == {expected}
    assert wording.run["records"] == len(store.records)
    lay, framed = wording.reports.scores
    assert lay.auroc == pytest.approx(1 - lay.name_auroc)  # turned by its length
    assert framed.auroc == pytest.approx(1 - framed.name_auroc)
    assert set(wording.reports.excluded_concepts) == {"asystole"}
    assert wording.to_json()["run"]["folds"] is None


def test_a_resolved_question_is_asked_by_its_name(store: Store) -> None:
    """What is resolved to the name has no difference; what would be refused is counted."""
    answers = {PARAPHRASES[0].phrase: "sinus rhythm", PARAPHRASES[1].phrase: None}
    wording = run_wording(
        OddModel(),
        store,
        PARAPHRASES[:2],
        resolve=answers.__getitem__,
        draws=20,
    )
    first, second = wording.reports.scores
    assert first.difference == 0
    assert second.auroc == 0.5
    assert {kind: +Counter(read) for kind, read in wording.run["read"].items()} == {
        "lay": {"its concept": 1},
        "signs_of": {"refused": 1},
    }
    assert first.phrase == PARAPHRASES[0].phrase


def test_it_is_counted_what_paraphrases_are_read_as(store: Store) -> None:
    """Their concept, one above or below it, another one, or nothing in the table."""
    phrases = [
        Paraphrase(concept="bradycardia", kind="lay", phrase=phrase)
        for phrase in ("bradycardia", "sinus bradycardia", "asystole", "epsilon wave")
    ]
    wording = run_wording(OddModel(), store, phrases, resolve=str, draws=20)
    assert wording.run["read"] == {"lay": dict.fromkeys(READINGS, 1) | {"refused": 0}}


def test_records_of_pretraining_are_refused_unless_allowed(store: Store) -> None:
    """As for zero-shot scores."""
    model = OddModel(manifest={"corpus": store.corpus})
    with pytest.raises(TaskError, match="not seen in pre-training"):
        run_wording(model, store, PARAPHRASES, draws=20)
    wording = run_wording(model, store, PARAPHRASES, draws=20, allow_seen=True)
    assert wording.run["records_seen_in_pretraining"] == len(store.records)


def test_no_paraphrase_is_refused(store: Store) -> None:
    """There is nothing to compare."""
    with pytest.raises(TaskError, match="at least one"):
        run_wording(OddModel(), store, ())
