"""What the picture of a recording shows, gathered in a second pass over it: some cycles, and the RMS over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ampguard.recorder.stream import blocks
from ampguard.services.measure_run import stretch_starts_s
from ampguard.services.plot import Trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard.recorder.recording import Recording, Samples
    from ampguard.recorder.signals import Selection, Signal

SHOWN_CYCLES, CYCLES_BEFORE = 6, 2
"""How much of the waveforms is drawn, and how much of that before the event, if there is one."""


def gather(
    recording: Recording, selection: Selection, frequency_hz: float, event_s: float | None
) -> tuple[Trace, Trace]:
    """The waveforms around the event (else from the start), and the RMS of one cycle, every half cycle."""
    begin_s = max(0.0, (event_s or 0.0) - CYCLES_BEFORE / frequency_hz)
    end_s = begin_s + SHOWN_CYCLES / frequency_hz
    waves: list[tuple[Samples, Samples]] = []
    rms: list[tuple[Samples, Samples]] = []
    for start_s, sample_rate_hz, samples in _runs(recording, selection):
        times_s = start_s + np.arange(len(samples)) / sample_rate_hz
        shown = (times_s >= begin_s) & (times_s <= end_s)
        if shown.any():
            waves.append((times_s[shown], samples[shown]))
        rms.append(_cycle_rms(start_s, sample_rate_hz, samples, frequency_hz))
    return _trace(selection, waves), _trace(selection, rms)


def _runs(recording: Recording, selection: Selection) -> Iterator[tuple[float, float, Samples]]:
    """Start, rate and samples of pieces of the recording, each some cycles longer than its neighbours' seam."""
    starts_s = stretch_starts_s(recording)
    stretch, position = -1, 0
    for block in blocks(recording, selection):
        if block.stretch != stretch:
            stretch, position = block.stretch, 0
        position += block.lost_samples
        rate_hz = recording.stretches[stretch].sample_rate_hz
        yield starts_s[stretch] + position / rate_hz, rate_hz, block.samples
        position += len(block.samples)


def _cycle_rms(start_s: float, sample_rate_hz: float, samples: Samples, frequency_hz: float) -> tuple[Samples, Samples]:
    """RMS over whole cycles, one value each half cycle; edges between samples are interpolated in the running sum."""
    half = sample_rate_hz / frequency_hz / 2
    count = int(len(samples) / half)
    sums = np.vstack([np.zeros(samples.shape[1]), np.cumsum(samples**2, axis=0)])
    edges = np.arange(count + 1) * half
    whole = np.minimum(edges.astype(np.int64), len(samples) - 1)
    at_edges = sums[whole] + (edges - whole)[:, None] * (sums[whole + 1] - sums[whole])
    squares = np.maximum(at_edges[2:] - at_edges[:-2], 0.0) / (2 * half)
    return np.asarray(start_s + edges[1:-1] / sample_rate_hz, dtype=np.float64), np.sqrt(squares)


def _trace(selection: Selection, parts: list[tuple[Samples, Samples]]) -> Trace:
    times_s = np.concatenate([times for times, _ in parts] or [np.zeros(0)])
    values = np.concatenate([values for _, values in parts] or [np.zeros((0, len(selection.signals)))])
    position = {id(signal): index for index, signal in enumerate(selection.signals)}

    def column(signal: Signal | None) -> Samples | None:
        return None if signal is None else values[:, position[id(signal)]]

    return Trace(
        times_s=times_s,
        voltage=selection.voltage.map(column),
        current=selection.current.map(column),
        neutral_current=column(selection.neutral_current),
    )
