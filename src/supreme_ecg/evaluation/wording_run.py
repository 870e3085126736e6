"""Weights and a store -> wording scores: one pass of the model for all names and paraphrases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int8, Integer

from supreme_ecg.concepts.labels import label_matrix
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.asking import BATCH
from supreme_ecg.evaluation.guard import Guard
from supreme_ecg.evaluation.paraphrase import Paraphrase
from supreme_ecg.evaluation.wording import DRAWS, TOLERANCE, WordingResult, score_wording
from supreme_ecg.evaluation.zero_shot_plan import rows_of
from supreme_ecg.models.training_manifest import TrainingManifest
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.reading import Store

READINGS: Final = ("its concept", "one above or below", "another concept", "own words", "refused")
"""What a paraphrase can be read as."""


@runtime_checkable
class RanksAnswers(Protocol):
    """A model that answers text queries about windows with uncalibrated logits."""

    @property
    def contract(self) -> SignalContract:
        """What its windows are."""

    manifest: dict[str, Any]
    """What it was trained on; ``corpus`` and ``folds`` are read here."""
    seen: TrainingManifest | None
    """Which records it has seen."""

    def logits(
        self,
        signal: Float[np.ndarray, "batch lead time"],
        lead_mask: Bool[np.ndarray, "batch lead"],
        sample_mask: Bool[np.ndarray, "batch time"],
        queries: Sequence[str],
    ) -> Float[np.ndarray, "batch query"]:
        """Logit of every query for every window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Paraphrases against reports and against codes."""

    reports: WordingResult
    """Labels made from the findings of the reports; doubt counts as present."""
    scp: WordingResult | None
    """Labels made from the SCP codes of a concept and of those below it; None without codes."""
    run: Mapping[str, Any]
    """How it was made."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "run": dict(self.run),
            "reports": self.reports.to_json(),
            "scp": None if self.scp is None else self.scp.to_json(),
        }


def run_wording(
    model: RanksAnswers,
    store: Store,
    paraphrases: Sequence[Paraphrase],
    *,
    folds: Sequence[int] | None = None,
    allow_seen: bool = False,
    resolve: Callable[[str], str | None] | None = None,
    seed: int = 0,
    draws: int = DRAWS,
    advance: Callable[[int], None] = lambda _: None,
) -> Wording:
    """Ask the model every name and every paraphrase about every record, and compare.

    Args:
        model: Trained.
        store: Windows, findings and codes.
        paraphrases: What to ask beside the names of their concepts.
        folds: Folds of the corpus to score; every record where None.
        allow_seen: Score records seen in pre-training too.
        resolve: Question -> the words that are asked instead, None for a question that is refused: it has
            no answer, and so tells no record from another (AUROC 0.5). Every paraphrase is asked as it is
            where None.
        seed: Seed of the bootstrap.
        draws: Resamples.
        advance: Called with the number of records after each batch.

    Raises:
        ContractError: The store was made under another contract than the weights.
        StoreError: The store has no findings.
        TaskError: A fold is not in the store, or records were seen in pre-training.
    """
    model.contract.require_equal(store.contract, where=store.path)
    rows = rows_of(store, folds)
    overlap = Guard(model, store).require_unseen(rows, allow_seen=allow_seen)
    _require_some(paraphrases)
    table = ConceptTable.load()
    concepts = tuple(dict.fromkeys(paraphrase.concept for paraphrase in paraphrases))
    names = [table[concept].name for concept in concepts]
    resolved = [resolve(one.phrase) if resolve else one.phrase for one in paraphrases]
    asked = [text or one.phrase for text, one in zip(resolved, paraphrases, strict=True)]
    scores = _logits(model, store, rows, [*names, *asked], advance)
    scores[:, len(names) :][:, [text is None for text in resolved]] = 0.0
    patients = store.records["patient_id"].gather(rows).to_list()

    def compared(labels: np.ndarray, kept: Sequence[str], truth: str) -> WordingResult:
        chosen = [i for i, one in enumerate(paraphrases) if one.concept in kept]
        columns = [i for i, concept in enumerate(concepts) if concept in kept]
        return score_wording(
            [paraphrases[i] for i in chosen],
            labels,
            concepts=[concepts[i] for i in columns],
            names=scores[:, columns],
            answers=scores[:, [len(concepts) + i for i in chosen]],
            patients=patients,
            truth=truth,
            seed=seed,
            draws=draws,
        )

    codes = {concept: found for concept in concepts if (found := _codes(table, concept))}
    by_code = _coded(store, rows, list(codes.values()))
    return Wording(
        reports=compared(_said(store, rows, concepts, table), concepts, "reports"),
        scp=compared(by_code, list(codes), "scp") if by_code.any() else None,
        run={
            "corpus": store.corpus,
            "folds": None if folds is None else sorted(set(folds)),
            "records": len(rows),
            **overlap.to_json(),
            "patients": len(set(patients)),
            "paraphrases": len(paraphrases),
            "concepts": len(concepts),
            "tolerance": TOLERANCE,
            "read": _readings(paraphrases, resolved, table) if resolve else None,
            "seed": seed,
            "draws": draws,
            "package_version": version("supreme-ecg"),
        },
    )


