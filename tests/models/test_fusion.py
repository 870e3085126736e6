"""The fusion of text queries and ECG tokens, in its forms."""

from __future__ import annotations

import pytest
import torch

from supreme_ecg.models.dot_product import DotProductConfig
from supreme_ecg.models.fusion import DecoderConfig
from supreme_ecg.models.fusions import Fusion, build_fusion
from supreme_ecg.models.linear_head import LinearHead, LinearHeadConfig
from supreme_ecg.models.pooling import PoolingConfig, QueriedPooling

PAPER = DecoderConfig(
    width=32, interacting_queries=True, query_head=False, normalise_tokens=True, whiten_text=False
)
FORMS = {
    "pooling": PoolingConfig(width=32),
    "decoder": DecoderConfig(width=32),
    "paper": PAPER,
    "dot_product": DotProductConfig(width=32),
}


def network(form: str = "pooling") -> Fusion:
    torch.manual_seed(0)
    fusion = build_fusion(FORMS[form], token_width=24, text_width=16).eval()
    for parameter in fusion.parameters():  # large enough for differences to show
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    return fusion


def answers(fusion: Fusion, queries: torch.Tensor) -> torch.Tensor:
    tokens = torch.randn(3, 10, 24, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return fusion(tokens, queries)


@pytest.mark.parametrize("form", ["pooling", "decoder", "dot_product"])
def test_an_answer_does_not_depend_on_what_else_is_asked(form: str) -> None:
    """Traps 18: the logit of a query alone equals its logit among 71."""
    queries, fusion = torch.randn(71, 16), network(form)
    alone = answers(fusion, queries[5:6])
    torch.testing.assert_close(alone[:, 0], answers(fusion, queries)[:, 5], rtol=0, atol=1e-5)


def test_in_the_papers_form_an_answer_does_depend_on_what_else_is_asked() -> None:
    """With attention among queries the same logit moves, which is why it is not the default."""
    queries = torch.randn(71, 16)
    fusion = network("paper")
    alone, among = answers(fusion, queries[5:6])[:, 0], answers(fusion, queries)[:, 5]
    assert (alone - among).abs().max() > 1e-3


@pytest.mark.parametrize("form", FORMS)
def test_masked_tokens_change_nothing(form: str) -> None:
    """Whatever stands in a masked token, the logits stay."""
    fusion, queries = network(form), torch.randn(4, 16)
    tokens = torch.randn(2, 10, 24)
    mask = torch.ones(2, 10, dtype=torch.bool)
    mask[:, 7:] = False
    other = tokens.clone()
    other[:, 7:] = 100.0
    with torch.no_grad():
        torch.testing.assert_close(fusion(tokens, queries, mask), fusion(other, queries, mask))
        assert not torch.allclose(fusion(tokens, queries), fusion(other, queries))


@pytest.mark.parametrize("form", FORMS)
def test_every_weight_learns(form: str) -> None:
    """One backward pass reaches every parameter."""
    fusion = network(form).train()
    fusion(torch.randn(2, 10, 24), torch.randn(4, 16)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in fusion.parameters())


def test_whitening_spreads_texts_that_lie_close_together() -> None:
    """Vectors with a cosine of over 0.9 to each other come out nearly orthogonal."""
    vectors = torch.nn.functional.normalize(torch.ones(16) + 0.2 * torch.randn(40, 16), dim=1)
    assert (vectors @ vectors.T).mean() > 0.9
    fusion = network()
    fusion.fit_text(vectors)
    spread = fusion.from_text.spread(vectors)
    spread = torch.nn.functional.normalize(spread, dim=1)
    assert (spread @ spread.T - torch.eye(40)).abs().mean() < 0.3


def test_whitening_is_saved_with_the_weights() -> None:
    """A network that loads the state of a fitted one gives its answers."""
    fitted, fresh = network(), network()
    fitted.fit_text(torch.randn(40, 16))
    assert not torch.allclose(answers(fitted, torch.ones(1, 16)), answers(fresh, torch.ones(1, 16)))
    fresh.load_state_dict(fitted.state_dict())
    assert torch.equal(answers(fitted, torch.ones(1, 16)), answers(fresh, torch.ones(1, 16)))


def test_the_papers_form_takes_texts_as_they_are() -> None:
    """Without whitening there is nothing to fit and nothing to save."""
    plain = network("paper")
    before = plain.state_dict()
    plain.fit_text(torch.randn(40, 16))
    assert before.keys() == plain.state_dict().keys()
    assert not any(key.endswith("whitening") for key in before)


def test_the_logit_of_pooling_is_a_sum_over_time() -> None:
    """With one token only, the logit is the evidence in it plus the query's bias, at any attention."""
    fusion, queries = network(), torch.randn(4, 16)
    token = torch.randn(1, 1, 24)
    with torch.no_grad():
        torch.testing.assert_close(fusion(token, queries), fusion(token.expand(1, 9, 24), queries))
        bias = fusion(torch.zeros(1, 1, 24), queries)
        assert not torch.allclose(fusion(token, queries), bias)


@pytest.mark.parametrize("masked", [False, True])
def test_the_contributions_of_tokens_sum_with_the_bias_to_the_logit(masked: bool) -> None:
    """To 1e-5 for every ECG and query; a masked token contributes nothing."""
    fusion, queries, tokens = network(), torch.randn(4, 16), torch.randn(3, 10, 24)
    assert isinstance(fusion, QueriedPooling)
    mask = torch.arange(10).expand(3, -1) < 7 if masked else None
    with torch.no_grad():
        parts, bias = fusion.contributions(tokens, queries, mask)
        logits = fusion(tokens, queries, mask)
    torch.testing.assert_close(parts.sum(dim=-1) + bias, logits, rtol=0, atol=1e-5)
    assert parts[:, :, 7:].any() != masked


def linear_head() -> tuple[LinearHead, torch.Tensor]:
    """A linear head that was told five names."""
    names = torch.nn.functional.normalize(torch.randn(5, 16), dim=1)
    head = LinearHead(LinearHeadConfig(rows=8), token_width=24, text_width=16).eval()
    head.fit_text(names)
    return head, names


def test_the_linear_head_answers_by_the_nearest_trained_name() -> None:
    """A query near the third name gets the third row, whatever else is asked."""
    head, names = linear_head()
    near = names[2:3] + 0.01 * torch.randn(1, 16)
    assert torch.equal(answers(head, near)[:, 0], answers(head, names)[:, 2])


def test_the_linear_head_never_answers_by_an_empty_row() -> None:
    """A query opposite to all names still gets one of the trained rows."""
    head, names = linear_head()
    (rows,) = head.prepare(-names.sum(dim=0, keepdim=True))
    assert int(rows.max()) < len(names)


def test_the_linear_head_leaves_masked_tokens_out_of_its_mean() -> None:
    """Whatever stands in a masked token, the logits stay."""
    head, names = linear_head()
    tokens, mask = torch.randn(2, 10, 24), torch.ones(2, 10, dtype=torch.bool)
    mask[:, 7:] = False
    torch.testing.assert_close(head(tokens, names, mask), head(tokens[:, :7], names))
