"""The metrology gate's heart: does the new software say of the same samples what the old one said?

The old slot keeps some seconds of raw codes, and what its own processing makes of them: one series that is made here,
and one that the meter recorded, with this unit's calibration. The new slot measures the same codes. Both go the whole
way, from codes to readings of a second with their energy.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, cast
from zipfile import BadZipFile

import numpy as np

from ampguard.clock import ClockQuality, Stamp
from ampguard.errors import SetupError
from ampguard.metering.pipeline import Pipeline
from ampguard.readings import NO_ENERGY, Interval, as_json
from ampguard.settings.settings import Settings
from ampguard.wholefile import replace_whole
from ampguard_drivers.ade9000.scaling import SAMPLE_FULL_SCALE_CODES, SAMPLE_RATE_HZ
from ampguard_drivers.eeprom.records import Calibration, ChannelCalibration
from ampguard_drivers.frontend import FRONT_ENDS, Variant
from ampguard_drivers.samples import CHANNELS, SampleBlock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ampguard.readings import Json, Reading

    Codes: TypeAlias = NDArray[np.int32]

MADE, RECORDED = "made", "recorded"
SERIES = (MADE, RECORDED)
REFERENCE = "reference.json"
"""In the folder, with the samples beside it."""
DURATION_S = 4.0
BLOCK_SAMPLES = 256
LIMITS = MappingProxyType({
    "v": (0.0005, 0.02), "a": (0.0005, 0.005), "w": (0.001, 1.0), "var": (0.001, 1.0), "va": (0.001, 1.0),
    "wh": (0.001, 0.002), "hz": (0.0, 0.002), "deg": (0.0, 0.05), "percent": (0.01, 0.2), "ratio": (0.0, 0.001),
    "s": (0.0, 0.001),
})  # fmt: skip
"""By unit: how far a value may be from the old one, of it and in itself. Half of what class 0.5 leaves, or less."""
_NOT_COMPARED = frozenset(
    {"boot", "sequence", "end_utc", "monotonic_ns", "clock_quality", "health", "interval", "quality"}
)
_MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class Samples:
    """Raw codes with all that turns them into volts and amperes."""

    codes: Codes
    """(samples, 7)."""
    sample_rate_hz: float
    full_scale_codes: float
    calibration: Calibration


class _FromZero:
    """A clock that begins with the samples, so that both slots cut their seconds alike."""

    @staticmethod
    def stamp(monotonic_ns: int) -> Stamp:
        return Stamp(monotonic_ns, monotonic_ns / 1e9, None, ClockQuality.UNSYNCHRONISED)


def made() -> Samples:
    """Three unlike phases with harmonics, off the nominal frequency, for a nominal unit."""
    end = FRONT_ENDS[Variant.HOME]
    scale_v, scale_a = end.volts_per_adc_volt, end.amperes_per_adc_volt
    calibration = Calibration(
        channels=tuple(
            ChannelCalibration(scale_v, 0.0) if "voltage" in name else ChannelCalibration(scale_a, 0.1)
            for name in CHANNELS
        ),
        sample_rate_error_ratio=0.0,
        temperature_degc=25.0,
        ct_set="made",
    )
    time_s = np.arange(round(DURATION_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ

    def wave(rms: float, angle_deg: float, by_order: Mapping[int, float]) -> NDArray[np.float64]:
        turns_rad = 2.0 * math.pi * 49.93 * time_s + math.radians(angle_deg)
        shape = np.sin(turns_rad) + sum((ratio * np.sin(order * turns_rad) for order, ratio in by_order.items()), 0.0)
        return np.asarray(rms * math.sqrt(2.0) * shape)

    voltages = [wave(229.0 + 3.0 * phase, -120.0 * phase, {3: 0.01, 5: 0.02}) for phase in range(3)]
    currents = [
        wave(amperes, -120.0 * phase - lag_deg, {3: 0.08, 7: 0.03})
        for phase, (amperes, lag_deg) in enumerate(((11.3, 4.0), (1.7, 31.0), (42.0, 176.0)))
    ]
    physical = {"current_n": sum(currents, np.zeros_like(time_s))}
    for phase, (voltage, current) in enumerate(zip(voltages, currents, strict=True), 1):
        physical |= {f"voltage_l{phase}": voltage, f"current_l{phase}": current}
    columns = [
        physical[name] / channel.scale_per_adc_v for name, channel in zip(CHANNELS, calibration.channels, strict=True)
    ]
    codes = np.rint(np.stack(columns, axis=1) * SAMPLE_FULL_SCALE_CODES).astype(np.int32)
    return Samples(codes, SAMPLE_RATE_HZ, SAMPLE_FULL_SCALE_CODES, calibration)


def measured(samples: Samples) -> list[Json]:
    """The readings of a second that this software makes of them."""
    pipeline = Pipeline(samples.calibration, Settings(), _FromZero(), "parity", NO_ENERGY)
    found: list[Reading] = []
    for block in _blocks(samples):
        found += pipeline.process(block).readings
    found += pipeline.finish().readings
    return [as_json(one) for one in found if one.interval is Interval.SECOND]


def keep_samples(path: Path, samples: Samples) -> None:
    """Raises OSError."""
    channels = np.array([(one.scale_per_adc_v, one.phase_lead_deg) for one in samples.calibration.channels])
    numbers = np.array([
        samples.sample_rate_hz, samples.full_scale_codes, samples.calibration.sample_rate_error_ratio,
    ])  # fmt: skip
    partial = path.with_name(f"{path.name}.new")
    with partial.open("wb") as file:
        np.savez(file, codes=samples.codes, channels=channels, numbers=numbers)
    partial.replace(path)


def read_samples(path: Path) -> Samples | None:
    """None where none were recorded. Raises SetupError."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            rate_hz, full_scale_codes, error_ratio = (float(value) for value in found["numbers"])
            channels = tuple(ChannelCalibration(float(scale), float(lead)) for scale, lead in found["channels"])
            codes = np.asarray(found["codes"], dtype=np.int32)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as why:
        raise SetupError(f"wanted the recorded samples, met: {why}", path) from why
    return Samples(codes, rate_hz, full_scale_codes, Calibration(channels, error_ratio, 25.0, RECORDED))


