"""Corpora by name: each meets the protocol, and none is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

import supreme_ecg.corpora as package
from supreme_ecg.corpora.catalogue import CORPUS_NAMES, corpus_named
from supreme_ecg.errors import CorpusError

NO_CORPUS = {"__init__", "catalogue", "corpus", "headers", "nearby", "tables"}


def test_no_corpus_is_missing() -> None:
    """Every file of a corpus is in the catalogue under its own name."""
    files = {path.stem for path in Path(package.__path__[0]).glob("*.py")}
    assert files - NO_CORPUS == set(CORPUS_NAMES)


@pytest.mark.parametrize("name", CORPUS_NAMES)
def test_each_corpus_meets_the_protocol(name: str, tmp_path: Path) -> None:
    """It knows its name, says what it reads, and refuses an empty folder by naming what it wants."""
    corpus = corpus_named(name, sampling_rate_hz=100)
    assert corpus.name == name
    assert corpus.description
    with pytest.raises(CorpusError, match=name):
        corpus.entries(tmp_path)


@pytest.mark.parametrize(("wrong", "right"), [("PTB-XL", "ptb_xl"), ("cpsc", "cpsc2018")])
def test_a_wrong_name_is_met_with_the_nearest(wrong: str, right: str) -> None:
    """The error suggests the corpus that was meant."""
    with pytest.raises(CorpusError, match=rf"Did you mean {right}\?"):
        corpus_named(wrong, sampling_rate_hz=100)


def test_a_name_like_none_lists_all() -> None:
    """Where nothing is near, the names are listed."""
    with pytest.raises(
        CorpusError, match="one of cpsc2018, cpsc2018_extra, csn, georgia, ptb_xl, sph, synthetic"
    ):
        corpus_named("zzz", sampling_rate_hz=100)
