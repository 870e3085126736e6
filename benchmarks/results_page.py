"""Write docs/results.md and the table of README.md from the JSON files that the commands printed.

    python benchmarks/results_page.py docs/results docs/results.md README.md

Nothing in the page is typed by hand: figures come from ``ingest.json``, ``extract.json``,
``pretrain_first.json`` and ``pretrain.json`` (the first run, and one of the second ones), ``average.json``,
``zero_shot.json`` (PTB-XL tasks),
``cpsc2018.json`` and every further ``PART.json`` that has a ``results_PART.py`` beside this file, in
the first folder.
In the README the lines between ``<!-- results -->`` and ``<!-- end of results -->`` are replaced.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COMMANDS = """\
python ../shared/data/ptb-xl/unpack.py PTB_XL          # or PTB-XL 1.0.3 as PhysioNet publishes it
supreme ingest ptb_xl PTB_XL stores/ptb_xl --workers 2 --json > docs/results/ingest.json
supreme extract stores/ptb_xl --worklist 0 --json > docs/results/extract.json
supreme pretrain supreme_ptb_xl_100hz stores/ptb_xl --out runs/first --threads 1 --json \\
    > docs/results/pretrain_first.json
for loss in binary_cross_entropy asymmetric; do for seed in 0 1 2; do
  supreme pretrain supreme_ptb_xl_100hz_confirmed stores/ptb_xl --start runs/first/model \\
    --out runs/$loss-$seed --threads 1 --set training.seed=$seed --set "loss={name='$loss'}" --json \\
    > runs/$loss-$seed.json
done; done
cp runs/binary_cross_entropy-0.json docs/results/pretrain.json
supreme average runs/binary_cross_entropy-{0,1,2}/model runs/asymmetric-{0,1,2}/model \\
    --store stores/ptb_xl --out runs/ptb_xl --json > docs/results/average.json
supreme zero-shot --weights runs/ptb_xl/model --store stores/ptb_xl --task all --folds 9 \\
    --random-encoder --json docs/results/zero_shot.json
supreme zero-shot --weights runs/ptb_xl/model --store stores/ptb_xl --task all --folds 9 --plain \\
    --json docs/results/zero_shot_plain.json
supreme ingest cpsc2018 CPSC2018 stores/cpsc2018
supreme zero-shot --weights runs/ptb_xl/model --store stores/cpsc2018 --task cpsc2018 \\
    --random-encoder --json docs/results/cpsc2018.json
python benchmarks/results_page.py docs/results docs/results.md README.md"""
BEGIN, END = "<!-- results -->", "<!-- end of results -->"
TITLES = {
    "ptb_xl_superclass": "PTB-XL superclass",
    "ptb_xl_subclass": "PTB-XL subclass",
    "ptb_xl_form": "PTB-XL form",
    "ptb_xl_rhythm": "PTB-XL rhythm",
    "cpsc2018": "CPSC2018",
}
"""Tasks of the README's table, in its order."""
PARTS = (
    "seeds",
    "supervised_twin",
    "unseen",
    "ablations",
    "wording",
    "text_encoder",
    "questions",
    "calibration",
    "robustness",
    "explain",
    "inference_speed",
    "metrics_speed",
    "scoring_speed",
    "weights",
    "guard",
    "methods",
    "probes",
)
"""Further sections, in their order."""
WHOLE = ("seeds", "supervised_twin", "wording")
"""Sections that are made from several files, and so are given all."""


def main() -> None:
    """Read the folder, write the page and the README's table."""
    folder, page, readme = map(Path, sys.argv[1:4])
    values = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    page.write_text("\n".join(lines(values)) + "\n")
    before, rest = readme.read_text().split(BEGIN)
    after = rest.split(END)[1]
    table = "\n".join(readme_table([*values["zero_shot"], values["cpsc2018"]]))
    readme.write_text(f"{before}{BEGIN}\n\n{table}\n\n{END}{after}")


def readme_table(results: list[dict[str, Any]]) -> Iterator[str]:
    """One row a task."""
    yield "| task (zero-shot) | records | classes | macro-AUROC | 95 % interval | untrained encoder |"
    yield "| --- | --- | --- | --- | --- | --- |"
    by_task = {result["task"]: result for result in results}
    for task, title in TITLES.items():
        result = by_task[task]
        macro, other = result["macro"], result["comparison"]["macro"]
        low, high = macro["ci95"]
        domain = "in-domain" if result["run"]["in_domain"] else "external"
        yield (
            f"| {title} ({domain}) | {result['records']:,} | {macro['classes']} | "
            f"**{macro['auroc']:.3f}** | {low:.3f} to {high:.3f} | {other['auroc']:.3f} |"
        )


def lines(values: dict[str, Any]) -> Iterator[str]:
    """The page."""
    yield "# Results\n"
    yield "Made by `benchmarks/results_page.py` from `docs/results/*.json`; do not edit.\n"
    yield (
        "Two CPU cores, no GPU. Every figure below comes from these commands (the JSON names the "
        "folders that were used; training ran at a raised priority):\n"
    )
    yield f"```sh\n{COMMANDS}\n```\n"
    yield from stages(values)
    yield from zero_shot_summary(
        [*values["zero_shot"], values["cpsc2018"]], values.get("zero_shot_plain", [])
    )
    yield from extraction(values["extract"])
    for part in PARTS:
        yield from section(part, values)
    yield "![AUROC of all statements with intervals](pictures/forest_ptb_xl_all.png)\n"
    yield (
        "(`supreme benchmark --weights MODEL --store STORE --task ptb_xl_all --part validation --plot "
        "docs/pictures/forest_ptb_xl_all.png`)\n"
    )
    for result in [*values["zero_shot"], values["cpsc2018"]]:
        yield from classes(result)


