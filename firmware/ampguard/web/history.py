"""The journal as points of a chart: each says the lowest, the mean and the highest of the readings in it.

RMS values are averaged by their square, all others by time, as the meter itself does. Where nothing was measured there
is nothing: no point is made up between two others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ampguard.journal.moments import LENGTH_S
from ampguard.readings import Interval, decimals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ampguard.journal.moments import Part
    from ampguard.readings import Json

MOST_POINTS = 600
ENOUGH_READINGS = 300
"""For a chart: as long as the longer interval has so many, it is taken."""
LONGEST_S = 400 * 86400.0
"""Thirteen months, and what lies over."""
DURATION, BOOT = "duration_s", "boot"
_PHASES = ("l1", "l2", "l3")
_NEXT_LENGTHS = 1.9
"""Of the interval: readings farther apart are not neighbours."""
_LONGEST_FIRST = (Interval.MINUTES_15, Interval.MINUTES_10, Interval.MINUTE, Interval.SECOND)


class Quantity(StrEnum):
    """What a chart shows."""

    VOLTAGE = "voltage_rms_v"
    CURRENT = "current_rms_a"
    POWER = "active_power_w"
    TOTAL_POWER = "total_active_power_w"
    FREQUENCY = "frequency_hz"
    ENERGY = "energy"
    """What was counted in each point (Wh)."""


PATHS: Mapping[Quantity, Mapping[str, str]] = {
    **{
        quantity: {phase: f"{quantity.value}.{phase}" for phase in _PHASES}
        for quantity in (Quantity.VOLTAGE, Quantity.CURRENT, Quantity.POWER)
    },
    Quantity.TOTAL_POWER: {"total": "total_active_power_w"},
    Quantity.FREQUENCY: {"total": "frequency_hz"},
    Quantity.ENERGY: {"import": "energy.total_import_wh", "export": "energy.total_export_wh"}
    | {f"{way}-{phase}": f"energy.{way}_wh.{phase}" for way in ("import", "export") for phase in _PHASES},
}
"""Of each line of a chart the field of a reading."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The points of a chart: equally long, at whole multiples of their length since 1970."""

    interval: Interval
    """Of the readings that they are made of."""
    step_s: float
    first: int
    """Number of the first one."""
    count: int

    @property
    def from_s(self) -> float:
        """Where it begins."""
        return self.first * self.step_s

    @property
    def to_s(self) -> float:
        """Where it ends."""
        return (self.first + self.count) * self.step_s


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart, a value of each point; None where nothing was measured."""

    values: list[float | None]
    """The mean; of energy, what was counted."""
    least: list[float | None]
    most: list[float | None]
    """Of energy neither."""


@dataclass(frozen=True, slots=True)
class Chart:
    """What was found."""

    grid: Grid
    lines: Mapping[str, Line]
    undated: int
    """Readings that lie among the others and have no date: nobody had set the clock."""
    damaged: int
    """Readings that the medium has damaged."""


def suited(from_s: float, to_s: float, spans_s: Mapping[Interval, tuple[float, float]]) -> Interval:
    """The longest interval that has enough readings in between; a shorter one's may have gone already.

    `spans_s` has of each interval that has readings with a date the moments of the oldest and the newest.
    """
    oldest_s = min((first for first, _ in spans_s.values()), default=from_s)
    wanted_s = (to_s - max(from_s, oldest_s)) / ENOUGH_READINGS
    best = next((one for one in _LONGEST_FIRST if LENGTH_S[one] <= wanted_s), Interval.SECOND)
    longer = _LONGEST_FIRST[: _LONGEST_FIRST.index(best) + 1]
    for one in reversed(longer):
        if one in spans_s and (
            spans_s[one][0] <= from_s or all(spans_s[one][0] <= spans_s[o][0] for o in longer if o in spans_s)
        ):
            return one
    return best


def grid(interval: Interval, from_s: float, to_s: float, step_s: float) -> Grid:
    """Points of at least `step_s`, and no more than fit into a chart."""
    length_s = LENGTH_S[interval]
    step_s = max(1, math.ceil(max(step_s, (to_s - from_s) / MOST_POINTS) / length_s)) * length_s
    first = math.floor(from_s / step_s)
    return Grid(interval, step_s, first, max(1, math.ceil(to_s / step_s) - first))


def wanted(quantity: Quantity) -> frozenset[str]:
    """The fields of a reading that a chart is made of."""
    return frozenset(PATHS[quantity].values()) | {DURATION, BOOT}


def chart(parts: Iterable[Part], shape: Grid, quantity: Quantity) -> Chart:
    """The points of a quantity."""
    make = Counted if quantity is Quantity.ENERGY else Mean
    lines = {name: make(path, shape.count) for name, path in PATHS[quantity].items()}
    places = Places(shape)
    for part in parts:
        if not part.ends_s:
            places.damaged += part.count
            continue
        of_part = places.of(part)
        for line in lines.values():
            line.add(part, of_part, LENGTH_S[shape.interval])
    return Chart(shape, {name: one.line() for name, one in lines.items()}, places.among(), places.damaged)


class Places:
    """Which point each reading is in, and how many have none because they have no date."""

    def __init__(self, shape: Grid) -> None:
        self._shape = shape
        self.damaged = 0
        self._undated = 0
        self._waiting = 0
        """Without a date, since the last one with one."""
        self._was_in: bool | None = None
        """Whether that one was in any point; None where there was none."""

    def of(self, part: Part) -> list[int]:
        """Of each reading; -1 where it is in none."""
        step_s, first, count = self._shape.step_s, self._shape.first, self._shape.count
        places: list[int] = []
        for end_s in part.ends_s:
            if end_s is None:
                self._waiting += 1
                places.append(-1)
                continue
            place = int(end_s // step_s) - first
            is_in = 0 <= place < count
            if self._waiting:
                self._undated += self._waiting if is_in or self._was_in else 0
                self._waiting = 0
            self._was_in = is_in
            places.append(place if is_in else -1)
        return places

    def among(self) -> int:
        """Readings without a date that lie beside one that is in a point, or beside none at all."""
        return self._undated + (0 if self._was_in is False else self._waiting)


class Mean:
    """A line of what is measured."""

    def __init__(self, path: str, count: int) -> None:
        self._path = path
        self._is_rms = "_rms_" in path
        self._values = [0.0] * count
        self._lengths_s = [0.0] * count
        self._least: list[float | None] = [None] * count
        self._most: list[float | None] = [None] * count

    def add(self, part: Part, places: Sequence[int], _length_s: float) -> None:
        """Readings with the point that each is in."""
        totals, lengths, least, most = self._values, self._lengths_s, self._least, self._most
        values, durations = part.columns.get(self._path, ()), part.columns.get(DURATION, ())
        for place, value, duration in zip(places, values, durations, strict=False):
            if place < 0 or type(value) is not float or type(duration) is not float or duration <= 0.0:
                continue
            totals[place] += duration * (value * value if self._is_rms else value)
            lengths[place] += duration
            low, high = least[place], most[place]
            if low is None or value < low:
                least[place] = value
            if high is None or value > high:
                most[place] = value

    def line(self) -> Line:
        """As it stands."""
        both = zip(self._values, self._lengths_s, strict=True)
        means = [total / length if length else None for total, length in both]
        roots = [None if one is None else math.sqrt(one) for one in means] if self._is_rms else means
        return Line(_rounded(roots, self._path), self._least, self._most)


class Counted:
    """A line of what a counter grew by.

    What was counted since the reading before belongs to the point that a reading is in; but where readings of one run
    of the meter are missing in between, or the counter was set back, nobody knows where it belongs.
    """

    def __init__(self, path: str, count: int) -> None:
        self._path = path
        self._values: list[float | None] = [None] * count
        self._before_wh: tuple[float, float, Json] | None = None
        """Counter, moment and boot."""

    def add(self, part: Part, places: Sequence[int], length_s: float) -> None:
        """Readings with the point that each is in."""
        values, boots = part.columns.get(self._path, ()), part.columns.get(BOOT, ())
        for place, value, end_s, boot in zip(places, values, part.ends_s, boots, strict=False):
            if type(value) is not float or end_s is None:
                self._before_wh = None
                continue
            if place >= 0 and self._before_wh is not None:
                last, last_s, last_boot = self._before_wh
                is_next = boot != last_boot or abs(end_s - last_s) < _NEXT_LENGTHS * length_s
                if value >= last and is_next:
                    self._values[place] = (self._values[place] or 0.0) + value - last
            self._before_wh = value, end_s, boot

    def line(self) -> Line:
        """As it stands."""
        return Line(_rounded(self._values, self._path), [], [])


def _rounded(values: Sequence[float | None], path: str) -> list[float | None]:
    """In the resolution that readings have."""
    places = next((found for name in path.split(".") if (found := decimals(name)) is not None), None)
    return [None if one is None else round(one, places) for one in values]
