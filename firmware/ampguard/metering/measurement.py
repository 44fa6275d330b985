"""What one window says: RMS, angles, powers, harmonics, order and unbalance, as far as they can be known."""

from __future__ import annotations

import cmath
import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from ampguard.metering.dsp.fourier import carrier, harmonic_phasors, moments, without_fundamental
from ampguard.metering.dsp.spectrum import (
    HIGHEST_IN_THD,
    RESOLVED_CYCLES,
    harmonics,
    highest_harmonic,
    noise_floor,
    power_spectrum,
)
from ampguard.metering.dsp.symmetrical import symmetrical_components
from ampguard.metering.halfcycle import HalfCycles
from ampguard.metering.inferred import STAR_PER_HALF_LINE, from_pair, from_phases
from ampguard.metering.setup import NO_PHASE_ERROR, AnalyserSetup, PhaseError
from ampguard.metering.window import Window, WindowStream
from ampguard.phases import LinePairs, PhaseOrder, Phases
from ampguard.readings import Measurement, Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ampguard.metering.dsp.quadrature import Borders
    from ampguard.readings import VoltageEvent

    Floats: TypeAlias = NDArray[np.float64]

SIGNIFICANT_SIGMAS = 5.0
"""A fundamental counts when it stands so far above the noise of its own channel."""
DEAD_RATIO = 0.05
"""A voltage below this share of the highest one is a missing phase."""
HALF_TURN_DEG = 180.0
_TINY = 1e-300
CLEAR_ORDER_RATIO = 0.9
"""Phase order is told when the weaker sequence is at most so strong."""


class Analyser:
    """Samples in, measurements and voltage events out; results do not depend on how the samples are cut into pieces."""

    def __init__(self, setup: AnalyserSetup) -> None:
        self._setup = setup
        columns = setup.columns
        self._stream = WindowStream(
            setup.sample_rate_hz,
            setup.nominal_frequency_hz,
            _there(columns.voltage),
            _there(columns.current),
            setup.star_columns,
        )
        self._half_cycles = HalfCycles(setup.sample_rate_hz, columns.voltage, setup.reference_voltage_v)
        self._ended: list[VoltageEvent] = []
        """Events of half cycles that are followed no more."""

    def take_up(self, setup: AnalyserSetup) -> None:
        """This holds as of the next window; no sample is lost, for they are held as they came, by input.

        The sample rate is the chip's and stays. An event that lasts ends here where voltages have changed places, or
        are referred to something else: its values are those of other phases, or of another scale.
        """
        before, self._setup = self._setup, setup
        columns = setup.columns
        self._stream.look_at(_there(columns.voltage), _there(columns.current), setup.star_columns)
        if setup.nominal_frequency_hz != before.nominal_frequency_hz:
            self._stream.expect(setup.nominal_frequency_hz)
        if _followed(setup) != _followed(before):
            self._half_cycles.restart()
            self._ended += self._half_cycles.take_events()
            self._half_cycles = HalfCycles(setup.sample_rate_hz, columns.voltage, setup.reference_voltage_v)

    def push(self, samples: Floats, *, lost_samples: int = 0, clipped: bool = False) -> list[Measurement]:
        """Measure on.

        Args:
            samples: (n, columns) volts and amperes, n of any size.
            lost_samples: how many are missing directly before them.
            clipped: whether an input reached the end of its range in them.

        Returns:
            one measurement for each window that they complete, and one of the whole cycles left before a gap.
        """
        left = self.finish() if lost_samples else []
        # one row more, of ones: products with it are means
        rows = np.empty((samples.shape[1] + 1, samples.shape[0]))
        rows[:-1], rows[-1] = samples.T, 1.0
        windows = self._stream.push(rows, lost_samples=lost_samples, clipped=clipped)
        return left + [self._measure(window) for window in windows]

    def finish(self) -> list[Measurement]:
        """Measure the whole cycles that are left where the samples end; an event that lasts ends with them."""
        measured = [self._measure(window) for window in self._stream.finish()]
        self._half_cycles.restart()
        return measured

    def take_events(self) -> list[VoltageEvent]:
        """The dips, swells and interruptions that ended since the last call."""
        ended, self._ended = self._ended, []
        return ended + self._half_cycles.take_events()

    def _measure(self, window: Window) -> Measurement:
        window = self._turned(window)
        borders = window.half_cycle_borders()
        touched = self._half_cycles.follow(window, borders)
        return _Reckoning(self._setup, window, borders, touched_by_event=touched).measurement()

    def _turned(self, window: Window) -> Window:
        """With the currents of reversed clamps as they flow."""
        setup = self._setup
        turned = [
            column
            for column, is_reversed in zip(setup.columns.current, setup.reversed_clamps, strict=True)
            if column is not None and is_reversed
        ]
        if not turned:
            return window
        samples = window.samples.copy()  # the next window shares its edge
        samples[turned] *= -1.0
        return replace(window, samples=samples)


