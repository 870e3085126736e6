"""Labels follow the findings and the hierarchy, and nothing else."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from supreme_ecg.concepts.labels import (
    Uncertain,
    concepts_with_at_least,
    label_counts,
    label_matrix,
)
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import ConceptError

SCHEMA = {"record_id": pl.String, "concept": pl.String, "assertion": pl.String}
RECORDS = ("one", "two", "three")
CONCEPTS = (
    "myocardial_infarction",
    "anterior_myocardial_infarction",
    "anteroseptal_myocardial_infarction",
    "septal_myocardial_infarction",
    "old_myocardial_infarction",
    "atrial_fibrillation",
)
ASSERTIONS = ("present", "uncertain", "absent")

Said = tuple[str, str, str]


def labels_of(
    said: list[Said],
    *,
    concepts: tuple[str, ...] = CONCEPTS,
    uncertain: Uncertain = "masked",
) -> np.ndarray:
    """Label the three records."""
    return label_matrix(
        pl.DataFrame(said, schema=SCHEMA, orient="row"),
        record_ids=RECORDS,
        concepts=concepts,
        table=ConceptTable.load(),
        uncertain=uncertain,
    )


def label(said: list[tuple[str, str]], concept: str, *, uncertain: Uncertain = "masked") -> int:
    """Label the first record with one concept."""
    findings = [("one", name, assertion) for name, assertion in said]
    return int(labels_of(findings, concepts=(concept,), uncertain=uncertain)[0, 0])


def test_a_present_child_makes_its_ancestors_present() -> None:
    """Over all generations, and no sibling or child with them."""
    row = labels_of([("two", "anteroseptal_myocardial_infarction", "present")])[1]
    assert row.tolist() == [1, 1, 1, 1, 0, 0]


def test_without_the_hierarchy_only_what_is_said_counts() -> None:
    """An anterior infarct is then no infarct, and the column itself stays."""
    findings = pl.DataFrame([("one", CONCEPTS[1], "present")], schema=SCHEMA, orient="row")
    labels = label_matrix(
        findings,
        record_ids=RECORDS,
        concepts=CONCEPTS,
        table=ConceptTable.load(),
        hierarchy=False,
    )
    assert labels[0].tolist() == [0, 1, 0, 0, 0, 0]


def test_an_uncertain_child_makes_its_ancestors_uncertain() -> None:
    """Unless something else makes them present."""
    said = [("anteroseptal_myocardial_infarction", "uncertain")]
    assert label(said, "myocardial_infarction") == -1
    said.append(("old_myocardial_infarction", "present"))
    assert label(said, "myocardial_infarction") == 1
    assert label(said, "anterior_myocardial_infarction") == -1


def test_an_absent_concept_says_nothing_of_its_relatives() -> None:
    """Neither of its parents nor against a child that is present."""
    said = [("anterior_myocardial_infarction", "absent")]
    assert label(said, "myocardial_infarction") == 0
    said.append(("anteroseptal_myocardial_infarction", "present"))
    assert label(said, "anterior_myocardial_infarction") == 1


@pytest.mark.parametrize(
    ("assertions", "expected"),
    [
        (("absent", "uncertain"), -1),
        (("uncertain", "present"), 1),
        (("absent", "present"), 1),
        (("absent", "absent"), 0),
    ],
)
def test_the_stronger_of_two_assertions_counts(assertions: tuple[str, str], expected: int) -> None:
    """Present beats uncertain and uncertain beats absent, in whatever order they come."""
    for order in (assertions, assertions[::-1]):
        said = [("atrial_fibrillation", assertion) for assertion in order]
        assert label(said, "atrial_fibrillation") == expected


@pytest.mark.parametrize(("rule", "expected"), [("masked", -1), ("positive", 1), ("negative", 0)])
def test_doubt_becomes_what_the_rule_says(rule: Uncertain, expected: int) -> None:
    """For the concept itself and for its ancestors."""
    said = [("anterior_myocardial_infarction", "uncertain")]
    for concept in ("anterior_myocardial_infarction", "myocardial_infarction"):
        assert label(said, concept, uncertain=rule) == expected


@given(
    st.lists(
        st.tuples(st.sampled_from(RECORDS), st.sampled_from(CONCEPTS), st.sampled_from(ASSERTIONS))
    ),
    st.permutations(CONCEPTS),
)
def test_labels_are_what_the_definition_says(said: list[Said], concepts: list[str]) -> None:
    """The strongest of what a concept and its descendants say, in any order of rows and columns."""
    table = ConceptTable.load()
    labels = labels_of(said, concepts=tuple(concepts))
    for row, record in enumerate(RECORDS):
        for column, concept in enumerate(concepts):
            family = table.descendants(concept) | {concept}
            assertions = {a for r, c, a in said if r == record and c in family}
            expected = 1 if "present" in assertions else -1 if "uncertain" in assertions else 0
            assert labels[row, column] == expected


def test_the_columns_asked_for_do_not_change_each_other() -> None:
    """A concept's labels are the same alone and among others."""
    said = [
        ("one", "anteroseptal_myocardial_infarction", "present"),
        ("three", "old_myocardial_infarction", "uncertain"),
    ]
    together = labels_of(said)
    for column, concept in enumerate(CONCEPTS):
        alone = labels_of(said, concepts=(concept,))
        np.testing.assert_array_equal(alone[:, 0], together[:, column])


