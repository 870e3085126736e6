"""The cache: by statement, prompt, model and sampling; one file; an error for anything else."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from supreme_ecg.errors import EndpointError
from supreme_ecg.extraction.llm.cache import AnswerCache, cache_key
from supreme_ecg.extraction.llm.chat import Completion, Sampling

ABOUT = {"prompt": "full-1+0", "model": "m", "sampling": Sampling()}


def add(cache: AnswerCache, key: str, text: str, seconds: float = 1.0) -> None:
    done = Completion(
        text=text, finish="stop", prompt_tokens=100, completion_tokens=10, seconds=seconds
    )
    cache.add(key, done, statement="pause", **ABOUT)


def test_the_key_depends_on_all_four_parts_and_no_more() -> None:
    """Another statement, prompt, model or setting is another question."""
    parts = {"prompt": "p", "model": "m", "sampling": Sampling()}
    keys = {
        cache_key("a", **parts),
        cache_key("b", **parts),
        cache_key("a", **parts | {"prompt": "q"}),
        cache_key("a", **parts | {"model": "n"}),
        cache_key("a", **parts | {"sampling": Sampling(temperature=0.5)}),
        cache_key("a", **parts | {"sampling": Sampling(extra={"top_k": 1})}),
    }
    assert len(keys) == 6
    assert cache_key("a", **parts) in keys


def test_answers_are_there_after_the_process_ended(tmp_path: Path) -> None:
    """Both turns of a question, in order, as they were; also where nothing was closed."""
    path = tmp_path / "new" / "cache.sqlite"
    cache = AnswerCache(path)
    add(cache, "k", "first")
    add(cache, "k", "second")
    with AnswerCache(path) as again:
        assert [turn.completion.text for turn in again.turns("k")] == ["first", "second"]
        assert again.turns("other") == ()
    cache.close()


def test_usage_is_the_average_of_first_answers(tmp_path: Path) -> None:
    """Repairs are their share; other prompts and models do not count."""
    with AnswerCache() as cache:
        assert cache.usage(prompt="full-1+0", model="m") is None
        add(cache, "a", "x", 1.0)
        add(cache, "b", "x", 3.0)
        add(cache, "b", "y", 50.0)
        usage = cache.usage(prompt="full-1+0", model="m")
        assert usage is not None
        assert (usage.answers, usage.seconds, usage.repairs) == (2, 2.0, 0.5)
        assert cache.usage(prompt="full-1+0", model="n") is None


def test_a_file_that_is_no_cache_is_refused(tmp_path: Path) -> None:
    """Neither text, nor another database, nor a later format, nor a folder is written to."""
    text, later = tmp_path / "text", tmp_path / "later"
    text.write_text("not a database, but long enough to be read as one " * 40)
    with sqlite3.connect(later) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    for path in (text, later, tmp_path):
        with pytest.raises(EndpointError, match="cache of answers"):
            AnswerCache(path)
    assert text.read_text().startswith("not a database")
