"""Pre-training as a whole: it learns, and a killed run goes on as if nothing had happened."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from supreme_ecg.concepts.table import ConceptTable
from supreme_ecg.errors import ContractError, RecipeError
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.store.reading import Store
from supreme_ecg.training import concept_queries, training_set
from supreme_ecg.training.callbacks import Callbacks
from supreme_ecg.training.loop import METRICS, STATE
from supreme_ecg.training.objective import draw_windows, mean_auroc
from supreme_ecg.training.pretrain import Pretraining, pretrain
from supreme_ecg.training.recipe import Recipe
from supreme_ecg.training.recipe_file import find_recipe, read_recipe
from supreme_ecg.training.training_set import make_training_set

SMALL = [
    "method.fusion.width=32",
    "encoder.stem_width=8",
    "labels.minimum_count=5",
    "training.batch_size=8",
    "training.epochs=4",
    "training.accumulate=2",
    "augmentation.lead_dropout=0.1",
]


@pytest.fixture(autouse=True)
def _offline_letters(letters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supreme_ecg.models.supreme.TransformerTextEncoder", lambda _: letters)


@pytest.fixture(autouse=True)
def _some_unconfirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated reports are all confirmed."""
    monkeypatch.setattr(training_set, "is_unconfirmed", lambda report: len(report) % 3 == 0)


def recipe(*overrides: str) -> Recipe:
    return read_recipe(find_recipe("smoke"), overrides=[*SMALL, *overrides])


def run(store: Path, folder: Path, *overrides: str, stop_after: int | None = None) -> Pretraining:
    """Train; with ``stop_after``, be killed once that many epochs are reported."""

    def report(metrics) -> None:
        if metrics["epoch"] + 1 == stop_after:
            raise KeyboardInterrupt

    return pretrain(
        recipe(*overrides), Store.open(store), folder, callbacks=Callbacks(on_epoch=report)
    )


def losses(folder: Path) -> list[tuple[float, float]]:
    lines = [json.loads(line) for line in (folder / METRICS).read_text().splitlines()]
    return [(line["training_loss"], line["validation_loss"]) for line in lines]


@pytest.mark.parametrize(
    "override",
    [
        'schedule={name="cosine"}',
        'schedule={name="warm_restarts"}',
        "training.average_decay=0.9",
        "augmentation.mixup_alpha=0.4",
        "method.rows_c=0.1",
        "training.confirmed_epochs=2",
        'schedule={name="cycles", cycles=2}; training.keep="mean"',
    ],
)
def test_a_killed_and_resumed_run_equals_an_uninterrupted_one(
    cohort_store: Path, tmp_path: Path, override: str
) -> None:
    """Killed after the second of four epochs: every loss and every weight is the same to the last bit."""
    overrides = override.split("; ")
    whole = run(cohort_store, tmp_path / "whole", *overrides)
    with pytest.raises(KeyboardInterrupt):
        run(cohort_store, tmp_path / "killed", *overrides, stop_after=2)
    resumed = run(cohort_store, tmp_path / "killed", *overrides)
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    assert len(losses(tmp_path / "whole")) == 4
    first, second = (
        torch.load(tmp_path / name / STATE, weights_only=True) for name in ("whole", "killed")
    )
    for key, tensor in first["model"].items():
        assert torch.equal(tensor, second["model"][key]), key
    assert whole.validation_loss == resumed.validation_loss


def test_a_kill_between_state_and_metrics_is_mended(cohort_store: Path, tmp_path: Path) -> None:
    """A metrics file that lacks the last epoch, or repeats one, is whole again after resume."""
    whole = tmp_path / "whole"
    run(cohort_store, whole)
    expected = losses(whole)
    with pytest.raises(KeyboardInterrupt):
        run(cohort_store, tmp_path / "killed", stop_after=2)
    path = tmp_path / "killed" / METRICS
    path.write_text(path.read_text().splitlines()[0] + "\n")
    run(cohort_store, tmp_path / "killed")
    assert losses(tmp_path / "killed") == expected