def test_records_without_findings_are_negative_and_others_are_left_out() -> None:
    """Rows follow the ids asked for; the matrix is int8."""
    labels = labels_of([("elsewhere", "atrial_fibrillation", "present")])
    assert labels.shape == (len(RECORDS), len(CONCEPTS))
    assert labels.dtype == np.int8
    assert not labels.any()


def test_unknown_concepts_and_assertions_are_refused() -> None:
    """Findings of another table or a misspelt assertion are not counted as absent."""
    with pytest.raises(ConceptError, match="atrial_fibrilation"):
        labels_of([("one", "atrial_fibrilation", "present")])
    with pytest.raises(ConceptError, match="atrial_fibrilation"):
        labels_of([], concepts=("atrial_fibrilation",))
    with pytest.raises(ConceptError, match="'maybe'"):
        labels_of([("one", "atrial_fibrillation", "maybe")])
    with pytest.raises((ConceptError, TypeCheckError), match="'ignored'"):
        labels_of([], uncertain="ignored")  # type: ignore[arg-type]


def test_concepts_are_counted_by_present_records() -> None:
    """Masked and negative records do not count; the order of the columns is kept."""
    said = [
        ("one", "old_myocardial_infarction", "present"),
        ("two", "old_myocardial_infarction", "present"),
        ("two", "atrial_fibrillation", "present"),
        ("three", "atrial_fibrillation", "uncertain"),
    ]
    concepts = ("atrial_fibrillation", "old_myocardial_infarction", "long_qt")
    labels = labels_of(said, concepts=concepts)
    assert label_counts(labels, concepts=concepts) == dict(zip(concepts, (1, 2, 0), strict=True))
    assert concepts_with_at_least(1, labels=labels, concepts=concepts) == concepts[:2]
    assert concepts_with_at_least(2, labels=labels, concepts=concepts) == concepts[1:2]


def test_a_corpus_of_twenty_thousand_reports_is_labelled_at_once() -> None:
    """All concepts and the records of a corpus as large as PTB-XL, in one call."""
    table = ConceptTable.load()
    rng = np.random.default_rng(0)
    names = np.array(sorted(table.concepts))
    findings = pl.DataFrame(
        {
            "record_id": rng.integers(20_000, size=120_000).astype(str),
            "concept": names[rng.integers(len(names), size=120_000)],
            "assertion": np.array(ASSERTIONS)[rng.integers(3, size=120_000)],
        }
    )
    records = [str(number) for number in range(20_000)]
    labels = label_matrix(findings, record_ids=records, concepts=names.tolist(), table=table)
    assert set(np.unique(labels)) == {-1, 0, 1}
    present = findings.filter(pl.col("assertion") == "present")
    row, concept = int(present["record_id"][0]), present["concept"][0]
    assert labels[row, np.flatnonzero(names == concept)[0]] == 1
