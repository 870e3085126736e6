"""Embeddings are computed once for weights and store, and a file is never believed blindly."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from supreme_ecg.errors import ContractError, StoreError, WeightsError
from supreme_ecg.evaluation import embedding_cache
from supreme_ecg.evaluation.embedding_cache import embed_store
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.store.reading import Store
from tests.evaluation.scripted_encoder import SpreadEncoder


@pytest.fixture
def store(cohort_store: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The simulated patients, embedded in small parts."""
    monkeypatch.setattr(embedding_cache, "_PART", 16)
    monkeypatch.setattr(embedding_cache, "_BATCH", 8)
    return Store.open(cohort_store)


def test_the_second_call_reads_what_the_first_computed(store: Store, tmp_path: Path) -> None:
    """The same vectors in the order of the rows, for the price of eight windows."""
    first = embed_store(SpreadEncoder(), store, cache=tmp_path)
    again = SpreadEncoder()
    second = embed_store(again, store, cache=tmp_path)
    assert (first.origin, second.origin) == ("computed", "cached")
    assert again.windows == 8
    assert np.array_equal(first.vectors, second.vectors)
    batch = store.batch(np.arange(len(store)))
    expected = SpreadEncoder().embed(batch.signal, batch.lead_mask, batch.sample_mask)
    assert np.allclose(first.vectors, expected)
    assert list(tmp_path.iterdir()) == [first.path]


def test_every_record_is_told_of_once(store: Store, tmp_path: Path) -> None:
    """Progress adds up to the records of the store, computed or read."""
    for _ in range(2):
        told: list[int] = []
        embed_store(SpreadEncoder(), store, cache=tmp_path, advance=told.append)
        assert sum(told) == len(store)


def test_other_weights_have_another_file(store: Store, tmp_path: Path) -> None:
    """Nothing of one model is read for another."""
    embed_store(SpreadEncoder(), store, cache=tmp_path)
    other = embed_store(SpreadEncoder("b" * 64, factor=2.0), store, cache=tmp_path)
    assert other.origin == "computed"
    assert len(list(tmp_path.iterdir())) == 2


def test_other_signals_have_another_file(store: Store, tmp_path: Path) -> None:
    """A store with one other byte in its signals is another store."""
    shards = store.manifest.shards
    changed = replace(store.manifest, shards=(replace(shards[0], sha256="0" * 64), *shards[1:]))
    embed_store(SpreadEncoder(), store, cache=tmp_path)
    assert (
        embed_store(SpreadEncoder(), Store(store.path, changed), cache=tmp_path).origin
        == "computed"
    )


