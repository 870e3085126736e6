"""Task files: codes as the corpus's own tables give them, exact matching, prompts that tell apart."""

from __future__ import annotations

import ast
import csv
import io
import lzma
import re
import tarfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import TableError, TaskError
from supreme_ecg.evaluation.task import Task, task_names, tasks_of
from supreme_ecg.reports.rules import RuleExtractor

CLASSES = {
    "cpsc2018": 9,
    "csn": 38,
    "georgia": 31,
    "ptb_xl_all": 71,
    "ptb_xl_diagnostic": 44,
    "ptb_xl_form": 19,
    "ptb_xl_rhythm": 12,
    "ptb_xl_subclass": 23,
    "ptb_xl_superclass": 5,
    "sph": 40,
}

OWN_TASK = """
name = "own"
title = "One's own"
corpus = "ptb_xl"
licence = "none"
citation = "none"
records = "all"
[[classes]]
name = "AF"
concept = "atrial_fibrillation"
prompts = ["atrial fibrillation"]
codes = ["AFIB"]
"""


def _records(*codes: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"codes": list(codes)}, schema={"codes": pl.List(pl.String)})


@pytest.mark.parametrize(("name", "classes"), CLASSES.items())
def test_task_has_the_classes_of_the_literature(name: str, classes: int) -> None:
    """Each published task loads under its name with the published number of classes."""
    task = Task.load(name)
    assert (task.name, len(task.classes)) == (name, classes)
    assert task.records == "labelled"


def test_every_task_is_known_and_found_by_corpus() -> None:
    """All published tasks are listed, and a corpus finds its own."""
    assert set(CLASSES) <= set(task_names())
    assert [task.name for task in tasks_of("cpsc2018")] == ["cpsc2018"]
    assert tasks_of("no_such_corpus") == ()


@pytest.mark.parametrize("name", task_names())
def test_every_class_has_a_concept_of_the_table(name: str) -> None:
    """A concept id that the table lacks would make exposure meaningless."""
    table = ConceptTable.load()
    unknown = [one.concept for one in Task.load(name).classes if one.concept not in table.concepts]
    assert unknown == []


@pytest.mark.parametrize("name", task_names())
def test_prompt_names_no_other_class(name: str) -> None:
    """What the extractor finds present in a prompt is the class itself, never another class."""
    task, extractor = Task.load(name), RuleExtractor(ConceptTable.load().lexicon())
    concepts = {one.concept: one.name for one in task.classes}
    for one in task.classes:
        asked = [finding for prompt in one.prompts for finding in extractor.extract(prompt)]
        named = {finding.concept for finding in asked if finding.assertion == "present"}
        others = {concepts[concept] for concept in named & set(concepts)} - {one.name}
        assert not others, f"a prompt of {one.name} names {others}"
    plain = task.plain()
    assert len(plain.prompts) == sum(len(one.prompts) for one in plain.classes)


def test_a_class_of_several_prompts_is_there_when_any_of_them_is() -> None:
    """Answers of 0.5 and 0.2 join to 1 - 0.5 x 0.8; a class with one prompt keeps its answer."""
    task = Task.load("ptb_xl_subclass").plain()
    joined = next(column for column, one in enumerate(task.classes) if len(one.prompts) > 1)
    answers = np.zeros((1, len(task.prompts)))
    for prompt, answer in zip(task.classes[joined].prompts, (0.5, 0.2), strict=False):
        answers[0, task.prompts.index(prompt)] = answer
    answers[0, task.prompts.index("normal ECG")] = 0.7
    scores = task.scores(answers)
    assert scores[0, joined] == pytest.approx(0.6)
    assert scores[0, 0] == pytest.approx(0.7)
    assert scores.shape == (1, len(task.classes))


def test_a_class_is_not_there_where_what_it_excludes_is() -> None:
    """An arrhythmia of 0.8 beside a flutter of 0.25 and a fibrillation of 0.5 is 0.8 x 0.75 x 0.5."""
    task = Task.load("ptb_xl_rhythm")
    answers = np.zeros((1, len(task.prompts)))
    given = {
        "supraventricular arrhythmia": 0.8,
        "atrial flutter": 0.25,
        "atrial fibrillation": 0.5,
    }
    for prompt, answer in given.items():
        answers[0, task.prompts.index(prompt)] = answer
    column = [one.name for one in task.classes].index("SVARR")
    assert task.scores(answers)[0, column] == pytest.approx(0.3)
    plain = answers[:, [task.prompts.index(prompt) for prompt in task.plain().prompts]]
    assert task.plain().scores(plain)[0, column] == pytest.approx(0.8)


