"""Measuring a box at points: the source is told, the box settles, several readings are held against the reference."""

from __future__ import annotations

import math
import statistics
import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from ampguard.readings import decimals
from ampguard_hil.accuracy.limits import SCALES, Scale
from ampguard_hil.instruments.protocols import Function, Spot
from ampguard_hil.instruments.truth import PHASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ampguard_hil.accuracy.points import Point
    from ampguard_hil.instruments.protocols import Amount, Known, ReferenceMeter, ThreePhaseSource, Truth
    from ampguard_hil.places.place import Place

SETTLE_S = 2.4
"""From a new state until a reading that arrives is of nothing else: its own second, up to one more on its way, and
what source and inputs need to swing in."""
PATIENCE_S = 90.0
"""Beyond that, for readings that can be judged: a bench that does other things beside makes a simulated chip wait."""
READINGS = 4
"""For each point: so many seconds."""
_PER_PHASE: Mapping[Function, str] = MappingProxyType({
    Function.VOLTAGE: "voltage_rms_v",
    Function.CURRENT: "current_rms_a",
    Function.ACTIVE_POWER: "active_power_w",
    Function.REACTIVE_POWER: "reactive_power_var",
    Function.APPARENT_POWER: "apparent_power_va",
    Function.POWER_FACTOR: "power_factor_ratio",
    Function.VOLTAGE_THD: "voltage_thd_percent",
    Function.CURRENT_THD: "current_thd_percent",
})  # fmt: skip
_OF_ALL: Mapping[Function, str] = MappingProxyType({
    Function.FREQUENCY: "frequency_hz",
    Function.VOLTAGE_UNBALANCE: "voltage_unbalance_percent",
})  # fmt: skip
_ENERGY = "import_wh"
LEAST_COUNTS = 500.0
"""Of a counter's last digit: with fewer the verdict would be on how long was waited, not on the box."""
_SECONDS_PER_HOUR = 3600.0
_BAD = frozenset({"overrun", "clipped", "short_window", "no_frequency"})
"""Qualities of a reading with which nobody judges accuracy."""

AReading: TypeAlias = "Mapping[str, Any]"


class UnsettledError(Exception):
    """The box said nothing that can be judged; a sentence for people."""


class Readings(Protocol):
    """What a box says of itself."""

    def settled(self, count: int) -> Sequence[AReading]:
        """That many that can be judged, of nothing but what is applied now. Raises UnsettledError."""
        ...


class ReadingsOf:
    """Those that arrive at the bench's broker from a box at a place."""

    def __init__(self, place: Place, settle_s: float = SETTLE_S) -> None:
        self._place, self._settle_s = place, settle_s

    def settled(self, count: int) -> Sequence[AReading]:
        """See `Readings`."""
        from_s = time.monotonic() + self._settle_s

        def fresh() -> list[AReading]:
            heard = tuple(self._place.heard.heard)
            return [one.reading for one in heard if one.lane == "live" and one.arrived_s >= from_s]

        self._place.until(lambda: len(good(fresh())) >= count, self._settle_s + count + PATIENCE_S)
        found = fresh()
        if len(good(found)) < count:
            met = ", ".join(f"{one['sequence']} {'+'.join(one['quality']) or 'good'}" for one in found) or "none"
            raise UnsettledError(f"wanted {count} readings that can be judged, met {met}")
        return good(found)[:count]


def good(found: Sequence[AReading]) -> Sequence[AReading]:
    """Those that can be judged."""
    return [one for one in found if not _BAD & set(one["quality"])]


@dataclass(frozen=True, slots=True)
class Result:
    """One value at one point."""

    point: Point
    spot: Spot
    true: Amount
    met: Amount | None
    """Mean; None: the box says there is none."""
    error: Amount | None
    """In the unit of the function's limits (`limits.SCALES`)."""
    uncertainty: Amount
    """Of that error, expanded (k = 2): the reference's, what the readings scatter, and their resolution."""
    scatter: Amount
    """Standard deviation of the readings, as `error`."""
    reference: Amount
    """The reference's own expanded uncertainty, as `error`."""

    def __str__(self) -> str:
        """A line for people."""
        unit = SCALES[self.spot.function].value
        met = "nothing" if self.met is None else f"{self.met:.6g}"
        error = "" if self.error is None else f", error {self.error:+.4f} {unit}"
        wanted = f"{self.spot} at {self.point}: wanted {self.true:.6g}"
        return f"{wanted}, met {met}{error} (uncertain by {self.uncertainty:.4f})"


