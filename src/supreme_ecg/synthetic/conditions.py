"""What a simulated heart can have, and what goes together.

A condition's name is its id in the concept table, but for infarctions, which are a territory
and an age there; :func:`concepts_of` splits them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal, get_args

import numpy as np

Territory = Literal["anterior", "anteroseptal", "inferior", "lateral"]

Condition = Literal[
    "sinus_rhythm",
    "sinus_bradycardia",
    "sinus_tachycardia",
    "sinus_arrhythmia",
    "atrial_fibrillation",
    "atrial_flutter",
    "supraventricular_tachycardia",
    "ventricular_paced_rhythm",
    "first_degree_av_block",
    "mobitz_i",
    "third_degree_av_block",
    "premature_atrial_complex",
    "premature_ventricular_complex",
    "ventricular_bigeminy",
    "complete_right_bundle_branch_block",
    "complete_left_bundle_branch_block",
    "left_anterior_fascicular_block",
    "left_posterior_fascicular_block",
    "wolff_parkinson_white",
    "nonspecific_intraventricular_conduction_disturbance",
    "left_axis_deviation",
    "right_axis_deviation",
    "left_ventricular_hypertrophy",
    "right_ventricular_hypertrophy",
    "left_atrial_enlargement",
    "right_atrial_enlargement",
    "low_qrs_voltage",
    "acute_anterior_myocardial_infarction",
    "acute_anteroseptal_myocardial_infarction",
    "acute_inferior_myocardial_infarction",
    "acute_lateral_myocardial_infarction",
    "old_anterior_myocardial_infarction",
    "old_anteroseptal_myocardial_infarction",
    "old_inferior_myocardial_infarction",
    "old_lateral_myocardial_infarction",
    "anterior_ischaemia",
    "inferior_ischaemia",
    "lateral_ischaemia",
    "st_depression",
    "long_qt",
    "early_repolarisation",
]
"""What :func:`supreme_ecg.synthetic.simulation.simulate` knows how to show."""

CONDITIONS: Final[tuple[Condition, ...]] = get_args(Condition)

SINUS: Final[frozenset[Condition]] = frozenset(
    {"sinus_rhythm", "sinus_bradycardia", "sinus_tachycardia", "sinus_arrhythmia"}
)
"""Rhythms in which a sinus P wave precedes the QRS complexes."""

HIDES_MORPHOLOGY: Final[frozenset[Condition]] = frozenset(
    {
        "ventricular_paced_rhythm",
        "third_degree_av_block",
        "complete_left_bundle_branch_block",
        "wolff_parkinson_white",
        "nonspecific_intraventricular_conduction_disturbance",
    }
)
"""QRS shapes under which infarction, hypertrophy and ischaemia are not readable."""

RHYTHM_CONDITIONS: Final[frozenset[Condition]] = frozenset(
    {*SINUS, "atrial_fibrillation", "atrial_flutter", "supraventricular_tachycardia"}
    | {"ventricular_paced_rhythm", "third_degree_av_block"}
)
"""A heart has exactly one of these."""

Weights = Mapping[Condition | None, float]

RHYTHMS: Final[Weights] = {
    "sinus_rhythm": 0.52,
    "sinus_bradycardia": 0.09,
    "sinus_tachycardia": 0.09,
    "sinus_arrhythmia": 0.06,
    "atrial_fibrillation": 0.11,
    "atrial_flutter": 0.05,
    "supraventricular_tachycardia": 0.03,
    "ventricular_paced_rhythm": 0.05,
}
ATRIOVENTRICULAR: Final[Weights] = {
    None: 0.85,
    "first_degree_av_block": 0.09,
    "mobitz_i": 0.03,
    "third_degree_av_block": 0.06,
}
CONDUCTION: Final[Weights] = {
    None: 0.66,
    "complete_right_bundle_branch_block": 0.09,
    "complete_left_bundle_branch_block": 0.07,
    "left_anterior_fascicular_block": 0.08,
    "left_posterior_fascicular_block": 0.03,
    "wolff_parkinson_white": 0.03,
    "nonspecific_intraventricular_conduction_disturbance": 0.04,
}
STRUCTURE: Final[Weights] = {
    None: 0.28,
    "left_ventricular_hypertrophy": 0.13,
    "right_ventricular_hypertrophy": 0.05,
    "acute_anterior_myocardial_infarction": 0.03,
    "acute_anteroseptal_myocardial_infarction": 0.04,
    "acute_inferior_myocardial_infarction": 0.05,
    "acute_lateral_myocardial_infarction": 0.03,
    "old_anterior_myocardial_infarction": 0.04,
    "old_anteroseptal_myocardial_infarction": 0.06,
    "old_inferior_myocardial_infarction": 0.07,
    "old_lateral_myocardial_infarction": 0.03,
    "anterior_ischaemia": 0.04,
    "inferior_ischaemia": 0.03,
    "lateral_ischaemia": 0.04,
    "st_depression": 0.05,
    "early_repolarisation": 0.03,
}
ECTOPY: Final[Weights] = {
    None: 0.80,
    "premature_ventricular_complex": 0.09,
    "premature_atrial_complex": 0.08,
    "ventricular_bigeminy": 0.06,
}
ATRIA: Final[Weights] = {
    None: 0.88,
    "left_atrial_enlargement": 0.08,
    "right_atrial_enlargement": 0.04,
}
AXIS: Final[Weights] = {None: 0.80, "left_axis_deviation": 0.14, "right_axis_deviation": 0.10}
VOLTAGE: Final[Weights] = {None: 0.85, "low_qrs_voltage": 0.15}
QT: Final[Weights] = {None: 0.80, "long_qt": 0.20}

_SHOWN_WITH_RIGHT_BUNDLE_BRANCH_BLOCK: Final = frozenset(
    {None, "left_ventricular_hypertrophy", "acute_inferior_myocardial_infarction"}
    | {"old_inferior_myocardial_infarction", "old_lateral_myocardial_infarction"}
)


def sample_conditions(*, age_years: float, rng: np.random.Generator) -> frozenset[Condition]:
    """Draw what one heart has.

    What excludes each other never meets: fibrillation has no PR interval to prolong, an
    infarction is not read under left bundle branch block, a fascicular block sets the axis.

    Args:
        age_years: Age; the older, the more hearts are abnormal.
        rng: Source of chance.

    Returns:
        Conditions, one rhythm among them (third-degree AV block counts as one).
    """
    if rng.uniform() < 0.42 - 0.003 * age_years:
        return frozenset({"sinus_rhythm"})
    rhythm = _draw(RHYTHMS, rng)
    chosen: set[Condition | None] = {rhythm}
    if rhythm == "ventricular_paced_rhythm":
        return frozenset({"ventricular_paced_rhythm"})
    sinus = rhythm in SINUS
    steady = rhythm in {"sinus_rhythm", "sinus_bradycardia"}
    block = _draw(ATRIOVENTRICULAR, rng) if steady else None
    if block == "third_degree_av_block":
        return frozenset({"third_degree_av_block"})
    conduction = _draw(_conduction_for(rhythm, block), rng)
    structure = _draw(_structure_for(conduction), rng)
    chosen |= {block, conduction, structure}
    if rhythm == "sinus_rhythm" and block is None:
        chosen.add(_draw(ECTOPY, rng))
    if sinus and conduction is None:
        chosen.add(_draw(ATRIA, rng))
    if conduction in {None, "complete_right_bundle_branch_block"} and structure is None:
        chosen |= {_draw(AXIS, rng), _draw(VOLTAGE, rng) if conduction is None else None}
    if steady and structure is None and conduction is None:
        chosen.add(_draw(QT, rng))
    return frozenset(condition for condition in chosen if condition is not None)


def concepts_of(condition: Condition) -> tuple[str, ...]:
    """Ids in the concept table that say what a condition is.

    Returns:
        The condition itself; for an infarction its territory and its age
        (``inferior_myocardial_infarction``, ``acute_myocardial_infarction``).
    """
    age, _, rest = condition.partition("_")
    if rest.endswith("myocardial_infarction"):
        return rest, f"{age}_myocardial_infarction"
    return (condition,)


def _draw(weights: Weights, rng: np.random.Generator) -> Condition | None:
    """One key, by weight."""
    choices, shares = list(weights), np.array(list(weights.values()))
    return choices[int(rng.choice(len(choices), p=shares / shares.sum()))]


def _without(weights: Weights, names: Sequence[Condition]) -> Weights:
    return {name: share for name, share in weights.items() if name not in names}


def _conduction_for(rhythm: Condition | None, block: Condition | None) -> Weights:
    """Pre-excitation needs a sinus P wave and a working node to by-pass."""
    if rhythm not in SINUS or block is not None:
        return _without(CONDUCTION, ["wolff_parkinson_white"])
    return CONDUCTION


def _structure_for(conduction: Condition | None) -> Weights:
    """What can be read in the QRS and T waves under this conduction."""
    if conduction is None:
        return STRUCTURE
    if conduction == "complete_right_bundle_branch_block":
        readable = _SHOWN_WITH_RIGHT_BUNDLE_BRANCH_BLOCK
        return {name: share for name, share in STRUCTURE.items() if name in readable}
    if conduction == "left_anterior_fascicular_block":
        return {None: 0.8, "left_ventricular_hypertrophy": 0.2}
    return {None: 1.0}
