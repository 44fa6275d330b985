"""What the four lights must show, by the manual's table, given what is broken; and where they lied."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ALL_RIGHT = frozenset(("logo", "communication_green", "voltage_green", "current_green"))
"""A right installation that is connected to its cloud."""
FALSE = frozenset(("voltage_red", "current_red"))
"""No fault of a storm touches the installation: these are never true."""
SILENT_S = 3.0
"""Voltage and current go out when nothing has been measured for so long."""


class Broken(Enum):
    """What a fault takes from a unit while it lasts."""

    MEASURING = auto()
    CLOUD = auto()
    UPLINK = auto()
    """The process: nobody knows of a network."""
    LIGHTS = auto()
    """The process or the board: what is lit stays lit or is dark."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The lights from an instant on, until the next picture."""

    at_s: float
    lit: frozenset[str] | None
    """None: the board cannot be asked."""


def truth(broken: Iterable[Broken]) -> frozenset[str] | None:
    """The lights that must be lit, once the unit can know; None: nothing can be said."""
    found = set(broken)
    if Broken.LIGHTS in found:
        return None
    lit = set(ALL_RIGHT)
    if Broken.MEASURING in found:
        lit -= {"voltage_green", "current_green"}
    if found & {Broken.CLOUD, Broken.UPLINK}:
        lit -= {"communication_green"}
    if found & {Broken.CLOUD, Broken.UPLINK} == {Broken.CLOUD}:
        lit |= {"communication_blue"}
    return frozenset(lit)


def lies(pictures: Iterable[Picture], wanted: frozenset[str] | None, from_s: float, to_s: float) -> list[str]:
    """What was not true: of a right installation never red, and from one instant to the other what is wanted."""
    found: list[str] = []
    shown = list(pictures)
    ends = [*(one.at_s for one in shown[1:]), float("inf")]
    for one, end_s in zip(shown, ends, strict=True):
        if one.lit is None:
            continue
        if one.lit & FALSE:
            found.append(f"the installation is right, and {_named(one.lit & FALSE)} is lit")
        elif wanted is not None and one.lit != wanted and max(one.at_s, from_s) < min(end_s, to_s):
            found.append(f"wanted {_named(wanted)}, met {_named(one.lit)}")
    return list(dict.fromkeys(found))


def _named(lit: Iterable[str]) -> str:
    return ", ".join(sorted(lit)) or "none"