def test_weights_without_a_file_are_not_cached(store: Store, tmp_path: Path) -> None:
    """A random encoder is known by nothing, so nothing is kept."""
    result = embed_store(SpreadEncoder(None), store, cache=tmp_path)
    assert (result.origin, result.path) == ("not cached", None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("fault", ["truncated", "bit", "foreign"])
def test_a_damaged_file_is_replaced(store: Store, tmp_path: Path, fault: str) -> None:
    """Cut off, one bit turned, or of something else: the vectors are computed again."""
    first = embed_store(SpreadEncoder(), store, cache=tmp_path)
    assert first.path is not None
    content = bytearray(first.path.read_bytes())
    if fault == "bit":
        content[-5] ^= 1
    first.path.write_bytes(
        {"truncated": content[:-9], "foreign": b"something else"}.get(fault, content)
    )
    again = embed_store(SpreadEncoder(), store, cache=tmp_path)
    assert again.origin == "replaced"
    assert np.array_equal(first.vectors, again.vectors)
    assert embed_store(SpreadEncoder(), store, cache=tmp_path).origin == "cached"


def test_a_file_of_other_code_is_replaced(store: Store, tmp_path: Path) -> None:
    """The same weights that now give other vectors, by a hundredth, are noticed."""
    embed_store(SpreadEncoder(), store, cache=tmp_path)
    again = embed_store(SpreadEncoder(factor=1.01), store, cache=tmp_path)
    assert again.origin == "replaced"
    assert embed_store(SpreadEncoder(factor=1.01), store, cache=tmp_path).origin == "cached"


def test_a_killed_run_goes_on_where_it_stopped(store: Store, tmp_path: Path) -> None:
    """Whole parts of the first run are not computed again, and the result is that of one run."""
    with pytest.raises(KeyboardInterrupt):
        embed_store(SpreadEncoder(stop_after=40), store, cache=tmp_path)
    again = SpreadEncoder()
    resumed = embed_store(again, store, cache=tmp_path)
    assert again.windows == len(store) - 32 + 8
    whole = embed_store(SpreadEncoder(), store, cache=tmp_path / "other")
    assert np.array_equal(resumed.vectors, whole.vectors)
    assert list(tmp_path.glob("*.partial")) == []


def test_parts_of_other_code_are_not_taken_over(store: Store, tmp_path: Path) -> None:
    """A killed run of the same weights whose vectors have changed since is begun again."""
    with pytest.raises(KeyboardInterrupt):
        embed_store(SpreadEncoder(stop_after=40), store, cache=tmp_path)
    resumed = embed_store(SpreadEncoder(factor=3.0), store, cache=tmp_path)
    whole = embed_store(SpreadEncoder("b" * 64, factor=3.0), store, cache=tmp_path)
    assert np.array_equal(resumed.vectors, whole.vectors)


def test_embeddings_lie_in_the_store_unless_told_otherwise(
    cohort_store: Path, tmp_path: Path
) -> None:
    """They go when the store goes, and the store still opens and is whole."""
    shutil.copytree(cohort_store, tmp_path / "store")
    result = embed_store(SpreadEncoder(), Store.open(tmp_path / "store"))
    assert result.path is not None
    assert result.path.parent == tmp_path / "store" / "embeddings"
    Store.open(tmp_path / "store").verify()


class MovingEncoder(nn.Module):
    """Forgets to call eval(): its running statistics move with every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(12)
        self.weights_sha256, self.manifest, self.seen = "c" * 64, {}, None
        self.contract = SignalContract()

    def embed(self, signal: np.ndarray, *masks: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            vectors: np.ndarray = self.norm(torch.from_numpy(signal)).mean(dim=2).numpy()
        return vectors


def test_an_encoder_that_moves_is_refused_and_nothing_is_kept(store: Store, tmp_path: Path) -> None:
    """No file of embeddings is left for a later run to read."""
    with pytest.raises(WeightsError, match=r"moved, first norm\."):
        embed_store(MovingEncoder(), store, cache=tmp_path)
    assert not list(tmp_path.glob("*.safetensors"))
    with pytest.raises(WeightsError, match=r"moved, first norm\."):
        embed_store(MovingEncoder(), store, cache=tmp_path)


@pytest.mark.parametrize(
    ("factor", "found"), [(float("nan"), "NaN"), (float("inf"), "NaN or infinity")]
)
def test_vectors_that_are_no_numbers_are_refused(
    store: Store, tmp_path: Path, factor, found
) -> None:
    """The encoder is named, and nothing is kept."""
    with pytest.raises(WeightsError, match=found):
        embed_store(SpreadEncoder(factor=factor), store, cache=tmp_path)


def test_a_number_of_vectors_that_does_not_fit_is_refused(store: Store, tmp_path: Path) -> None:
    """One vector too few would shift all records after it."""
    encoder = SpreadEncoder()
    encoder.embed = lambda signal, *_: np.zeros((len(signal) - 1, 3))  # type: ignore[method-assign]
    with pytest.raises(
        WeightsError, match=r"for each of 8 windows, found an array of shape \(7, 3\)"
    ):
        embed_store(encoder, store, cache=tmp_path)


def test_a_store_of_another_contract_is_refused(store: Store, tmp_path: Path) -> None:
    """An encoder for 500 Hz does not embed windows of 100 Hz."""
    with pytest.raises(ContractError, match="sampling_rate_hz"):
        embed_store(
            SpreadEncoder(contract=SignalContract(sampling_rate_hz=500)), store, cache=tmp_path
        )


def test_a_folder_that_cannot_be_written_is_told_before_the_work(
    store: Store, tmp_path: Path
) -> None:
    """Not one window is embedded."""
    (tmp_path / "file").write_text("")
    encoder = SpreadEncoder()
    with pytest.raises(StoreError, match="store elsewhere"):
        embed_store(encoder, store, cache=tmp_path / "file")
    assert encoder.windows == 0
