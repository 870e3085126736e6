"""Draw one task of several results beside each other, from their JSON files.

    python benchmarks/forest_plot.py forest.png --task ptb_xl_rhythm SuPreME=supreme.json MERL=merl.json

A file is what `supreme benchmark` or `supreme zero-shot` wrote with --json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from supreme_ecg.evaluation.forest_plot import plot_forest


def main() -> None:
    """Read the results of the task and draw them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("png", type=Path)
    parser.add_argument("results", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--task", required=True)
    parser.add_argument("--protocol", default="corrected", choices=("corrected", "published"))
    options = parser.parse_args()
    named = (text.split("=", 1) for text in options.results)
    results = {
        name: read_result(Path(file), options.task, options.protocol) for name, file in named
    }
    plot_forest(results, options.png)


def read_result(path: Path, task: str, protocol: str) -> dict[str, Any]:
    """The result of one task in a file, under one protocol where it has protocols."""
    values = json.loads(path.read_text())
    for one in values if isinstance(values, list) else [values]:
        if one["task"] == task:
            found: dict[str, Any] = one["protocols"][protocol] if "protocols" in one else one
            return found
    raise SystemExit(f"{path}: no result of {task}")


if __name__ == "__main__":
    main()
