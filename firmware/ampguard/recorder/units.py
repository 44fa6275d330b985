"""Units as instruments write them: which quantity a column holds and how many volts or amperes one of it is."""

from __future__ import annotations

import re
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Quantity(Enum):
    """What a column holds."""

    VOLTAGE = "voltage"
    CURRENT = "current"
    TIME = "time"
    OTHER = "other"
    """Anything else that has a unit: angles, powers, frequencies, per-unit values."""


PREFIX_RATIO: Mapping[str, float] = MappingProxyType(
    {
        "": 1.0,
        "n": 1e-9,
        "u": 1e-6,
        "m": 1e-3,
        "k": 1e3,
        "M": 1e6,
    }
)
_WORDS: Mapping[str, Quantity] = MappingProxyType(
    {
        "v": Quantity.VOLTAGE,
        "volt": Quantity.VOLTAGE,
        "volts": Quantity.VOLTAGE,
        "a": Quantity.CURRENT,
        "amp": Quantity.CURRENT,
        "amps": Quantity.CURRENT,
        "ampere": Quantity.CURRENT,
        "amperes": Quantity.CURRENT,
        "s": Quantity.TIME,
        "sec": Quantity.TIME,
        "second": Quantity.TIME,
        "seconds": Quantity.TIME,
    }
)
_LONG_PREFIX_RATIO = (("milli", 1e-3), ("micro", 1e-6), ("nano", 1e-9), ("kilo", 1e3), ("mega", 1e6))
_BRACKETS = re.compile(r"[\[(]\s*([^\])]*?)\s*[\])]")


def quantity_of(unit: str) -> tuple[Quantity, float] | None:
    """The quantity of a unit and the factor to volts, amperes or seconds; None where there is no unit.

    Upper and lower case of the prefix matter only where they differ in meaning (mV, MV).
    """
    unit = unit.strip().replace("\N{MICRO SIGN}", "u").replace("\N{GREEK SMALL LETTER MU}", "u")
    if not unit:
        return None
    word = unit.lower()
    if word in _WORDS:
        return _WORDS[word], 1.0
    for long_prefix, factor in _LONG_PREFIX_RATIO:
        if word.startswith(long_prefix) and word.removeprefix(long_prefix) in _WORDS:
            return _WORDS[word.removeprefix(long_prefix)], factor
    prefix = "k" if unit[0] == "K" else unit[0]
    if prefix in PREFIX_RATIO and unit[1:].lower() in _WORDS:
        return _WORDS[unit[1:].lower()], PREFIX_RATIO[prefix]
    return Quantity.OTHER, 1.0


def split_heading(heading: str) -> tuple[str, str]:
    """A heading such as "Va [kV]", "I_L1 (A)" or "U1/V" as name and unit."""
    found = _BRACKETS.search(heading)
    if found and (quantity_of(found[1]) or (Quantity.OTHER,))[0] is not Quantity.OTHER:
        return (heading[: found.start()] + heading[found.end() :]).strip(), found[1]
    if found and len(found[1]) <= 4 and not found[1].isdigit():  # noqa: PLR2004 - "deg", "Hz", "kvar"
        return (heading[: found.start()] + heading[found.end() :]).strip(), found[1]
    name, slash, unit = heading.rpartition("/")
    known = quantity_of(unit) if slash and name.strip() else None
    if known and known[0] is not Quantity.OTHER:
        return name.strip(), unit.strip()
    return heading.strip(), ""
