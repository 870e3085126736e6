"""The benchmark over several seeds: it compares runs that differ in nothing else."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from supreme_ecg.training.recipe_file import find_recipe, read_recipe

PATH = Path(__file__).resolve().parent.parent / "benchmarks" / "seeds.py"


@pytest.fixture(scope="module")
def seeds_of() -> Any:
    spec = importlib.util.spec_from_file_location("seeds", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.seeds_of


def manifest(*overrides: str, start: str = "ab") -> dict[str, Any]:
    recipe = read_recipe(find_recipe("smoke"), overrides=overrides).to_json()
    return {"recipe": recipe, "started_from": {"weights_sha256": start}}


def test_runs_of_one_recipe_and_start_give_their_seeds(seeds_of: Any) -> None:
    """A recipe of before the section `loss` is the one with its default."""
    older = manifest("training.seed=2")
    del older["recipe"]["loss"]
    assert seeds_of([manifest(), older]) == [0, 2]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (manifest(), r"different seeds, found seeds \[0, 0\]"),
        (manifest("training.seed=1", "training.epochs=9"), "weights of one recipe and start"),
        (manifest("training.seed=1", start="cd"), "weights of one recipe and start"),
        (manifest("training.seed=1") | {"averaged": [{}, {}]}, "found a mean: it has no seed"),
    ],
)
def test_what_differs_in_more_than_its_seed_is_refused(
    seeds_of: Any, other: dict[str, Any], message: str
) -> None:
    """A seed that is there already, another recipe or start, and a mean of runs."""
    with pytest.raises(SystemExit, match=message):
        seeds_of([manifest(), other])
