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
    if "wording" not in values:
        return
    yield "Paraphrases within 0.02 of the name's AUROC, same weights, truth from reports:\n"
    yield "| encoder | asked | within 0.02 | mean difference |\n| --- | --- | --- | --- |"
    for name, share in values["wording"].items():
        encoder, _, read = name.partition(", ")
        asked = "as `supreme ask` asks" if read else "as they are"
        yield f"| {encoder} | {asked} | {share['within']:.1%} | {share['mean_difference']:+.4f} |"
    yield ""
