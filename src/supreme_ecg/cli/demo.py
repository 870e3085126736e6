"""`supreme demo`: the whole path on a synthetic cohort, on a machine that has no data."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, error_console, print_json, progress_bar

if TYPE_CHECKING:
    from supreme_ecg.evaluation.zero_shot_result import ZeroShotResult
    from supreme_ecg.serving.ask import Reply
    from supreme_ecg.serving.samples import SampleReply
    from supreme_ecg.store.reading import Store

QUESTIONS: Final = (
    "normal ECG",
    "atrial fibrillation",
    "LBBB",
    "right bundle branch block",
    "previous infarction of the inferior wall",
    "left ventricular hypertrophy",
)
"""Asked of one ECG: a name, an abbreviation, and words that no table holds."""

RECIPE_OVERRIDES: Final[tuple[str, ...]] = ()
"""Lines of TOML laid over the smoke recipe."""

HELD_OUT_FOLDS: Final = (9, 10)
"""Folds of patients that the demo does not train on."""


def demo_command(
    folder: Annotated[Path, typer.Argument(help="Folder for all that is made; must be new.")],
    patients: Annotated[int, typer.Option(min=200, help="Synthetic patients.")] = 1200,
    seed: Annotated[int, typer.Option(min=0, help="Decides patients and training.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Ask the packaged model about sample ECGs; then make, train and ask a small one."""
    from supreme_ecg.errors import CorpusError  # noqa: PLC0415

    if folder.exists():
        raise CorpusError(
            folder,
            expected="a folder that does not exist yet",
            found="an existing one",
            remedy=f"Remove it (rm -r {folder}) or give another name.",
        )
    samples = _ask_packaged(folder / "samples", seed=seed)
    if samples and not json:
        _print_samples(samples, folder / "samples")
    store = _make_store(folder, patients=patients, seed=seed)
    model = _train(folder, store, seed=seed)
    result = _score(model, store, seed=seed)
    reply, plot = _ask(model, store, folder)
    if json:
        values = {"zero_shot": result.to_json(), "ask": reply.to_json(), "plot": str(plot)}
        print_json({"packaged": [one.to_json() for one in samples], **values})
        return
    _print_scores(result)
    _print_answers(reply, store)
    console.print(
        f"\nThe ECG on paper: {plot}\nTry: supreme ask {folder}/cohort/"
        f"{_file_of(folder, reply.record)} 'atrial flutter' --weights {folder}/run/model",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        "[dim]Simulated hearts: the scores say that the path works, nothing about patients.[/]"
    )


