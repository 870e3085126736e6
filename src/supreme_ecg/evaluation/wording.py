"""How much the wording of a question matters: AUROC of a paraphrase less that of the preferred name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float, Int, Int8

from supreme_ecg.evaluation.bootstrap import (
    BootstrapDraws,
    Interval,
    bootstrap_auroc,
    percentile_interval,
)
from supreme_ecg.evaluation.metrics import RARE_BELOW, auroc
from supreme_ecg.evaluation.paraphrase import Paraphrase, half_of

TOLERANCE: Final = 0.02
"""A paraphrase whose AUROC is this near to the name's counts as the same question."""
DRAWS: Final = 1000
"""Bootstrap resamples behind every interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhraseScore:
    """One paraphrase against the name of its concept."""

    concept: str
    kind: str
    phrase: str
    """As it was asked for."""
    auroc: float
    """0 to 1."""
    name_auroc: float
    """Of the preferred name, on the same records."""
    difference: float
    """AUROC of the paraphrase less that of the name."""
    ci95: Interval
    """95 % interval of the difference, patients resampled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingSummary:
    """Many paraphrases together."""

    paraphrases: int
    concepts: int
    within: float
    """Share whose difference is within the tolerance, either way."""
    within_ci95: Interval
    """95 % interval of that share, concepts resampled with all their paraphrases."""
    not_worse: float
    """Share that loses no more than the tolerance; a gain of any size counts."""
    mean_difference: float
    mean_difference_ci95: Interval
    """Patients resampled."""
    worst: float
    """The lowest difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingResult:
    """All paraphrases against one kind of truth."""

    truth: str
    """``reports`` or ``scp``."""
    least_positives: int
    excluded_concepts: Mapping[str, int]
    """Concept -> its positives, where these are too few."""
    excluded_paraphrases: int
    """Paraphrases of those concepts."""
    overall: WordingSummary | None
    """None where no concept has enough positives."""
    by_kind: Mapping[str, WordingSummary]
    by_half: Mapping[str, WordingSummary]
    """Development and test half of the concepts."""
    by_concept: Mapping[str, WordingSummary]
    positives: Mapping[str, int]
    """Concept -> records that have it."""
    scores: tuple[PhraseScore, ...]
    """In the order of the paraphrases."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def score_wording(
    paraphrases: Sequence[Paraphrase],
    labels: Int8[np.ndarray, "record concept"],
    *,
    concepts: Sequence[str],
    names: Float[np.ndarray, "record concept"],
    answers: Float[np.ndarray, "record paraphrase"],
    patients: Sequence[str],
    truth: str,
    seed: int = 0,
    draws: int = DRAWS,
) -> WordingResult:
    """Compare paraphrases with names. No model, no file: labels and scores in, numbers out.

    Args:
        paraphrases: In the order of the columns of ``answers``.
        labels: 1 present, 0 not, one column per concept.
        concepts: Concept ids of the columns of ``labels`` and ``names``.
        names: Scores of the preferred names.
        answers: Scores of the paraphrases.
        patients: Patient of each record, the unit of resampling.
        truth: What the labels are from, for the result.
        seed: Seed of the bootstrap.
        draws: Number of resamples.

    Returns:
        A score per paraphrase and summaries; concepts with fewer than ten positives are left out
        and counted.
    """
    column = {concept: index for index, concept in enumerate(concepts)}
    positives = labels.sum(axis=0, dtype=int)
    enough = (positives >= RARE_BELOW) & (len(labels) - positives > 0)
    kept = [i for i, one in enumerate(paraphrases) if enough[column[one.concept]]]
    of_paraphrase = np.array([column[paraphrases[i].concept] for i in kept], dtype=int)
    asked = np.unique(of_paraphrase)
    truths = np.concatenate([labels[:, asked], labels[:, of_paraphrase]], axis=1)
    scores = np.concatenate([names[:, asked], answers[:, kept]], axis=1)
    areas = auroc(truths, scores)
    resampled = bootstrap_auroc(truths, scores, patients, draws=draws, seed=seed)
    place = np.searchsorted(asked, of_paraphrase)
    name_areas = areas[: len(asked)][place]
    joint = _less_names(resampled, names=len(asked), place=place)
    differences = areas[len(asked) :] - name_areas
    phrase_scores = _phrase_scores([paraphrases[i] for i in kept], differences, name_areas, joint)

    def summary(chosen: Bool[np.ndarray, " paraphrase"]) -> WordingSummary:
        return _summary(
            differences[chosen], of_paraphrase[chosen], joint[:, chosen], draws=draws, seed=seed
        )

    kinds = np.array([score.kind for score in phrase_scores])
    halves = np.array([half_of(score.concept) for score in phrase_scores])
    left_out = {
        c: int(positives[column[c]])
        for c in dict.fromkeys(p.concept for p in paraphrases)
        if not enough[column[c]]
    }
    return WordingResult(
        truth=truth,
        least_positives=RARE_BELOW,
        excluded_concepts=left_out,
        excluded_paraphrases=len(paraphrases) - len(kept),
        overall=summary(np.ones(len(kept), dtype=bool)) if kept else None,
        by_kind={kind: summary(kinds == kind) for kind in dict.fromkeys(kinds.tolist())},
        by_half={half: summary(halves == half) for half in dict.fromkeys(halves.tolist())},
        by_concept={concepts[c]: summary(of_paraphrase == c) for c in asked},
        positives={concepts[c]: int(positives[c]) for c in asked},
        scores=phrase_scores,
    )


