"""The corpora that can be ingested, by name."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from supreme_ecg.corpora.corpus import Corpus
from supreme_ecg.corpora.cpsc2018 import Cpsc2018
from supreme_ecg.corpora.cpsc2018_extra import Cpsc2018Extra
from supreme_ecg.corpora.csn import Csn
from supreme_ecg.corpora.georgia import Georgia
from supreme_ecg.corpora.ptb_xl import PtbXl
from supreme_ecg.corpora.sph import Sph
from supreme_ecg.corpora.synthetic import Synthetic
from supreme_ecg.errors import CorpusError

CORPUS_NAMES: Final = (
    "cpsc2018",
    "cpsc2018_extra",
    "csn",
    "georgia",
    "ptb_xl",
    "sph",
    "synthetic",
)


def corpus_named(name: str, *, sampling_rate_hz: int) -> Corpus:
    """Look up a corpus by its published name.

    Args:
        name: One of :data:`CORPUS_NAMES`.
        sampling_rate_hz: Rate of the windows, for corpora published at several rates.

    Raises:
        CorpusError: There is no such corpus; the message gives the nearest name.
    """
    corpora: dict[str, Corpus] = {
        "cpsc2018": Cpsc2018(),
        "cpsc2018_extra": Cpsc2018Extra(),
        "csn": Csn(),
        "georgia": Georgia(),
        "ptb_xl": PtbXl(sampling_rate_hz=sampling_rate_hz),
        "sph": Sph(),
        "synthetic": Synthetic(),
    }
    if name in corpora:
        return corpora[name]
    near = get_close_matches(name.lower().replace("-", "_"), CORPUS_NAMES, n=1, cutoff=0.4)
    raise CorpusError(
        "corpus",
        expected=f"one of {', '.join(CORPUS_NAMES)}",
        found=repr(name),
        remedy=f"Did you mean {near[0]}?" if near else "Choose one of these.",
    )