class _Reckoning:
    """The steps from a window to its measurement."""

    def __init__(self, setup: AnalyserSetup, window: Window, borders: Borders, *, touched_by_event: bool) -> None:
        self._setup = setup
        self._columns = setup.columns
        self._pair = setup.pair
        self._own_voltage = setup.columns.voltage if self._pair is None else Phases(None, None, None)
        """Columns of voltages that are measured phase by phase."""
        self._window = window
        self._quality = set(window.quality)
        if touched_by_event:
            self._quality.add(Quality.EVENT)
        samples, span_samples = window.samples, window.end_samples - window.start_samples
        weights = borders.weights() / span_samples
        frequency_hz = window.frequency_hz
        turn_rad = 0.0 if frequency_hz is None else 2.0 * math.pi * frequency_hz / window.sample_rate_hz
        turning = carrier(turn_rad, samples.shape[1])
        gram, means, phasors = moments(samples, weights, turning)
        if setup.ac_coupled:
            gram = gram - means[:, None] * means
        self._gram: list[list[float]] = gram.tolist()
        begin, end = math.floor(window.start_samples), math.ceil(window.end_samples)
        rows = setup.columns.phase_rows
        rest = samples[:rows] if frequency_hz is None else without_fundamental(samples[:rows], phasors[:rows], turning)
        spectrum = power_spectrum(rest[:, begin:end])
        self._noise: list[float] = np.sqrt(noise_floor(spectrum)).tolist()
        self._phasors: list[complex] | None = None
        self._harmonics_percent: list[list[float]] = []
        self._thd_percent: list[float] = []
        if frequency_hz is not None:
            self._phasors = phasors.tolist()
            if window.cycles >= RESOLVED_CYCLES:
                others = harmonics(spectrum, window.sample_rate_hz, frequency_hz)
                others[:, 0] = np.abs(phasors[:rows])
                self._relate(others)
            else:
                highest = highest_harmonic(window.sample_rate_hz, frequency_hz)
                self._relate(np.abs(harmonic_phasors(samples[:rows], weights, turn_rad, highest)))
        self._voltage = _Group(self, setup.columns.voltage, setup.voltage_phase_error)
        self._current = _Group(self, setup.columns.current, setup.current_phase_error)

    def _relate(self, harmonics_rms: Floats) -> None:
        """Harmonics (columns, orders) over their fundamentals."""
        percent = harmonics_rms * (100.0 / np.maximum(harmonics_rms[:, :1], _TINY))
        self._harmonics_percent = percent.tolist()
        beside = percent[:, 1:HIGHEST_IN_THD]
        self._thd_percent = np.sqrt(np.einsum("ch,ch->c", beside, beside)).tolist()

    def rms(self, column: int | None) -> float | None:
        """True RMS of a column."""
        return None if column is None else math.sqrt(max(self._gram[column][column], 0.0))

    def phasor(self, column: int | None, error: PhaseError) -> complex | None:
        """RMS phasor of a column without its channel's error; None unless it stands out of the noise."""
        frequency_hz = self._window.frequency_hz
        if column is None or self._phasors is None or frequency_hz is None:
            return None
        phasor = self._phasors[column]
        if not abs(phasor) > SIGNIFICANT_SIGMAS * self._noise[column]:
            return None
        return (
            phasor if error is NO_PHASE_ERROR else phasor * cmath.rect(1.0, -math.radians(error.lead_deg(frequency_hz)))
        )

    def harmonics_percent(self, column: int | None) -> tuple[float, ...] | None:
        """Harmonics of a column over its fundamental."""
        return None if column is None else tuple(self._harmonics_percent[column])

    def thd_percent(self, column: int | None) -> float | None:
        """Harmonics 2 to 40 of a column over its fundamental; None where the sample rate carries none."""
        if column is None or len(self._harmonics_percent[column]) < 2:  # noqa: PLR2004 - the fundamental alone
            return None
        return self._thd_percent[column]

    def measurement(self) -> Measurement:
        """The measurement."""
        voltage, current = self._voltage, self._current
        inferred = self._inferred()
        powers = [self._power(index, inferred[index]) for index in range(3)]
        lag_deg = [power.lag_deg for power in powers]
        active_w = [power.active_w for power in powers]
        reactive_var = [power.reactive_var for power in powers]
        apparent_va = [power.apparent_va for power in powers]
        factor = [power.power_factor_ratio for power in powers]
        total_w, total_var, total_va = _sum(active_w), _sum(reactive_var), _sum(apparent_va)
        wired = [phasor for phasor, column in zip(voltage.present, voltage.columns, strict=True) if column is not None]
        if None in wired and wired.count(None) < len(wired):
            self._quality.add(Quality.MISSING_PHASE)
        return Measurement(
            start_s=self._window.start_s,
            duration_s=self._window.duration_s,
            frequency_hz=self._window.frequency_hz,
            voltage_rms_v=Phases(*voltage.rms),
            voltage_fundamental_rms_v=Phases(*voltage.fundamental),
            voltage_angle_deg=Phases(*voltage.angles_deg()) if self._pair is None else Phases(None, None, None),
            voltage_thd_percent=Phases(*voltage.thd_percent),
            voltage_harmonics_percent=Phases(*voltage.harmonics_percent),
            voltage_order=voltage.order,
            line_voltage_rms_v=self._line_voltages(),
            current_rms_a=Phases(*current.rms),
            current_fundamental_rms_a=Phases(*current.fundamental),
            current_angle_deg=Phases(*lag_deg),
            current_thd_percent=Phases(*current.thd_percent),
            current_harmonics_percent=Phases(*current.harmonics_percent),
            current_order=current.order,
            neutral_current_rms_a=self.rms(self._columns.neutral_current),
            active_power_w=Phases(*active_w),
            reactive_power_var=Phases(*reactive_var),
            apparent_power_va=Phases(*apparent_va),
            power_factor_ratio=Phases(*factor),
            total_active_power_w=total_w,
            total_reactive_power_var=total_var,
            total_apparent_power_va=total_va,
            total_power_factor_ratio=None if factor == [None] * 3 else _ratio(total_w, total_va),
            voltage_unbalance_percent=voltage.unbalance_percent,
            current_unbalance_percent=current.unbalance_percent,
            voltage_zero_sequence_v=voltage.zero,
            voltage_positive_sequence_v=voltage.positive,
            voltage_negative_sequence_v=voltage.negative,
            current_zero_sequence_a=current.zero,
            current_positive_sequence_a=current.positive,
            current_negative_sequence_a=current.negative,
            quality=frozenset(self._quality),
        )

    def _inferred(self) -> list[complex | None]:
        """The voltages that are taken to be there; None where they are measured or nobody asks for them."""
        if not self._setup.infer_voltages:
            return [None, None, None]
        present, pair = self._voltage.present, self._pair
        taken = from_phases(present) if pair is None else from_pair(present[pair[0]], pair)
        inferred = [
            None if column is not None or current is None else voltage
            for voltage, column, current in zip(taken, self._own_voltage, self._current.phasors, strict=True)
        ]
        if pair is not None or any(voltage is not None for voltage in inferred):
            self._quality.add(Quality.INFERRED)
        return inferred

    def _power(self, index: int, inferred: complex | None) -> _Power:
        """Angle and powers of one phase, with its inferred voltage where there is one."""
        voltage, current = self._voltage, self._current
        u_column, i_column = list(self._own_voltage)[index], current.columns[index]
        u, u_rms = (None, None) if u_column is None else (voltage.phasors[index], voltage.rms[index])
        i, i_rms = current.phasors[index], current.rms[index]
        if inferred is not None:
            u, u_rms = inferred, abs(inferred)
        apparent_va = None if u_rms is None or i_rms is None else u_rms * i_rms
        active_w = self._mean_product(u_column, i_column)
        if u is None or i is None:
            return _Power(None, active_w, None, apparent_va, None if i is None else _ratio(active_w, apparent_va))
        # the fundamental's part is that of the phasors, which are free of the channels' errors
        fundamental_va = u * i.conjugate()
        active_w = fundamental_va.real + self._beside_fundamental_w(u_column, i_column)
        return _Power(_angle_deg(u / i), active_w, fundamental_va.imag, apparent_va, _ratio(active_w, apparent_va))

    def _mean_product(self, u_column: int | None, i_column: int | None) -> float | None:
        return None if u_column is None or i_column is None else self._gram[u_column][i_column]

    def _beside_fundamental_w(self, u_column: int | None, i_column: int | None) -> float:
        """Mean of u*i without its fundamental; 0 for an inferred voltage, which is nothing but one."""
        if u_column is None or i_column is None or self._phasors is None:
            return 0.0
        raw_va = self._phasors[u_column] * self._phasors[i_column].conjugate()
        return self._gram[u_column][i_column] - raw_va.real

    def _line_voltages(self) -> LinePairs[float | None]:
        def between(first: int | None, second: int | None) -> float | None:
            if first is None or second is None:
                return None
            square = self._gram[first][first] + self._gram[second][second] - 2.0 * self._gram[first][second]
            return math.sqrt(max(square, 0.0)) * scale

        scale = 1.0 if self._pair is None else 1.0 / STAR_PER_HALF_LINE
        l1, l2, l3 = self._columns.voltage
        return LinePairs(between(l1, l2), between(l2, l3), between(l3, l1))


