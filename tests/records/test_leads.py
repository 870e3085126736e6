from __future__ import annotations

import pytest

from supreme_ecg.records.leads import CHEST_LEADS, LIMB_LEADS, STANDARD_LEADS, standard_lead_name


@pytest.mark.parametrize("spelling", [str.upper, str.lower, lambda name: f" {name} "])
def test_every_spelling_of_a_standard_lead_is_known(spelling: object) -> None:
    """Case and blanks do not matter."""
    assert callable(spelling)
    assert tuple(standard_lead_name(spelling(name)) for name in STANDARD_LEADS) == STANDARD_LEADS


@pytest.mark.parametrize("name", ["", "V7", "MLII", "-aVR", "aV R"])
def test_any_other_name_is_no_standard_lead(name: str) -> None:
    """Nothing is guessed."""
    assert standard_lead_name(name) is None


def test_six_limb_and_six_chest_leads() -> None:
    """The order is aVR, aVL, aVF, as in the window."""
    assert LIMB_LEADS[3:] == ("aVR", "aVL", "aVF")
    assert LIMB_LEADS + CHEST_LEADS == STANDARD_LEADS
