r"""Count the defects of the published label files, and write docs/erratum.md.

    python benchmarks/erratum.py MERL_SPLITS --ptb-xl PTB_XL --cpsc2018 CPSC2018 --csn CSN \
        --vocabularies VOCABULARIES --json docs/results/erratum.json --page docs/erratum.md

MERL_SPLITS holds ``ptbxl``, ``icbeb`` and ``chapman``. PTB_XL: its two tables are read, no signal.
CPSC2018, CSN: records, as many as are there. VOCABULARIES: ``ConditionNames_SNOMED-CT.csv``
(CSN) and ``dx_mapping_scored.csv``, ``dx_mapping_unscored.csv`` (PhysioNet/CinC Challenge 2021).
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import results_erratum

from supreme_ecg.evaluation.metrics import auroc, macro
from supreme_ecg.evaluation.published.files import PUBLISHED, SPLITS, PublishedFiles
from supreme_ecg.evaluation.published.reading import labels_of, read_table
from supreme_ecg.evaluation.published.rebuilding import (
    cpsc2018_splits,
    csn_acronyms,
    csn_diagnosis,
    csn_labels,
    rebuild_ptb_xl,
)
from supreme_ecg.evaluation.task import Task
from supreme_ecg.records.reading import read_record

Tables = dict[str, dict[str, pl.DataFrame]]

RARE_BELOW = 10
SECONDS_READ = 5.0
"""MERL's data loader keeps the first 2,500 samples of a CPSC2018 record, 500 a second."""


def main() -> None:
    """Count, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", type=Path)
    for name in ("ptb-xl", "cpsc2018", "csn", "vocabularies", "json", "page"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    tables = {
        task: {split: read_table(options.files, files, split) for split in SPLITS}
        for task, files in PUBLISHED.items()
    }
    counts = challenge_counts(options.vocabularies)
    names = options.vocabularies / "ConditionNames_SNOMED-CT.csv"
    values = {
        "rows": {t: {split: len(table) for split, table in of.items()} for t, of in tables.items()},
        "csn_substring": csn_substring(tables),
        "csn_dropped": {
            **csn_dropped(tables, csn_acronyms(names), counts),
            "at_hand": csn_at_hand(tables, csn_acronyms(names), options.csn),
        },
        "csn_names": csn_names(names, counts),
        "csn_columns": csn_columns(tables),
        "ptb_xl": ptb_xl(tables, options.ptb_xl),
        "cpsc2018": cpsc2018(tables, options.cpsc2018, counts),
        "splits": splits(tables),
        "rare": rare(tables),
    }
    options.json.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n")
    options.page.write_text("\n".join(results_erratum.lines(values)) + "\n")


def challenge_counts(folder: Path) -> dict[str, dict[str, str]]:
    """SNOMED CT code -> the row of the challenge's tables: name and records in each corpus."""
    rows: dict[str, dict[str, str]] = {}
    for part in ("scored", "unscored"):
        with (folder / f"dx_mapping_{part}.csv").open() as file:
            rows |= {row["SNOMEDCTCode"]: row for row in csv.DictReader(file)}
    return rows


def csn_substring(tables: Tables) -> dict[str, Any]:
    """Labels by part of a text against labels by whole token."""
    classes = PUBLISHED["csn"].classes["test"]
    found: dict[str, Any] = {}
    for split, table in tables["csn"].items():
        labels = labels_of(table, PUBLISHED["csn"], split).labels
        part = csn_labels(table["diagnose"], classes)
        token = csn_labels(table["diagnose"], classes, by="token")
        wrong = labels != token
        found[split] = {
            "records": len(table),
            "labels_that_searching_a_part_explains": int((labels == part).sum()),
            "labels": int(labels.size),
            "wrong_records": int(wrong.any(axis=1).sum()),
            "wrong_labels": int(wrong.sum()),
            "missed": int(((labels == 0) & (token == 1)).sum()),
            "perfect_reader": {
                name: round(float(area), 4)
                for name, area in zip(classes, auroc(labels, token.astype(float)), strict=True)
                if area < 1
            },
            "perfect_reader_macro": round(float(macro(auroc(labels, token.astype(float)))), 4),
            "classes": {
                name: {"published": int(labels[:, k].sum()), "true": int(token[:, k].sum())}
                for k, name in enumerate(classes)
                if wrong[:, k].any()
            },
        }
    return found


