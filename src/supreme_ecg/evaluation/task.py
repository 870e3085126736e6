"""A zero-shot task: which classes are asked for, in which words, and what makes them true."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl
from jaxtyping import Bool, Float, Int8
from pydantic import ConfigDict, TypeAdapter, ValidationError

from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.label_table import read_labels
from supreme_ecg.evaluation.split import SplitRule

_FOLDER: Final = files("supreme_ecg.evaluation") / "tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskClass:
    """One class of a task."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    """The class's name in the literature."""
    concept: str
    """Id in the concept table: tells whether the class was seen in pre-training."""
    prompts: tuple[str, ...]
    """The questions asked of the model; none names another class of the task. A class that lumps
    statements together has one for each, and is there when any of them is."""
    also: tuple[str, ...] = ()
    """Further questions about what the class is by its use: "non-specific T wave change" is coded where
    reports say that T waves are flat. The class is there where all of them are true too."""
    unless: tuple[str, ...] = ()
    """Questions about what the class excludes by its meaning: "supraventricular arrhythmia" is coded
    where it is not known to be atrial fibrillation. The class is there where none of them is."""
    codes: tuple[str, ...] = ()
    """A record that carries any of these codes, letter for letter, is positive. None where labels
    are read from a table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A label space on one corpus."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    name: str
    """Name of the task, that of its file."""
    title: str
    """One line for people."""
    corpus: str
    """The corpus whose codes it reads."""
    licence: str
    """Licence of the corpus's labels."""
    citation: str
    """Whom to cite for the labels, and where the class lists are from."""
    records: Literal["labelled", "all"]
    """``labelled``: records without any class of the task are left out, as in the literature."""
    classes: tuple[TaskClass, ...]
    """At least one, names unique."""
    label_rule: Literal["codes", "table"] = "codes"
    """``codes``: a record is positive if one of its codes *is* one of the class, never a part of it.
    ``table``: if the class's column in ``table`` holds 1."""
    table: str | None = None
    """CSV of labels, relative to the task file: ``record_id`` and one column per class, by name."""
    split: SplitRule = field(default_factory=SplitRule)
    """Which records are for training, validation and testing."""

    @classmethod
    def load(cls, name_or_path: str | Path) -> Task:
        """Read a task of the package by name, or one's own from a ``.toml`` file.

        Raises:
            TaskError: No such task (the message names the nearest), or not a task file.
        """
        own = Path(name_or_path)
        if own.suffix == ".toml":
            if not own.is_file():
                raise TaskError(
                    own, expected="a task file", found="no such file", remedy="Mend the path."
                )
            task = _parse(own.read_bytes(), where=own)
            return task if task.table is None else replace(task, table=str(own.parent / task.table))
        name = str(name_or_path)
        if name not in task_names():
            nearest = get_close_matches(name, task_names(), n=2, cutoff=0.4) or task_names()
            raise TaskError(
                f"task {name!r}",
                expected=f"one of {', '.join(task_names())}, or a .toml file",
                found="no such task",
                remedy=f"Did you mean {' or '.join(nearest)}?",
            )
        resource = _FOLDER / f"{name}.toml"
        return _parse(resource.read_bytes(), where=resource)

    @property
    def prompts(self) -> tuple[str, ...]:
        """The distinct questions, in the order of the classes."""
        asked = (
            prompt for one in self.classes for prompt in (*one.prompts, *one.also, *one.unless)
        )
        return tuple(dict.fromkeys(asked))

    def plain(self) -> Task:
        """The same task with each class asked by its prompts alone, whatever else it wants or excludes."""
        alone = tuple(replace(one, also=(), unless=()) for one in self.classes)
        return replace(self, classes=alone)

    def scores(self, answers: Float[np.ndarray, "record query"]) -> Float[np.ndarray, "record cls"]:
        """Join the answers to a class's questions, as if they were independent of each other.

        Args:
            answers: Probabilities from 0 to 1, one column for each of :attr:`prompts`.

        Returns:
            One column per class: the probability that any of its prompts is true, all that it wants
            beside, and nothing that it excludes; the answer itself where a class has one question.
        """
        columns = [
            _any_of(answers, self.prompts, one.prompts)
            * _all_of(answers, self.prompts, one.also)
            * (1 - _any_of(answers, self.prompts, one.unless))
            for one in self.classes
        ]
        return np.stack(columns, axis=1)

    def labels(self, records: pl.DataFrame) -> Int8[np.ndarray, "record cls"]:
        """Which classes each record has.

        Args:
            records: Records of a store, with the columns ``codes`` (list of text) and, where labels
                are read from a table, ``record_id``.

        Returns:
            1 where a code of the record *is* a code of the class (never a part of it), else 0. From a
            table: what it says, and -1 throughout for a record that it does not name.

        Raises:
            TableError: The table of labels does not fit.
        """
        if self.table is not None:
            names = [one.name for one in self.classes]
            return read_labels(Path(self.table), names, records["record_id"].to_list())
        classes_of: dict[str, list[int]] = {}
        for column, one in enumerate(self.classes):
            for code in one.codes:
                classes_of.setdefault(code, []).append(column)
        labels = np.zeros((len(records), len(self.classes)), dtype=np.int8)
        for row, codes in enumerate(records["codes"].to_list()):
            for code in codes or ():
                labels[row, classes_of.get(code, [])] = 1
        return labels

    def kept(self, labels: Int8[np.ndarray, "record cls"]) -> Bool[np.ndarray, " record"]:
        """Which records the task scores, by its rule ``records``; none that its table leaves out."""
        is_known = (labels >= 0).all(axis=1)
        return np.asarray(is_known & ((labels > 0).any(axis=1) | (self.records == "all")))

    def require_corpus(self, corpus: str, *, where: object) -> None:
        """Stop unless the records at ``where`` are of the task's corpus.

        Raises:
            TaskError: Naming both corpora and the tasks that would fit.
        """
        if corpus == self.corpus:
            return
        fitting = ", ".join(task.name for task in tasks_of(corpus)) or "none of the package"
        raise TaskError(
            where,
            expected=f"records of {self.corpus}, whose codes the task {self.name!r} reads",
            found=f"records of {corpus}",
            remedy=f"Choose another store, or a task for {corpus} ({fitting}).",
        )


