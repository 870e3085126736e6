"""Which encoders `supreme probe` sets beside each other, and the store that each reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from supreme_ecg.evaluation.probe_plan import LabelledRows, ProbePlan
    from supreme_ecg.models.outside.loading import AnyEncoder
    from supreme_ecg.store.reading import Store


@dataclass(frozen=True, slots=True)
class Contender:
    """An encoder with the store that it can read."""

    name: str
    """For the tables."""
    encoder: AnyEncoder
    """What embeds."""
    store: Store
    """Made under its contract."""


def load_contenders(
    first: tuple[Path, str | None], others: Sequence[str], *, stores: Sequence[Path]
) -> list[Contender]:
    """Load encoders and give each the store of its contract.

    Args:
        first: Weights, and the name of the encoder if it is none of ours.
        others: ``WEIGHTS`` or ``ENCODER=WEIGHTS``, set beside the first.
        stores: One, or several of the same recordings under several contracts.

    Raises:
        WeightsError: As of ``load_encoder``.
        StoreError: As of ``Store.open``.
        ContractError: No store has an encoder's contract; the message names the first store.
        typer.BadParameter: The stores are of several corpora.
    """
    from supreme_ecg.models.outside.loading import load_encoder  # noqa: PLC0415  keeps --help light
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    opened = [Store.open(path) for path in stores]
    if len(corpora := {store.corpus for store in opened}) > 1:
        raise typer.BadParameter(
            f"the stores are of several corpora: {', '.join(sorted(corpora))}", param_hint="--store"
        )
    named = [first, *map(_read, others)]
    found = []
    for weights, name in named:
        encoder = load_encoder(weights, name=name)
        fitting = [store for store in opened if store.contract == encoder.contract]
        if not fitting:
            encoder.contract.require_equal(opened[0].contract, where=opened[0].path)
        shown = str(weights) if name is None else f"{name} {weights}"
        found.append(Contender(shown, encoder, fitting[0]))
    return found


def require_same_records(plans: Sequence[ProbePlan], others: Sequence[ProbePlan]) -> None:
    """Stop where two encoders would be scored on, or learn from, other records.

    Args:
        plans: Of one encoder.
        others: Of another, in the same order.

    Raises:
        typer.BadParameter: Naming the stores.
    """
    for plan, other in zip(plans, others, strict=True):
        for part in ("train", "choice", "scored"):
            mine, its = getattr(plan, part), getattr(other, part)
            if _ids(mine) != _ids(its):
                raise typer.BadParameter(
                    f"{mine.store.path} and {its.store.path} hold other records of {plan.name}: "
                    "ingest the same recordings for both",
                    param_hint="--store",
                )


def with_untrained(contender: Contender, seed: int) -> Contender:
    """The same encoder untrained.

    Raises:
        typer.BadParameter: It does not say how.
    """
    if not hasattr(contender.encoder, "with_random_encoder"):
        raise typer.BadParameter(
            "this encoder has no with_random_encoder(seed)", param_hint="--random-encoder"
        )
    untrained = contender.encoder.with_random_encoder(seed)
    return replace(contender, name="random encoder", encoder=untrained)


def _read(other: str) -> tuple[Path, str | None]:
    """``WEIGHTS`` or ``ENCODER=WEIGHTS``."""
    name, equals, weights = other.partition("=")
    return (Path(weights), name) if equals else (Path(name), None)


def _ids(part: LabelledRows) -> list[str]:
    ids: list[str] = part.store.records["record_id"].gather(part.rows).to_list()
    return ids