def test_the_last_epochs_draw_only_confirmed_reports(
    cohort_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many records as in any epoch, each of the confirmed ones about as often as any other."""
    store, drawn = Store.open(cohort_store), []

    def draw(store: Store, rows: np.ndarray, **options: Any) -> Any:
        drawn.extend(rows.tolist())
        return draw_windows(store, rows, **options)

    monkeypatch.setattr(concept_queries, "draw_windows", draw)
    run(cohort_store, tmp_path, "training.confirmed_epochs=1", "training.keep='last'")
    first, last = np.array_split(np.array(drawn).reshape(4, -1), [3])
    unconfirmed = np.array([len(report) % 3 == 0 for report in store.records["report"]])
    assert unconfirmed[first].any()
    assert not unconfirmed[last].any()
    counts = np.bincount(last.ravel())[np.unique(last)]
    assert (counts.min(), counts.max()) == (1, 2)


@pytest.mark.parametrize("held_out_too", [True, False])
def test_confirmed_epochs_without_confirmed_reports_are_refused(
    cohort_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, held_out_too: bool
) -> None:
    """Among those to learn from, or among those held out."""
    data = make_training_set(
        Store.open(cohort_store),
        data=recipe().data,
        labels=recipe().labels,
        table=ConceptTable.load(),
    )
    confirmed = np.zeros(len(data.store), dtype=bool)
    confirmed[data.training_rows if not held_out_too else []] = True
    monkeypatch.setattr(training_set, "_confirmed", lambda _: confirmed)
    with pytest.raises(RecipeError, match=r"training\.confirmed_epochs.*expected 0"):
        run(cohort_store, tmp_path / "run", "training.confirmed_epochs=1")


def test_training_lowers_the_loss(cohort_store: Path, tmp_path: Path) -> None:
    """Four epochs on sixty patients are enough for the training loss to fall by a fifth."""
    run(cohort_store, tmp_path / "run")
    trained = losses(tmp_path / "run")
    assert trained[-1][0] < 0.8 * trained[0][0]


def test_the_model_has_the_weights_of_its_best_epoch(
    cohort_store: Path, tmp_path: Path, letters
) -> None:
    """The saved model is that of the lowest validation loss, with manifest and recipe."""
    result = run(cohort_store, tmp_path / "run")
    state = torch.load(tmp_path / "run" / STATE, weights_only=True)
    model = SuPreME.from_pretrained(result.model, text_encoder=letters)
    assert all(torch.equal(state["best"][key], value) for key, value in model.state_dict().items())
    validation = [loss for _, loss in losses(tmp_path / "run")]
    assert result.best_epoch == int(np.argmin(validation))
    assert model.manifest["recipe"]["training"]["epochs"] == 4
    assert model.manifest["folds"] == sorted(set(model.manifest["folds"]) & set(range(1, 9)))


def test_an_average_of_the_weights_is_what_is_judged_and_saved(
    cohort_store: Path, tmp_path: Path
) -> None:
    """The best weights are averaged ones: between those of the steps, and not the last of them."""
    run(cohort_store, tmp_path / "run", "training.average_decay=0.9")
    state = torch.load(tmp_path / "run" / STATE, weights_only=True)
    key = "fusion.key.weight"
    assert not torch.allclose(state["best"][key], state["model"][key])
    assert int(state["average"]["n_averaged"]) == state["progress"]["step"]
    plain = tmp_path / "plain"
    run(cohort_store, plain)
    without = torch.load(plain / STATE, weights_only=True)
    assert torch.equal(without["model"][key], state["model"][key])


def test_the_mean_of_the_cycles_ends_is_what_is_judged_and_saved(
    cohort_store: Path, tmp_path: Path, letters
) -> None:
    """Of two cycles of two epochs: the mean of second and fourth epoch, with statistics of its own."""
    settings = ['schedule={name="cycles", cycles=2}', 'training.keep="mean"']
    ends = []
    for stop in (2, None):
        with pytest.raises(KeyboardInterrupt) if stop else nullcontext():
            result = run(cohort_store, tmp_path / "run", *settings, stop_after=stop)
        ends.append(torch.load(tmp_path / "run" / STATE, weights_only=True)["model"])
    saved = SuPreME.from_pretrained(result.model, text_encoder=letters)
    for key, tensor in saved.state_dict().items():
        mean = (ends[0][key] + ends[1][key]) / 2
        if "running" in key:
            assert not torch.allclose(tensor, mean.to(tensor.dtype), rtol=1e-6), key
        elif tensor.is_floating_point():
            assert torch.allclose(tensor, mean, atol=1e-7), key
    data = make_training_set(
        Store.open(cohort_store),
        data=recipe().data,
        labels=recipe().labels,
        table=ConceptTable.load(),
    )
    phrasing = training_set.Phrasing(data.concepts, table=saved.table, text_encoder=letters)
    objective = concept_queries.ConceptQueries(data, phrasing=phrasing, recipe=recipe())
    judged = objective.judge(saved, fabric=Fabric(accelerator="cpu", devices=1))
    assert result.validation_loss == pytest.approx(judged.loss, rel=1e-5)
    assert result.best_epoch == 3


def test_a_run_that_was_killed_before_its_mean_was_settled_settles_it(
    cohort_store: Path, tmp_path: Path, letters
) -> None:
    """Killed with the last epoch written: the same weights, batch statistics too."""
    settings = ['schedule={name="cycles", cycles=2}', 'training.keep="mean"']
    whole = run(cohort_store, tmp_path / "whole", *settings)
    with pytest.raises(KeyboardInterrupt):
        run(cohort_store, tmp_path / "killed", *settings, stop_after=4)
    resumed = run(cohort_store, tmp_path / "killed", *settings)
    assert resumed.validation_loss == whole.validation_loss
    first, second = (
        SuPreME.from_pretrained(one.model, text_encoder=letters) for one in (whole, resumed)
    )
    state = second.state_dict()
    assert all(torch.equal(tensor, state[key]) for key, tensor in first.state_dict().items())


@pytest.mark.parametrize("confirmed_epochs", [0, 2])
def test_batch_statistics_of_a_mean_are_of_what_was_drawn_last(
    cohort_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, confirmed_epochs: int
) -> None:
    """All reports where the last epochs drew all, the confirmed ones where they drew those."""
    drawn: list[np.ndarray] = []

    def draw(store: Store, rows: np.ndarray, **settings: Any) -> Any:
        drawn.append(rows)
        return draw_windows(store, rows, **settings)

    monkeypatch.setattr("supreme_ecg.training.epoch.draw_windows", draw)
    settings = ['schedule={name="cycles", cycles=2}', 'training.keep="mean"']
    run(cohort_store, tmp_path, *settings, f"training.confirmed_epochs={confirmed_epochs}")
    reports = Store.open(cohort_store).records["report"].gather(np.concatenate(drawn)).to_list()
    unconfirmed = [training_set.is_unconfirmed(report) for report in reports]
    assert any(unconfirmed) == (confirmed_epochs == 0)


def test_training_stops_when_the_validation_loss_has_stopped_falling(
    cohort_store: Path, tmp_path: Path
) -> None:
    """At a rate that wrecks the model, patience ends the run before its last epoch."""
    result = run(
        cohort_store,
        tmp_path / "run",
        "training.epochs=30",
        "training.patience_epochs=1",
        "training.learning_rate=0.5",
    )
    assert result.epochs < 30
    assert result.epochs == result.best_epoch + 2


def test_accumulated_gradients_equal_one_large_batch(cohort_store: Path, tmp_path: Path) -> None:
    """Without batch statistics or dropout, 2 x 8 records give the mean gradient of 1 x 16.

    Compared in Adam's first moment after one epoch of a single step, before its division by the
    root of the second moment blows up rounding.
    """
    vit = ['encoder={name="vit", dropout=0.0}', "labels.uncertain='negative'"]
    vit += ["labels.synonym_share=0.0", "augmentation.lead_dropout=0.0", "training.epochs=1"]
    vit += ["training.gradient_clip=1e9", "labels.minimum_count=1", "data.folds=[1, 2, 3]"]
    run(cohort_store, tmp_path / "two", *vit, "training.batch_size=8", "training.accumulate=2")
    run(cohort_store, tmp_path / "one", *vit, "training.batch_size=16", "training.accumulate=1")
    two, one = (torch.load(tmp_path / name / STATE, weights_only=True) for name in ("two", "one"))
    assert one["progress"]["step"] == two["progress"]["step"] == 1
    for key, state in one["optimizer"]["state"].items():
        scale = float(state["exp_avg"].abs().max())
        difference = (two["optimizer"]["state"][key]["exp_avg"] - state["exp_avg"]).abs().max()
        assert difference <= 1e-3 * scale + 1e-9


def test_the_seed_decides_everything(cohort_store: Path, tmp_path: Path) -> None:
    """Equal seeds give equal losses, another seed other ones."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(cohort_store, tmp_path / name, "training.epochs=1", f"training.seed={seed}")
    assert losses(tmp_path / "a") == losses(tmp_path / "b") != losses(tmp_path / "c")


def test_a_table_of_ones_own_decides_what_is_trained_on(cohort_store: Path, tmp_path: Path) -> None:
    """Without parents in the table, nothing is trained on that no report says by itself."""
    concepts = ConceptTable.load().concepts
    flat = ConceptTable({key: replace(one, parents=()) for key, one in concepts.items()})
    store = Store.open(cohort_store)
    pretrain(recipe("training.epochs=1"), store, tmp_path / "run", table=flat)
    trained = SuPreME.from_pretrained(tmp_path / "run" / "model").trained_concepts
    assert set(trained) <= set(store.findings()["concept"])
    run(cohort_store, tmp_path / "closed", "training.epochs=1")
    closed = SuPreME.from_pretrained(tmp_path / "closed" / "model").trained_concepts
    assert not set(closed) <= set(store.findings()["concept"])


def test_a_folder_with_a_run_of_another_recipe_is_refused(
    cohort_store: Path, tmp_path: Path
) -> None:
    """Nothing is trained on or overwritten; the message says what to do."""
    run(cohort_store, tmp_path / "run", "training.epochs=1")
    with pytest.raises(
        RecipeError, match=r"another recipe: training\.epochs=1\..*Choose another --out folder"
    ):
        run(cohort_store, tmp_path / "run", "training.epochs=2")


def test_a_store_of_another_contract_is_refused(cohort_store: Path, tmp_path: Path) -> None:
    """A recipe for 500 Hz does not take windows of 100 Hz."""
    with pytest.raises(ContractError, match="sampling_rate_hz=500"):
        run(cohort_store, tmp_path / "run", "data.sampling_rate_hz=500")
    assert not (tmp_path / "run").exists()


def test_validation_auroc_leaves_out_doubt_and_rare_concepts() -> None:
    """A doubted record moves nothing, and a concept with nine held-out records is not averaged in."""
    labels = np.zeros((40, 3), dtype=np.float32)
    labels[:10, 0] = labels[:10, 1] = labels[:9, 2] = 1
    labels[20:25, 1] = 0.5
    logits = np.zeros((40, 3), dtype=np.float32)
    logits[:10, 0] = 1  # perfect
    logits[20:25, 1] = 9  # only the doubted ones stand out: the rest are ties
    logits[9:, 2] = 1
    assert mean_auroc(logits, labels) == pytest.approx((1 + 0.5) / 2)
    assert mean_auroc(logits[:, 2:], labels[:, 2:]) is None
