"""Distinct statements a second of the rules on one core, against a plain loop of patterns.

    python benchmarks/rules_speed.py [--statements 20000] [--plain 300] [--store STORE]

The statements are made of the concept table's own phrases with doubt, denial, places and spelling
errors around them, or are the distinct ones of a store with reports. The rival is what one writes
first: a regular expression per phrase, searched in the lower-case text, and the words of NegEx (no,
without, denies, ... within five words before) for denial. It knows no doubt behind a finding, no
shared heads, no spelling; it runs on a part of the same statements in the same process. Times are
processor time, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import time
from pathlib import Path

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.reports.rules import RuleExtractor
from supreme_ecg.reports.statements import split_statements
from supreme_ecg.store.reading import Store

BEFORE = {
    "en": ["", "possible ", "no ", "cannot rule out ", "old ", "sinus rhythm with ", "new "],
    "de": ["", "mögliche ", "kein ", "Verdacht auf ", "alter ", "Sinusrhythmus, ", "neu "],
    "sv": ["", "möjlig ", "inga tecken på ", "misstänkt ", "gammal ", "sinusrytm, ", "ny "],
}
BEHIND = {
    "en": ["", " in V4-V6", " cannot be excluded", ", unchanged", " and left axis deviation"],
    "de": ["", " in V4-V6", " nicht auszuschließen", ", unverändert", " und Linkstyp"],
    "sv": ["", " i V4-V6", " kan ej uteslutas", ", oförändrat", " och normal elaxel"],
}
DENIALS = r"\b(?:no|not|without|denies|negative for|kein\w*|ohne|nicht|ingen|inget|inga|utan)\b"


def main() -> None:
    """Time both on the same statements and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--statements", type=int, default=20_000)
    parser.add_argument("--plain", type=int, default=300)
    parser.add_argument("--store", type=Path)
    options = parser.parse_args()
    table = ConceptTable.load()
    texts = _of_store(options.store) if options.store else _made(table, options.statements)

    started = time.process_time()
    extractor = RuleExtractor(table.lexicon())
    extractor.extract("sinus rhythm")
    ready_s = time.process_time() - started
    started = time.process_time()
    findings = sum(len(extractor.extract(text)) for text in texts)
    ours = len(texts) / (time.process_time() - started)

    patterns = _patterns(table)
    part = random.Random(1).sample(texts, min(options.plain, len(texts)))
    started = time.process_time()
    for text in part:
        _plain(text, patterns)
    plain = len(part) / (time.process_time() - started)

    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(texts)} distinct statements, {findings} findings, one core, peak {peak_mb:.0f} MB")
    print(f"rules                {ours:9.0f} statements/s (ready after {ready_s:.2f} s)")
    print(f"loop of {len(patterns)} patterns {plain:9.0f} statements/s ({len(part)} of them)")
    print(f"ratio                {ours / plain:9.0f}")


def _of_store(store: Path) -> list[str]:
    """The distinct statements of a store with reports."""
    reports = Store.open(store).records["report"].to_list()
    said = {each.text for report in reports for each in split_statements(report or "")}
    return sorted(said)


def _made(table: ConceptTable, count: int) -> list[str]:
    """Distinct statements around the phrases of the table, one in ten with a spelling error."""
    rng = random.Random(0)
    phrases = [(s.language, s.phrase) for c in table.concepts.values() for s in c.synonyms]
    made: set[str] = set()
    while len(made) < count:
        language, phrase = rng.choice(phrases)
        text = rng.choice(BEFORE[language]) + phrase + rng.choice(BEHIND[language])
        if rng.random() < 0.1:
            place = rng.randrange(len(text))
            text = text[:place] + text[place + 1 :]
        made.add(text)
    return sorted(made)


def _patterns(table: ConceptTable) -> list[tuple[str, re.Pattern[str]]]:
    phrases = {
        phrase.lower(): concept.id
        for concept in table.concepts.values()
        for phrase in (concept.name, *(synonym.phrase for synonym in concept.synonyms))
    }
    return [(c, re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)")) for phrase, c in phrases.items()]


def _plain(text: str, patterns: list[tuple[str, re.Pattern[str]]]) -> list[tuple[str, bool]]:
    low, denial = text.lower(), re.compile(DENIALS)
    found = []
    for concept, pattern in patterns:
        for match in pattern.finditer(low):
            before = " ".join(low[: match.start()].split()[-5:])
            found.append((concept, denial.search(before) is None))
    return found


if __name__ == "__main__":
    main()
