"""How far a meter of a class may be off, by function: the tables of IEC 61557-12, and where each number is from.

The standard's own text was not to hand. A source says so by its mark, as in the project's notes on standards:
[M] from memory and checked against other makers' data where there were any, [U] unsure. No claim of conformity may be
made before they have been held against the bought standard.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from ampguard_hil.instruments.protocols import Function

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_hil.instruments.protocols import Amount


ClassNumber: TypeAlias = float
"""The C of the standard: 0.2, 0.5, 1."""
Terms: TypeAlias = tuple[float, float]
"""A limit is the first times the class, and the second, both in the unit of the function."""


class Scale(Enum):
    """What an error and its limit are in."""

    READING = "% of reading"
    ABSOLUTE = "percentage points"


class Kind(Enum):
    """How current and voltage lie."""

    UNITY = ("PF 1", 0.0)
    HALF = ("PF 0.5 inductive", 60.0)
    LEADING = ("PF 0.8 capacitive", -math.degrees(math.acos(0.8)))
    REACTIVE = ("sin 1 inductive", 90.0)
    REACTIVE_LEADING = ("sin 1 capacitive", -90.0)
    HALF_SINE = ("sin 0.5 inductive", 30.0)
    LOW = ("PF 0.25 inductive", math.degrees(math.acos(0.25)))

    def __init__(self, words: str, lag_deg: float) -> None:
        self.words = words
        self.lag_deg = lag_deg


ANY = frozenset(Kind)
CARRYING = frozenset({Kind.UNITY, Kind.HALF, Kind.LEADING})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: where it holds, and the limit as factor x class + added."""

    function: Function
    from_ratio: float
    """Of the nominal current, inclusive."""
    below_ratio: float
    kinds: frozenset[Kind]
    fine: Terms | None
    """For a class below 1; None: nothing is promised."""
    coarse: Terms | None
    """For class 1 and above."""
    source: str


_F = Function
_ALL = 1.2 + 1e-6
"""Up to Imax, 120 % of In."""
_PF = frozenset({Kind.HALF, Kind.LEADING})
_SINE = frozenset({Kind.REACTIVE, Kind.REACTIVE_LEADING})
_HALF_SINE = frozenset({Kind.HALF_SINE})
_P = "IEC 61557-12, active power, Sx, after IEC 62053-21/-22 [M]"
_Q = "IEC 61557-12, reactive power, Sx, after IEC 62053-23 [M]; rows as in Sonel PQM-702, 6.4.9"
_S = "IEC 61557-12, apparent power, Sx [M]; rows as in Sonel PQM-702, 6.4.9"
ROWS = (
    Row(_F.VOLTAGE, 0.0, _ALL, ANY, (1.0, 0.0), (1.0, 0.0), "IEC 61557-12, phase voltage [M]"),
    Row(_F.CURRENT, 0.10, _ALL, ANY, (1.0, 0.0), (1.0, 0.0), "IEC 61557-12, phase current, Sx: from 10 % of In [M]"),
    Row(_F.ACTIVE_POWER, 0.01, 0.05, frozenset({Kind.UNITY}), (2.0, 0.0), None, _P),
    Row(_F.ACTIVE_POWER, 0.02, 0.05, frozenset({Kind.UNITY}), None, (1.0, 0.5), _P),
    Row(_F.ACTIVE_POWER, 0.05, _ALL, frozenset({Kind.UNITY}), (1.0, 0.0), (1.0, 0.0), _P),
    Row(_F.ACTIVE_POWER, 0.02, 0.10, _PF, (1.7, 0.15), None, _P),
    Row(_F.ACTIVE_POWER, 0.05, 0.10, _PF, None, (1.0, 0.5), _P),
    Row(_F.ACTIVE_POWER, 0.10, _ALL, _PF, (1.0, 0.1), (1.0, 0.0), _P),
    Row(_F.ENERGY, 0.10, _ALL, frozenset({Kind.UNITY}), (1.0, 0.0), (1.0, 0.0), _P),
    Row(_F.REACTIVE_POWER, 0.02, 0.05, _SINE, None, (1.0, 0.5), _Q),
    Row(_F.REACTIVE_POWER, 0.05, _ALL, _SINE, None, (1.0, 0.0), _Q),
    Row(_F.REACTIVE_POWER, 0.05, 0.10, _HALF_SINE, None, (1.0, 0.5), _Q),
    Row(_F.REACTIVE_POWER, 0.10, _ALL, _HALF_SINE, None, (1.0, 0.0), _Q),
    Row(_F.APPARENT_POWER, 0.02, 0.05, ANY, (2.0, 0.0), (1.0, 0.5), _S),
    Row(_F.APPARENT_POWER, 0.05, _ALL, ANY, (1.0, 0.0), (1.0, 0.0), _S),
    Row(_F.POWER_FACTOR, 0.10, _ALL, CARRYING, (1.0, 0.0), (1.0, 0.0), "IEC 61557-12, power factor: C/100 [U]"),
    Row(_F.FREQUENCY, 0.0, _ALL, ANY, (1.0, 0.0), (1.0, 0.0), "IEC 61557-12, frequency 45-55 Hz [M]"),
    Row(_F.VOLTAGE_UNBALANCE, 0.0, _ALL, ANY, (1.0, 0.0), (1.0, 0.0), "IEC 61557-12, unbalance 80-120 % Un [M]"),
)
"""Intrinsic uncertainty, structure Sx (current by external sensor)."""

