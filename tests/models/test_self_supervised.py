"""Self-supervised methods: losses against references, stopped gradients, weights on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from supreme_ecg.errors import WeightsError
from supreme_ecg.models.barlow_twins import BarlowTwinsConfig, correlation_loss
from supreme_ecg.models.byol import BYOLConfig
from supreme_ecg.models.clocs import LEADS, CLOCSConfig, patient_contrast
from supreme_ecg.models.ecg_encoder import EcgEncoder
from supreme_ecg.models.lead_vit import LeadViTConfig
from supreme_ecg.models.loading import SELF_SUPERVISED, load_answering_model, load_model
from supreme_ecg.models.moco_v3 import MoCoV3Config
from supreme_ecg.models.momentum import MomentumMethod, momentum_at
from supreme_ecg.models.resnet import ResNetConfig
from supreme_ecg.models.self_supervised import SelfSupervised, SelfSupervisedParts
from supreme_ecg.models.simclr import SimCLR, SimCLRConfig, nt_xent
from supreme_ecg.models.simsiam import SimSiamConfig
from supreme_ecg.models.st_mem import STMEMConfig

RECORDS = 6
CONFIGS = {
    "simclr": SimCLRConfig(hidden=32, width=16),
    "byol": BYOLConfig(hidden=32, width=16),
    "barlow_twins": BarlowTwinsConfig(width=16),
    "simsiam": SimSiamConfig(width=16),
    "moco_v3": MoCoV3Config(hidden=32, width=16),
    "clocs": CLOCSConfig(width=16),
    "st_mem": STMEMConfig(decoder_width=16, decoder_layers=1),
}
PATIENTS = torch.tensor([0, 1, 1, 2, 3, 3])


def test_every_method_is_tested_here() -> None:
    """The list above is that of the loader."""
    assert CONFIGS.keys() == SELF_SUPERVISED.keys()


def build(name: str) -> SelfSupervised:
    torch.manual_seed(0)
    encoder = LeadViTConfig(width=24, layers=1) if name == "st_mem" else ResNetConfig(stem_width=8)
    parts = SelfSupervisedParts(method=CONFIGS[name], encoder=encoder)
    return SELF_SUPERVISED[name](parts, manifest={"folds": [1]})


def windows(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    signal = np.random.default_rng(seed).normal(size=(RECORDS, 12, 1000)).astype(np.float32)
    return signal, np.ones((RECORDS, 12), bool), np.ones((RECORDS, 1000), bool)


def views(model: SelfSupervised) -> list[torch.Tensor]:
    """Signal and mask of as many views as the method wants."""
    drawn = [windows(seed) for seed in range(model.views)]
    return [torch.from_numpy(array) for signal, _, mask in drawn for array in (signal, mask)]


@pytest.fixture(params=CONFIGS)
def model(request) -> SelfSupervised:
    return build(request.param)


def two_views() -> tuple[torch.Tensor, torch.Tensor]:
    """Eight embeddings of six numbers, and others that are like them."""
    number = torch.arange(48, dtype=torch.float64).reshape(8, 6)
    first = torch.sin(number.float().double() ** 1.5)
    return first, first + 0.5 * torch.cos(number * 3)


def test_losses_equal_lightlys() -> None:
    """NT-Xent, Barlow Twins and the negative cosine of lightly 1.6.0 on the same embeddings."""
    first, second = two_views()
    assert nt_xent(first, second, temperature=0.1).item() == pytest.approx(0.138685, abs=1e-5)
    assert nt_xent(first, second, temperature=0.5).item() == pytest.approx(1.340853, abs=1e-5)
    for redundancy, expected in ((0.005, 0.0734434), (0.1, 0.348326)):
        found = correlation_loss(first, second, redundancy=redundancy).item()
        assert found == pytest.approx(expected, abs=1e-5)
    cosine = -0.92134994
    sides = [first, second, first, second]  # p1, p2 and targets: p1 meets the second, p2 the first
    simsiam = build("simsiam").training_loss(sides, torch.arange(8))
    assert simsiam.item() == pytest.approx(cosine, abs=1e-5)
    byol = build("byol").training_loss(sides, torch.arange(8))
    assert byol.item() == pytest.approx(4 + 4 * cosine, abs=1e-5)


def by_hand(a: np.ndarray, b: np.ndarray, temperature: float) -> np.ndarray:
    """Log-probabilities of each row of ``a`` over the rows of ``b``, one number at a time."""
    chances = np.empty((len(a), len(b)))
    for i, one in enumerate(a):
        raw = [one @ x / np.linalg.norm(one) / np.linalg.norm(x) / temperature for x in b]
        chances[i] = np.array(raw) - np.log(np.exp(raw).sum())
    return chances


def test_moco_v3s_loss_is_its_formula() -> None:
    """Query of one view against keys of the other, by hand; twice the temperature in front."""
    first, second = two_views()
    sides = [first, second, first.roll(1, 1), second.roll(2, 1)]
    q_1, q_2, k_1, k_2 = (side.numpy() for side in sides)
    there = -np.diag(by_hand(q_1, k_2, 0.2)).mean()
    back = -np.diag(by_hand(q_2, k_1, 0.2)).mean()
    found = build("moco_v3").training_loss(sides, torch.arange(8)).item()
    assert found == pytest.approx(2 * 0.2 * (there + back), rel=1e-6)


@pytest.mark.parametrize(
    ("patients", "pairs"), [([0, 1, 2, 3, 4, 5, 6, 7], []), ([0, 1, 1, 2, 3, 4, 5, 6], [(1, 2)])]
)
def test_clocs_loss_is_its_formula(patients: list[int], pairs: list[tuple[int, int]]) -> None:
    """Own pieces, and pieces of other records of the same patient, both ways round, by hand."""
    a, b = two_views()
    there, back = by_hand(a.numpy(), b.numpy(), 0.1), by_hand(b.numpy(), a.numpy(), 0.1)
    pairs = [*pairs, *((j, i) for i, j in pairs)]
    terms = [-np.diag(chances).mean() for chances in (there, back)]
    if pairs:
        terms += [-np.mean([chances[pair] for pair in pairs]) for chances in (there, back)]
    found = patient_contrast(a, b, patients=torch.tensor(patients), temperature=0.1).item()
    assert found == pytest.approx(np.mean(terms), rel=1e-6)


def test_the_decay_rises_along_half_a_cosine() -> None:
    """As lightly 1.6.0's cosine_schedule from 0.99 to 1: at the start, after 3 of 10 steps, at the end."""
    found = [momentum_at(progress, start=0.99) for progress in (0.0, 0.3, 1.0)]
    assert found == pytest.approx([0.99, 0.9920610737, 1.0], abs=1e-9)


