"""Numbers that define a finding."""

from __future__ import annotations

import pytest

from supreme_ecg.serving.measured import name_numbers


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("PR interval longer than 200 ms", "prolonged pr interval"),
        ("PQ-Zeit über 0,2 s", "prolonged pr interval"),
        ("PR below 120 ms", "short pr interval"),
        ("QRS duration of 130 ms", "wide qrs complex"),
        ("QTc over 500 ms", "prolonged qt interval"),
        ("QT under 350 msec", "short qt interval"),
        ("P wave duration > 120 ms", "prolonged p wave"),
        ("heart rate below 60 per minute", "bradycardia"),
        ("sinus rhythm faster than 100 beats per minute", "sinus rhythm tachycardia"),
        ("Puls von 130/min", "tachycardia"),
        ("axis beyond -30 degrees", "left axis deviation"),
        ("QRS axis of −45°", "left axis deviation"),
        ("axis between -30 and -90 degrees", "left axis deviation"),
        ("Herzachse jenseits von +90 Grad", "right axis deviation"),
        ("axis from +120 to +180 degrees", "marked right axis deviation"),
        ("axis -90 to 180", "extreme axis deviation"),
        ("heart axis 75 degrees", "vertical axis"),
    ],
)
def test_a_value_beyond_a_limit_is_the_finding(text: str, named: str) -> None:
    """Bounds and values, in milliseconds, seconds, per minute and degrees."""
    assert name_numbers(text) == named


@pytest.mark.parametrize(
    "text",
    [
        "QRS 90 ms",
        "PR below 300 ms",
        "rate of 80 bpm",
        "2:1 AV block",
        "ST elevation in V1-V3",
        "axis",
        "axis between 10 and 170 degrees",
        "LBBB since 2010",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """Normal values, bounds that say nothing, ratios, leads and years."""
    assert name_numbers(text) == text
