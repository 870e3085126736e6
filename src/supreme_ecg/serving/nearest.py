"""Words that name no concept -> the concept whose name is nearest in meaning, where one is near enough.

"Verbreiterung der QRS-Komplexe" is no phrase of the concept table. The adapted text encoder puts it beside
"wide QRS complex", and the question is then asked by that name. Nearness alone would take left for right now
and then, so a name that contradicts the question in a term of opposite meaning is passed over
(`vocabulary/opposites.csv`). Limits are chosen on synonyms that an adapter has not seen, never on the
paraphrases of the wording table (`benchmarks/nearest_limits.py`); they are kept in `nearest.toml`, one table
per text encoder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import torch
from torch import Tensor

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.text_adapter import AdaptedTextEncoder, load_adapter
from supreme_ecg.models.text_encoder import TextEncoder
from supreme_ecg.serving.contradiction import Contradiction


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The concept whose name is nearest to a text."""

    concept: str
    """Its id."""
    cosine: float
    """Of the text and the name, -1 to 1."""
    lead: float
    """By how much that is more than the cosine of the next concept which is no relative of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestLimits:
    """When the nearest concept is what was meant."""

    cosine: float
    """Least cosine."""
    lead: float
    """Least lead before the next concept."""

    def accept(self, nearest: Nearest) -> bool:
        """Say whether it is near enough, and clearly nearer than the next one."""
        return nearest.cosine >= self.cosine and nearest.lead >= self.lead


class NearestConcept:
    """Finds the concept that is nearest in meaning to a text.

    Args:
        table: Concepts, compared by their names.
        text_encoder: With an adapter; without one, neighbours are not what they seem.
        limits: When the nearest concept counts.
    """

    def __init__(
        self, table: ConceptTable, text_encoder: TextEncoder, *, limits: NearestLimits
    ) -> None:
        self._table, self._encoder, self.limits = table, text_encoder, limits
        self._ids = sorted(table.concepts)
        self._contradiction = Contradiction(table)

    def find(self, *texts: str, naming: Collection[str] = ()) -> Nearest | None:
        """Find the concept that a text means.

        Args:
            texts: Words that are no name or synonym, in one or several ways of saying it.
            naming: Ids of concepts that it names beside other words. What it means must imply them where they
                are several; a single one may be a part of another name.

        Returns:
            None where the nearest concept is not near enough, or leaves out what is named.
        """
        nearest = self.measure(*texts)
        if nearest is None or not self.limits.accept(nearest):
            return None
        implied = self._table.ancestors(nearest.concept) | {nearest.concept}
        return nearest if len(naming) < 2 or implied.issuperset(naming) else None

    def measure(self, *texts: str, without: Collection[str] = ()) -> Nearest | None:
        """Find the nearest concept however far it is, passing over those that the text contradicts.

        Args:
            texts: Any words, in one or several ways of saying it: the nearest one counts, and the last
                one says what they contradict.
            without: Ids of concepts that are left out.
        """
        different = list(dict.fromkeys(texts))
        cosines = (self._names @ self._encoder.encode(different).T).amax(dim=1)
        ranked = [self._ids[int(i)] for i in cosines.argsort(descending=True)]
        by_id = dict(zip(self._ids, cosines.tolist(), strict=True))
        left = [each for each in ranked if each not in without]
        first = next(
            (each for each in left if not self._contradiction.between(texts[-1], each)), None
        )
        if first is None:
            return None
        kin = self._table.ancestors(first) | self._table.descendants(first) | {first}
        second = next(each for each in left if each not in kin)
        return Nearest(concept=first, cosine=by_id[first], lead=by_id[first] - by_id[second])

    @cached_property
    def _names(self) -> Tensor:
        """Vectors of the names; encoded when first needed, in a few seconds."""
        names = [self._table[concept].name for concept in self._ids]
        by_length = sorted(range(len(names)), key=lambda i: (len(names[i]), names[i]))
        vectors = self._encoder.encode([names[i] for i in by_length])  # little padding
        return vectors[torch.tensor(by_length).argsort()]


def nearest_concept(table: ConceptTable, text_encoder: TextEncoder) -> NearestConcept | None:
    """Put the packaged adapter over a text encoder.

    Args:
        table: Concepts.
        text_encoder: Without an adapter.

    Returns:
        None where ``nearest.toml`` has no limits for this text encoder.

    Raises:
        WeightsError: The packaged adapter is absent or damaged.
    """
    stored = _stored().get(text_encoder.config.name)
    if stored is None:
        return None
    adapter = load_adapter(
        stored["adapter"], text_encoder=text_encoder.config.name, width=text_encoder.width
    )
    limits = NearestLimits(cosine=stored["cosine"], lead=stored["lead"])
    return NearestConcept(table, AdaptedTextEncoder(text_encoder, adapter), limits=limits)


@cache
def _stored() -> dict[str, dict[str, Any]]:
    text = (files("supreme_ecg.serving") / "nearest.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
