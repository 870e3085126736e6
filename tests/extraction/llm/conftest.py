"""The concepts, the prompts, and clients that do not wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.extraction.llm.backoff import Backoff, Gate
from supreme_ecg.extraction.llm.endpoint import EndpointChat
from supreme_ecg.extraction.llm.prompt import Prompt


@pytest.fixture(scope="session")
def table() -> ConceptTable:
    """The package's concepts."""
    return ConceptTable.load()


@pytest.fixture(scope="session")
def full(table: ConceptTable) -> Prompt:
    """The prompt for large models."""
    return Prompt.load("full-1", table)


@pytest.fixture
def waits() -> list[float]:
    """How long the client would have waited, in seconds."""
    return []


@pytest.fixture
def connect(waits: list[float], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Makes clients of a URL, whose waits take no time."""
    monkeypatch.delenv("SUPREME_LLM_KEY", raising=False)
    made: list[EndpointChat] = []

    def make(url: str, **settings: Any) -> EndpointChat:
        gate = Gate(wait=waits.append, clock=lambda: sum(waits), draw=lambda: 0.0)
        settings = {"backoff": Backoff(tries=3), "timeout_s": 5.0, "concurrency": 2} | settings
        made.append(EndpointChat(url, "replayed", gate=gate, **settings))
        return made[-1]

    yield make
    for chat in made:
        chat.close()
