"""How fast is ingest, against a plain loop of `wfdb.rdrecord` and `numpy.save`, in one run?

The loop reads each record of PTB-XL, turns it into float32 and saves one `.npy` a record: no table, no
window, no quality check, no checksum, no fsync. Ingest does all of these. Both read files that are in
the page cache and write into a fresh folder on the same disk; the order changes every round.

    python benchmarks/ingest_speed.py --source PTB_XL_FOLDER [--limit N] [--rounds N] [--folder DIR]

Ends with status 1 if the fastest ingest is less than 10 times as fast as the loop, by the median of the
rounds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import wfdb

from supreme_ecg.corpora.corpus import Entry
from supreme_ecg.corpora.ptb_xl import PtbXl
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.ingest import ingest

WANTED_RATIO = 10


@dataclass(frozen=True)
class FirstRecords:
    """PTB-XL cut to some of its records."""

    full: PtbXl
    chosen: frozenset[str]
    name: str = "ptb_xl"
    description: str = "the first records of PTB-XL"

    def entries(self, source: Path) -> tuple[Entry, ...]:
        """List them; the whole table is read all the same."""
        return tuple(e for e in self.full.entries(source) if e.record_id in self.chosen)


def plain_loop(entries: tuple[Entry, ...], folder: Path) -> None:
    """Read and save one record after the other."""
    for entry in entries:
        record = wfdb.rdrecord(str(entry.path.with_suffix("")))
        np.save(folder / f"{entry.record_id}.npy", record.p_signal.astype(np.float32))


def time_of(run: Callable[[Path], object], parent: Path | None) -> float:
    """Seconds that ``run`` takes in a fresh folder, which is then removed."""
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        began = time.perf_counter()
        run(Path(folder))
        return time.perf_counter() - began


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--source", type=Path, required=True, help="PTB-XL, unpacked")
    parser.add_argument("--limit", type=int, help="only so many records")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to write; default: the temporary folder")
    parser.add_argument("--rate", type=int, default=100, choices=(100, 500), help="Hz")
    return parser.parse_args()


def main() -> int:
    """Run all in turns, print the table, judge."""
    options = arguments()
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
    full = PtbXl(sampling_rate_hz=options.rate)
    contract = SignalContract(sampling_rate_hz=options.rate)
    present = [entry for entry in full.entries(options.source) if entry.path.exists()]
    entries = tuple(present[: options.limit])
    corpus = FirstRecords(full, frozenset(entry.record_id for entry in entries))
    for entry in entries:  # into the page cache, for both
        entry.path.read_bytes()
        entry.path.with_suffix(".dat").read_bytes()

    def ingest_with(workers: int) -> Callable[[Path], object]:
        return lambda folder: ingest(
            corpus, options.source, folder / "store", contract=contract, workers=workers
        )

    runs: dict[str, Callable[[Path], object]] = {
        "plain loop": lambda folder: plain_loop(entries, folder),
        "ingest, 1 worker": ingest_with(1),
        "ingest, 2 workers": ingest_with(2),
    }
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(options.rounds):
        for name in list(runs)[:: -1 if number % 2 else 1]:
            seconds[name].append(time_of(runs[name], options.folder))
    print(f"{len(entries)} records of PTB-XL, {options.rate} Hz, {options.rounds} rounds")
    best = 0.0
    for name, times in seconds.items():
        ratios = [loop / own for loop, own in zip(seconds["plain loop"], times, strict=True)]
        best = max(best, median(ratios))
        print(
            f"{name:18} {len(entries) / median(times):8.0f} records/s, {median(ratios):5.1f} times"
            f" the loop ({min(ratios):.1f}-{max(ratios):.1f} over the rounds)"
        )
    print(f"wanted: {WANTED_RATIO} times; {'reached' if best >= WANTED_RATIO else 'not reached'}")
    return 0 if best >= WANTED_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