CLASSES: Mapping[Function, tuple[ClassNumber, ...]] = MappingProxyType({
    _F.VOLTAGE: (0.1, 0.2, 0.5, 1.0, 2.0),
    _F.CURRENT: (0.1, 0.2, 0.5, 1.0, 2.0),
    _F.ACTIVE_POWER: (0.2, 0.5, 1.0, 2.0, 5.0),
    _F.ENERGY: (0.2, 0.5, 1.0, 2.0),
    _F.REACTIVE_POWER: (1.0, 2.0, 3.0),
    _F.APPARENT_POWER: (0.2, 0.5, 1.0, 2.0),
    _F.POWER_FACTOR: (0.5, 1.0, 2.0, 5.0),
    _F.FREQUENCY: (0.02, 0.05, 0.1, 0.2, 0.5),
    _F.VOLTAGE_UNBALANCE: (0.2, 0.5, 1.0),
    _F.VOLTAGE_THD: (1.0, 2.0),
    _F.CURRENT_THD: (1.0, 2.0),
})  # fmt: skip
"""That there are, the best first. THD: classes I and II of IEC 61000-4-7; class 5 of P by the rule of class 2 [U]."""

SCALES: Mapping[Function, Scale] = MappingProxyType({
    function: Scale.ABSOLUTE
    if function in {_F.POWER_FACTOR, _F.VOLTAGE_UNBALANCE, _F.VOLTAGE_THD, _F.CURRENT_THD}
    else Scale.READING
    for function in Function
})  # fmt: skip

THD_SOURCE = "IEC 61000-4-7: 5 % of reading, at least 0.05 (U, I), 0.15 (I, class I: 0.15 of nominal) points [M]"
_THD_FLOOR = {(_F.VOLTAGE_THD, 1.0): 0.05, (_F.VOLTAGE_THD, 2.0): 0.15,
              (_F.CURRENT_THD, 1.0): 0.15, (_F.CURRENT_THD, 2.0): 0.5}  # fmt: skip
_THD_RATIO = 0.05


@dataclass(frozen=True, slots=True)
class Conditions:
    """What decides which row of a table holds."""

    current_ratio: float
    """Of the nominal current."""
    kind: Kind


