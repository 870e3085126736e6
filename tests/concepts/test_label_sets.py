"""Label sets count what the labels say, and comparisons what both say."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from supreme_ecg.concepts.label_plot import as_picture, plot_comparison, plot_prevalences
from supreme_ecg.concepts.label_sets import LabelSet, compare, make_label_set
from supreme_ecg.concepts.labels import label_matrix
from supreme_ecg.concepts.table import ConceptTable

RECORDS = ("one", "two", "three", "four")
CONCEPTS = (
    "myocardial_infarction",
    "anterior_myocardial_infarction",
    "anteroseptal_myocardial_infarction",
    "atrial_fibrillation",
    "sinus_rhythm",
)


def label_set(
    said: list[tuple[str, str, str]], *, minimum_count: int = 1, codes: list[str] | None = None
) -> LabelSet:
    """Labels of four records."""
    schema = {"record_id": pl.String, "concept": pl.String, "assertion": pl.String}
    findings = pl.DataFrame(said, schema=schema, orient="row")
    if codes is not None:
        findings = findings.with_columns(pl.Series("code", codes, dtype=pl.String))
    table = ConceptTable.load()
    return make_label_set(
        "corpus", findings, record_ids=RECORDS, table=table, minimum_count=minimum_count
    )


def test_prevalence_counts_present_uncertain_and_own_records() -> None:
    """A child makes its parents present; a masked record is out of the share."""
    labels = label_set(
        [
            ("one", "anterior_myocardial_infarction", "present"),
            ("one", "anterior_myocardial_infarction", "present"),
            ("two", "myocardial_infarction", "present"),
            ("three", "myocardial_infarction", "uncertain"),
            ("four", "myocardial_infarction", "absent"),
            ("elsewhere", "myocardial_infarction", "present"),
        ]
    )
    (infarction,) = [p for p in labels.prevalences if p.concept == "myocardial_infarction"]
    assert (infarction.present, infarction.uncertain, infarction.own) == (2, 1, 1)
    assert infarction.share == pytest.approx(2 / 3)
    assert infarction.group == "infarction"


def test_the_table_has_a_row_a_record_and_a_column_a_kept_concept() -> None:
    """Concepts below the minimum count have none; masked labels are -1."""
    labels = label_set(
        [
            ("one", "atrial_fibrillation", "present"),
            ("two", "atrial_fibrillation", "present"),
            ("three", "atrial_fibrillation", "uncertain"),
            ("one", "myocardial_infarction", "present"),
        ],
        minimum_count=2,
    )
    table = labels.as_table()
    assert table["record_id"].to_list() == list(RECORDS)
    assert table["atrial_fibrillation"].to_list() == [1, 1, -1, 0]
    assert table["atrial_fibrillation"].dtype == pl.Int8
    assert "myocardial_infarction" not in table.columns
    assert tuple(table.columns[1:]) == labels.concepts


@given(
    st.lists(
        st.tuples(
            st.sampled_from(RECORDS),
            st.sampled_from(CONCEPTS),
            st.sampled_from(["present", "uncertain", "absent"]),
        ),
        max_size=12,
    ),
    st.integers(1, 3),
)
def test_columns_are_those_of_the_label_matrix(
    said: list[tuple[str, str, str]], minimum_count: int
) -> None:
    """And just those with enough present records are kept, each group together."""
    labels = label_set(said, minimum_count=minimum_count)
    table = ConceptTable.load()
    findings = pl.DataFrame(
        said, schema=dict.fromkeys(("record_id", "concept", "assertion"), pl.String), orient="row"
    )
    every = list(table.concepts)
    matrix = label_matrix(findings, record_ids=RECORDS, concepts=every, table=table)
    counts = dict(zip(every, (matrix == 1).sum(axis=0), strict=True))
    assert set(labels.concepts) == {c for c in every if counts[c] >= minimum_count}
    for each in labels.prevalences:
        column = matrix[:, every.index(each.concept)]
        assert labels.as_table()[each.concept].to_list() == column.tolist()
        assert each.own <= each.present
    groups = [each.group for each in labels.prevalences]
    assert len([g for k, g in enumerate(groups) if g not in groups[:k]]) == len(set(groups))
    assert [*dict.fromkeys(groups)] == [g for k, g in enumerate(groups) if groups[k - 1 : k] != [g]]


def test_corpora_share_concepts_over_the_hierarchy() -> None:
    """A concept that one says only by narrower ones is shared, but not the same."""
    first = label_set(
        [
            ("one", "anterior_myocardial_infarction", "present"),
            ("two", "atrial_fibrillation", "present"),
            ("three", "left_axis_deviation", "present"),
        ],
        codes=["AMI", "AFIB", "LAD"],
    )
    second = label_set(
        [
            ("one", "myocardial_infarction", "present"),
            ("one", "atrial_fibrillation", "present"),
            ("two", "atrial_fibrillation", "present"),
            ("three", "sinus_rhythm", "present"),
        ],
        codes=["MI", "AF", "164889003", "SR"],
    )
    comparison = compare(first, second)
    shared = {each.concept: each for each in comparison.shared}
    assert {"myocardial_infarction", "atrial_fibrillation"} <= set(shared)
    fibrillation = shared["atrial_fibrillation"]
    assert fibrillation.is_same
    assert fibrillation.first_codes == ("AFIB",)
    assert fibrillation.second_codes == ("164889003", "AF")
    assert (fibrillation.first.present, fibrillation.second.present) == (1, 2)
    assert not shared["myocardial_infarction"].is_same
    assert shared["myocardial_infarction"].first_codes == ()
    assert "arrhythmia" not in shared  # neither says it itself
    assert {each.concept for each in comparison.only_first} == {
        "anterior_myocardial_infarction",
        "left_axis_deviation",
    }
    assert {each.concept for each in comparison.only_second} == {"sinus_rhythm"}


@pytest.mark.parametrize("suffix", [".png", ".svg"])
def test_plots_show_each_concept_by_name(suffix: str) -> None:
    """Dots of a corpus, or of two."""
    labels = label_set([("one", concept, "present") for concept in CONCEPTS])
    comparison = compare(labels, labels)
    for figure, names in (
        (plot_prevalences(labels), {each.name for each in labels.prevalences}),
        (
            plot_comparison(comparison, first="a", second="b"),
            {each.name for each in comparison.shared},
        ),
    ):
        shown = {tick.get_text() for axes in figure.axes for tick in axes.get_yticklabels()}
        assert shown == names
        picture = as_picture(figure, suffix)
        assert picture.startswith(b"\x89PNG" if suffix == ".png" else b"<?xml")


def test_a_plot_of_all_concepts_overlaps_nothing() -> None:
    """Panels stand beside or below each other, in several columns."""
    labels = label_set([("one", concept, "present") for concept in ConceptTable.load().concepts])
    figure = plot_prevalences(labels)
    boxes = [axes.get_position() for axes in figure.axes]
    assert len({round(box.x0, 3) for box in boxes}) > 1
    for number, box in enumerate(boxes):
        assert 0 <= box.x0 < box.x1 <= 1
        assert 0 <= box.y0 < box.y1 <= 1
        for other in boxes[:number]:
            beside = box.x1 <= other.x0 or other.x1 <= box.x0
            assert beside or box.y1 <= other.y0 or other.y1 <= box.y0
