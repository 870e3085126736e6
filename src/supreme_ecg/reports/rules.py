"""The rule extractor: the findings of a statement, by phrases and the scope of doubt."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Final, cast

from supreme_ecg.reports.composition import (
    Qualifier,
    Shared,
    find_qualifiers,
    qualifier_lexicon,
    share_heads,
)
from supreme_ecg.reports.finding import Assertion, Finding
from supreme_ecg.reports.lexicon import Lexicon, Match
from supreme_ecg.reports.patterns import match_patterns
from supreme_ecg.reports.scope import as_cue, assert_each, cue_lexicon
from supreme_ecg.reports.tokens import Token, normal_word, normal_words, tokenize

_DOUBT: Final[dict[Assertion, int]] = {"present": 0, "uncertain": 1, "absent": 2}


class RuleExtractor:
    """Finds the concepts of a statement by the phrases of a lexicon.

    Args:
        lexicon: Phrases and the concepts they name.
    """

    name: Final = "rules/1"
    """Name and version, stored with every finding."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def extract(self, statement: str) -> tuple[Finding, ...]:
        """Return what a statement says.

        Args:
            statement: One statement, as ``split_statements`` cuts them; any text will do.

        Returns:
            The findings in the order of their evidence, each concept once for each place.
        """
        tokens = _read_in_context(tokenize(statement))
        items, cues, words = self._scan(tokens)
        items = sorted({*items, *match_patterns(tokens)}, key=lambda item: (item.first, -item.last))
        apart = frozenset(k for cue in cues for k in range(cue.first, cue.last + 1))
        qualifiers = find_qualifiers(tokens, items, words, apart)
        apart |= {k for word in words for k in range(word.first, word.last + 1)}
        shared = share_heads(tokens, items, self._lexicon, apart)
        ages = [qualifier.match for qualifier in qualifiers if not qualifier.joined]
        lines = sorted([*items, *ages], key=lambda item: (item.first, -item.last))
        said = dict(zip(lines, assert_each(tokens, lines, [as_cue(c) for c in cues]), strict=True))
        found = [
            *_refined(items, shared, qualifiers, said),
            *_qualifying(qualifiers, items, said),
        ]
        found += list(_implied(found))
        return tuple(
            Finding(match.concept, assertion, _span(tokens, match), self.name)
            for match, assertion in sorted(set(found), key=lambda each: _order(each[0]))
        )

    def _scan(self, tokens: Sequence[Token]) -> tuple[list[Match], list[Match], list[Match]]:
        """Cut the tokens into findings, cues and qualifying words, longest first."""
        found: tuple[list[Match], list[Match], list[Match]] = ([], [], [])
        lexicons = (self._lexicon, cue_lexicon(), qualifier_lexicon())
        first = 0
        while first < len(tokens):
            best, kind = None, 0
            for index, lexicon in enumerate(lexicons):
                match = lexicon.longest(tokens, first)
                if match and (best is None or match.last > best.last):
                    best, kind = match, index
            if best:
                found[kind].append(best)
            first = best.last + 1 if best else first + 1
        return found


@cache
def _contexts() -> tuple[tuple[tuple[str, ...], str, str], ...]:
    with (files("supreme_ecg.reports") / "contexts.csv").open(encoding="utf-8") as file:
        return tuple(
            (normal_words(row["begins"]), normal_word(row["word"]), normal_word(row["read_as"]))
            for row in csv.DictReader(file)
        )


def _read_in_context(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Replace words that mean something narrower in a statement with a known beginning."""
    begins = tuple(token.word for token in tokens[:4])
    readings = {
        word: read_as for start, word, read_as in _contexts() if begins[: len(start)] == start
    }
    if not readings:
        return tokens
    return tuple(replace(token, word=readings.get(token.word, token.word)) for token in tokens)


def _refined(
    items: Sequence[Match],
    shared: Sequence[Shared],
    qualifiers: Sequence[Qualifier],
    said: dict[Match, Assertion],
) -> Iterator[tuple[Match, Assertion]]:
    """Yield the findings; those whose head took an own modifier give way to the refined ones.

    "No acute infarct" denies the acute one only, so a denied finding with a qualifier before it
    says nothing of its own.
    """
    refined = {each.of for each in shared if each.refines}
    open_choice = {each.of for each in shared if each.alternative}
    spared = {each.of for each in qualifiers if each.joined and said[items[each.of]] == "absent"}
    for index, item in enumerate(items):
        doubtful = index in open_choice and said[item] == "present"
        assertion = "uncertain" if doubtful else said[item]
        if index not in spared:
            if index not in refined:
                yield item, assertion
            yield from ((each.match, assertion) for each in shared if each.of == index)


def _qualifying(
    qualifiers: Sequence[Qualifier], items: Sequence[Match], said: dict[Match, Assertion]
) -> Iterator[tuple[Match, Assertion]]:
    """Yield the qualifiers, never surer than the finding that they qualify."""
    for qualifier in qualifiers:
        item = items[qualifier.of]
        span = Match(
            qualifier.match.concept,
            min(qualifier.match.first, item.first),
            max(qualifier.match.last, item.last),
        )
        own = said[item] if qualifier.joined else said[qualifier.match]
        yield span, max(own, said[item], key=_DOUBT.__getitem__)


@cache
def _implications() -> dict[str, tuple[tuple[str, Assertion], ...]]:
    implied: dict[str, tuple[tuple[str, Assertion], ...]] = {}
    with (files("supreme_ecg.reports") / "implications.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            pair = (row["implied"], cast(Assertion, row["assertion"]))
            implied[row["concept"]] = (*implied.get(row["concept"], ()), pair)
    return implied


def _implied(
    found: Sequence[tuple[Match, Assertion]],
) -> Iterator[tuple[Match, Assertion]]:
    """Yield what findings imply in a weaker form: "otherwise normal" is doubtfully normal."""
    for match, assertion in found:
        if assertion != "absent":
            for concept, weaker in _implications().get(match.concept, ()):
                yield replace(match, concept=concept), weaker


def _span(tokens: Sequence[Token], match: Match) -> tuple[int, int]:
    return tokens[match.first].start, tokens[match.last].end


def _order(match: Match) -> tuple[int, int, str]:
    return match.first, match.last, match.concept
