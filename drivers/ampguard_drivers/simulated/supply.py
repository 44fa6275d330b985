"""The grid connection of a simulated building: voltages, loads and what happens to them, as a function of time.

A supply is a sequence of states; each says what the phases carry from one moment to the next, and angles run on over
the borders. Told what it is asked to be, it can also say what any reader of it must find (`told`).
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Three: TypeAlias = tuple[float, float, float]

COLUMNS = 7
"""Current L1, voltage L1, current L2, voltage L2, current L3, voltage L3, current N: as at the converter."""
BALANCED_DEG: Three = (0.0, -120.0, 120.0)


@dataclass(frozen=True, slots=True)
class Harmonic:
    """A multiple of the fundamental in a voltage or current; any number: 1.65 is an interharmonic."""

    order: float
    amplitude_ratio: float
    """Over the fundamental."""
    angle_deg: float = 0.0
    """Lead over the fundamental's own zero of angle, at the harmonic's frequency."""


@dataclass(frozen=True, slots=True)
class Load:
    """What flows in one phase: the current of everything behind the main switch."""

    current_a: float = 0.0
    """RMS of the fundamental."""
    lag_deg: float = 0.0
    """Behind the phase's own voltage; 180 = export at power factor 1."""
    harmonics: tuple[Harmonic, ...] = ()
    dc_a: float = 0.0


NO_LOAD = Load()


@dataclass(frozen=True, slots=True)
class State:
    """What the connection carries for a while."""

    voltage_v: Three = (230.0, 230.0, 230.0)
    """RMS of the fundamental against N."""
    angle_deg: Three = BALANCED_DEG
    frequency_hz: float = 50.0
    frequency_ramp_hz_per_s: float = 0.0
    voltage_harmonics: tuple[Harmonic, ...] = ()
    voltage_dc_v: float = 0.0
    loads: tuple[Load, Load, Load] = (NO_LOAD, NO_LOAD, NO_LOAD)
    noise_v: float = 0.0
    """RMS of white noise on each voltage."""
    noise_a: float = 0.0
    """RMS of white noise on each current."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a state says, as a meter must find it; phases in the order L1, L2, L3."""

    frequency_hz: float
    voltage_rms_v: Three
    voltage_fundamental_rms_v: Three
    voltage_angle_deg: Three
    current_rms_a: Three
    current_fundamental_rms_a: Three
    current_lag_deg: Three
    active_power_w: Three
    reactive_power_var: Three


class Source(Protocol):
    """What plays at the inputs."""

    def sample(self, first_index: int, count: int, rate_hz: float) -> Floats:
        """(count, COLUMNS) volts and amperes at the instants first_index/rate, (first_index + 1)/rate ..."""
        ...


