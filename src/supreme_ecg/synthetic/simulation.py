"""A heart becomes a 12-lead tracing.

A moving dipole (the heart vector) is drawn beat by beat and projected onto the leads. The truth
of every tracing is known, which is what tests, the demo and the documentation need. It is a
sketch of electrocardiography, not a patient: one dipole, one shape for each kind of beat, no
far-field detail, prevalences that no clinic has. Do not train or judge a clinical model on it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from supreme_ecg.records.record import Record
from supreme_ecg.synthetic.electrodes import Fault, Noise, apply_fault, noise_mv
from supreme_ecg.synthetic.heart import Heart
from supreme_ecg.synthetic.lead_field import derive_leads, vary_electrodes
from supreme_ecg.synthetic.morphology import make_shapes
from supreme_ecg.synthetic.rhythm import Schedule, make_schedule
from supreme_ecg.synthetic.shapes import draw


def simulate(
    heart: Heart,
    *,
    seed: int | np.random.SeedSequence,
    sampling_rate_hz: int = 500,
    duration_s: float = 10.0,
    noise: Noise | None = None,
    fault: Fault | None = None,
    record_id: str = "simulated",
) -> Record:
    """Record a heart.

    Args:
        heart: What is true of it.
        seed: All chance comes from here; rhythm, shapes and noise have streams of their own, so
            that the beats stay where they are when the sampling rate changes.
        sampling_rate_hz: Samples per second, 50 or more.
        duration_s: Length in seconds.
        noise: Disturbances; the usual ones of a quiet room where None.
        fault: An electrode or recorder fault to plant.
        record_id: Id of the record.

    Returns:
        The twelve standard leads in millivolts, float32. Without a fault they obey Einthoven's
        and Goldberger's equations to float precision, noise included, as in a real recorder.
    """
    sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    rhythm_rng, shape_rng, noise_rng, fault_rng = (_stream(sequence, k) for k in range(4))
    schedule = make_schedule(heart, duration_s=duration_s, rng=rhythm_rng)
    samples = round(duration_s * sampling_rate_hz)
    vector = _heart_vector(heart, schedule, samples, sampling_rate_hz, shape_rng)
    measured = vary_electrodes(shape_rng) @ vector.T
    measured += noise_mv(
        noise or Noise(),
        leads=len(measured),
        samples=samples,
        sampling_rate_hz=sampling_rate_hz,
        rng=noise_rng,
    )
    leads = derive_leads(measured)
    if fault is not None:
        leads = apply_fault(leads, fault, rng=fault_rng)
    return Record(id=record_id, leads=leads, sampling_rate_hz=float(sampling_rate_hz))


def schedule_of(
    heart: Heart, *, seed: int | np.random.SeedSequence, duration_s: float = 10.0
) -> Schedule:
    """When the beats of :func:`simulate` with this heart and seed occur."""
    sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    return make_schedule(heart, duration_s=duration_s, rng=_stream(sequence, 0))


def _heart_vector(
    heart: Heart,
    schedule: Schedule,
    samples: int,
    sampling_rate_hz: float,
    rng: np.random.Generator,
) -> Float[np.ndarray, "time axis"]:
    """The dipole over time, in mV."""
    shapes = make_shapes(heart, sampling_rate_hz=sampling_rate_hz, rng=rng)
    times = np.arange(samples) / sampling_rate_hz
    vector = _atrial_activity(heart, times, rng)
    for shape, events_s in (
        (shapes.p, schedule.p_s),
        (shapes.ectopic_p, schedule.ectopic_p_s),
        (shapes.qrst, schedule.qrs_s),
        (shapes.ventricular_qrst, schedule.ventricular_s),
        (shapes.spike, schedule.spikes_s),
    ):
        if len(events_s):
            draw(vector, shape, events_s, sampling_rate_hz=sampling_rate_hz)
    return vector


def _atrial_activity(
    heart: Heart, times: Float[np.ndarray, " time"], rng: np.random.Generator
) -> Float[np.ndarray, "time axis"]:
    """Fibrillatory or flutter waves; zeros in any other rhythm."""
    phase = rng.uniform(0, 2 * np.pi)
    if "atrial_fibrillation" in heart.conditions:
        wave_hz, size = rng.uniform(5.2, 7.4), rng.uniform(0.025, 0.05)
        drift = 1.6 * np.sin(2 * np.pi * rng.uniform(0.15, 0.35) * times + phase)
        angle = 2 * np.pi * wave_hz * times + drift
        swell = 1 + 0.45 * np.sin(2 * np.pi * rng.uniform(0.3, 0.7) * times)
        across = np.sin(angle) + 0.35 * np.sin(2 * angle + phase)
        along = np.sin(angle + 1.1) + 0.3 * np.sin(1.37 * angle)
        waves = np.stack([-0.3 * across, 0.8 * along, across], axis=1)
        return np.asarray(size * swell[:, None] * waves)
    if "atrial_flutter" in heart.conditions:
        angle = 2 * np.pi * heart.flutter_hz * (times + 3.0)
        tooth = np.sin(angle + 0.4) + np.sin(2 * angle + 0.4) / 2 + np.sin(3 * angle + 0.4) / 3
        return np.outer(rng.uniform(0.10, 0.15) * tooth, (-0.05, 1.0, 0.45))
    return np.zeros((len(times), 3))


def _stream(sequence: np.random.SeedSequence, stream: int) -> np.random.Generator:
    """Chance for one purpose, independent of what the others drew."""
    return np.random.default_rng(
        np.random.SeedSequence(sequence.entropy, spawn_key=(*sequence.spawn_key, stream))
    )
