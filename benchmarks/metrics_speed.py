"""Time and memory of 1,000 patient-level bootstrap draws, against a plain loop over scikit-learn.

    python benchmarks/metrics_speed.py [--records 20000] [--classes 71] [--draws 1000] [--json OUT]

The plain loop resamples records and calls `roc_auc_score` per class and draw. It runs for a few
draws only; its time for all of them is extrapolated, and the output says so.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from supreme_ecg.cli.cost import peak_memory_mb
from supreme_ecg.evaluation.bootstrap import bootstrap_auroc
from supreme_ecg.evaluation.metrics import auroc


def main() -> None:
    """Make one cohort, time both ways on it, and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("records", 20_000), ("classes", 71), ("draws", 1000), ("plain", 2)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    load = os.getloadavg()[0]
    labels, scores, patients = _cohort(options.records, options.classes)

    before_mb, started, started_cpu = peak_memory_mb(), time.perf_counter(), time.process_time()
    bootstrap_auroc(labels, scores, patients, draws=options.draws)
    ours_s, cpu_s = time.perf_counter() - started, time.process_time() - started_cpu
    after_mb = peak_memory_mb()

    started = time.perf_counter()
    _plain_loop(labels, scores, draws=options.plain)
    plain_s = (time.perf_counter() - started) / options.plain * options.draws

    expected = [roc_auc_score(labels[:, c], scores[:, c]) for c in range(labels.shape[1])]
    difference = float(np.abs(auroc(labels, scores) - expected).max())
    print(f"{options.draws} draws x {options.records} records x {options.classes} classes,")
    print(f"{os.cpu_count()} processors, load before {load:.1f}")
    print(f"bootstrap_auroc          {ours_s:8.1f} s (measured; processor time {cpu_s:.1f} s)")
    print(f"loop over roc_auc_score  {plain_s:8.0f} s (extrapolated from {options.plain} draws)")
    print(f"ratio                    {plain_s / ours_s:8.0f}")
    print(f"peak memory              {after_mb:8.0f} MB ({before_mb:.0f} MB before)")
    print(f"largest difference of the AUROC itself: {difference:.1e}")
    if options.json:
        values = {
            **{name: getattr(options, name) for name in ("records", "classes", "draws", "plain")},
            "processors": os.cpu_count(),
            "load_before": round(load, 1),
            "ours_s": round(ours_s, 2),
            "ours_cpu_s": round(cpu_s, 2),
            "plain_s": round(plain_s, 1),
            "peak_memory_mb": round(after_mb),
            "memory_before_mb": round(before_mb),
            "largest_difference": difference,
        }
        options.json.write_text(json.dumps(values, indent=1) + "\n")


def _cohort(records: int, classes: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Classes from one in two records down to about ten records; scores with ties."""
    rng = np.random.default_rng(0)
    labels = (rng.random((records, classes)) < np.geomspace(0.5, 10 / records, classes)).astype(
        np.int8
    )
    labels[0], labels[1] = 1, 0
    scores = np.round(rng.normal(size=labels.shape) + labels, 3).astype(np.float32)
    return labels, scores, [str(n) for n in rng.integers(0, records * 9 // 10, records)]


def _plain_loop(labels: np.ndarray, scores: np.ndarray, *, draws: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(draws):
        drawn = rng.integers(0, len(labels), len(labels))
        for c in range(labels.shape[1]):
            if labels[drawn, c].any():
                roc_auc_score(labels[drawn, c], scores[drawn, c])


if __name__ == "__main__":
    main()
