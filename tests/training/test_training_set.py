"""Rows, labels and phrases of a training run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import ConceptError, RecipeError, StoreError
from supreme_ecg.models.text_encoder import TextEncoderConfig
from supreme_ecg.store.reading import Store
from supreme_ecg.training.recipe import DataConfig, LabelConfig
from supreme_ecg.training.training_set import (
    Phrasing,
    TrainingSet,
    make_training_set,
    report_labels,
)

DATA = DataConfig(corpus="synthetic", folds=(1, 2, 3, 4, 5, 6, 7, 8), validation_share=0.2)
LABELS = LabelConfig(minimum_count=3)


def make(store: Path, *, data: DataConfig = DATA, labels: LabelConfig = LABELS) -> TrainingSet:
    return make_training_set(Store.open(store), data=data, labels=labels, table=ConceptTable.load())


def test_no_patient_is_both_trained_on_and_held_out(cohort_store: Path) -> None:
    """The validation twentieth is cut by patient, and nothing of other folds is used."""
    data = make(cohort_store)
    patients = data.store.records["patient_id"].to_numpy()
    assert not set(patients[data.training_rows]) & set(patients[data.validation_rows])
    assert len(data.validation_rows) > 0
    used = data.store.records["fold"].to_numpy()[[*data.training_rows, *data.validation_rows]]
    assert set(used) <= set(range(1, 9))


def test_a_concept_with_too_few_records_is_left_out(cohort_store: Path) -> None:
    """Each kept concept has at least the minimum count among the training rows, and all such are kept."""
    few, many = make(cohort_store), make(cohort_store, labels=LabelConfig(minimum_count=10))
    for data, least in ((few, 3), (many, 10)):
        counts = (data.labels[data.training_rows] == 1).sum(axis=0)
        assert counts.min() >= least
    assert set(many.concepts) < set(few.concepts)


def test_a_doubt_counts_toward_the_minimum_as_much_as_toward_the_label(cohort_store: Path) -> None:
    """A concept that is only ever doubted is trained on where doubt is a label, not where it is masked."""
    masked = set(make(cohort_store).concepts)
    halved = set(make(cohort_store, labels=replace(LABELS, uncertain="half")).concepts)
    positive = set(make(cohort_store, labels=replace(LABELS, uncertain="positive")).concepts)
    assert masked <= halved <= positive
    assert masked < positive


def test_an_excluded_concept_is_not_trained_on_nor_is_any_descendant(cohort_store: Path) -> None:
    """Its column and those below it are gone."""
    table, all_of_them = ConceptTable.load(), make(cohort_store)
    excluded = "bundle_branch_block"
    data = make(cohort_store, labels=replace(LABELS, exclude=(excluded,)))
    gone = {excluded, *table.descendants(excluded)}
    assert gone & set(all_of_them.concepts)
    assert set(data.concepts) <= set(all_of_them.concepts) - gone
    assert "sinus_rhythm" in data.concepts


def test_an_ancestor_of_an_excluded_concept_keeps_only_what_others_say(cohort_store: Path) -> None:
    """Where block alone makes a conduction disturbance it is left out; all else is as it was."""
    everything = make(cohort_store)
    data = make(cohort_store, labels=replace(LABELS, exclude=("bundle_branch_block",)))
    blocks = everything.labels[:, everything.concepts.index("bundle_branch_block")] == 1
    before, after = (
        of.labels[:, of.concepts.index("conduction_disturbance")] for of in (everything, data)
    )
    left_out = np.isnan(after) & ~np.isnan(before)
    assert left_out.any()
    assert blocks[left_out].all()
    np.testing.assert_array_equal(after[~left_out], before[~left_out])


def test_excluding_what_is_no_concept_is_refused(cohort_store: Path) -> None:
    """A misspelt id would leave the concept in, unnoticed."""
    with pytest.raises(ConceptError, match="bundle_branch_blok"):
        make(cohort_store, labels=replace(LABELS, exclude=("bundle_branch_blok",)))


def test_doubt_counts_as_the_recipe_says(cohort_store: Path) -> None:
    """The same entries are NaN, 0.5, 1 or 0 as doubt is masked, half, positive or negative."""
    by_rule = {
        rule: make(cohort_store, labels=LabelConfig(minimum_count=3, uncertain=rule))
        for rule in ("masked", "half", "positive", "negative")
    }
    shared = set.intersection(*(set(data.concepts) for data in by_rule.values()))
    columns = {
        rule: data.labels[:, [data.concepts.index(c) for c in sorted(shared)]]
        for rule, data in by_rule.items()
    }
    doubt = np.isnan(columns["masked"])
    assert doubt.any()
    for rule, value in (("half", 0.5), ("positive", 1), ("negative", 0)):
        assert (columns[rule][doubt] == value).all()
        np.testing.assert_array_equal(columns[rule][~doubt], columns["masked"][~doubt])


def test_reports_that_no_reader_confirmed_are_known(
    cohort_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the mark in the text, whatever else stands there."""
    before = make(cohort_store).confirmed
    assert before[:5].any()
    reports = Store.open(cohort_store).records["report"]
    marked = [
        f"{report} Unconfirmed report" if n < 5 else report for n, report in enumerate(reports)
    ]
    records = Store.open(cohort_store).records.with_columns(report=pl.Series(marked))
    monkeypatch.setattr(Store, "records", records)
    data = make(cohort_store)
    assert data.confirmed.tolist() == [False] * 5 + before[5:].tolist()
    rows = np.arange(len(records))[::-1]
    assert data.only_confirmed(rows).tolist() == [row for row in rows if data.confirmed[row]]


