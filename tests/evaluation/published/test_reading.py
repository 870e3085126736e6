"""The user's own copy of the published files: read by name, refused where it does not fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from supreme_ecg.errors import TableError, TaskError
from supreme_ecg.evaluation.published.files import PUBLISHED, SPLITS, PublishedFiles
from supreme_ecg.evaluation.published.reading import read_published
from supreme_ecg.evaluation.task import Task


def _write(folder: Path, change: Callable[[list[str]], list[str]] = lambda lines: lines) -> Path:
    """A file in the form of the published CPSC2018 test file, changed or not."""
    files = PUBLISHED["cpsc2018"]
    path = files.path(folder, "test")
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{k},{k},A{k:04},False,60.0,1,{{}},0,0,1,0,0,0,0,0,{k % 2}" for k in range(1376)]
    path.write_text("\n".join(change([",".join(files.columns("test")), *rows])) + "\n")
    return folder


def test_labels_are_read_by_name(tmp_path: Path) -> None:
    """Columns come in the order of the file, and in that of a task by name."""
    labels = read_published(_write(tmp_path), "cpsc2018", "test")
    assert labels.record_ids[:2] == ("A0000", "A0001")
    assert labels.classes[-1] == "STD"
    assert labels.labels.sum(axis=0).tolist() == [0, 0, 1376, 0, 0, 0, 0, 0, 688]
    task = Task.load("cpsc2018")
    names = [one.name for one in task.classes]
    by_name = dict(zip(names, labels.for_task(task).sum(axis=0).tolist(), strict=True))
    assert (by_name["NORM"], by_name["STD"], by_name["AFIB"]) == (1376, 688, 0)


def _swapped(lines: list[str]) -> list[str]:
    return [lines[0].replace("AFIB,VPC", "VPC,AFIB"), *lines[1:]]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda lines: lines[:-1], "expected 1376 rows, found 1375"),
        (lambda lines: [lines[0].replace("STD", "STDD"), *lines[1:]], "no column 'STD', a column"),
        (_swapped, "'VPC' as column 8, where 'AFIB' should be"),
        (lambda lines: [lines[0], lines[1][:-1] + "2", *lines[2:]], "'STD', found .* in line 2"),
        (lambda lines: [*lines[:2], lines[1], *lines[3:]], "A0000 more than once"),
        (lambda lines: [lines[0], lines[1].replace("A0000", "7"), *lines[2:]], "none in line 2"),
        (lambda lines: ["\0\0", *lines[1:]], "found"),
        (lambda lines: [lines[0], *(f"{line},1" for line in lines[1:])], "cannot be read as one"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(
    tmp_path: Path, change: Callable[[list[str]], list[str]], found: str
) -> None:
    """The message names the file and the first thing wrong with it."""
    with pytest.raises(TableError, match=found) as error:
        read_published(_write(tmp_path, change), "cpsc2018", "test")
    assert error.value.where.endswith("icbeb_test.csv")


def test_an_absent_file_says_which_folder_is_meant(tmp_path: Path) -> None:
    """The remedy names what the folder should hold."""
    with pytest.raises(TableError, match=r"csn, found no such file\. Give the folder"):
        read_published(tmp_path, "csn", "val")
    with pytest.raises(TaskError, match="expected one with published label files"):
        read_published(tmp_path, "georgia", "val")


def test_labels_do_not_pass_for_another_task(tmp_path: Path) -> None:
    """A task with a class that has no column is refused."""
    labels = read_published(_write(tmp_path), "cpsc2018", "test")
    with pytest.raises(TableError, match="found none for SR"):
        labels.for_task(Task.load("ptb_xl_rhythm"))


@pytest.mark.parametrize("name", PUBLISHED)
def test_each_published_task_is_a_task_of_the_package(name: str) -> None:
    """Same classes by name in every file, though not always in the same order."""
    files, names = PublishedFiles.of(name), {one.name.strip("_") for one in Task.load(name).classes}
    for split in SPLITS:
        assert set(files.classes[split]) == names
        assert len(files.classes[split]) == len(names)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_real_files_are_read(name: str, published: Path) -> None:
    """All 18 files fit the form that is written down here."""
    for split in SPLITS:
        labels = read_published(published, name, split)
        assert len(labels.record_ids) == PUBLISHED[name].rows[split] == len(labels.labels)
