"""A recording through the signal processing of the meter, stretch by stretch."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ampguard.metering.measurement import Analyser
from ampguard.metering.setup import NO_PHASE_ERROR, AnalyserSetup, Columns, PhaseError
from ampguard.readings import Measurement, VoltageEvent
from ampguard.recorder.decimation import decimated, factor_for
from ampguard.recorder.recording import MINIMUM_RATE_HZ
from ampguard.recorder.stream import blocks, head_samples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ampguard.recorder.recording import Recording
    from ampguard.recorder.signals import Selection, Signal
    from ampguard.recorder.stream import Block
    from ampguard.services.progress import Progress

Result: TypeAlias = Measurement | VoltageEvent

NOMINALS_HZ = (50.0, 60.0)
PUSH_SAMPLES = 4096
"""Samples handed over at once: some windows at most, so that results come while a long file is still read."""
HIGHEST_RATE_HZ = 50_000.0
"""Recordings made faster are decimated: fifty harmonics need far less."""
HIGHEST_FREQUENCY_HZ = 65.0
"""An end of a recording that is shorter than a cycle of it says nothing."""
LIVE_RATIO = 0.1
"""A phase with less than this share of the highest voltage says nothing about the reference voltage."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the user told about the grid."""

    nominal_frequency_hz: float | None = None
    reference_voltage_v: float | None = None
    infer_voltages: bool = False
    """Phases whose current is recorded and whose voltage is not have that of another one, turned by 120 degrees."""


@dataclass(frozen=True, slots=True)
class Grid:
    """What is known of the grid before anything is measured."""

    nominal_frequency_hz: float | None
    """Told by the user or the file; None = the analyser finds out."""
    likely_hz: float
    """50 or 60, from the beginning of the recording where the user does not tell: what a file states may be wrong."""
    reference_voltage_v: float | None
    infer_voltages: bool = False


def run(
    recording: Recording,
    selection: Selection,
    wishes: Wishes,
    progress: Progress,
) -> Iterator[Result]:
    """Measurements and events in order; times count from the first sample of the recording."""
    grid = grid_of(recording, selection, wishes)
    starts_s = stretch_starts_s(recording)
    for number, part in groupby(blocks(recording, selection), key=lambda block: block.stretch):
        sample_rate_hz = recording.stretches[number].sample_rate_hz
        if sample_rate_hz < MINIMUM_RATE_HZ:
            progress.say(
                f"{recording.path}: from {starts_s[number]:.4f} s on the rate is {sample_rate_hz:g} Hz: not measured "
                f"(at least {MINIMUM_RATE_HZ:g} Hz are needed)"
            )
            for _ in part:
                pass
            continue
        factor = factor_for(sample_rate_hz, HIGHEST_RATE_HZ)
        if factor > 1:
            reduced_hz = sample_rate_hz / factor
            progress.say(f"{recording.path}: {sample_rate_hz:g} Hz: measured at {reduced_hz:g} Hz, after a low-pass")
        setup = setup_for(selection, sample_rate_hz / factor, grid)
        yield from analysed(setup, decimated(part, factor), starts_s[number], progress)


def grid_of(recording: Recording, selection: Selection, wishes: Wishes) -> Grid:
    """The grid as the user says, else the file, else the beginning of the recording."""
    nominal_hz = wishes.nominal_frequency_hz or _standard(recording.nominal_frequency_hz)
    seen_hz, seen_v = _beginning(recording, selection)
    likely_hz = wishes.nominal_frequency_hz or seen_hz or nominal_hz or 50.0
    return Grid(nominal_hz, likely_hz, wishes.reference_voltage_v or seen_v, wishes.infer_voltages)


