"""`ampguard measure --through-chip`: a recording played to the simulated board, and what the real driver reads of it.

The recording is brought to the size of the front end, played once behind a silence with a mark in it (as a clapperboard
marks the beginning of a scene), streamed by the driver at 8 kSPS, calibrated with the board's own memory, and scaled
back. The chip's input filters bound it: harmonics fall above 1.3 kHz, and DC is not measured.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ampguard.errors import SetupError
from ampguard.metering.calibration import Calibrator
from ampguard.metering.setup import PhaseError
from ampguard.phases import Phases
from ampguard.recorder.stream import Block, blocks
from ampguard.services.measure_run import analysed, grid_of, setup_for
from ampguard_drivers.ade9000.chip import Ade9000
from ampguard_drivers.ade9000.settings import Ade9000Settings
from ampguard_drivers.eeprom.store import IdentityStore
from ampguard_drivers.errors import StreamStalled
from ampguard_drivers.frontend import FRONT_ENDS, Variant
from ampguard_drivers.simulated.board import SimulatedBoard
from ampguard_drivers.simulated.clocks import VirtualClock
from ampguard_drivers.simulated.front_end import FrontEndModel
from ampguard_drivers.simulated.recording import RecordingSupply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ampguard.metering.setup import AnalyserSetup
    from ampguard.recorder.recording import Recording, Samples
    from ampguard.recorder.signals import Selection, Signal
    from ampguard.services.measure_run import Result, Wishes
    from ampguard.services.progress import Progress
    from ampguard_drivers.eeprom.records import Calibration
    from ampguard_drivers.samples import SampleBlock

VARIANT = Variant.ONE_MODULE
INPUTS = 7
USED_RATIO = 0.9
"""Of the converter's range, by the highest peak of a recording that has to be scaled down."""
SILENCE_S, MARK_S, RUN_IN_S, TAIL_S = 1.0, 0.9, 0.5, 0.02
"""Silence; the mark's middle in it; a repetition of the first cycles, in which the filters settle; a mirrored end."""
MARK_HZ, MARK_RATIO = 500.0, 0.5
"""The mark is one cycle of this, so much of the converter's range."""


def through_chip(recording: Recording, selection: Selection, wishes: Wishes, progress: Progress) -> Iterator[Result]:
    """What a unit would have measured. Raises SetupError where the recording cannot be played, HardwareFault."""
    sample_rate_hz = recording.stretches[0].sample_rate_hz
    grid = grid_of(recording, selection, wishes)
    samples = _whole(recording, selection)
    inputs = _inputs(selection)
    played = np.zeros((len(samples), INPUTS))
    played[:, inputs] = samples
    full_scale = _full_scale()
    shrink = _shrink(np.abs(played).max(axis=0) / full_scale)
    sizes = [
        f"1/{ratio:.4g} of its {what}" for ratio, what in ((shrink[1], "voltage"), (shrink[0], "current")) if ratio > 1
    ]
    if sizes:
        progress.say(
            f"{recording.path}: too large for the front end: played at {' and '.join(sizes)}, results scaled back"
        )
    supply = RecordingSupply(_scene(played / shrink, sample_rate_hz, full_scale), sample_rate_hz)
    board = SimulatedBoard(supply, front_end=FrontEndModel(VARIANT), clock=VirtualClock())
    parts = board.metering
    calibration = IdentityStore(parts.i2c, parts.clock, parts.eeprom_address).read_calibration()
    chip = Ade9000(parts, Ade9000Settings(nominal_frequency_hz=grid.likely_hz, nominal_voltage_ratio=0.5))
    chip.start()
    try:
        stream = _Stream(chip, calibration, shrink, len(samples) / sample_rate_hz)
        setup = _with_board(setup_for(selection, stream.sample_rate_hz, grid), calibration)
        yield from analysed(setup, stream.blocks(inputs), 0.0, progress)
    finally:
        chip.stop()


class _Stream:
    """What the driver reads, in volts and amperes of the recording, from the mark on."""

    def __init__(self, chip: Ade9000, calibration: Calibration, shrink: Samples, duration_s: float) -> None:
        self._chip = chip
        self._calibrator = Calibrator(calibration)
        self._shrink = shrink
        first = chip.next_block()
        self.sample_rate_hz = first.sample_rate_hz * (1.0 + calibration.sample_rate_error_ratio)
        self._early: list[Samples] = [self._calibrated(first)]
        self._count = round(duration_s * self.sample_rate_hz)

    def blocks(self, inputs: Sequence[int]) -> Iterator[Block]:
        """From the recording's first sample to its last."""
        before = self._before_the_recording()
        while sum(map(len, self._early)) <= before:
            self._early.append(self._calibrated(self._chip.next_block()))
        ready = np.concatenate(self._early)[before:]
        self._early.clear()
        read = 0
        while read < self._count:
            part = ready[: self._count - read]
            read += len(part)
            if len(part):
                yield Block(part[:, inputs], 0, 0, read / self._count)
            if read < self._count:
                ready = self._calibrated(self._chip.next_block())

    def _before_the_recording(self) -> int:
        """How many samples come before it, told by the mark: the middle of its energy."""
        wanted = math.ceil((SILENCE_S + 0.02) * self.sample_rate_hz)
        while sum(map(len, self._early)) < wanted:
            self._early.append(self._calibrated(self._chip.next_block()))
        energy = ((np.concatenate(self._early)[:wanted] / (self._shrink * _full_scale())) ** 2).sum(axis=1)
        loud = np.flatnonzero(energy > INPUTS * (0.2 * MARK_RATIO) ** 2)
        if not len(loud):
            raise StreamStalled("the mark before the recording was played, and did not come out of the chip")
        around = slice(max(0, loud[0] - 16), loud[0] + math.ceil(2 * self.sample_rate_hz / MARK_HZ))
        middle = np.average(np.arange(wanted)[around], weights=energy[around])
        return round(float(middle) + (SILENCE_S - MARK_S + RUN_IN_S) * self.sample_rate_hz)

    def _calibrated(self, block: SampleBlock) -> Samples:
        if block.lost_samples:
            raise StreamStalled(f"{block.lost_samples} samples were lost between the simulated chip and the driver")
        return self._calibrator.physical(block) * self._shrink


