"""Time to answer 71 queries: one ECG on one thread, and a store on two, against a MERL-sized encoder.

    python benchmarks/inference_speed.py STORE [--weights MODEL] [--records 2000] [--json OUT]

Text vectors are cached on both sides and nothing is read from disk for the rival. It is the ResNet-18 of
MERL's code (64 channels, kernel 3, no pool after the stem; 5,000 samples at 500 Hz -> 313 tokens) with
its attention pool and a dot product with 71 text vectors; its weights and windows are random, which
costs the same. Wall times include the other work of the machine, whose load is printed; CPU times of
the one thread do not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.asking import BATCH
from supreme_ecg.models.pretrained import PACKAGED
from supreme_ecg.models.resnet import ResNet1d
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store.reading import Store

QUERIES = 71
RIVAL_SAMPLES = 5000
TURN, WARM_UP = 10, 3
TARGET_MS, TARGET_RECORDS_PER_S = 10, 200


class MerlSized(nn.Module):
    """MERL's ResNet-18 with its attention pool: windows at 500 Hz -> similarity to text vectors."""

    def __init__(self, width: int = 256) -> None:
        super().__init__()
        self.encoder = ResNet1d(12, depth=18, stem_width=64, kernel_size=3, stem_pool=False)
        self.down = nn.Linear(self.encoder.width, width)
        self.first = nn.Parameter(torch.zeros(1, 1, width))
        self.pool = nn.MultiheadAttention(width, 4, batch_first=True)
        self.project = nn.Linear(width, width)

    def forward(self, signal: Tensor, texts: Tensor) -> Tensor:
        """Cosine of each window with each text."""
        tokens = self.down(self.encoder(signal))
        tokens = torch.cat([self.first.expand(len(tokens), -1, -1), tokens], dim=1)
        pooled = self.project(self.pool(tokens[:, :1], tokens, tokens)[0].squeeze(1))
        return functional.normalize(pooled, dim=-1) @ functional.normalize(texts, dim=-1).T


def main() -> None:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--weights", default=PACKAGED)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    model, store = SuPreME.from_pretrained(options.weights), Store.open(options.store)
    queries = [concept.name for concept in ConceptTable.load().concepts.values()][:QUERIES]
    torch.manual_seed(0)
    rival, texts = MerlSized().eval(), torch.randn(QUERIES, 256)
    values: dict[str, Any] = {
        "processor": _processor(),
        "queries": QUERIES,
        "processors": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "one_ecg": _one(model, store, queries, rival, texts, rounds=options.rounds),
        "store": _many(
            model, store, queries, rival, texts, records=options.records, threads=options.threads
        ),
    }
    _print(values)
    if options.json is not None:
        options.json.write_text(json.dumps(values, indent=1) + "\n")


def _processor() -> str:
    """Name of the processor, where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _one(
    model: SuPreME,
    store: Store,
    queries: list[str],
    rival: nn.Module,
    texts: Tensor,
    *,
    rounds: int,
) -> dict[str, Any]:
    """Milliseconds for one window on one thread, the two models taking turns of ten windows each.

    Turns of one would measure how fast each takes its weights from memory again, not how it answers ECGs one
    after the other.
    """
    torch.set_num_threads(1)
    windows = store.batch(np.arange(min(rounds, len(store))))
    at = cycle(range(len(windows.signal)))
    long = torch.randn(1, 12, RIVAL_SAMPLES)

    def ours() -> None:
        one = slice(row := next(at), row + 1)
        model.predict(
            windows.signal[one], windows.lead_mask[one], windows.sample_mask[one], queries
        )

    def theirs() -> None:
        with torch.inference_mode():
            rival(long, texts)

    taken: dict[str, list[tuple[float, float]]] = {"ours": [], "rival": []}
    for _ in range(-(-rounds // TURN)):
        for name, run in (("ours", ours), ("rival", theirs)):
            for _ in range(WARM_UP):
                run()
            taken[name] += [_timed(run) for _ in range(TURN)]
    result: dict[str, Any] = {"threads": 1, "rounds": len(taken["ours"])}
    for name, times in taken.items():
        wall, cpu = np.array(times).T * 1000
        result[name] = {
            "wall_ms": round(float(np.median(wall)), 2),
            "wall_ms_p95": round(float(np.quantile(wall, 0.95)), 2),
            "wall_ms_least": round(float(wall.min()), 2),
            "cpu_ms": round(float(np.median(cpu)), 2),
        }
    return result


def _many(
    model: SuPreME,
    store: Store,
    queries: list[str],
    rival: nn.Module,
    texts: Tensor,
    *,
    records: int,
    threads: int,
) -> dict[str, Any]:
    """Records per second: from the store's files to probabilities, and the rival from memory."""
    torch.set_num_threads(threads)
    rows = np.arange(min(records, len(store)))
    model.query_vectors(queries)

    def ours() -> None:
        for start in range(0, len(rows), BATCH):
            batch = store.batch(rows[start : start + BATCH])
            model.predict(batch.signal, batch.lead_mask, batch.sample_mask, queries)

    long = torch.randn(16, 12, RIVAL_SAMPLES)

    def theirs() -> None:
        with torch.inference_mode():
            for _ in range(4):
                rival(long, texts)

    (ours_s, ours_cpu_s), (rival_s, rival_cpu_s) = _timed(ours), _timed(theirs)
    return {
        "threads": threads,
        "records": len(rows),
        "records_per_s": round(len(rows) / ours_s, 1),
        "cpu_ms_per_record": round(1000 * ours_cpu_s / len(rows), 2),
        "rival_records_per_s": round(4 * len(long) / rival_s, 1),
        "rival_cpu_ms_per_record": round(1000 * rival_cpu_s / (4 * len(long)), 2),
    }


def _timed(run: Callable[[], None]) -> tuple[float, float]:
    """Seconds of wall time, and of CPU time of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def _print(values: dict[str, Any]) -> None:
    one, store = values["one_ecg"], values["store"]
    print(f"{values['queries']} queries, {values['processors']} processors, ", end="")
    print(f"load before the start {values['load_before']}")
    print("one ECG, one thread, after warm-up (ms):  median    p95  least    CPU")
    for name, title in (("ours", "SuPreME.predict"), ("rival", "MERL-sized, 500 Hz")):
        times = one[name]
        print(f"  {title:38} {times['wall_ms']:8.1f} {times['wall_ms_p95']:6.1f}", end="")
        print(f" {times['wall_ms_least']:6.1f} {times['cpu_ms']:6.1f}")
    ratio = one["rival"]["cpu_ms"] / one["ours"]["cpu_ms"]
    wall = one["rival"]["wall_ms"] / one["ours"]["wall_ms"]
    print(f"  ratio {wall:.1f} (wall), {ratio:.1f} (CPU); target {TARGET_MS} ms")
    print(f"{store['records']} records of a store, {store['threads']} threads (records/s)")
    print(f"  from files to probabilities            {store['records_per_s']:8.1f}", end="")
    print(f"  ({store['cpu_ms_per_record']:.1f} ms of CPU each)")
    print(f"  MERL-sized, 500 Hz, from memory        {store['rival_records_per_s']:8.1f}", end="")
    print(f"  ({store['rival_cpu_ms_per_record']:.1f} ms of CPU each)")
    print(f"  ratio {store['records_per_s'] / store['rival_records_per_s']:.1f} (wall), ", end="")
    ratio = store["rival_cpu_ms_per_record"] / store["cpu_ms_per_record"]
    print(f"{ratio:.1f} (CPU); target {TARGET_RECORDS_PER_S} records/s")


if __name__ == "__main__":
    main()
