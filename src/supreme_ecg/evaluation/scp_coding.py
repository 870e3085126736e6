"""From findings to SCP-ECG statements, as a person would code them who knows what the statements mean.

A finding says the code of its concept, or of its nearest ancestors with codes. That alone says too
much and too little: SCP-ECG has one statement for an infarct of two walls, means both planes by low
voltage, and gives every tracing an overall statement. The steps here say what the statements'
definitions and the field's recommendations make of a whole report. They are for comparing findings
with codes only; findings and labels keep what the report says.

Source: SCP-ECG (EN 1064, Annex B) as PTB-XL lists its statements; AHA/ACCF/HRS recommendations for
the standardization and interpretation of the electrocardiogram, 2009, parts III (conduction), IV
(ST-T), V (hypertrophy) and VI (ischaemia); Fourth Universal Definition of Myocardial Infarction,
2018; CSE working party, recommendations for measurement standards, 1985.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from supreme_ecg.concepts.conclusions import WALLS
from supreme_ecg.concepts.table import ConceptTable

Concepts = frozenset[str]
"""Concept ids."""

_ONE_PLANE: Final = frozenset(["low_qrs_voltage_limb", "low_qrs_voltage_chest"])
_SPECIFIC_BLOCKS: Final = ("bundle_branch_block", "fascicular_block")
_NOT_SINUS_CONDUCTED: Final = (
    "left_bundle_branch_block",
    "paced_rhythm",
    "ventricular_preexcitation",
)
"""Where the axis of QRS tells nothing of the fascicles."""

_WITHIN_NORMAL: Final = frozenset(
    [
        *("sinus_rhythm", "sinus_mechanism", "regular_rhythm", "normal_axis", "intermediate_axis"),
        *("vertical_axis", "leftward_axis", "clockwise_rotation", "counterclockwise_rotation"),
    ]
)
"""Findings that are normal."""
_WITHOUT_STATEMENT: Final = _ONE_PLANE | {"p_mitrale", "prolonged_p_wave"}
"""Findings that are no SCP-ECG statement and no abnormality of their own."""
_RATE: Final = frozenset(["sinus_bradycardia", "sinus_tachycardia", "sinus_arrhythmia"])
_OVERALL: Final = (
    "normal_ecg",
    "otherwise_normal_ecg",
    "no_definite_pathology",
    "borderline_ecg",
    "abnormal_ecg",
)
_NOT_NORMAL: Final = (
    "myocardial_infarction",
    "ventricular_hypertrophy",
    "fascicular_block",
    "left_bundle_branch_block",
    "complete_right_bundle_branch_block",
    "left_axis_deviation",
)
"""What makes an "otherwise normal" ECG abnormal as a whole, with its descendants."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The findings of one record, denied ones left out."""

    present: Concepts
    """Asserted without doubt."""
    doubtful: Concepts
    """Doubted, and asserted nowhere."""
    sure: bool
    """Whether only what is beyond doubt is to be coded."""
    table: ConceptTable

    @property
    def all(self) -> Concepts:
        """Everything that the report names."""
        return self.present | self.doubtful

    def names_any(self, *concepts: str) -> bool:
        """Whether the report names one of some concepts, or a narrower one."""
        return bool(self.all & _with_narrower(concepts, self.table))


@lru_cache(maxsize=256)
def _with_narrower(concepts: tuple[str, ...], table: ConceptTable) -> Concepts:
    return frozenset(concepts).union(*(table.descendants(concept) for concept in concepts))


@dataclass(frozen=True, slots=True)
class CodingStep:
    """One thing that a coder knows beyond "code the concept"."""

    name: str
    """For tables of what each does."""
    reason: str
    """The definition or recommendation that it follows."""
    apply: Callable[[Concepts, Reading], Concepts]
    """What is to be coded so far and the report -> what is to be coded."""


def combine_walls(said: Concepts, reading: Reading) -> Concepts:
    """An infarct or ischaemia of two neighbouring walls is the statement of both."""
    del reading
    for one, others, both in WALLS:
        if one in said and said & set(others):
            said = (said - {one, *others}) | {both}
    return said


def code_narrowest(said: Concepts, reading: Reading) -> Concepts:
    """Drop what a narrower finding says too, by the concept table or by the statements' names."""
    wider = frozenset().union(*(reading.table.ancestors(concept) for concept in said))
    said -= wider
    if said & {"st_depression", "st_elevation"}:
        said -= {"nonspecific_st_change"}
    if reading.names_any(*_SPECIFIC_BLOCKS):
        said -= {"nonspecific_intraventricular_conduction_disturbance"}
    return said


