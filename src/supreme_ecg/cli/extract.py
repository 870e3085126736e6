"""`supreme extract`: the reports of a store or of any table -> findings, with numbers and scores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from supreme_ecg.cli.console import console, print_json, progress_bar
from supreme_ecg.cli.cost import peak_memory_mb
from supreme_ecg.cli.extract_llm import (
    DEFAULT_CACHE,
    DryRun,
    LlmCache,
    LlmConcurrency,
    LlmKeyVariable,
    LlmMaxTokens,
    LlmModel,
    LlmNames,
    LlmOptions,
    LlmPrices,
    LlmPrompt,
    LlmUrl,
    Offline,
    estimate,
    estimate_json,
    finish_llm,
    llm_counts,
    open_llm,
    print_estimate,
    print_llm,
)
from supreme_ecg.cli.extract_options import IdColumn, OutFolder, RayAddress, Source, TextColumns
from supreme_ecg.cli.extract_shown import print_problems, print_report, print_scores, scores_json
from supreme_ecg.cli.folds import parse_folds
from supreme_ecg.extraction.llm.location import KEY_VARIABLE

if TYPE_CHECKING:
    from supreme_ecg.concepts.table import ConceptTable
    from supreme_ecg.extraction.run import ExtractionReport
    from supreme_ecg.extraction.spread import Spread
    from supreme_ecg.reports.extractor import BatchExtractor, Extractor


class ExtractorName(StrEnum):
    """Extractors by the name that the command line knows."""

    rules = "rules"
    llm = "llm"
    vllm = "vllm"


def extract_command(
    source: Source,
    text: TextColumns = "",
    id_column: IdColumn = None,
    out: OutFolder = None,
    extractor: Annotated[ExtractorName, typer.Option(help="What reads.")] = ExtractorName.rules,
    workers: Annotated[int, typer.Option(min=1, help="Processes on this machine.")] = 1,
    ray: RayAddress = None,
    score_folds: Annotated[
        str, typer.Option(help="Folds of a store whose SCP codes the findings are scored against.")
    ] = "9",
    worklist: Annotated[
        int, typer.Option(min=0, help="How many statements without a finding to list.")
    ] = 30,
    llm_url: LlmUrl = None,
    llm_model: LlmModel = None,
    llm_prompt: LlmPrompt = "full-1",
    llm_cache: LlmCache = DEFAULT_CACHE,
    llm_concurrency: LlmConcurrency = 8,
    llm_max_tokens: LlmMaxTokens = 512,
    llm_key_variable: LlmKeyVariable = KEY_VARIABLE,
    llm_names: LlmNames = None,
    llm_prices: LlmPrices = None,
    offline: Offline = False,
    dry_run: DryRun = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Find what reports say: those of a store, or of a table or folder."""
    from supreme_ecg.concepts.table import ConceptTable  # noqa: PLC0415  keeps --help light

    llm = LlmOptions(
        url=llm_url,
        model=llm_model,
        prompt=llm_prompt,
        cache=llm_cache,
        concurrency=llm_concurrency,
        max_tokens=llm_max_tokens,
        key_variable=llm_key_variable,
        names=llm_names,
        prices=llm_prices,
        offline=offline,
        dry_run=dry_run,
    )
    table = ConceptTable.load()
    names = [name.strip() for name in text.split(",") if name.strip()]
    is_store = _is_store(source)
    if is_store and (names or id_column or out):
        raise typer.BadParameter("--text, --id and --out are for tables; a store needs none.")
    if not is_store and out is None and not dry_run:
        raise typer.BadParameter("--out FOLDER is needed for a table or a folder of .txt files.")
    with make_extractor(extractor, table, llm) as made:
        work = _Work(made, workers, ray, worklist)
        if dry_run:
            _estimate(source, names, id_column, made, llm, json=json)
        elif out is None:
            _extract_store(source, parse_folds(score_folds), table, work, json=json)
        else:
            _extract_table(source, names, id_column, out, work, json=json)


