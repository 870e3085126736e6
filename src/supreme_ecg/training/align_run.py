"""Concept table -> adapter file: texts, training, and the rank of synonyms that were kept out."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from supreme_ecg.concepts.phrases import normalise
from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import ConceptError
from supreme_ecg.models.text_adapter import AdaptedTextEncoder
from supreme_ecg.models.text_encoder import TextEncoder
from supreme_ecg.training.alignment_texts import alignment_texts, held_out_synonyms
from supreme_ecg.training.text_alignment import AlignmentConfig, Ranks, align, rank_of_concept


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """What came out of an alignment."""

    texts: int
    """Trained on."""
    concepts: int
    """Of so many concepts."""
    texts_sha256: str
    """Of all texts, to say whether two adapters were trained on the same."""
    config: AlignmentConfig
    before: Ranks | None
    """Rank of the true concept for held-out synonyms without the adapter; None where none was kept out."""
    after: Ranks | None
    """The same with it."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def align_text(
    path: Path,
    *,
    table: ConceptTable,
    text_encoder: TextEncoder,
    config: AlignmentConfig,
    never: Collection[str] = (),
    held_out_share: float = 0.0,
    without_concepts: Collection[str] = (),
    advance: Callable[[], None] = lambda: None,
) -> Alignment:
    """Train an adapter and write it, whole or not at all.

    Args:
        path: File to write.
        table: Concepts to train on.
        text_encoder: Frozen.
        config: Settings.
        never: Phrases that are not trained on, though they may come up as variants.
        held_out_share: Share of the synonyms kept out and ranked before and after.
        without_concepts: Ids to leave out with all below them.
        advance: Called after each step.

    Raises:
        ConceptError: A concept to leave out is not in the table, or fewer than two are left.
    """
    held_out = held_out_synonyms(table, share=held_out_share)
    texts = alignment_texts(
        table,
        seed=config.seed,
        never={*never, *(phrase for _, phrase, _ in held_out)},
        without_concepts=without_concepts,
    )
    concepts = {text.concept for text in texts}
    if len(concepts) < 2:
        raise ConceptError(
            "text alignment",
            expected="at least two concepts to tell apart",
            found=str(len(concepts)),
            remedy="Leave out fewer concepts.",
        )
    adapter = align(texts, table=table, text_encoder=text_encoder, config=config, advance=advance)
    joined = "\n".join(f"{text.concept}\t{text.phrase}" for text in texts)
    digest = sha256(joined.encode()).hexdigest()
    about = {
        "text_encoder": text_encoder.config.name,
        "texts_sha256": digest,
        "never_sha256": phrases_digest(never),
        "without_concepts": ",".join(sorted(without_concepts)),
        "held_out_share": str(held_out_share),
        "seed": str(config.seed),
        "package_version": version("supreme-ecg"),
    }
    partial = path.with_name(f".{path.name}")
    adapter.save(partial, about=about)
    os.replace(partial, path)
    phrases = [(concept, phrase) for concept, phrase, _ in held_out if concept in concepts]
    adapted = AdaptedTextEncoder(text_encoder, adapter)

    def ranks(encoder: TextEncoder) -> Ranks | None:
        return rank_of_concept(phrases, table=table, text_encoder=encoder) if phrases else None

    return Alignment(
        texts=len(texts),
        concepts=len(concepts),
        texts_sha256=digest,
        config=config,
        before=ranks(text_encoder),
        after=ranks(adapted),
    )


def phrases_digest(phrases: Iterable[str]) -> str:
    """Return the SHA-256 of phrases in one spelling and any order, which an adapter's file holds."""
    return sha256("\n".join(sorted(map(normalise, phrases))).encode()).hexdigest()
