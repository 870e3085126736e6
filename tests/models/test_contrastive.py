"""The contrastive losses against plain NumPy and cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from supreme_ecg.models.contrastive import (
    ContrastConfig,
    Sharpness,
    contrast,
    info_nce,
    positive_pairs,
    sigmoid_loss,
)


def unit(rows: int, width: int, *, seed: int) -> torch.Tensor:
    vectors = np.random.default_rng(seed).normal(size=(rows, width)).astype(np.float32)
    return torch.nn.functional.normalize(torch.from_numpy(vectors), dim=-1)


def log_softmax(x: np.ndarray) -> np.ndarray:
    shifted = x - x.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def reference_info_nce(a: np.ndarray, b: np.ndarray, scale: float, targets: np.ndarray) -> float:
    total = 0.0
    for logits, rows in ((scale * a @ b.T, targets), (scale * b @ a.T, targets.T)):
        shares = rows / rows.sum(axis=1, keepdims=True)
        total += float(-(shares * log_softmax(logits)).sum(axis=1).mean())
    return total


@pytest.mark.parametrize("soft", [False, True])
def test_info_nce_equals_plain_numpy(soft: bool) -> None:
    """With one positive each, and with shares of positives that are not symmetric."""
    a, b = unit(7, 5, seed=1), unit(7, 5, seed=2)
    targets = np.eye(7, dtype=np.float32)
    if soft:
        targets += np.random.default_rng(3).random((7, 7)).astype(np.float32)
    loss = info_nce(a, b, scale=torch.tensor(1 / 0.07), positives=torch.from_numpy(targets))
    expected = reference_info_nce(a.double().numpy(), b.double().numpy(), 1 / 0.07, targets)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_info_nce_with_one_positive_is_clips_cross_entropy() -> None:
    """Rows and columns added up, as MERL's code has it, equal torch's own cross-entropies."""
    a, b = unit(6, 4, seed=1), unit(6, 4, seed=2)
    logits, own = a @ b.T / 0.07, torch.arange(6)
    expected = torch.nn.functional.cross_entropy(logits, own)
    expected = expected + torch.nn.functional.cross_entropy(logits.T, own)
    found = info_nce(a, b, scale=torch.tensor(1 / 0.07), positives=torch.eye(6))
    assert torch.allclose(found, expected, rtol=1e-5)


def test_two_orthogonal_pairs_by_hand() -> None:
    """Cosines 1 and 0 at scale 1: log(1 + 1/e) each way; with both reports the same, half a unit more."""
    a = torch.eye(2)
    alone = info_nce(a, a, scale=torch.tensor(1.0), positives=torch.eye(2))
    assert alone.item() == pytest.approx(2 * math.log(1 + math.exp(-1)), rel=1e-6)
    same = info_nce(a, a, scale=torch.tensor(1.0), positives=torch.ones(2, 2))
    assert same.item() == pytest.approx(2 * (math.log(1 + math.exp(-1)) + 0.5), rel=1e-6)


def test_identical_reports_are_no_false_negatives() -> None:
    """Where two records state the same, equal embeddings are the best there is, with no gradient."""
    ecg = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    text = ecg.detach().clone()
    same = torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    lowest = math.log(2) * 2 / 3 * 2  # the entropy of two records with two positives each
    soft = info_nce(ecg, text, scale=torch.tensor(100.0), positives=same)
    assert soft.item() == pytest.approx(lowest, abs=1e-5)
    (gradient,) = torch.autograd.grad(soft, ecg)
    assert gradient.abs().max() < 1e-5


def test_the_sigmoid_loss_equals_siglips_formula() -> None:
    """-1/n sum of log sigmoid(z (t x.y + b)) with z = 1 on the diagonal and -1 elsewhere."""
    a, b = unit(5, 4, seed=1), unit(5, 4, seed=2)
    z = 2 * np.eye(5) - 1
    logits = 10 * (a @ b.T).double().numpy() - 10
    expected = np.log1p(np.exp(-z * logits)).sum() / 5
    found = sigmoid_loss(
        a, b, scale=torch.tensor(10.0), bias=torch.tensor(-10.0), positives=torch.eye(5)
    )
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_directions_are_averaged_or_added_up() -> None:
    """ETP halves what MERL adds up; the sigmoid loss has no directions."""
    a, b = unit(4, 3, seed=1), unit(4, 3, seed=2)
    sharpness = torch.tensor([5.0, -1.0])

    def of(loss, directions) -> float:
        return contrast(
            a,
            b,
            sharpness=sharpness,
            positives=torch.eye(4),
            loss=loss,
            directions=directions,
        ).item()

    assert of("info_nce", "sum") == pytest.approx(2 * of("info_nce", "mean"))
    assert of("sigmoid", "sum") == of("sigmoid", "mean")


def test_a_batch_in_another_order_has_the_same_loss() -> None:
    """So it does not matter which process holds which record."""
    a, b = unit(6, 4, seed=1), unit(6, 4, seed=2)
    said = torch.from_numpy((np.random.default_rng(0).random((6, 9)) < 0.4).astype(np.float32))
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    losses = [
        info_nce(x, y, scale=torch.tensor(9.0), positives=positive_pairs(s, "overlap"))
        for x, y, s in ((a, b, said), (a[order], b[order], said[order]))
    ]
    assert losses[0].item() == pytest.approx(losses[1].item(), rel=1e-6)


def test_positives_by_hand() -> None:
    """Jaccard overlap: two of three findings shared 2/3, same 1, none 0; a record without any is its own."""
    said = torch.tensor(
        [[1.0, 1, 1, 0], [1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    )
    overlap = positive_pairs(said, "overlap")
    assert overlap[0, :5].tolist() == pytest.approx([1, 2 / 3, 2 / 3, 0, 0])
    assert overlap[1, 2] == 1
    assert torch.equal(overlap[4:, 4:], torch.eye(2))
    assert torch.equal(overlap, overlap.T)
    identical = positive_pairs(said, "identical")
    assert torch.equal(identical, (overlap == 1).float())
    assert torch.equal(positive_pairs(said, "self"), torch.eye(6))


def test_sharpness_is_learned_only_where_asked() -> None:
    """Fixed at 1 / temperature for InfoNCE, trained for the sigmoid loss, and never above 100."""
    fixed = Sharpness(ContrastConfig())
    assert list(fixed.parameters()) == []
    assert fixed().tolist() == pytest.approx([1 / 0.07, 0.0])
    assert len(list(Sharpness(ContrastConfig(learn_temperature=True)).parameters())) == 1
    pairs = Sharpness(ContrastConfig(loss="sigmoid", temperature=0.1))
    assert len(list(pairs.parameters())) == 1
    assert pairs().tolist() == pytest.approx([10.0, -10.0])
    cold = Sharpness(ContrastConfig(temperature=1e-4))
    assert cold()[0].item() == pytest.approx(100.0)
