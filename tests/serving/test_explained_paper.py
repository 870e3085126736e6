"""The picture of explanations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from supreme_ecg.errors import RecordError
from supreme_ecg.preprocessing.contract import SignalContract
from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.records.record import Record
from supreme_ecg.serving.explain import Explanation, TimeEvidence
from supreme_ecg.serving.explained_paper import colours_of, draw_explained, scale_of


def explanation(*, query: str = "LBBB", agreement: float = 0.6, exact: bool = True) -> Explanation:
    attribution = np.zeros((12, 100))
    attribution[6, 60:62], attribution[1, 10] = 0.5, -0.5
    evidence = TimeEvidence(times_s=np.arange(32) * 0.32, log_odds=np.ones(32) / 32, bias=-1.0)
    return Explanation(
        query=query,
        probability=0.873,
        logit=0.0,
        empty_logit=-0.5,
        leads=STANDARD_LEADS,
        attribution=attribution,
        occlusion=np.zeros((12, 20)),
        agreement=agreement,
        evidence=evidence if exact else None,
    )


def record(samples: int = 1000) -> Record:
    leads = {name: np.full(samples, 0.1, np.float32) for name in STANDARD_LEADS}
    return Record(id="r7", leads=leads, sampling_rate_hz=100)


def words(figure) -> str:
    return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def shaded(figure) -> np.ndarray:
    """Colours of the shaded cells on the paper."""
    found = [c.get_facecolor() for c in figure.axes[0].collections if len(c.get_facecolor())]
    return np.concatenate(found)


def test_query_probability_and_record_stand_on_the_sheet() -> None:
    """So that a picture that is passed on still says what it is of."""
    shown = words(draw_explained(record(), SignalContract(), [explanation()]))
    assert "LBBB" in shown
    assert "87.3%" in shown
    assert "r7" in shown
    assert "not what is wrong with the heart" in shown


def test_each_question_gets_a_sheet_below_the_last(tmp_path: Path) -> None:
    """In one picture, as long as it needs to be."""
    one = draw_explained(record(), SignalContract(), [explanation()])
    path = tmp_path / "two.png"
    both = [explanation(), explanation(query="AFIB")]
    two = draw_explained(record(), SignalContract(), both, path)
    assert two.get_figheight() == pytest.approx(2 * one.get_figheight())
    assert len(two.axes) == 2 * len(one.axes)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_what_speaks_for_and_against_has_its_own_colour_where_it_is() -> None:
    """Vermilion above 0, blue below; V1 at 6 s and II at 1 s are the only cells that are not clear."""
    colours = shaded(draw_explained(record(), SignalContract(), [explanation()]))
    visible = colours[colours[:, 3] > 0]
    red = visible[:, 0] > visible[:, 2]
    assert red.sum() == 2  # V1 in its column
    assert (~red).sum() == 2  # II in its column and in the rhythm strip


def test_colours_grow_with_the_size_and_stop_at_the_scale() -> None:
    """Opacity is symmetric about 0 and never above that of the scale."""
    weights = np.array([[-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]])
    opacity = colours_of(weights, 1.0)[0, :, 3]
    assert opacity[3] == 0
    assert opacity == pytest.approx(opacity[::-1])
    assert opacity[4] == pytest.approx(opacity[5] / 2)
    assert opacity[5] == opacity[6] < 1


def test_a_map_of_next_to_nothing_stays_pale() -> None:
    """The scale does not blow up noise to full colour."""
    assert scale_of(np.full((12, 100), 1e-4)) == pytest.approx(0.02)


def test_a_weak_agreement_is_written_on_the_sheet() -> None:
    """Where occlusion says something else, the reader is told."""
    assert "weak" in words(draw_explained(record(), SignalContract(), [explanation(agreement=0.1)]))
    assert "weak" not in words(draw_explained(record(), SignalContract(), [explanation()]))


def test_without_an_exact_sum_over_time_its_panel_is_left_out() -> None:
    """The decoder has none."""
    with_it = draw_explained(record(), SignalContract(), [explanation()])
    without = draw_explained(record(), SignalContract(), [explanation(exact=False)])
    assert len(without.axes) == len(with_it.axes) - 1


def test_the_part_that_was_explained_is_the_part_that_is_drawn() -> None:
    """A contract that keeps the centre of a long record shows the centre."""
    long = record(samples=2000)
    for samples in long.leads.values():
        samples[500:1500] = np.sin(np.arange(1000))
    figure = draw_explained(long, SignalContract(crop="centre"), [explanation()])
    drawn = max(figure.axes[0].lines, key=lambda line: len(line.get_ydata()))
    assert np.ptp(drawn.get_ydata()[:900]) == pytest.approx(
        20, abs=0.5
    )  # mm: all of it is the sine


def test_a_path_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """As the plain drawing does."""
    with pytest.raises(RecordError, match="no_folder"):
        draw_explained(
            record(), SignalContract(), [explanation()], tmp_path / "no_folder" / "x.png"
        )