@dataclass(frozen=True, slots=True)
class Rig:
    """A box, and what it is measured with."""

    source: ThreePhaseSource
    reference: ReferenceMeter
    readings: Readings


def measure(
    points: Iterable[Point], rig: Rig, count: int = READINGS, prepare: Callable[[Point], None] | None = None
) -> Iterator[Result]:
    """All values at all points; `prepare` does what a point wants beside the source.

    Raises InstrumentError and UnsettledError.
    """
    for point in points:
        if prepare is not None:
            prepare(point)
        rig.source.apply(point.state)
        rig.source.output(on=True)
        found = rig.readings.settled(count)
        yield from results(point, rig.reference.read(), found)


def results(point: Point, truth: Truth, found: Sequence[AReading]) -> Iterator[Result]:
    """What readings at a point are worth."""
    for spot, known in truth.items():
        resolution = 10.0 ** -_decimals(spot)
        yield _result(point, spot, known, [_value(spot, one) for one in found], resolution)
    for phase in PHASES:
        power = truth.get(Spot(Function.ACTIVE_POWER, phase))
        if power is not None and power.value > 0.0 and _in_a_row(found):
            yield from _energy(point, phase, power, found)


def _result(point: Point, spot: Spot, known: Known, values: Sequence[float | None], resolution: Amount) -> Result:
    scale = _scale(spot, known.value)
    if scale is None or any(value is None for value in values):
        return Result(point, spot, known.value, None, None, 0.0, 0.0, 0.0)
    met = [value for value in values if value is not None]
    mean = statistics.fmean(met)
    scatter = statistics.stdev(met) if len(met) > 1 else 0.0
    # standard uncertainties: of the reference, of a mean, and of a value that was rounded
    parts = (known.uncertainty / 2.0, scatter / math.sqrt(len(met)), resolution / math.sqrt(12.0))
    return Result(
        point,
        spot,
        known.value,
        mean,
        (mean - known.value) * scale,
        2.0 * math.hypot(*parts) * abs(scale),
        scatter * abs(scale),
        known.uncertainty * abs(scale),
    )


def _in_a_row(found: Sequence[AReading]) -> bool:
    """Whether nothing was counted between them that they do not tell of."""
    first = found[0]["sequence"]
    return len(found) > 1 and [one["sequence"] for one in found] == list(range(first, first + len(found)))


def _energy(point: Point, phase: str, power: Known, found: Sequence[AReading]) -> Iterator[Result]:
    """What was counted from the first reading to the last, against the reference's power over that time."""
    duration_s = sum(one["duration_s"] for one in found[1:])
    first, last = (one["energy"][_ENERGY][phase] for one in (found[0], found[-1]))
    hours = duration_s / _SECONDS_PER_HOUR
    true = type(power)(power.value * hours, power.uncertainty * hours)
    # the difference of two counters is twice rounded
    resolution = math.sqrt(2.0) * 10.0 ** -(decimals(_ENERGY) or 0)
    if true.value >= LEAST_COUNTS * resolution:
        yield _result(point, Spot(Function.ENERGY, phase), true, [last - first], resolution)


def _scale(spot: Spot, true: Amount) -> float | None:
    """From the value's unit to that of the error; None: there is no such error, as of nothing."""
    if spot.function is Function.POWER_FACTOR:
        return 100.0
    if SCALES[spot.function] is Scale.ABSOLUTE:
        return 1.0
    return 100.0 / abs(true) if true else None


def _value(spot: Spot, reading: AReading) -> float | None:
    if spot.function in _OF_ALL:
        whole: Amount | None = reading[_OF_ALL[spot.function]]
        return whole
    of_phase: Amount | None = reading[_PER_PHASE[spot.function]][spot.phase]
    return of_phase


def _decimals(spot: Spot) -> int:
    return decimals({**_PER_PHASE, **_OF_ALL}[spot.function]) or 0
