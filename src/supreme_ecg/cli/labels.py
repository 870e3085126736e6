"""`supreme labels`: findings or codes -> labels, how common they are, and what two corpora share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape
from rich.table import Table

from supreme_ecg.cli.console import console, error_console, print_json

if TYPE_CHECKING:
    from supreme_ecg.concepts.label_sets import Comparison, LabelSet, Prevalence


_PICTURES: Final = (".png", ".pdf", ".svg")


class By(StrEnum):
    """What labels are made of."""

    findings = "findings"
    codes = "codes"


def labels_command(
    source: Annotated[
        Path,
        typer.Argument(
            help="Store; or folder or findings.parquet of `supreme extract`.", show_default=False
        ),
    ],
    minimum_count: Annotated[
        int, typer.Option(min=1, help="Least records in which a concept must be present.")
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for labels.parquet and tables.", show_default=False),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Picture: .png, .pdf or .svg.", show_default=False)
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(help="Another store or folder: show what both share.", show_default=False),
    ] = None,
    by: Annotated[
        By | None,
        typer.Option(
            help="Labels from the findings of reports or from the codes of a store. "
            "Default: codes with --compare where a store has them, else findings.",
            show_default=False,
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Turn findings into labels, show how common each is, and compare corpora."""
    from supreme_ecg.concepts.label_sets import compare as compare_sets  # noqa: PLC0415
    from supreme_ecg.extraction.label_files import as_json, write_labels  # noqa: PLC0415

    if plot is not None and plot.suffix.lower() not in _PICTURES:
        raise typer.BadParameter(f"{plot} does not end in one of {', '.join(_PICTURES)}.")
    sets = [_label_set(source, by, minimum_count, prefer_codes=compare is not None)]
    if compare is not None:
        sets.append(_label_set(compare, by, minimum_count, prefer_codes=True))
    comparison = compare_sets(*sets) if len(sets) == 2 else None
    if plot is not None:
        _plot(plot, sets, comparison)
    if out is not None:
        write_labels(out, sets, comparison)
    if json:
        print_json(as_json(sets, comparison))
    elif comparison is None:
        _print_set(sets[0])
    else:
        _print_comparison(sets, comparison)


def _label_set(source: Path, by: By | None, minimum_count: int, *, prefer_codes: bool) -> LabelSet:
    import polars as pl  # noqa: PLC0415  keeps --help light

    from supreme_ecg.concepts.codes import findings_of_codes  # noqa: PLC0415
    from supreme_ecg.concepts.label_sets import make_label_set  # noqa: PLC0415
    from supreme_ecg.concepts.table import ConceptTable  # noqa: PLC0415
    from supreme_ecg.extraction.label_files import read_findings  # noqa: PLC0415
    from supreme_ecg.store.layout import MANIFEST  # noqa: PLC0415
    from supreme_ecg.store.reading import Store  # noqa: PLC0415

    table, unmapped, name = ConceptTable.load(), None, source.resolve().name
    if (source / MANIFEST).exists():
        store = Store.open(source)
        name, coded = store.corpus, store.records.filter(pl.col("codes").list.len() > 0)
        if by == By.codes or (by is None and prefer_codes and not coded.is_empty()):
            read = findings_of_codes(coded["record_id"], coded["codes"], table)
            ids, findings, unmapped = coded["record_id"], read.findings, read.unmapped
        else:
            reported = store.records.filter(pl.col("report").str.contains(r"\S"))
            ids, findings = reported["record_id"], store.findings()
    elif by == By.codes:
        raise typer.BadParameter("only a store has codes.")
    else:
        ids, findings = read_findings(source)
    return make_label_set(
        name,
        findings,
        record_ids=ids.to_list(),
        table=table,
        minimum_count=minimum_count,
        unmapped=unmapped,
    )


def _plot(path: Path, sets: list[LabelSet], comparison: Comparison | None) -> None:
    from supreme_ecg.concepts.label_plot import (  # noqa: PLC0415
        as_picture,
        plot_comparison,
        plot_prevalences,
    )
    from supreme_ecg.extraction.files import write_whole  # noqa: PLC0415

    if not (sets[0].prevalences if comparison is None else comparison.shared):
        error_console.print("No label to draw: no picture was made.")
        return
    if comparison is None:
        figure = plot_prevalences(sets[0])
    else:
        figure = plot_comparison(comparison, first=sets[0].name, second=sets[1].name)
    write_whole(path, [as_picture(figure, path.suffix.lower())])


def _print_set(labels: LabelSet) -> None:
    title = f"{labels.name}: {len(labels.concepts)} concepts in {len(labels.record_ids)} records"
    table = Table("group", "concept", "present", "of these itself", "uncertain", title=title)
    group = ""
    for each in labels.prevalences:
        if group and each.group != group:
            table.add_section()
        shown = "" if each.group == group else each.group
        group = each.group
        table.add_row(shown, each.name, _count(each), str(each.own), str(each.uncertain))
    console.print(table)
    _print_unmapped(labels)


def _print_comparison(sets: list[LabelSet], comparison: Comparison) -> None:
    first, second = sets
    title = f"Concepts of both {first.name} and {second.name}"
    columns = [f"{one.name} {what}" for one in sets for what in ("says", "present")]
    table = Table("concept", *columns, title=title)
    for each in comparison.shared:
        table.add_row(
            each.name,
            *(_said_as(each.first_codes, each.first), _count(each.first)),
            *(_said_as(each.second_codes, each.second), _count(each.second)),
        )
    console.print(table)
    for one, only in ((first, comparison.only_first), (second, comparison.only_second)):
        names = ", ".join(each.name for each in only) or "none"
        console.print(f"Only {one.name} ({len(only)}): {names}.", markup=False, highlight=False)
        _print_unmapped(one)


def _said_as(codes: tuple[str, ...], each: Prevalence) -> str:
    """How a corpus says a concept: its codes, itself, or only by narrower ones."""
    return " ".join(codes) or ("itself" if each.own else "narrower")


def _count(each: Prevalence) -> str:
    return f"{each.present} ({each.share:.1%})"


def _print_unmapped(labels: LabelSet) -> None:
    if labels.unmapped:
        codes = ", ".join(f"{code} ({count})" for code, count in labels.unmapped.items())
        console.print(f"Codes without a concept in {labels.name}: {escape(codes)}", highlight=False)
