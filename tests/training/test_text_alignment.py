"""Alignment of the text side."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from supreme_ecg.concepts.phrases import normalise
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import ConceptError
from supreme_ecg.models.text_adapter import load_adapter
from supreme_ecg.training.align_run import align_text
from supreme_ecg.training.alignment_texts import alignment_texts, held_out_synonyms, misspell
from supreme_ecg.training.text_alignment import AlignmentConfig, opposite_names
from tests.conftest import LetterEncoder

SMALL = AlignmentConfig(
    hidden=16, pieces=512, piece_width=16, steps=60, learning_rate=1e-2, withheld_share=0.5
)


@pytest.fixture(scope="module")
def table() -> ConceptTable:
    """Four concepts of the package's table, with all their synonyms and no parents."""
    whole = ConceptTable.load()
    chosen = ("atrial_fibrillation", "atrial_flutter", "wide_qrs", "asystole")
    return ConceptTable({key: replace(whole[key], parents=()) for key in chosen})


def test_alignment_ranks_held_out_synonyms_better(table: ConceptTable, tmp_path: Path) -> None:
    """Even over random vectors, the pieces of words bring held-out synonyms to their concept."""
    made = align_text(
        tmp_path / "a.safetensors",
        table=table,
        text_encoder=LetterEncoder(),
        config=SMALL,
        held_out_share=0.3,
    )
    assert made.before is not None
    assert made.after is not None
    assert made.after.phrases >= 10
    assert made.before.mean_rank > 2.2  # of four concepts: the letters say nothing
    assert made.after.mean_rank < 1.9


def test_same_seed_gives_the_same_bytes_and_another_does_not(
    table: ConceptTable, tmp_path: Path
) -> None:
    """Weights are decided by texts, settings and seed, whatever random numbers were drawn before."""
    files = [tmp_path / f"{name}.safetensors" for name in "abc"]
    for file, seed in zip(files, (0, 0, 1), strict=True):
        torch.rand(3)
        align_text(
            file,
            table=table,
            text_encoder=LetterEncoder(),
            config=replace(SMALL, steps=3, seed=seed),
        )
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes() != files[2].read_bytes()
    load_adapter(str(files[0]), text_encoder="letters", width=16)


def test_left_out_concepts_and_held_out_synonyms_are_in_no_text() -> None:
    """Neither as they are nor misspelt nor framed; what is below a left-out concept is out too."""
    whole = ConceptTable.load()
    held = [phrase for _, phrase, _ in held_out_synonyms(whole, share=0.2)]
    texts = alignment_texts(
        whole, seed=0, never=held, without_concepts=["left_bundle_branch_block"]
    )
    concepts = {text.concept for text in texts}
    assert "left_bundle_branch_block" not in concepts
    assert concepts.isdisjoint(whole.descendants("left_bundle_branch_block"))
    assert {normalise(text.phrase) for text in texts}.isdisjoint(map(normalise, held))
    assert 0.15 < len(held) / sum(len(c.synonyms) for c in whole.concepts.values()) < 0.25


def test_a_variant_never_is_the_name_of_another_concept() -> None:
    """A misspelling that happens to be a synonym of something is not trained on as the first."""
    whole = ConceptTable.load()
    for text in alignment_texts(whole, seed=0):
        if text.origin in {"misspelt", "framed"}:
            assert whole.find(text.phrase) is None


def test_misspelling_changes_one_place_and_leaves_short_words() -> None:
    """At most one letter more or less, the first kept."""
    rng = random.Random(0)
    for _ in range(200):
        wrong = misspell("atrial flutter", rng)
        assert abs(len(wrong) - len("atrial flutter")) <= 1
        assert wrong[0] == "a"
    assert misspell("ST", rng) == "ST"


def test_opposite_names_are_found() -> None:
    """Left and right, atrial and ventricular oppose; names that differ in more are no opposites."""
    names = ["left bundle branch block", "right bundle branch block", "right axis deviation"]
    found = opposite_names(names)
    assert found[0, 1]
    assert found[1, 0]
    assert int(found.sum()) == 2
    assert opposite_names(["atrial tachycardia", "ventricular tachycardia"])[0, 1]


def test_leaving_out_everything_is_refused(table: ConceptTable, tmp_path: Path) -> None:
    """One concept has nothing to be told from."""
    with pytest.raises(ConceptError, match="at least two concepts"):
        align_text(
            tmp_path / "a.safetensors",
            table=table,
            text_encoder=LetterEncoder(),
            config=SMALL,
            without_concepts=["atrial_fibrillation", "atrial_flutter", "wide_qrs"],
        )
    assert list(tmp_path.iterdir()) == []
