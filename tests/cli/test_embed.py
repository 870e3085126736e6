"""`supreme embed`: the table it writes, of our weights and of others', and how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from supreme_ecg.cli.main import app
from supreme_ecg.models.outside.loading import OUTSIDE, load_outside
from supreme_ecg.store.reading import Store
from tests.models.outside.published_weights import (  # noqa: F401  `small` is a fixture
    ecg_fm_state,
    hubert,
    resnet,
    small,
    st_mem,
)
from tests.models.outside.test_loading import write
from tests.store.cohort_folder import write_cohort

STATES = {"merl": resnet, "ecg_fm": ecg_fm_state, "st_mem": st_mem, "hubert_ecg": hubert}
RATES = {"merl": 500, "ecg_fm": 500, "st_mem": 250, "hubert_ecg": 500}


def run(command: str, *arguments: object, status: int = 0) -> str:
    """Run a command; return what it printed."""
    result = CliRunner().invoke(app, [command, *map(str, arguments)])
    assert result.exit_code == status, result.output
    assert not (status and "Traceback" in result.output)
    return result.stdout if status == 0 else " ".join(result.output.split())


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", OUTSIDE)
def test_outside_weights_give_a_vector_a_record(name: str, tmp_path: Path) -> None:
    """From a store that `supreme ingest --rate` makes of the adapter's contract, in the store's order."""
    source, store, out = write_cohort(tmp_path / "cohort", 3), tmp_path / "store", tmp_path / "v"
    run("ingest", "synthetic", source, store, "--rate", RATES[name])
    weights = write(tmp_path / "x.pth", STATES[name]())
    options = ["--weights", weights, "--store", store, "--out", out, "--encoder", name, "--json"]
    told = json.loads(run("embed", *options))
    table, opened = pl.read_parquet(out), Store.open(store)
    assert table["record_id"].to_list() == opened.records["record_id"].to_list()
    assert (told["records"], told["width"]) == (3, table["vector"].dtype.shape[0])  # type: ignore[attr-defined]
    encoder = load_outside(name, weights)
    assert told["weights_sha256"] == encoder.weights_sha256
    batch = opened.batch(np.arange(3))
    expected = encoder.embed(batch.signal, batch.lead_mask, batch.sample_mask)
    np.testing.assert_allclose(table["vector"].to_numpy(), expected, rtol=1e-4, atol=1e-4)


def test_our_own_weights_need_no_name(cohort_store: Path, tmp_path: Path) -> None:
    """The packaged ones by name; a second run reads what the first kept in the store's folder."""
    store = shutil.copytree(cohort_store, tmp_path / "store")
    options = ["--weights", "supreme-ptbxl-100hz", "--store", store, "--out", tmp_path / "v"]
    assert "vectors of" in run("embed", *options)
    assert json.loads(run("embed", *options, "--json"))["origin"] == "cached"
    assert pl.read_parquet(tmp_path / "v").height == len(Store.open(store))


@pytest.mark.usefixtures("small")
def test_a_store_of_another_rate_is_refused(cohort_store: Path, tmp_path: Path) -> None:
    """Nothing is resampled in silence, and no file is written."""
    weights = write(tmp_path / "x.pth", st_mem())
    options = ["--weights", weights, "--store", cohort_store, "--out", tmp_path / "v"]
    told = run("embed", *options, "--encoder", "st_mem", status=1)
    assert "ContractError" in told
    assert "expected sampling_rate_hz=250, found sampling_rate_hz=100" in told
    assert not (tmp_path / "v").exists()


def test_a_file_that_cannot_be_written_is_found_out_first(tmp_path: Path) -> None:
    """Before weights and store are looked at."""
    options = ["--weights", "absent", "--store", "absent", "--out", tmp_path / "none" / "v"]
    assert "absent or closed" in run("embed", *options, status=2)