def test_every_trained_weight_has_a_gradient(model: SelfSupervised) -> None:
    """And the loss of a batch is one finite number."""
    *sides, nothing = model.train()(*views(model))
    assert nothing.item() == 0
    loss = model.training_loss(sides, PATIENTS)
    loss.backward()
    assert loss.isfinite()
    for key, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None, key
            assert parameter.grad.isfinite().all(), key


@pytest.mark.parametrize("name", ["byol", "moco_v3"])
def test_no_gradient_reaches_the_following_branch(name: str) -> None:
    """Neither by the loss nor by what is summed over the targets alone."""
    model = build(name).train()
    assert isinstance(model, MomentumMethod)
    sides = model.sides(*views(model))
    assert [side.requires_grad for side in sides] == [True, True, False, False]
    model.training_loss(sides, PATIENTS).backward()
    assert all(p.grad is None for p in model.target.parameters())
    assert not any(p.requires_grad for p in model.target.parameters())


def test_simsiams_projections_are_constants_to_the_loss() -> None:
    """The gradient is that of the predictions alone; with the stop taken away it is another."""
    model = build("simsiam").train()
    p_1, p_2, z_1, z_2 = model.sides(*views(model))
    assert (z_1.requires_grad, z_2.requires_grad) == (False, False)
    weight = model.projector[0].weight
    loss = model.training_loss((p_1, p_2, z_1, z_2), PATIENTS)
    (stopped,) = torch.autograd.grad(loss, weight)
    projected = [
        model.projector(model.mean_tokens(*pair)) for pair in (views(model)[:2], views(model)[2:])
    ]
    predicted = [model.predictor(each) for each in projected]
    (free,) = torch.autograd.grad(model.training_loss((*predicted, *projected), PATIENTS), weight)
    assert not torch.allclose(stopped, free, rtol=0.01)


