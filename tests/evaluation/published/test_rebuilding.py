"""The published label files made again from the raw corpora, compared row by row."""

from __future__ import annotations

import ast
import csv
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from supreme_ecg.corpora.csn import Csn
from supreme_ecg.errors import TableError, TaskError
from supreme_ecg.evaluation.published.files import PUBLISHED, SPLITS, Split
from supreme_ecg.evaluation.published.reading import read_published, read_table
from supreme_ecg.evaluation.published.rebuilding import (
    cpsc2018_labels,
    cpsc2018_splits,
    csn_acronyms,
    csn_diagnosis,
    csn_labels,
    rebuild_ptb_xl,
)
from supreme_ecg.evaluation.task import Task
from supreme_ecg.records.reading import read_record

PTB_XL = [task for task in PUBLISHED if task.startswith("ptb_xl_")]


@pytest.mark.shared_data
@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("task", PTB_XL)
def test_ptb_xl_files_are_rebuilt_exactly(
    task: str, split: Split, published: Path, ptb_xl_tables: Path
) -> None:
    """Every row, column and value in its place; only the list of classes has no order of its own."""
    files = PUBLISHED[task]
    theirs, ours = read_table(published, files, split), rebuild_ptb_xl(ptb_xl_tables, task, split)
    listed = files.about[-1]
    assert ours.drop(listed).equals(theirs.drop(listed))
    for mine, other in zip(ours[listed], theirs[listed], strict=True):
        assert set(ast.literal_eval(mine)) == set(ast.literal_eval(other))
        assert len(ast.literal_eval(other)) == len(set(ast.literal_eval(other)))


