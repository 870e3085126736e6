"""Words in any order -> the concept of which a name or synonym says the same.

Every name and synonym of the table is rewritten (:mod:`supreme_ecg.serving.terms`) and kept as the set of
its words. A question is a concept if its own set is that of a phrase, and of phrases of no other concept:
"total block of the right wire" needs no row of its own. Words that add nothing ("wave", "heart") are set
apart; of them one side may have more than the other. A word that is understood by nobody fits nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache, cached_property

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.reports.tokens import normal_words, tokenize
from supreme_ecg.serving.terms import Rewriter, lexicon_of, rows

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Content:
    """What a phrase says, in no order."""

    main: Words
    """Words that must be the same."""
    light: Words
    """Words that add little: "wave", "heart"."""

    def says(self, other: Content) -> bool:
        """Say whether this phrase says what another one of the same main words says."""
        if len(self.main) > 1 and self.light < other.light:
            return True
        return self.light >= other.light


class Composition:
    """Reads phrases as concepts by the words that they are made of.

    Args:
        table: Concepts with their names and synonyms.
    """

    def __init__(self, table: ConceptTable) -> None:
        self._table = table
        self._rewriter = Rewriter(concept.name for concept in table.concepts.values())

    def rewrite(self, text: str, *, medical: bool = False) -> str:
        """Write a text in plain clinical English (:meth:`Rewriter.rewrite`)."""
        return self._rewriter.rewrite(text, medical=medical)

    def find(self, text: str) -> str | None:
        """Return the id of the one concept that a phrase means, if all its words are understood.

        Args:
            text: Words that name a finding, without the question around it.
        """
        content = self._content(text)
        phrases = self._index.get(content.main, ())
        found = {concept for other, concept in phrases if content.says(other)}
        if len(found) > 1:
            found = self._likeliest(content, found)
        return found.pop() if len(found) == 1 else None

    def _likeliest(self, content: Content, concepts: set[str]) -> set[str]:
        """Of several, those so named, or with the very words, or the one that all others imply."""
        named = {c for c in concepts if self._content(self._table[c].name).main == content.main}
        left = named or concepts
        phrases = self._index[content.main]
        left = {c for other, c in phrases if c in left and other.light == content.light} or left
        return {c for c in left if self._table.descendants(c) >= left - {c}} or left

    def _content(self, phrase: str) -> Content:
        return content_of(self.rewrite(phrase))

    @cached_property
    def _index(self) -> dict[Words, list[tuple[Content, str]]]:
        index: defaultdict[Words, list[tuple[Content, str]]] = defaultdict(list)
        for concept in self._table.concepts.values():
            phrases = (concept.name, *(synonym.phrase for synonym in concept.synonyms))
            for content in set(map(self._content, phrases)):
                if content.main:
                    index[content.main].append((content, concept.id))
        return dict(index)


def content_of(text: str) -> Content:
    """Return what a rewritten phrase says.

    Args:
        text: In plain clinical English.
    """
    tokens = tokenize(text)
    parts, empty, words, index = lexicon_of(("parts",)), lexicon_of(("empty",)), set[str](), 0
    while index < len(tokens):
        match = parts.longest(tokens, index)
        if match:
            words.update(normal_words(match.concept))
        elif not empty.longest(tokens, index):
            words.add(tokens[index].word)
        index = match.last + 1 if match else index + 1
    for said, meant in _rules():
        if said <= words:
            words = words - said | meant
    light = words & _light()
    return Content(frozenset(words - light), frozenset(light))


@cache
def _rules() -> tuple[tuple[Words, Words], ...]:
    """Words that together mean others, most words first."""
    found = [
        (frozenset(normal_words(phrase)), frozenset(normal_words(meaning)))
        for kind, meaning, phrase in rows()
        if kind == "rule"
    ]
    return tuple(sorted(found, key=lambda rule: -len(rule[0])))


@cache
def _light() -> Words:
    return frozenset(
        word for kind, _, phrase in rows() if kind == "light" for word in normal_words(phrase)
    )
