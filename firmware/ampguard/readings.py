"""What the meter says: a measurement of one window, a reading of one interval, and their quality.

These are the values that travel: through the live feed, the journal, the uplink and `ampguard measure --json`.
Their field names are the JSON keys. A value is measured or absent (None); never 0, never NaN.

Signs: active power and energy are positive for import. `current_angle_deg` is the lag of the current's
fundamental behind the voltage of its own phase, positive = inductive. Angles lie in (-180, 180].
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, cast

from ampguard.clock import ClockQuality
from ampguard.phases import LinePairs, PhaseOrder, Phases

if TYPE_CHECKING:
    from collections.abc import Mapping

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | float | bool | None"


class Quality(StrEnum):
    """A reason to trust a value less. An empty set of them means: good."""

    OVERRUN = "overrun"
    """Samples are missing inside or directly before it."""
    CLIPPED = "clipped"
    """An input reached the end of the converter's range."""
    MISSING_PHASE = "missing_phase"
    """A phase that this installation should have carries no voltage."""
    INFERRED = "inferred"
    """A voltage was not measured but derived from another phase's; powers and angles of that phase follow from it."""
    CLOCK_UNSYNCHRONISED = "clock_unsynchronised"
    """The time stamp comes from a clock that nobody has set."""
    NO_FREQUENCY = "no_frequency"
    """No voltage strong enough to tell the frequency: the window has its nominal length."""
    SHORT_WINDOW = "short_window"
    """Fewer cycles than the standard window (the recording is too short)."""
    EVENT = "event"
    """A dip, swell or interruption touches it (the flagging of IEC 61000-4-30)."""


class Interval(StrEnum):
    """How long a reading lasts."""

    SECOND = "1s"
    CYCLES_150 = "150-cycle"
    """150 cycles at 50 Hz, 180 at 60 Hz: fifteen windows."""
    MINUTE = "1min"
    MINUTES_10 = "10min"
    MINUTES_15 = "15min"
    """The settlement period of European electricity."""


RESOLUTION: Mapping[str, int] = MappingProxyType({
    "v": 3, "a": 4, "w": 2, "var": 2, "va": 2, "wh": 3, "hz": 5, "deg": 3, "percent": 2, "ratio": 4, "s": 6, "degc": 1,
})  # fmt: skip
"""Decimals that a reading has of each unit, the last word of a field's name: below what the meter can tell apart."""

PhaseValues: TypeAlias = "Phases[float | None]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What one window of 10 cycles (12 at 60 Hz) says."""

    start_s: float
    """Start of the window, seconds since the first sample of the stream or recording."""
    duration_s: float
    frequency_hz: float | None

    voltage_rms_v: PhaseValues
    """True RMS against the neutral (against the artificial star point where there is no neutral)."""
    voltage_fundamental_rms_v: PhaseValues
    voltage_angle_deg: PhaseValues
    """Angle of the fundamental relative to L1 (to the first phase present where L1 is absent)."""
    voltage_thd_percent: PhaseValues
    """Harmonics 2 to 40 (as far as the sample rate carries) over the fundamental."""
    voltage_harmonics_percent: Phases[tuple[float, ...] | None]
    """Harmonic 1, 2, 3 ... up to 50 over the fundamental; fewer where the sample rate does not carry 50."""
    voltage_order: PhaseOrder | None
    line_voltage_rms_v: LinePairs[float | None]

    current_rms_a: PhaseValues
    current_fundamental_rms_a: PhaseValues
    current_angle_deg: PhaseValues
    current_thd_percent: PhaseValues
    current_harmonics_percent: Phases[tuple[float, ...] | None]
    current_order: PhaseOrder | None
    neutral_current_rms_a: float | None

    active_power_w: PhaseValues
    reactive_power_var: PhaseValues
    """Of the fundamental (Q1), positive = inductive."""
    apparent_power_va: PhaseValues
    power_factor_ratio: PhaseValues
    """Active over apparent power, with the sign of the active power."""

    total_active_power_w: float | None
    total_reactive_power_var: float | None
    total_apparent_power_va: float | None
    """Arithmetic sum over the phases."""
    total_power_factor_ratio: float | None

    voltage_unbalance_percent: float | None
    """Negative over positive sequence (the smaller over the larger, so that it also holds for L3-L2-L1)."""
    current_unbalance_percent: float | None
    voltage_zero_sequence_v: float | None
    voltage_positive_sequence_v: float | None
    voltage_negative_sequence_v: float | None
    current_zero_sequence_a: float | None
    current_positive_sequence_a: float | None
    current_negative_sequence_a: float | None

    quality: frozenset[Quality]