def csn_dropped(
    tables: Tables, acronyms: dict[str, str], counts: dict[str, dict[str, str]]
) -> dict[str, Any]:
    """Records by code in the corpus, as the challenge counts them, and in the files."""
    listed = Counter(
        token
        for table in tables["csn"].values()
        for text in table["diagnose"]
        for token in text.split(",")
    )
    in_corpus = {
        code: int(row["Chapman_Shaoxing"]) + int(row["Ningbo"]) for code, row in counts.items()
    }
    in_corpus = {code: number for code, number in in_corpus.items() if number}
    texts = [text for table in tables["csn"].values() for text in table["diagnose"]]
    unknown = {code: number for code, number in in_corpus.items() if code not in acronyms}
    return {
        "rows": len(texts),
        "codes_in_corpus": len(in_corpus),
        "codes_unknown": len(unknown),
        "unknown_statements": sum(unknown.values()),
        "ningbo": {counts[c]["Dx"]: int(counts[c]["Ningbo"]) for c in ("164889003", "164890007")},
        "commonest_unknown": [
            {"code": code, "name": counts[code]["Dx"], "records": number}
            for code, number in sorted(unknown.items(), key=lambda item: -item[1])[:10]
        ],
        "alone": {"SB": sum(text == "SB" for text in texts)},
        "codes": {
            acronyms[code]: {"corpus": number, "files": listed[acronyms[code]]}
            for code, number in in_corpus.items()
            if code in acronyms
        },
    }


def csn_at_hand(tables: Tables, acronyms: dict[str, str], source: Path) -> dict[str, Any]:
    """Recordings at hand: in the files or not, and why, and whether their texts agree."""
    texts = {
        path[-11:-4]: text
        for table in tables["csn"].values()
        for path, text in table.select("ecg_path", "diagnose").rows()
    }
    classes = PUBLISHED["csn"].classes["test"]
    found: dict[str, Any] = {"records": 0, "in_files": [], "texts_agree": [], "texts_differ": []}
    reasons = ("absent_unknown_code", "absent_without_column", "absent_otherwise")
    found |= {reason: [] for reason in reasons}
    for path in sorted(source.rglob("JS*.hea")):
        text = csn_diagnosis(read_record(path).codes, acronyms)
        found["records"] += 1
        if path.stem in texts:
            found["in_files"].append(path.stem)
            agrees = texts[path.stem] == text
            found["texts_agree" if agrees else "texts_differ"].append(path.stem)
        else:
            has_class = text is not None and csn_labels([text], classes).any()
            found[reasons[0 if text is None else 2 if has_class else 1]].append(path.stem)
    return found


