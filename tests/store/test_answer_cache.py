"""Answers are asked once for weights, questions and records, and a file is never believed blindly."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from supreme_ecg.errors import StoreError
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


@pytest.fixture
def store(tmp_path: Path) -> Any:
    """A store of sixty records without signals."""
    return SimpleNamespace(path=tmp_path, records=range(60))


def test_the_second_call_reads_what_the_first_asked(store: Any) -> None:
    """The same answers, for the price of eight records, and progress adds up both times."""
    told: list[int] = []
    first, computed = kept_answers(Asked(), ROWS, identity="one", store=store, advance=told.append)
    again = Asked()
    second, cached = kept_answers(again, ROWS, identity="one", store=store, advance=told.append)
    assert (computed, cached) == ("computed", "cached")
    assert np.array_equal(first, second)
    assert len(again.rows) == 8
    assert sum(told) == 2 * len(ROWS)


def test_answers_of_something_else_are_not_read(store: Any) -> None:
    """Another identity has another file."""
    kept_answers(Asked(), ROWS, identity="one", store=store)
    _, origin = kept_answers(Asked(), ROWS, identity="other", store=store)
    assert origin == "computed"


def test_a_model_that_answers_otherwise_now_is_asked_again(store: Any) -> None:
    """Changed code behind the same weights: the new answers are returned and kept."""
    kept_answers(Asked(), ROWS, identity="one", store=store)
    answers, origin = kept_answers(Asked(factor=0.02), ROWS, identity="one", store=store)
    assert origin == "replaced"
    assert answers[3, 0] == pytest.approx(0.06)
    assert kept_answers(Asked(factor=0.02), ROWS, identity="one", store=store)[1] == "cached"


def test_answers_of_two_models_are_never_in_one_file(store: Any) -> None:
    """Other records than those of the file are asked about, by code that has changed."""
    kept_answers(Asked(), np.arange(10), identity="one", store=store)
    _, origin = kept_answers(Asked(factor=0.02), np.arange(10, 20), identity="one", store=store)
    assert origin == "replaced"
    _, origin = kept_answers(Asked(factor=0.02), np.arange(20), identity="one", store=store)
    assert origin == "computed"


def test_only_records_that_were_never_asked_about_are_asked(store: Any) -> None:
    """Another fold: what the two have in common is read."""
    kept_answers(Asked(), ROWS, identity="one", store=store)
    more = Asked()
    told: list[int] = []
    rows = np.arange(20, 60)
    answers, origin = kept_answers(more, rows, identity="one", store=store, advance=told.append)
    assert (origin, len(more.rows), sum(told)) == ("computed", 8 + 20, len(rows))
    assert np.array_equal(answers, Asked()(rows, lambda _: None))
    everything, origin = kept_answers(Asked(), np.arange(60), identity="one", store=store)
    assert origin == "cached"
    assert np.array_equal(everything[20:], answers)


def test_a_full_disk_spoils_no_score(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers are returned, and said not to be kept."""

    def full(*_: object, **__: object) -> None:
        raise StoreError("a disk", expected="room", found="none", remedy="Make room.")

    monkeypatch.setattr(answer_cache, "write_vectors", full)
    answers, origin = kept_answers(Asked(), ROWS, identity="one", store=store)
    assert (origin, len(answers)) == ("not cached", len(ROWS))


def test_a_change_of_small_answers_is_noticed(store: Any) -> None:
    """Rare findings are ranked by answers near 0, where twice as much is a small difference."""
    kept_answers(Asked(factor=1e-6), ROWS, identity="one", store=store)
    _, origin = kept_answers(Asked(factor=2e-6), ROWS, identity="one", store=store)
    assert origin == "replaced"


def test_a_damaged_file_is_not_believed(store: Any) -> None:
    """One byte turned: asked again."""
    kept_answers(Asked(), ROWS, identity="one", store=store)
    (path,) = (store.path / FOLDER).iterdir()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    answers, origin = kept_answers(Asked(), ROWS, identity="one", store=store)
    assert origin == "replaced"
    assert np.array_equal(answers, Asked()(ROWS, lambda _: None))


def test_nan_is_not_kept(store: Any) -> None:
    """Damaged weights answer NaN: what scores the answers says so, and nothing is left behind."""
    kept_answers(Asked(factor=float("nan")), ROWS, identity="one", store=store)
    assert not (store.path / FOLDER).exists()


def test_a_store_that_cannot_be_written_to_is_asked_each_time(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only archive can be scored."""
    monkeypatch.setattr(answer_cache.os, "access", lambda *_: False)
    for _ in range(2):
        assert kept_answers(Asked(), ROWS, identity="one", store=store)[1] == "not cached"
    assert not (store.path / FOLDER).exists()


def test_a_task_asked_again_has_the_same_answers(
    cohort_store: Path, tmp_path: Path, letters: LetterEncoder
) -> None:
    """Kept by weights and prompts; an unsaved model is asked anew."""
    store = Store.open(Path(shutil.copytree(cohort_store, tmp_path / "store")))
    small_model(letters).save(tmp_path / "model")
    model = SuPreME.from_pretrained(tmp_path / "model", text_encoder=letters)

    def ask(model: SuPreME, folds: list[int] | None = None) -> Given:
        plan = plan_zero_shot(model, store, Task.load("synthetic"), folds=folds)
        return ask_once(model, [plan])

    some, whole, again = ask(model, folds=[9, 10]), ask(model), ask(model)
    assert (some.origin, whole.origin, again.origin) == ("computed", "computed", "cached")
    assert len(some.rows) < len(whole.rows)
    assert np.array_equal(whole.answers, again.answers)
    assert ask(model.with_random_encoder(0)).origin == "not cached"
    assert len(list((store.path / FOLDER).iterdir())) == 1