def task_names() -> tuple[str, ...]:
    """Names of the tasks that come with the package, sorted."""
    names = (entry.name for entry in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


def tasks_of(corpus: str) -> tuple[Task, ...]:
    """The package's tasks for a corpus; empty where there are none."""
    return tuple(task for task in map(Task.load, task_names()) if task.corpus == corpus)


def _parse(content: bytes, *, where: object) -> Task:
    try:
        task = TypeAdapter(Task).validate_python(tomllib.loads(content.decode()))
    except ValidationError as error:
        first = error.errors()[0]
        raise _not_a_task(where, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _not_a_task(where, f"no TOML ({error})") from error
    fault = _fault(task)
    if fault:
        raise _not_a_task(where, fault)
    return task


def _fault(task: Task) -> str | None:
    """What the types cannot tell; None where nothing is wrong."""
    repeated = _repeated([one.name for one in task.classes])
    if repeated or not task.classes:
        return f"class {repeated[0]!r} twice" if repeated else "no class"
    if (task.label_rule == "table") != (task.table is not None):
        return f"label_rule {task.label_rule!r} and table {task.table!r}"
    for one in task.classes:
        questions = (*one.prompts, *one.also, *one.unless)
        asked = tuple(dict.fromkeys(question for question in questions if question.strip()))
        coded = bool(one.codes) == (task.table is None) and not _repeated(one.codes)
        if not coded or not one.prompts or asked != questions:
            return f"class {one.name!r} with codes {one.codes}, {questions}"
    return task.split.fault()


def _any_of(
    answers: Float[np.ndarray, "record query"], asked: Sequence[str], some: Sequence[str]
) -> Float[np.ndarray, " record"]:
    """Probability that any of some questions is true; that of the one where it is one, 0 where it is none."""
    columns = [asked.index(question) for question in some]
    if len(columns) == 1:
        return answers[:, columns[0]]
    return np.asarray(1 - np.prod(1 - answers[:, columns], axis=1))


def _all_of(
    answers: Float[np.ndarray, "record query"], asked: Sequence[str], some: Sequence[str]
) -> Float[np.ndarray, " record"]:
    """Probability that all of some questions are true; 1 where there is none."""
    columns = [asked.index(question) for question in some]
    return np.asarray(np.prod(answers[:, columns], axis=1))


def _repeated(values: Sequence[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def _not_a_task(where: object, found: str) -> TaskError:
    return TaskError(
        where,
        expected="name, title, corpus, licence, citation, records, and classes with unique names, "
        "each with concept, prompts and distinct codes (or a table of labels)",
        found=found,
        remedy="Mend the task file; the package's own are examples.",
    )