@pytest.mark.parametrize("name", ["byol", "moco_v3"])
def test_the_branch_follows_the_trained_weights(name: str) -> None:
    """By the share that the decay leaves; at the end of the run not at all; the predictor has no copy."""
    model = build(name)
    assert isinstance(model, MomentumMethod)
    before = [p.clone() for p in model.target.parameters()]
    followed = [*model.encoder.parameters(), *model.projector.parameters()]
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(1.0)
    model.follow(1.0)
    assert all(torch.equal(a, b) for a, b in zip(before, model.target.parameters(), strict=True))
    model.follow(0.0)
    for old, new, other in zip(before, model.target.parameters(), followed, strict=True):
        assert torch.allclose(new, 0.99 * old + 0.01 * other, atol=1e-6)


def test_an_embedding_is_the_mean_token_in_evaluation_mode(model: SelfSupervised) -> None:
    """It meets the protocol of benchmarks; not one weight or running statistic moves."""
    assert isinstance(model, EcgEncoder)
    model.train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    embedding = model.embed(*windows())
    assert (embedding.shape, embedding.dtype) == ((RECORDS, model.encoder.width), np.float32)
    assert not model.training
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    with torch.no_grad():
        tokens = model.encoder(torch.from_numpy(windows()[0]))
    np.testing.assert_allclose(embedding, tokens.mean(dim=1).numpy(), atol=1e-6)


def test_saved_and_loaded_weights_are_the_same(model: SelfSupervised, tmp_path: Path) -> None:
    """The folder alone rebuilds the model, what follows it included."""
    model.save(tmp_path / "model", metrics={"samples_seen": 3})
    loaded = load_model(tmp_path / "model")
    assert type(loaded) is type(model)
    assert (loaded.parts, loaded.manifest) == (model.parts, {"folds": [1]})
    assert loaded.weights_sha256
    for key, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key
    np.testing.assert_array_equal(loaded.embed(*windows()), model.embed(*windows()))


def test_weights_of_signals_are_not_loaded_to_be_asked(tmp_path: Path) -> None:
    """The error says what they are of and what to do with them."""
    build("simclr").save(tmp_path / "model")
    with pytest.raises(
        WeightsError, match=r"'simclr', which learned from signals alone.*supreme probe"
    ):
        load_answering_model(tmp_path / "model")
    with pytest.raises(WeightsError, match="method 'byol'"):
        SELF_SUPERVISED["byol"].from_pretrained(tmp_path / "model")


def test_a_random_encoder_is_another_encoder_and_nothing_else() -> None:
    """Embeddings change, the projector stays, and the first model is as it was."""
    model = build("simclr")
    before = model.embed(*windows())
    other = model.with_random_encoder(3)
    assert isinstance(other, SimCLR)
    assert not np.allclose(other.embed(*windows()), before)
    assert torch.equal(other.projector[0].weight, model.projector[0].weight)
    np.testing.assert_array_equal(model.embed(*windows()), before)


def test_clocs_pieces_are_halves_leads_or_both() -> None:
    """Halves are adjacent and whole; a lead stands in its own row, the others missing."""
    signal, mask = (torch.from_numpy(array) for array in windows()[::2])
    cut = {}
    for coding in ("cmsc", "cmlc", "cmsmlc"):
        parts = SelfSupervisedParts(method=CLOCSConfig(coding=coding), encoder=ResNetConfig())
        cut[coding] = SELF_SUPERVISED["clocs"](parts).pieces(signal, mask)
    assert {coding: len(pieces) for coding, pieces in cut.items()} == {
        "cmsc": 2,
        "cmlc": 4,
        "cmsmlc": 8,
    }
    halves = [piece for piece, _ in cut["cmsc"]]
    assert torch.equal(torch.cat(halves, dim=2), signal)
    for (piece, _), lead in zip(cut["cmlc"], LEADS, strict=True):
        row = build("clocs").contract.leads.index(lead)
        assert torch.equal(piece[:, row], signal[:, row])
        assert piece.abs().sum(dim=(0, 2)).nonzero().flatten().tolist() == [row]
    assert [mask.shape[1] for _, mask in cut["cmsmlc"]] == [500] * 8
