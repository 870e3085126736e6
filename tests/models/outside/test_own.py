"""A function of one's own gives an encoder; what is wrong with it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.outside.loading import load_encoder

MODULE = """
class Whole:
    contract = weights_sha256 = seen = None
    manifest = {}

    def embed(self, signal, lead_mask, sample_mask):
        raise NotImplementedError

    def __init__(self, path):
        self.path = path

class Part:
    contract = embed = None

    def __init__(self, path):
        pass
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("made_here.py").write_text(MODULE)
    monkeypatch.delitem(__import__("sys").modules, "made_here", raising=False)


def test_it_is_called_with_the_path() -> None:
    """Which need not exist: a function may need no file."""
    assert load_encoder("weights.pt", name="made_here:Whole").path == "weights.pt"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("nowhere_at_all:load", "No module named 'nowhere_at_all'"),
        ("made_here:missing", "has no attribute 'missing'"),
        (":load", "Empty module name"),
        ("made_here:Part", "Part without weights_sha256, manifest, seen"),
    ],
)
def test_what_is_no_encoder_is_refused(name: str, found: str) -> None:
    """With what was found and how to name it."""
    with pytest.raises(WeightsError, match=found):
        load_encoder("weights.pt", name=name)


def test_a_name_without_a_colon_is_one_of_the_known() -> None:
    """Or it is refused with their list."""
    with pytest.raises(WeightsError, match="or MODULE:FUNCTION"):
        load_encoder("weights.pt", name="resnet")