def limit(function: Function, class_number: ClassNumber, at: Conditions, true: Amount) -> float | None:
    """How far off a meter of that class may be, in the unit of its function; None: nothing is promised there."""
    floor = _THD_FLOOR.get((function, class_number))
    if floor is not None:
        return max(floor, _THD_RATIO * abs(true))
    row = _row(function, class_number, at)
    terms = None if row is None else _terms(row, class_number)
    return None if terms is None else terms[0] * class_number + terms[1]


def source(function: Function, class_number: ClassNumber, at: Conditions) -> str:
    """Where that limit is from; empty where there is none."""
    if (function, class_number) in _THD_FLOOR:
        return THD_SOURCE
    row = _row(function, class_number, at)
    return "" if row is None else row.source


def _row(function: Function, class_number: ClassNumber, at: Conditions) -> Row | None:
    ratio = at.current_ratio + 1e-9
    return next(
        (
            row
            for row in ROWS
            if row.function is function
            and row.from_ratio <= ratio < row.below_ratio
            and at.kind in row.kinds
            and _terms(row, class_number) is not None
        ),
        None,
    )


def _terms(row: Row, class_number: ClassNumber) -> Terms | None:
    return row.fine if class_number < 1.0 else row.coarse


@dataclass(frozen=True, slots=True)
class Influence:
    """By how much an error may change because one thing is not as at reference conditions, in % of reading."""

    function: Function
    by_class: Mapping[ClassNumber, Amount]
    source: str


_POWER = "IEC 62053-21 Table 8, IEC 62053-22 Table 8, on which IEC 61557-12 rests [M]"
_OWN = "IEC 61557-12, influence quantities: scaled with the class [M]"


def _scaled(function: Function, scale_ratio: float) -> Influence:
    return Influence(function, {number: scale_ratio * number for number in CLASSES[function]}, _OWN)


def _power(fifth: Amount, half: Amount, one: Amount, two: Amount) -> Influence:
    return Influence(_F.ACTIVE_POWER, {0.2: fifth, 0.5: half, 1.0: one, 2.0: two}, _POWER)


KELVINS = {"-5 degC": 28.0, "+55 degC": 32.0}
"""From 23 degrees."""
INFLUENCES: Mapping[str, tuple[Influence, ...]] = MappingProxyType({
    "49 Hz": (_scaled(_F.VOLTAGE, 0.1), _scaled(_F.CURRENT, 0.1), _power(0.1, 0.2, 0.5, 0.8)),
    "51 Hz": (_scaled(_F.VOLTAGE, 0.1), _scaled(_F.CURRENT, 0.1), _power(0.1, 0.2, 0.5, 0.8)),
    "harmonics": (_scaled(_F.VOLTAGE, 1.0), _scaled(_F.CURRENT, 1.0), _power(0.4, 0.5, 0.8, 1.0)),
    "unbalance": (_scaled(_F.VOLTAGE, 0.4), _scaled(_F.CURRENT, 0.4), _power(0.5, 1.0, 2.0, 4.0)),
    "phase loss": (_scaled(_F.VOLTAGE, 1.0), _scaled(_F.CURRENT, 1.0), _power(0.5, 1.0, 2.0, 4.0)),
    "reversed order": (_scaled(_F.VOLTAGE, 0.1), _scaled(_F.CURRENT, 0.1), _power(0.05, 0.1, 1.5, 1.5)),
    "80 % Un": (_scaled(_F.VOLTAGE, 0.4), _scaled(_F.CURRENT, 0.1), _power(0.1, 0.2, 0.7, 1.0)),
    "120 % Un": (_scaled(_F.VOLTAGE, 0.4), _scaled(_F.CURRENT, 0.1), _power(0.1, 0.2, 0.7, 1.0)),
    **{name: (_scaled(_F.VOLTAGE, 0.05 * kelvins), _scaled(_F.CURRENT, 0.05 * kelvins),
              _power(0.01 * kelvins, 0.03 * kelvins, 0.05 * kelvins, 0.1 * kelvins))
       for name, kelvins in KELVINS.items()},
})  # fmt: skip
"""By the name of the point where it is measured; what it is compared with is the same point at reference conditions."""
