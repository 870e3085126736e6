"""What a statement says about its findings: doubt and negation, and how far they reach."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final, Literal, cast

from supreme_ecg.reports.finding import Assertion
from supreme_ecg.reports.lexicon import Lexicon, Match
from supreme_ecg.reports.tokens import Token

Direction = Literal["forward", "backward", "either", "subject"]
Link = Literal["and", "or", "comma", "touching", "none"]
"""How two neighbouring findings hang together."""

_AND: Final = frozenset(
    ["and", "nor", "noch", "sowie", "samt", "resp", "bzw", "plus", "as", "well"]
)
_OR: Final = frozenset(["or"])
_FILLERS: Final = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "for",
        "any",
        "to",
        "due",
        "auf",
        "einen",
        "eine",
        "ein",
        "einer",
        "fur",
        "av",
        "om",
        "pa",
        "till",
        "also",
        "both",
        "sign",
        "signs",
        "in",
        "leads",
        "lead",
        "ableitung",
        "ableitungen",
        "avledningar",
        "i",
        "ii",
        "iii",
        "avr",
        "avl",
        "avf",
        "f",
        "l",
    ]
)
_REFERRING: Final = frozenset(
    [
        *("this", "these", "which", "that", "it", "is", "are", "can", "also", "and", "all", "both"),
        *("dies", "diese", "dieser", "dieses", "das", "die", "ist", "sind", "es", "kann", "beides"),
        *("detta", "dessa", "vilket", "det", "den", "som", "ar", "kan", "bada", "aven", "auch"),
    ]
)
"""Words that point back to what was said before."""
_ENDS: Final = frozenset(
    [
        "but",
        "however",
        "although",
        "though",
        "except",
        "apart",
        "aber",
        "jedoch",
        "sonst",
        "ansonsten",
        "ausser",
        "men",
        "dock",
        "eljest",
        "otherwise",
        "with",
        "mit",
        "med",
        "because",
    ]
)
_WITH: Final = frozenset({"with", "mit", "med"})
_VERBS: Final = frozenset(["is", "are", "ist", "sind", "ar"])
_REACH: Final = 7
"""Most words between a cue and its finding."""
_UNKNOWN_REACH: Final = 4
"""Most words of an unknown item of a list, its conjunction with it."""
_DENIED_REACH: Final = 3
"""Most words from a denial to the doubt that it denies."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Words that doubt or deny."""

    assertion: Assertion | None
    """None where the words only look like doubt (``probably a normal variant``)."""
    direction: Direction
    """Where the finding stands; ``either``: right after the words, else before them.

    ``subject``: words such as "the cause of", of which what follows the finding speaks.
    """
    first: int
    """Index of the first token."""
    last: int
    """Index of the last token (inclusive)."""


@cache
def cue_lexicon() -> Lexicon:
    """Return the phrases of ``cues.csv``; each "concept" is ``assertion/direction``."""
    with (files("supreme_ecg.reports") / "cues.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return Lexicon(
        ((row["phrase"], f"{row['assertion']}/{row['direction']}", False) for row in rows),
        endings=True,
    )


def as_cue(match: Match) -> Cue:
    """Read a match of the cue lexicon."""
    assertion, direction = match.concept.split("/")
    said = None if assertion == "none" else cast(Assertion, assertion)
    return Cue(said, cast(Direction, direction), match.first, match.last)


def assert_each(
    tokens: Sequence[Token], items: Sequence[Match], cues: Sequence[Cue]
) -> tuple[Assertion, ...]:
    """Decide for each finding whether the statement asserts, doubts or denies it.

    Args:
        tokens: The words of one statement.
        items: Findings, in the order of their first token.
        cues: Words of doubt and negation outside the findings, in order.

    Returns:
        One assertion for each finding. Doubt wins over negation ("no definite evidence, cannot
        be excluded"); alternatives ("ischaemia or strain") that are not denied are uncertain.
    """
    said: list[set[Assertion]] = [set() for _ in items]
    links = [link(tokens, a, b) for a, b in pairwise(items)]
    subjects = {_following(cue, tokens, items) for cue in cues if cue.direction == "subject"}
    for cue in _undenied(cues, tokens, items):
        for index in _targets(cue, tokens, items, links):
            spared = index in subjects and items[index].last < cue.first
            if cue.assertion and not spared:
                said[index].add(cue.assertion)
    for index, kind in enumerate(links):
        if kind == "or" and not (said[index] or said[index + 1]):
            said[index].add("uncertain")
            said[index + 1].add("uncertain")
    return tuple(_strongest(each) for each in said)