def test_a_class_is_there_only_where_what_it_wants_beside_is() -> None:
    """A non-specific T wave change of 0.8 beside low T waves of 0.5 is 0.4; asked plainly it is 0.8."""
    task = Task.load("ptb_xl_form")
    answers = np.zeros((1, len(task.prompts)))
    answers[0, task.prompts.index("non-specific T wave change")] = 0.8
    answers[0, task.prompts.index("low or flat T wave")] = 0.5
    columns = [[one.name for one in task.classes].index(name) for name in ("NT_", "LOWT")]
    assert task.scores(answers)[0, columns] == pytest.approx([0.4, 0.5 * 0.2])
    plain = answers[:, [task.prompts.index(prompt) for prompt in task.plain().prompts]]
    assert task.plain().scores(plain)[0, columns] == pytest.approx([0.8, 0.5])


@pytest.mark.shared_data
def test_ptb_xl_codes_are_those_of_its_statement_table(shared_data: Path) -> None:
    """Rebuilt from scp_statements.csv, the code lists are the same, class by class."""
    with (shared_data / "ptb-xl" / "scp_statements.csv").open() as file:
        rows = list(csv.DictReader(file))
    for task, column in (("superclass", "diagnostic_class"), ("subclass", "diagnostic_subclass")):
        expected: dict[str, set[str]] = {}
        for row in rows:
            if row[column]:
                expected.setdefault(row[column], set()).add(row[""])
        assert _codes(f"ptb_xl_{task}") == expected
    for task in ("form", "rhythm"):
        statements = {row[""] for row in rows if row[task] == "1.0"}
        assert _codes(f"ptb_xl_{task}") == {statement: {statement} for statement in statements}


@pytest.mark.shared_data
def test_ptb_xl_statement_tasks_have_every_statement(shared_data: Path) -> None:
    """All 71 are the table's rows, 44 those marked diagnostic, each with the concept of its code."""
    with (shared_data / "ptb-xl" / "scp_statements.csv").open() as file:
        rows = list(csv.DictReader(file))
    diagnostic = {row[""] for row in rows if row["diagnostic"] == "1.0"}
    table = ConceptTable.load()
    for name, codes in (
        ("ptb_xl_all", {row[""] for row in rows}),
        ("ptb_xl_diagnostic", diagnostic),
    ):
        assert _codes(name) == {code: {code} for code in codes}
        for one in Task.load(name).classes:
            assert table.by_scp(one.codes[0]) == table[one.concept], one.name


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["csn", "georgia", "cpsc2018"])
def test_snomed_ct_codes_are_those_of_the_public_tables(name: str, shared_data: Path) -> None:
    """Every code is listed for its corpus or counted as the same, and means the class's concept."""
    listed, same = _challenge_codes(shared_data, name)
    table, task = ConceptTable.load(), Task.load(name)
    for one in task.classes:
        codes = [code for code in one.codes if code.isdigit()]
        assert codes[0] in listed, one.name
        assert set(codes) <= listed | same, one.name
        allowed = {one.concept, *table.ancestors(one.concept)}
        for code in codes:
            concept = table.by_snomed_ct(code)
            assert concept is not None, code
            # 426783006 is sinus rhythm, by which CPSC2018's re-issue codes its class Normal;
            # 63593006, supraventricular premature beats, the challenge counts as atrial ones
            assert concept.id in allowed or (name, code) == ("cpsc2018", "426783006"), code
    every_code = [code for one in task.classes for code in one.codes]
    assert len(every_code) == len(set(every_code))


def _challenge_codes(shared_data: Path, task: str) -> tuple[set[str], set[str]]:
    """Codes with records in the task's corpus, and codes that the challenge counts as the same."""
    columns = {
        "csn": ("Chapman_Shaoxing", "Ningbo"),
        "georgia": ("Georgia",),
        "cpsc2018": ("CPSC",),
    }
    listed, same = set(), set()
    for part in ("scored", "unscored"):
        with (shared_data / "vocabularies" / f"dx_mapping_{part}.csv").open() as file:
            for row in csv.DictReader(file):
                if any(int(row[column]) for column in columns[task]):
                    listed.add(row["SNOMEDCTCode"])
                same |= set(re.findall(r"\d{8,}", row.get("Notes") or ""))
    return listed, same


@pytest.mark.shared_data
def test_csn_codes_are_those_of_the_corpus_table(shared_data: Path) -> None:
    """The first code of each class stands under the class's acronym in the corpus's own table."""
    path = shared_data / "vocabularies" / "ConditionNames_SNOMED-CT.csv"
    with path.open(encoding="utf-8-sig") as file:
        codes = {row["AcronymName"]: row["Snomed_CT"] for row in csv.DictReader(file)}
    for one in Task.load("csn").classes:
        assert one.codes[0] == codes[one.name]


