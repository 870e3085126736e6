"""What a run would cost and take, before anything is asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from supreme_ecg.extraction.llm.cache import Usage
from supreme_ecg.extraction.llm.extractor import LlmExtractor
from supreme_ecg.extraction.llm.prompt import Prompt

_LETTERS_PER_TOKEN: Final = 3.2
"""Of English and German medical text with concept ids, for the tokenisers of current models."""
_ANSWER_TOKENS: Final = 90
"""Of an answer with two findings."""
_REPAIRS: Final = 0.1
_PROMPT_TOKENS_PER_S: Final = 2000.0
_ANSWER_TOKENS_PER_S: Final = 40.0
"""Of one of several requests at once, on a server with one GPU."""
_SAMPLE: Final = 300
"""Prompts that are made to measure their length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a run would cost and take."""

    statements: int
    """Distinct statements."""
    masked_statements: int
    """Distinct ones after masking."""
    with_identifiers: int
    """Distinct statements in which something was masked."""
    known: int
    """Masked statements that the cache answers."""
    to_ask: int
    """Masked statements that the model would be asked about."""
    answers: float
    """Answers expected, repair turns among them."""
    prompt_tokens: int
    completion_tokens: int
    cost: float | None
    """In the currency of the prices; None without prices."""
    seconds: float
    basis: Literal["measured", "assumed"]
    """Whether tokens and time per answer are those of the answers in the cache."""


def estimate_run(
    statements: Sequence[str],
    extractor: LlmExtractor,
    *,
    price_per_million: tuple[float, float] | None = None,
) -> Estimate:
    """Estimate a run. Nothing is asked.

    Tokens and seconds per answer are the averages of what the cache has of this prompt and model;
    if it has nothing, tokens are counted from the letters of a sample of prompts and the speed is
    an assumption (2,000 prompt and 40 answer tokens a second for each request).

    Args:
        statements: Statements, as ``split_statements`` cuts them.
        extractor: What would run.
        price_per_million: Price of a million prompt tokens and of a million answer tokens.
    """
    groups = extractor.group(statements)
    pairs = [pair for group in groups.values() for pair in group]
    open_ones = [text for text, group in groups.items() if not extractor.is_known(group[0][1])]
    prompt, chat = extractor.prompt, extractor.chat
    measured = extractor.cache.usage(prompt=prompt.version, model=chat.model)
    usage = measured if measured and measured.prompt_tokens else _assumed(open_ones, prompt)
    answers = len(open_ones) * (1 + usage.repairs)
    prompt_tokens = round(answers * usage.prompt_tokens)
    completion_tokens = round(answers * usage.completion_tokens)
    cost = None
    if price_per_million is not None:
        into, out = price_per_million
        cost = (prompt_tokens * into + completion_tokens * out) / 1e6
    return Estimate(
        statements=len(pairs),
        masked_statements=len(groups),
        with_identifiers=sum(bool(masked.cuts) for _, masked in pairs),
        known=len(groups) - len(open_ones),
        to_ask=len(open_ones),
        answers=answers,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost=cost,
        seconds=answers * usage.seconds / chat.concurrency,
        basis="measured" if usage is measured else "assumed",
    )


def _assumed(statements: Sequence[str], prompt: Prompt) -> Usage:
    sample = list(statements)
    if len(sample) > _SAMPLE:
        sample = random.Random(0).sample(sample, _SAMPLE)  # noqa: S311  no secret
    letters = [
        sum(len(message.content) for message in prompt.conversation(statement))
        for statement in sample
    ]
    prompt_tokens = sum(letters) / max(len(letters), 1) / _LETTERS_PER_TOKEN
    return Usage(
        answers=0,
        prompt_tokens=prompt_tokens,
        completion_tokens=_ANSWER_TOKENS,
        seconds=prompt_tokens / _PROMPT_TOKENS_PER_S + _ANSWER_TOKENS / _ANSWER_TOKENS_PER_S,
        repairs=_REPAIRS,
    )
