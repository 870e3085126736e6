"""Does a text take the other side than the name of a concept: right and left, atrial and ventricular?"""

from __future__ import annotations

from typing import Final

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.vocabulary.opposites import Opposites

_NEGATION: Final = "negation"
"""Group of opposite terms in which silence counts too: "no P waves" is not "P waves"."""
_NO_OPPOSITES: Final = frozenset({"process"})
"""Groups whose terms name different things and may go together: a rhythm and a fibrillation."""
_PARTS: Final = frozenset({_NEGATION, "wave"})
"""Groups whose terms may be a part of what is meant."""


class Contradiction:
    """Tells which concepts a text cannot mean.

    Args:
        table: Concepts, compared by their names.
    """

    def __init__(self, table: ConceptTable) -> None:
        self._table = table
        self._opposites = Opposites.load()

    def between(self, text: str, concept: str) -> bool:
        """Say whether a text and the name of a concept take opposite sides.

        Args:
            text: Any words.
            concept: Its id.
        """
        name = self._table[concept].name
        if _NEGATION in self._opposites.differing(text, name):
            return True
        return not _NO_OPPOSITES.issuperset(self._opposites.contradicting(text, name))

    def of_sides(self, text: str, concept: str) -> bool:
        """The same for a text of which every word is accounted for: a QRS without R wave is a QS complex."""
        groups = self._opposites.contradicting(text, self._table[concept].name)
        return not (_NO_OPPOSITES | _PARTS).issuperset(groups)
