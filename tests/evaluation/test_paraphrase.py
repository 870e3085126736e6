"""The paraphrase set."""

from __future__ import annotations

import json
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from safetensors import safe_open

from supreme_ecg.concepts.phrases import normalise
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import TaskError
from supreme_ecg.evaluation.paraphrase import (
    COLUMNS,
    Paraphrase,
    half_of,
    in_table,
    read_paraphrases,
)
from supreme_ecg.serving.terms import REWRITING, rows
from supreme_ecg.training.align_run import phrases_digest
from supreme_ecg.training.alignment_texts import alignment_texts

HEAD = ",".join(COLUMNS)


def test_packaged_set_is_large_and_varied() -> None:
    """At least 300 paraphrases of 60 concepts, with every kind."""
    paraphrases = read_paraphrases()
    kinds = Counter(paraphrase.kind for paraphrase in paraphrases)
    assert len(paraphrases) >= 300
    assert len({paraphrase.concept for paraphrase in paraphrases}) >= 60
    assert min(kinds.values()) >= 15
    assert len(kinds) == 7


def test_no_paraphrase_is_in_the_table() -> None:
    """No paraphrase is a name or synonym in any language, so none is a training query."""
    assert in_table(read_paraphrases(), ConceptTable.load()) == ()


def test_few_paraphrases_are_whole_phrases_of_the_question_reader() -> None:
    """What the reader knows by heart says nothing about other words: 21 were there before anybody looked."""
    known = {normalise(phrase) for kind, _, phrase in rows() if kind in REWRITING}
    assert len(known) > 5000
    asked = {normalise(paraphrase.phrase) for paraphrase in read_paraphrases()}
    assert len(known & asked) <= 21


def test_the_halves_are_fixed_and_of_like_size() -> None:
    """All paraphrases of a concept are in one half."""
    halves = Counter(paraphrase.half for paraphrase in read_paraphrases())
    assert min(halves.values()) > 300
    assert half_of("atrial_fibrillation") == "test"
    assert half_of("atrial_flutter") == "development"
    assert half_of("sinus_tachycardia") == "test"


def test_the_packaged_adapter_was_trained_without_these_paraphrases() -> None:
    """Its file has the digest of the phrases that were kept from it."""
    path = files("supreme_ecg.models") / "adapters" / "minilm-aligned.safetensors"
    with safe_open(str(path), framework="pt") as file:
        about = json.loads(file.metadata()["about"])
    kept = phrases_digest(paraphrase.phrase for paraphrase in read_paraphrases())
    assert about["never_sha256"] == kept, "run `supreme align-text` again"
    assert (about["held_out_share"], about["without_concepts"]) == ("0.0", "")


def test_a_synonym_among_paraphrases_is_found() -> None:
    """A synonym is found whatever its case, hyphens or umlauts, in German too."""
    planted = [
        Paraphrase(concept="atrial_fibrillation", kind="german", phrase="VORHOFFLIMMERN"),
        Paraphrase(concept="long_qt", kind="lay", phrase="the heart recharges slowly"),
    ]
    assert in_table(planted, ConceptTable.load()) == (planted[0],)


@pytest.mark.parametrize("seed", [0, 1])
def test_no_paraphrase_is_aligned_on(seed: int) -> None:
    """Texts of the alignment, misspelt and framed ones too, hold no paraphrase."""
    never = [paraphrase.phrase for paraphrase in read_paraphrases()]
    texts = alignment_texts(ConceptTable.load(), seed=seed, never=never)
    assert {normalise(text.phrase) for text in texts}.isdisjoint(map(normalise, never))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("heart_of_gold,lay,a phrase", "an id of the concept table"),
        ("long_qt,poetic,a phrase", "one of the kinds"),
        ("long_qt,lay", "a concept, a kind and a phrase"),
        ("long_qt,lay,  ", "a concept, a kind and a phrase"),
        ("long_qt,lay,one\nlong_qt,german,ONE", "each phrase once"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, line: str, expected: str) -> None:
    """A wrong line stops the reading with its number."""
    file = tmp_path / "paraphrases.csv"
    file.write_text(f"{HEAD}\n{line}\n")
    with pytest.raises(TaskError, match=expected) as error:
        read_paraphrases(file)
    assert f"line {file.read_text().count(chr(10))}" in str(error.value)


def test_missing_file_and_other_columns_are_refused(tmp_path: Path) -> None:
    """Neither an absent file nor another table comes through."""
    with pytest.raises(TaskError, match="a readable CSV file"):
        read_paraphrases(tmp_path / "absent.csv")
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    with pytest.raises(TaskError, match="the columns concept, kind, phrase"):
        read_paraphrases(other)
