"""What the package's own table must hold, and what must be true of the heart."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from supreme_ecg.concepts.phrases import normalise
from supreme_ecg.concepts.reading import GROUPS, LANGUAGES
from supreme_ecg.concepts.table import ConceptTable

SCP_STATEMENTS = [
    "NDT",
    "NST_",
    "DIG",
    "LNGQT",
    "NORM",
    "IMI",
    "ASMI",
    "LVH",
    "LAFB",
    "ISC_",
    "IRBBB",
    "1AVB",
    "IVCD",
    "ISCAL",
    "CRBBB",
    "CLBBB",
    "ILMI",
    "LAO/LAE",
    "AMI",
    "ALMI",
    "ISCIN",
    "INJAS",
    "LMI",
    "ISCIL",
    "LPFB",
    "ISCAS",
    "INJAL",
    "ISCLA",
    "RVH",
    "ANEUR",
    "RAO/RAE",
    "EL",
    "WPW",
    "ILBBB",
    "IPLMI",
    "ISCAN",
    "IPMI",
    "SEHYP",
    "INJIN",
    "INJLA",
    "PMI",
    "3AVB",
    "INJIL",
    "2AVB",
    "ABQRS",
    "PVC",
    "STD_",
    "VCLVH",
    "QWAVE",
    "LOWT",
    "NT_",
    "PAC",
    "LPR",
    "INVT",
    "LVOLT",
    "HVOLT",
    "TAB_",
    "STE_",
    "PRC(S)",
    "SR",
    "AFIB",
    "STACH",
    "SARRH",
    "SBRAD",
    "PACE",
    "SVARR",
    "BIGU",
    "AFLT",
    "SVTAC",
    "PSVT",
    "TRIGU",
]

NOT_OF_THE_HEART = {"266257000": "transient ischaemic attack, a condition of the brain"}

VOCABULARIES = {
    "ConditionNames_SNOMED-CT.csv": "Snomed_CT",
    "dx_mapping_scored.csv": "SNOMEDCTCode",
    "dx_mapping_unscored.csv": "SNOMEDCTCode",
}

IMPLIED = [
    ("nonspecific_st_t_change", "nonspecific_st_change"),
    ("incomplete_right_bundle_branch_block", "right_bundle_branch_block"),
    ("complete_left_bundle_branch_block", "intraventricular_conduction_disturbance"),
    ("complete_right_bundle_branch_block", "wide_qrs"),
    ("left_anterior_fascicular_block", "left_axis_deviation"),
    ("left_posterior_fascicular_block", "right_axis_deviation"),
    ("first_degree_av_block", "prolonged_pr_interval"),
    ("mobitz_ii", "second_degree_av_block"),
    ("third_degree_av_block", "av_dissociation"),
    ("wolff_parkinson_white", "ventricular_preexcitation"),
    ("rapid_atrial_fibrillation", "tachycardia"),
    ("atrial_fibrillation", "supraventricular_arrhythmia"),
    ("sinus_bradycardia", "bradycardia"),
    ("ventricular_bigeminy", "premature_ventricular_complex"),
    ("premature_atrial_complex", "premature_complex"),
    ("anteroseptal_myocardial_infarction", "anterior_myocardial_infarction"),
    ("inferoposterolateral_myocardial_infarction", "lateral_myocardial_infarction"),
    ("acute_myocardial_infarction", "myocardial_infarction"),
    ("anterolateral_subendocardial_injury", "lateral_ischaemia"),
    ("inferior_ischaemia", "st_t_change"),
    ("biventricular_hypertrophy", "right_ventricular_hypertrophy"),
    ("p_pulmonale", "tall_p_wave"),
    ("hypokalaemia", "electrolyte_disturbance"),
    ("nonspecific_t_wave_change", "nondiagnostic_t_abnormality"),
    ("dual_chamber_paced_rhythm", "paced_rhythm"),
    ("marked_right_axis_deviation", "right_axis_deviation"),
    ("vertical_axis", "normal_axis"),
]

NOT_IMPLIED = [
    ("left_ventricular_hypertrophy_voltage", "left_ventricular_hypertrophy"),
    ("left_ventricular_hypertrophy", "left_ventricular_hypertrophy_voltage"),
    ("sinus_tachycardia", "sinus_rhythm"),
    ("sinus_tachycardia", "supraventricular_tachycardia"),
    ("incomplete_left_bundle_branch_block", "wide_qrs"),
    ("left_axis_deviation", "left_anterior_fascicular_block"),
    ("leftward_axis", "left_axis_deviation"),
    ("premature_ventricular_complex", "ventricular_tachycardia"),
    ("left_ventricular_strain", "left_ventricular_hypertrophy"),
    ("right_ventricular_strain", "st_t_change"),
    ("subendocardial_injury", "myocardial_infarction"),
    ("otherwise_normal_ecg", "normal_ecg"),
    ("p_mitrale", "conduction_disturbance"),
    ("pathological_q_wave", "myocardial_infarction"),
    ("pulmonary_embolism", "pulmonary_embolism_pattern"),
    ("first_degree_av_block", "bradycardia"),
]


@pytest.fixture(scope="module")
def table() -> ConceptTable:
    """The package's own table."""
    return ConceptTable.load()