def _require_some(paraphrases: Sequence[Paraphrase]) -> None:
    if not len(paraphrases):
        raise TaskError(
            "paraphrases",
            expected="at least one",
            found="none",
            remedy="Give a file with some, or use the package's own.",
        )


def _readings(
    paraphrases: Sequence[Paraphrase], resolved: Sequence[str | None], table: ConceptTable
) -> dict[str, dict[str, int]]:
    """Kind of paraphrase -> how many were read as what."""
    counts: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(READINGS, 0))
    for one, words in zip(paraphrases, resolved, strict=True):
        counts[one.kind][_reading(one.concept, words, table)] += 1
    return dict(counts)


def _reading(concept: str, words: str | None, table: ConceptTable) -> str:
    if words is None:
        return "refused"
    found = table.find(words)
    if found is None:
        return "own words"
    if found.id == concept:
        return "its concept"
    kin = table.ancestors(concept) | table.descendants(concept)
    return "one above or below" if found.id in kin else "another concept"


def _logits(
    model: RanksAnswers,
    store: Store,
    rows: Integer[np.ndarray, " record"],
    queries: Sequence[str],
    advance: Callable[[int], None],
) -> Float[np.ndarray, "record query"]:
    parts = []
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        batch = store.batch(some)
        parts.append(model.logits(batch.signal, batch.lead_mask, batch.sample_mask, queries))
        advance(len(some))
    return np.concatenate(parts)


def _said(
    store: Store,
    rows: Integer[np.ndarray, " record"],
    concepts: Sequence[str],
    table: ConceptTable,
) -> Int8[np.ndarray, "record concept"]:
    return label_matrix(
        store.findings(),
        record_ids=store.records["record_id"].gather(rows).to_list(),
        concepts=concepts,
        table=table,
        uncertain="positive",
    )


def _codes(table: ConceptTable, concept: str) -> frozenset[str]:
    """SCP codes that say a concept: its own and those of all that implies it; none without its own."""
    if not table[concept].scp:
        return frozenset()
    below = (table[each].scp for each in table.descendants(concept))
    return frozenset(table[concept].scp).union(*below)


def _coded(
    store: Store, rows: Integer[np.ndarray, " record"], codes: Sequence[frozenset[str]]
) -> Int8[np.ndarray, "record concept"]:
    given = [frozenset(of_one) for of_one in store.records["codes"].gather(rows).to_list()]
    return np.array(
        [[not wanted.isdisjoint(of_one) for wanted in codes] for of_one in given], dtype=np.int8
    ).reshape(len(rows), len(codes))
