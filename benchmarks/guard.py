"""How well the guard knows a recording again, and how often it is mistaken, on a store of PTB-XL.

    python benchmarks/guard.py STORE --json docs/results/guard.json [--weights FOLDER]

False alarms: every record of fold 9 against every record of folds 1-8, no patient being in both. Copies:
records of fold 9 changed in known ways. The limits of the decision were chosen on fold 8 against folds 1-7.
Every pair that is taken for one recording is checked on the signals themselves, and listed by record ids.
With weights, the time and the size of their guard is measured too.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy.signal import butter, fftconvolve, sosfiltfilt
from scipy.stats import beta

from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.models.training_manifest import FILE
from supreme_ecg.preprocessing.fingerprint import Fingerprints, fingerprint
from supreme_ecg.preprocessing.resampling import resample
from supreme_ecg.preprocessing.same_recording import find_same
from supreme_ecg.store.reading import Store
from supreme_ecg.training.seen_records import fingerprints_of

KNOWN, SCORED = range(1, 9), 9
RATE_HZ: Final = 100
Change = Callable[[np.ndarray, np.random.Generator], tuple[np.ndarray, float]]


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument(
        "--copies", type=int, default=1000, help="records of fold 9 that are copied"
    )
    options = parser.parse_args()
    store = Store.open(options.store)
    folds = store.records["fold"].to_numpy()
    prints = fingerprints_of(store, np.arange(len(store)))
    values = {
        "false_alarms": false_alarms(store, prints, folds),
        "near_duplicates": near_duplicates(store, prints),
        "copies": copies(store, folds, number=options.copies),
        "records": len(store),
        "without_fingerprint": int((prints.counts == 0).sum()),
    }
    if options.weights:
        values["cost"] = cost(store, options.weights, folds)
    options.json.write_text(json.dumps(values, indent=1) + "\n")
    print(json.dumps({k: v for k, v in values.items() if k != "near_duplicates"}, indent=1))


def false_alarms(store: Store, prints: Fingerprints, folds: np.ndarray) -> dict[str, Any]:
    """Pairs of different patients that are taken for one recording."""
    known, scored = np.flatnonzero(np.isin(folds, KNOWN)), np.flatnonzero(folds == SCORED)
    patients = store.records["patient_id"]
    assert not set(patients[known]) & set(patients[scored])
    each = list(prints.each())
    found = find_same(
        Fingerprints.join(each[row] for row in scored),
        Fingerprints.join(each[row] for row in known),
        limit=1.5,
    )
    wrong = found.distances < 1
    pairs = len(known) * len(scored)
    return {
        "pairs": pairs,
        "alarms": int(wrong.sum()),
        "per_10000_pairs": float(wrong.sum() / pairs * 1e4),
        "ci95": [1e4 * end for end in interval(int(wrong.sum()), pairs)],
        "records_scored": len(scored),
        "records_concerned": len(np.unique(found.queries[wrong])),
        "at_other_limits": {
            str(limit): int((found.distances < limit).sum()) for limit in (0.8, 1.0, 1.2, 1.5)
        },
        "listed": [
            listed(store, int(scored[q]), int(known[k]), float(d))
            for q, k, d in zip(
                found.queries[wrong], found.known[wrong], found.distances[wrong], strict=True
            )
        ],
    }


def near_duplicates(store: Store, prints: Fingerprints) -> dict[str, Any]:
    """All pairs of the store that are taken for one recording, same patient or not."""
    found = find_same(prints, prints)
    once = found.queries < found.known
    return {
        "pairs": len(store) * (len(store) - 1) // 2,
        "listed": [
            listed(store, int(q), int(k), float(d))
            for q, k, d in zip(
                found.queries[once], found.known[once], found.distances[once], strict=True
            )
        ],
    }


def listed(store: Store, first: int, second: int, distance: float) -> dict[str, Any]:
    """Ids of a pair, and how alike the signals are."""
    records = store.records[[first, second]]
    batch = store.batch(np.array([first, second]))
    correlation, lag_s = likeness(*batch.signal, rate_hz=store.contract.sampling_rate_hz)
    return {
        "records": records["record_id"].to_list(),
        "folds": records["fold"].to_list(),
        "same_patient": records["patient_id"].n_unique() == 1,
        "distance": round(distance, 3),
        "correlation": round(correlation, 4),
        "lag_s": lag_s,
    }


def likeness(first: np.ndarray, second: np.ndarray, *, rate_hz: float) -> tuple[float, float]:
    """Correlation of two recordings over all leads at the best lag of up to half their length."""
    band = butter(2, [1, 25], "bandpass", fs=rate_hz, output="sos")
    one, two = (sosfiltfilt(band, each.astype(float), axis=1) for each in (first, second))
    products = sum(fftconvolve(a, b[::-1]) for a, b in zip(one, two, strict=True))
    size = one.shape[1]
    energies = [np.concatenate([[0], np.cumsum((each**2).sum(axis=0))]) for each in (one, two)]
    best = (-1.0, 0.0)
    for lag in range(-size // 2, size // 2 + 1):
        length = size - abs(lag)
        energy = (
            energies[0][max(lag, 0) + length] - energies[0][max(lag, 0)],
            energies[1][max(-lag, 0) + length] - energies[1][max(-lag, 0)],
        )
        value = float(products[size - 1 + lag] / np.sqrt(energy[0] * energy[1] + 1e-12))
        best = max(best, (value, lag / rate_hz))
    return best


def copies(store: Store, folds: np.ndarray, *, number: int) -> list[dict[str, Any]]:
    """Share of the changed copies that are known again, for each change."""
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(np.flatnonzero(folds == SCORED), number, replace=False))
    windows = store.batch(rows).signal.astype(np.float64)
    whole = _prints((window, RATE_HZ) for window in windows)
    results = []
    for name, change in CHANGES.items():
        known = whole
        if name == SHIFT:
            known = _prints((window[:, : 8 * RATE_HZ], RATE_HZ) for window in windows)
        changed = _prints(change(window, rng) for window in windows)
        same = find_same(changed, known)
        found = len(np.unique(same.queries[same.queries == same.known]))
        low, high = interval(found, number)
        results.append(
            {
                "change": name,
                "copies": number,
                "found": found,
                "recall": found / number,
                "ci95": [low, high],
                "without_fingerprint": int((changed.counts == 0).sum()),
            }
        )
        print(name, found, flush=True)
    return results


def cost(store: Store, weights: Path, folds: np.ndarray) -> dict[str, Any]:
    """Time and size of the guard of weights that have a manifest."""
    known = SuPreME.from_pretrained(weights).seen
    assert known is not None, "no manifest: run `supreme manifest` first"
    rows = np.flatnonzero(folds == SCORED)
    times = [(time.perf_counter(), time.process_time())]
    prints = fingerprints_of(store, rows)
    times.append((time.perf_counter(), time.process_time()))
    find_same(prints, known.fingerprints)
    times.append((time.perf_counter(), time.process_time()))
    (wall, cpu), (wall_2, cpu_2) = (np.diff(np.array(times), axis=0)).tolist()
    return {
        "records_scored": len(rows),
        "records_known": len(known),
        "manifest_bytes": (weights / FILE).stat().st_size,
        "fingerprints_s": round(wall, 2),
        "comparison_s": round(wall_2, 2),
        "fingerprints_cpu_s": round(cpu, 2),
        "comparison_cpu_s": round(cpu_2, 2),
        "load": round(os.getloadavg()[0], 1),
    }


def interval(hits: int, trials: int) -> tuple[float, float]:
    """Clopper and Pearson's 95 % interval of a share."""
    low = float(beta.ppf(0.025, hits, trials - hits + 1)) if hits else 0.0
    high = float(beta.ppf(0.975, hits + 1, trials - hits)) if hits < trials else 1.0
    return low, high


