"""Columns as people name them: by name, by wildcard, or as a range of numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final

from supreme_ecg.errors import TableError

_RANGE: Final = re.compile(r"(?P<stem>.*?)(?P<first>\d+)\.\.(?P=stem)(?P<last>\d+)")
_MOST_LISTED: Final = 40
_MOST_IN_RANGE: Final = 1000


def choose_columns(found: Sequence[str], wanted: Sequence[str], *, where: object) -> list[str]:
    """Choose columns of a table.

    Args:
        found: Names of the table's columns.
        wanted: Names; ``report_*`` for all that match, in the order of the table;
            ``report_0..report_17`` for a range of numbers, all of which the table must have.
        where: The table, for the message.

    Returns:
        Names of columns, each once, in the order wanted.

    Raises:
        TableError: A column is not there (the message lists those that are, and the nearest), or
            stands twice, or none is wanted.
    """
    if not wanted:
        raise TableError(
            where,
            expected="the columns with the text to be named",
            found=f"none; the table has {_listed(found)}",
            remedy="Name them, as with `--text report` or `--text report_*`.",
        )
    chosen: dict[str, None] = {}
    missing: list[str] = []
    for name in wanted:
        names = _named(found, name)
        missing += [each for each in names if each not in found] or ([] if names else [name])
        chosen.update(dict.fromkeys(names))
    if missing:
        raise _missing(found, missing, where)
    for name in chosen:
        if found.count(name) > 1:
            raise TableError(
                where,
                expected=f"one column {name}",
                found=f"{found.count(name)} columns of this name",
                remedy="Rename all but one.",
            )
    return list(chosen)


def can_choose(found: Sequence[str], wanted: Sequence[str]) -> bool:
    """Say whether a table has at least the columns wanted."""
    names = [_named(found, name) for name in wanted]
    return all(each and set(each) <= set(found) for each in names)


def _named(found: Sequence[str], name: str) -> list[str]:
    """The names that a name stands for, which the table need not have."""
    span = _RANGE.fullmatch(name)
    if name in found:
        return [name]
    if span:
        first, last = int(span["first"]), int(span["last"])
        width = len(span["first"]) if span["first"].startswith("0") else 1
        last = min(last, first + _MOST_IN_RANGE)
        return [f"{span['stem']}{number:0{width}}" for number in range(first, last + 1)]
    if "*" in name or "?" in name:
        return [each for each in found if fnmatchcase(each, name)]
    return [name]


def _missing(found: Sequence[str], missing: Sequence[str], where: object) -> TableError:
    lower = {each.lower(): each for each in found}
    near = [lower[each] for name in missing for each in get_close_matches(name.lower(), lower, n=1)]
    hint = f"Did you mean {', '.join(dict.fromkeys(near))}?" if near else "Name one of these."
    return TableError(
        where,
        expected=f"column {_listed(missing)}",
        found=f"the columns {_listed(found)}" if found else "no column",
        remedy=hint,
    )


def _listed(names: Sequence[str]) -> str:
    rest = len(names) - _MOST_LISTED
    more = [f"and {rest} more"] if rest > 0 else []
    return ", ".join([*names[:_MOST_LISTED], *more])
