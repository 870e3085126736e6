from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from supreme_ecg.preprocessing.limb_leads import derivable, derivation
from supreme_ecg.records.leads import LIMB_LEADS

ONE, TWO = np.array([0.3, -1.0, 2.0]), np.array([1.1, 0.4, -0.7])
TRUTH = {
    "I": ONE,
    "II": TWO,
    "III": TWO - ONE,
    "aVR": -(ONE + TWO) / 2,
    "aVL": ONE - TWO / 2,
    "aVF": TWO - ONE / 2,
}


@pytest.mark.parametrize("pair", list(combinations(LIMB_LEADS, 2)), ids="+".join)
def test_any_two_limb_leads_give_the_other_four(pair: tuple[str, str]) -> None:
    """All fifteen pairs reproduce the textbook formulas."""
    wanted = derivable(pair)
    assert set(wanted) == set(LIMB_LEADS) - set(pair)
    derived = derivation(pair, wanted) @ np.array([TRUTH[name] for name in pair])
    np.testing.assert_allclose(derived, [TRUTH[name] for name in wanted], atol=1e-12)


def test_the_weights_from_one_and_two_are_exact() -> None:
    """From I and II the weights are halves and ones, without rounding."""
    weights = derivation(("I", "II"), ("III", "aVR", "aVL", "aVF"))
    np.testing.assert_array_equal(weights, [[-1, 1], [-0.5, -0.5], [1, -0.5], [-0.5, 1]])


def test_three_limb_leads_are_all_used() -> None:
    """A lawful third lead changes nothing in the result but takes part."""
    names = ("I", "III", "aVF")
    weights = derivation(names, ("II",))
    assert np.all(weights != 0)
    np.testing.assert_allclose(weights @ np.array([TRUTH[name] for name in names]), [TWO])


@pytest.mark.parametrize("recorded", [(), ("II",), ("II", "V1", "V2")])
def test_fewer_than_two_limb_leads_give_none(recorded: tuple[str, ...]) -> None:
    """Chest leads do not help."""
    assert derivable(recorded) == ()