class EventKind(StrEnum):
    """What a voltage did."""

    DIP = "dip"
    SWELL = "swell"
    INTERRUPTION = "interruption"


@dataclass(frozen=True, slots=True, kw_only=True)
class VoltageEvent:
    """A dip, swell or interruption found in the half-cycle RMS (IEC 61000-4-30), over all phases."""

    kind: EventKind
    start_s: float
    """Seconds since the first sample of the stream."""
    duration_s: float
    extreme_v: Phases[float | None]
    """The lowest (dip, interruption) or highest (swell) half-cycle RMS of each phase during the event."""
    reference_v: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """Counters that only ever grow, over the whole life of the unit."""

    import_wh: Phases[float]
    export_wh: Phases[float]
    total_import_wh: float
    """Phase-summed: power is added over the phases first, then counted by its sign (as utilities' meters do)."""
    total_export_wh: float


NO_ENERGY = Energy(import_wh=Phases.all_of(0.0), export_wh=Phases.all_of(0.0), total_import_wh=0.0, total_export_wh=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The unit about itself; the counts are since the start of the process."""

    selfcheck_percent: float | None
    """Largest deviation between own results and the chip's registers, of reading; None while not comparable."""
    temperature_degc: float | None
    clipped_samples: int
    lost_samples: int
    corrupt_frames: int
    """Replies of the metering IC whose checksum was wrong; they were read again."""
    missed_interrupts: int
    """Half-buffers that were found by looking, not by the interrupt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one interval says."""

    interval: Interval
    boot: str
    """Names one uninterrupted run of the meter."""
    sequence: int
    """Counts up by one with every reading of this interval within a boot."""
    end_utc: str | None
    """ISO 8601 with offset; None where no clock was ever set."""
    monotonic_ns: int
    clock_quality: ClockQuality
    duration_s: float
    windows: int
    """How many windows it is made of."""

    frequency_hz: float | None
    voltage_rms_v: PhaseValues
    voltage_fundamental_rms_v: PhaseValues
    voltage_angle_deg: PhaseValues
    voltage_thd_percent: PhaseValues
    voltage_order: PhaseOrder | None
    line_voltage_rms_v: LinePairs[float | None]
    current_rms_a: PhaseValues
    current_fundamental_rms_a: PhaseValues
    current_angle_deg: PhaseValues
    current_thd_percent: PhaseValues
    current_order: PhaseOrder | None
    neutral_current_rms_a: float | None
    active_power_w: PhaseValues
    reactive_power_var: PhaseValues
    apparent_power_va: PhaseValues
    power_factor_ratio: PhaseValues
    total_active_power_w: float | None
    total_reactive_power_var: float | None
    total_apparent_power_va: float | None
    total_power_factor_ratio: float | None
    voltage_unbalance_percent: float | None
    current_unbalance_percent: float | None

    energy: Energy
    health: Health
    quality: frozenset[Quality]


def decimals(name: str) -> int | None:
    """How many decimals a field of that name has in a reading; None where it is no quantity."""
    return RESOLUTION.get(name.rpartition("_")[2])


def recorded(reading: Reading) -> Reading:
    """The reading in the resolution in which it is kept and told: everywhere the same numbers."""
    return cast("Reading", _rounded(reading, ""))


def _rounded(value: object, name: str) -> object:
    if isinstance(value, float):
        places = decimals(name)
        return value if places is None else round(value, places) + 0.0
    if is_dataclass(value) and not isinstance(value, type):
        # a phase's name has no unit: that of the field it is in
        units = {field.name: field.name if decimals(field.name) is not None else name for field in fields(value)}
        return replace(value, **{key: _rounded(getattr(value, key), unit) for key, unit in units.items()})
    return value


def as_json(value: object) -> Json:
    """The JSON form of any value of this module: the field names are the keys, a set becomes a sorted list."""
    match value:
        case None | bool() | int() | float():
            return value
        case Enum():
            return str(value.value)
        case str():
            return value
        case frozenset():
            return sorted((as_json(member) for member in cast("frozenset[object]", value)), key=str)
        case tuple() | list():
            return [as_json(member) for member in cast("list[object]", value)]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")