def _prints(windows: Any) -> Fingerprints:
    return Fingerprints.join(fingerprint(window, rate_hz=rate) for window, rate in windows)


def _gain(factor: float) -> Change:
    return lambda x, _: (x * factor, RATE_HZ)


def _at(rate_hz: int) -> Change:
    def change(x: np.ndarray, _: Any) -> tuple[np.ndarray, float]:
        return resample(x.astype(np.float32), rate_hz=RATE_HZ, target_hz=rate_hz), rate_hz

    return change


def _cut(seconds: float) -> Change:
    def change(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
        size = round(seconds * RATE_HZ)
        start = int(rng.integers(0, x.shape[1] - size + 1))
        return x[:, start : start + size], RATE_HZ

    return change


def _filter(kind: str, corner_hz: float) -> Change:
    sections = butter(2, corner_hz, kind, fs=RATE_HZ, output="sos")
    return lambda x, _: (sosfiltfilt(sections, x, axis=1), RATE_HZ)


def _arms(x: np.ndarray, _: Any) -> tuple[np.ndarray, float]:
    """Left and right arm exchanged."""
    swapped = x[[0, 2, 1, 4, 3, 5, *range(6, 12)]].copy()
    swapped[0] *= -1
    return swapped, RATE_HZ


def _wander(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    times = np.arange(x.shape[1]) / RATE_HZ
    phase = rng.uniform(0, 2 * np.pi, size=(len(x), 1))
    return x + 0.3 * np.sin(2 * np.pi * 0.3 * times + phase), RATE_HZ


def _all(x: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Order, noise of 20 uV, gain of 0.5 to 2, filter, 5 s, 257 Hz."""
    x = x[rng.permutation(len(x))] + rng.normal(size=x.shape) * 0.02
    x *= 2 ** rng.uniform(-1, 1)
    x, _ = _filter("highpass", 0.67)(x, rng)
    x, _ = _cut(5)(x, rng)
    return _at(257)(x, rng)


SHIFT: Final = "shifted: the last 8 s, the first 8 s being known"
CHANGES: Final[dict[str, Change]] = {
    "none": _gain(1),
    "gain x 0.5": _gain(0.5),
    "gain x 2": _gain(2),
    "each lead to unit variance": lambda x, _: (x / (x.std(axis=1, keepdims=True) + 1e-9), RATE_HZ),
    "leads in a random order": lambda x, rng: (x[rng.permutation(len(x))], RATE_HZ),
    "left and right arm exchanged": _arms,
    "500 Hz": _at(500),
    "400 Hz": _at(400),
    "257 Hz": _at(257),
    "cut to 7 s": _cut(7),
    "cut to 5 s": _cut(5),
    SHIFT: lambda x, _: (x[:, 2 * RATE_HZ :], RATE_HZ),
    "high-pass 0.67 Hz": _filter("highpass", 0.67),
    "low-pass 25 Hz": _filter("lowpass", 25),
    "noise of 20 uV": lambda x, rng: (x + rng.normal(size=x.shape) * 0.02, RATE_HZ),
    "noise of 50 uV": lambda x, rng: (x + rng.normal(size=x.shape) * 0.05, RATE_HZ),
    "wander of 0.3 mV at 0.3 Hz": _wander,
    "order, gain, noise, high-pass, 5 s, 257 Hz": _all,
    "eight of the leads alone (I, II, V1-V6; a store completes them to 12)": lambda x, _: (
        x[[0, 1, *range(6, 12)]],
        RATE_HZ,
    ),
    "lead II alone": lambda x, _: (x[[1]], RATE_HZ),
}
"""The last two are beyond what is promised."""


if __name__ == "__main__":
    main()
