"""Kinds of disagreement, confusions, and the page that shows them."""

from __future__ import annotations

import re
from pathlib import Path

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.confusion import confusions, relation
from supreme_ecg.evaluation.disagreement import disagreements
from supreme_ecg.evaluation.disagreement_page import SecondReader, disagreement_page
from supreme_ecg.evaluation.finding_scores import score_statements
from supreme_ecg.evaluation.gold import pair, read_found, read_gold
from supreme_ecg.evaluation.mcnemar import mcnemar
from tests.evaluation.gold_files import read_both, write_findings, write_gold

TABLE = ConceptTable.load()
HOSTILE = 'Sinus rhythm <script>alert("$title")</script> & LBBB'


def test_each_kind_is_told_apart(tmp_path: Path) -> None:
    """Missed, invented, another assertion; what is equal is no disagreement."""
    (read,) = read_both(
        tmp_path,
        {"a": "sinus_rhythm:present;atrial_flutter:absent;st_depression:present"},
        {"a": "sinus_rhythm:present;atrial_flutter:present;st_elevation:present"},
    )
    told = {each.concept: (each.kind, each.gold, each.found) for each in disagreements(read)}
    assert told == {
        "atrial_flutter": ("wrong_assertion", "absent", "present"),
        "st_depression": ("missed", "present", None),
        "st_elevation": ("invented", None, "present"),
    }


def test_a_concept_said_twice_is_paired_after_what_is_equal(tmp_path: Path) -> None:
    """The surplus assertion alone disagrees."""
    (read,) = read_both(
        tmp_path,
        {"a": "sinus_rhythm:present"},
        {"a": "sinus_rhythm:present;sinus_rhythm:absent"},
    )
    (each,) = disagreements(read)
    assert (each.kind, each.found) == ("invented", "absent")


def test_confusions_pair_the_nearest_concepts(tmp_path: Path) -> None:
    """The broader infarct stands for the inferior one, not for the rhythm."""
    read = read_both(
        tmp_path,
        {
            "a": "inferior_myocardial_infarction:present;sinus_rhythm:present",
            "b": "sinus_rhythm:present",
            "c": "inferior_myocardial_infarction:absent",
        },
        {
            "a": "myocardial_infarction:present;atrial_fibrillation:present",
            "b": "",
            "c": "myocardial_infarction:present",
        },
    )
    counted = {(each.gold, each.found): each.count for each in confusions(read, TABLE)}
    assert counted == {
        ("inferior_myocardial_infarction", "myocardial_infarction"): 2,
        ("sinus_rhythm", "atrial_fibrillation"): 1,
    }


def test_relations_come_from_the_table() -> None:
    """Up, down, beside, or nothing at all for a concept that the table lacks."""
    inferior, infarct = "inferior_myocardial_infarction", "myocardial_infarction"
    assert relation(inferior, infarct, TABLE) == "broader"
    assert relation(infarct, inferior, TABLE) == "narrower"
    assert relation(inferior, "anterior_myocardial_infarction", TABLE) == "sibling"
    assert relation(inferior, "a new entity", TABLE) == "unrelated"


def page_of(folder: Path, *, second: bool = False) -> str:
    """A page with one statement that tries to run a script."""
    gold = read_gold(write_gold(folder / "g.csv", (HOSTILE, "en", "sinus_rhythm:absent")), TABLE)
    place = HOSTILE.index("LBBB")
    block = "complete_left_bundle_branch_block"
    found = read_found(
        write_findings(
            folder / "f.parquet",
            (HOSTILE, "sinus_rhythm", "present", 0, 12),
            (HOSTILE, block, "present", place, place + 4),
        )
    )
    read = pair(gold, found)
    other = SecondReader(
        name="other/1",
        right={HOSTILE: True},
        test=mcnemar([False], [True]),
        f1_gain=-1.0,
        f1_gain_ci95=None,
    )
    scores = score_statements(read, draws=10)
    confused = confusions(read, TABLE)
    return disagreement_page(
        found.name, read, scores, confused, TABLE, second=other if second else None
    )


def test_the_page_marks_the_evidence_and_lists_what_differs(tmp_path: Path) -> None:
    """A wrong assertion and an invention, each with its words."""
    cards = page_of(tmp_path).split('<section id="cards"')[1]
    assert re.findall(r'<mark class="(\w+)">(.*?)</mark>', cards) == [
        ("wrong_assertion", "Sinus rhythm"),
        ("invented", "LBBB"),
    ]
    rows = re.findall(r'<li data-kind="(\w+)" data-concept="(\w+)">', cards)
    assert rows == [
        ("invented", "complete_left_bundle_branch_block"),
        ("wrong_assertion", "sinus_rhythm"),
    ]


def test_evidence_that_overlaps_is_marked_once(tmp_path: Path) -> None:
    """The fault wins over what is right, and one stretch is one mark."""
    text = "old anterior infarct"
    gold = read_gold(
        write_gold(tmp_path / "g.csv", (text, "en", "anterior_myocardial_infarction:present")),
        TABLE,
    )
    found = read_found(
        write_findings(
            tmp_path / "f.parquet",
            (text, "anterior_myocardial_infarction", "present", 4, 20),
            (text, "old_myocardial_infarction", "present", 0, 20),
        )
    )
    read = pair(gold, found)
    page = disagreement_page("x", read, score_statements(read, draws=5), (), TABLE)
    assert '<mark class="invented">old anterior infarct</mark></p>' in page


def test_text_of_a_report_stays_text(tmp_path: Path) -> None:
    """No tag of a statement becomes a tag of the page, and no placeholder is filled in."""
    page = page_of(tmp_path)
    assert page.count("<script") == 1
    assert "&lt;script&gt;alert(&quot;$title&quot;)" in page


def test_the_page_asks_nothing_from_outside(tmp_path: Path) -> None:
    """No address, nothing to load, and a policy that allows its own style and script alone."""
    page = page_of(tmp_path)
    assert not re.search(r"\s(?:src|href|action)=|https?:|url\(|@import", page)
    assert "default-src 'none'" in page


def test_every_field_of_the_page_has_a_label(tmp_path: Path) -> None:
    """Each filter stands inside a label, or is a button with words."""
    page = page_of(tmp_path, second=True)
    labels = "".join(re.findall(r"<label>.*?</label>", page, flags=re.DOTALL))
    fields = re.findall(r"<(?:select|input)[^>]*>", page)
    assert len(fields) == 6
    assert all(field in labels for field in fields)


def test_a_second_extractor_can_be_filtered_by(tmp_path: Path) -> None:
    """The card says how the other reads it."""
    assert 'data-other="right"' in page_of(tmp_path, second=True)
    assert 'id="other"' not in page_of(tmp_path)


def test_a_page_without_disagreements_says_so(tmp_path: Path) -> None:
    """It is still a page."""
    read = read_both(tmp_path, {"a": "sinus_rhythm:present"}, {"a": "sinus_rhythm:present"})
    page = disagreement_page("x", read, score_statements(read, draws=5), (), TABLE)
    assert "every statement is read as the gold has it" in page
