"""Scores against gold statements, on cases counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.evaluation.finding_scores import f1_gain, score_statements
from supreme_ecg.evaluation.gold import GoldStatement, ReadStatement, Said
from supreme_ecg.evaluation.mcnemar import mcnemar
from tests.evaluation.gold_files import read_both

GOLD = {
    "a": "sinus_rhythm:present",
    "b": "sinus_rhythm:present;st_depression:uncertain",
    "c": "atrial_flutter:absent",
    "d": "",
}
FOUND = {
    "a": "sinus_rhythm:present",
    "b": "sinus_rhythm:present;st_depression:present",
    "d": "st_elevation:present",
}


def test_counts_are_those_of_the_hand(tmp_path: Path) -> None:
    """A wrong assertion is a miss and an invention; an unseen statement is a miss and listed."""
    scores = score_statements(read_both(tmp_path, GOLD, FOUND), draws=50)
    assert (scores.statements, scores.right, scores.not_seen) == (4, 1, ("c",))
    assert (scores.micro.gold, scores.micro.found, scores.micro.both) == (4, 4, 2)
    assert scores.micro.precision == scores.micro.recall == scores.micro.f1 == 0.5
    assert (scores.concepts_alone.gold, scores.concepts_alone.both) == (4, 3)
    by_assertion = {each.name: (each.gold, each.found, each.both) for each in scores.by_assertion}
    assert by_assertion == {"present": (2, 4, 2), "uncertain": (1, 0, 0), "absent": (1, 0, 0)}
    by_concept = {each.name: (each.gold, each.found, each.both) for each in scores.by_concept}
    assert by_concept == {
        "sinus_rhythm": (2, 2, 2),
        "atrial_flutter": (1, 0, 0),
        "st_depression": (1, 1, 0),
        "st_elevation": (0, 1, 0),
    }
    assert [each.name for each in scores.by_language] == ["en"]


def test_the_macro_average_is_over_the_concepts_of_the_gold(tmp_path: Path) -> None:
    """An invented concept lowers the micro average alone."""
    macro = score_statements(read_both(tmp_path, GOLD, FOUND), draws=50).macro
    assert (macro.concepts, macro.f1) == (3, pytest.approx(1 / 3))


def test_what_cannot_be_divided_is_none(tmp_path: Path) -> None:
    """Nothing found has no precision, nothing wanted no recall, neither no F1."""
    scores = score_statements(read_both(tmp_path, GOLD, FOUND), draws=5)
    by_concept = {each.name: each for each in scores.by_concept}
    assert by_concept["atrial_flutter"].precision is None
    assert by_concept["st_elevation"].recall is None
    empty = score_statements(read_both(tmp_path, {"a": ""}, {"a": ""}), draws=5)
    assert (empty.right, empty.micro.f1, empty.micro.f1_ci95, empty.macro.f1) == (
        1,
        None,
        None,
        None,
    )


def test_intervals_hold_the_value_and_do_not_vanish_for_a_rare_concept(tmp_path: Path) -> None:
    """A concept of two statements among forty keeps its interval."""
    gold = {f"s{n}": "sinus_rhythm:present" for n in range(40)}
    gold |= {"x": "atrial_flutter:present", "y": "atrial_flutter:present"}
    found = {text: said for text, said in gold.items() if text not in ("s1", "s2", "y")}
    scores = score_statements(read_both(tmp_path, gold, found), draws=500)
    by_concept = {each.name: each for each in scores.by_concept}
    assert by_concept["atrial_flutter"].f1_ci95 == (0.0, 1.0)
    assert scores.micro.f1 is not None
    assert scores.micro.f1_ci95 is not None
    low, high = scores.micro.f1_ci95
    assert low < scores.micro.f1 < high
    assert 0.02 < high - low < 0.15
    assert scores.macro.ci95 is not None


def test_the_seed_alone_decides_the_draws(tmp_path: Path) -> None:
    """Once more gives the same, another seed something else."""
    read = read_both(tmp_path, {f"s{n}": "sinus_rhythm:present" for n in range(30)}, {"s1": ""})
    read[2:20] = [
        ReadStatement(gold=each.gold, found=each.gold.said, spans={}, seen=True)
        for each in read[2:20]
    ]
    intervals = [score_statements(read, draws=40, seed=s).micro.f1_ci95 for s in (0, 0, 1)]
    assert intervals[0] == intervals[1] != intervals[2]


def test_the_gain_is_paired(tmp_path: Path) -> None:
    """An extractor against itself gains nothing in any draw; a better one gains in all."""
    gold = {text: said for text, said in GOLD.items() if said}
    first, second = read_both(tmp_path, gold, gold), read_both(tmp_path, gold, FOUND)
    assert f1_gain(second, second, draws=50) == (0.0, (0.0, 0.0))
    gain, interval = f1_gain(first, second, draws=50)
    assert gain == pytest.approx(1 - 4 / 7)
    assert interval is not None
    assert 0 <= interval[0] < gain < interval[1] <= 1


def test_mcnemar_is_the_exact_binomial_of_the_discordant() -> None:
    """One against six of seven: 2 * (1 + 7) / 2^7; none discordant: no evidence."""
    result = mcnemar([True] * 6 + [False, True, False], [False] * 6 + [True, True, False])
    assert (result.only_first, result.only_second, result.both, result.neither) == (6, 1, 1, 1)
    assert result.p_value == pytest.approx(2 * (1 + 7) / 2**7)
    assert mcnemar([True, False], [True, False]).p_value == 1.0


SAID = st.frozensets(
    st.builds(
        Said,
        st.sampled_from(["sinus_rhythm", "st_depression", "new entity"]),
        st.sampled_from(["present", "uncertain", "absent"]),
    )
)


@given(st.lists(st.tuples(SAID, SAID), min_size=1, max_size=6))
def test_the_parts_add_up_to_the_whole(
    pairs: list[tuple[frozenset[Said], frozenset[Said]]],
) -> None:
    """Assertions and concepts each partition all findings, and scores lie between 0 and 1."""
    read = [
        ReadStatement(
            gold=GoldStatement(str(n), "", gold),
            found=found,
            spans=dict.fromkeys(found, ()),
            seen=True,
        )
        for n, (gold, found) in enumerate(pairs)
    ]
    scores = score_statements(read, draws=3)
    for parts in (scores.by_assertion, scores.by_concept):
        assert sum(each.both for each in parts) == scores.micro.both
        assert sum(each.gold for each in parts) == scores.micro.gold
        assert sum(each.found for each in parts) == scores.micro.found
    assert scores.micro.f1 is None or 0 <= scores.micro.f1 <= 1
    assert (scores.right == len(read)) == (
        scores.micro.both == scores.micro.gold == scores.micro.found
    )
