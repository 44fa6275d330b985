"""What an error of a value is uncertain by, part by part: a budget after the GUM (JCGM 100:2008).

Of the whole with its clamps, at one point. Each part has its half width or expanded value, how it is distributed, and
by how much it moves the result (sensitivity); combined in quadrature, expanded with k = 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ampguard_hil.accuracy.limits import KELVINS
from ampguard_hil.accuracy.model import (
    BOARD_CLAMPS,
    CALIBRATED_RATIO,
    CHIP_PPM_PER_K,
    RESISTOR_PPM_PER_K,
)
from ampguard_hil.instruments.protocols import Function

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ampguard_hil.accuracy.model import ClampClass
    from ampguard_hil.accuracy.run import Result

COVERAGE = 2.0
PER_PPM = 1e-4
"""Percent."""
_OF_VOLTAGE = frozenset({Function.VOLTAGE})
_OF_CURRENT = frozenset({Function.CURRENT})
_OF_BOTH = frozenset({Function.ACTIVE_POWER, Function.APPARENT_POWER, Function.ENERGY})
BUDGETED = (Function.VOLTAGE, Function.CURRENT, Function.ACTIVE_POWER)


class Distribution(Enum):
    """How a part is distributed, and what makes a standard uncertainty of its value."""

    NORMAL_1 = ("normal, 1 s", 1.0)
    NORMAL_2 = ("normal, k = 2", 2.0)
    RECTANGULAR = ("rectangular", math.sqrt(3.0))

    def __init__(self, words: str, divisor_ratio: float) -> None:
        self.words = words
        self.divisor_ratio = divisor_ratio


@dataclass(frozen=True, slots=True)
class Contribution:
    """One line of a budget."""

    name: str
    evaluation: str
    """"A": from readings that were repeated; "B": from anything else."""
    value: float
    unit: str
    distribution: Distribution
    sensitivity_percent_per_unit: float
    """Percent of the result for one of `unit`."""
    source: str

    @property
    def standard_percent(self) -> float:
        """What it adds to the result, as a standard uncertainty."""
        return abs(self.value / self.distribution.divisor_ratio * self.sensitivity_percent_per_unit)


@dataclass(frozen=True, slots=True)
class Budget:
    """Of one value at one point."""

    function: Function
    point: str
    contributions: tuple[Contribution, ...]

    @property
    def combined_percent(self) -> float:
        """Standard uncertainty of the result."""
        return math.sqrt(sum(each.standard_percent**2 for each in self.contributions))

    @property
    def expanded_percent(self) -> float:
        """K = 2, about 95 %."""
        return COVERAGE * self.combined_percent


def budget(result: Result, readings: int, clamps: ClampClass = BOARD_CLAMPS) -> Budget:
    """Of a value in percent of reading (`BUDGETED`) that was measured at a point."""
    return Budget(result.spot.function, result.point.name, tuple(_contributions(result, readings, clamps)))


def _contributions(result: Result, readings: int, clamps: ClampClass) -> Iterator[Contribution]:
    function = result.spot.function
    yield Contribution(
        "reference", "B", result.reference, "%", Distribution.NORMAL_2, 1.0, "its certificate, as the bench has it"
    )
    yield Contribution(
        "noise of the chip",
        "A",
        result.scatter / math.sqrt(readings),
        "%",
        Distribution.NORMAL_1,
        1.0,
        f"standard deviation of a mean of {readings} readings of 1 s",
    )
    rest = max(result.uncertainty**2 - result.reference**2 - 4.0 * result.scatter**2 / readings, 0.0)
    yield Contribution(
        "resolution of a reading",
        "B",
        math.sqrt(rest) / 2.0 * math.sqrt(3.0),
        "%",
        Distribution.RECTANGULAR,
        1.0,
        "half of the last digit",
    )
    yield from _of_clamps(result, clamps)
    yield from _of_temperature(function)


def _of_clamps(result: Result, clamps: ClampClass) -> Iterator[Contribution]:
    function = result.spot.function
    if function in _OF_VOLTAGE:
        return
    gain, lead_deg = clamps.left(result.point.conditions.current_ratio)
    source = f"class {clamps.name}, IEC 61869-2, calibrated at {100.0 * CALIBRATED_RATIO:g} % In"
    width = abs(gain - 1.0) * 100.0
    yield Contribution("ratio of the clamp", "B", width, "%", Distribution.RECTANGULAR, 1.0, source)
    if function is Function.ACTIVE_POWER:
        tangent = abs(math.tan(math.radians(result.point.conditions.kind.lag_deg)))
        per_degree = 100.0 * math.radians(1.0) * tangent
        yield Contribution(
            "phase of the clamp", "B", abs(lead_deg), "deg", Distribution.RECTANGULAR, per_degree, source
        )


def _of_temperature(function: Function) -> Iterator[Contribution]:
    kelvins = max(KELVINS.values())
    sources = ("ADE9000 data sheet, Table 1, typical", "parts of 25 ppm/K")
    channels = [name for name, of in (("voltage", _OF_VOLTAGE), ("current", _OF_CURRENT)) if function in of | _OF_BOTH]
    for channel in channels:
        part = "divider" if channel == "voltage" else "burden"
        for name, ppm, source in (
            (f"chip's gain, {channel}", CHIP_PPM_PER_K, sources[0]),
            (part, RESISTOR_PPM_PER_K, sources[1]),
        ):
            yield Contribution(
                f"temperature: {name}",
                "B",
                kelvins,
                "K",
                Distribution.RECTANGULAR,
                ppm * PER_PPM,
                f"{source}; {kelvins:g} K from reference",
            )


def budgets(results: Sequence[Result], readings: int) -> list[Budget]:
    """Of U, I and P of L1 at the rated current, power factor 1 and 0.5, from what was measured there."""
    wanted = ("100 % In, PF 1", "100 % In, PF 0.5 inductive", "10 % In, PF 1")
    chosen = [
        one
        for name in wanted
        for function in BUDGETED
        for one in results
        if one.point.name == name and one.spot.function is function and one.spot.phase == "l1" and one.error is not None
    ]
    # the power factor and the current change nothing in a voltage
    return [
        budget(one, readings)
        for one in chosen
        if one.spot.function is not Function.VOLTAGE or one.point.name == wanted[0]
    ]