def test_every_scp_statement_of_ptb_xl_is_one_concept(table: ConceptTable) -> None:
    """All 71 are there, and no others."""
    assert len(SCP_STATEMENTS) == 71
    codes = [code for concept in table.concepts.values() for code in concept.scp]
    assert Counter(codes) == Counter(dict.fromkeys(SCP_STATEMENTS, 1))


@pytest.mark.shared_data
def test_the_scp_statements_are_those_that_ptb_xl_publishes(
    table: ConceptTable, shared_data: Path
) -> None:
    """The list above is the corpus's own."""
    with (shared_data / "ptb-xl" / "scp_statements.csv").open(encoding="utf-8") as file:
        published = {row[""] for row in csv.DictReader(file)}
    assert published == set(SCP_STATEMENTS)
    assert all(table.by_scp(code) for code in published)


@pytest.mark.shared_data
def test_the_snomed_ct_codes_are_those_of_the_published_tables(
    table: ConceptTable, shared_data: Path
) -> None:
    """Every published code is a concept, but for conditions of other organs; none is made up."""
    published: set[str] = set()
    for name, column in VOCABULARIES.items():
        with (shared_data / "vocabularies" / name).open(encoding="utf-8-sig") as file:
            published |= {row[column].strip() for row in csv.DictReader(file)}
    codes = {code for concept in table.concepts.values() for code in concept.snomed_ct}
    assert codes == published - NOT_OF_THE_HEART.keys()


@pytest.mark.parametrize(
    ("code", "concept"),
    [
        ("426783006", "sinus_rhythm"),
        ("270492004", "first_degree_av_block"),
        ("59118001", "right_bundle_branch_block"),
        ("713427006", "complete_right_bundle_branch_block"),
        ("284470004", "premature_atrial_complex"),
        ("63593006", "supraventricular_premature_complex"),
        ("17338001", "premature_ventricular_complex"),
        ("427172004", "premature_ventricular_complex"),
        ("164931005", "st_elevation"),
        ("195080001", "atrial_fibrillation_or_flutter"),
        ("55827005", "left_ventricular_hypertrophy_voltage"),
        ("39732003", "left_axis_deviation"),
    ],
)
def test_codes_with_several_uses_are_settled(table: ConceptTable, code: str, concept: str) -> None:
    """Several codes may mean one concept; a general code means the general concept."""
    found = table.by_snomed_ct(code)
    assert found is not None
    assert found.id == concept


@pytest.mark.parametrize(("child", "ancestor"), IMPLIED)
def test_what_implies_what(table: ConceptTable, child: str, ancestor: str) -> None:
    """Where the child is present the ancestor is, by definition."""
    assert ancestor in table.ancestors(child)


@pytest.mark.parametrize(("child", "other"), NOT_IMPLIED)
def test_what_does_not_imply_what(table: ConceptTable, child: str, other: str) -> None:
    """Things that often go together, or sound alike, but need not."""
    assert table[other].id not in table.ancestors(child)


