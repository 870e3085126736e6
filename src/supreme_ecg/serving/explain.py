"""Which leads and which moments an answer rests on.

Integrated gradients (Sundararajan et al. 2017, arXiv 1703.01365) from the empty window (0 mV: "not
recorded") to the ECG: every sample of every lead gets a share of the logit, and the shares sum to
the logit of this ECG less that of the empty window (completeness). Occlusion is the second opinion.
Where the model fuses by pooling, its logit is a sum over time by construction, and that sum is given
too. All three say what this model used, not what is wrong with the heart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
from jaxtyping import Float

from supreme_ecg.models.asked import Asked
from supreme_ecg.models.encoder import encode_windows
from supreme_ecg.models.supreme import SuPreME
from supreme_ecg.models.token_times import token_times_s
from supreme_ecg.preprocessing.window import Window, make_window
from supreme_ecg.records.record import Record
from supreme_ecg.serving.ask import Reply
from supreme_ecg.serving.occlusion import SPAN_S, occlude

CELL_S: Final = 0.1
"""Attribution is summed over cells of this length: about a QRS complex."""
STEPS: Final = 48
"""Points of the integral (Gauss-Legendre); more change a map less than its colours show."""
WEAK_AGREEMENT: Final = 0.3
"""Rank correlation with occlusion below which a map should not be relied on."""

_TOP_SPANS, _TOP_SPAN_CELLS = 3, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeEvidence:
    """What fusion by pooling adds up to a logit."""

    times_s: Float[np.ndarray, " token"]
    """Middle of each token, seconds from the start of the window."""
    log_odds: Float[np.ndarray, " token"]
    """What each token adds."""
    bias: float
    """What the query starts from; with ``log_odds`` it sums to the logit."""


@dataclass(frozen=True, slots=True)
class TopSpan:
    """A stretch of time that speaks for a finding."""

    start_s: float
    end_s: float
    log_odds: float
    """Attribution of all leads in it, above 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What the answer to one question rests on. Log-odds; above 0 speaks for the finding."""

    query: str
    """The question as it was asked."""
    probability: float
    """From 0 to 1."""
    logit: float
    """Log-odds of the answer, before any calibration."""
    empty_logit: float
    """Log-odds that the model gives to an empty window."""
    leads: tuple[str, ...]
    """Names of the rows below."""
    attribution: Float[np.ndarray, "lead cell"]
    """Integrated gradients, summed over cells of :data:`CELL_S` seconds (the last may be shorter)."""
    occlusion: Float[np.ndarray, "lead span"]
    """Fall of the logit without each patch of :data:`supreme_ecg.serving.occlusion.SPAN_S` seconds."""
    agreement: float
    """Rank correlation of both over the patches of recorded leads, -1 to 1; NaN where one is flat."""
    evidence: TimeEvidence | None
    """The exact sum over time; None where the fusion is not by pooling."""

    @property
    def unexplained(self) -> float:
        """What the attribution fails to sum to: the error of the integral, in log-odds."""
        return float(self.logit - self.empty_logit - self.attribution.sum())

    @property
    def lead_sums(self) -> dict[str, float]:
        """Attribution of each lead over the whole window."""
        sums = self.attribution.sum(axis=1)
        return dict(zip(self.leads, map(float, sums), strict=True))

    @property
    def top_spans(self) -> tuple[TopSpan, ...]:
        """Up to three stretches of 0.6 s that speak for the finding most, strongest first, disjoint."""
        by_time = self.attribution.sum(axis=0).astype(float)
        width = min(_TOP_SPAN_CELLS, len(by_time))
        sums = np.convolve(by_time, np.ones(width), mode="valid")
        found = []
        for _ in range(_TOP_SPANS):
            first = int(sums.argmax())
            if not sums[first] > 0:
                break
            start_s, end_s = round(first * CELL_S, 3), round((first + width) * CELL_S, 3)
            found.append(TopSpan(start_s, end_s, float(sums[first])))
            sums[max(0, first - width + 1) : first + width] = -np.inf
        return tuple(found)

    def describe(self) -> str:
        """The same in a line: strongest leads and moments, and how far occlusion agrees."""
        strongest = sorted(self.lead_sums.items(), key=lambda item: -item[1])[:3]
        leads = ", ".join(lead for lead, value in strongest if value > 0) or "no lead"
        spans = ", ".join(f"{s.start_s:.1f}-{s.end_s:.1f} s" for s in self.top_spans) or "nowhere"
        return f"what speaks for it: {leads}; {spans}; occlusion agrees {self.agreement_text}"

    @property
    def agreement_text(self) -> str:
        """The agreement as a number, and a word where it is too low to rely on the map."""
        if np.isnan(self.agreement):
            return "not measurably (flat map)"
        weak = " (weak: do not rely on the details)" if self.agreement < WEAK_AGREEMENT else ""
        return f"{self.agreement:.2f}{weak}"

    def to_json(self) -> dict[str, Any]:
        """Plain values: lead sums, top spans, agreement, and the sum over time where there is one."""
        values: dict[str, Any] = {
            "query": self.query,
            "logit": round(self.logit, 4),
            "empty_logit": round(self.empty_logit, 4),
            "unexplained": round(self.unexplained, 4),
            "lead_sums": {lead: round(value, 4) for lead, value in self.lead_sums.items()},
            "top_spans": [
                {"start_s": s.start_s, "end_s": s.end_s, "log_odds": round(s.log_odds, 4)}
                for s in self.top_spans
            ],
            "occlusion_agreement": None if np.isnan(self.agreement) else round(self.agreement, 3),
            "evidence_by_time": None,
        }
        if self.evidence is not None:
            values["evidence_by_time"] = {
                "bias": round(self.evidence.bias, 4),
                "times_s": [round(float(t), 3) for t in self.evidence.times_s],
                "log_odds": [round(float(x), 4) for x in self.evidence.log_odds],
            }
        return values


def explain(
    model: SuPreME, window: Window, queries: Sequence[str], *, steps: int = STEPS
) -> tuple[Explanation, ...]:
    """Explain the answers to questions about one ECG.

    Args:
        model: A trained model, with fusion of either form.
        window: The ECG.
        queries: Questions in words.
        steps: Points of the integral, 1 or more.

    Returns:
        One explanation per question, in their order.

    Raises:
        QueryError: No question, or an empty one.
    """
    model.eval()
    device = next(model.parameters()).device
    asked = model.asked(queries).to(device)
    signal = torch.from_numpy(window.signal).to(device)
    mask = torch.from_numpy(window.sample_mask).to(device)
    with torch.no_grad():
        ends = model(torch.stack([torch.zeros_like(signal), signal]), mask.expand(2, -1), asked)
    empty_logits, logits = ends.cpu().double().numpy()
    gradients = _integrated_gradients(model, signal, mask, asked, steps=steps)
    attribution = _sum_spans(gradients, window, CELL_S)
    coarse = _sum_spans(gradients, window, SPAN_S)
    occlusion = occlude(model, window, queries)
    evidence = _time_evidence(model, signal, mask, asked)
    return tuple(
        Explanation(
            query=query,
            probability=float(1 / (1 + np.exp(-logits[q]))),
            logit=float(logits[q]),
            empty_logit=float(empty_logits[q]),
            leads=window.contract.leads,
            attribution=attribution[q],
            occlusion=occlusion[q],
            agreement=rank_correlation(coarse[q][window.lead_mask], occlusion[q][window.lead_mask]),
            evidence=evidence[q],
        )
        for q, query in enumerate(queries)
    )


def explain_reply(model: SuPreME, record: Record, reply: Reply) -> tuple[Explanation, ...]:
    """Explain the answers of :func:`supreme_ecg.serving.ask.ask` with the same model and record.

    Args:
        model: A trained model.
        record: The ECG.
        reply: What was answered.

    Returns:
        One explanation per answer that has a probability, in their order, with the question as it was
        typed and the probability as it was given.
    """
    scored = [answer for answer in reply.answers if answer.asked_as is not None]
    if not scored:
        return ()
    window = make_window(record, model.contract)
    asked = [answer.asked_as or "" for answer in scored]
    return tuple(
        replace(one, query=answer.query, probability=answer.probability or 0.0)
        for one, answer in zip(explain(model, window, asked), scored, strict=True)
    )


def rank_correlation(a: Float[np.ndarray, "*n"], b: Float[np.ndarray, "*n"]) -> float:
    """Spearman's rank correlation of two maps, -1 to 1; NaN where one of them is flat."""
    from scipy.stats import rankdata  # noqa: PLC0415  half a second to import

    ranks = np.stack([rankdata(x.ravel()) for x in (a, b)])
    if not ranks.std(axis=1).all():
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])