def analysed(
    setup: AnalyserSetup,
    part: Iterable[Block],
    start_s: float,
    progress: Progress,
) -> Iterator[Result]:
    """The results of one stretch that starts at `start_s`."""
    analyser = Analyser(setup)
    unbroken = 0
    for block in part:
        unbroken = len(block.samples) + (0 if block.lost_samples else unbroken)
        for first in range(0, len(block.samples), PUSH_SAMPLES):
            samples = block.samples[first : first + PUSH_SAMPLES]
            measured = analyser.push(samples, lost_samples=0 if first else block.lost_samples)
            yield from _shifted([*measured, *analyser.take_events()], start_s)
        progress.done(block.done_ratio)
    if unbroken >= setup.sample_rate_hz / HIGHEST_FREQUENCY_HZ:
        yield from _shifted([*analyser.finish(), *analyser.take_events()], start_s)


def setup_for(selection: Selection, sample_rate_hz: float, grid: Grid) -> AnalyserSetup:
    """How the analyser is to take the columns of Selection.signals."""
    position = {id(signal): index for index, signal in enumerate(selection.signals)}

    def column(signal: Signal | None) -> int | None:
        return None if signal is None else position[id(signal)]

    def error(signal: Signal | None) -> PhaseError:
        return NO_PHASE_ERROR if signal is None or not signal.skew_s else PhaseError(skew_s=signal.skew_s)

    return AnalyserSetup(
        sample_rate_hz=sample_rate_hz,
        columns=Columns(
            voltage=selection.voltage.map(column),
            current=selection.current.map(column),
            neutral_current=column(selection.neutral_current),
        ),
        nominal_frequency_hz=grid.nominal_frequency_hz,
        reference_voltage_v=grid.reference_voltage_v,
        voltage_phase_error=selection.voltage.map(error),
        current_phase_error=selection.current.map(error),
        ac_coupled=False,
        has_neutral=selection.has_neutral,
        infer_voltages=grid.infer_voltages,
    )


def stretch_starts_s(recording: Recording) -> list[float]:
    """When each stretch begins."""
    starts_s = [0.0]
    for stretch in recording.stretches[:-1]:
        starts_s.append(starts_s[-1] + (stretch.rows or 0) / stretch.sample_rate_hz)
    return starts_s


def _beginning(recording: Recording, selection: Selection) -> tuple[float | None, float | None]:
    """What the recording begins with: 50 or 60 Hz, and the RMS of its first two cycles, in the middle of live phases.

    A recording of an event starts before the event; without the user's word this is all that is known of the nominal
    voltage. None where no voltage is recorded.
    """
    count = sum(signal is not None for signal in selection.voltage)
    voltages = head_samples(recording, selection)[:, :count]
    voltages = voltages[np.isfinite(voltages).all(axis=1)]
    if not count or not len(voltages):
        return None, None
    sums = np.vstack([np.zeros(count), np.cumsum(voltages**2, axis=0)])
    ripple_rms_v: list[tuple[float, float]] = []
    for nominal_hz in NOMINALS_HZ:
        cycle = min(round(recording.stretches[0].sample_rate_hz / nominal_hz), len(voltages))
        squares = (sums[cycle:] - sums[:-cycle])[: cycle + 1] / cycle
        cycle_rms = np.sqrt(np.maximum(squares, 0.0))
        highest = cycle_rms.mean(axis=0).max()
        live = cycle_rms[:, cycle_rms.mean(axis=0) >= LIVE_RATIO * highest]
        # over a whole cycle the RMS stands still while the window slides, over another length it ripples
        ripple_rms_v.append((float(live.std(axis=0).sum()), float(np.median(live.mean(axis=0)))))
    steadier = 0 if ripple_rms_v[0] <= ripple_rms_v[1] else 1
    reference_v = ripple_rms_v[steadier][1]
    return (NOMINALS_HZ[steadier], reference_v) if reference_v > 0 else (None, None)


def _standard(frequency_hz: float | None) -> float | None:
    """50 or 60 where the file states something near it (instruments state 49.98 too); else None."""
    return next((hz for hz in NOMINALS_HZ if frequency_hz is not None and abs(frequency_hz - hz) < 5.0), None)  # noqa: PLR2004 - 45 to 65 Hz


def _shifted(results: Iterable[Result], start_s: float) -> Iterator[Result]:
    for result in results:
        yield replace(result, start_s=result.start_s + start_s)
