"""A page for a person: every disagreement with the gold, its evidence marked, with filters.

One file, no outside request (its own policy forbids any), readable without JavaScript.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from itertools import groupby, pairwise
from operator import itemgetter
from string import Template
from typing import Final

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.bootstrap import Interval
from supreme_ecg.evaluation.confusion import Confusion
from supreme_ecg.evaluation.disagreement import Disagreement, Kind, disagreements
from supreme_ecg.evaluation.finding_scores import FindingScore, FindingScores
from supreme_ecg.evaluation.gold import ReadStatement, Span
from supreme_ecg.evaluation.mcnemar import McNemar

_KINDS: Final[dict[Kind, str]] = {
    "missed": "− missed",
    "invented": "+ invented",
    "wrong_assertion": "≠ wrong assertion",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondReader:
    """Another extractor on the same statements."""

    name: str
    """Extractor or file."""
    right: Mapping[str, bool]
    """Whether it reads a gold statement wholly right, by the statement's text."""
    test: McNemar
    """How it compares with the first."""
    f1_gain: float
    """Micro-F1 of the first less its own."""
    f1_gain_ci95: Interval | None
    """95 % bootstrap interval of the gain."""


def disagreement_page(
    name: str,
    statements: Sequence[ReadStatement],
    scores: FindingScores,
    confused: Sequence[Confusion],
    table: ConceptTable,
    *,
    second: SecondReader | None = None,
) -> str:
    """Write the page.

    Args:
        name: Name of the extractor.
        statements: Gold statements with what it found.
        scores: Its scores on them.
        confused: Its confusions of concepts.
        table: Names of the concepts.
        second: Another extractor to compare with.

    Returns:
        HTML in one piece.
    """
    template, policy = _template()
    differing = [(each, rows) for each in statements if (rows := disagreements(each))]
    counts = Counter(row.kind for _, rows in differing for row in rows)
    concepts = Counter(row.concept for _, rows in differing for row in rows)
    return template.substitute(
        policy=policy,
        title=f"{escape(name)} against the gold",
        lead=_lead(scores),
        scores=_score_table(_summary_rows(scores), _macro_row(scores)),
        comparison="" if second is None else _comparison(name, second),
        details="\n".join(_details(scores, confused, table)),
        kinds="".join(
            f'<label><input type="checkbox" name="kind" value="{kind}" checked>'
            f'<span class="kind {kind}">{words}</span>{counts[kind]}</label>'
            for kind, words in _KINDS.items()
        ),
        concepts="".join(
            f'<option value="{escape(concept)}">{escape(_name(concept, table))} ({count})</option>'
            for concept, count in sorted(concepts.items(), key=lambda each: (-each[1], each[0]))
        ),
        more_filters=_more_filters([each for each, _ in differing], second),
        shown=f"{counts.total()} disagreements in {len(differing)} statements",
        cards="\n".join(_card(each, rows, table, second) for each, rows in differing)
        or "<p>None: every statement is read as the gold has it.</p>",
    )


@cache
def _template() -> tuple[Template, str]:
    """The page without its contents, and a policy that allows its own style and script alone."""
    text = (files("supreme_ecg.evaluation") / "disagreement_page.html").read_text(encoding="utf-8")
    rules = ["default-src 'none'", "base-uri 'none'", "form-action 'none'"]
    for tag in ("style", "script"):
        (body,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL)
        checksum = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        rules.append(f"{tag}-src 'sha256-{checksum}'")
    return Template(text), "; ".join(rules)


def _lead(scores: FindingScores) -> str:
    return (
        f"{scores.right} of {scores.statements} statements are read wholly right. "
        f"F1 of concept and assertion together: <strong>{_number(scores.micro.f1)}</strong> "
        f"{_interval(scores.micro.f1_ci95)}."
    )


def _summary_rows(scores: FindingScores) -> Iterator[tuple[str, FindingScore]]:
    yield "all findings (micro)", scores.micro
    yield "concepts, whatever the assertion", scores.concepts_alone
    yield from ((each.name, each) for each in scores.by_assertion)
    yield from ((f"language {each.name}", each) for each in scores.by_language)


def _macro_row(scores: FindingScores) -> str:
    macro = scores.macro
    return (
        f'<tr><th scope="row">mean over {macro.concepts} concepts (macro)</th>'
        f"<td>{_number(macro.f1)} {_interval(macro.ci95)}</td>{'<td></td>' * 5}</tr>"
    )


def _score_table(rows: Iterable[tuple[str, FindingScore]], last: str = "") -> str:
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{_number(score.f1)} '
        f"{_interval(score.f1_ci95)}</td><td>{_number(score.precision)}</td>"
        f"<td>{_number(score.recall)}</td><td>{score.gold}</td><td>{score.found}</td>"
        f"<td>{score.both}</td></tr>"
        for name, score in rows
    )
    head = "<td></td>" + "".join(
        f'<th scope="col">{words}</th>'
        for words in ("F1", "precision", "recall", "gold", "found", "both")
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}{last}</tbody></table>"


def _comparison(name: str, second: SecondReader) -> str:
    test = second.test
    return (
        f"<p>Against <strong>{escape(second.name)}</strong>: {test.only_first} statements are right with "
        f"{escape(name)} only, {test.only_second} with {escape(second.name)} only, {test.both} with "
        f"both, {test.neither} with neither (McNemar, exact: p = {test.p_value:.2g}). "
        f"Micro-F1 differs by {second.f1_gain:+.3f} {_interval(second.f1_gain_ci95)}.</p>"
    )


