"""How well nonsense is told from questions about the heart, and questions are read.

    python benchmarks/questions.py --json docs/results/questions.json
    python benchmarks/questions.py --choose     # first sets relevance.toml by the development half

The lists are tests/serving/{cardiac,off_topic}_queries.csv (half development, half held out) and
tests/serving/questions{,_held_out}.csv (what each question should be read as). With `--weights MODEL`
the text encoder is that model's.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.models.text_encoder import (
    TextEncoder,
    TextEncoderConfig,
    TransformerTextEncoder,
)
from supreme_ecg.serving.nearest import nearest_concept
from supreme_ecg.serving.question import QuestionReader
from supreme_ecg.serving.relevance import Limits, Relevance, read_words

ROOT = Path(__file__).resolve().parent.parent
LISTS = ROOT / "tests" / "serving"
LIMITS = ROOT / "src" / "supreme_ecg" / "serving" / "relevance.toml"
REFUSED = ("not_cardiac", "outside_ecg", "unreadable")


def queries(name: str, half: str) -> list[str]:
    """The questions of one half of a list."""
    with (LISTS / f"{name}_queries.csv").open(encoding="utf-8") as file:
        return [row["query"] for row in csv.DictReader(file) if row["half"] == half]


def wilson(hits: int, total: int) -> list[float]:
    """95 % score interval of a share (Wilson, J. Am. Stat. Assoc. 22, 209 (1927))."""
    interval = binomtest(hits, total).proportion_ci(method="wilson")
    return [round(float(interval.low), 4), round(float(interval.high), 4)]


def choose(relevance: Relevance) -> Limits:
    """The limits with the best mean of sensitivity and specificity on the development half."""
    cardiac, other = queries("cardiac", "development"), queries("off_topic", "development")
    words = [read_words(query) for query in cardiac + other]
    strong = np.array([each.strong for each in words])
    weak = np.array([min(each.weak, 2) for each in words])
    margin = np.array([relevance.margin(query) for query in cardiac + other])
    truth = np.arange(len(words)) < len(cardiac)
    grid = list(product(np.arange(0.0, 0.5, 0.01), np.arange(0.0, 0.2, 0.01)))
    scores = []
    for least, relief in grid:
        asked = strong | (margin >= least - relief * weak)
        scores.append(asked[truth].mean() + (~asked[~truth]).mean())
    best = np.array(
        [pair for pair, score in zip(grid, scores, strict=True) if score >= max(scores)]
    )
    middle = best[np.abs(best - np.median(best, axis=0)).sum(1).argmin()]
    return Limits(margin=round(float(middle[0]), 3), relief=round(float(middle[1]), 3))


def share(hits: int, total: int) -> dict[str, object]:
    """A share with its interval."""
    return {"share": round(hits / total, 4), "ci95": wilson(hits, total), "of": total}


def recognition(reader: QuestionReader, half: str) -> dict[str, object]:
    """Cardiac questions that are asked (or said to be several), and others that are not."""
    kinds = {
        name: [reader.read(query).kind for query in queries(name, half)]
        for name in ("cardiac", "off_topic")
    }
    lost = [
        q for q, k in zip(queries("cardiac", half), kinds["cardiac"], strict=True) if k in REFUSED
    ]
    let_in = [
        q
        for q, k in zip(queries("off_topic", half), kinds["off_topic"], strict=True)
        if k not in REFUSED
    ]
    counts = {name: len(those) for name, those in kinds.items()}
    return {
        "sensitivity": share(counts["cardiac"] - len(lost), counts["cardiac"]),
        "specificity": share(counts["off_topic"] - len(let_in), counts["off_topic"]),
        "cardiac_refused": lost,
        "off_topic_asked": let_in,
    }


def reading(reader: QuestionReader, name: str) -> dict[str, object]:
    """Share of questions that are asked if and only if they should be, and read as the right concepts."""
    with (LISTS / name).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    questions = [reader.read(row["query"]) for row in rows]
    asked = [
        (q.kind == "finding") == (row["kind"] == "finding")
        for q, row in zip(questions, rows, strict=True)
    ]
    found = [(q.kind, q.concept or "|".join(sorted(q.near))) for q in questions]
    right = [(row["kind"], row["concepts"]) == each for row, each in zip(rows, found, strict=True)]
    wrong = [
        {"query": row["query"], "should_be": row["kind"], "kind": kind, "concepts": concepts}
        for row, (kind, concepts), good in zip(rows, found, right, strict=True)
        if not good
    ]
    kinds = {
        kind: f"{sum(g for g, row in zip(right, rows, strict=True) if row['kind'] == kind)} of {count}"
        for kind, count in Counter(row["kind"] for row in rows).items()
    }
    return {
        "asked_or_not_rightly": share(sum(asked), len(rows)),
        "kind_and_concepts_right": share(sum(right), len(rows)),
        "kinds": kinds,
        "wrong": wrong,
    }


def text_encoder(weights: str | None) -> TextEncoder:
    """The packaged text encoder, or a model's."""
    if weights:
        return SuPreME.from_pretrained(weights).text_encoder
    return TransformerTextEncoder(TextEncoderConfig())


def main() -> None:
    """Choose limits if told to, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--weights", help="folder of a model whose text encoder is used")
    parser.add_argument("--choose", action="store_true", help="set relevance.toml first")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    table, encoder = ConceptTable.load(), text_encoder(options.weights)
    relevance = Relevance(table, encoder)
    if options.choose:
        limits = choose(relevance)
        relevance = Relevance(table, encoder, limits=limits)
        LIMITS.write_text(
            "# Written by `benchmarks/questions.py --choose` from the development half of\n"
            "# tests/serving/*_queries.csv. One table per text encoder.\n"
            f'["{encoder.config.name}"]\nmargin = {limits.margin}\nrelief = {limits.relief}\n'
        )
    reader = QuestionReader(table, relevance, nearest_concept(table, encoder))
    values = {
        "text_encoder": encoder.config.name,
        "limits": {"margin": relevance.limits.margin, "relief": relevance.limits.relief},
        "held_out": recognition(reader, "held-out"),
        "development": recognition(reader, "development"),
        "held_out_by_words_alone": recognition(QuestionReader(table), "held-out"),
        "reading_held_out": reading(reader, "questions_held_out.csv"),
        "reading_development": reading(reader, "questions.csv"),
    }
    text = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
    if options.json:
        options.json.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
