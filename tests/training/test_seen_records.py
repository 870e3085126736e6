"""The manifest of a run: written by pre-training, and made again from recipe and store."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from supreme_ecg.cli.manifest import manifest_command
from supreme_ecg.errors import StoreError, WeightsError
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.models.training_manifest import FILE, KEY, hash_ids
from supreme_ecg.store.reading import Store
from supreme_ecg.training.seen_records import add_training_manifest
from tests.models.small_model import small_model
from tests.training.test_pretrain import run


@pytest.fixture(scope="module")
def trained(letters, cohort_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)
        folder = tmp_path_factory.mktemp("runs") / "run"
        return run(cohort_store, folder, "training.epochs=1").model


def test_pretraining_lists_what_it_saw(trained: Path, cohort_store: Path, letters) -> None:
    """Every record of the folds, the held-out ones marked, with fold and fingerprint."""
    model = SuPreME.from_pretrained(trained, text_encoder=letters)
    seen, said = model.seen, model.manifest
    assert seen is not None
    assert len(seen) == said["records_trained"] + said["records_validation"]
    assert seen.held_out.sum() == said["records_validation"]
    assert sorted(set(seen.folds.tolist())) == said["folds"]
    assert len(set(seen.patients.tolist())) == said["patients"]
    records = Store.open(cohort_store).records
    ids = records.filter(~records["fold"].is_in(said["folds"]))["record_id"].to_list()
    assert not set(hash_ids(ids, salt=seen.salt)) & set(seen.records)
    assert (seen.fingerprints.counts > 0).mean() > 0.9


def test_it_is_made_again_from_recipe_and_store(trained: Path, cohort_store: Path) -> None:
    """The command writes the very bytes that pre-training wrote, also over a damaged file."""
    before = (trained / FILE).read_bytes()
    description = json.loads((trained / "model.json").read_text())
    (trained / FILE).write_bytes(b"damaged")
    app = typer.Typer()
    app.command()(manifest_command)
    result = CliRunner().invoke(app, [str(trained), str(cohort_store), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["bytes"] == len(before)
    assert (trained / FILE).read_bytes() == before
    assert json.loads((trained / "model.json").read_text()) == description
    assert KEY in description


def test_another_store_is_refused(trained: Path, cohort_store: Path, monkeypatch) -> None:
    """One record more or less, or another corpus, and nothing is written."""
    store, before = Store.open(cohort_store), (trained / FILE).read_bytes()
    monkeypatch.setattr(
        "supreme_ecg.training.seen_records.split_rows",
        lambda *_, **__: (np.arange(3), np.arange(3, 5)),
    )
    with pytest.raises(StoreError, match="very records that the weights were trained on"):
        add_training_manifest(trained, store)
    monkeypatch.setattr(Store, "corpus", "elsewhere")
    with pytest.raises(StoreError, match="found elsewhere"):
        add_training_manifest(trained, store)
    assert (trained / FILE).read_bytes() == before


def test_weights_without_a_recipe_are_refused(letters, cohort_store: Path, tmp_path: Path) -> None:
    """What they saw cannot be known from them."""
    small_model(letters).save(tmp_path / "model")
    with pytest.raises(WeightsError, match="hold the recipe"):
        add_training_manifest(tmp_path / "model", Store.open(cohort_store))