def _phrase_scores(
    paraphrases: Sequence[Paraphrase],
    differences: Float[np.ndarray, " paraphrase"],
    names: Float[np.ndarray, " paraphrase"],
    joint: Float[np.ndarray, "draw paraphrase"],
) -> tuple[PhraseScore, ...]:
    return tuple(
        PhraseScore(
            concept=one.concept,
            kind=one.kind,
            phrase=one.phrase,
            auroc=float(name + difference),
            name_auroc=float(name),
            difference=float(difference),
            ci95=_interval(draws),
        )
        for one, name, difference, draws in zip(
            paraphrases, names, differences, joint.T, strict=True
        )
    )


def _less_names(
    resampled: BootstrapDraws, *, names: int, place: Int[np.ndarray, " paraphrase"]
) -> Float[np.ndarray, "draw paraphrase"]:
    difference: np.ndarray = resampled.joint[:, names:] - resampled.joint[:, :names][:, place]
    return difference


def _summary(
    differences: Float[np.ndarray, " paraphrase"],
    concepts: Int[np.ndarray, " paraphrase"],
    joint: Float[np.ndarray, "draw paraphrase"],
    *,
    draws: int,
    seed: int,
) -> WordingSummary:
    near = np.abs(differences) <= TOLERANCE
    return WordingSummary(
        paraphrases=len(differences),
        concepts=len(np.unique(concepts)),
        within=float(near.mean()),
        within_ci95=_interval(_share_draws(near, concepts, draws=draws, seed=seed)),
        not_worse=float((differences >= -TOLERANCE).mean()),
        mean_difference=float(differences.mean()),
        mean_difference_ci95=_interval(joint.mean(axis=1)),
        worst=float(differences.min()),
    )


def _share_draws(
    near: Bool[np.ndarray, " paraphrase"],
    concepts: Int[np.ndarray, " paraphrase"],
    *,
    draws: int,
    seed: int,
) -> Float[np.ndarray, " draw"]:
    """Share of near paraphrases when concepts are drawn with replacement, each with all its own."""
    _, place = np.unique(concepts, return_inverse=True)
    counts = np.bincount(place)
    hits = np.bincount(place, weights=near)
    drawn = np.random.default_rng(seed).integers(0, len(counts), (draws, len(counts)))
    shares: np.ndarray = hits[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return shares


def _interval(values: Float[np.ndarray, " draw"]) -> Interval:
    found = percentile_interval(values)
    assert found is not None, "concepts without positives were left out"
    return found
