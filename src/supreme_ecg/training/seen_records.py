"""Records trained on -> the training manifest that lies beside the weights."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from jaxtyping import Integer
from pydantic import TypeAdapter, ValidationError

from supreme_ecg.errors import StoreError, WeightsError
from supreme_ecg.models.checkpoint import read_checkpoint
from supreme_ecg.models.training_manifest import (
    NO_FOLD,
    TrainingManifest,
    hash_ids,
    store_training_manifest,
)
from supreme_ecg.preprocessing.fingerprint import Fingerprints, fingerprint
from supreme_ecg.store.reading import Store
from supreme_ecg.training.recipe import DataConfig
from supreme_ecg.training.training_set import records_sha256, split_rows

_AT_ONCE = 256
"""Records read at once."""


def fingerprints_of(
    store: Store,
    rows: Integer[np.ndarray, " record"],
    *,
    advance: Callable[[int], None] = lambda _: None,
) -> Fingerprints:
    """Take the fingerprints of some records of a store.

    Args:
        store: Where the windows are.
        rows: Which.
        advance: Called with the number of records after each batch.
    """
    parts = []
    for start in range(0, len(rows), _AT_ONCE):
        batch = store.batch(rows[start : start + _AT_ONCE])
        parts += [
            fingerprint(signal, rate_hz=store.contract.sampling_rate_hz, sample_mask=mask)
            for signal, mask in zip(batch.signal, batch.sample_mask, strict=True)
        ]
        advance(len(batch.signal))
    return Fingerprints.join(parts)


def make_training_manifest(
    store: Store,
    training_rows: Integer[np.ndarray, " training_row"],
    validation_rows: Integer[np.ndarray, " validation_row"],
    *,
    advance: Callable[[int], None] = lambda _: None,
) -> TrainingManifest:
    """List what weights have seen. The same rows give the same manifest.

    Args:
        store: That they were trained on.
        training_rows: Rows learnt from.
        validation_rows: Rows held out to decide when to stop.
        advance: Called with the number of records after each batch.
    """
    rows = np.concatenate([training_rows, validation_rows])
    records = store.records[rows]
    named = f"{store.corpus}\n{records_sha256(store, rows)}"
    salt = hashlib.sha256(named.encode()).hexdigest()[:32]
    return TrainingManifest(
        corpus=store.corpus,
        salt=salt,
        records=hash_ids(records["record_id"].to_list(), salt=salt),
        patients=hash_ids(records["patient_id"].to_list(), salt=salt),
        folds=records["fold"].fill_null(NO_FOLD).to_numpy().astype(np.int16),
        held_out=np.arange(len(rows)) >= len(training_rows),
        fingerprints=fingerprints_of(store, rows, advance=advance),
    )


def add_training_manifest(
    folder: Path, store: Store, *, advance: Callable[[int], None] = lambda _: None
) -> tuple[TrainingManifest, int]:
    """Give weights their manifest: the rows follow from their recipe and the store that they had.

    Args:
        folder: Of the weights, which stay as they are.
        store: That they were trained on.
        advance: Called with the number of records after each batch.

    Returns:
        The manifest, and the bytes of its file.

    Raises:
        WeightsError: No such weights, or they do not hold a recipe.
        StoreError: The store does not give the very records that they were trained on.
    """
    said = read_checkpoint(folder, method=None, with_manifest=False).description["manifest"]
    try:
        data = TypeAdapter(DataConfig).validate_python(said["recipe"]["data"])
        expected = str(said["records_sha256"])
    except (KeyError, TypeError, ValidationError) as error:
        raise WeightsError(
            folder,
            expected="weights that hold the recipe they were trained with",
            found=f"none that this version can read ({type(error).__name__})",
            remedy="Train them with `supreme pretrain` of this version.",
        ) from error
    if store.corpus != data.corpus:
        raise _other_store(store, expected=f"the store of {data.corpus}", found=store.corpus)
    training_rows, validation_rows = split_rows(store, store.findings(), data=data)
    if records_sha256(store, np.concatenate([training_rows, validation_rows])) != expected:
        raise _other_store(
            store,
            expected="the very records that the weights were trained on",
            found=f"{len(training_rows)} + {len(validation_rows)} others",
        )
    manifest = make_training_manifest(store, training_rows, validation_rows, advance=advance)
    return manifest, store_training_manifest(folder, manifest)


def _other_store(store: Store, *, expected: str, found: str) -> StoreError:
    return StoreError(
        store.path,
        expected=expected,
        found=found,
        remedy="Give the store of the training, with the findings that it had.",
    )
