"""The published label files and PTB-XL's tables, unpacked once."""

from __future__ import annotations

import lzma
import shutil
import tarfile
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def published(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the published files."""
    folder = tmp_path_factory.mktemp("published")
    with tarfile.open(shared_data / "merl-splits.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "merl-splits"


@pytest.fixture(scope="session")
def ptb_xl_tables(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with PTB-XL's two tables, all folds, and no signal."""
    folder = tmp_path_factory.mktemp("ptb_xl")
    packed = shared_data / "ptb-xl" / "ptbxl_database.csv.xz"
    with lzma.open(packed) as source, (folder / "ptbxl_database.csv").open("wb") as target:
        shutil.copyfileobj(source, target)
    shutil.copyfile(shared_data / "ptb-xl" / "scp_statements.csv", folder / "scp_statements.csv")
    return folder
