"""The rule extractor: the findings of a statement, by phrases and the scope of doubt."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Final, cast

from supreme_ecg.reports.composition import (
    Qualifier,
    Shared,
    find_qualifiers,
    history_lexicon,
    qualifier_lexicon,
    share_heads,
    split_heads,
)
from supreme_ecg.reports.ellipsis import complete_words
from supreme_ecg.reports.finding import Assertion, Finding
from supreme_ecg.reports.lexicon import Lexicon, Match
from supreme_ecg.reports.patterns import match_patterns, pattern_words
from supreme_ecg.reports.refinements import refine, refining_words
from supreme_ecg.reports.scope import as_cue, assert_each, cue_lexicon
from supreme_ecg.reports.spelling import Speller
from supreme_ecg.reports.tokens import Token, normal_word, normal_words, tokenize

_HISTORY_REACH: Final = 2
"""Words from ``history of`` to its finding."""
_DENIAL: Final = "absent/backward"
"""The cue that denies the words it stands in."""
_QUESTION: Final = "uncertain/forward"
_DOUBT: Final[dict[Assertion, int]] = {"present": 0, "uncertain": 1, "absent": 2}


class RuleExtractor:
    """Finds the concepts of a statement by the phrases of a lexicon.

    Args:
        lexicon: Phrases and the concepts they name.
    """

    name: Final = "rules/3"
    """Name and version, stored with every finding."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._speller = Speller(_known_words(lexicon))

    def extract(self, statement: str) -> tuple[Finding, ...]:
        """Return what a statement says.

        Args:
            statement: One statement, as ``split_statements`` cuts them; any text will do.

        Returns:
            The findings in the order of their evidence, each concept once for each place.
        """
        tokens = complete_words(statement, tokenize(statement), self._lexicon.words)
        tokens = _read_in_context(tuple(map(self._speller.correct, tokens)))
        items, cues, words = self._scan(tokens)
        patterns = list(match_patterns(tokens))
        cues = [_asking(tokens, cue) for cue in cues]
        cues += [replace(match, concept=_DENIAL) for match, is_denial in patterns if is_denial]
        apart = _places(cues)
        heads = split_heads(tokens, items, self._lexicon, apart | _places(words))
        items = sorted({*items, *heads, *(match for match, _ in patterns)}, key=_widest_first)
        qualifiers = find_qualifiers(tokens, items, words, apart)
        apart |= _places(words)
        cues = sorted(
            [*cues, *_histories(tokens, items, words, qualifiers)], key=lambda cue: cue.first
        )
        shared = share_heads(tokens, items, self._lexicon, apart)
        ages = [qualifier.match for qualifier in qualifiers if not qualifier.joined]
        lines = sorted([*items, *ages], key=_widest_first)
        said = dict(zip(lines, assert_each(tokens, lines, [as_cue(c) for c in cues]), strict=True))
        said |= dict(_doubted_behind(tokens, items, qualifiers, cues, said))
        taken = _places(items)
        bare = _bare_heads(items, qualifiers, said)
        found = [
            (narrower, assertion)
            for match, assertion in _refined(items, shared, qualifiers, said)
            for narrower in refine(tokens, match, taken=taken, skipped=apart)
            if match not in bare or narrower.concept != match.concept
        ]
        found += _qualifying(qualifiers, items, said)
        found += [(again, said[item]) for item in items for again in self._repeated(tokens, item)]
        found = _with_companions(found)
        found += list(_implied(found))
        return tuple(
            Finding(match.concept, assertion, _span(tokens, match), self.name)
            for match, assertion in _once(found)
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
            if best and kind == 0 and (denial := self._denial_of_more(tokens, best)):
                best, kind = denial, 1
            if best:
                found[kind].append(best)
            first = best.last + 1 if best else first + 1
        return found

    def _repeated(self, tokens: Sequence[Token], item: Match) -> Iterator[Match]:
        """Yield what a bracket says once more in other words: "2nd degree block (Mobitz I)"."""
        near = range(item.first + 1, min(item.last + 2, len(tokens)))
        opening = next((index for index in near if tokens[index].opens), None)
        again = None if opening is None else self._lexicon.longest(tokens, opening)
        if opening is None or again is None:
            return
        is_same = (again.concept, item.concept, item.concept) in _companions()
        if again.last != item.last and not is_same:
            return
        for first in range(item.first, opening):
            before = self._lexicon.longest(tokens[:opening], first)
            if before and before.last == opening - 1 and before.concept != item.concept:
                yield before
                return

    def _denial_of_more(self, tokens: Sequence[Token], item: Match) -> Match | None:
        """Return the denial that a finding begins with if it denies more: "no P wave changes"."""
        denial = cue_lexicon().longest(tokens, item.first)
        if denial is None or denial.last >= item.last:
            return None
        more = self._lexicon.longest(tokens, denial.last + 1)
        return denial if more and more.last > item.last else None


def _places(matches: Iterable[Match]) -> frozenset[int]:
    return frozenset(k for match in matches for k in range(match.first, match.last + 1))


def _widest_first(match: Match) -> tuple[int, int]:
    return match.first, -match.last


def _asking(tokens: Sequence[Token], cue: Match) -> Match:
    """Turn a question mark that is written on the word behind it, as in "?ischaemia", to that word."""
    index = cue.first
    if tokens[index].written != "?" or cue.last != index or index + 1 == len(tokens):
        return cue
    ends_a_word = index > 0 and tokens[index - 1].end == tokens[index].start
    begins_a_word = tokens[index].end == tokens[index + 1].start
    return replace(cue, concept=_QUESTION) if begins_a_word and not ends_a_word else cue


def _once(found: Iterable[tuple[Match, Assertion]]) -> list[tuple[Match, Assertion]]:
    """Report a concept once for words that overlap or touch, as "type I (Wenckebach)"."""
    said: list[tuple[Match, Assertion]] = []
    last: dict[str, int] = {}
    for match, assertion in sorted(set(found), key=lambda each: (*_order(each[0]), each[1])):
        index = last.get(match.concept)
        if index is not None and match.first <= said[index][0].last + 1:
            before, other = said[index]
            whole = replace(before, last=max(before.last, match.last))
            said[index] = (whole, min(assertion, other, key=_DOUBT.__getitem__))
        else:
            last[match.concept] = len(said)
            said.append((match, assertion))
    return sorted(said, key=lambda each: _order(each[0]))


def _doubted_behind(
    tokens: Sequence[Token],
    items: Sequence[Match],
    qualifiers: Sequence[Qualifier],
    cues: Sequence[Match],
    said: dict[Match, Assertion],
) -> Iterator[tuple[Match, Assertion]]:
    """Yield what a clause behind ", old," says, which is meant for the infarct and not for its age."""
    for each in qualifiers:
        behind = each.match.last + 1
        if not each.joined and any(cue.first == behind for cue in cues):
            item = items[each.of]
            if tokens[behind].gap == "comma" and said[item] == "present":
                yield item, said[each.match]


def _histories(
    tokens: Sequence[Token],
    items: Sequence[Match],
    words: Sequence[Match],
    qualifiers: Sequence[Qualifier],
) -> Iterator[Match]:
    """Yield the words of the past that qualify no infarct, as cues of doubt."""
    used = {qualifier.match for qualifier in qualifiers}
    for word in words:
        match = history_lexicon().longest(tokens, word.first)
        first = min((item.first for item in items if item.first > word.last), default=len(tokens))
        is_near = first - word.last <= _HISTORY_REACH
        between = tokens[word.last + 1 : first + 1]
        if match and word not in used and is_near and not any(token.gap for token in between):
            yield match


def _known_words(lexicon: Lexicon) -> Counter[str]:
    """Count the words of all phrase lists."""
    words = Counter(lexicon.words)
    for other in (cue_lexicon().words, qualifier_lexicon().words, pattern_words()):
        words.update(other)
    words.update(refining_words())
    return words


@cache
def _contexts() -> tuple[tuple[str, str, str], ...]:
    with (files("supreme_ecg.reports") / "contexts.csv").open(encoding="utf-8") as file:
        return tuple(
            (
                " ".join(("", *normal_words(row["beside"]), "")),
                normal_word(row["word"]),
                "".join(normal_words(row["read_as"])),
            )
            for row in csv.DictReader(file)
        )


def _read_in_context(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Replace words that mean something narrower beside certain others in a statement."""
    words = [token.word for token in tokens]
    line = ""
    for beside, word, read_as in _contexts():
        if word in words:
            line = line or f" {' '.join(words)} "
            if beside in line:
                tokens = tuple(
                    replace(token, word=read_as, plain=read_as) if token.word == word else token
                    for token in tokens
                )
    return tokens


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


def _bare_heads(
    items: Sequence[Match], qualifiers: Sequence[Qualifier], said: dict[Match, Assertion]
) -> set[Match]:
    """Return the findings that say no more than their qualifier: the infarct of "old infarct"."""
    return {
        items[each.of]
        for each in qualifiers
        if items[each.of].concept == each.implies
        and (each.joined or said[each.match] == said[items[each.of]])
    }


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
def _companions() -> tuple[tuple[str, str, str], ...]:
    with (files("supreme_ecg.reports") / "companions.csv").open(encoding="utf-8") as file:
        return tuple(
            (row["concept"], row["beside"], row["read_as"]) for row in csv.DictReader(file)
        )


def _with_companions(
    found: Sequence[tuple[Match, Assertion]],
) -> list[tuple[Match, Assertion]]:
    """Narrow findings by others of the statement: bigeminy beside VPCs is ventricular bigeminy.

    Where the table gives no narrower concept the finding is dropped: "flutter with variable AV block"
    tells how the atria are conducted, and of no disease of the AV node.
    """
    concepts = {match.concept for match, _ in found}
    said = {match.concept for match, assertion in found if assertion != "absent"}
    narrower = {
        general: special
        for general, beside, special in reversed(_companions())
        if general in concepts and beside in (concepts if special else said)
    }
    named = [
        (replace(match, concept=narrower.get(match.concept, match.concept)), assertion)
        for match, assertion in found
    ]
    return [(match, assertion) for match, assertion in named if match.concept]


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
    present = {match.concept for match, assertion in found if assertion == "present"}
    for match, assertion in found:
        if assertion != "absent":
            for concept, weaker in _implications().get(match.concept, ()):
                if concept not in present:
                    yield replace(match, concept=concept), weaker


def _span(tokens: Sequence[Token], match: Match) -> tuple[int, int]:
    return tokens[match.first].start, tokens[match.last].end


def _order(match: Match) -> tuple[int, int, str]:
    return match.first, match.last, match.concept
