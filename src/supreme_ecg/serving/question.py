"""A question in words -> what the model is asked, or why it is not asked.

A trained model gives any text a number. What a text denies, doubts, compares or joins, and what no ECG
shows, must not come back as the probability of a finding: it is recognised here and said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import Final

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.reports.finding import Finding
from supreme_ecg.reports.lexicon import Lexicon
from supreme_ecg.reports.rules import RuleExtractor
from supreme_ecg.reports.tokens import normal_words, tokenize
from supreme_ecg.serving.asked import Asked, How, Question
from supreme_ecg.serving.composition import Composition
from supreme_ecg.serving.contradiction import Contradiction
from supreme_ecg.serving.nearest import NearestConcept
from supreme_ecg.serving.personal import seems_personal
from supreme_ecg.serving.question_words import (
    Peeled,
    asks_for_change,
    content,
    outside,
    peel,
    without_degree,
)
from supreme_ecg.serving.relevance import Relevance, read_words

LONGEST: Final = 300
"""Letters of the longest question."""
_CODE: Final = re.compile(
    r"[{}\\`]|</|/>|://|==|\(\)|<\w+>|\bdef \w+\(|^\s*import \w|\bselect\b.+\bfrom\b"
    r"|\w\((?!\w{1,3}\)).*\)\s*[:;]?$",
    re.IGNORECASE,
)
_JOINTS: Final = re.compile(
    r"\s*(?:[,;&+/]|\b(?:and|or|but|plus|vs|versus|und|oder|aber|men|sowie|och|eller|samt|resp|respektive)\b)\s*",
    re.IGNORECASE,
)
"""What stands between two findings that are asked together."""
_WITH: Final = re.compile(r"\b(?:with|without|mit|ohne|med|utan)\b", re.IGNORECASE)
_LAD: Final = re.compile(
    r"\bLAD\b(?=.*\b(?:occlu|proximal|arter|stenos|lesion|culprit|stent|territor))"
    r"|(?<=\bproximal )LAD\b|(?<=\bdistal )LAD\b|(?<=\bmid )LAD\b",
    re.IGNORECASE,
)
"""LAD as the artery and not as left axis deviation."""
_NON: Final = re.compile(r"\b[Nn]on[ -]?(?=(?!ST)[A-Z]{2,5}\b)")
"""The denial of "non-AF"; "non-STEMI" and "non-ST" are names."""
_NO_ABBREVIATIONS: Final = frozenset({"hi", "es", "le", "it", "wap", "ash", "pace"})
"""Short words that are abbreviations of concepts only where they are not all in lower case."""
_REMEMBERED: Final = 4096
"""Phrases of which is kept what they are composed to."""
_SURE: Final = 0.75
"""Cosine from which on the nearest concept says by itself that the heart is meant."""

_REASONS: Final = {
    "person": "an ECG does not tell who the patient is, nor age, sex or size",
    "laboratory": "a laboratory value is not seen on an ECG",
    "imaging": "this is measured by imaging or at the bedside, not on an ECG",
    "bedside": "a symptom or bedside measurement is not seen on an ECG",
    "other_disease": "this is not a disease of the heart that an ECG shows",
    "care": "the model says whether a finding is there, not what follows from it",
    "explanation": "the model says whether a finding is there, it explains nothing",
    "open": "an open question names no finding; ask findings one by one",
    "measurement": "the model gives probabilities of findings, no measurements",
}


class QuestionReader:
    """Reads questions in English, German and Swedish. The reading of one does not depend on others.

    Args:
        table: Concepts with their names and synonyms.
        relevance: Tells questions about the heart from others; by words alone if not given.
        nearest: Finds what is meant by words about the heart that are not in the table; without it they
            are asked as they are.
    """

    def __init__(
        self,
        table: ConceptTable,
        relevance: Relevance | None = None,
        nearest: NearestConcept | None = None,
    ) -> None:
        self._table = table
        self._relevance = relevance or Relevance(table)
        self._nearest = nearest
        self._composition = Composition(table)
        self._contradiction = Contradiction(table)
        self._composed = lru_cache(_REMEMBERED)(self._compose)

    def read(self, text: str) -> Question:
        """Read one question.

        Args:
            text: What was typed, of any length.
        """
        typed, text = text, " ".join(text.split()).strip(" ?!.:;,¿¡")
        asked = Asked(typed, personal=seems_personal(text))
        if self._exact(text):
            return self._as_concept(text, asked)
        if not re.search(r"[^\W\d_]", text):
            return asked.refused("unreadable", "it has no words")
        if len(text) > LONGEST:
            return asked.refused(
                "unreadable", f"it is longer than {LONGEST} letters; ask one finding"
            )
        if _CODE.search(text):
            return asked.refused("unreadable", "it looks like code, not like a question in words")
        text = _LAD.sub("left anterior descending artery", _NON.sub("not ", text))
        return self._read(text, asked)

    def in_plain_words(self, text: str) -> str:
        """Write words that name a finding in plain clinical English, as far as they are known.

        Args:
            text: Without the question around them.
        """
        return self._composition.rewrite(text)

    def _read(self, text: str, asked: Asked) -> Question:
        evidence = _spans(self._extract(text))
        beside = outside(text, evidence)
        peeled = peel(text, knows=self._knows, evidence=evidence)
        if beside and beside.always and self._composed(peeled.core) is None:
            return asked.refused("outside_ecg", _REASONS[beside.kind], self._names(text))
        parts = self._parts(peeled.core)
        if len(parts) > 1:
            return self._several(asked, peeled, parts)
        denied = "denial" in peeled.around or (
            not self._knows(peeled.core)
            and any(finding.assertion == "absent" for finding in self._extract(peeled.core))
        )
        question = self._as_finding(peeled, asked, whole=text)
        if denied and question.kind == "finding":
            positive = [question.asked] if question.asked else []
            reason = "it denies, and a denial is no finding"
            return asked.refused("negated", reason, positive, near=_concepts(question))
        return question

    def _as_finding(self, peeled: Peeled, asked: Asked, *, whole: str) -> Question:
        core = peeled.core
        if self._exact(core) or (core and self._lexicon.find(core)):
            return self._as_concept(core, asked, peeled)
        recognised = self._recognise(core)
        if recognised:
            concept, how, more = recognised
            return asked.as_concept(self._table[concept].name, concept, how, peeled.around | more)
        findings = self._extract(core)
        concepts = self._narrowest(findings)
        if not concepts and asks_for_change(whole):
            reason = "what has changed cannot be told from one ECG, and it names no finding"
            return asked.refused("comparison", reason)
        certain = any(_is_certain(core[slice(*finding.span)]) for finding in findings)
        beside = None if certain or read_words(core).strong else outside(whole, ())
        if beside:
            return asked.refused("outside_ecg", _REASONS[beside.kind], self._names(whole))
        about = certain or self._has_medical(core) or self._relevance.is_cardiac(core)
        if not core or not (about or self._is_sure(core, asked)):
            reason = "its words have nothing to do with the electrical activity of the heart"
            return asked.refused("not_cardiac", reason)
        return self._by_meaning(core, concepts, asked, peeled.around)

    def _recognise(self, core: str) -> tuple[str, How, frozenset[str]] | None:
        """Find the one concept that all words name, by what, and what is around it."""
        for text, around in (
            (core, frozenset[str]()),
            (without_degree(core), frozenset({"degree"})),
        ):
            composed = self._composed(text)
            if composed:
                return composed, "composed", around
        found = self._extract_one(core) or self._extract_one(self.in_plain_words(core))
        return (found[0], "extractor", found[1]) if found else None

    def _extract_one(self, text: str) -> tuple[str, frozenset[str]] | None:
        """Find the one concept that the rule extractor sees, if it leaves no word that adds something."""
        findings = self._extract(text)
        concepts = self._narrowest(findings)
        left, degree = content(text, _spans(findings))
        if len(concepts) != 1 or left or findings[0].assertion == "absent":
            return None
        doubt = {"doubt"} if findings[0].assertion == "uncertain" else set[str]()
        return concepts[0], frozenset(doubt | ({"degree"} if degree else set()))

    def _is_sure(self, core: str, asked: Asked) -> bool:
        """Say whether a text without a term of the heart is so near to a concept that it is meant."""
        if self._nearest is None or asked.personal:
            return False
        found = self._nearest.find(core, self._composition.rewrite(core, medical=True))
        return found is not None and found.cosine >= _SURE

    def _by_meaning(
        self, core: str, named: Sequence[str], asked: Asked, around: frozenset[str]
    ) -> Question:
        """Ask what is nearest in meaning; where nothing is near enough, the words."""
        plain = self.in_plain_words(core)
        if self._nearest is not None and not asked.personal:
            found = self._nearest.find(core, plain, naming=named)
            if found is not None:
                name = self._table[found.concept].name
                return asked.as_nearest(name, found.concept, found.cosine, around)
        names = [self._table[concept].name for concept in named]
        words, rewritten = self._table.expand(core), self._table.expand(plain)
        is_new = normal_words(rewritten) != normal_words(words)
        words = rewritten if is_new else words
        return asked.as_words(words, around, named, names, rewritten=is_new)

    def _as_concept(self, text: str, asked: Asked, peeled: Peeled | None = None) -> Question:
        concept = self._exact(text)
        how: How = "synonym"
        if concept is None:
            concept = self._lexicon.find(text)
        else:
            how = _recognised_by(self._table, concept, text)
        assert concept is not None
        around = peeled.around if peeled else frozenset()
        return asked.as_concept(self._table[concept].name, concept, how, around)

    def _several(self, asked: Asked, peeled: Peeled, parts: Sequence[str]) -> Question:
        near = tuple(dict.fromkeys(concept for part in parts for concept in self._named(part)))
        names = [
            next(iter(self._names(part)), part if not asked.personal else "") for part in parts
        ]
        reason = "it asks several things at once"
        if "denial" in peeled.around or any(
            finding.assertion == "absent" for finding in self._extract(peeled.core)
        ):
            reason += " and denies some of them"
        return asked.refused("several", reason, names, near=near)

    def _parts(self, core: str) -> list[str]:
        """Cut a question where it joins things of which each is known by itself."""
        if self._knows(core):
            return [core]
        whole = self._narrowest(self._extract(core))
        parts = [part for part in _JOINTS.split(core) if part]
        if len(parts) > 1 and all(self._names_a_finding(part) for part in parts):
            return parts
        if len(whole) > 1 and (_JOINTS.search(core) or _WITH.search(core)):
            return [self._table[concept].name for concept in whole]
        return [core]

    def _names_a_finding(self, part: str) -> bool:
        return bool(self._extract(part)) or self._knows(part) or read_words(part).strong

    def _names(self, text: str) -> list[str]:
        return [self._table[concept].name for concept in self._named(text)]

    def _named(self, text: str) -> list[str]:
        one = self._exact(text) or self._composed(text)
        return [one] if one else self._narrowest(self._extract(text))

    def _exact(self, text: str) -> str | None:
        if text in _NO_ABBREVIATIONS:
            return None
        concept = self._table.find(text)
        return concept.id if concept else None

    def _knows(self, text: str) -> bool:
        return bool(self._exact(text) or self._lexicon.find(text) or self._composed(text))

    def _compose(self, text: str) -> str | None:
        """Return the concept of which a text is another way of saying it.

        A single word must be one about the heart by itself: "change" is no abnormal ECG.
        """
        found = None if text in _NO_ABBREVIATIONS else self._composition.find(text)
        if found is None or self._contradiction.of_sides(self.in_plain_words(text), found):
            return None
        words = read_words(text)
        about = words.strong or words.weak or self._has_medical(text)
        return found if about or len(tokenize(text)) > 1 else None

    def _has_medical(self, text: str) -> bool:
        """Say whether medical words of any language or abbreviations make a text one about the heart."""
        return read_words(self._composition.rewrite(text, medical=True)).strong

    def _extract(self, text: str) -> list[Finding]:
        found = self._extractor.extract(text)
        return [each for each in found if text[slice(*each.span)] not in _NO_ABBREVIATIONS]

    def _narrowest(self, findings: Sequence[Finding]) -> list[str]:
        """Return the concepts of findings without those that another one implies."""
        ids = dict.fromkeys(finding.concept for finding in findings)
        implied = frozenset[str]().union(*(self._table.ancestors(concept) for concept in ids))
        return [concept for concept in ids if concept not in implied]

    @cached_property
    def _lexicon(self) -> Lexicon:
        return self._table.lexicon()

    @cached_property
    def _extractor(self) -> RuleExtractor:
        return RuleExtractor(self._lexicon)


def read_question(
    text: str, table: ConceptTable, *, relevance: Relevance | None = None
) -> Question:
    """Read one question; for many, keep a :class:`QuestionReader`.

    Args:
        text: What was typed.
        table: Concepts with their names and synonyms.
        relevance: Tells questions about the heart from others; by words alone if not given.
    """
    return QuestionReader(table, relevance).read(text)


def _concepts(question: Question) -> tuple[str, ...]:
    return (question.concept,) if question.concept else question.near


def _is_certain(evidence: str) -> bool:
    """Whether words name a finding wherever they stand: "flutter" and "abnormal" do not."""
    return " " in evidence or not evidence.islower() or read_words(evidence).strong


def _spans(findings: Sequence[Finding]) -> list[tuple[int, int]]:
    return [finding.span for finding in findings]


def _recognised_by(table: ConceptTable, concept: str, text: str) -> How:
    words = [token.word for token in tokenize(text)]
    if [token.word for token in tokenize(table[concept].name)] == words:
        return "name"
    for synonym in table[concept].synonyms:
        if [token.word for token in tokenize(synonym.phrase)] == words:
            return "abbreviation" if synonym.kind == "abbreviation" else "synonym"
    return "synonym"