def prefer_interpretation(said: Concepts, reading: Reading) -> Concepts:
    """T waves that the report calls non-specific are that, and no finding of their shape besides."""
    if reading.names_any("nonspecific_t_wave_change"):
        said -= {"low_amplitude_t_wave", "t_wave_inversion"}
    return said


def need_both_planes(said: Concepts, reading: Reading) -> Concepts:
    """Low voltage in the limb leads alone, or the chest leads alone, is no LVOLT."""
    if reading.all >= _ONE_PLANE:
        return said
    return said - _ONE_PLANE


def leave_shapes(said: Concepts, reading: Reading) -> Concepts:
    """A shape of the P wave is no overload of an atrium; a QS complex is no Q wave."""
    del reading
    return said - {"p_mitrale", "qs_complex"}


def doubt_hypertrophy_in_lbbb(said: Concepts, reading: Reading) -> Concepts:
    """Doubtful left ventricular hypertrophy is not coded beside left bundle branch block."""
    if reading.names_any("complete_left_bundle_branch_block"):
        said -= reading.doubtful & {"left_ventricular_hypertrophy"}
    return said


def conclude_fascicular_block(said: Concepts, reading: Reading) -> Concepts:
    """Left axis deviation that nothing else explains is a doubtful left anterior fascicular block."""
    explained = reading.names_any("inferior_myocardial_infarction", *_NOT_SINUS_CONDUCTED)
    if reading.sure or explained or "left_axis_deviation" not in said:
        return said
    return said | {"left_anterior_fascicular_block"}


def judge_as_a_whole(said: Concepts, reading: Reading) -> Concepts:
    """Give the overall statement: normal where nothing else can be coded, not where a disease is.

    "Otherwise normal" beside a diagnosis says that the rest is normal, hence not the ECG.
    """
    if "normal_ecg" in reading.doubtful and reading.names_any(*_NOT_NORMAL):
        return said - {"normal_ecg"}
    named = reading.all
    harmless = named <= _WITHIN_NORMAL | _WITHOUT_STATEMENT | _RATE
    if harmless and not reading.sure and reading.names_any("sinus_mechanism"):
        return said | {"normal_ecg"}
    return said


CODING_STEPS: Final[tuple[CodingStep, ...]] = (
    CodingStep("walls", "SCP-ECG names infarcts of two walls by one statement", combine_walls),
    CodingStep("narrowest", "the most specific statement, once", code_narrowest),
    CodingStep("interpretation", "roots before descriptions", prefer_interpretation),
    CodingStep("planes", "LVOLT: frontal and horizontal leads", need_both_planes),
    CodingStep("shapes", "part V: left atrial abnormality; CSE: QS is no Q", leave_shapes),
    CodingStep("LBBB", "part V: hypertrophy in LBBB", doubt_hypertrophy_in_lbbb),
    CodingStep("axis", "part III: marked left axis deviation", conclude_fascicular_block),
    CodingStep("overall", "SCP-ECG gives an overall statement", judge_as_a_whole),
)
"""The steps, in order."""


def code_findings(
    present: Collection[str],
    doubtful: Collection[str],
    table: ConceptTable,
    *,
    sure: bool = False,
    steps: Sequence[CodingStep] = CODING_STEPS,
) -> frozenset[str]:
    """Return the SCP-ECG codes that a coder would give to a record for its findings.

    Args:
        present: Concepts asserted without doubt.
        doubtful: Concepts doubted.
        table: The concepts.
        sure: Leave out what is doubtful.
        steps: What the coder knows; none for the code of each concept alone.
    """
    sure_ones = frozenset(present)
    reading = Reading(sure_ones, frozenset(doubtful) - sure_ones, sure, table)
    said = sure_ones if sure else reading.all
    for step in steps:
        said = step.apply(said, reading)
    return frozenset().union(*(nearest_codes(concept, table) for concept in said))


@lru_cache(maxsize=4096)
def nearest_codes(concept: str, table: ConceptTable) -> frozenset[str]:
    """Return the codes of a concept, or of its nearest ancestors that have any."""
    own = table[concept].scp
    if own:
        return frozenset(own)
    return frozenset().union(*(nearest_codes(parent, table) for parent in table[concept].parents))