def test_labels_come_from_reports_and_never_from_codes(cohort_store: Path) -> None:
    """With every code column emptied the training set is the same."""
    store = Store.open(cohort_store)
    blind = Store.open(cohort_store)
    blind.records = store.records.drop("codes")
    sets = [
        make_training_set(s, data=DATA, labels=LABELS, table=ConceptTable.load())
        for s in (store, blind)
    ]
    np.testing.assert_array_equal(sets[0].labels, sets[1].labels)
    np.testing.assert_array_equal(sets[0].training_rows, sets[1].training_rows)


def test_another_corpus_is_refused(cohort_store: Path) -> None:
    """A recipe for PTB-XL is not run on the synthetic cohort."""
    with pytest.raises(RecipeError, match="'synthetic'"):
        make(cohort_store, data=replace(DATA, corpus="ptb_xl"))


def test_folds_that_are_not_there_are_refused(cohort_store: Path) -> None:
    """The message names the folds."""
    with pytest.raises(StoreError, match="42"):
        make(cohort_store, data=replace(DATA, folds=(42,)))


def test_a_minimum_that_no_concept_reaches_is_refused(cohort_store: Path) -> None:
    """The message says how far to lower it."""
    with pytest.raises(RecipeError, match="count of the commonest concept"):
        make(cohort_store, labels=LabelConfig(minimum_count=10_000))


def test_the_manifest_says_what_was_trained_on(cohort_store: Path) -> None:
    """Corpus, folds and counts, and no report or patient."""
    data = make(cohort_store)
    manifest = data.manifest()
    assert manifest["corpus"] == "synthetic"
    assert set(manifest["folds"]) <= set(range(1, 9))
    assert manifest["records_trained"] == len(data.training_rows)
    assert manifest["label_counts"].keys() == set(data.concepts)


class Spelling:
    """A text encoder that writes down the texts it is given, and returns their places in its list."""

    width, config = 1, TextEncoderConfig(name="spelling")

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts) -> torch.Tensor:
        first = len(self.texts)
        self.texts += texts
        return torch.arange(first, len(self.texts)).unsqueeze(1).float()


def test_a_concept_is_asked_by_its_name_or_by_its_english_terms() -> None:
    """At a synonym share of 0 only names are drawn; at 1 every phrase of a concept turns up."""
    spelling, table = Spelling(), ConceptTable.load()
    concepts = ["atrial_fibrillation", "sinus_rhythm"]
    phrasing = Phrasing(concepts, table=table, text_encoder=spelling)
    generator = torch.Generator().manual_seed(0)
    names = phrasing.draw(synonym_share=0.0, generator=generator)
    assert [spelling.texts[int(i)] for i in names] == [table[c].name for c in concepts]
    drawn = {
        spelling.texts[int(phrasing.draw(synonym_share=1.0, generator=generator)[0])]
        for _ in range(400)
    }
    terms = {
        s.phrase
        for s in table["atrial_fibrillation"].synonyms
        if s.language == "en" and s.kind == "term"
    }
    assert drawn == terms | {table["atrial_fibrillation"].name}
    defined = phrasing.draw(synonym_share=0.5, definition_share=1.0, generator=generator)
    assert [spelling.texts[int(i)] for i in defined] == [table[c].definition for c in concepts]


def test_conclusions_are_labels_where_a_recipe_wants_them() -> None:
    """An unexplained left axis gives the label of a fascicular block, and takes none away."""
    row = {"record_id": "one", "concept": "left_axis_deviation", "assertion": "present"}
    without, added = (
        report_labels(
            pl.DataFrame([row]),
            record_ids=["one"],
            concepts=("left_axis_deviation", "left_anterior_fascicular_block", "sinus_rhythm"),
            table=ConceptTable.load(),
            rules=LabelConfig(conclusions=conclusions, uncertain="positive"),
        )
        for conclusions in (False, True)
    )
    assert without.tolist() == [[1, 0, 0]]
    assert added.tolist() == [[1, 1, 0]]


def test_what_a_report_leaves_open_is_left_out_of_the_loss() -> None:
    """The second of "fibrillation/flutter" is no label, even where doubts are positive."""
    said = {"atrial_fibrillation_or_flutter": "present", "atrial_flutter": "uncertain"}
    rows = [
        {"record_id": "one", "concept": concept, "assertion": how} for concept, how in said.items()
    ]
    labels = report_labels(
        pl.DataFrame(rows),
        record_ids=["other", "one"],
        concepts=("atrial_flutter", "atrial_fibrillation_or_flutter"),
        table=ConceptTable.load(),
        rules=LabelConfig(conclusions=True, uncertain="positive"),
    )
    np.testing.assert_array_equal(labels, [[0, 0], [np.nan, 1]])
