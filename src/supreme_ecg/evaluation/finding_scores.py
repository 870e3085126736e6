"""Precision, recall and F1 of findings against gold statements, with bootstrap intervals.

A finding is right if concept and assertion are those of the gold. A draw resamples statements with
replacement. The interval of one concept resamples only the statements in which it occurs (in the gold
or among the findings): the others do not enter its score, and so it never vanishes from a draw. The
macro average resamples all statements at once; where a draw has lost a concept, its value drawn apart
stands in, as in :mod:`supreme_ecg.evaluation.bootstrap`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from jaxtyping import Float64, Integer

from supreme_ecg.evaluation.bootstrap import Interval, percentile_interval
from supreme_ecg.evaluation.gold import ASSERTIONS, ReadStatement, Said

DRAWS: Final = 1000
"""Bootstrap resamples behind every interval."""

Counts = Integer[np.ndarray, "statement 3"]
"""Findings of the gold, of the extractor, and of both, for each statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingScore:
    """Agreement on some of the findings."""

    name: str
    """Concept, assertion, language, or what else is counted together."""
    gold: int
    """Findings that the gold has."""
    found: int
    """Findings that the extractor has."""
    both: int
    """Findings that both have."""
    precision_ci95: Interval | None
    """95 % bootstrap interval; None where it is undefined, if only in a draw."""
    recall_ci95: Interval | None
    """As for the precision."""
    f1_ci95: Interval | None
    """As for the precision."""

    @property
    def precision(self) -> float | None:
        """Share of the found that the gold has; None where nothing is found."""
        return self.both / self.found if self.found else None

    @property
    def recall(self) -> float | None:
        """Share of the gold that is found; None where the gold has none."""
        return self.both / self.gold if self.gold else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None where neither side has any."""
        total = self.gold + self.found
        return 2 * self.both / total if total else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroF1:
    """Mean F1 over the concepts that the gold has, each counting the same."""

    concepts: int
    """How many concepts."""
    f1: float | None
    """None where the gold has no finding at all."""
    ci95: Interval | None
    """95 % bootstrap interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingScores:
    """How well an extractor reads the gold statements."""

    statements: int
    """Statements scored: all of the gold."""
    right: int
    """Statements read wholly right: every finding, and none besides."""
    not_seen: tuple[str, ...]
    """Statements of the gold that the extractor's table does not have; their findings are missed."""
    micro: FindingScore
    """All findings together; concept and assertion must both be right."""
    concepts_alone: FindingScore
    """All findings together, whatever their assertion."""
    macro: MacroF1
    """Mean over concepts; concept and assertion must both be right."""
    by_assertion: tuple[FindingScore, ...]
    """Each assertion."""
    by_language: tuple[FindingScore, ...]
    """Each language that the gold names."""
    by_concept: tuple[FindingScore, ...]
    """Each concept of the gold or the findings, commonest in the gold first."""


def score_statements(
    statements: Sequence[ReadStatement], *, draws: int = DRAWS, seed: int = 0
) -> FindingScores:
    """Score an extractor.

    Args:
        statements: Gold statements with what was found in them, at least one.
        draws: Number of resamples, above 0.
        seed: Seed of the resampling. The result does not depend on the order of statements'
            findings, but on the order of the statements.

    Returns:
        Scores with 95 % intervals.
    """

    def together(name: str, chosen: Iterable[ReadStatement]) -> FindingScore:
        counts = np.array([_count(each.gold.said, each.found) for each in chosen])
        return _score(name, counts, draws, seed)

    languages = sorted({each.gold.language for each in statements} - {""})
    by_concept, macro = _score_concepts(statements, draws, seed)
    return FindingScores(
        statements=len(statements),
        right=sum(each.right for each in statements),
        not_seen=tuple(each.gold.text for each in statements if not each.seen),
        micro=together("micro", statements),
        concepts_alone=_score("concepts alone", _concept_counts(statements), draws, seed),
        macro=macro,
        by_assertion=tuple(
            _score(name, _class_counts(statements, lambda said: said.assertion, name), draws, seed)
            for name in ASSERTIONS
        ),
        by_language=tuple(
            together(name, (each for each in statements if each.gold.language == name))
            for name in languages
        ),
        by_concept=by_concept,
    )


