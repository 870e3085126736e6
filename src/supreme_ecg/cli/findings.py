"""`supreme findings`: what a text says."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from supreme_ecg.cli.console import console, print_json

_STYLES = {"present": "bold green", "uncertain": "bold yellow", "absent": "bold red"}


def findings_command(
    text: Annotated[
        str, typer.Argument(help="A report or a part of one.", metavar="TEXT", show_default=False)
    ],
    json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """Show the findings in a text: concept, assertion and the words that say so."""
    from supreme_ecg.concepts.table import ConceptTable  # noqa: PLC0415  keeps --help light
    from supreme_ecg.reports.rules import RuleExtractor  # noqa: PLC0415
    from supreme_ecg.reports.statements import split_statements  # noqa: PLC0415

    table = ConceptTable.load()
    extractor = RuleExtractor(table.lexicon())
    rows: list[dict[str, Any]] = [
        {
            "statement": statement.text,
            "concept": finding.concept,
            "assertion": finding.assertion,
            "span": list(finding.span),
            "snomed_ct": list(table[finding.concept].snomed_ct),
            "scp": list(table[finding.concept].scp),
        }
        for statement in split_statements(text)
        if statement.kind == "finding"
        for finding in extractor.extract(statement.text)
    ]
    if json:
        print_json(rows)
        return
    if not rows:
        console.print("No finding: no words of the concept table in this text.")
        return
    shown = Table("evidence", "concept", "assertion", "SCP", "SNOMED CT")
    for row in rows:
        style = _STYLES[row["assertion"]]
        evidence = Text(row["statement"])
        evidence.stylize(style, *row["span"])
        shown.add_row(
            evidence,
            escape(table[row["concept"]].name),
            f"[{style}]{row['assertion']}[/]",
            " ".join(row["scp"]),
            " ".join(row["snomed_ct"]),
        )
    console.print(shown)
