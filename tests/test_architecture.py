"""The shape of the package: who may import whom, and what stays light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "supreme_ecg"

ORDER = (
    "errors",
    "records",
    "preprocessing",
    "reports",
    "concepts",
    "extraction",
    "synthetic",
    "corpora",
    "store",
    "models",
    "vocabulary",
    "training",
    "evaluation",
    "serving",
    "cli",
)
"""A folder may import from itself and from those before it."""

TORCH_FOLDERS = {"models", "vocabulary", "training", "evaluation", "serving"}
NAMES_THAT_SAY_NOTHING = {"utils", "misc", "common", "helpers", "base", "legacy", "v2"}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE)


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield each imported module and whether the import runs when the file is imported."""
    tree = ast.parse(path.read_text())
    inner = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(outer)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) not in inner
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or "", id(node) not in inner


def folder_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "supreme_ecg" and len(parts) > 1 else None


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_only_upwards(path: Path) -> None:
    """No module imports from a folder that comes after its own."""
    own = ORDER.index(path.relative_to(PACKAGE).parts[0])
    for module, _ in imports(path):
        folder = folder_of(module)
        if folder is not None:
            assert ORDER.index(folder) <= own, f"{path.name} imports {module}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_model_folders_import_torch_at_the_top(path: Path) -> None:
    """Torch and transformers are loaded by the model folders alone, or inside a function."""
    if path.relative_to(PACKAGE).parts[0] in TORCH_FOLDERS:
        return
    heavy = {m for m, at_import in imports(path) if at_import} & {"torch", "transformers"}
    assert not heavy, f"{path.name} imports {heavy}"


@pytest.mark.parametrize(
    "command", ["import supreme_ecg", "from supreme_ecg.cli.main import app; app(['--help'])"]
)
def test_import_and_help_stay_light(command: str) -> None:
    """Neither the import nor the help of the command loads torch, transformers or scipy."""
    heavy = (
        "{'torch', 'transformers', 'lightning_fabric', 'scipy', 'sklearn', 'matplotlib', 'polars'}"
    )
    check = f"import sys\ntry:\n    exec({command!r})\nexcept SystemExit:\n    pass\n"
    check += f"found = {heavy} & set(sys.modules)\nassert not found, found\n"
    subprocess.run([sys.executable, "-c", check], check=True, capture_output=True)


def test_no_file_has_a_name_that_says_nothing() -> None:
    """No utils, helpers, base and the like; no file repeats its folder's name."""
    for path in modules():
        assert path.stem not in NAMES_THAT_SAY_NOTHING, path
        assert path.stem != path.parent.name, path


def test_files_and_functions_stay_short() -> None:
    """No file is over 400 lines and no function, its docstring aside, over 60."""
    for path in modules():
        text = path.read_text()
        assert text.count("\n") < 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                docstring = ast.get_docstring(node, clean=False) or ""
                length = (node.end_lineno or 0) - node.lineno - docstring.count("\n")
                assert length <= 60, f"{path}: {node.name}"


def test_every_folder_is_placed_in_the_order() -> None:
    """A new folder must be given its place before anything imports it."""
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(ORDER) - {"errors"}


def test_every_test_says_its_behaviour_in_a_sentence() -> None:
    """A test without a docstring, or with one that is no sentence, is refused."""
    for path in Path(__file__).parent.rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                first = (ast.get_docstring(node) or "").split("\n\n")[0]
                assert first.rstrip().endswith((".", "?", ")")), f"{path}: {node.name}"
