"""What a coder knows of SCP-ECG beyond the code of each finding."""

from __future__ import annotations

import pytest

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.evaluation.scp_coding import CODING_STEPS, code_findings, nearest_codes


@pytest.fixture(scope="module")
def table() -> ConceptTable:
    """The package's concepts."""
    return ConceptTable.load()


def codes(
    table: ConceptTable, *present: str, doubtful: tuple[str, ...] = (), sure: bool = False
) -> set[str]:
    """Codes of a record with these findings."""
    return set(code_findings(present, doubtful, table, sure=sure))


def test_without_steps_each_finding_has_its_nearest_codes(table: ConceptTable) -> None:
    """Neither an ancestor's code beside the own one, nor none where an ancestor has one."""
    assert nearest_codes("inferolateral_myocardial_infarction", table) == {"ILMI"}
    assert nearest_codes("high_lateral_myocardial_infarction", table) == {"LMI"}
    assert nearest_codes("myocardial_infarction", table) == frozenset()
    present = ("low_qrs_voltage_limb", "nonspecific_st_change", "st_depression")
    assert code_findings(present, (), table, steps=()) == {"LVOLT", "NST_", "STD_"}


@pytest.mark.parametrize(
    ("walls", "expected"),
    [
        (("inferior", "lateral"), {"ILMI"}),
        (("inferior", "anterolateral"), {"ILMI"}),
        (("inferior", "high_lateral"), {"IMI", "LMI"}),
        (("inferior", "posterior"), {"IPMI"}),
        (("inferior", "posterior", "lateral"), {"IPLMI"}),
        (("inferolateral", "posterior"), {"IPLMI"}),
        (("anterior", "septal"), {"ASMI"}),
        (("anterior", "lateral"), {"ALMI"}),
        (("anterior", "high_lateral"), {"ALMI"}),
        (("anterior", "inferior"), {"AMI", "IMI"}),
    ],
)
def test_infarcts_of_neighbouring_walls_are_one_statement(
    table: ConceptTable, walls: tuple[str, ...], expected: set[str]
) -> None:
    """Walls that SCP-ECG names together are coded together, others apart."""
    assert codes(table, *(f"{wall}_myocardial_infarction" for wall in walls)) == expected


def test_doubt_is_carried_over(table: ConceptTable) -> None:
    """A doubtful lateral part makes the whole doubtful; what is sure stays as it is named."""
    doubtful = ("lateral_myocardial_infarction",)
    inferior = "inferior_myocardial_infarction"
    assert codes(table, inferior, doubtful=doubtful) == {"ILMI"}
    assert codes(table, inferior, doubtful=doubtful, sure=True) == {"IMI"}


def test_the_most_specific_statement_is_said_once(table: ConceptTable) -> None:
    """No ischaemia at large beside one by territory, no NST_ beside STD_, no IVCD beside a block."""
    assert codes(table, "myocardial_ischaemia", "anterolateral_ischaemia") == {"ISCAL"}
    assert codes(table, "nonspecific_st_change", "st_depression") == {"STD_"}
    delay = "nonspecific_intraventricular_conduction_disturbance"
    assert codes(table, delay, "left_anterior_fascicular_block") == {"LAFB"}
    assert codes(table, delay) == {"IVCD"}


def test_t_waves_called_non_specific_are_no_shape_besides(table: ConceptTable) -> None:
    """Non-specific flattening is NT_; flattening alone is LOWT."""
    assert codes(table, "nonspecific_t_wave_change", "low_amplitude_t_wave") == {"NT_"}
    assert codes(table, "low_amplitude_t_wave") == {"LOWT"}


def test_low_voltage_needs_both_planes(table: ConceptTable) -> None:
    """Limb leads alone are no LVOLT; limb and chest leads are, and so is low voltage at large."""
    assert codes(table, "low_qrs_voltage_limb") == set()
    assert codes(table, "low_qrs_voltage_limb", "low_qrs_voltage_chest") == {"LVOLT"}
    assert codes(table, "low_qrs_voltage") == {"LVOLT"}


def test_shapes_are_no_diseases(table: ConceptTable) -> None:
    """A P mitrale is no overload by itself, a QS complex no Q wave."""
    assert codes(table, "p_mitrale") == codes(table, "qs_complex") == set()
    assert codes(table, "left_atrial_enlargement", "pathological_q_wave") == {"LAO/LAE", "QWAVE"}


def test_doubtful_hypertrophy_is_not_coded_in_left_bundle_branch_block(table: ConceptTable) -> None:
    """Doubt is dropped there; what is asserted, and doubt elsewhere, are not."""
    block, hypertrophy = "complete_left_bundle_branch_block", "left_ventricular_hypertrophy"
    assert codes(table, block, doubtful=(hypertrophy,)) == {"CLBBB"}
    assert codes(table, block, hypertrophy) == {"CLBBB", "LVH"}
    assert codes(table, doubtful=(hypertrophy,)) == {"LVH"}


def test_left_axis_deviation_is_a_doubtful_fascicular_block(table: ConceptTable) -> None:
    """Unless an inferior infarct, left bundle branch block, pacing or pre-excitation explains it."""
    deviation = "left_axis_deviation"
    assert codes(table, deviation) == {"LAFB"}
    assert codes(table, deviation, sure=True) == set()
    for other in ("complete_left_bundle_branch_block", "paced_rhythm", "wolff_parkinson_white"):
        assert "LAFB" not in codes(table, deviation, other)
    assert "LAFB" not in codes(table, deviation, doubtful=("inferior_myocardial_infarction",))


def test_a_report_of_nothing_abnormal_is_doubtfully_normal(table: ConceptTable) -> None:
    """Silence is normal only where a sinus rhythm is named and nothing else can be coded."""
    harmless = ("sinus_rhythm", "normal_axis", "low_qrs_voltage_limb")
    assert codes(table, *harmless) == {"SR", "NORM"}
    assert codes(table, *harmless, sure=True) == {"SR"}
    assert "NORM" not in codes(table, "atrial_fibrillation", "normal_axis")
    assert "NORM" not in codes(table, *harmless, "right_axis_deviation")
    assert "NORM" not in codes(table, *harmless, "abnormal_ecg")
    assert codes(table) == set()


def test_otherwise_normal_beside_a_disease_is_not_normal(table: ConceptTable) -> None:
    """A premature beat leaves the ECG doubtfully normal, an infarct or a fascicular block does not."""
    doubt = ("normal_ecg",)
    assert "NORM" in codes(table, "premature_ventricular_complex", doubtful=doubt)
    assert "NORM" not in codes(table, "left_anterior_fascicular_block", doubtful=doubt)
    assert "NORM" not in codes(table, doubtful=("inferior_myocardial_infarction", *doubt))


def test_each_step_says_why() -> None:
    """Every step has a name of its own and a reason."""
    assert len({step.name for step in CODING_STEPS}) == len(CODING_STEPS)
    assert all(step.reason for step in CODING_STEPS)