def keep_reference(folder: Path) -> None:
    """What this software makes of samples of its own and, where there are some, of recorded ones. Raises OSError."""
    keep_samples(folder / f"{MADE}.npz", made())
    series = {name: samples for name in SERIES if (samples := read_samples(folder / f"{name}.npz")) is not None}
    replace_whole(folder / REFERENCE, json.dumps({name: measured(samples) for name, samples in series.items()}))


def deviations(folder: Path) -> list[str]:
    """What this software says otherwise than the one that kept the reference, in words. Raises SetupError."""
    path = folder / REFERENCE
    try:
        former = cast("Mapping[str, Sequence[Json]]", json.loads(path.read_bytes()))
    except (OSError, ValueError) as why:
        raise SetupError(f"wanted what the software before measured, met: {why}", path) from why
    told: list[str] = []
    for name in former:
        samples = read_samples(folder / f"{name}.npz")
        now = [] if samples is None else measured(samples)
        told += [f"{name} samples: {one}" for one in differences(former[name], now)]
    return told[:_MOST_TOLD] if former else ["the software before measured nothing"]


def forget(folder: Path) -> None:
    """It is not needed any more. Raises OSError."""
    for name in (REFERENCE, *(f"{one}.npz" for one in SERIES)):
        (folder / name).unlink(missing_ok=True)


def differences(before: Sequence[Json], now: Sequence[Json]) -> Iterator[str]:
    """Between the readings of two."""
    if len(before) != len(now) or not before:
        yield f"{len(before)} readings before, {len(now)} now"
        return
    for number, (one, other) in enumerate(zip(before, now, strict=True), 1):
        for path, old, new in _pairs((), one, other):
            if not _agree(path, old, new):
                yield f"second {number}: {'.'.join(path)} {old} before, {new} now"


def _pairs(path: tuple[str, ...], old: Json, new: Json) -> Iterable[tuple[tuple[str, ...], Json, Json]]:
    """What one software may have that the other has not: a field more is no other value."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in old:
            if name in new and name not in _NOT_COMPARED:
                yield from _pairs((*path, name), old[name], new[name])
        return
    yield path, old, new


def _agree(path: tuple[str, ...], old: Json, new: Json) -> bool:
    if isinstance(old, bool) or isinstance(new, bool) or not isinstance(old, int | float):
        return old == new
    if not isinstance(new, int | float):
        return False
    unit = next((name.rpartition("_")[2] for name in reversed(path) if name.rpartition("_")[2] in LIMITS), None)
    if unit is None:
        return old == new
    share, least = LIMITS[unit]
    apart = abs((new - old + 180.0) % 360.0 - 180.0) if unit == "deg" else abs(new - old)
    return bool(apart <= share * abs(old) + least)


def _blocks(samples: Samples) -> Iterator[SampleBlock]:
    step_ns = 1e9 / samples.sample_rate_hz
    for first in range(0, len(samples.codes), BLOCK_SAMPLES):
        codes = samples.codes[first : first + BLOCK_SAMPLES]
        end = first + len(codes)
        yield SampleBlock(codes, first, 0, samples.sample_rate_hz, samples.full_scale_codes, round(end * step_ns))