@pytest.mark.parametrize(
    ("root", "members"),
    [
        ("myocardial_infarction", ["IMI", "ASMI", "LMI", "PMI", "IPLMI", "ALMI"]),
        ("st_t_change", ["NDT", "NST_", "DIG", "ISC_", "ISCAL", "INJAS", "ANEUR"]),
        ("conduction_disturbance", ["1AVB", "3AVB", "LAFB", "CRBBB", "ILBBB", "IVCD", "WPW"]),
        ("hypertrophy", ["LVH", "RVH", "SEHYP", "LAO/LAE", "RAO/RAE"]),
        ("av_block", ["1AVB", "2AVB", "3AVB"]),
        ("fascicular_block", ["LAFB", "LPFB"]),
        ("anterior_ischaemia", ["ISCAN", "ISCAS", "ISCAL"]),
        ("inferior_ischaemia", ["ISCIN", "ISCIL", "INJIN", "INJIL"]),
    ],
)
def test_the_roots_that_tasks_ask_for_hold_their_members(
    table: ConceptTable, root: str, members: list[str]
) -> None:
    """Each diagnostic class of PTB-XL that is medically one has a concept above its statements."""
    family = table.descendants(root) | {root}
    concepts = [table.by_scp(code) for code in members]
    assert all(concept is not None and concept.id in family for concept in concepts)


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        # The nine classes of CPSC 2018, in its own words.
        ("AF", "atrial_fibrillation"),  # not flutter, as CPSC, CinC and cardiologists use it
        ("I-AVB", "first_degree_av_block"),
        ("LBBB", "complete_left_bundle_branch_block"),  # without "incomplete" it means complete
        ("RBBB", "complete_right_bundle_branch_block"),
        ("PAC", "premature_atrial_complex"),
        ("PVC", "premature_ventricular_complex"),
        ("STD", "st_depression"),
        ("STE", "st_elevation"),
        ("normal ECG", "normal_ecg"),
        # German. The slash of the device's "Vorhofflimmern/-flattern" is an "or".
        ("Vorhofflimmern/-flattern", "atrial_fibrillation_or_flutter"),
        ("unspezifisches abnormes T", "nonspecific_t_wave_change"),
        ("Linkstyp", "leftward_axis"),  # +30 to -30 degrees: no deviation
        ("Überdrehter Linkstyp", "left_axis_deviation"),  # beyond -30 degrees
        ("Rechtstyp", "right_axis_deviation"),
        ("Steiltyp", "vertical_axis"),
        ("SVES", "supraventricular_premature_complex"),
        ("VES", "premature_ventricular_complex"),
        ("LAH", "left_anterior_fascicular_block"),  # hemiblock, not left atrial hypertrophy
        ("Hinterwandinfarkt", "inferior_myocardial_infarction"),
        ("Linksschenkelblock", "complete_left_bundle_branch_block"),
        # Swedish.
        ("förmaksflimmer", "atrial_fibrillation"),
        ("vänstergrenblock", "complete_left_bundle_branch_block"),
        ("extrem vänster el-axel", "left_axis_deviation"),
        ("vänster el-axel", "leftward_axis"),
        # A transition shifted to the right comes early.
        (
            "R-S transition zone in V leads displaced to the right",
            "counterclockwise_rotation",
        ),
    ],
)
def test_words_with_several_readings_are_settled(
    table: ConceptTable, text: str, concept: str
) -> None:
    """Ambiguous words are decided once, for the meaning that reports have."""
    found = table.find(text)
    assert found is not None
    assert found.id == concept


def test_st_alone_is_no_abbreviation(table: ConceptTable) -> None:
    """CSN's "ST" (sinus tachycardia) would turn every ST segment into a rhythm."""
    assert table.find("ST") is None
    assert table.expand("ST segment depressed after MI") == (
        "ST segment depressed after myocardial infarction"
    )


def test_every_concept_can_be_said_in_english_and_german(table: ConceptTable) -> None:
    """Two English synonyms and a German one each; Swedish for nine in ten."""
    lacking = {
        concept.id
        for concept in table.concepts.values()
        if (said := Counter(s.language for s in concept.synonyms))["en"] < 2 or said["de"] < 1
    }
    assert not lacking
    swedish = sum(any(s.language == "sv" for s in c.synonyms) for c in table.concepts.values())
    assert swedish >= 0.9 * len(table)


def test_the_table_is_large_enough_and_uses_every_group(table: ConceptTable) -> None:
    """At least 160 concepts; no group, language or kind is empty."""
    assert len(table) >= 160
    assert {concept.group for concept in table.concepts.values()} == set(GROUPS)
    synonyms = [s for concept in table.concepts.values() for s in concept.synonyms]
    assert {s.language for s in synonyms} == set(LANGUAGES)
    assert {s.kind for s in synonyms} == {"term", "abbreviation"}


def test_definitions_are_single_sentences(table: ConceptTable) -> None:
    """Each ends in one full stop and holds no other sentence end."""
    for concept in table.concepts.values():
        text = concept.definition.replace("V1-V3.", "")
        assert text.endswith("."), concept.id
        assert ". " not in text, concept.id


def test_abbreviations_are_single_words_in_capitals(table: ConceptTable) -> None:
    """So that they can be told from words where they stand in a text."""
    for concept in table.concepts.values():
        for synonym in concept.synonyms:
            if synonym.kind == "abbreviation":
                assert " " not in synonym.phrase
                assert sum(letter.isupper() for letter in synonym.phrase) >= 2


def test_no_phrase_stands_twice(table: ConceptTable) -> None:
    """A synonym repeats neither its concept's name nor another synonym of it."""
    phrases = Counter(
        normalise(phrase)
        for concept in table.concepts.values()
        for phrase in (concept.name, *(s.phrase for s in concept.synonyms))
    )
    assert [phrase for phrase, count in phrases.items() if count > 1] == []


def test_the_lexicon_of_the_package_can_be_built(table: ConceptTable) -> None:
    """The matcher's coarser spelling makes no two concepts share a phrase."""
    assert len(table.lexicon()) > 1000
