"""What each step from findings to SCP-ECG statements does to the score, on the folds it came from.

    python benchmarks/scp_coding.py STORE [--folds 1-8]

Micro-F1 over the 40 commonest codes with no step, with each alone, without each, and with all.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from supreme_ecg.cli.folds import parse_folds
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.extraction_scores import score_findings
from supreme_ecg.evaluation.scp_coding import CODING_STEPS, CodingStep
from supreme_ecg.store.reading import Store


def rows(store: Store, folds: Sequence[int]) -> Iterator[str]:
    """A line per set of steps."""
    records = store.records.filter(pl.col("fold").is_in(folds))
    codes = dict(records.select("record_id", "codes").iter_rows())
    findings, table = store.findings(), ConceptTable.load()

    def line(name: str, steps: Sequence[CodingStep]) -> str:
        scores = score_findings(findings, codes, table, steps=steps)
        assert scores is not None
        micro = scores.micro
        return (
            f"{name:28} {micro.f1:.4f} {micro.precision:.4f} {micro.recall:.4f} "
            f"{scores.micro_present.f1:.4f}  said {micro.said} right {micro.both}"
        )

    yield f"{'steps':28} {'F1':6} {'prec.':6} {'recall':6} present only"
    yield line("none", ())
    for step in CODING_STEPS:
        yield line(f"{step.name} alone", (step,))
    for step in CODING_STEPS:
        yield line(f"all but {step.name}", [each for each in CODING_STEPS if each != step])
    yield line("all", CODING_STEPS)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--folds", default="1-8")
    options = parser.parse_args()
    for row in rows(Store.open(options.store), parse_folds(options.folds)):
        print(row)


if __name__ == "__main__":
    main()