@contextmanager
def _step(title: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    error_console.print(f"{title} [dim]({time.perf_counter() - begun:.1f} s)[/]", highlight=False)


def _ask_packaged(folder: Path, *, seed: int) -> tuple[SampleReply, ...]:
    """The packaged model's answers about sample ECGs; none where the package brings no weights."""
    from supreme_ecg.models.pretrained import PACKAGED, packaged_weights  # noqa: PLC0415

    if PACKAGED not in packaged_weights():
        return ()
    from supreme_ecg.models.supreme import SuPreME  # noqa: PLC0415
    from supreme_ecg.serving.samples import ask_about_samples  # noqa: PLC0415

    with _step(f"0  asked the packaged model, {PACKAGED}, about simulated ECGs"):
        return ask_about_samples(SuPreME.from_pretrained(), QUESTIONS, folder, seed=seed)


def _print_samples(samples: tuple[SampleReply, ...], folder: Path) -> None:
    """Print a column per ECG, headed by what is true of its heart."""
    table = Table("asked", title="A model trained on real ECGs and their reports, simulated hearts")
    for one in samples:
        table.add_column(", ".join(one.conditions).replace("_", " ") or "healthy", justify="right")
    for row, query in enumerate(QUESTIONS):
        cells = (_number(one.reply.answers[row].probability) for one in samples)
        table.add_row(query, *cells)
    console.print(table)
    console.print(
        f"Try: supreme ask {folder / samples[0].file} 'atrial flutter'\n",
        highlight=False,
        soft_wrap=True,
    )


def _make_store(folder: Path, *, patients: int, seed: int) -> Store:
    """Cohort -> store -> findings."""
    from supreme_ecg.concepts.table import ConceptTable  # noqa: PLC0415
    from supreme_ecg.corpora.synthetic import Synthetic  # noqa: PLC0415
    from supreme_ecg.preprocessing.contract import SignalContract  # noqa: PLC0415
    from supreme_ecg.reports.rules import RuleExtractor  # noqa: PLC0415
    from supreme_ecg.store.extraction import extract_store  # noqa: PLC0415
    from supreme_ecg.store.ingest import ingest  # noqa: PLC0415
    from supreme_ecg.store.reading import Store  # noqa: PLC0415
    from supreme_ecg.synthetic.cohort import make_cohort  # noqa: PLC0415

    with _step(f"1  simulated {patients} patients: 12-lead ECGs at 500 Hz with reports"):
        make_cohort(folder / "cohort", patients=patients, seed=seed, faults=0.02)
    with _step("2  ingested them: windows of 10 s at 100 Hz, quality checks"):
        ingest(Synthetic(), folder / "cohort", folder / "store", contract=SignalContract())
    store = Store.open(folder / "store")
    with _step("3  read the reports (English, German, Swedish): findings with negation and doubt"):
        extract_store(store, RuleExtractor(ConceptTable.load().lexicon()))
    return store


def _train(folder: Path, store: Store, *, seed: int) -> Path:
    from supreme_ecg.training.callbacks import Callbacks  # noqa: PLC0415
    from supreme_ecg.training.pretrain import pretrain  # noqa: PLC0415
    from supreme_ecg.training.recipe_file import find_recipe, read_recipe  # noqa: PLC0415

    recipe = read_recipe(
        find_recipe("smoke"), overrides=[*RECIPE_OVERRIDES, f"training.seed={seed}"]
    )
    with progress_bar() as bar:
        task = bar.add_task("pre-training", total=None)
        result = pretrain(
            recipe,
            store,
            folder / "run",
            callbacks=Callbacks(
                on_start=lambda batches: bar.update(task, total=batches),
                on_batch=lambda: bar.advance(task),
            ),
        )
    error_console.print(
        f"4  trained on {result.records} ECGs and what their reports say of {result.concepts} "
        f"concepts [dim]({result.seconds:.1f} s)[/]",
        highlight=False,
    )
    return result.model


def _score(weights: Path, store: Store, *, seed: int) -> ZeroShotResult:
    from supreme_ecg.evaluation.task import Task  # noqa: PLC0415
    from supreme_ecg.evaluation.zero_shot_plan import plan_zero_shot  # noqa: PLC0415
    from supreme_ecg.evaluation.zero_shot_run import run_zero_shot  # noqa: PLC0415
    from supreme_ecg.models.supreme import SuPreME  # noqa: PLC0415

    with _step("5  scored it on patients that it never met, and an untrained encoder beside it"):
        model = SuPreME.from_pretrained(weights)
        plan = plan_zero_shot(model, store, Task.load("synthetic"), folds=HELD_OUT_FOLDS)
        baseline = model.with_random_encoder(seed)
        [result] = run_zero_shot(model, [plan], weights=str(weights), seed=seed, baseline=baseline)
        return result


def _ask(weights: Path, store: Store, folder: Path) -> tuple[Reply, Path]:
    """Ask about the first held-out ECG in atrial fibrillation and draw it."""
    import polars as pl  # noqa: PLC0415

    from supreme_ecg.models.supreme import SuPreME  # noqa: PLC0415
    from supreme_ecg.records.paper import draw_on_paper  # noqa: PLC0415
    from supreme_ecg.records.reading import read_record  # noqa: PLC0415
    from supreme_ecg.serving.ask import ask  # noqa: PLC0415

    held_out = store.records.filter(
        pl.col("fold").is_in(HELD_OUT_FOLDS) & pl.col("codes").list.contains("AFIB")
    )
    record = read_record(folder / "cohort" / _file_of(folder, held_out["record_id"][0]))
    plot = folder / f"{record.id}.png"
    with _step(f"6  asked it {len(QUESTIONS)} questions about one of their ECGs, and drew that"):
        reply = ask(SuPreME.from_pretrained(weights), record, QUESTIONS)
        draw_on_paper(record, plot)
    return reply, plot


def _file_of(folder: Path, record_id: str) -> str:
    import polars as pl  # noqa: PLC0415

    cohort = pl.read_csv(folder / "cohort" / "cohort.csv", infer_schema=False)
    name: str = cohort.filter(pl.col("record_id") == record_id)["file"][0]
    return name


def _print_scores(result: ZeroShotResult) -> None:
    values: dict[str, Any] = result.to_json()
    other = result.comparison
    table = Table("class", "positives", "AUROC", "untrained", title="Zero-shot, held-out patients")
    for one in result.classes:
        untrained = other.auroc[one.name] if other else None
        table.add_row(one.name, str(one.positives), _number(one.auroc), _number(untrained))
    table.add_section()
    table.add_row(
        "macro",
        "",
        _number(values["macro"]["auroc"]),
        _number(other.macro.auroc if other else None),
    )
    console.print(table)


def _print_answers(reply: Reply, store: Store) -> None:
    import polars as pl  # noqa: PLC0415

    said = store.records.filter(pl.col("record_id") == reply.record)["report"][0]
    console.print(f"\nIts report says: [italic]{escape(said)}[/]", highlight=False)
    table = Table("asked", "probability", title=f"ECG {reply.record}")
    for answer in asdict(reply)["answers"]:
        table.add_row(answer["query"], _number(answer["probability"]))
    console.print(table)
    for warning in reply.warnings:
        console.print(f"[yellow]note[/] {escape(warning)}", highlight=False)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
