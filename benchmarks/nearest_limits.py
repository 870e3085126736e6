"""When a question is read as the concept that is nearest in meaning: limits, and what they let through.

    supreme align-text HELD.safetensors --held-out 0.15
    python benchmarks/nearest_limits.py HELD.safetensors --json docs/results/nearest_limits.json
    python benchmarks/nearest_limits.py HELD.safetensors --choose     # first sets nearest.toml

The questions are the synonyms that HELD has not seen, read by a reader whose table has them not either: those
that it would ask in their own words. Each is measured twice: with all concepts (it should be read as its
own), and with its own concept and the relatives of that one left out (it should be read as none: a question
about something that is not in the table). A wrong reading costs as much as a right one gains. No paraphrase
of the wording table is looked at. The cardiac questions are those of tests/serving/cardiac_queries.csv: none
is in the table, though some name a concept beside other words.
"""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from questions import queries, share

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.text_adapter import AdaptedTextEncoder, load_adapter
from supreme_ecg.models.text_encoder import TextEncoderConfig, TransformerTextEncoder
from supreme_ecg.serving.nearest import Nearest, NearestConcept, NearestLimits
from supreme_ecg.serving.question import QuestionReader
from supreme_ecg.serving.relevance import Relevance
from supreme_ecg.training.alignment_texts import held_out_synonyms

HELD_OUT_SHARE = 0.15
LIMITS = Path(__file__).resolve().parent.parent / "src/supreme_ecg/serving/nearest.toml"


@dataclass(frozen=True)
class Measured:
    """A held-out synonym that would be asked in its own words."""

    concept: str
    phrase: str
    language: str
    nearest: Nearest | None
    elsewhere: Nearest | None
    """The nearest when its own concept and those above and below are left out."""


def without_held_out(table: ConceptTable) -> ConceptTable:
    """The table without the synonyms that are held out."""
    held = {
        (concept, phrase) for concept, phrase, _ in held_out_synonyms(table, share=HELD_OUT_SHARE)
    }
    return ConceptTable(
        {
            concept.id: replace(
                concept,
                synonyms=tuple(s for s in concept.synonyms if (concept.id, s.phrase) not in held),
            )
            for concept in table.concepts.values()
        }
    )


def measure(
    table: ConceptTable, nearest: NearestConcept, reader: QuestionReader
) -> Iterator[Measured]:
    """Measure the held-out synonyms that no other step of the reader recognises."""
    for concept, phrase, language in held_out_synonyms(table, share=HELD_OUT_SHARE):
        question = reader.read(phrase)
        if question.how != "words" or question.asked is None:
            continue
        plain = reader.in_plain_words(phrase)
        kin = {concept} | table.ancestors(concept) | table.descendants(concept)
        yield Measured(
            concept=concept,
            phrase=phrase,
            language=language,
            nearest=nearest.measure(phrase, plain),
            elsewhere=nearest.measure(phrase, plain, without=kin),
        )


def counts(measured: list[Measured], limits: NearestLimits) -> dict[str, Any]:
    """Shares of what the limits let through."""
    read = [m for m in measured if m.nearest and limits.accept(m.nearest)]
    right = [m for m in read if m.nearest and m.nearest.concept == m.concept]
    admitted = [m for m in measured if m.elsewhere and limits.accept(m.elsewhere)]
    return {
        "read_as_their_own": share(len(right), len(measured)),
        "read_as_another": share(len(read) - len(right), len(measured)),
        "read_as_another_where_their_own_is_left_out": share(len(admitted), len(measured)),
        "wrong": [
            {"phrase": m.phrase, "meant": m.concept, **rounded(m.nearest)}
            for m in read
            if m.nearest and m.nearest.concept != m.concept
        ],
    }


def rounded(nearest: Nearest) -> dict[str, Any]:
    """Two digits are enough."""
    return {
        "read_as": nearest.concept,
        "cosine": round(nearest.cosine, 2),
        "lead": round(nearest.lead, 2),
    }


def choose(measured: list[Measured]) -> NearestLimits:
    """The limits with the most right readings less wrong ones, the strictest in a tie."""
    columns = [
        (m.nearest, m.nearest is not None and m.nearest.concept == m.concept) for m in measured
    ]
    columns += [(m.elsewhere, False) for m in measured]
    found = [(near.cosine, near.lead, 1 if right else -1) for near, right in columns if near]
    cosines, leads, gains = map(np.array, zip(*found, strict=True))
    grid = product(np.arange(0.3, 0.951, 0.01), np.arange(0.0, 0.401, 0.01))
    totals = {(c, d): int(gains[(cosines >= c) & (leads >= d)].sum()) for c, d in grid}
    cosine, lead = max(totals, key=lambda each: (totals[each], each))
    return NearestLimits(cosine=round(float(cosine), 2), lead=round(float(lead), 2))


def cardiac(reader: QuestionReader, nearest: NearestConcept) -> dict[str, Any]:
    """What becomes of the questions about the heart that are not in the table."""
    words = [q for q in queries("cardiac", "held-out") if reader.read(q).how == "words"]
    found = {
        query: nearest.find(query, reader.in_plain_words(query), naming=reader.read(query).near)
        for query in words
    }
    read = {query: rounded(near) for query, near in found.items() if near}
    return {"read_as_a_concept": share(len(read), len(words)), "read": read}


def main() -> None:
    """Choose limits if told to, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("adapter", help="made by `supreme align-text --held-out 0.15`")
    parser.add_argument("--choose", action="store_true", help="set nearest.toml first")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    table, plain = ConceptTable.load(), TransformerTextEncoder(TextEncoderConfig())
    adapter = load_adapter(options.adapter, text_encoder=plain.config.name, width=plain.width)
    adapted, reduced = AdaptedTextEncoder(plain, adapter), without_held_out(table)
    stored = tomllib.loads(LIMITS.read_text(encoding="utf-8"))[plain.config.name]
    limits = NearestLimits(cosine=stored["cosine"], lead=stored["lead"])
    nearest = NearestConcept(table, adapted, limits=limits)
    reader = QuestionReader(reduced, Relevance(reduced, plain))
    measured = list(measure(table, nearest, reader))
    if options.choose:
        limits = choose(measured)
        LIMITS.write_text(
            "# Written by `benchmarks/nearest_limits.py --choose` from held-out synonyms. "
            "One table per text encoder.\n"
            f'["{plain.config.name}"]\nadapter = "{stored["adapter"]}"\n'
            f"cosine = {limits.cosine}\nlead = {limits.lead}\n"
        )
    languages = {each: [m for m in measured if m.language == each] for each in ("en", "de", "sv")}
    values = {
        "limits": asdict(limits),
        "held_out_synonyms": len(held_out_synonyms(table, share=HELD_OUT_SHARE)),
        "all": counts(measured, limits),
        **{each: counts(those, limits) for each, those in languages.items()},
        "cardiac_held_out": cardiac(reader, NearestConcept(table, adapted, limits=limits)),
    }
    text = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
    if options.json:
        options.json.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