def _undenied(
    cues: Sequence[Cue], tokens: Sequence[Token], items: Sequence[Match]
) -> Iterator[Cue]:
    """Leave out doubt that is itself denied, as in "no clear suggestion of"."""
    for before, cue in zip((None, *cues), cues, strict=False):
        if before and (before.assertion, cue.assertion) == ("absent", "uncertain"):
            between = tokens[before.last + 1 : cue.first + 1]
            is_near = len(between) <= _DENIED_REACH and not any(token.gap for token in between)
            apart = any(before.last < item.first < cue.first for item in items)
            if before.direction == cue.direction == "forward" and is_near and not apart:
                continue
        yield cue


def _strongest(said: set[Assertion]) -> Assertion:
    if "uncertain" in said:
        return "uncertain"
    return "absent" if "absent" in said else "present"


def link(tokens: Sequence[Token], before: Match, after: Match) -> Link:
    """Say how two neighbouring findings hang together."""
    if after.first <= before.last:
        return "none"
    between = tokens[before.last + 1 : after.first]
    gaps = [token.gap for token in tokens[before.last + 1 : after.first + 1]]
    words = {token.plain for token in between}
    if "stop" in gaps:
        return "none"
    others = {word for word in words if not word[-1].isdigit()} - _AND - _OR - _FILLERS
    if others:
        return "none"
    if words & _OR:
        return "or"
    if words & _AND or "slash" in gaps:
        return "and"
    return "comma" if "comma" in gaps else ("none" if words else "touching")


def _targets(
    cue: Cue, tokens: Sequence[Token], items: Sequence[Match], links: Sequence[Link]
) -> list[int]:
    around = [
        k for k, item in enumerate(items) if item.first <= cue.first and cue.last <= item.last
    ]
    following = _following(cue, tokens, items)
    preceding = _preceding(cue, tokens, items)
    if cue.direction == "either" and _begins_an_unknown_item(cue, tokens, items):
        preceding = None
    if preceding is not None and _ends_an_unknown_item(cue, tokens, items[preceding]):
        preceding = None
    if cue.direction == "subject":
        return []
    if cue.direction == "either":
        near = following is not None and _stands_near(cue, tokens, items[following])
        near = near and not (
            preceding is not None and _ends_a_phrase(cue, tokens, items[preceding])
        )
        forward = following is not None and (near or preceding is None)
    else:
        forward = cue.direction == "forward"
    if forward and following is not None:
        in_list = tokens[cue.first].gap == "comma" and cue.assertion == "uncertain"
        return [following, *_onward(following, tokens, items, links, touching=in_list)]
    if around:
        return around
    if not forward and preceding is not None:
        joined = _is_choice(tokens, items[preceding])
        with_it = _accompanied(cue, tokens, items, preceding)
        return [preceding, *with_it, *_backward(preceding, links, cue, joined=joined)]
    return []


def _begins_an_unknown_item(cue: Cue, tokens: Sequence[Token], items: Sequence[Match]) -> bool:
    """Whether words that name nothing known follow, in a bracket or after a comma of their own.

    ``(fraglich digitalis)`` doubts what it names, not the finding before the bracket.
    """
    begins = tokens[cue.first].opens or tokens[cue.first].gap == "comma"
    behind = cue.last + 1
    if not begins or behind >= len(tokens) or tokens[behind].gap:
        return False
    return not tokens[behind].opens and not any(item.first == behind for item in items)


def _ends_an_unknown_item(cue: Cue, tokens: Sequence[Token], item: Match) -> bool:
    """Whether words that name nothing known stand between the last comma and the cue.

    "WPW pattern, left sided pathway likely" doubts the pathway.
    """
    between = tokens[item.last + 1 : cue.first + 1]
    comma = max((k for k, token in enumerate(between) if token.gap == "comma"), default=None)
    if comma is None:
        return False
    named = [token for token in between[comma:-1] if not token.plain[-1].isdigit()]
    return any(token.plain not in _FILLERS | _AND | _OR | _REFERRING for token in named)


