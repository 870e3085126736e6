"""`supreme benchmark`: a model under the literature's labels and splits, and under corrected ones."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from supreme_ecg.cli.benchmark_shown import print_benchmark
from supreme_ecg.cli.console import console, progress_bar
from supreme_ecg.cli.cost import peak_memory_mb
from supreme_ecg.cli.score_cells import show_results
from supreme_ecg.cli.scoring_options import (
    Pooling,
    PoolingOption,
    Recordings,
    find_tasks,
    guard_of,
    require_writable,
    with_recordings,
)

if TYPE_CHECKING:
    from supreme_ecg.evaluation.benchmark import Protocol
    from supreme_ecg.evaluation.benchmark_run import BenchmarkResult, Contender
    from supreme_ecg.evaluation.task import Task
    from supreme_ecg.evaluation.zero_shot_plan import Answers, Plan
    from supreme_ecg.store.reading import Store


class ProtocolOption(StrEnum):
    """Whose labels and splits."""

    corrected = "corrected"
    published = "published"
    both = "both"


class PartOption(StrEnum):
    """Which part of the split."""

    validation = "validation"
    test = "test"


OTHER_RECORDS: Final = "--part, or mark the result as seen with --allow-seen"


def benchmark_command(
    weights: Annotated[Path, typer.Option(help="Folder of the model.", show_default=False)],
    store: Annotated[Path, typer.Option(help="Store to score.", show_default=False)],
    task: Annotated[
        list[str],
        typer.Option(help="Task name or .toml file; repeat it, or `all` of the store's corpus."),
    ],
    protocol: Annotated[
        ProtocolOption, typer.Option(help="Labels and splits: corrected, published, or both.")
    ] = ProtocolOption.corrected,
    part: Annotated[PartOption, typer.Option(help="Part of the split.")] = PartOption.test,
    published: Annotated[
        Path | None,
        typer.Option(help="Your copy of the published label files; PTB-XL needs none."),
    ] = None,
    recordings: Recordings = None,
    pooling: Pooling = PoolingOption.mean,
    against: Annotated[
        Path | None, typer.Option(help="A second model, compared on the same records.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write the scores to this file; - prints them instead.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the classes with their intervals to this PNG.")
    ] = None,
    allow_seen: Annotated[
        bool, typer.Option("--allow-seen", help="Score records seen in pre-training too.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
) -> None:
    """Score a model, or two, under one protocol or both, and show what the protocol alone changes."""
    from supreme_ecg.evaluation.benchmark import PROTOCOLS  # noqa: PLC0415  keeps --help light
    from supreme_ecg.evaluation.forest_plot import plot_benchmarks  # noqa: PLC0415
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    require_writable(json)
    require_writable(plot, option="--plot")
    opened = Store.open(store)
    tasks = find_tasks(task, corpus=opened.corpus, store=store)
    wanted = [name for name in PROTOCOLS if protocol in {name, "both"}]
    plan = partial(
        _plan,
        store=opened,
        tasks=tasks,
        protocols=wanted,
        recordings=recordings,
        pooling=pooling,
        part=part.value,
        published=published,
        allow_seen=allow_seen,
    )
    first, *others = _ask([plan(each) for each in (weights, against) if each is not None])
    second: Sequence[Contender | None] = others[0] if others else [None] * len(tasks)
    results = _run(first, second, seed=seed)
    if plot is not None:
        plot_benchmarks(results, plot)
    show_results(results, print_benchmark, console=console, json=json)


@dataclass(frozen=True, slots=True)
class _Planned:
    """A model with its plans of each task, checked before anything is asked."""

    model: Answers
    weights: str
    plans: list[dict[Protocol, Plan]]


def _plan(
    weights: Path,
    *,
    store: Store,
    tasks: list[Task],
    protocols: list[Protocol],
    recordings: Path | None,
    pooling: PoolingOption,
    **choices: Any,
) -> _Planned:
    from supreme_ecg.evaluation.benchmark import plan_benchmark  # noqa: PLC0415
    from supreme_ecg.models.loading import load_answering_model  # noqa: PLC0415  slow to import

    model = load_answering_model(weights)
    guard = guard_of(model, store, options=OTHER_RECORDS)

    def plan(task: Task, protocol: Protocol) -> Plan:
        return plan_benchmark(model, store, task, protocol=protocol, guard=guard, **choices)

    planned = [plan(task, name) for task in tasks for name in protocols]
    whole = iter(with_recordings(planned, recordings, pooling=pooling))
    return _Planned(model, str(weights), [{name: next(whole) for name in protocols} for _ in tasks])


def _ask(planned: list[_Planned]) -> list[list[Contender]]:
    """Ask each model about all of its records, with a bar."""
    from supreme_ecg.evaluation.benchmark_run import contenders  # noqa: PLC0415
    from supreme_ecg.evaluation.zero_shot_plan import union_rows  # noqa: PLC0415

    with progress_bar() as bar:
        every = [[plan for each in one.plans for plan in each.values()] for one in planned]
        row = bar.add_task("asking", total=sum(len(union_rows(plans)) for plans in every))
        advance = partial(bar.advance, row)
        return [
            contenders(one.model, one.plans, weights=one.weights, advance=advance)
            for one in planned
        ]


def _run(
    first: Sequence[Contender], second: Sequence[Contender | None], *, seed: int
) -> list[BenchmarkResult]:
    """Score every task, with a bar."""
    from supreme_ecg.evaluation.benchmark_run import run_benchmark  # noqa: PLC0415

    results = []
    with progress_bar() as bar:
        for contender, other in bar.track(
            list(zip(first, second, strict=True)), description="scoring"
        ):
            begun = time.perf_counter()
            result = run_benchmark(contender, against=other, seed=seed)
            results.append(_with_cost(result, time.perf_counter() - begun))
    return results


def _with_cost(result: BenchmarkResult, seconds: float) -> BenchmarkResult:
    """Add what the command knows to each protocol's account of the run."""
    cost = {"seconds": round(seconds, 2), "peak_memory_mb": peak_memory_mb()}
    protocols = {
        name: replace(one, run={**one.run, **cost}) for name, one in result.protocols.items()
    }
    return replace(result, protocols=protocols)
