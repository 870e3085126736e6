"""Write the model card of packaged weights from JSON results and the weights' own description.

    python benchmarks/model_card.py MODEL docs/results OUT [OUT ...]

Figures come from MODEL/model.json (contract, concepts, manifest, recipe) and from the JSON files of the
second folder: ``population``, ``pretrain``, ``zero_shot``, ``cpsc2018`` and the further parts of
``EXPECTED``, whose sections are those of the results page. Only prose is typed here. Results of another
training run than the weights' are refused. The front matter is that of the Hugging Face hub.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import model_card_prose as prose
from results_page import classes, section, zero_shot_summary

EXPECTED = (
    "unseen",
    "supervised_twin",
    "wording",
    "calibration",
    "robustness",
    "inference_speed",
    "weights",
)
"""Parts that a complete card has, in its order. Sex and age are in that of robustness."""


def main() -> None:
    """Read, check, write."""
    model, results = Path(sys.argv[1]), Path(sys.argv[2])
    outs = [Path(out) for out in sys.argv[3:]] or [model / "README.md"]
    description = json.loads((model / "model.json").read_text())
    digest = hashlib.sha256((model / "weights.safetensors").read_bytes()).hexdigest()
    if digest != description["weights_sha256"]:
        sys.exit(f"{model}: weights and model.json do not belong together")
    values = {path.stem: json.loads(path.read_text()) for path in results.glob("*.json")}
    require_same_run(description, values)
    text = "\n".join(card(model.resolve().name, description, values)) + "\n"
    for out in outs:
        out.write_text(text)
    absent = [part for part in EXPECTED if part not in values]
    if absent:
        print(f"not in the card, no such result: {', '.join(absent)}", file=sys.stderr)


def require_same_run(description: dict[str, Any], values: dict[str, Any]) -> None:
    """Stop unless the results of training are those of these weights."""
    manifest, metrics = description["manifest"], description["metrics"]
    name = "average" if "averaged" in manifest else "pretrain"
    said = sorted(metrics.keys() & {"averaged", "epochs", "best_epoch", "validation_loss"})
    run = [values[name][key] for key in ("records", "concepts", *said)]
    ours = [manifest["records_trained"], len(description["trained_concepts"])]
    ours += [metrics[key] for key in said]
    if ours != run:
        sys.exit(f"{name}.json is of another run: {run}, the weights say {ours}")
    first, epochs = values["pretrain"], manifest["recipe"]["training"]["epochs"]
    if (first["records"], first["concepts"]) != tuple(ours[:2]) or first["epochs"] > epochs:
        sys.exit(
            f"pretrain.json is of another run: {first['records']} records, {first['concepts']} concepts, "
            f"{first['epochs']} epochs; the weights say {ours[0]}, {ours[1]} and at most {epochs}"
        )
    scored = [*values["zero_shot"], values["cpsc2018"]]
    further = [*values.get("zero_shot_plain", []), *values.get("probes", [])]
    for result in [*scored, *further]:
        if result["run"].get("weights_sha256") != description["weights_sha256"]:
            sys.exit(
                f"{result['task']} was scored with other weights: run `supreme zero-shot` or "
                "`supreme probe` again"
            )
    stored = values.get("weights", {}).get("sha256", description["weights_sha256"])
    if stored != description["weights_sha256"]:
        sys.exit("weights.json is of other weights: run benchmarks/package_weights.py again")


def card(name: str, description: dict[str, Any], values: dict[str, Any]) -> Iterator[str]:
    """The card."""
    yield from front_matter(name, values)
    yield f"# {name}\n"
    yield prose.SUMMARY
    yield prose.USE.format(name=name)
    yield prose.NOT_FOR
    yield prose.DATA
    yield from population(values["population"])
    yield from model(description)
    yield from training(description, values)
    yield prose.EVALUATION
    tasks = [*values["zero_shot"], values["cpsc2018"]]
    yield from zero_shot_summary(tasks, values.get("zero_shot_plain", []))
    yield from parts(values)
    yield prose.LIMITS
    for result in tasks:
        yield from classes(result)
    yield from concepts(description)
    yield prose.CITATION


def front_matter(name: str, values: dict[str, Any]) -> Iterator[str]:
    """Metadata of the hub, with the macro AUROC of each task."""
    yield prose.FRONT_MATTER
    yield f"model-index:\n- name: {name}\n  results:"
    for result in [*values["zero_shot"], values["cpsc2018"]]:
        corpus = result["run"]["corpus"]
        yield (
            "  - task:\n      type: zero-shot-classification\n"
            f"    dataset:\n      name: {result['task']}\n      type: {corpus}\n"
            "    metrics:\n    - type: roc_auc\n      name: macro AUROC\n"
            f"      value: {result['macro']['auroc']:.4f}"
        )
    yield "---\n"


def population(values: dict[str, Any]) -> Iterator[str]:
    """Who was trained on, and who is asked about."""
    yield "## Population\n"
    yield "Counted from the corpus's own table (`benchmarks/population.py`).\n"
    columns = {
        "training": "trained on (folds {}-{})",
        "validation": "scored (fold {})",
        "all": "whole corpus",
    }
    parts = {key: values[key] for key in columns}
    heads = (columns[key].format(*part["folds"]) for key, part in parts.items())
    yield f"| | {' | '.join(heads)} |\n| --- | --- | --- | --- |"
    rows = {
        "records": lambda p: f"{p['records']:,}",
        "patients": lambda p: f"{p['patients']:,}",
        "men, women (records)": lambda p: (
            f"{p['male'] / p['records']:.0%}, {p['female'] / p['records']:.0%}"
        ),
        "age, median (quartiles), years": lambda p: (
            f"{p['age_median']:.0f} ({p['age_quartiles'][0]:.0f} to {p['age_quartiles'][1]:.0f})"
        ),
        "over 89 (exact age not published)": lambda p: str(p["age_over_89"]),
        "under 18": lambda p: f"{p['age_under_18']} (youngest {p['age_least']:.0f})",
        "sites (records without one)": lambda p: f"{p['sites']} ({p['records_without_site']})",
        "first report made by the device": lambda p: (
            f"{p['reports_by_the_device'] / p['records']:.0%}"
        ),
        "validated by a person, says the table": lambda p: (
            f"{p['validated_by_a_person'] / p['records']:.0%}"
        ),
        "records from the three largest sites": lambda p: (
            f"{p['share_of_three_largest_sites']:.0%}"
        ),
    }
    for title, cell in rows.items():
        yield f"| {title} | {' | '.join(cell(part) for part in parts.values())} |"
    devices = ", ".join(
        f"{name} ({count / values['training']['records']:.1%})"
        for name, count in values["training"]["devices"].items()
    )
    first, last = values["all"]["years_in_table"]
    yield f"\n**Devices** (training folds; all by Schiller AG, names as in the table): {devices}.\n"
    yield prose.DATES.format(first=first, last=last)


def model(description: dict[str, Any]) -> Iterator[str]:
    """What it is made of."""
    parts = description["parts"]
    contract, fusion, encoder = parts["contract"], parts["method"]["fusion"], parts["encoder"]
    yield "## Model\n"
    yield (
        f"- **Signal**: leads {', '.join(contract['leads'])}; {contract['duration_s']:g} s at "
        f"{contract['sampling_rate_hz']} Hz in millivolts, high-pass {contract['highpass_hz'] or 'none'}. "
        "Other rates are resampled, limb leads derived, missing leads and time masked."
    )
    for title, values in (
        ("Encoder", encoder),
        ("Fusion", fusion),
        ("Text", parts["text_encoder"]),
    ):
        settings = ", ".join(f"{key} {value}" for key, value in values.items() if key != "name")
        yield f"- **{title}**: {values['name']} ({settings})."
    if c := parts["method"].get("rows_c"):
        yield (
            f"- **Trained names**: the {len(description['trained_concepts'])} concepts of its training "
            f"also have a linear row each (logistic regression on the frozen encoder, C {c:g}); asked by "
            "its name, such a concept is answered by the mean of both logits. Anything else is answered "
            "from its words alone."
        )
    kind = "calibrated" if description.get("calibration") else "not calibrated"
    yield (
        f"- **Output**: a probability per question, {kind}; the answer to one does not depend on "
        "the others.\n"
        f"- **Weights**: SHA-256 `{description['weights_sha256']}`, stored as "
        f"{description.get('stored_as', 'float32')}, package version {description['package_version']}.\n"
    )


def training(description: dict[str, Any], values: dict[str, Any]) -> Iterator[str]:
    """Recipe and cost, and before them those of the run whose weights it started from."""
    manifest = description["manifest"]
    folds, before = manifest["folds"], manifest.get("started_from")
    yield "## Training\n"
    yield (
        f"{manifest['records_trained']:,} records of {manifest['patients']:,} patients of folds "
        f"{min(folds)}-{max(folds)} ({manifest['records_validation']:,} further records held out to choose "
        "settings; records whose report says nothing were left out), "
        f"{len(description['trained_concepts'])} concepts read from the reports. "
        "No label column is read.\n"
    )
    if before is not None:
        epochs = manifest["recipe"]["training"].get("confirmed_epochs", 0)
        yield prose.TWO_RUNS.format(
            weights=before["weights_sha256"][:12],
            confirmed=prose.CONFIRMED.format(epochs=epochs) if epochs else "",
        )
        yield from _run("First run", values["pretrain_first"], before)
    title = "Cost" if before is None else "Second run"
    if "averaged" in manifest:
        title += ", each (the first is shown)"
    yield from _run(title, values["pretrain"], manifest)
    if "averaged" in manifest:
        yield from _average(values["average"], manifest["averaged"])


def _run(title: str, run: dict[str, Any], said: dict[str, Any]) -> Iterator[str]:
    cost = f"{run['seconds'] / 60:.1f} minutes, {run['peak_memory_mb'] / 1000:.2f} GB of memory"
    threads = f", {run['threads']} thread(s)" if "threads" in run else ""
    kept = f"the weights of epoch {run['best_epoch'] + 1}"
    if said["recipe"]["training"].get("keep") == "mean":
        kept = "the mean of the weights at the ends of the cycles"
    yield (
        f"**{title}**: {cost}{threads}, CPU only unless said; {run['epochs']} epochs, {kept} "
        f"(held-out loss {run['validation_loss']:.4f}).\n"
    )
    yield "```toml"
    for part, values in said["recipe"].items():
        yield from toml_lines(part, values)
    yield "```\n"


def _average(average: dict[str, Any], runs: list[dict[str, Any]]) -> Iterator[str]:
    """Which runs the weights are the mean of, and what that cost."""
    recipes = [{"loss": {"name": "binary_cross_entropy"}} | run["recipe"] for run in runs]
    if any(_rest(recipe) != _rest(recipes[0]) for recipe in recipes):
        sys.exit(
            "the averaged runs differ in more than loss, seed and precision: the card must say so"
        )
    named = ", ".join(  # recipes of before the section `loss` have none
        f"{recipe['loss']['name'].replace('_', ' ')} with seed {recipe['training']['seed']}"
        for recipe in recipes
    )
    yield prose.AVERAGE.format(
        runs=len(runs),
        named=named,
        minutes=f"{average['seconds'] / 60:.1f}",
        memory=f"{average['peak_memory_mb'] / 1000:.2f}",
        loss=f"{average['validation_loss']:.4f}",
    )


def _rest(recipe: dict[str, Any]) -> dict[str, Any]:
    """What the averaged runs have in common, by what the card says of them."""
    training = {k: v for k, v in recipe["training"].items() if k not in {"seed", "precision"}}
    return {**recipe, "loss": None, "training": training}


def toml_lines(section: str, settings: dict[str, Any]) -> Iterator[str]:
    """A table of the recipe, the inner ones after it."""
    yield f"[{section}]"
    for key, value in settings.items():
        if value is not None and not isinstance(value, dict):
            yield f"{key} = {json.dumps(value)}"
    for key, value in settings.items():
        if isinstance(value, dict):
            yield from toml_lines(f"{section}.{key}", value)


def parts(values: dict[str, Any]) -> Iterator[str]:
    """Every further result that has a section; what is expected and absent is said."""
    for part in EXPECTED:
        for line in section(part, values):
            if not line.strip().startswith("!["):  # a picture of the docs is not beside the card
                yield line


def concepts(description: dict[str, Any]) -> Iterator[str]:
    """What was trained on, and how often reports say it."""
    counts = description["manifest"]["label_counts"]
    yield "## Concepts trained on\n"
    yield "With the number of training reports that say so, doubted or not by the recipe's rule.\n"
    listed = (f"{key.replace('_', ' ')} ({count})" for key, count in counts.items())
    yield f"{', '.join(listed)}.\n"


if __name__ == "__main__":
    main()
