"""Fixtures that every test folder may use."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from jaxtyping import install_import_hook

# Shapes and types of every annotated function in these folders are checked while tests run (jaxtyping
# and beartype). Before anything imports the package: what is already imported is not checked.
ARRAY_FOLDERS = (
    "evaluation.bootstrap",
    "evaluation.metrics",
    "models",
    "preprocessing",
    "training",
)
install_import_hook(
    [f"supreme_ecg.{name}" for name in ARRAY_FOLDERS],
    "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))",  # an int is a float
)

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("SUPREME_SHARED", REPOSITORY.parent / "shared" / "data"))
    if not (folder / "README.md").is_file():
        pytest.skip(f"no real recordings in {folder}; set SUPREME_SHARED to their folder")
    return folder.resolve()


class LetterEncoder:
    """A text encoder for tests: a fixed random vector per text, without any download or weights."""

    def __init__(self, width: int = 16) -> None:
        from supreme_ecg.models.text_encoder import TextEncoderConfig

        self.width, self.config = width, TextEncoderConfig(name="letters")

    def encode(self, texts: Sequence[str]) -> object:
        """A unit vector per text, equal for equal texts."""
        import torch

        vectors = []
        for text in texts:
            seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
            vectors.append(np.random.default_rng(seed).normal(size=self.width))
        return torch.nn.functional.normalize(torch.tensor(np.array(vectors)).float(), dim=-1)


@pytest.fixture(scope="session")
def letters() -> LetterEncoder:
    """The text encoder for tests."""
    return LetterEncoder()


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty simulated patients at 100 Hz."""
    from supreme_ecg.synthetic.cohort import make_cohort

    folder = tmp_path_factory.mktemp("cohort") / "cohort"
    make_cohort(folder, patients=60, seed=0, sampling_rate_hz=100)
    return folder


@pytest.fixture(scope="session")
def cohort_store(cohort: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of the simulated patients, with findings. Read only."""
    from supreme_ecg.concepts.table import ConceptTable
    from supreme_ecg.corpora.synthetic import Synthetic
    from supreme_ecg.preprocessing.contract import SignalContract
    from supreme_ecg.reports.rules import RuleExtractor
    from supreme_ecg.store.extraction import extract_store
    from supreme_ecg.store.ingest import ingest
    from supreme_ecg.store.reading import Store

    folder = tmp_path_factory.mktemp("store") / "store"
    ingest(Synthetic(), cohort, folder, contract=SignalContract())
    extract_store(Store.open(folder), RuleExtractor(ConceptTable.load().lexicon()))
    return folder
