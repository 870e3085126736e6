"""Tests of the written reports and their truth."""

from __future__ import annotations

import csv
import tomllib
from importlib.resources import files

import numpy as np
import pytest

from supreme_ecg.concepts.concept import Language
from supreme_ecg.synthetic.conditions import CONDITIONS, concepts_of, sample_conditions
from supreme_ecg.synthetic.writer import shown_concepts, write_report, written_concepts

PHRASES = tomllib.loads(
    files("supreme_ecg.synthetic").joinpath("phrases.toml").read_text(encoding="utf-8")
)
LANGUAGES: tuple[Language, ...] = ("en", "de", "sv")
FAMILIES = (
    ("myocardial_infarction", "infarction"),
    ("myocardial_ischaemia", "ischaemia"),
    ("bundle_branch_block", "bundle_branch_block"),
    ("av_block", "_av_block"),
)


def test_every_concept_used_is_in_the_table() -> None:
    """Conditions, what follows from them and what is denied exist in the concept table."""
    text = files("supreme_ecg.concepts").joinpath("concepts.csv").read_text(encoding="utf-8")
    known = {row["id"] for row in csv.DictReader(text.splitlines())}
    assert written_concepts() <= known


def test_every_condition_can_be_written_in_every_language() -> None:
    """No phrase is missing, empty or given twice for two concepts in one language."""
    for language in LANGUAGES:
        seen: dict[str, str] = {}
        for concept, phrases in PHRASES["present"].items():
            assert phrases[language]
            for phrase in phrases[language]:
                assert seen.setdefault(phrase.casefold(), concept) == concept
    assert set(CONDITIONS) <= set(PHRASES["present"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_reports_say_what_is_true_and_deny_nothing_that_is(language: Language) -> None:
    """Present and uncertain findings are shown by the tracing; denied ones and their kin are not."""
    rng = np.random.default_rng(3)
    for _ in range(400):
        conditions = sample_conditions(age_years=60, rng=rng)
        report = write_report(conditions, language=language, rng=rng)
        shown = set(shown_concepts(conditions))
        said = {concept for concept, assertion in report.findings if assertion != "absent"}
        denied = {concept for concept, assertion in report.findings if assertion == "absent"}
        assert said <= shown
        assert {concept for c in conditions for concept in concepts_of(c)} <= said
        assert not denied & shown
        for parent, ending in FAMILIES:
            if parent in denied:
                assert not any(concept.endswith(ending) for concept in shown)
        assert len(report.findings) == len(set(report.findings))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_holds_nothing_but_the_wording_of_its_truth(language: Language) -> None:
    """Take out the phrases of the findings, framed as asserted: only separators and notes stay."""
    rng = np.random.default_rng(4)
    frames = PHRASES["uncertain"][language]
    for _ in range(200):
        conditions = sample_conditions(age_years=70, rng=rng)
        report = write_report(conditions, language=language, rng=rng)
        said = {concept for concept, _ in report.findings}
        doubted = {concept for concept, assertion in report.findings if assertion == "uncertain"}
        wordings = list(PHRASES["device_note"][language])
        for name in {*conditions, *said} & set(PHRASES["present"]):
            phrases = PHRASES["present"][name][language]
            if {name, *concepts_of(name)} & doubted:
                phrases = [frame.format(phrase) for frame in frames for phrase in phrases]
            wordings += phrases
        for concept, assertion in report.findings:
            if assertion == "absent":
                wordings += PHRASES["absent"][concept][language]
        rest = report.text.lower()
        for wording in sorted(wordings, key=len, reverse=True):
            rest = rest.replace(wording.lower(), "")
        assert not rest.strip(".; \n"), (report.text, rest)


def test_doubt_and_denial_occur() -> None:
    """Among many reports all three assertions are found, rhythm never in doubt."""
    rng, seen = np.random.default_rng(5), set()
    for _ in range(300):
        conditions = sample_conditions(age_years=70, rng=rng)
        findings = write_report(conditions, language="en", rng=rng).findings
        seen |= {assertion for _, assertion in findings}
        assert ("atrial_fibrillation", "uncertain") not in findings
    assert seen == {"present", "uncertain", "absent"}


def test_a_hedged_infarction_is_hedged_in_territory_and_age() -> None:
    """Both concepts of one statement carry the same assertion."""
    conditions = frozenset({"sinus_rhythm", "old_inferior_myocardial_infarction"})
    assertions = set()
    for seed in range(40):
        report = write_report(conditions, language="en", rng=np.random.default_rng(seed))  # type: ignore[arg-type]
        found = dict(report.findings)
        assert found["inferior_myocardial_infarction"] == found["old_myocardial_infarction"]
        assertions.add(found["old_myocardial_infarction"])
    assert assertions == {"present", "uncertain"}


def test_same_chance_same_report() -> None:
    """A report is a function of conditions, language and chance."""
    conditions = frozenset({"atrial_fibrillation", "left_ventricular_hypertrophy"})
    texts = [
        write_report(conditions, language="sv", rng=np.random.default_rng(seed)).text  # type: ignore[arg-type]
        for seed in (1, 1, 2, 3, 4, 5)
    ]
    assert texts[0] == texts[1]
    assert len(set(texts)) > 1
