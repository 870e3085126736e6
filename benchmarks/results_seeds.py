"""The section on several seeds, from ``seeds.json`` (first run) and ``seeds_second.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import mean, stdev
from typing import Any

SECOND = "seeds_second"


def lines(values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: All results by the name of their file.
    """
    first = values["seeds"]
    yield "## Several seeds\n"
    yield (
        "Zero-shot macro-AUROC on fold 9 and on CPSC2018. The intervals elsewhere on this page are over "
        "patients, for one draw.\n"
    )
    yield from _command("runs/first/model runs/seed-1/model runs/seed-2/model", "seeds")
    yield (
        f"The first run ({first['epochs']} epochs) with {len(first['runs'])} seeds, which decide initial "
        "weights, order, augmentation and phrasing. Asked by the task files of then: superclasses by their "
        "names alone, NDT, NST_, NT_, LOWT and QWAVE by their own names alone.\n"
    )
    yield from _table(first["runs"])
    if SECOND not in values:
        yield "*Not measured yet: seeds of the second run.*\n"
        return
    second = values[SECOND]
    yield from _command("runs/binary_cross_entropy-{0,1,2}/model", SECOND)
    yield (
        f"The second run ({second['epochs']} epochs) with {len(second['runs'])} seeds, each from the same "
        "weights of the first: what order, augmentation and phrasing decide in it. The packaged weights are "
        "the mean of these and of three with the asymmetric loss.\n"
    )
    yield from _table(second["runs"])


def _command(weights: str, name: str) -> Iterator[str]:
    yield (
        "```sh\npython benchmarks/seeds.py stores/ptb_xl --cpsc2018 stores/cpsc2018 \\\n"
        f"    --weights {weights} --json docs/results/{name}.json\n```\n"
    )


def _table(runs: list[dict[str, Any]]) -> Iterator[str]:
    seeds = [run["seed"] for run in runs]
    yield f"| task | {' | '.join(f'seed {seed}' for seed in seeds)} | mean ± standard deviation |"
    yield "| --- |" + " --- |" * (len(seeds) + 1)
    for task in runs[0]["tasks"]:
        areas = [run["tasks"][task]["auroc"] for run in runs]
        cells = " | ".join(f"{area:.3f}" for area in areas)
        yield f"| {task} | {cells} | **{mean(areas):.3f}** ± {stdev(areas):.3f} |"
    yield ""
