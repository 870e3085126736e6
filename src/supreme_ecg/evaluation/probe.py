"""Frozen embeddings and labels -> scores of probes, at several amounts of labels.

Five lines probe any encoder::

    encoder = MyEncoder()                       # contract, weights_sha256, manifest, seen, embed(...)
    store = Store.open("stores/ptb_xl")
    plan = plan_probe(encoder, store, Task.load("ptb_xl_superclass"), part="validation")
    result = run_probe(plan, embed_stores(encoder, [plan]), weights="mine")
    print(result.to_json())
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32
from sklearn.preprocessing import StandardScaler

from supreme_ecg.evaluation.embedding_cache import Embeddings, embed_store
from supreme_ecg.evaluation.label_draws import Amounts
from supreme_ecg.evaluation.probe_methods import METHODS, Examples, Method
from supreme_ecg.evaluation.probe_plan import ProbePlan
from supreme_ecg.evaluation.probe_result import ProbeResult, ProbeScore, score_draws
from supreme_ecg.models.ecg_encoder import EcgEncoder
from supreme_ecg.store.reading import Store


@dataclass(frozen=True, slots=True)
class Features:
    """Standardised features of the three parts of a plan."""

    train: Float32[np.ndarray, "train width"]
    choice: Float32[np.ndarray, "choice width"]
    scored: Float32[np.ndarray, "scored width"]

    @classmethod
    def of(cls, plan: ProbePlan, embeddings: Mapping[Path, Embeddings]) -> Features:
        """Standardise by the whole training part: that takes no label.

        Args:
            plan: Which records.
            embeddings: Path of each store -> its embeddings.
        """
        parts = (plan.train, plan.choice, plan.scored)
        vectors = [embeddings[part.store.path].vectors[part.rows] for part in parts]
        scaler = StandardScaler().fit(vectors[0])
        return cls(*(scaler.transform(each).astype(np.float32) for each in vectors))


def stores_of(plans: Sequence[ProbePlan]) -> list[Store]:
    """Stores that plans learn from or score, each once."""
    parts = [part for plan in plans for part in (plan.train, plan.scored)]
    return list({part.store.path: part.store for part in parts}.values())


def embed_stores(
    encoder: EcgEncoder,
    plans: Sequence[ProbePlan],
    *,
    cache: Path | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> dict[Path, Embeddings]:
    """Embed the stores of some plans, each once; arguments and errors as of ``embed_store``.

    Returns:
        Path of each store -> its embeddings.
    """
    return {
        store.path: embed_store(encoder, store, cache=cache, advance=advance)
        for store in stores_of(plans)
    }


def run_probe(
    plan: ProbePlan,
    embeddings: Mapping[Path, Embeddings],
    *,
    weights: str,
    methods: Sequence[Method] = ("logistic_regression",),
    amounts: Amounts = Amounts(),  # noqa: B008  frozen
    advance: Callable[[], None] = lambda: None,
) -> ProbeResult:
    """Learn, choose and score.

    Args:
        plan: Which records, with which labels.
        embeddings: As :func:`embed_stores` gives them.
        weights: Name of the encoder for the result.
        methods: Ways to probe.
        amounts: Of labels.
        advance: Called after each draw of each method (``len(amounts)`` draws for each).
    """
    features = Features.of(plan, embeddings)
    choice = Examples(features.choice, plan.choice.labels)
    truth = plan.scored.labels.astype(np.int8)
    scores: list[ProbeScore] = []
    for amount, drawn in amounts.draw(plan.train.labels.astype(np.int8), plan.train.patients):
        for method in methods:
            answered = []
            for draw in drawn:
                examples = Examples(features.train[draw.places], draw.labels)
                answered.append((draw, METHODS[method](examples, choice, features.scored)))
                advance()
            scores.append(
                score_draws(
                    plan.classes,
                    truth,
                    plan.scored.patients,
                    answered,
                    method=method,
                    amount=amount,
                    seed=amounts.seed,
                )
            )
    return ProbeResult(
        task=plan.name,
        weights=weights,
        width=features.train.shape[1],
        records=len(plan.scored.rows),
        patients=len(set(plan.scored.patients)),
        records_train=len(plan.train.rows),
        scores=tuple(scores),
        run=plan.run | {"seed": amounts.seed, "draws": amounts.draws},
    )
