"""Terms that texts must not differ in."""

from __future__ import annotations

from pathlib import Path

import pytest

from supreme_ecg.errors import ConceptError
from supreme_ecg.vocabulary.opposites import Opposites

OPPOSED = [
    ("left bundle branch block", "right bundle branch block", "laterality"),
    ("Linksschenkelblock", "Rechtsschenkelblock", "laterality"),
    ("vänster förmaksförstoring", "höger förmaksförstoring", "laterality"),
    ("atrial fibrillation", "ventricular fibrillation", "chamber"),
    ("Vorhofflimmern", "Kammerflimmern", "chamber"),
    ("förmaksflimmer", "kammarflimmer", "chamber"),
    ("supraventricular tachycardia", "ventricular tachycardia", "chamber"),
    ("anterior infarct", "inferior infarct", "territory"),
    ("Vorderwandinfarkt", "Hinterwandinfarkt", "territory"),
    ("framväggsinfarkt", "diafragmal infarkt", "territory"),
    ("anteroseptal infarct", "anterior infarct", "territory"),
    ("lateral infarct", "posterior infarct", "territory"),
    ("anterolateral infarct", "lateral infarct", "territory"),
    ("first-degree AV block", "second-degree AV block", "degree"),
    ("AV-Block I. Grades", "AV-Block III. Grades", "degree"),
    ("AV-block I", "AV-block II", "degree"),
    ("complete heart block", "first degree heart block", "degree"),
    ("Mobitz I", "Mobitz II", "type"),
    ("incomplete right bundle branch block", "right bundle branch block", "completeness"),
    ("inkompletter Rechtsschenkelblock", "kompletter Rechtsschenkelblock", "completeness"),
    ("inkomplett högergrenblock", "komplett högergrenblock", "completeness"),
    ("sinus tachycardia", "sinus bradycardia", "rate"),
    ("Sinustachykardie", "Sinusbradykardie", "rate"),
    ("sinustakykardi", "sinusbradykardi", "rate"),
    ("acute infarct", "old infarct", "age"),
    ("akuter Infarkt", "alter Infarkt", "age"),
    ("färsk infarkt", "gammal infarkt", "age"),
    ("ischaemia", "no ischaemia", "negation"),
    ("Ischämie", "keine Ischämie", "negation"),
    ("ischemi", "ingen ischemi", "negation"),
    ("ST elevation", "ST depression", "direction"),
    ("ST-Hebung", "ST-Senkung", "direction"),
    ("prolonged QT interval", "short QT interval", "duration"),
    ("T wave inversion", "QRS inversion", "wave"),
    ("atrial fibrillation", "atrial flutter", "process"),
    ("slightly depressed", "markedly depressed", "severity"),
]
AGREEING = [
    ("complete left bundle branch block", "left bundle branch block"),
    ("old inferior infarct", "inferiorer Infarkt, alt"),
    ("first-degree AV block", "AV-Block I. Grades"),
    ("complete AV block", "third-degree AV block"),
    ("markedly depressed ST segment", "depressed ST segment"),
    ("Sinustachykardie", "sinus tachycardia"),
    ("antero-septal infarct", "anteroseptal infarct"),
    ("nonspecific T wave change", "non-specific T wave change"),
]


@pytest.mark.parametrize(("one", "other", "group"), OPPOSED)
def test_what_differs_in_a_group_is_opposed(opposites, one: str, other: str, group: str) -> None:
    """In English, German and Swedish, either way round, and for that reason."""
    assert opposites.signature(one).opposes(opposites.signature(other))
    assert opposites.signature(other).opposes(opposites.signature(one))
    assert group in opposites.differing(one, other)


@pytest.mark.parametrize(("one", "other"), AGREEING)
def test_what_agrees_in_all_groups_is_not_opposed(opposites, one: str, other: str) -> None:
    """Other words for the same sides are no difference."""
    assert not opposites.signature(one).opposes(opposites.signature(other))
    assert opposites.differing(one, other) == ()


def test_saying_nothing_opposes_saying_something(opposites) -> None:
    """An infarct without a territory is not the inferior one, but for groups that are open."""
    assert opposites.differing("infarct", "inferior infarct") == ("territory",)
    assert opposites.differing("frequent extrasystoles", "extrasystoles") == ()
    assert "number" in opposites.differing("frequent extrasystoles", "single extrasystoles")


def test_only_what_is_said_can_contradict(opposites) -> None:
    """Silence contradicts nothing, but an incomplete block is not one without a word about it."""
    assert opposites.contradicting("left axis", "right axis") == ("laterality",)
    assert opposites.contradicting("axis", "right axis") == ()
    assert opposites.contradicting("biatrial enlargement", "left atrial enlargement") == ()
    assert "completeness" in opposites.contradicting("right block", "incomplete right block")
    assert "number" not in opposites.contradicting("extrasystole", "frequent extrasystoles")


def test_a_longer_term_hides_the_shorter_ones_in_it() -> None:
    """``high lateral`` says nothing of size where the file gives it no side."""
    groups = Opposites({"size": {"high": frozenset({"high"}), "high lateral": frozenset()}})
    assert groups.differing("high lateral infarct", "lateral infarct") == ()
    assert groups.differing("high voltage", "voltage") == ("size",)


def test_a_star_stands_for_letters_only_where_it_is() -> None:
    """Without one a term is a whole word."""
    groups = Opposites({"side": {"left*": frozenset({"left"}), "no": frozenset({"no"})}})
    assert groups.differing("leftward axis", "axis") == ("side",)
    assert groups.differing("aleft axis", "axis") == ()
    assert groups.differing("nodal rhythm", "rhythm") == ()


@pytest.mark.parametrize("content", ["group,side\na,b\n", b"\xff\xfe\x00"])
def test_a_file_of_another_form_is_named(tmp_path: Path, content: str | bytes) -> None:
    """With the columns that it should have."""
    path = tmp_path / "mine.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConceptError, match=r"mine\.csv.*group, side, language, term"):
        Opposites.load(path)


def test_an_own_file_takes_the_place_of_the_packages(tmp_path: Path) -> None:
    """Its groups alone count."""
    path = tmp_path / "mine.csv"
    path.write_text("group,side,language,term\nfruit,apple,en,apple\nfruit,pear,en,pear\n")
    mine = Opposites.load(path)
    assert mine.differing("left apple", "right pear") == ("fruit",)
