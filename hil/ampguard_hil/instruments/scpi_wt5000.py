"""Yokogawa WT5000, three elements: what voltages, currents and powers really are.

Communication Interface User's Manual IM WT5000-17EN, chapter 5, groups NUMeric, COMMunicate and STATus. No such
instrument was met yet. Wanted before: element 1 to 3 on L1 to L3, ranges that fit (or automatic), an update of 1 s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard_hil.instruments.protocols import Function, InstrumentError, Known, Spot
from ampguard_hil.instruments.truth import PHASES

if TYPE_CHECKING:
    from ampguard_hil.instruments.protocols import Truth
    from ampguard_hil.instruments.scpi import Line

ERROR_QUERY = ":STATus:ERRor?"
FUNDAMENTAL = 1
_ITEMS: tuple[tuple[Function, str], ...] = (
    (Function.VOLTAGE, "URMS,{}"),
    (Function.CURRENT, "IRMS,{}"),
    (Function.ACTIVE_POWER, "P,{}"),
    (Function.REACTIVE_POWER, "Q,{},1"),
    (Function.APPARENT_POWER, "S,{}"),
    (Function.POWER_FACTOR, "LAMBda,{}"),
    (Function.VOLTAGE_THD, "UTHD,{}"),
    (Function.CURRENT_THD, "ITHD,{}"),
)
"""Q of the fundamental, as the box has it."""
_FREQUENCY = "FU,1"
_OF_CURRENT = frozenset({
    Function.CURRENT, Function.ACTIVE_POWER, Function.REACTIVE_POWER, Function.APPARENT_POWER,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Expanded (k = 2), from the certificate; the defaults are the maker's limits for 45 to 66 Hz, rounded up."""

    reading_ratio: float = 0.0002
    """Of U and I."""
    range_ratio: float = 0.0002
    """Of their range."""
    power_ratio: float = 0.0003
    """Of U x I, at any power factor."""
    frequency_ratio: float = 0.0006
    thd_percent: float = 0.05
    voltage_range_v: float = 300.0
    current_range_a: float = 20.0


class Wt5000:
    """`protocols.ReferenceMeter`. It tells no unbalance."""

    def __init__(self, line: Line, uncertainty: Uncertainty = Uncertainty(), turns: int = 1) -> None:
        """`turns`: how often the current that it measures runs through each clamp."""
        self._line, self._uncertainty, self._turns = line, uncertainty, turns
        self._spots = [Spot(Function.FREQUENCY)]
        items = [_FREQUENCY]
        for element, phase in enumerate(PHASES, 1):
            self._spots += [Spot(function, phase) for function, _ in _ITEMS]
            items += [item.format(element) for _, item in _ITEMS]
        line.tell(":COMMunicate:HEADer OFF")
        line.tell(":NUMeric:FORMat ASCii")
        line.tell(f":NUMeric:NORMal:NUMber {len(items)}")
        for number, item in enumerate(items, 1):
            line.tell(f":NUMeric:NORMal:ITEM{number} {item}")

    def read(self) -> Truth:
        """See `protocols.ReferenceMeter`. Raises InstrumentError."""
        answer = self._line.ask(":NUMeric:NORMal:VALue?")
        texts = answer.split(",")
        if len(texts) != len(self._spots):
            raise InstrumentError(f"{self._line.name}: wanted {len(self._spots)} values, met {len(texts)}")
        values = {spot: self._value(spot, text) for spot, text in zip(self._spots, texts, strict=True)}
        return {
            spot: Known(value, self._uncertain(spot, value, values))
            for spot, value in values.items()
            if not math.isnan(value)
        }

    def _value(self, spot: Spot, text: str) -> float:
        """NAN is what it has no value for, such as the power factor of nothing; an overflow is an error."""
        try:
            value = float(text)
        except ValueError:
            raise InstrumentError(f"{self._line.name}: {spot}: wanted a number, met {text!r}") from None
        if math.isinf(value):
            raise InstrumentError(f"{self._line.name}: {spot}: wanted a value in range, met an overflow")
        return value * self._turns if spot.function in _OF_CURRENT else value

    def _uncertain(self, spot: Spot, value: float, values: dict[Spot, float]) -> float:
        stated = self._uncertainty
        apparent = values.get(Spot(Function.APPARENT_POWER, spot.phase), 0.0)
        match spot.function:
            case Function.VOLTAGE:
                return stated.reading_ratio * value + stated.range_ratio * stated.voltage_range_v
            case Function.CURRENT:
                return stated.reading_ratio * value + stated.range_ratio * stated.current_range_a * self._turns
            case Function.ACTIVE_POWER | Function.REACTIVE_POWER | Function.APPARENT_POWER:
                of_ranges = stated.voltage_range_v * stated.current_range_a * self._turns
                return stated.power_ratio * apparent + stated.range_ratio * of_ranges
            case Function.POWER_FACTOR:
                return stated.power_ratio
            case Function.FREQUENCY:
                return stated.frequency_ratio * value
            case _:
                return stated.thd_percent
