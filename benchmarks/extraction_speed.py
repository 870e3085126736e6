"""How long do 800,000 machine reports take, and how much memory, against extraction without deduplication?

The reports are generated: English phrases of the concept table in the frames of machine statements, put
together at random into reports of 1 to 9 statements, the common ones far commoner than the rare
(Zipf). They are written as MIMIC-IV-ECG has them (`machine_measurements.csv`: a column a statement,
`report_0` ... `report_17`, among other columns), or, with `--form text`, as one column of whole
reports, nearly all different.

`supreme extract` then runs on the file as a user runs it: reading, extracting, writing. The rival
does the same to a sample without remembering anything: it cuts every report and extracts every statement
again; its time for all reports is estimated from the sample.

    python benchmarks/extraction_speed.py [--reports N] [--form columns|text] [--workers N]

Ends with status 1 if 800,000 reports take over 2 minutes or 2 GB (for fewer, in proportion).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import polars as pl
import psutil

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.extraction.report_table import read_reports
from supreme_ecg.reports.rules import RuleExtractor
from supreme_ecg.reports.statements import split_statements

ALL_REPORTS = 800_000
WANTED_SECONDS = 120
WANTED_BYTES = 2_000_000_000
SAMPLE = 4_000

FRAMES = (
    "{}",
    "{}",
    "Possible {}",
    "Probable {}",
    "Consider {}",
    "{} - age undetermined",
    "Cannot rule out {}",
    "{}, probably old",
    "No {}",
    "{} may be due to {}",
    "{} with {}",
    "{} - consider {}",
)
"""How machines put what they state."""

FIXED = (
    "Normal ECG",
    "Abnormal ECG",
    "Borderline ECG",
    "Sinus rhythm",
    "Summary: normal ECG",
    "Warning: data quality may affect interpretation",
    "No significant change since last tracing",
)
"""What machines state most often."""


def statement_pool(size: int, rng: np.random.Generator) -> list[str]:
    """Distinct statements, the fixed ones first."""
    concepts = ConceptTable.load().concepts.values()
    phrases = [c.name for c in concepts]
    phrases += [s.phrase for c in concepts for s in c.synonyms if s.language == "en"]
    pool = dict.fromkeys(FIXED)
    while len(pool) < size:
        frame = FRAMES[rng.integers(len(FRAMES))]
        statement = frame.format(*(phrases[k] for k in rng.integers(len(phrases), size=2)))
        pool[statement[0].upper() + statement[1:]] = None
    return list(pool)


def write_reports(path: Path, *, reports: int, form: str, distinct: int) -> None:
    """Generate the table."""
    rng = np.random.default_rng(0)
    pool = pl.Series(statement_pool(distinct, rng))
    weights = 1 / np.arange(1, distinct + 1)
    lengths = 1 + rng.binomial(8, 0.4, size=reports)
    columns = {}
    for number in range(18):
        drawn = rng.choice(distinct, size=reports, p=weights / weights.sum()).astype(np.uint32)
        said = pl.Series(drawn).to_frame("k").with_columns(is_said=pl.Series(lengths > number))
        columns[f"report_{number}"] = pool.gather(said["k"]).set(~said["is_said"], None)
    table = pl.DataFrame(
        {
            "subject_id": rng.integers(10_000_000, 20_000_000, size=reports),
            "study_id": np.arange(40_000_000, 40_000_000 + reports),
            "ecg_time": ["2180-07-23 08:44:00"] * reports,
            **columns,
            "bandwidth": ["0.005-150 Hz"] * reports,
            "rr_interval": rng.integers(400, 1200, size=reports),
            "p_onset": rng.integers(20, 60, size=reports),
            "qrs_axis": rng.integers(-90, 120, size=reports),
        }
    )
    if form == "text":
        whole = pl.concat_str(list(columns), separator=". ", ignore_nulls=True)
        table = table.select("study_id", whole.alias("report"))
    table.write_csv(path)


def extract(path: Path, out: Path, *, form: str, workers: int) -> tuple[float, int, dict]:
    """Run the command; return its seconds, its most bytes in all its processes, and its counts."""
    text = "report_0..report_17" if form == "columns" else "report"
    words = ["extract", str(path), "--text", text, "--id", "study_id", "--out", str(out)]
    code = "from supreme_ecg.cli.main import app; app()"
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-c", code, *words, "--workers", str(workers), "--json"],
        stdout=subprocess.PIPE,
    ) as run:
        most = [0]
        watcher = threading.Thread(target=watch, args=(run.pid, most))
        watcher.start()
        output = run.communicate()[0]
        seconds = time.perf_counter() - began
        watcher.join()
    if run.returncode:
        sys.exit(run.returncode)
    return seconds, most[0], json.loads(output)


def watch(pid: int, most: list[int]) -> None:
    """Note the most memory of a process and its children, shared pages counted in each."""
    process = psutil.Process(pid)
    while True:
        try:
            family = [process, *process.children(recursive=True)]
            most[0] = max(most[0], sum(each.memory_info().rss for each in family))
        except psutil.NoSuchProcess:
            if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
                return
        time.sleep(0.05)


def rival_seconds(path: Path, *, form: str) -> float:
    """Seconds a report, where every report is cut and every statement extracted again."""
    extractor = RuleExtractor(ConceptTable.load().lexicon())
    first = path.with_name("sample.csv")
    with path.open() as file, first.open("w") as sample:
        sample.writelines(line for _, line in zip(range(SAMPLE + 1), file, strict=False))
    began = time.perf_counter()
    text = ["report_*"] if form == "columns" else ["report"]
    for report in read_reports(first, text=text, id_column="study_id").reports:
        for statement in split_statements(report):
            extractor.extract(statement.text)
    return (time.perf_counter() - began) / SAMPLE


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--reports", type=int, default=ALL_REPORTS)
    parser.add_argument("--form", choices=("columns", "text"), default="columns")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--distinct", type=int, default=40_000, help="statements in the pool")
    return parser.parse_args()


def main() -> int:
    """Generate, run, compare, judge."""
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "machine_measurements.csv"
        write_reports(path, reports=options.reports, form=options.form, distinct=options.distinct)
        size_mb = path.stat().st_size / 1e6
        seconds, most, counts = extract(
            path, Path(folder) / "out", form=options.form, workers=options.workers
        )
        rival = rival_seconds(path, form=options.form) * options.reports
    print(
        f"{counts['reports']} generated reports ({options.form}, {size_mb:.0f} MB): "
        f"{counts['statements']} statements, {counts['distinct_statements']} distinct, "
        f"{counts['findings']} findings\n"
        f"supreme extract, {options.workers} workers: {seconds:.1f} s in all "
        f"({counts['seconds']:.1f} s after reading), {most / 1e9:.2f} GB at most\n"
        f"without deduplication, 1 process: {rival:.0f} s (from {SAMPLE} reports), "
        f"{rival / seconds:.1f} times as long"
    )
    reached = seconds <= WANTED_SECONDS * options.reports / ALL_REPORTS and most <= WANTED_BYTES
    print(f"wanted: {WANTED_SECONDS} s, 2 GB; {'reached' if reached else 'not reached'}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
