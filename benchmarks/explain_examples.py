"""Do explanations point at what is there, and do they go with the weights? Figures and pictures.

    python benchmarks/explain_examples.py WEIGHTS --docs docs [--store stores/ptb_xl]

On simulated hearts, whose truth is known: the share of what speaks for a premature beat that lies in
that beat, the share that lies in the leads that a textbook names, each against the untrained model;
the similarity of the map to that of a model whose weights are randomised layer by layer; what it
costs. With ``--store``, also the leads on recordings of fold 9 whose report asserts the finding.
Writes ``results/explain.json`` and ``pictures/*.png`` (simulated hearts only) into the folder of
``--docs`` and the table in its ``explaining.md``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from explain_picture import draw_cascade, shrink
from results_explain import BEGIN, END, lines

from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.preprocessing.window import Window, make_window
from supreme_ecg.records.record import Record
from supreme_ecg.serving.explain import CELL_S, attribute, explain, rank_correlation
from supreme_ecg.serving.explained_paper import draw_explained
from supreme_ecg.serving.sanity import cascade
from supreme_ecg.store.reading import Store
from supreme_ecg.synthetic.heart import make_heart
from supreme_ecg.synthetic.simulation import schedule_of, simulate

PVC = "premature ventricular complex"
BEAT_S = 0.5
"""A premature beat with its ST segment, from its onset on."""
HEARTS = 24
SEEDS = 3
"""Untrained models, whose shares are averaged."""
LEADS = {
    "left bundle branch block": ("complete_left_bundle_branch_block", ("V1", "V6")),
    "right bundle branch block": ("complete_right_bundle_branch_block", ("V1", "V6")),
    "inferior myocardial infarction": ("old_inferior_myocardial_infarction", ("II", "III", "aVF")),
    "anteroseptal myocardial infarction": (
        "old_anteroseptal_myocardial_infarction",
        ("V1", "V2", "V3", "V4"),
    ),
}
"""Question -> simulated condition, and the leads in which a textbook reads it."""
PICTURES = (
    ("pvc", "premature_ventricular_complex", PVC),
    ("lbbb", "complete_left_bundle_branch_block", "left bundle branch block"),
    ("inferior_infarct", "old_inferior_myocardial_infarction", "inferior myocardial infarction"),
)


def main() -> None:
    """Measure, draw, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weights")
    parser.add_argument("--docs", type=Path, required=True)
    parser.add_argument("--store", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = SuPreME.from_pretrained(arguments.weights)
    untrained = [list(cascade(model, seed=seed))[-1][1] for seed in range(SEEDS)]
    pictures = arguments.docs / "pictures"
    pictures.mkdir(exist_ok=True)
    values: dict[str, Any] = {
        "premature_beats": premature_beats(model, untrained),
        "leads": [leads_on_hearts(model, untrained, question) for question in LEADS],
        "randomisation": randomisation(model, pictures / "explain_randomised.png"),
        "cost": cost(model, pictures),
    }
    if arguments.store is not None:
        store = Store.open(arguments.store)
        values["leads_on_recordings"] = [
            leads_on_recordings(model, untrained, store, question) for question in LEADS
        ]
    for picture in pictures.glob("explain_*.png"):
        shrink(picture)
    (arguments.docs / "results" / "explain.json").write_text(json.dumps(values, indent=1) + "\n")
    page = arguments.docs / "explaining.md"
    before, rest = page.read_text().split(BEGIN)
    table = "\n".join(lines(values))
    page.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{rest.split(END)[1]}")


def record_of(condition: str, seed: int) -> Record:
    """A simulated ECG."""
    heart = make_heart([condition], rng=np.random.default_rng(seed))  # type: ignore[list-item]
    return simulate(heart, seed=seed, record_id=f"simulated {seed}")


def premature_beats(model: SuPreME, untrained: Sequence[SuPreME]) -> dict[str, Any]:
    """Share of the attribution above 0 that lies in premature beats, as much of the time as they take."""
    rows = []
    for seed in range(HEARTS):
        heart = make_heart(["premature_ventricular_complex"], rng=np.random.default_rng(seed))
        onsets_s = schedule_of(heart, seed=seed).ventricular_s
        window = make_window(simulate(heart, seed=seed), model.contract)
        (one,) = explain(model, window, [PVC])
        fine = _inside(onsets_s, cells=one.attribution.shape[1], cell_s=CELL_S)
        coarse = _inside(onsets_s, cells=one.occlusion.shape[1], cell_s=0.5)
        rows.append(
            {
                "probability": one.probability,
                "trained": _share(one.attribution, fine),
                "untrained": float(
                    np.mean([_share(attribute(m, window, [PVC])[0], fine) for m in untrained])
                ),
                "occlusion": _share(one.occlusion, coarse),
                "time": float(fine.mean()),
                "agreement": one.agreement,
            }
        )
    means = {key: round(float(np.mean([row[key] for row in rows])), 3) for key in rows[0]}
    better = sum(row["trained"] > row["untrained"] for row in rows)
    return {"hearts": HEARTS, "seeds": SEEDS, **means, "hearts_above_untrained": better}


def _inside(onsets_s: np.ndarray, *, cells: int, cell_s: float) -> np.ndarray:
    """Share of each cell of time that lies in a beat."""
    times_s = (np.arange(cells * 20) + 0.5) * cell_s / 20
    inside = ((times_s >= onsets_s[:, None]) & (times_s < onsets_s[:, None] + BEAT_S)).any(axis=0)
    return inside.reshape(cells, 20).mean(axis=1)


def _share(weights: np.ndarray, inside: np.ndarray) -> float:
    above = weights.clip(min=0).sum(axis=0)
    return float((above * inside).sum() / above.sum())


def leads_on_hearts(model: SuPreME, untrained: Sequence[SuPreME], question: str) -> dict[str, Any]:
    """Share of the attribution above 0 that lies in the leads of a finding, simulated hearts."""
    records = [record_of(LEADS[question][0], seed) for seed in range(HEARTS // 2)]
    return _leads(
        model, untrained, [make_window(record, model.contract) for record in records], question
    )


def leads_on_recordings(
    model: SuPreME, untrained: Sequence[SuPreME], store: Store, question: str
) -> dict[str, Any]:
    """The same on the first recordings of fold 9 whose report asserts the finding."""
    concept = model.table.find(question)
    assert concept is not None
    named = {concept.id} | model.table.descendants(concept.id)
    asserted = store.findings().filter(
        pl.col("concept").is_in(list(named)) & (pl.col("assertion") == "present")
    )
    ids = set(asserted["record_id"])
    rows = [
        row
        for row, (record, fold) in enumerate(
            zip(store.records["record_id"], store.records["fold"], strict=True)
        )
        if fold == 9 and record in ids
    ][: HEARTS // 2]
    batch = store.batch(np.array(rows))
    windows = [
        Window(signal=signal, lead_mask=leads, sample_mask=samples, contract=model.contract)
        for signal, leads, samples in zip(
            batch.signal, batch.lead_mask, batch.sample_mask, strict=True
        )
    ]
    return _leads(model, untrained, windows, question)


def _leads(
    model: SuPreME, untrained: Sequence[SuPreME], windows: list[Window], question: str
) -> dict[str, Any]:
    leads = LEADS[question][1]
    rows = [model.contract.leads.index(lead) for lead in leads]
    found: dict[str, list[float]] = {
        "probability": [],
        "trained": [],
        "untrained": [],
        "occlusion": [],
        "agreement": [],
    }
    for window in windows:
        (one,) = explain(model, window, [question])
        found["probability"].append(one.probability)
        found["agreement"].append(one.agreement)
        found["trained"].append(_share_of_leads(one.attribution, rows))
        found["occlusion"].append(_share_of_leads(one.occlusion, rows))
        others = [attribute(other, window, [question])[0] for other in untrained]
        shares = [_share_of_leads(other, rows) for other in others]
        found["untrained"].append(float(np.mean(shares)))
    means = {name: round(float(np.mean(numbers)), 3) for name, numbers in found.items()}
    return {
        "question": question,
        "leads": list(leads),
        "records": len(windows),
        "uniform": round(len(leads) / 12, 3),
        **means,
    }


def _share_of_leads(weights: np.ndarray, rows: list[int]) -> float:
    above = weights.clip(min=0).sum(axis=1)
    return float(above[rows].sum() / above.sum())


def randomisation(model: SuPreME, path: Path) -> list[dict[str, Any]]:
    """Rank correlation of the trained map and those of the cascade, mean over the pictures' ECGs."""
    cases = [
        (make_window(record_of(condition, 5), model.contract), question)
        for _, condition, question in PICTURES
    ]
    trained = [attribute(model, window, [question])[0] for window, question in cases]
    rows, shown = [{"part": "trained", "signed": 1.0, "size": 1.0}], [("trained", trained[0])]
    for part, other in cascade(model, seed=0):
        maps = [attribute(other, window, [question])[0] for window, question in cases]
        pairs = list(zip(trained, maps, strict=True))
        signed = [rank_correlation(a, b) for a, b in pairs]
        size = [rank_correlation(np.abs(a), np.abs(b)) for a, b in pairs]
        name = part.removeprefix("encoder.").replace(".", " ").replace("stages", "block")
        rows.append(
            {
                "part": name,
                "signed": round(float(np.mean(signed)), 3),
                "size": round(float(np.mean(size)), 3),
            }
        )
        shown.append((name, maps[0]))
    draw_cascade(shown, rows, path, query=cases[0][1], leads=model.contract.leads)
    return rows


def cost(model: SuPreME, pictures: Path) -> dict[str, Any]:
    """Draw the pictures; time one ECG with three questions on one thread."""
    for name, condition, question in PICTURES:
        record = record_of(condition, 5)
        window = make_window(record, model.contract)
        explained = explain(model, window, [question])
        draw_explained(record, model.contract, explained, pictures / f"explain_{name}.png")
    questions = [question for _, _, question in PICTURES]
    wall, processor = time.perf_counter(), time.process_time()
    explained = explain(model, window, questions)
    seconds = {
        "explain_processor_s": time.process_time() - processor,
        "explain_wall_s": time.perf_counter() - wall,
    }
    processor = time.process_time()
    draw_explained(record, model.contract, explained, pictures / "three.png")
    seconds["draw_processor_s"] = time.process_time() - processor
    (pictures / "three.png").unlink()
    gaps = [abs(one.unexplained) / abs(one.logit - one.empty_logit) for one in explained]
    return {key: round(value, 2) for key, value in seconds.items()} | {
        "questions": len(questions),
        "largest_gap_share": round(max(gaps), 4),
    }


if __name__ == "__main__":
    main()
