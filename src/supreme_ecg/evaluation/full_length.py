"""Whole recordings where a store keeps one window of each: consecutive windows, their answers pooled.

A store holds the first ten seconds of a recording; CPSC2018's last 6 to 60 s, and what its labels name may
come later. Here the recording is read again from its corpus, brought to the contract as a whole, and cut
into windows that do not overlap, but for the last, which ends where the recording ends. The first is the
store's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
from jaxtyping import Float, Integer

from supreme_ecg.corpora.corpus import Corpus
from supreme_ecg.errors import CorpusError
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.preprocessing.counts import from_counts, to_counts
from supreme_ecg.preprocessing.window import Window, make_window
from supreme_ecg.records.reading import read_record
from supreme_ecg.records.record import Record
from supreme_ecg.store.reading import Batch, Store

Pooling = Literal["mean", "max"]
"""``mean``: of the windows' answers, for what lasts; ``max``: for what may come once (an ectopic beat)."""
_WINDOWS: Final = 128
"""Windows that are answered at once, or those of one recording if they are more."""


class FullLength:
    """The recordings behind a store.

    Args:
        store: Names the records and the contract.
        corpus: That the store was made of.
        source: Its folder.
        pooling: How the answers about one recording become one.

    Raises:
        CorpusError: The folder is not the corpus, or the store is of another.
    """

    def __init__(
        self, store: Store, corpus: Corpus, source: Path, *, pooling: Pooling = "mean"
    ) -> None:
        if store.corpus != corpus.name:
            raise CorpusError(
                store.path,
                expected=f"a store of {corpus.name}",
                found=f"one of {store.corpus}",
                remedy="Name the corpus that the store was made of.",
            )
        self.store, self.source, self.pooling = store, source, pooling
        self._paths = {entry.record_id: entry.path for entry in corpus.entries(source)}

    def windows(self, record_id: str) -> tuple[Window, ...]:
        """All windows of a recording.

        Raises:
            CorpusError: The folder does not have the record.
            RecordError: Its file cannot be read or used.
        """
        path = self._paths.get(record_id)
        if path is None or not path.is_file():
            raise CorpusError(
                self.source,
                expected=f"the file of record {record_id}, which the store has",
                found="none",
                remedy="Give the folder that the store was made of, whole.",
            )
        return cut_windows(read_record(path), self.store.contract)

    def answers(
        self,
        rows: Integer[np.ndarray, " record"],
        answer: Callable[[Batch], Float[np.ndarray, "window answer"]],
        *,
        advance: Callable[[int], None] = lambda _: None,
    ) -> Float[np.ndarray, "record answer"]:
        """Ask a model about whole recordings.

        Args:
            rows: Rows of the store's records, at least one.
            answer: Windows -> an array with a row for each: ``predict`` or ``embed`` of a model.
            advance: Called with the number of recordings after each batch.

        Raises:
            CorpusError: As of :meth:`windows`.
            RecordError: As of :meth:`windows`.
        """
        pooled: list[np.ndarray] = []
        waiting: list[tuple[Window, ...]] = []
        ids = self.store.records["record_id"].gather(rows).to_list()
        for place, record_id in enumerate(ids):
            waiting.append(self.windows(record_id))
            if sum(map(len, waiting)) >= _WINDOWS or place == len(ids) - 1:
                ends = np.cumsum([len(windows) for windows in waiting])
                given = answer(_as_batch([window for windows in waiting for window in windows]))
                pool = np.mean if self.pooling == "mean" else np.max
                pooled += [pool(part, axis=0) for part in np.split(given, ends[:-1])]
                advance(len(waiting))
                waiting.clear()
        return np.stack(pooled)


def cut_windows(record: Record, contract: SignalContract) -> tuple[Window, ...]:
    """Cut a record into consecutive windows, as a store would hold each.

    Args:
        record: Of any length.
        contract: What each window must be.

    Returns:
        At least one; windows that lie in a gap of the recording are left out.

    Raises:
        RecordError: As of ``make_window``.
    """
    length_s = max(map(len, record.leads.values()), default=0) / record.sampling_rate_hz
    size = contract.samples
    total = max(size, round(length_s * contract.sampling_rate_hz))
    whole = make_window(record, replace(contract, duration_s=total / contract.sampling_rate_hz))
    starts = sorted({*range(0, total - size + 1, size), total - size})
    parts = [slice(start, start + size) for start in starts]
    return tuple(
        from_counts(
            to_counts(
                replace(
                    whole,
                    signal=whole.signal[:, part],
                    sample_mask=whole.sample_mask[part],
                    contract=contract,
                )
            ),
            contract,
        )
        for part in parts
        if whole.sample_mask[part].any()
    )


def _as_batch(windows: Sequence[Window]) -> Batch:
    return Batch(
        signal=np.stack([window.signal for window in windows]),
        lead_mask=np.stack([window.lead_mask for window in windows]),
        sample_mask=np.stack([window.sample_mask for window in windows]),
    )