@pytest.mark.shared_data
def test_a_planted_fault_in_the_tables_is_seen(
    published: Path, ptb_xl_tables: Path, tmp_path
) -> None:
    """The comparison is no tautology: one changed statement changes the rebuilt rows."""
    for name in ("ptbxl_database.csv", "scp_statements.csv"):
        text = (ptb_xl_tables / name).read_text()
        (tmp_path / name).write_text(text.replace("'IMI'", "'AMI'", 1))
    files = PUBLISHED["ptb_xl_subclass"]
    ours = (
        rebuild_ptb_xl(tmp_path, files.task, "train"),
        rebuild_ptb_xl(tmp_path, files.task, "val"),
    )
    theirs = read_table(published, files, "train"), read_table(published, files, "val")
    assert not all(a.equals(b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.shared_data
def test_cpsc2018_splits_are_rebuilt_exactly(published: Path) -> None:
    """From the column ecg_id alone: which record is in which file, and in which place."""
    tables = {split: read_table(published, PUBLISHED["cpsc2018"], split) for split in SPLITS}
    ids = {split: [int(number) for number in table["ecg_id"]] for split, table in tables.items()}
    everyone = [number for split in SPLITS for number in ids[split]]
    assert sorted(everyone) == list(range(1, 6878))
    assert cpsc2018_splits(everyone) == ids


@pytest.mark.shared_data
def test_cpsc2018_labels_of_the_records_at_hand_are_rebuilt(
    published: Path, shared_data: Path
) -> None:
    """All 50 recordings: from the words in their headers to the labels in the files."""
    labels = {}
    for split in SPLITS:
        one = read_published(published, "cpsc2018", split)
        labels |= dict(zip(one.record_ids, one.labels.tolist(), strict=True))
    records = [read_record(path) for path in sorted((shared_data / "cpsc2018").glob("A*.hea"))]
    classes = PUBLISHED["cpsc2018"].classes["test"]
    ours = cpsc2018_labels([record.codes for record in records], classes)
    assert len(records) == 50
    assert ours.tolist() == [labels[record.id] for record in records]


@pytest.mark.shared_data
def test_cpsc2018_counts_are_those_of_the_challenge_table(
    published: Path, shared_data: Path
) -> None:
    """All 6,877 records: each class as often as PhysioNet counts the code of its task file."""
    counts: dict[str, int] = {}
    for name in ("scored", "unscored"):
        with (shared_data / "vocabularies" / f"dx_mapping_{name}.csv").open() as file:
            counts |= {row["SNOMEDCTCode"]: int(row["CPSC"]) for row in csv.DictReader(file)}
    task = Task.load("cpsc2018")
    total = sum(
        read_published(published, "cpsc2018", split).for_task(task).sum(axis=0, dtype=int)
        for split in SPLITS
    )
    expected = [sum(counts.get(code, 0) for code in one.codes) for one in task.classes]
    assert np.asarray(total).tolist() == expected


@pytest.mark.shared_data
@pytest.mark.parametrize("split", SPLITS)
def test_csn_labels_are_rebuilt_exactly(split: Split, published: Path) -> None:
    """Searching each text for a part of it gives every published label; whole tokens do not."""
    table = read_table(published, PUBLISHED["csn"], split)
    theirs = read_published(published, "csn", split)
    assert np.array_equal(csn_labels(table["diagnose"], theirs.classes), theirs.labels)
    assert not np.array_equal(
        csn_labels(table["diagnose"], theirs.classes, by="token"), theirs.labels
    )


@pytest.mark.shared_data
def test_csn_texts_of_the_records_at_hand_are_rebuilt(published: Path, shared_data: Path) -> None:
    """Of 10 recordings 5 are in the files; 4 texts agree, in one the file lacks the last code."""
    texts = {}
    for split in SPLITS:
        table = read_table(published, PUBLISHED["csn"], split)
        texts |= {path[-11:-4]: said for path, said in table.select("ecg_path", "diagnose").rows()}
    acronyms = csn_acronyms(shared_data / "vocabularies" / "ConditionNames_SNOMED-CT.csv")
    ours = {
        entry.record_id: csn_diagnosis(read_record(entry.path).codes, acronyms)
        for entry in Csn().entries(shared_data / "chapman-ningbo")
    }
    there = {record for record in ours if record in texts}
    assert there == {"JS00001", "JS00002", "JS00005", "JS00007", "JS00008"}
    assert {record for record in there if ours[record] != texts[record]} == {"JS00005"}
    assert (ours["JS00005"], texts["JS00005"]) == ("AF,STDD,STTC,1AVB", "AF,STDD,STTC")
    assert ours["JS00011"] is None
    assert {ours[record] for record in set(ours) - there} == {"SB", None}


def test_a_class_is_found_in_parts_of_other_words() -> None:
    """The defect: AFIB counts as AF, STTC as ST, 2AVB1 as 2AVB, AVB and VB."""
    classes = ("AF", "AFIB", "ST", "AVB", "VB", "2AVB")
    assert csn_labels(["AFIB,STTC", "2AVB1"], classes).tolist() == [
        [1, 1, 1, 0, 0, 0],
        [0, 0, 0, 1, 1, 1],
    ]
    assert csn_labels(["AFIB,STTC", "2AVB1", "AF"], classes, by="token").tolist() == [
        [0, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0],
    ]


def test_one_unknown_code_leaves_the_record_out() -> None:
    """The defect: a record is dropped for a code that the table lacks, or for having none."""
    acronyms = {"1": "SB", "2": "SR"}
    assert csn_diagnosis(("1", "2"), acronyms) == "SB,SR"
    assert csn_diagnosis(("1", "3"), acronyms) is None
    assert csn_diagnosis((), acronyms) is None


def test_what_cannot_be_rebuilt_is_refused() -> None:
    """CSN's files are no PTB-XL files, and a task without published files has none."""
    with pytest.raises(TableError, match="read_published"):
        rebuild_ptb_xl(Path(), "csn", "test")
    with pytest.raises(TaskError, match="take ptb_xl_form"):
        rebuild_ptb_xl(Path(), "ptb_xl_forms", "test")


def test_the_split_of_cpsc2018_is_that_of_scikit_learn() -> None:
    """The permutations agree with train_test_split for any number of records."""
    from sklearn.model_selection import train_test_split

    for count in (11, 100, 6877):
        ids = list(range(1, count + 1))
        rest, test = train_test_split(ids, test_size=0.2, random_state=42)
        train, val = train_test_split(rest, test_size=0.1, random_state=42)
        assert cpsc2018_splits(ids[::-1]) == {"train": train, "val": val, "test": test}


def test_acronyms_keep_the_first_of_a_code(tmp_path: Path) -> None:
    """MI before MIBW, and the byte order mark is no part of the first column's name."""
    path = tmp_path / "names.csv"
    path.write_text("\ufeffAcronymName,FullName,Snomed_CT\nMI,a,7\nMIBW,b,7\nSB,c,8\n")
    assert csn_acronyms(path) == {"7": "MI", "8": "SB"}


def test_an_empty_table_of_records_has_no_labels() -> None:
    """No record, no row, but as many columns as classes."""
    assert csn_labels([], ("AF", "SR")).shape == (0, 2)
    assert cpsc2018_labels([], ("STD", "STE")).shape == (0, 2)
    assert isinstance(cpsc2018_labels([["STD"]], ("STD", "STE")), np.ndarray)
    assert cpsc2018_labels([["STD"]], ("STE", "STD")).tolist() == [[0, 1]]
    assert pl.Series(cpsc2018_splits([])["test"]).len() == 0