def _details(
    scores: FindingScores, confused: Sequence[Confusion], table: ConceptTable
) -> Iterator[str]:
    rows = _score_table((_name(each.name, table), each) for each in scores.by_concept)
    yield _folded(f"Each of {len(scores.by_concept)} concepts", rows)
    if confused:
        body = "".join(
            f'<tr><td class="words">{escape(_name(each.gold, table))}</td>'
            f'<td class="words">{escape(_name(each.found, table))}</td>'
            f'<td class="words">{each.relation.replace("_", " ")}</td><td>{each.count}</td></tr>'
            for each in confused
        )
        heads = ("the gold has", "instead there is", "which is", "statements")
        head = "".join(
            f'<th scope="col"{"" if word == heads[-1] else " class=words"}>{word}</th>'
            for word in heads
        )
        yield _folded(
            f"Confused concepts ({len(confused)} pairs)",
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>",
        )
    if scores.not_seen:
        items = "".join(f"<li>{escape(text)}</li>" for text in scores.not_seen)
        yield _folded(
            f"{len(scores.not_seen)} gold statements that the table of findings does not have",
            f"<ul>{items}</ul>",
        )


def _folded(title: str, body: str) -> str:
    return (
        f'<details><summary>{escape(title)}</summary><div class="wide" role="region" '
        f'aria-label="{escape(title)}" tabindex="0">{body}</div></details>'
    )


def _more_filters(differing: Iterable[ReadStatement], second: SecondReader | None) -> str:
    found = ""
    languages = sorted({each.gold.language for each in differing} - {""})
    if len(languages) > 1:
        options = "".join(f"<option>{escape(language)}</option>" for language in languages)
        found += _select(
            "language", "Language", f'<option value="">every language</option>{options}'
        )
    if second is not None:
        options = (
            '<option value="">read anyhow</option><option value="right">read right</option>'
            '<option value="wrong">read wrong too</option>'
        )
        found += _select("other", f"By {second.name}", options)
    return found


def _select(name: str, label: str, options: str) -> str:
    return (
        f'<label><span class="label">{escape(label)}</span>'
        f'<select id="{name}">{options}</select></label>'
    )


def _card(
    statement: ReadStatement,
    rows: Sequence[Disagreement],
    table: ConceptTable,
    second: SecondReader | None,
) -> str:
    gold = statement.gold
    language = f' lang="{escape(gold.language)}"' if gold.language else ""
    items = "".join(_row(row, gold.text, table) for row in rows)
    right = sorted(gold.said & statement.found)
    agreed = ", ".join(f"{_name(said.concept, table)} ({said.assertion})" for said in right)
    other = "" if second is None else "right" if second.right[gold.text] else "wrong"
    notes = [f"Right: {escape(agreed)}."] if right else []
    if second is not None:
        verdict = "reads it right" if other == "right" else "reads it wrong too"
        notes.append(f"{escape(second.name)} {verdict}.")
    if not statement.seen:
        notes.append("The table of findings does not have this statement.")
    return (
        f'<article class="card" data-language="{escape(gold.language)}" data-other="{other}">'
        f'<p class="statement"{language}>{_marked(statement, rows)}</p><ul>{items}</ul>'
        + (f'<p class="soft">{" ".join(notes)}</p>' if notes else "")
        + "</article>"
    )


def _row(row: Disagreement, text: str, table: ConceptTable) -> str:
    quotes = ", ".join(f"<q>{escape(text[start:end])}</q>" for start, end in row.spans)
    evidence = f" from {quotes}" if quotes else ""
    said = {
        "missed": f"gold: {row.gold}, found: nothing",
        "invented": f"gold: nothing, found: {row.found}{evidence}",
        "wrong_assertion": f"gold: {row.gold}, found: {row.found}{evidence}",
    }[row.kind]
    return (
        f'<li data-kind="{row.kind}" data-concept="{escape(row.concept)}">'
        f'<span class="kind {row.kind}">{_KINDS[row.kind]}</span> '
        f"<strong>{escape(_name(row.concept, table))}</strong> <code>{escape(row.concept)}</code><br>"
        f"{said}</li>"
    )


def _marked(statement: ReadStatement, rows: Iterable[Disagreement]) -> str:
    """The statement's text with the evidence marked; where evidence overlaps, faults come first."""
    text = statement.gold.text
    right = statement.gold.said & statement.found
    places: list[tuple[Span, str]] = [(span, row.kind) for row in rows for span in row.spans]
    places += [(span, "read") for said in right for span in statement.spans[said]]
    rank = ("invented", "wrong_assertion", "read")
    places.sort(key=lambda place: rank.index(place[1]))
    cuts = sorted({0, len(text), *(end for span, _ in places for end in span)})
    kinds = [
        next((kind for (a, b), kind in places if a <= start and end <= b), "")
        for start, end in pairwise(cuts)
    ]
    pieces = []
    for kind, group in groupby(zip(pairwise(cuts), kinds, strict=True), key=itemgetter(1)):
        parts = [part for part, _ in group]
        piece = escape(text[parts[0][0] : parts[-1][1]])
        tag = "span" if kind == "read" else "mark"
        pieces.append(f'<{tag} class="{kind}">{piece}</{tag}>' if kind else piece)
    return "".join(pieces)


def _name(concept: str, table: ConceptTable) -> str:
    return table[concept].name if concept in table else concept


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _interval(ends: Interval | None) -> str:
    return "" if ends is None else f"[{ends[0]:.3f}, {ends[1]:.3f}]"
