"""The LLM extractor: the findings of statements, by a model whose every answer is checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import chain
from typing import Final, Literal

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.extraction.llm.answer import Accepted, Checked, Said
from supreme_ecg.extraction.llm.cache import AnswerCache, Turn, cache_key
from supreme_ecg.extraction.llm.chat import Chat, Question, Unanswered
from supreme_ecg.extraction.llm.masking import Masked, Masker
from supreme_ecg.extraction.llm.prompt import Prompt
from supreme_ecg.reports.finding import Assertion, Finding
from supreme_ecg.reports.tokens import tokenize

_LONGEST_QUOTE: Final = 2000
"""Letters of a wrong answer that are shown to the model again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a finding, or a new entity, comes from."""

    statement: str
    concept: str | None
    """Concept id; None for a new entity."""
    entity: str | None
    """Name of a new entity; None for a concept."""
    said: Said
    """The paper's assertion, as the model gave it."""
    assertion: Assertion
    start: int
    """Place of the evidence in the statement."""
    end: int
    """Index after it."""
    extractor: str
    turn: Literal[1, 2]
    """Whether the first answer said it, or the mended one."""
    answered_at: str
    """UTC, ISO 8601."""
    answer: str
    """Key of the answer in the cache."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """What could not be used of the answers about a statement."""

    statement: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """A masked statement with what came back about it."""

    masked: Masked
    key: str
    turns: tuple[Turn, ...]
    failure: str | None = None
    """Why the last question got no answer."""


class LlmExtractor:
    """Finds the concepts of statements by asking a language model about each distinct one once.

    Identifiers are masked first; statements that are equal then are one question. An answer counts
    as far as its evidence stands in the statement and its concept in the table. If any of it does
    not, the model is asked once to mend it; what is still wrong is listed in ``rejections``.

    Args:
        chat: The model.
        table: The concepts.
        prompt: Prompt over the same concepts.
        cache: Answers so far; None to keep them for this run only.
        names: Names to mask wherever they stand.
    """

    def __init__(
        self,
        chat: Chat,
        table: ConceptTable,
        *,
        prompt: Prompt,
        cache: AnswerCache | None = None,
        names: Sequence[str] = (),
    ) -> None:
        self.chat, self.prompt, self._table = chat, prompt, table
        self.cache = cache or AnswerCache()
        self._masker = Masker(names, known_words(table))
        self.name: Final = f"llm/{prompt.version}/{chat.model}"
        self.rejections: list[Rejection] = []
        self.provenance: list[Provenance] = []
        self.asked = 0
        """Answers that the model gave in this run; the rest came from the cache."""

    def extract(self, statement: str) -> tuple[Finding, ...]:
        """Return the findings of one statement."""
        return self.extract_many([statement]).get(statement, ())

    def extract_many(
        self, statements: Sequence[str], on_statement: Callable[[], None] | None = None
    ) -> Mapping[str, tuple[Finding, ...]]:
        """Return the findings of each statement.

        Args:
            statements: Statements, as ``split_statements`` cuts them.
            on_statement: Called as often as statements are done.

        Returns:
            Statement -> findings in the order of their evidence. Of a statement that got no
            usable answer, none; ``rejections`` says why.

        Raises:
            EndpointError: The model cannot be reached or used. Answers so far are in the cache.
        """
        groups = self.group(statements)
        findings: dict[str, tuple[Finding, ...]] = {}
        known = [self._recall(group[0][1]) for group in groups.values()]
        to_mend = []
        answered = (each for each in known if each.turns)
        for asked in chain(answered, self._ask([each for each in known if not each.turns])):
            if not asked.failure and self._is_to_mend(asked):
                to_mend.append(asked)
                continue
            self._settle(asked, groups[asked.masked.text], findings, on_statement)
        for asked in self._ask(to_mend):
            self._settle(asked, groups[asked.masked.text], findings, on_statement)
        return findings

    def group(self, statements: Sequence[str]) -> dict[str, list[tuple[str, Masked]]]:
        """Return the distinct masked statements, each with the statements that it stands for."""
        groups: dict[str, list[tuple[str, Masked]]] = {}
        for statement in dict.fromkeys(statements):
            masked = self._masker.mask(statement)
            groups.setdefault(masked.text, []).append((statement, masked))
        return groups

    def turns(self, masked_text: str) -> tuple[Turn, ...]:
        """Return the answers about a masked statement so far."""
        return self._recall(Masked(masked_text, ())).turns

    def is_known(self, masked: Masked) -> bool:
        """Say whether the cache has all that a run would ask about a masked statement."""
        asked = self._recall(masked)
        return bool(asked.turns) and not self._is_to_mend(asked)

    def _recall(self, masked: Masked) -> _Asked:
        key = cache_key(
            masked.text,
            prompt=self.prompt.version,
            model=self.chat.model,
            sampling=self.chat.sampling,
        )
        return _Asked(masked, key, self.cache.turns(key))

    def _ask(self, waiting: Sequence[_Asked]) -> Iterator[_Asked]:
        """Yield each with one more answer, which is in the cache by then, or with its failure."""
        by_key = {asked.key: asked for asked in waiting}
        questions = (self._question(asked) for asked in waiting)
        for question, answer in self.chat.ask(questions):
            asked = by_key[question.key]
            if isinstance(answer, Unanswered):
                yield replace(asked, failure=answer.reason)
                continue
            self.asked += 1
            turn = self.cache.add(
                asked.key,
                answer,
                statement=asked.masked.text,
                prompt=self.prompt.version,
                model=self.chat.model,
                sampling=self.chat.sampling,
            )
            yield replace(asked, turns=(*asked.turns, turn))

    def _question(self, asked: _Asked) -> Question:
        text = asked.masked.text
        messages = self.prompt.conversation(text)
        if asked.turns:
            quote = asked.turns[0].completion.text[:_LONGEST_QUOTE]
            messages = self.prompt.repair(text, quote, self._check(asked, 0).faults)
        return Question(asked.key, messages, self.prompt.schema(text))

    def _is_to_mend(self, asked: _Asked) -> bool:
        """Say whether there is one answer, and it is wrong in a way that can be mended."""
        if len(asked.turns) != 1 or asked.turns[0].completion.finish == "refusal":
            return False
        return bool(self._check(asked, 0).faults)

    def _check(self, asked: _Asked, turn: int) -> Checked:
        completion = asked.turns[turn].completion
        if completion.finish == "refusal":
            return Checked((), ("the model declined to answer",))
        checked = self.prompt.check(completion.text, asked.masked)
        if checked.faults and completion.finish == "length":
            return replace(checked, faults=("cut off, because it was too long",))
        return checked

    def _settle(
        self,
        asked: _Asked,
        group: Sequence[tuple[str, Masked]],
        findings: dict[str, tuple[Finding, ...]],
        on_statement: Callable[[], None] | None,
    ) -> None:
        """Turn the answers about a masked statement into findings of all that it stands for."""
        checks = [self._check(asked, turn) for turn in range(len(asked.turns))]
        used = len(checks) - 1
        if used == 1 and checks[1].faults and not checks[1].accepted:
            used = 0
        reasons = [*(checks[-1].faults if checks else ())]
        if asked.failure:
            reasons.append(f"no answer: {asked.failure}")
        for statement, masked in group:
            if reasons:
                self.rejections.append(Rejection(statement, "; ".join(reasons)))
            rows = [
                self._row(statement, masked, each, asked, used)
                for each in (checks[used].accepted if checks else ())
            ]
            self.provenance += rows
            findings[statement] = tuple(
                Finding(row.concept, row.assertion, (row.start, row.end), self.name)
                for row in rows
                if row.concept is not None
            )
            if on_statement:
                on_statement()

    def _row(
        self, statement: str, masked: Masked, accepted: Accepted, asked: _Asked, turn: int
    ) -> Provenance:
        start, end = masked.original_span(*accepted.span)
        return Provenance(
            statement=statement,
            concept=accepted.concept,
            entity=accepted.entity,
            said=accepted.said,
            assertion=accepted.assertion,
            start=start,
            end=end,
            extractor=self.name,
            turn=1 if turn == 0 else 2,
            answered_at=asked.turns[turn].answered_at,
            answer=asked.key,
        )


@cache
def known_words(table: ConceptTable) -> frozenset[str]:
    """Return the words that ECG reports are made of, which are never taken for names."""
    texts = [
        text
        for concept in table.concepts.values()
        for text in (concept.name, concept.definition, *(each.phrase for each in concept.synonyms))
    ]
    texts += [
        each.read_text(encoding="utf-8")
        for each in files("supreme_ecg.reports").iterdir()
        if each.name.endswith(".csv")
    ]
    return frozenset(token.written for text in texts for token in tokenize(text))