def attribute(
    model: SuPreME, window: Window, queries: Sequence[str], *, steps: int = STEPS
) -> Float[np.ndarray, "query lead cell"]:
    """Integrated gradients alone, summed over cells of :data:`CELL_S` seconds.

    Args:
        model: A model.
        window: The ECG.
        queries: Questions in words.
        steps: Points of the integral, 1 or more.

    Raises:
        QueryError: No question, or an empty one.
    """
    model.eval()
    device = next(model.parameters()).device
    signal, mask = (torch.from_numpy(x).to(device) for x in (window.signal, window.sample_mask))
    asked = model.asked(queries).to(device)
    gradients = _integrated_gradients(model, signal, mask, asked, steps=steps)
    return _sum_spans(gradients, window, CELL_S)


def _integrated_gradients(
    model: SuPreME,
    signal: Float[torch.Tensor, "lead time"],
    mask: torch.Tensor,
    asked: Asked,
    *,
    steps: int,
) -> Float[np.ndarray, "query lead time"]:
    """Mean gradient on the way from the empty window to the ECG, times the ECG; float64."""
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    shares = torch.from_numpy((nodes + 1) / 2).to(signal)[:, None, None]
    on_the_way = (shares * signal).requires_grad_()
    logits = model(on_the_way, mask.expand(steps, -1), asked)
    found = []
    for of_query in logits.unbind(dim=1):
        (gradient,) = torch.autograd.grad(of_query.sum(), on_the_way, retain_graph=True)
        mean = np.tensordot(weights / 2, gradient.cpu().double().numpy(), axes=1)
        found.append(mean * signal.cpu().double().numpy())
    return np.stack(found)


def _sum_spans(
    samples: Float[np.ndarray, "query lead time"], window: Window, span_s: float
) -> Float[np.ndarray, "query lead span"]:
    step = round(span_s * window.contract.sampling_rate_hz)
    return np.add.reduceat(samples, np.arange(0, samples.shape[-1], step), axis=-1)


@torch.no_grad()
def _time_evidence(
    model: SuPreME,
    signal: Float[torch.Tensor, "lead time"],
    mask: torch.Tensor,
    asked: Asked,
) -> list[TimeEvidence | None]:
    """The sum over tokens for each query, where the fusion has one."""
    tokens, seen = encode_windows(model.encoder, signal[None], mask[None])
    contributions = model.contributions(tokens, asked, seen)
    if contributions is None:
        return [None] * len(asked)
    log_odds, bias = contributions
    times_s = token_times_s(model.parts.encoder, contract=model.contract, tokens=tokens.shape[1])
    return [
        TimeEvidence(times_s=times_s, log_odds=of_query.cpu().numpy(), bias=float(start))
        for of_query, start in zip(log_odds[0], bias, strict=True)
    ]
