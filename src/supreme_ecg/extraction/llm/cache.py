"""Answers that were paid for: kept on disk as they come, so that nothing is asked twice."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self, cast

from supreme_ecg.errors import EndpointError
from supreme_ecg.extraction.llm.chat import Completion, Sampling

_FORMAT: Final = 1
_WAIT_S: Final = 30.0
"""How long to wait for another process that writes to the same cache."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS answers (
    key TEXT NOT NULL,
    turn INTEGER NOT NULL,
    statement TEXT NOT NULL,
    prompt TEXT NOT NULL,
    model TEXT NOT NULL,
    sampling TEXT NOT NULL,
    text TEXT NOT NULL,
    finish TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    seconds REAL NOT NULL,
    answered_at TEXT NOT NULL,
    PRIMARY KEY (key, turn)
) WITHOUT ROWID
"""


def cache_key(statement: str, *, prompt: str, model: str, sampling: Sampling) -> str:
    """Return the identity of a question.

    Args:
        statement: The masked statement.
        prompt: Version of the prompt.
        model: Name of the model.
        sampling: How answers are drawn.

    Returns:
        A SHA-256 checksum, hexadecimal. It does not depend on the endpoint's address or key.
    """
    parts = [statement, prompt, model, asdict(sampling)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Turn:
    """An answer with when it came."""

    completion: Completion
    answered_at: str
    """UTC, ISO 8601, to the second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What answers took on average, for estimates."""

    answers: int
    prompt_tokens: float
    """A first answer's."""
    completion_tokens: float
    """A first answer's."""
    seconds: float
    """A first answer's."""
    repairs: float
    """Share of the first answers that needed a second."""


class AnswerCache:
    """Answers by question, in one SQLite file. Statements are in it as masked, keys of servers never.

    Args:
        path: The file, made if absent; None to keep answers in memory only.

    Raises:
        EndpointError: The file is no such cache or cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        with self._problems():
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path or ":memory:", timeout=_WAIT_S)
            try:
                self._prepare()
            except BaseException:
                self._database.close()
                raise

    def _prepare(self) -> None:
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if version not in (0, _FORMAT):
            raise sqlite3.DatabaseError
        if self._path is not None:
            self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(_SCHEMA)
        self._database.execute(f"PRAGMA user_version = {_FORMAT}")
        self._database.execute("SELECT key, turn, sampling, answered_at FROM answers LIMIT 1")
        self._database.commit()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. The cache cannot be used afterwards."""
        with suppress(sqlite3.Error, AttributeError):  # where it was never opened
            self._database.close()

    def __del__(self) -> None:
        self.close()

    def turns(self, key: str) -> tuple[Turn, ...]:
        """Return the answers to a question so far: none, the first, or the first and the mended."""
        with self._problems():
            rows = self._database.execute(
                "SELECT text, finish, prompt_tokens, completion_tokens, seconds, answered_at "
                "FROM answers WHERE key = ? ORDER BY turn",
                (key,),
            ).fetchall()
        return tuple(
            Turn(
                Completion(
                    text=text,
                    finish=finish,
                    prompt_tokens=prompt_tokens,
                    completion_tokens=completion_tokens,
                    seconds=seconds,
                ),
                answered_at,
            )
            for text, finish, prompt_tokens, completion_tokens, seconds, answered_at in rows
        )

    def add(
        self,
        key: str,
        completion: Completion,
        *,
        statement: str,
        prompt: str,
        model: str,
        sampling: Sampling,
    ) -> Turn:
        """Keep the next answer to a question, on disk before this returns."""
        turn = Turn(completion, datetime.now(UTC).isoformat(timespec="seconds"))
        with self._problems():
            (number,) = self._database.execute(
                "SELECT count(*) FROM answers WHERE key = ?", (key,)
            ).fetchone()
            row = (
                *(key, number, statement, prompt, model, json.dumps(asdict(sampling))),
                *(completion.text, completion.finish),
                *(completion.prompt_tokens, completion.completion_tokens, completion.seconds),
                turn.answered_at,
            )
            marks = ", ".join("?" * len(row))
            self._database.execute(f"INSERT OR IGNORE INTO answers VALUES ({marks})", row)  # noqa: S608
            self._database.commit()
        return turn

    def usage(self, *, prompt: str, model: str) -> Usage | None:
        """Return what the answers of a model to a prompt took on average; None if there are none."""
        with self._problems():
            row = self._database.execute(
                "SELECT count(*), avg(prompt_tokens), avg(completion_tokens), avg(seconds), "
                "(SELECT count(*) FROM answers WHERE prompt = :p AND model = :m AND turn = 1) "
                "FROM answers WHERE prompt = :p AND model = :m AND turn = 0",
                {"p": prompt, "m": model},
            ).fetchone()
        answers, prompt_tokens, completion_tokens, seconds, repaired = cast(
            "tuple[int, float, float, float, int]", row
        )
        if not answers:
            return None
        return Usage(
            answers=answers,
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            seconds=seconds,
            repairs=repaired / answers,
        )

    @contextmanager
    def _problems(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise EndpointError(
                self._path,
                expected="a cache of answers that can be written",
                found=f"{type(error).__name__} ({error})" if str(error) else "another kind of file",
                remedy="Choose another file with --llm-cache, or free the disk.",
            ) from None
