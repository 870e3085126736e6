"""What is installed holds what is used: the package's data, and weights where there are any."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from supreme_ecg.models.pretrained import PACKAGED
from tests.models.small_model import small_model

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def site(letters, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of a wheel that was built from a copy of this tree with small weights in it."""
    tree, wheels = (tmp_path_factory.mktemp(name) for name in ("tree", "wheels"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree)
    ignored = shutil.ignore_patterns("__pycache__", "weights")
    shutil.copytree(ROOT / "src", tree / "src", ignore=ignored)
    small_model(letters).save(tree / "src" / "supreme_ecg" / "models" / "weights" / PACKAGED)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    subprocess.run(build, cwd=tree, check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(wheels / "site")
    return wheels / "site"


def test_every_file_of_the_package_is_in_the_wheel(site: Path) -> None:
    """Tables, tasks, recipes, prompts and pages as well as modules."""
    package = ROOT / "src" / "supreme_ecg"
    for path in package.rglob("*"):
        if path.is_file() and not {"__pycache__", "weights"} & set(path.parts):
            assert (site / "supreme_ecg" / path.relative_to(package)).is_file(), path


def test_an_installed_package_finds_its_weights(site: Path) -> None:
    """By name, within the installation, and with the bytes that were put there."""
    code = "import supreme_ecg.models.pretrained as p; "
    code += "print(p.packaged_weights(), p.find_weights(p.PACKAGED))"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(site)},
        cwd=site,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    folder = site / "supreme_ecg" / "models" / "weights" / PACKAGED
    assert found == f"{(PACKAGED,)} {folder}"
    assert (folder / "weights.safetensors").stat().st_size > 100_000
