"""The published label files made again from the raw corpora, as far as these determine them.

PTB-XL's files follow from the corpus's own two tables: rows, order, columns and values (the column
that lists a record's classes holds them in an arbitrary order, here that of the statements).
CPSC2018's labels follow from the codes, and its splits from the files' own column ``ecg_id``: the
order in which the corpus was once read, which the corpus does not give. CSN's labels follow from
the codes, by the search of a text for a part of it; the files' choice and order of records do not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl
from jaxtyping import Int8

from supreme_ecg.corpora.tables import read_columns
from supreme_ecg.errors import TableError
from supreme_ecg.evaluation.published.files import PublishedFiles, Split
from supreme_ecg.evaluation.task import Task

_FOLDS: Final[Mapping[Split, frozenset[str]]] = {
    "train": frozenset("12345678"),
    "val": frozenset("9"),
    "test": frozenset({"10"}),
}
_SEED: Final = 42
"""Of scikit-learn's ``train_test_split`` with a fifth for testing and a tenth of the rest for
validation: checked row by row against the published CPSC2018 files."""


def rebuild_ptb_xl(source: Path, task: str, split: Split) -> pl.DataFrame:
    """Make a published PTB-XL file again from ``ptbxl_database.csv`` and ``scp_statements.csv``.

    Args:
        source: Folder of PTB-XL 1.0.3 as PhysioNet publishes it; signals are not read.
        task: ``ptb_xl_superclass``, ``ptb_xl_subclass``, ``ptb_xl_form`` or ``ptb_xl_rhythm``.
        split: Train is folds 1 to 8, val fold 9, test fold 10.

    Returns:
        The file's rows and columns, in their order, as text.

    Raises:
        TaskError: The task has no published files.
        TableError: The task is not of PTB-XL.
        CorpusError: A table is absent, damaged or lacks a column.
    """
    files = PublishedFiles.of(task)
    listed = files.about[-1]
    class_of = _ptb_xl_classes(source, task, listed)
    columns = [*files.about[:-1], "scp_codes"]
    table = read_columns(source / "ptbxl_database.csv", columns, filled=columns)
    rows: list[tuple[str, ...]] = []
    for row in table.filter(pl.col("strat_fold").is_in(list(_FOLDS[split]))).iter_rows():
        stated = ast.literal_eval(row[-1])
        present = list(dict.fromkeys(class_of[code] for code in stated if code in class_of))
        if present:
            marks = (str(int(name in present)) for name in files.classes[split])
            rows.append((*row[:-1], str(present), *marks))
    return pl.DataFrame(rows, schema=list(files.columns(split)), orient="row")


def _ptb_xl_classes(source: Path, task: str, listed: str) -> dict[str, str]:
    """Statement -> class of the task, its name without the underscores at its ends."""
    column = {
        "ptb_xl_superclass": "diagnostic_class",
        "ptb_xl_subclass": "diagnostic_subclass",
        "ptb_xl_form": "form",
        "ptb_xl_rhythm": "rhythm",
    }.get(task)
    if column is None:
        raise TableError(
            f"task {task!r}",
            expected="a task on PTB-XL",
            found="one on another corpus",
            remedy="Read the user's copy of its files with read_published.",
        )
    table = read_columns(source / "scp_statements.csv", ["", column], filled=[""])
    named = table.filter(pl.col(column).is_not_null()).iter_rows()
    is_flag = listed in {"form", "rhythm"}
    return {code: (code if is_flag else name).strip("_") for code, name in named}


def cpsc2018_splits(ecg_ids: Sequence[int]) -> dict[Split, list[int]]:
    """Split CPSC2018 as the published files do: by record, for the corpus does not tell patients.

    Args:
        ecg_ids: All values of the files' column ``ecg_id``, in any order.

    Returns:
        The ids of each file, in its order.
    """
    # scikit-learn's permutations, without its import; numpy keeps this generator's stream for ever.
    ids = np.sort(np.asarray(ecg_ids, dtype=int))
    rest, test = _draw(ids, test_share=0.2)
    train, val = _draw(rest, test_share=0.1)
    return {"train": train.tolist(), "val": val.tolist(), "test": test.tolist()}


def _draw(ids: np.ndarray, *, test_share: float) -> tuple[np.ndarray, np.ndarray]:
    shuffled = ids[np.random.RandomState(_SEED).permutation(len(ids))]
    size = int(np.ceil(test_share * len(ids)))
    return shuffled[size:], shuffled[:size]


def cpsc2018_labels(
    codes: Iterable[Sequence[str]], classes: Sequence[str]
) -> Int8[np.ndarray, "record cls"]:
    """Labels of the published CPSC2018 files from the codes in the records' headers.

    Args:
        codes: Of each record: words of the first issue or SNOMED CT codes of the second.
        classes: The file's class columns.
    """
    task = Task.load("cpsc2018")
    labels = task.labels(pl.DataFrame({"codes": list(codes)}, schema={"codes": pl.List(pl.String)}))
    names = [one.name.strip("_") for one in task.classes]
    return labels[:, [names.index(name) for name in classes]]


def csn_acronyms(path: Path) -> dict[str, str]:
    """SNOMED CT code -> acronym by ``ConditionNames_SNOMED-CT.csv`` of the CSN corpus.

    Four codes stand there under several acronyms (164865005 under MI, MIBW, MIFW, MILW and MISW):
    the published files know the first only.

    Raises:
        CorpusError: The file is not that table.
    """
    # polars drops the byte order mark that the file begins with
    table = read_columns(path, ["AcronymName", "Snomed_CT"], filled=["AcronymName", "Snomed_CT"])
    acronyms: dict[str, str] = {}
    for acronym, code in table.iter_rows():
        acronyms.setdefault(code.strip(), acronym.strip())
    return acronyms


def csn_diagnosis(codes: Sequence[str], acronyms: Mapping[str, str]) -> str | None:
    """What the published files' column ``diagnose`` says of a record.

    Args:
        codes: SNOMED CT codes of its header.
        acronyms: As :func:`csn_acronyms` reads them.

    Returns:
        Acronyms between commas; None where one code is unknown, for then the record is left out.
    """
    known = [acronyms[code] for code in codes if code in acronyms]
    return ",".join(known) if known and len(known) == len(codes) else None


def csn_labels(
    diagnoses: Iterable[str], classes: Sequence[str], *, by: Literal["part", "token"] = "part"
) -> Int8[np.ndarray, "record cls"]:
    """Labels of CSN records from the texts of the column ``diagnose``.

    Args:
        diagnoses: Acronyms between commas, of each record.
        classes: Acronyms wanted.
        by: ``part`` of the text, as the published files have it, where ``AF`` is found in ``AFIB``;
            ``token`` as it should be.
    """
    texts = [diagnosis if by == "part" else diagnosis.split(",") for diagnosis in diagnoses]
    rows = [[name in text for name in classes] for text in texts]
    return np.array(rows, dtype=np.int8).reshape(len(texts), len(classes))
