from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

from supreme_ecg.errors import RecordError
from supreme_ecg.records.leads import STANDARD_LEADS
from supreme_ecg.records.paper import Shading, draw_on_axes, draw_on_paper, make_figure
from supreme_ecg.records.record import Record


def make(leads: tuple[str, ...] = STANDARD_LEADS, *, spike_mv: float = 1.0) -> Record:
    """Leads at 0 mV with one spike of known height and time (at 0.5 s of every 2.5 s)."""
    samples = np.zeros(1000, np.float32)
    samples[50::250] = spike_mv
    return Record(id="e1", leads=dict.fromkeys(leads, samples), sampling_rate_hz=100.0, sex="male")


def words(figure: Figure) -> list[str]:
    """Every text in the picture."""
    return [text.get_text() for text in figure.axes[0].texts]


def traces(figure: Figure) -> list[np.ndarray]:
    """Coordinates (mm) of the drawn leads, longer than pulses and ticks."""
    lines = [line.get_xydata() for line in figure.axes[0].lines]
    return [np.asarray(line) for line in lines if len(line) > 10]


def test_the_scale_is_true() -> None:
    """A spike of 1 mV half a second into lead I is 12.5 mm from the margin and 10 mm high."""
    first = traces(draw_on_paper(make()))[0]
    top = first[first[:, 1].argmax()]
    assert top[0] - first[0, 0] == pytest.approx(12.5)
    assert top[1] - first[0, 1] == pytest.approx(10.0)


def test_the_axes_are_millimetres_of_the_printed_page() -> None:
    """Axis limits equal the figure's size in millimetres."""
    figure = draw_on_paper(make())
    axes = figure.axes[0]
    size_mm = np.array(figure.get_size_inches()) * 25.4
    np.testing.assert_allclose(size_mm, [axes.get_xlim()[1], axes.get_ylim()[1]])


def test_all_leads_and_the_rhythm_strip_are_named_and_the_purpose_is_stated() -> None:
    """Twelve names, II twice; id, sex, speed, gain and the research notice."""
    texts = words(draw_on_paper(make()))
    assert [text for text in texts if text in STANDARD_LEADS].count("II") == 2
    assert set(STANDARD_LEADS) <= set(texts)
    assert texts[-3] == "e1    age unknown    male    100 Hz"
    assert texts[-2:] == ["25 mm/s    10 mm/mV", "Research use only. Not for diagnosis."]


def test_a_title_takes_the_place_of_the_id() -> None:
    """The title leads the text line."""
    assert any(text.startswith("Demo    ") for text in words(draw_on_paper(make(), title="Demo")))


def test_absent_leads_stay_empty_and_say_so() -> None:
    """Of a record with I and V6 (any case), ten places of the grid and the strip are empty."""
    figure = draw_on_paper(make(("i", "v6")))
    assert words(figure).count("not recorded") == 11
    assert len(traces(figure)) == 2


def test_a_lead_of_nan_counts_as_not_recorded() -> None:
    """NaN is drawn as nothing."""
    record = Record(id="e", leads={"V1": np.full(500, np.nan, np.float32)}, sampling_rate_hz=100.0)
    assert words(draw_on_paper(record)).count("not recorded") == 13


def test_an_extreme_amplitude_is_cut_and_says_so() -> None:
    """30 mV stays within its row; ordinary amplitudes carry no such note."""
    figure = draw_on_paper(make(spike_mv=30.0))
    assert "V1 (cut at 4 mV)" in words(figure)
    heights = [np.ptp(line[:, 1]) for line in traces(figure)]
    assert max(heights) == pytest.approx(40.0)
    assert not any("cut" in text for text in words(draw_on_paper(make())))


def test_the_picture_is_saved_and_pyplot_is_left_alone(tmp_path: Path) -> None:
    """A PNG with ink on it, and no global state of matplotlib changed."""
    before = dict(mpl.rcParams)
    draw_on_paper(make(), tmp_path / "e.png")
    image = mpl.image.imread(tmp_path / "e.png")
    assert image.shape[1] > 1500
    assert (image[..., :3].max(axis=-1) < 0.3).sum() > 2000
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("spike_mv", [0.5, 2.7, 30.0])
def test_no_label_hides_a_wave(spike_mv: float) -> None:
    """The lead names of a row stand above its tallest sample."""
    figure = draw_on_paper(make(spike_mv=spike_mv))
    labels = [text for text in figure.axes[0].texts if text.get_text().startswith("aVR")]
    assert labels[0].get_position()[1] > max(line[:, 1].max() for line in traces(figure)[:4])


@pytest.mark.parametrize("name", ["no/such/folder/e.png", "e.ecg"])
def test_a_picture_that_cannot_be_written_is_one_clear_error(tmp_path: Path, name: str) -> None:
    """An absent folder and an unknown picture format are both reported."""
    with pytest.raises(RecordError, match="picture file"):
        draw_on_paper(make(), tmp_path / name)


def test_shading_is_drawn_behind_recorded_leads_only() -> None:
    """In the stretch of time that the lead shows; V1 stands third in its row, so at 5 to 7.5 s."""
    times = np.arange(1000) / 100
    leads = {name: np.sin(times).astype(np.float32) for name in ("I", "V1")}
    cells = np.tile([1.0, 0.0, 0.0, 0.5], (100, 1))
    figure = make_figure(270, 150)
    axes = figure.add_axes((0, 0, 1, 1))
    shading = Shading({"I": cells, "V1": cells, "V6": cells}, 0.1)
    draw_on_axes(axes, Record(id="r", leads=leads, sampling_rate_hz=100), shading=shading)
    (cells_drawn,) = [c for c in axes.collections if isinstance(c, PolyCollection)]
    left = np.array([path.vertices[:, 0].min() for path in cells_drawn.get_paths()])
    assert len(left) == 50
    assert left.min() == pytest.approx(15)  # mm: the paper's margin
    assert set(np.unique(left > 15 + 5 * 25 - 0.1)) == {False, True}
    assert left.max() == pytest.approx(15 + 7.4 * 25)
