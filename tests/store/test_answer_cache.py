"""Answers are asked once for weights, questions and records, and a file is never believed blindly."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from supreme_ecg.evaluation.asking import Given, ask_once
from supreme_ecg.evaluation.task import Task
from supreme_ecg.evaluation.zero_shot_plan import plan_zero_shot
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store import answer_cache
from supreme_ecg.store.answer_cache import FOLDER, kept_answers
from supreme_ecg.store.reading import Store
from tests.conftest import LetterEncoder
from tests.models.small_model import small_model

ROWS = np.arange(40)


@dataclass
class Asked:
    """Answers two questions by the row's number; counts the rows that it was asked about."""

    factor: float = 0.01
    rows: list[int] = field(default_factory=list)

    def __call__(self, rows: np.ndarray, told: Callable[[int], None]) -> np.ndarray:
        """One row of answers a record."""
        self.rows += rows.tolist()
        told(len(rows))
        answers: np.ndarray = np.stack([rows, rows + 1], axis=1).astype(np.float32) * self.factor
        return answers


def test_the_second_call_reads_what_the_first_asked(tmp_path: Path) -> None:
    """The same answers, for the price of eight records, and progress adds up both times."""
    told: list[int] = []
    first, computed = kept_answers(
        Asked(), ROWS, identity="one", store=tmp_path, advance=told.append
    )
    again = Asked()
    second, kept = kept_answers(again, ROWS, identity="one", store=tmp_path, advance=told.append)
    assert (computed, kept) == ("computed", "kept")
    assert np.array_equal(first, second)
    assert len(again.rows) == 8
    assert sum(told) == 2 * len(ROWS)


def test_answers_of_something_else_are_not_read(tmp_path: Path) -> None:
    """Another identity has another file."""
    kept_answers(Asked(), ROWS, identity="one", store=tmp_path)
    _, origin = kept_answers(Asked(), ROWS, identity="other", store=tmp_path)
    assert origin == "computed"


def test_a_model_that_answers_otherwise_now_is_asked_again(tmp_path: Path) -> None:
    """Changed code behind the same weights: the new answers are returned and kept."""
    kept_answers(Asked(), ROWS, identity="one", store=tmp_path)
    answers, origin = kept_answers(Asked(factor=0.02), ROWS, identity="one", store=tmp_path)
    assert origin == "replaced"
    assert answers[3, 0] == pytest.approx(0.06)
    assert kept_answers(Asked(factor=0.02), ROWS, identity="one", store=tmp_path)[1] == "kept"


def test_a_change_of_small_answers_is_noticed(tmp_path: Path) -> None:
    """Rare findings are ranked by answers near 0, where twice as much is a small difference."""
    kept_answers(Asked(factor=1e-6), ROWS, identity="one", store=tmp_path)
    _, origin = kept_answers(Asked(factor=2e-6), ROWS, identity="one", store=tmp_path)
    assert origin == "replaced"


def test_a_damaged_file_is_not_believed(tmp_path: Path) -> None:
    """One byte turned: asked again."""
    kept_answers(Asked(), ROWS, identity="one", store=tmp_path)
    (path,) = (tmp_path / FOLDER).iterdir()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    answers, origin = kept_answers(Asked(), ROWS, identity="one", store=tmp_path)
    assert origin == "computed"
    assert np.array_equal(answers, Asked()(ROWS, lambda _: None))


def test_nan_is_not_kept(tmp_path: Path) -> None:
    """Damaged weights answer NaN: what scores the answers says so, and nothing is left behind."""
    kept_answers(Asked(factor=float("nan")), ROWS, identity="one", store=tmp_path)
    assert not (tmp_path / FOLDER).exists()


def test_a_store_that_cannot_be_written_to_is_asked_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only archive can be scored."""
    monkeypatch.setattr(answer_cache.os, "access", lambda *_: False)
    for _ in range(2):
        assert kept_answers(Asked(), ROWS, identity="one", store=tmp_path)[1] == "computed"
    assert not (tmp_path / FOLDER).exists()


def test_a_task_asked_again_has_the_same_answers(
    cohort_store: Path, tmp_path: Path, letters: LetterEncoder
) -> None:
    """Kept by weights, records and prompts; other folds or an unsaved model are asked anew."""
    store = Store.open(Path(shutil.copytree(cohort_store, tmp_path / "store")))
    small_model(letters).save(tmp_path / "model")
    model = SuPreME.from_pretrained(tmp_path / "model", text_encoder=letters)

    def ask(model: SuPreME, folds: list[int] | None = None) -> Given:
        plan = plan_zero_shot(model, store, Task.load("synthetic"), folds=folds)
        return ask_once(model, [plan])

    first, again, others = ask(model), ask(model), ask(model, folds=[9, 10])
    assert (first.origin, again.origin, others.origin) == ("computed", "kept", "computed")
    assert np.array_equal(first.answers, again.answers)
    assert len(others.rows) < len(first.rows)
    assert ask(model.with_random_encoder(0)).origin == "computed"
    assert len(list((store.path / FOLDER).iterdir())) == 2
