"""The section of the results page on records that were seen, from ``docs/results/guard.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

COMMAND = """\
python benchmarks/guard.py stores/ptb_xl --weights runs/ptb_xl/model --json docs/results/guard.json"""
"""What makes the JSON."""


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``benchmarks/guard.py`` wrote.
    """
    yield "## Records seen in pre-training\n"
    yield f"```sh\n{COMMAND}\n```\n"
    alarms = values["false_alarms"]
    low, high = alarms["ci95"]
    yield (
        f"Fold 9 against folds 1-8, {alarms['pairs']:,} pairs of recordings of different patients: "
        f"**{alarms['alarms']} taken for one recording**, {alarms['per_10000_pairs']:.6f} in 10,000 pairs "
        f"(95 % interval {low:.6f} to {high:.6f}); {alarms['records_concerned']} of "
        f"{alarms['records_scored']:,} records concerned. {values['without_fingerprint']} of "
        f"{values['records']:,} records have no fingerprint. The limits were chosen on fold 8 against "
        "folds 1-7. What is compared: `docs/guard.md`.\n"
    )
    if "cost" in values:
        cost = values["cost"]
        yield (
            f"{cost['records_scored']:,} records against {cost['records_known']:,}: "
            f"{cost['fingerprints_s']:.1f} s for the fingerprints, {cost['comparison_s']:.1f} s to compare "
            f"(processor: {cost['fingerprints_cpu_s']:.1f} and {cost['comparison_cpu_s']:.1f} s; load "
            f"{cost['load']}). The manifest: {cost['manifest_bytes'] / 1e6:.2f} MB.\n"
        )
    yield "Copies of records of fold 9 that are known again:\n"
    yield "| change | found | share | 95 % interval |\n| --- | --- | --- | --- |"
    for one in values["copies"]:
        low, high = one["ci95"]
        yield (
            f"| {one['change']} | {one['found']} of {one['copies']} | {one['recall']:.3f} | "
            f"{low:.3f} to {high:.3f} |"
        )
    yield ""
    yield from _pairs(values["near_duplicates"])


def _pairs(near: dict[str, Any]) -> Iterator[str]:
    """PTB-XL's own, by record ids."""
    pairs = near["listed"]
    same = sum(one["same_patient"] for one in pairs)
    yield (
        f"PTB-XL's own: of all {near['pairs']:,} pairs of folds 1-9, {len(pairs)} are taken for one "
        f"recording, {same} of them of one patient. Correlation: of the signals, 1-25 Hz, all leads, at the "
        "best lag; copies are near 1.\n"
    )
    if pairs:
        yield "| records | folds | one patient | distance | correlation | lag |"
        yield "| --- | --- | --- | --- | --- | --- |"
    for one in sorted(pairs, key=lambda pair: pair["distance"]):
        yield (
            f"| {' and '.join(one['records'])} | {' and '.join(map(str, one['folds']))} | "
            f"{'yes' if one['same_patient'] else 'no'} | {one['distance']:.2f} | "
            f"{one['correlation']:.3f} | {one['lag_s']:.2f} s |"
        )
    yield ""