def _ends_a_phrase(cue: Cue, tokens: Sequence[Token], item: Match) -> bool:
    """Whether a cue stands right behind a finding and before a comma: "infarct likely, no change"."""
    behind = cue.last + 1
    touches = item.last + 1 == cue.first and not tokens[cue.first].gap
    return touches and behind < len(tokens) and tokens[behind].gap == "comma"


def _stands_near(cue: Cue, tokens: Sequence[Token], item: Match) -> bool:
    """Whether a finding follows a cue at once, or after "due to" and the like."""
    between = tokens[cue.last + 1 : item.first]
    return len([token for token in between if token.plain not in _FILLERS]) <= 1


def _following(cue: Cue, tokens: Sequence[Token], items: Sequence[Match]) -> int | None:
    for index, item in enumerate(items):
        if item.first > cue.last:
            between = tokens[cue.last + 1 : item.first + 1]
            broken = any(token.gap == "stop" for token in between)
            ended = any(token.plain in _ENDS for token in between[:-1])
            return None if broken or ended or len(between) > _REACH else index
    return None


def _preceding(cue: Cue, tokens: Sequence[Token], items: Sequence[Match]) -> int | None:
    for index in range(len(items) - 1, -1, -1):
        if items[index].last < cue.first:
            between = tokens[items[index].last + 1 : cue.first + 1]
            broken = any(token.gap == "stop" for token in between)
            return None if broken or len(between) > _REACH else index
    return None


def _onward(
    start: int,
    tokens: Sequence[Token],
    items: Sequence[Match],
    links: Sequence[Link],
    *,
    touching: bool,
) -> list[int]:
    """Return the findings after one that share a cue in front of it.

    Over commas only in a list that ends in "and" or "or", whatever the "or" is followed by:
    "possible LVH, sinus rhythm" doubts the first alone, "consider pericarditis, injury" too.
    """
    reached: list[int] = []
    waiting: list[int] = []
    index = start
    while index < len(links):
        kind = links[index]
        index += 1
        if kind in ("and", "or") or (kind == "touching" and touching):
            reached += [*waiting, index]
            waiting = []
        elif kind == "comma":
            waiting.append(index)
            if _is_choice(tokens, items[index]):
                reached += waiting
                waiting = []
        elif kind == "none" and _goes_on_to(tokens, items[index - 1], items[index]):
            reached += [*waiting, index]
            waiting = []
        else:
            index -= 1
            break
    end = items[index].last + 1
    if waiting and end < len(tokens) and tokens[end].word in _OR and tokens[end].gap != "stop":
        reached += waiting
    return reached


def _is_choice(tokens: Sequence[Token], item: Match) -> bool:
    """Whether a finding is an "or" of its own: "electrolyte or drug effect"."""
    return any(token.word in _OR for token in tokens[item.first : item.last + 1])


def _goes_on_to(tokens: Sequence[Token], before: Match, after: Match) -> bool:
    """Whether one unknown thing stands between two findings of a list: "LVH, drugs or ischaemia"."""
    between = tokens[before.last + 1 : after.first]
    if not 2 <= len(between) <= _UNKNOWN_REACH or between[-1].word not in _OR:
        return False
    gaps = {token.gap for token in between}
    is_list = between[0].gap == "comma" or between[0].word in _OR
    return is_list and "stop" not in gaps and not any(token.plain in _ENDS for token in between)


def _accompanied(
    cue: Cue, tokens: Sequence[Token], items: Sequence[Match], index: int
) -> list[int]:
    """Return the finding that "infarct with aneurysm is likely" speaks of beside the aneurysm."""
    verbs = {tokens[cue.first].word, tokens[cue.first - 1].word} & _VERBS
    is_verb = bool(verbs) and cue.assertion == "uncertain"
    if index == 0 or not is_verb:
        return []
    between = tokens[items[index - 1].last + 1 : items[index].first + 1]
    is_with = len(between) == 2 and between[0].word in _WITH
    return [index - 1] if is_with and not any(token.gap for token in between) else []


def _backward(start: int, links: Sequence[Link], cue: Cue, *, joined: bool) -> list[int]:
    """Return the findings before one that share a cue behind it."""
    joining = ("or", "and") if cue.assertion == "absent" else ("or",)
    reached, index = [], start
    while index > 0 and (links[index - 1] in joining or (joined and links[index - 1] == "comma")):
        joined = True
        index -= 1
        reached.append(index)
    return reached