def csn_names(path: Path, counts: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Codes under several acronyms, and acronyms whose code means something else."""
    with path.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    of_code: dict[str, list[str]] = {}
    for row in rows:
        of_code.setdefault(row["Snomed_CT"], []).append(row["AcronymName"])
    full = {row["AcronymName"]: (row["FullName"], row["Snomed_CT"]) for row in rows}
    return {
        "shared_codes": {code: names for code, names in of_code.items() if len(names) > 1},
        "st": {
            name: {"corpus": full[name][0], "code": code, "challenge": counts[code]["Dx"]}
            for name in ("STE", "STTU")
            for code in (full[name][1],)
        },
    }


def csn_columns(tables: Tables) -> dict[str, Any]:
    """Columns that hold nothing, findings that have no column, rows without a class."""
    everything = pl.concat(tables["csn"].values())
    classes = PUBLISHED["csn"].classes["test"]
    tokens = Counter(token for text in everything["diagnose"] for token in text.split(","))
    labels = everything.select(pl.col(classes).cast(pl.Int8))
    zero = everything.filter(pl.Series(labels.to_numpy().sum(axis=1) == 0))
    return {
        "ages": dict(Counter(everything["age"])),
        "without_column": {
            name: number for name, number in tokens.most_common() if name not in classes
        },
        "zero_rows": zero.select("ecg_path", "diagnose").to_dicts(),
    }


def ptb_xl(tables: Tables, source: Path) -> dict[str, Any]:
    """Column order, names, records left out, likelihoods; and whether the rest is exact."""
    with (source / "ptbxl_database.csv").open() as file:
        rows = list(csv.DictReader(file))
    statements = {row["ecg_id"]: ast.literal_eval(row["scp_codes"]) for row in rows}
    found: dict[str, Any] = {"records": len(rows), "tasks": {}}
    for name, files in PUBLISHED.items():
        if not name.startswith("ptb_xl"):
            continue
        kept = {number for table in tables[name].values() for number in table["ecg_id"]}
        codes = {code for one in Task.load(name).classes for code in one.codes}
        unlikely = sum(
            not any(likelihood for code, likelihood in statements[number].items() if code in codes)
            for number in kept
        )
        found["tasks"][name] = {
            "rebuilt_exactly": all(_same(tables[name][s], source, files, s) for s in SPLITS),
            "left_out": len(rows) - len(kept),
            "all_at_likelihood_0": unlikely,
            "renamed": sorted(
                one.name for one in Task.load(name).classes if one.name != one.name.strip("_")
            ),
            "misplaced": _misplaced(files),
        }
    return found


def _same(table: pl.DataFrame, source: Path, files: PublishedFiles, split: Any) -> bool:
    ours, listed = rebuild_ptb_xl(source, files.task, split), files.about[-1]
    return ours.drop(listed).equals(table.drop(listed))


def _misplaced(files: PublishedFiles) -> list[dict[str, str]]:
    """Columns where training has another class than testing."""
    pairs = zip(files.classes["train"], files.classes["test"], strict=True)
    return [{"train": a, "test": b} for a, b in pairs if a != b]


def cpsc2018(tables: Tables, source: Path, counts: dict[str, dict[str, str]]) -> dict[str, Any]:
    """What CPSC2018's files do not say, and what they do rightly."""
    everything = pl.concat(tables["cpsc2018"].values())
    ids = {split: [int(n) for n in t["ecg_id"]] for split, t in tables["cpsc2018"].items()}
    task = Task.load("cpsc2018")
    in_files = {
        name: int((everything[name] == "1").sum()) for name in PUBLISHED[task.name].classes["test"]
    }
    in_corpus = {
        one.name.strip("_"): sum(int(counts[c]["CPSC"]) for c in one.codes if c in counts)
        for one in task.classes
    }
    records = [read_record(path) for path in sorted(source.rglob("A*.hea"))]
    lengths = [len(next(iter(r.leads.values()))) / r.sampling_rate_hz for r in records]
    return {
        "patient_is_record": bool((everything["patient_id"] == everything["ecg_id"]).all()),
        "scp_codes": dict(Counter(everything["scp_codes"])),
        "validation": dict(Counter(everything["validation"])),
        "splits_rebuilt_exactly": cpsc2018_splits([n for of in ids.values() for n in of]) == ids,
        "counts_agree": in_files == in_corpus,
        "headers_read": len(records),
        "seconds": round(sum(lengths), 1),
        "seconds_read": round(sum(min(length, SECONDS_READ) for length in lengths), 1),
        "longer": sum(length > SECONDS_READ for length in lengths),
    }


def splits(tables: Tables) -> dict[str, Any]:
    """Records and patients in more than one file."""
    found = {}
    for task, of in tables.items():
        files = PUBLISHED[task]
        records = [set(table[files.record]) for table in of.values()]
        patients = [set(t["patient_id"]) for t in of.values() if "patient_id" in t.columns]
        found[task] = {
            "records_in_two": sum(map(len, records)) - len(set().union(*records)),
            "patients_in_two": (
                sum(map(len, patients)) - len(set().union(*patients))
                if patients and task.startswith("ptb_xl")
                else None
            ),
        }
    return found


def rare(tables: Tables) -> dict[str, dict[str, int]]:
    """Classes of each test file with few positives; CSN's also by whole token."""
    found = {}
    for task, of in tables.items():
        files, test = PUBLISHED[task], of["test"]
        positives = {name: int((test[name] == "1").sum()) for name in files.classes["test"]}
        found[task] = {name: n for name, n in positives.items() if n < RARE_BELOW}
    classes = PUBLISHED["csn"].classes["test"]
    token = csn_labels(tables["csn"]["test"]["diagnose"], classes, by="token").sum(axis=0)
    found["csn, by whole token"] = {
        name: int(n) for name, n in zip(classes, token, strict=True) if n < RARE_BELOW
    }
    return found


if __name__ == "__main__":
    main()
