"""The options of `supreme extract` that say what is read and where it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    Path,
    typer.Argument(
        help="Store with reports; or a CSV, parquet or JSON lines file, or a folder of .txt files.",
        show_default=False,
    ),
]
TextColumns = Annotated[
    str,
    typer.Option(
        help="Columns of the table with text, between commas; report_* and report_0..report_17 too.",
        show_default=False,
    ),
]
IdColumn = Annotated[
    str | None,
    typer.Option("--id", help="Column with the record id; without it, rows are counted from 1."),
]
OutFolder = Annotated[
    Path | None, typer.Option(help="Folder for the findings of a table.", show_default=False)
]
RayAddress = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Address of a Ray cluster, or `local`: work there instead (extra `ray`).",
    ),
]