def f1_gain(
    first: Sequence[ReadStatement],
    second: Sequence[ReadStatement],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[float, Interval | None]:
    """Micro-F1 of one extractor less that of another, both resampled alike.

    Args:
        first: Gold statements with what the first found.
        second: The same statements in the same order, with what the second found.
        draws: Number of resamples.
        seed: Seed of the resampling.

    Returns:
        The gain and its 95 % interval; None where an F1 is undefined in a draw.
    """
    counts = [np.array([_count(s.gold.said, s.found) for s in each]) for each in (first, second)]
    weights = np.ones((1, len(first)), dtype=np.int64)
    gain = np.subtract(*(_f1(_totals(weights, each)) for each in counts))
    drawn = [_f1(_resampled(each, draws, seed)) for each in counts]
    return float(np.nan_to_num(gain[0])), percentile_interval(drawn[0] - drawn[1])


def _count(gold: frozenset[Said], found: frozenset[Said]) -> tuple[int, int, int]:
    return len(gold), len(found), len(gold & found)


def _concept_counts(statements: Iterable[ReadStatement]) -> Counts:
    rows = []
    for each in statements:
        gold = {said.concept for said in each.gold.said}
        found = {said.concept for said in each.found}
        rows.append((len(gold), len(found), len(gold & found)))
    return np.array(rows)


def _class_counts(
    statements: Iterable[ReadStatement], key: Callable[[Said], str], name: str
) -> Counts:
    """Counts of one class in the statements where it occurs; one empty row where it never does."""
    rows = []
    for each in statements:
        gold = frozenset(said for said in each.gold.said if key(said) == name)
        found = frozenset(said for said in each.found if key(said) == name)
        if gold or found:
            rows.append(_count(gold, found))
    return np.array(rows or [(0, 0, 0)])


def _score_concepts(
    statements: Sequence[ReadStatement], draws: int, seed: int
) -> tuple[tuple[FindingScore, ...], MacroF1]:
    places: dict[str, list[int]] = {}
    for place, each in enumerate(statements):
        for concept in {said.concept for said in each.gold.said | each.found}:
            places.setdefault(concept, []).append(place)
    in_gold = Counter(said.concept for each in statements for said in each.gold.said)
    weights = _weights(len(statements), draws, seed)
    scores, apart, joint = [], [], []
    for concept in sorted(places, key=lambda name: (-in_gold[name], name)):
        own = [statements[place] for place in places[concept]]
        counts = _class_counts(own, lambda said: said.concept, concept)
        scores.append(_score(concept, counts, draws, seed))
        if in_gold[concept]:
            apart.append(_f1(_resampled(counts, draws, seed)))
            joint.append(_f1(_totals(weights[:, places[concept]], counts)))
    if not joint:
        return tuple(scores), MacroF1(concepts=0, f1=None, ci95=None)
    drawn = np.where(np.isnan(joint), apart, joint).mean(axis=0)
    values = [score.f1 or 0.0 for score in scores if score.gold]
    macro = MacroF1(concepts=len(joint), f1=float(np.mean(values)), ci95=percentile_interval(drawn))
    return tuple(scores), macro


def _score(name: str, counts: Counts, draws: int, seed: int) -> FindingScore:
    gold, found, both = (int(total) for total in counts.sum(axis=0))
    totals = _resampled(counts, draws, seed)
    with np.errstate(invalid="ignore"):
        precision, recall = totals[:, 2] / totals[:, 1], totals[:, 2] / totals[:, 0]
    return FindingScore(
        name=name,
        gold=gold,
        found=found,
        both=both,
        precision_ci95=percentile_interval(precision),
        recall_ci95=percentile_interval(recall),
        f1_ci95=percentile_interval(_f1(totals)),
    )


def _weights(statements: int, draws: int, seed: int) -> Integer[np.ndarray, "draw statement"]:
    """How often each statement comes up in each draw of as many statements as there are."""
    rng = np.random.default_rng([seed, statements])
    return rng.multinomial(statements, np.full(statements, 1 / statements), size=draws)


def _resampled(counts: Counts, draws: int, seed: int) -> Integer[np.ndarray, "draw 3"]:
    return _totals(_weights(len(counts), draws, seed), counts)


def _totals(
    weights: Integer[np.ndarray, "draw statement"], counts: Counts
) -> Integer[np.ndarray, "draw 3"]:
    return np.asarray(weights @ counts)


def _f1(totals: Integer[np.ndarray, "draw 3"]) -> Float64[np.ndarray, " draw"]:
    """F1 of each draw; NaN where neither side has a finding in it."""
    with np.errstate(invalid="ignore"):
        return np.asarray(2 * totals[:, 2] / (totals[:, 0] + totals[:, 1]))
