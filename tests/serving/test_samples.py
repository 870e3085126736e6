"""Sample ECGs: what is written is what was asked about."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from supreme_ecg.records.reading import read_record
from supreme_ecg.serving.samples import SAMPLES, ask_about_samples
from tests.models.small_model import small_model


def test_each_sample_is_written_and_asked_about(letters, tmp_path: Path) -> None:
    """One reply an ECG in the order of the list, twelve leads of ten seconds each."""
    replies = ask_about_samples(small_model(letters), ["normal ECG", "LBBB"], tmp_path, seed=3)
    assert [one.reply.record for one in replies] == list(SAMPLES)
    assert [one.conditions for one in replies] == list(SAMPLES.values())
    for one in replies:
        record = read_record(tmp_path / one.file)
        assert len(record.leads) == 12
        assert len(record.leads["II"]) == 10 * record.sampling_rate_hz
        assert [answer.query for answer in one.reply.answers] == ["normal ECG", "LBBB"]


def test_a_seed_decides_the_samples(letters, tmp_path: Path) -> None:
    """The same seed gives the same tracings, another seed others."""
    leads = []
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        (first, *_) = ask_about_samples(small_model(letters), ["x"], tmp_path / name, seed=seed)
        leads.append(read_record(tmp_path / name / first.file).leads["II"])
    np.testing.assert_array_equal(leads[0], leads[1])
    assert not np.array_equal(leads[0], leads[2])