@pytest.mark.shared_data
def test_sph_codes_agree_with_the_public_tables(shared_data: Path) -> None:
    """PTB-XL's table gives AHA codes for its statements; SPH's sample gives SNOMED CT codes."""
    table = ConceptTable.load()
    concept_of = {one.codes[0]: one.concept for one in Task.load("sph").classes}
    with (shared_data / "ptb-xl" / "scp_statements.csv").open() as file:
        stated = {row["AHA code"]: row[""] for row in csv.DictReader(file) if row["AHA code"]}
    shared = {code: scp for code, scp in stated.items() if code in concept_of}
    differing = {
        code for code, scp in shared.items() if table.by_scp(scp) != table[concept_of[code]]
    }
    assert len(shared) == 24
    # 145 is any ST deviation to the AHA, and PTB-XL's non-specific one
    assert differing == {"145"}
    with (shared_data / "sph" / "metadata.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        aha, snomed = row["AHA_Code"].split(";"), row["SNOMEDCTCode"].split(",")
        for code, other in zip(aha, snomed, strict=True):
            concept = table.by_snomed_ct(other)
            assert concept is not None
            if code != "1":  # a normal ECG is given as sinus rhythm there
                assert concept.id in {concept_of[code], *table.ancestors(concept_of[code])}


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("ptb_xl_superclass", "super_class"),
        ("ptb_xl_subclass", "sub_class"),
        ("ptb_xl_form", "form"),
        ("ptb_xl_rhythm", "rhythm"),
    ],
)
def test_labels_are_those_of_the_published_splits(
    shared_data: Path, name: str, folder: str
) -> None:
    """On fold 9, the same records are labelled, with the same classes by name (not by position)."""
    task = Task.load(name)
    with lzma.open(shared_data / "ptb-xl" / "ptbxl_database.csv.xz", "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["strat_fold"] == "9"]
    labels = task.labels(_records(*(list(ast.literal_eval(row["scp_codes"])) for row in rows)))
    names = np.array([one.name.strip("_") for one in task.classes])
    ours = {
        int(row["ecg_id"]): set(names[label == 1]) for row, label in zip(rows, labels, strict=True)
    }
    with tarfile.open(shared_data / "merl-splits.tar.xz") as archive:
        split = archive.extractfile(f"merl-splits/ptbxl/{folder}/ptbxl_{folder}_val.csv")
        assert split is not None
        published = {
            int(row["ecg_id"]): {name for name in names if float(row[name])}
            for row in csv.DictReader(io.TextIOWrapper(split))
        }
    assert {record: classes for record, classes in ours.items() if classes} == published


@pytest.mark.shared_data
def test_cpsc2018_labels_are_those_of_the_published_split(shared_data: Path) -> None:
    """Each record at hand has in its header what the published tables say of it."""
    task = Task.load("cpsc2018")
    headers = sorted((shared_data / "cpsc2018").glob("A*.hea"))
    codes = [header.read_text().split("#Dx: ")[1].splitlines()[0].split(",") for header in headers]
    names = np.array([one.name for one in task.classes])
    labels = task.labels(_records(*codes))
    ours = {h.stem: set(names[label == 1]) for h, label in zip(headers, labels, strict=True)}
    published = {}
    with tarfile.open(shared_data / "merl-splits.tar.xz") as archive:
        for part in ("train", "val", "test"):
            split = archive.extractfile(f"merl-splits/icbeb/icbeb_{part}.csv")
            assert split is not None
            for row in csv.DictReader(io.TextIOWrapper(split)):
                published[row["filename"]] = {name for name in names if float(row[name])}
    assert ours == {stem: published[stem] for stem in ours}


def test_codes_match_letter_for_letter() -> None:
    """`AFIB` is not `AF`, `1AVB` is not `AVB`: no code fires for a part of another."""
    task = Task.load("cpsc2018")
    names = [one.name for one in task.classes]
    labels = task.labels(_records(["AF", "RBBB"], ["AFIB", "IRBBB", "af"], [], ["164889003"]))
    assert [names[c] for c in labels[0].nonzero()[0]] == ["AFIB", "CRBBB"]
    assert not labels[1:3].any()
    assert [names[c] for c in labels[3].nonzero()[0]] == ["AFIB"]


def test_records_without_a_class_are_left_out_by_rule(tmp_path: Path) -> None:
    """The literature's rule drops them; a task may keep all."""
    path = tmp_path / "own.toml"
    path.write_text(OWN_TASK)
    everyone = Task.load(path)
    labels = everyone.labels(_records(["AFIB"], ["SR"]))
    assert everyone.kept(labels).tolist() == [True, True]
    assert Task.load("ptb_xl_rhythm").kept(labels).tolist() == [True, False]


def test_unknown_task_names_the_nearest() -> None:
    """A misspelt name is met with the names that it may have meant."""
    with pytest.raises(TaskError, match="Did you mean ptb_xl_form"):
        Task.load("ptbxl_form")


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('title = "One\'s own"', "", "title: Field required"),
        ('licence = "none"', 'licence = "none"\nspelt_wrong = 1', "spelt_wrong"),
        ('records = "all"', 'records = "some"', "records: Input should be"),
        ('codes = ["AFIB"]', "codes = []", "class 'AF' with codes"),
        (
            'records = "all"',
            'records = "all"\ntable = "a.csv"',
            "label_rule 'codes' and table 'a.csv'",
        ),
        (
            'records = "all"',
            'records = "all"\nlabel_rule = "table"',
            "label_rule 'table' and table None",
        ),
        ('records = "all"', 'records = "all"\n[split]\nrule = "folds"', "a part without folds"),
        ('records = "all"', 'records = "all"\n[split]\ntest = [1]', "under the rule 'patients'"),
        ('codes = ["AFIB"]', 'codes = ["AFIB", "AFIB"]', "class 'AF' with codes"),
        (
            'codes = ["AFIB"]',
            'codes = ["AFIB"]\nalso = ["atrial fibrillation"]',
            "class 'AF' with codes",
        ),
        ('codes = ["AFIB"]', "codes =", "no TOML"),
        ("[[classes]]", OWN_TASK[OWN_TASK.index("[[classes]]") :] + "[[classes]]", "'AF' twice"),
    ],
)
def test_faulty_task_file_is_refused(tmp_path: Path, old: str, new: str, found: str) -> None:
    """Each fault planted in a task file is named with the file."""
    path = tmp_path / "faulty.toml"
    path.write_text(OWN_TASK.replace(old, new))
    with pytest.raises(TaskError, match=found) as error:
        Task.load(path)
    assert str(path) in str(error.value)