@dataclass
class Supply:
    """States one after the other, each with the moment it begins at."""

    states: list[tuple[float, State]]
    repeat_s: float | None = None
    """After so long it begins anew (angles run on)."""
    seed: int = 0
    behind: Callable[[State], State] | None = None
    """What is switched on behind the main switch beside the story: asked for each stretch of samples."""
    _random: np.random.Generator = field(init=False)
    _starts_s: list[float] = field(init=False)
    _run_cycles: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)
        self._starts_s = [start_s for start_s, _ in self.states]
        if self._starts_s[0] != 0.0 or sorted(self._starts_s) != self._starts_s:
            raise ValueError("the states of a supply begin at 0 s and follow each other")
        self._run_cycles = [0.0]
        ends_s = [*self._starts_s[1:], self.repeat_s or self._starts_s[-1]]
        for (start_s, state), end_s in zip(self.states, ends_s, strict=True):
            self._run_cycles.append(self._run_cycles[-1] + _cycles_in(state, end_s - start_s))

    def state_at(self, moment_s: float) -> State:
        """What holds then."""
        _, index, _ = self._place(moment_s)
        return self.states[index][1]

    def sample(self, first_index: int, count: int, rate_hz: float) -> Floats:
        """See `Source`."""
        parts: list[Floats] = []
        index, end = first_index, first_index + count
        while index < end:
            round_number, state_index, until_s = self._place(index / rate_hz)
            stop = min(end, max(index + 1, math.ceil(until_s * rate_hz - 1e-9))) if math.isfinite(until_s) else end
            parts.append(self._state_samples(round_number, state_index, index, stop, rate_hz))
            index = stop
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def told(self, moment_s: float) -> Told:
        """What a meter must find while the state of that moment lasts."""
        _, index, _ = self._place(moment_s)
        start_s, state = self.states[index]
        harmonics = 1.0 + sum(harmonic.amplitude_ratio**2 for harmonic in state.voltage_harmonics)
        voltages = [math.sqrt(u * u * harmonics + state.voltage_dc_v**2) for u in state.voltage_v]
        current_a: list[float] = []
        active_w: list[float] = []
        reactive_var: list[float] = []
        for u, load in zip(state.voltage_v, state.loads, strict=True):
            own = 1.0 + sum(harmonic.amplitude_ratio**2 for harmonic in load.harmonics)
            current_a.append(math.sqrt(load.current_a**2 * own + load.dc_a**2))
            lag = math.radians(load.lag_deg)
            power = u * load.current_a * math.cos(lag) + state.voltage_dc_v * load.dc_a
            for one in state.voltage_harmonics:
                for other in load.harmonics:
                    if one.order == other.order:
                        between = math.radians(one.angle_deg - other.angle_deg) + lag * one.order
                        share = one.amplitude_ratio * other.amplitude_ratio
                        power += u * load.current_a * share * math.cos(between)
            active_w.append(power)
            reactive_var.append(u * load.current_a * math.sin(lag))
        return Told(
            frequency_hz=state.frequency_hz + state.frequency_ramp_hz_per_s * (moment_s - start_s),
            voltage_rms_v=_three(voltages),
            voltage_fundamental_rms_v=state.voltage_v,
            voltage_angle_deg=_three([_folded_deg(angle - state.angle_deg[0]) for angle in state.angle_deg]),
            current_rms_a=_three(current_a),
            current_fundamental_rms_a=_three([load.current_a for load in state.loads]),
            current_lag_deg=_three([_folded_deg(load.lag_deg) for load in state.loads]),
            active_power_w=_three(active_w),
            reactive_power_var=_three(reactive_var),
        )

    def _place(self, moment_s: float) -> tuple[int, int, float]:
        """Round of the repetition, number of the state, and when that state ends (infinity: never)."""
        round_number = int((moment_s + 1e-9) // self.repeat_s) if self.repeat_s else 0
        offset_s = round_number * (self.repeat_s or 0.0)
        index = bisect.bisect_right(self._starts_s, moment_s - offset_s + 1e-9) - 1
        index = max(index, 0)
        if index + 1 < len(self._starts_s):
            return round_number, index, offset_s + self._starts_s[index + 1]
        return round_number, index, offset_s + self.repeat_s if self.repeat_s else math.inf

    def _state_samples(self, round_number: int, index: int, first: int, stop: int, rate_hz: float) -> Floats:
        start_s, told = self.states[index]
        state = told if self.behind is None else self.behind(told)
        began_s = start_s + round_number * (self.repeat_s or 0.0)
        since_s = np.arange(first, stop) / rate_hz - began_s
        turns = state.frequency_hz * since_s + 0.5 * state.frequency_ramp_hz_per_s * since_s**2
        before = self._run_cycles[index] + round_number * self._run_cycles[-1]
        angle_rad = 2.0 * math.pi * (turns + before % 1.0)
        samples = np.zeros((stop - first, COLUMNS))
        orders, coefficients, constant = _coefficients(state)
        # an order that is no whole number needs the whole angle, not the angle less whole turns
        whole_rad = angle_rad + 2.0 * math.pi * math.floor(before)
        for order, coefficient in zip(orders, coefficients, strict=True):
            turned_rad = order * (angle_rad if order == int(order) else whole_rad)
            samples += np.cos(turned_rad)[:, None] * coefficient.real - np.sin(turned_rad)[:, None] * coefficient.imag
        samples += constant
        if state.noise_v or state.noise_a:
            scale = np.array([state.noise_a, state.noise_v] * 3 + [0.0])
            samples += self._random.standard_normal(samples.shape) * scale
        samples[:, 6] = samples[:, 0] + samples[:, 2] + samples[:, 4]
        return samples


@lru_cache(maxsize=256)
def _coefficients(state: State) -> tuple[tuple[float, ...], tuple[NDArray[np.complex128], ...], Floats]:
    """For each order the peak phasors of the seven inputs, and the constants."""
    by_order: dict[float, NDArray[np.complex128]] = {1.0: np.zeros(COLUMNS, dtype=complex)}
    constant = np.zeros(COLUMNS)
    for phase in range(3):
        voltage_column, current_column = 2 * phase + 1, 2 * phase
        angle_rad = math.radians(state.angle_deg[phase])
        load = state.loads[phase]
        current_rad = angle_rad - math.radians(load.lag_deg)
        for column, rms, own_rad, harmonics in (
            (voltage_column, state.voltage_v[phase], angle_rad, state.voltage_harmonics),
            (current_column, load.current_a, current_rad, load.harmonics),
        ):
            by_order[1.0][column] += math.sqrt(2.0) * rms * np.exp(1j * own_rad)
            for harmonic in harmonics:
                row = by_order.setdefault(harmonic.order, np.zeros(COLUMNS, dtype=complex))
                lead_rad = harmonic.order * own_rad + math.radians(harmonic.angle_deg)
                row[column] += math.sqrt(2.0) * rms * harmonic.amplitude_ratio * np.exp(1j * lead_rad)
        constant[voltage_column] = state.voltage_dc_v
        constant[current_column] = load.dc_a
    return tuple(by_order), tuple(by_order.values()), constant


def _cycles_in(state: State, duration_s: float) -> float:
    return state.frequency_hz * duration_s + 0.5 * state.frequency_ramp_hz_per_s * duration_s**2


def _three(values: list[float]) -> Three:
    first, second, third = values
    return first, second, third


def _folded_deg(angle_deg: float) -> float:
    """Into (-180, 180]."""
    return 180.0 - (180.0 - angle_deg) % 360.0
