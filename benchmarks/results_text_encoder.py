"""The section on the packed text encoder, from ``docs/results/text_encoder.json``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def lines(values: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        values: What ``benchmarks/pack_text_encoder.py`` wrote.
    """
    yield "## The text encoder in the package\n"
    yield (
        f"{values['made_from']} in {values['bytes'] / 1e6:.1f} MB: {values['word_pieces']:,} of its "
        f"{values['of_word_pieces']:,} word pieces, matrices of {values['bits']} bits and word vectors of "
        f"{values['piece_bits']}. Cosine of its vectors with those of the published encoder:\n"
    )
    yield "| texts | how many | mean | median | fifth percentile |\n| --- | --- | --- | --- | --- |"
    for name, one in values["cosine"].items():
        figures = (one["mean"], one["median"], one["fifth_percentile"])
        cells = " | ".join(f"{figure:.4f}" for figure in figures)
        yield f"| {name} | {one['texts']:,} | {cells} |"
    yield ""
    if "wording" in values:
        before, after = values["wording"]["published"], values["wording"]["packed"]
        yield (
            f"Paraphrases within 0.02 of the name, asked as they are, with the same weights: "
            f"{before['within']:.1%} through the published encoder, **{after['within']:.1%}** through the "
            f"packed one (of {after['paraphrases']}); mean difference {before['mean_difference']:+.4f} and "
            f"{after['mean_difference']:+.4f}.\n"
        )
