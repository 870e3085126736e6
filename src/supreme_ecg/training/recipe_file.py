"""A recipe's file: found by name or path, laid over the one that it extends, and checked at the door."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError

from supreme_ecg.errors import RecipeError
from supreme_ecg.models.self_supervised import SelfSupervisedConfig
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.schedule import CyclesConfig


def find_recipe(name_or_path: str) -> Path:
    """Path of a packaged recipe by its name, or the path that was given.

    Raises:
        RecipeError: Neither; the packaged names are listed.
    """
    packaged = Path(str(files("supreme_ecg.training") / "recipes"))
    path = packaged / f"{name_or_path}.toml"
    if path.is_file():
        return path
    if Path(name_or_path).is_file():
        return Path(name_or_path)
    names = sorted(recipe.stem for recipe in packaged.glob("*.toml"))
    raise RecipeError(
        f"recipe {name_or_path!r}",
        expected=f"a TOML file or one of {', '.join(names)}",
        found="neither",
        remedy="Check the name or the path.",
    )


def read_recipe(path: Path, *, overrides: Sequence[str] = ()) -> Recipe:
    """Read and check a recipe.

    Args:
        path: TOML file.
        overrides: Lines such as ``training.learning_rate=3e-4``, each TOML itself.

    Raises:
        RecipeError: No such file, no TOML, an unknown key (the nearest is named) or a wrong value.
    """
    values = _read_extended(path)
    for line in overrides:
        _merge(values, _parse(line, where=f"--set {line}"))
    _refuse_unknown_keys(values, where=path)
    try:
        recipe: Recipe = TypeAdapter(Recipe).validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RecipeError(
            f"{path}, {place}",
            expected=first["msg"],
            found=repr(first["input"]),
            remedy="Correct the value; each key is described in docs/recipes.md.",
        ) from error
    _require_cycles_that_can_be(recipe, where=path)
    if recipe.loss.name != "binary_cross_entropy" and recipe.method.name != "supreme":
        raise RecipeError(
            f"{path}, loss.name",
            expected=f'"binary_cross_entropy": {recipe.method.name} has a loss of its own',
            found=f'"{recipe.loss.name}"',
            remedy="Leave the section out.",
        )
    return recipe


def _require_cycles_that_can_be(recipe: Recipe, *, where: object) -> None:
    schedule, epochs = recipe.schedule, recipe.training.epochs
    if recipe.training.keep == "mean" and (
        not isinstance(schedule, CyclesConfig) or isinstance(recipe.method, SelfSupervisedConfig)
    ):
        raise RecipeError(
            f"{where}, training.keep",
            expected='"best" or "last": a mean is of the ends of the cycles of supreme, etp or merl',
            found=f'"mean" with the schedule {schedule.name} and the method {recipe.method.name}',
            remedy='Choose another, or schedule.name = "cycles" with one of these methods.',
        )
    if isinstance(schedule, CyclesConfig) and epochs % schedule.cycles:
        raise RecipeError(
            f"{where}, schedule.cycles",
            expected=f"a number that divides training.epochs, {epochs}",
            found=str(schedule.cycles),
            remedy="Change either, so that every cycle ends with an epoch.",
        )


def _read_extended(path: Path) -> dict[str, Any]:
    """Values of a recipe, laid over those of the one that it ``extends``, if it does."""
    values = _parse(_text(path), where=path)
    base = values.pop("extends", None)
    if base is None:
        return values
    if not isinstance(base, str):
        raise RecipeError(
            f"{path}, extends",
            expected="a TOML file beside this one, or the name of a packaged recipe",
            found=repr(base),
            remedy='Write extends = "supreme_ptb_xl_100hz", say, above the first section.',
        )
    beside = path.parent / base
    extended = _parse(_text(beside if beside.is_file() else find_recipe(base)), where=base)
    if "extends" in extended:
        raise RecipeError(
            f"{path}, extends",
            expected="a recipe that extends no other",
            found=f"{base}, which extends {extended['extends']!r}",
            remedy="Extend that one, and repeat what differs.",
        )
    _refuse_unknown_keys(extended, where=base)
    _merge(extended, values)
    return extended


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            path,
            expected="a recipe in TOML",
            found=f"no readable file ({type(error).__name__})",
            remedy="Give the path of a recipe; the package's own are in `recipes/`.",
        ) from error


def _parse(text: str, *, where: object) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(
            where, expected="valid TOML", found=str(error), remedy="Correct that line."
        ) from error


def _merge(values: dict[str, Any], new: Mapping[str, Any]) -> None:
    """Lay new values over old ones; a section that changes its ``name`` starts afresh."""
    for key, value in new.items():
        old = values.get(key)
        if not isinstance(value, dict) or not isinstance(old, dict):
            values[key] = value
        elif value.get("name", old.get("name")) == old.get("name"):
            _merge(old, value)
        else:
            values[key] = value


def _refuse_unknown_keys(values: Mapping[str, Any], *, where: object) -> None:
    for prefix, given, known in _levels(values):
        for key in given:
            if key not in known:
                nearest = get_close_matches(key, known, n=1, cutoff=0.0)
                raise RecipeError(
                    f"{where}, {prefix}{key}",
                    expected=f"one of the keys {sorted(known)}",
                    found=f"unknown key {key!r}",
                    remedy=f"Did you mean {nearest[0]!r}?",
                )


def _levels(
    values: Mapping[str, Any], options: Sequence[Any] = (Recipe,), prefix: str = ""
) -> Iterator[tuple[str, Mapping[str, Any], set[str]]]:
    """Yield (prefix, given keys, known keys) of the recipe and of each section in it."""
    named = [option for option in options if _tag(option) == values.get("name")] or options
    hints = {key: hint for option in named for key, hint in get_type_hints(option).items()}
    yield prefix, values, set(hints)
    for key, hint in hints.items():
        inner = [option for option in (hint, *get_args(hint)) if is_dataclass(option)]
        if inner and isinstance(values.get(key), Mapping):
            yield from _levels(values[key], inner, f"{prefix}{key}.")


def _tag(section: Any) -> str | None:
    """The ``name`` that tells the members of a union apart."""
    return next((str(f.default) for f in fields(section) if f.name == "name"), None)