def section(part: str, values: dict[str, Any]) -> Iterator[str]:
    """One of the further sections; a line that says so where it was not measured."""
    if part not in values:
        yield f"*Not measured yet: {part.replace('_', ' ')}.*\n"
        return
    module = importlib.import_module(f"results_{part}")
    yield from module.lines(values if part in WHOLE else values[part])
    yield ""


def stages(values: dict[str, Any]) -> Iterator[str]:
    """What each stage cost."""
    ingest, extract = values["ingest"], values["extract"]
    yield "## Stages\n"
    yield "| stage | what | wall time | rate | peak memory |\n| --- | --- | --- | --- | --- |"
    yield (
        f"| ingest | {ingest['records']} records, {sum(ingest['rejected'].values())} rejected | "
        f"{ingest['seconds']:.1f} s | {ingest['records'] / ingest['seconds']:.0f} records/s | "
        f"{_gigabytes(ingest)} |"
    )
    yield (
        f"| extract | {extract['reports']} reports, {extract['distinct_statements']} distinct "
        f"statements | {extract['seconds']:.1f} s | "
        f"{extract['distinct_statements'] / extract['seconds']:.0f} statements/s, splitting included | "
        f"{_gigabytes(extract)} |"
    )
    for name, title in {"pretrain_first": "first run", "pretrain": "a second run"}.items():
        yield _pretraining(f"pretrain, {title}", values[name])
    if average := values.get("average"):
        yield (
            f"| average | {average['averaged']} second runs: batch statistics, rows of trained names | "
            f"{average['seconds'] / 60:.1f} min | | {_gigabytes(average)} |"
        )
    runs = [(result, result["run"]) for result in values["zero_shot"]]
    seconds = runs[0][1]["seconds_all_tasks"]
    scored = 2 * max(result["records"] for result, _ in runs)
    yield (
        f"| zero-shot | {len(runs)} tasks of PTB-XL, trained and untrained encoder, one pass each, 1,000 "
        f"bootstrap draws a task | {seconds:.1f} s | {scored / seconds:.0f} records/s, intervals included | "
        f"{_gigabytes(runs[-1][1])} |\n"
    )


def _pretraining(title: str, run: dict[str, Any]) -> str:
    return (
        f"| {title} | {run['records']} records, {run['concepts']} concepts, "
        f"{run['epochs']} epochs | {run['seconds'] / 60:.1f} min | "
        f"{run['samples_seen'] / run['seconds']:.0f} records/s | {_gigabytes(run)} |"
    )


def _gigabytes(values: dict[str, Any]) -> str:
    return f"{values['peak_memory_mb'] / 1000:.2f} GB"


def zero_shot_summary(results: list[dict[str, Any]], plain: list[dict[str, Any]]) -> Iterator[str]:
    """One row a task; ``plain``: the same with ``--plain``, where that was measured."""
    alone = {one["task"]: f"{one['macro']['auroc']:.3f}" for one in plain}
    yield "## Zero-shot, macro-AUROC\n"
    yield (
        "Labels of training come from report text alone; no code column is read. PTB-XL is "
        "**in-domain** (same hospital and devices; folds 1-8 train, fold 9 is scored, no patient in "
        "both). CPSC2018 was never trained on. The untrained row is the same network with a randomly "
        "initialised encoder. Asked plainly: `--plain`, each class by its prompts alone, whatever "
        "else it wants or excludes (docs/evaluation.md). One draw of what the seed decides "
        "in the first run.\n"
    )
    yield (
        "| task | records | classes scored | AUROC | 95 % interval | asked plainly | AUPRC | "
        "untrained encoder | domain |"
    )
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for result in results:
        macro, other = result["macro"], result["comparison"]["macro"]
        low, high = macro["ci95"]
        domain = "in-domain" if result["run"]["in_domain"] else "external"
        yield (
            f"| {result['task']} | {result['records']} | {macro['classes']} | **{macro['auroc']:.3f}** | "
            f"{low:.3f} to {high:.3f} | {alone.get(result['task'], '-')} | "
            f"{macro['auprc']:.3f} | {other['auroc']:.3f} | {domain} |"
        )
    yield ""


def extraction(extract: dict[str, Any]) -> Iterator[str]:
    """How well the findings agree with the SCP codes."""
    scores = extract["scores"]
    micro, present = scores["micro"], scores["micro_present"]
    yield "## Reports to findings\n"
    yield (
        f"{extract['share_with_finding']:.1%} of the statements have a finding. Against the SCP codes of "
        f"fold 9 ({scores['records']} records, 40 commonest codes), which the rules never see: micro-F1 "
        f"**{micro['f1']:.3f}** (precision {micro['precision']:.3f}, recall {micro['recall']:.3f}); "
        f"counting only what is asserted without doubt: {present['f1']:.3f}. "
        "A classifier trained on the codes: `benchmarks/report_classifier.py`. "
        "Where text and codes differ: `docs/extraction.md`.\n"
    )


def classes(result: dict[str, Any]) -> Iterator[str]:
    """One row a class."""
    yield f"## {result['task']}, by class\n"
    yield "| class | concept | pre-training | positives | AUROC | 95 % interval | AUPRC |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for one in result["classes"]:
        if one["auroc"] is None:
            scores = "not scored | - | -"
        else:
            low, high = one["ci95"]
            scores = f"{one['auroc']:.3f} | {low:.3f} to {high:.3f} | {one['auprc']:.3f}"
        yield (
            f"| {one['name']} | {one['concept']} | {one['exposure']} | {one['positives']} | {scores} |"
        )
    yield ""


if __name__ == "__main__":
    main()