def _inputs(selection: Selection) -> list[int]:
    """The converter's input for each of Selection.signals: current and voltage of L1, L2, L3, then N."""
    placed: list[tuple[Signal | None, int]] = [(signal, 2 * k + 1) for k, signal in enumerate(selection.voltage)]
    placed += [(signal, 2 * k) for k, signal in enumerate(selection.current)]
    placed.append((selection.neutral_current, INPUTS - 1))
    return [number for signal, number in placed if signal is not None]


def _whole(recording: Recording, selection: Selection) -> Samples:
    """All samples; a recording with gaps or several rates cannot be played."""
    parts: list[Samples] = []
    for block in blocks(recording, selection):
        if block.lost_samples or block.stretch:
            what = "samples are missing in it" if block.lost_samples else "it has more than one sample rate"
            raise SetupError(f"{recording.path}: cannot be played through the chip: {what}")
        parts.append(block.samples)
    if not parts:
        raise SetupError(f"{recording.path}: there is no sample to be played")
    return np.concatenate(parts)


def _full_scale() -> Samples:
    """Amperes and volts that drive the inputs to their peaks."""
    front_end = FRONT_ENDS[VARIANT]
    pair = [front_end.amperes_per_adc_volt, front_end.volts_per_adc_volt]
    return np.array([*pair, *pair, *pair, front_end.amperes_per_adc_volt])


def _shrink(peak_ratio: Samples) -> Samples:
    """By how much each input is made smaller: all currents alike, all voltages alike, nothing that fits."""
    currents, voltages = np.array([0, 2, 4, 6]), np.array([1, 3, 5])
    shrink = np.ones(INPUTS)
    for group in (currents, voltages):
        if peak_ratio[group].max() > USED_RATIO:
            shrink[group] = peak_ratio[group].max() / USED_RATIO
    return shrink


def _scene(played: Samples, sample_rate_hz: float, full_scale: Samples) -> Samples:
    """Silence with the mark, the first cycles over and over, the recording, its end mirrored."""
    silence = np.zeros((round(SILENCE_S * sample_rate_hz), INPUTS))
    times_s = np.arange(len(silence)) / sample_rate_hz - MARK_S
    inside = np.abs(times_s) < 0.5 / MARK_HZ
    mark = np.where(inside, np.sin(2 * math.pi * MARK_HZ * times_s), 0.0)
    silence += MARK_RATIO * mark[:, None] * full_scale
    length = _period(played / full_scale, sample_rate_hz)
    wanted = round(RUN_IN_S * sample_rate_hz)
    run_in = np.tile(played[:length], (wanted // length + 1, 1))[-wanted:]
    end = played[::-1][1 : 1 + round(TAIL_S * sample_rate_hz)]
    return np.vstack([silence, run_in, played, end])


def _period(played: Samples, sample_rate_hz: float) -> int:
    """After how many samples, at most ten cycles, the recording's beginning fits best behind itself."""
    shortest, probe = round(sample_rate_hz / 65.0), round(sample_rate_hz / 100.0)
    longest = min(round(sample_rate_hz / 5.0), len(played) - probe)
    if longest <= shortest:
        return len(played)
    misfit = [float(((played[n : n + probe] - played[:probe]) ** 2).sum()) for n in range(shortest, longest + 1)]
    return shortest + int(np.argmin(misfit))


def _with_board(setup: AnalyserSetup, calibration: Calibration) -> AnalyserSetup:
    """The board's phase errors beside those of the recording; the converter's offset is no DC."""

    def both(recorded: Phases[PhaseError], channels: Phases[int]) -> Phases[PhaseError]:
        return Phases.of(
            PhaseError(calibration.channels[channel].phase_lead_deg, error.skew_s)
            for error, channel in zip(recorded, channels, strict=True)
        )

    return replace(
        setup,
        voltage_phase_error=both(setup.voltage_phase_error, Phases(1, 3, 5)),
        current_phase_error=both(setup.current_phase_error, Phases(0, 2, 4)),
        ac_coupled=True,
    )