def test_absent_task_file_is_said_to_be_absent(tmp_path: Path) -> None:
    """A path that leads nowhere is told apart from an unknown name."""
    with pytest.raises(TaskError, match="no such file"):
        Task.load(tmp_path / "absent.toml")


def test_task_for_another_corpus_is_refused() -> None:
    """The message names both corpora and the tasks that fit the store."""
    with pytest.raises(TaskError, match=r"found records of cpsc2018.*\(cpsc2018\)"):
        Task.load("ptb_xl_form").require_corpus("cpsc2018", where="a store")


def _codes(task: str) -> dict[str, set[str]]:
    return {one.name: set(one.codes) for one in Task.load(task).classes}


def _own_csv(folder: Path, table: str) -> Task:
    (folder / "labels.csv").write_text(table)
    path = folder / "own.toml"
    text = OWN_TASK.replace(
        'records = "all"', 'records = "all"\nlabel_rule = "table"\ntable = "labels.csv"'
    )
    path.write_text(text.replace('codes = ["AFIB"]', ""))
    return Task.load(path)


def test_labels_come_from_ones_own_csv_by_name(tmp_path: Path) -> None:
    """The column is found wherever it stands; a record that the table lacks is not scored."""
    task = _own_csv(tmp_path, "note,AF,record_id\nx,1,b\ny,0,a\nz,1,of another store\n")
    records = pl.DataFrame({"record_id": ["a", "b", "c"]})
    labels = task.labels(records)
    assert labels.tolist() == [[0], [1], [-1]]
    assert task.kept(labels).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ("record_id,AFIB\na,1\n", "no column AF"),
        ("record_id,AF\na,1\nb,yes\n", "data row 2"),
        ("record_id,AF\na,1\na,0\n", "a record twice"),
        ("record_id,AF\na,\n", "data row 1"),
    ],
)
def test_a_csv_that_does_not_fit_is_refused(table: str, found: str, tmp_path: Path) -> None:
    """The message names the column or the row."""
    with pytest.raises(TableError, match=found):
        _own_csv(tmp_path, table).labels(pl.DataFrame({"record_id": ["a"]}))


def test_an_absent_csv_is_named(tmp_path: Path) -> None:
    """The path is that beside the task file."""
    task = _own_csv(tmp_path, "record_id,AF\n")
    (tmp_path / "labels.csv").unlink()
    with pytest.raises(
        TableError, match=r"labels\.csv: expected a CSV table in UTF-8, found no such"
    ):
        task.labels(pl.DataFrame({"record_id": ["a"]}))
