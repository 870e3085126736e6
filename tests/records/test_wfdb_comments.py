from __future__ import annotations

import pytest

from supreme_ecg.records.wfdb_comments import parse_age, parse_comments, parse_sex


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("74", 74.0),
        (" 0 ", 0.0),
        ("NaN", None),
        ("-1", None),
        ("", None),
        ("Unknown", None),
        ("inf", None),
    ],
)
def test_an_age_is_a_number_of_years_or_unknown(text: str, age: float | None) -> None:
    """NaN, negative numbers and words are unknown, not ages."""
    assert parse_age(text) == age


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("Male", "male"),
        ("female", "female"),
        (" F", "female"),
        ("M", "male"),
        ("Unknown", None),
        ("", None),
    ],
)
def test_a_sex_is_read_in_every_spelling_in_use(text: str, sex: str | None) -> None:
    """Anything but the four spellings is unknown."""
    assert parse_sex(text) == sex


def test_diagnoses_are_split_at_commas_and_an_empty_list_has_no_code() -> None:
    """Text labels and SNOMED CT codes are kept as written; an empty entry is none."""
    assert parse_comments(["Dx: AF,RBBB"])["codes"] == ("AF", "RBBB")
    assert parse_comments(["Dx: 426177001, 164934002"])["codes"] == ("426177001", "164934002")
    assert parse_comments(["Dx: "])["codes"] == ()
    assert "codes" not in parse_comments(["Rx: Unknown", "free text"])


def test_the_patient_of_mimic_iv_ecg_is_found() -> None:
    """MIMIC-IV-ECG writes its patient id in angle brackets."""
    assert parse_comments(["<subject_id>: 10000032"]) == {"patient_id": "10000032"}