@contextmanager
def make_extractor(
    name: ExtractorName, table: ConceptTable, llm: LlmOptions
) -> Iterator[Extractor | BatchExtractor]:
    """Make the extractor of a name, and close it afterwards.

    Args:
        name: Which.
        table: What it can find.
        llm: Options of language models.
    """
    from supreme_ecg.reports.rules import RuleExtractor  # noqa: PLC0415

    if name == ExtractorName.rules:
        if llm.dry_run:
            raise typer.BadParameter(
                "--dry-run is for --extractor llm or vllm; rules cost nothing."
            )
        yield RuleExtractor(table.lexicon())
    else:
        with open_llm("vllm" if name == ExtractorName.vllm else "llm", llm, table) as extractor:
            yield extractor


@dataclass(frozen=True, slots=True)
class _Work:
    """What is done with reports, and where."""

    extractor: Extractor | BatchExtractor
    workers: int
    ray: str | None
    worklist: int

    @contextmanager
    def options(self) -> Iterator[dict[str, Any]]:
        """Keyword arguments for an extraction, with a progress bar on stderr."""
        with self._spread() as spread, progress_bar() as bar:
            task = bar.add_task("extracting statements", total=None)
            yield {
                "spread": spread,
                "worklist_length": self.worklist,
                "on_start": lambda total: bar.update(task, total=total),
                "on_statement": lambda: bar.advance(task),
            }

    @contextmanager
    def _spread(self) -> Iterator[Spread]:
        from supreme_ecg.extraction.spread import over_processes, over_ray  # noqa: PLC0415

        if self.ray is None:
            yield over_processes(self.workers)
        else:
            with over_ray(self.ray) as spread:
                yield spread


def _is_store(source: Path) -> bool:
    from supreme_ecg.store.layout import MANIFEST, partial_folder  # noqa: PLC0415

    return (source / MANIFEST).exists() or partial_folder(source).is_dir()


def _extract_store(
    source: Path, folds: list[int], table: ConceptTable, work: _Work, *, json: bool
) -> None:
    import polars as pl  # noqa: PLC0415

    from supreme_ecg.evaluation.extraction_scores import score_findings  # noqa: PLC0415
    from supreme_ecg.store.extraction import extract_store  # noqa: PLC0415
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    opened = Store.open(source)
    with work.options() as options:
        report = extract_store(opened, work.extractor, **options)
    finish_llm(source, work.extractor, opened.records["record_id"], opened.records["report"])
    scored = opened.records.filter(pl.col("fold").is_in(folds))
    codes = dict(scored.select("record_id", "codes").iter_rows())
    scores = score_findings(opened.findings(), codes, table)
    if json:
        scored_json = {"scores": scores_json(scores, folds)}
        print_json(_as_json(report) | scored_json | llm_counts(work.extractor))
        return
    print_report(report)
    print_llm(work.extractor)
    print_scores(scores, folds)


def _extract_table(
    source: Path, text: list[str], id_column: str | None, out: Path, work: _Work, *, json: bool
) -> None:
    from supreme_ecg.extraction.files import require_free  # noqa: PLC0415
    from supreme_ecg.extraction.output import REPORT, extract_table  # noqa: PLC0415
    from supreme_ecg.extraction.report_table import read_reports  # noqa: PLC0415

    require_free(out, mark=REPORT)
    table = read_reports(source, text=text, id_column=id_column)
    with work.options() as options:
        report = extract_table(table, out, work.extractor, **options)
    finish_llm(out, work.extractor, table.ids, table.reports)
    if json:
        written = {"problems": table.problem_counts, "folder": str(out)}
        print_json(_as_json(report) | written | llm_counts(work.extractor))
        return
    print_report(report)
    print_llm(work.extractor)
    print_problems(table.problem_counts)
    console.print(f"Written to {out}.", markup=False, highlight=False, soft_wrap=True)


def _estimate(
    source: Path,
    text: list[str],
    id_column: str | None,
    extractor: Extractor | BatchExtractor,
    llm: LlmOptions,
    *,
    json: bool,
) -> None:
    from supreme_ecg.extraction.report_table import read_reports  # noqa: PLC0415
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    if _is_store(source):
        reports = Store.open(source).records["report"]
    else:
        reports = read_reports(source, text=text, id_column=id_column).reports
    made = estimate(reports, extractor, llm)
    if json:
        print_json(estimate_json(made))
    else:
        print_estimate(made, llm)


def _as_json(report: ExtractionReport) -> dict[str, Any]:
    from supreme_ecg.extraction.output import as_json  # noqa: PLC0415

    return as_json(report) | {"peak_memory_mb": peak_memory_mb()}
