"""Which names lie next to each other, before and after the text adapter, as JSON.

    supreme align-text HELD.safetensors --held-out 0.15
    python benchmarks/nearest_names.py HELD.safetensors minilm-aligned > docs/results/nearest_names.json

The first adapter has not seen the held-out synonyms and is judged by them; the second is the one that
models are trained with, and makes the table of names.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

import torch

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.models.text_adapter import AdaptedTextEncoder, TextAdapter, load_adapter
from supreme_ecg.models.text_encoder import TextEncoder, TextEncoderConfig, TransformerTextEncoder
from supreme_ecg.training.alignment_texts import held_out_synonyms
from supreme_ecg.training.text_alignment import rank_of_concept

HELD_OUT_SHARE = 0.15
PAIRS = """
left_bundle_branch_block right_bundle_branch_block
complete_left_bundle_branch_block complete_right_bundle_branch_block
incomplete_left_bundle_branch_block incomplete_right_bundle_branch_block
complete_left_bundle_branch_block incomplete_left_bundle_branch_block
complete_right_bundle_branch_block incomplete_right_bundle_branch_block
left_anterior_fascicular_block left_posterior_fascicular_block
bifascicular_block trifascicular_block
first_degree_av_block second_degree_av_block
first_degree_av_block third_degree_av_block
second_degree_av_block third_degree_av_block
left_axis_deviation right_axis_deviation
clockwise_rotation counterclockwise_rotation
left_ventricular_hypertrophy right_ventricular_hypertrophy
left_ventricular_strain right_ventricular_strain
left_atrial_enlargement right_atrial_enlargement
atrial_enlargement biatrial_enlargement
ventricular_hypertrophy biventricular_hypertrophy
atrial_fibrillation ventricular_fibrillation
atrial_flutter ventricular_flutter
atrial_fibrillation atrial_flutter
atrial_tachycardia ventricular_tachycardia
supraventricular_tachycardia ventricular_tachycardia
sinus_tachycardia sinus_bradycardia
tachycardia bradycardia
rapid_atrial_fibrillation slow_atrial_fibrillation
premature_atrial_complex premature_ventricular_complex
supraventricular_premature_complex premature_ventricular_complex
atrial_bigeminy ventricular_bigeminy
supraventricular_bigeminy supraventricular_trigeminy
junctional_escape_rhythm ventricular_escape_rhythm
accelerated_junctional_rhythm accelerated_idioventricular_rhythm
regular_rhythm irregular_rhythm
anterior_myocardial_infarction inferior_myocardial_infarction
anterior_myocardial_infarction posterior_myocardial_infarction
lateral_myocardial_infarction septal_myocardial_infarction
anterolateral_myocardial_infarction inferolateral_myocardial_infarction
anteroseptal_myocardial_infarction anterolateral_myocardial_infarction
acute_myocardial_infarction old_myocardial_infarction
recent_myocardial_infarction old_myocardial_infarction
anterior_ischaemia inferior_ischaemia
lateral_ischaemia septal_ischaemia
anterolateral_ischaemia inferolateral_ischaemia
myocardial_ischaemia myocardial_infarction
st_depression st_elevation
t_wave_inversion tall_t_wave
low_qrs_voltage high_qrs_voltage
prolonged_pr_interval short_pr_interval
prolonged_pr_interval long_qt
long_qt short_qt
tall_p_wave tall_t_wave
normal_ecg abnormal_ecg
normal_axis leftward_axis
"""


def main() -> None:
    """Print cosines of pairs, nearest names, and ranks of held-out synonyms."""
    held_out_path, name = sys.argv[1:3]
    table = ConceptTable.load()
    plain = TransformerTextEncoder(TextEncoderConfig())
    adapters = [
        load_adapter(each, text_encoder=plain.config.name, width=plain.width)
        for each in (held_out_path, name)
    ]
    values = {
        "text_encoder": plain.config.name,
        "adapter": name,
        "adapter_kilobytes": sum(2 * t.numel() for t in adapters[1].state_dict().values()) / 1e3,
        "held_out": held_out(table, plain, adapters[0]),
        "pairs": pairs(table, plain, AdaptedTextEncoder(plain, adapters[1])),
    }
    print(json.dumps(values, indent=1, ensure_ascii=False))


def held_out(table: ConceptTable, plain: TextEncoder, adapter: TextAdapter) -> dict[str, Any]:
    """Rank of the true concept for synonyms that the adapter has not seen, by language."""
    adapted = AdaptedTextEncoder(plain, adapter)
    synonyms = held_out_synonyms(table, share=HELD_OUT_SHARE)

    def ranks(*languages: str) -> dict[str, Any]:
        phrases = [(concept, phrase) for concept, phrase, each in synonyms if each in languages]
        return {
            when: asdict(rank_of_concept(phrases, table=table, text_encoder=encoder))
            for when, encoder in (("before", plain), ("after", adapted))
        }

    by_language = {each: ranks(each) for each in ("en", "de", "sv")}
    return {"share": HELD_OUT_SHARE, "all": ranks("en", "de", "sv"), **by_language}


def pairs(table: ConceptTable, plain: TextEncoder, adapted: TextEncoder) -> list[dict[str, Any]]:
    """Cosine of both names, and the nearest name to the first, before and after."""
    concepts = sorted(table.concepts)
    names = [table[concept].name for concept in concepts]
    place = {concept: index for index, concept in enumerate(concepts)}
    before, after = (each.encode(names) @ each.encode(names).T for each in (plain, adapted))
    rows = []
    for line in PAIRS.split("\n"):
        if not line:
            continue
        one, other = (place[table[concept].id] for concept in line.split())
        rows.append(
            {
                "one": names[one],
                "other": names[other],
                "cosine_before": round(before[one, other].item(), 3),
                "cosine_after": round(after[one, other].item(), 3),
                "nearest_before": names[_nearest(before[one], one)],
                "nearest_after": names[_nearest(after[one], one)],
            }
        )
    return rows


def _nearest(cosines: torch.Tensor, own: int) -> int:
    return int(cosines.index_fill(0, torch.tensor([own]), -2.0).argmax())


if __name__ == "__main__":
    main()
