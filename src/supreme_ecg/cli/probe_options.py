"""The options of `supreme probe` that say how much is learnt from, where to, and what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from supreme_ecg.evaluation.label_draws import Amounts


class ScoredPartOption(StrEnum):
    """Which part of the split is scored."""

    validation = "validation"
    test = "test"
    all = "all"


Weights = Annotated[Path, typer.Option(help="Folder of the model, or file of outside weights.")]
Stores = Annotated[
    list[Path],
    typer.Option(
        help="Store to learn from; repeat it where encoders have several contracts.",
        show_default=False,
    ),
]
Encoder = Annotated[
    str | None,
    typer.Option(
        help="Outside model: merl, ecg_fm, st_mem, hubert_ecg, or MODULE:FUNCTION of yours."
    ),
]
Against = Annotated[
    list[str] | None,
    typer.Option(help="Set beside it: WEIGHTS or ENCODER=WEIGHTS, on the same draws; repeat it."),
]
Tasks = Annotated[
    list[str] | None,
    typer.Option(help="Task name or .toml file; repeat it, or `all` of the store's corpus."),
]
Targets = Annotated[
    list[str] | None, typer.Option(help="`age` or `sex` from the signal; repeat it.")
]
Part = Annotated[
    ScoredPartOption,
    typer.Option(help="Part of the split to score; `all` with --transfer-to only."),
]
Fractions = Annotated[
    list[float] | None,
    typer.Option(help="Share of the labels, 0 to 1; repeat it. Default: 0.01, 0.1 and 1."),
]
Draws = Annotated[int, typer.Option(min=1, help="Draws of labels at each share.")]
Shots = Annotated[
    list[int] | None,
    typer.Option(min=1, help="Learn from so many positives of each class; repeat it."),
]
Knn = Annotated[bool, typer.Option("--knn", help="Nearest neighbours as well.")]
FineTune = Annotated[
    Path | None,
    typer.Option(help="Fine-tune all weights as well, runs in this folder: slow without a GPU."),
]
TransferTo = Annotated[
    Path | None, typer.Option(help="Store of another corpus, to be scored instead.")
]
TransferTask = Annotated[
    str | None, typer.Option(help="Task of that store; shared concepts are scored.")
]
RandomEncoder = Annotated[
    bool, typer.Option("--random-encoder", help="Probe an untrained encoder beside it.")
]
Cache = Annotated[
    Path | None, typer.Option(help="Folder for embeddings; default: within the store.")
]
Json = Annotated[
    Path | None, typer.Option(help="Write the scores to this file; - prints them instead.")
]
Plot = Annotated[
    Path | None, typer.Option(help="Draw AUROC against the share of labels to this PNG.")
]
AllowSeen = Annotated[
    bool, typer.Option("--allow-seen", help="Score records seen in pre-training too, marked.")
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of draws, bootstrap and random encoder.")]


def amounts_of(
    fractions: Sequence[float] | None, shots: Sequence[int] | None, *, draws: int, seed: int
) -> Amounts:
    """Amounts of labels to learn from; options as of the command."""
    from supreme_ecg.evaluation.label_draws import Amounts  # noqa: PLC0415  keeps --help light

    amounts = Amounts(shots=tuple(shots or ()), draws=draws, seed=seed)
    return replace(amounts, fractions=tuple(dict.fromkeys(fractions))) if fractions else amounts


def require_fitting(
    task: list[str] | None,
    target: list[str] | None,
    *,
    part: str,
    fractions: tuple[float, ...],
    transfer_to: Path | None,
    transfer_task: str | None,
    tunes_outside: bool,
) -> None:
    """Refuse what fits no run before anything is opened; arguments as of the command.

    Raises:
        typer.BadParameter: Naming the option and what to do.
    """
    faults = (
        (not (task or target), "--task", "give --task or --target"),
        (
            (transfer_to is None) != (transfer_task is None),
            "--transfer-task",
            "give --transfer-to and --transfer-task together",
        ),
        (
            part == "all" and transfer_to is None,
            "--part",
            "`all` would score what was learnt from; it is for --transfer-to",
        ),
        (
            any(not 0 < share <= 1 for share in fractions),
            "--fraction",
            "a share is above 0 and at most 1",
        ),
        (
            bool(target) and transfer_to is not None,
            "--target",
            "a target cannot be transferred; leave out --transfer-to",
        ),
        (tunes_outside, "--fine-tune", "only encoders of this package can be fine-tuned"),
    )
    for is_wrong, option, remedy in faults:
        if is_wrong:
            raise typer.BadParameter(remedy, param_hint=option)
