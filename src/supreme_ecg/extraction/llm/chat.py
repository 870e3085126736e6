"""What is asked of a language model and what comes back, whatever runs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Question:
    """A conversation that waits for the model's turn."""

    key: str
    """Identity of the statement under this prompt, model and settings."""
    messages: tuple[Message, ...]
    """The turns so far."""
    schema: Mapping[str, Any]
    """JSON schema of the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A model's turn."""

    text: str
    finish: Literal["stop", "length", "refusal"]
    """Why it ended: by itself, cut off at the longest allowed, or because the model declined."""
    prompt_tokens: int = 0
    """As the server counts them; 0 where it does not say."""
    completion_tokens: int = 0
    """As the server counts them; 0 where it does not say."""
    seconds: float = 0.0
    """From asking to answer, without waits before a new try."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that got no answer after all tries."""

    reason: str
    """Such as ``HTTP 500``; never words of the statement or of the server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How answers are drawn. Part of what an answer is cached under."""

    temperature: float = 0.0
    max_tokens: int = 512
    """Longest answer."""
    seed: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the request, as ``{"chat_template_kwargs": ...}``."""


class Chat(Protocol):
    """A language model that takes conversations."""

    @property
    def model(self) -> str:
        """Name of the model."""

    @property
    def sampling(self) -> Sampling:
        """How answers are drawn."""

    @property
    def concurrency(self) -> int:
        """How many questions are asked at once."""

    def ask(
        self, questions: Iterable[Question]
    ) -> Iterator[tuple[Question, Completion | Unanswered]]:
        """Yield each question with its answer, in the order in which answers come.

        Raises:
            EndpointError: The model cannot be reached or used at all.
        """

    def close(self) -> None:
        """Let go of connections or weights."""