class _Power(NamedTuple):
    """What voltage and current of one phase give together."""

    lag_deg: float | None
    active_w: float | None
    reactive_var: float | None
    apparent_va: float | None
    power_factor_ratio: float | None


class _Group:
    """The three voltages, or the three currents: lists have one entry for each phase."""

    def __init__(self, reckoning: _Reckoning, columns: Phases[int | None], errors: Phases[PhaseError]) -> None:
        self.columns = tuple(columns)
        self.rms = [reckoning.rms(column) for column in self.columns]
        self.phasors = [reckoning.phasor(column, error) for column, error in zip(self.columns, errors, strict=True)]
        self.fundamental = [None if phasor is None else abs(phasor) for phasor in self.phasors]
        known = [phasor for phasor in self.phasors if phasor is not None]
        threshold = DEAD_RATIO * max([abs(phasor) for phasor in known], default=0.0)
        self.present = [phasor if phasor is not None and abs(phasor) >= threshold else None for phasor in self.phasors]
        standing = [
            None if phasor is None else column for column, phasor in zip(self.columns, self.phasors, strict=True)
        ]
        self.harmonics_percent = [reckoning.harmonics_percent(column) for column in standing]
        self.thd_percent = [reckoning.thd_percent(column) for column in standing]
        self.order: PhaseOrder | None = None
        self.unbalance_percent: float | None = None
        self.zero: float | None = None
        self.positive: float | None = None
        self.negative: float | None = None
        if len(known) == 3:  # noqa: PLR2004 - three phases
            self.zero, self.positive, self.negative = symmetrical_components(known)
            weaker, stronger = sorted((self.positive, self.negative))
            if stronger > 0.0:
                self.unbalance_percent = 100.0 * weaker / stronger
                if weaker <= CLEAR_ORDER_RATIO * stronger and None not in self.present:
                    self.order = PhaseOrder.L1_L2_L3 if self.positive is stronger else PhaseOrder.L3_L2_L1

    def angles_deg(self) -> list[float | None]:
        """Angles relative to the first phase that is there."""
        reference = next((phasor for phasor in self.phasors if phasor is not None), 1.0)
        return [None if phasor is None else _angle_deg(phasor / reference) for phasor in self.phasors]


def _there(columns: Phases[int | None]) -> list[int]:
    """In the order of the phases."""
    return [column for column in columns if column is not None]


def _followed(setup: AnalyserSetup) -> tuple[object, ...]:
    """What the half cycles and their events depend on."""
    return setup.columns.voltage, setup.star_columns, setup.reference_voltage_v


def _angle_deg(ratio: complex) -> float:
    angle_deg = math.degrees(cmath.phase(ratio))
    return math.fabs(angle_deg) if math.fabs(angle_deg) == HALF_TURN_DEG else angle_deg + 0.0


def _ratio(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
