"""The section of the results page on all methods side by side, from `methods.json`."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

COMMAND: Final = """\
python benchmarks/methods.py stores/ptb_xl --cpsc2018 stores/cpsc2018 --runs runs/methods \\
    --json docs/results/methods.json --plot docs/pictures/methods.png"""
"""What makes the JSON and the picture."""
TITLES: Final = {
    "supreme": "SuPreME",
    "etp": "ETP",
    "merl": "MERL",
    "simclr": "SimCLR",
    "byol": "BYOL",
    "barlow_twins": "Barlow Twins",
    "simsiam": "SimSiam",
    "moco_v3": "MoCo v3",
    "clocs": "CLOCS (CMSC)",
    "st_mem": "ST-MEM (its own ViT)",
    "untrained": "untrained encoder",
    "packaged": "*first run of the packaged weights, 14 epochs*",
    "supervised": "*supervised twin, trained on the codes*",
}
TASKS: Final = ("superclass", "subclass", "form", "rhythm")
PUBLISHED: Final = Path(__file__).parent / "published_figures.csv"


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``benchmarks/methods.py`` wrote: method -> its scores.
    """
    rows = {name: row for name, row in values.items() if name in TITLES}
    yield "## All methods, same records, encoder and samples seen\n"
    yield f"```sh\n{COMMAND}\n```\n"
    yield (
        f"Each recipe for {values['epochs']} epochs of folds 1-8, one seed. In-domain: all are trained on "
        "the signals of the corpus that is scored, SuPreME, ETP and MERL on its reports too. Macro-AUROC "
        "on fold 9 (95 % bootstrap interval over patients); CPSC2018: the 50 recordings at hand, its probe "
        "learnt on PTB-XL. `docs/probes.md` says how probes choose their settings. Reports hardly ever "
        "name the groups that the superclasses are (`supreme labels`: conduction disturbance itself in 14 of "
        "19,600, hypertrophy in 4): SuPreME learns them through the hierarchy, ETP and MERL meet them as "
        "words alone. CLOCS, ETP and MERL were trained when squeeze-and-excitation still took its means over "
        "the whole window, missing part and all. Superclasses were asked by their names alone.\n"
    )
    if missing := [title for name, title in TITLES.items() if name not in rows]:
        yield f"Not measured yet: {', '.join(missing)}.\n"
    yield from _zero_shot(rows)
    yield from _probes(rows)
    yield from _as_etp_reports(rows)
    yield from _costs(rows)
    yield "\n![Macro-AUROC by share of labels](pictures/methods.png)\n"
    yield from _published()


def _zero_shot(rows: dict[str, Any]) -> Iterator[str]:
    yield "| zero-shot | " + " | ".join([*TASKS, "mean", "CPSC2018"]) + " |"
    yield "| --- |" + " --- |" * 6
    for name, row in rows.items():
        if found := row.get("zero_shot") or row.get("trained_on_codes"):
            cells = [_cell(found[task]) for task in TASKS]
            other = _cell(found["cpsc2018"]) if "cpsc2018" in found else "-"
            cells += [f"**{found['mean']:.3f}**", other]
            yield f"| {TITLES[name]} | " + " | ".join(cells) + " |"
    yield ""


def _probes(rows: dict[str, Any]) -> Iterator[str]:
    heads = [f"{task}, {share}" for task in TASKS for share in ("1 %", "10 %", "100 %")]
    yield "| linear probe | " + " | ".join([*heads, "mean, 100 %", "CPSC2018"]) + " |"
    yield "| --- |" + " --- |" * (len(heads) + 2)
    for name, row in rows.items():
        if "probe_100" not in row:
            continue
        cells = []
        for task in TASKS:
            few, some, every = (row[f"probe_{share}"][task] for share in (1, 10, 100))
            cells += [f"{one['auroc']:.3f} ± {one['sd']:.3f}" for one in (few, some)]
            cells += [_cell(every)]
        cells += [f"**{row['probe_100']['mean']:.3f}**", _cell(row["transfer_cpsc2018"])]
        yield f"| {TITLES[name]} | " + " | ".join(cells) + " |"
    yield "\n±: standard deviation over five draws of the labels.\n"


def _as_etp_reports(rows: dict[str, Any]) -> Iterator[str]:
    """AUROC, accuracy and F1 of the highest-scored class of each record."""
    yield (
        "ETP reports AUROC, accuracy and F1. The same of ours (each record's highest-scored class counts, "
        "macro-F1 over the classes), zero-shot and by a linear probe on all labels; CPSC2018's probe is "
        "learnt on PTB-XL.\n"
    )
    heads = ("superclass, zero-shot", "superclass, probe", "CPSC2018, zero-shot", "CPSC2018, probe")
    yield "| AUROC / accuracy / F1 | " + " | ".join(heads) + " |"
    yield "| --- |" + " --- |" * len(heads)
    for name, row in rows.items():
        asked, probed = row.get("zero_shot", {}), row.get("probe_100", {})
        found = (
            asked.get("superclass"),
            probed.get("superclass"),
            asked.get("cpsc2018"),
            row.get("transfer_cpsc2018"),
        )
        if any(found):
            yield f"| {TITLES[name]} | " + " | ".join(map(_three, found)) + " |"
    yield ""


def _three(score: dict[str, Any] | None) -> str:
    if not score or not score.get("top_class"):
        return "-"
    top = score["top_class"]
    return f"{score['auroc']:.3f} / {top['accuracy']:.3f} / {top['macro_f1']:.3f}"


def _costs(rows: dict[str, Any]) -> Iterator[str]:
    yield "| cost | encoder | parameters | epochs | samples seen | minutes, one core, loaded |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, row in rows.items():
        cost = row["cost"]
        seen = "-" if cost["samples_seen"] is None else f"{cost['samples_seen']:,}"
        trained = (cost["epochs"] or "-", seen, cost["minutes"] or "-")
        cells = (cost["encoder"], f"{cost['parameters']:,}", *trained)
        yield f"| {TITLES[name]} | " + " | ".join(map(str, cells)) + " |"


def _published() -> Iterator[str]:
    """What the papers state, beside ours and not to be compared with it."""
    yield "### Published figures: other pre-training data\n"
    yield (
        "Of models trained on MIMIC-IV-ECG (800,000 records; ours 17,000), on fold 10 and the "
        "literature's splits. *Found*: read in the source; *secondary*: quoted by another paper; "
        "*recalled*: not confirmed.\n"
    )
    yield "| method | task | setting | AUROC, % | source | certainty |"
    yield "| --- | --- | --- | --- | --- | --- |"
    with PUBLISHED.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["metric"] == "auroc":
                cells = [row[key] for key in ("method", "task", "setting", "percent")]
                yield "| " + " | ".join([*cells, row["source"], row["certainty"]]) + " |"
    yield ""


def _cell(score: dict[str, Any]) -> str:
    low, high = score["ci95"]
    return f"{score['auroc']:.3f} ({low:.3f} to {high:.3f})"
