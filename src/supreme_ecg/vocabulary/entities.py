"""Findings -> entities: the words that extractors point at, in one spelling, and who said them."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final

import polars as pl

from supreme_ecg.concepts.phrases import normalise
from supreme_ecg.concepts.table import ConceptTable

MENTIONS_SCHEMA: Final = pl.Schema(
    {
        "record_id": pl.String,
        "statement": pl.String,
        "entity": pl.String,
        "concept": pl.String,
        "assertion": pl.String,
        "extractor": pl.String,
    }
)
"""A row per entity of a statement of a record. ``concept``: what the extractor says the words
name; null where it names none of the table, or more than one."""

NEW: Final = "new:"
"""Before the words of an entity that an extractor names but the table does not have."""

UNMATCHED: Final = "unmatched"
"""Stands for the extractor of a statement in which none found anything."""

_PUNCTUATION: Final = re.compile(r"[.,;:!?()\[\]{}\"'#=<>*|]+(?=\s|$)|(?<!\w)[.,;:()\[\]\"'*|]+")
_PLURAL: Final = re.compile(r"(?<=\w)\((?:s|n|e|en|er)\)")
_JOINING_COMMA: Final = re.compile(r"(?<=[^\W\d]),(?=[^\W\d])|[()\[\]]")
_NAMED_LEAD: Final = r"(?:avr|avl|avf|v ?[1-9](?:r(?!\w))?)"
_LEAD: Final = rf"(?:{_NAMED_LEAD}|iii|ii|i(?!\w))"
_MORE_LEADS: Final = (
    rf"(?:(?:\s*(?:,|/|-|&)\s*|\s+(?:and|und|och|bis|to)\s+|\s+)(?:{_LEAD}|[1-9](?!\w)))*(?!\w)"
)
_LEADS: Final = re.compile(
    rf"\b(?:in|i|over|ueber|across|from|von)\s+(?:leads?\s+|ableitung(?:en)?\s+)?{_LEAD}{_MORE_LEADS}"
    rf"|\b(?:and\s+|und\s+|,\s*)?{_NAMED_LEAD}{_MORE_LEADS}"
)
"""Lists of leads; I, II and III alone may also be degrees of block and are left."""
_MEASURES: Final = re.compile(
    r"\b\d{1,2}[:./]\d{1,2}[:./]\d{2,4}\b|\b\d+\s*/\s*min\b"
    r"|\b\d+(?:[.,]\d+)?\s*(?:%|bpm|mv|mm|ms|msec|s|sec|seconds?)(?!\w)|\b\d+[.,]\d+\b"
)
"""Dates, rates, times and voltages: they tell records apart, not findings."""
_SURENESS: Final = ("present", "absent", "uncertain")
_SHORTEST: Final = 2
"""Fewest letters of an entity."""


def collect_mentions(
    findings: pl.DataFrame, unmatched: pl.DataFrame, table: ConceptTable
) -> pl.DataFrame:
    """Turn findings, and statements without any, into mentions of entities.

    Args:
        findings: Columns of ``FINDINGS_SCHEMA``. A concept that is not in the table, with or
            without ``new:`` before it, is itself the words of a new entity.
        unmatched: ``record_id`` and ``statement`` of what has no finding; may be empty.
        table: Concepts, their synonyms and abbreviations.

    Returns:
        Mentions (``MENTIONS_SCHEMA``).
    """
    place = ["statement", "start", "end"]
    named = findings.group_by([*place, "extractor"], maintain_order=True).agg(
        pl.col("concept").fill_null(""), pl.col("assertion")
    )
    rows = [
        (text, start, end, extractor, *_named(text[start:end], concepts, assertions, table))
        for text, start, end, extractor, concepts, assertions in named.iter_rows()
    ]
    schema = {name: findings.schema[name] for name in [*place, "extractor"]}
    spans = pl.DataFrame(
        rows, schema=schema | {"entity": pl.String, "named": pl.String}, orient="row"
    )
    said = findings.join(spans, on=[*place, "extractor"], maintain_order="left")
    said = said.drop("concept").rename({"named": "concept"})
    texts = unmatched["statement"].unique(maintain_order=True)
    alone = pl.DataFrame(
        {"statement": texts, "entity": [entity_of(text, table) for text in texts]},
        schema={"statement": pl.String, "entity": pl.String},
    )
    silent = unmatched.join(alone, on="statement", maintain_order="left").with_columns(
        concept=pl.lit(None, pl.String),
        assertion=pl.lit(None, pl.String),
        extractor=pl.lit(UNMATCHED),
    )
    mentions = pl.concat([each.select(MENTIONS_SCHEMA.names()) for each in (said, silent)])
    return mentions.filter(pl.col("entity").str.len_chars() >= _SHORTEST)


def entity_of(words: str, table: ConceptTable) -> str:
    """Bring the words of a finding into the form in which they are counted and compared.

    Args:
        words: Evidence as the statement has it.
        table: Its phrases are left as they are.

    Returns:
        The words in one spelling without punctuation, hedges ("probably": doubt is the
        assertion's affair), articles, dates, measured values and lists of leads ("in II, III").
    """
    if table.find(words):
        return normalise(words)
    text = normalise(_JOINING_COMMA.sub(" ", _PLURAL.sub("", words)))
    text = _MEASURES.sub(" ", _LEADS.sub(" ", text))
    text = " ".join(_PUNCTUATION.sub(" ", text).split())
    kept = " ".join(_asides().sub(" ", text).split())
    return kept or text


def _named(
    evidence: str, concepts: Sequence[str], assertions: Sequence[str], table: ConceptTable
) -> tuple[str, str | None]:
    """Return the entity, and the concept that it is said to name if that is but one.

    What is surest counts ("voltage criteria" are met, hypertrophy is in doubt), and of this what
    is most special.
    """
    surest = min(assertions, key=_SURENESS.index)
    of_table = {
        concept
        for concept, assertion in zip(concepts, assertions, strict=True)
        if concept in table and assertion == surest
    }
    above = {ancestor for concept in of_table for ancestor in table.ancestors(concept)}
    special = of_table - above
    named = special.pop() if len(special) == 1 else None
    new = next((concept for concept in concepts if concept and concept not in table), None)
    if new is None or of_table:
        return entity_of(evidence, table), named
    return entity_of(new.removeprefix(NEW).replace("_", " "), table), None


@cache
def _asides() -> re.Pattern[str]:
    phrases: defaultdict[int, list[str]] = defaultdict(list)
    with (files("supreme_ecg.vocabulary") / "asides.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            phrase = normalise(row["phrase"])
            phrases[-len(phrase)].append(re.escape(phrase))
    alternatives = "|".join(phrase for length in sorted(phrases) for phrase in phrases[length])
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)")
