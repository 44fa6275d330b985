"""What is balanced: a supply with its main fuse and the chargers that share it, in the manuals' parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.phrase import Number, phrase
from ampguard.settings.grid import Device, GridType

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST_A = 6.0
"""The lowest current that a charger can offer (IEC 61851-1): below it there is only a pause."""
ORDER = tuple(Phase)
MOST_OF_ALL_A = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Charger:
    """One charging point of the group."""

    name: str
    max_a: float
    """What charger and wiring may carry, per phase."""
    phases: tuple[Phase, ...]
    """Phase of the supply behind each terminal (L1, L2, L3 of the charger). On an IT grid: the two lines it hangs
    between."""
    is_included: bool
    """The meter measures it as well."""
    offline_a: float
    """What it falls back to by itself when nobody tells it anything: 0 or 6 and more."""
    offline_phase: Phase | None
    """The one phase it uses then; None: all that it has."""
    has_socket: bool = False
    """A domestic socket beside the cable, switched on for the group."""
    priority: int = 1
    """Twice as high: twice the share."""

    def currents_a(self, terminals_a: tuple[float, float, float], grid: GridType) -> tuple[float, float, float]:
        """Currents at its terminals as currents of the supply's phases."""
        found_a = [0.0, 0.0, 0.0]
        if grid is GridType.IT:
            for phase in self.phases:
                found_a[ORDER.index(phase)] = terminals_a[0]
        else:
            for phase, current_a in zip(self.phases, terminals_a, strict=False):
                found_a[ORDER.index(phase)] += current_a
        return found_a[0], found_a[1], found_a[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a country or an owner asks for besides."""

    unbalance_a: float | None = None
    """By how much chargers may load one phase more than another: 20 A in Germany (4.6 kVA), 16 A in Austria,
    Switzerland."""
    is_dimmable: bool = False
    """The grid operator may limit the chargers' power (14a EnWG); what it must leave is left."""
    is_surplus_only: bool = False
    """Only what the building would export is charged with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A load-balancing group."""

    supply_max_a: float
    """The main fuse."""
    device: Device
    max_online_a: float
    """For all chargers together on each phase while the meter is online."""
    max_offline_a: float
    """The same while it is not."""
    min_a: float
    """The smallest current that a charger gets: 6 A and more."""
    chargers: tuple[Charger, ...]
    slow: tuple[Charger, ...] = ()
    """Those that are reached over their makers' cloud alone."""
    nominal_v: float
    """Between a phase and N; on an IT grid between two lines."""
    grid: GridType = GridType.THREE_PHASE
    rules: Rules = Rules()

    def __post_init__(self) -> None:
        """Raise SetupError for what cannot be."""
        _within(phrase("the main fuse"), self.supply_max_a, LEAST_A, MOST_OF_ALL_A)
        most_a = self.supply_max_a
        _within(phrase("the most for all chargers while the meter is online"), self.max_online_a, 0.0, most_a)
        _within(phrase("the most for all chargers while the meter is offline"), self.max_offline_a, 0.0, most_a)
        _within(phrase("the least current of a charger"), self.min_a, LEAST_A, most_a)
        if self.rules.unbalance_a is not None:
            _within(phrase("the unbalance of the chargers"), self.rules.unbalance_a, LEAST_A, most_a)
        names = [one.name for one in (*self.chargers, *self.slow)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise SetupError(phrase("two chargers of a group are both called {name}", name=min(twice)))
        for one in (*self.chargers, *self.slow):
            self._check(one)
        self._check_slow()
        for phase in ORDER:
            offline_a = sum(one.offline_a for one in (*self.chargers, *self.slow) if phase in _offline(one))
            if offline_a > self.max_offline_a + 1e-6:
                raise SetupError(phrase(
                    "the chargers' offline currents are {sum} A together on {phase}; the group allows {limit} A "
                    "while the meter is offline",
                    sum=Number(offline_a, ".1f"), phase=phase.value, limit=Number(self.max_offline_a, ".1f"),
                ))  # fmt: skip

    def _check_slow(self) -> None:
        """They keep to no rule that must be kept to at once."""
        is_plain = self.grid is not GridType.IT and self.rules == Rules() and all(one.is_included for one in self.slow)
        if self.slow and not is_plain:
            raise SetupError(phrase(
                "charger {name} is reached over its makers' cloud, which is slow: it must be among what is measured, "
                "on a grid with a neutral, in a group without limits of the grid operator, of the unbalance or to the "
                "surplus",
                name=self.slow[0].name,
            ))  # fmt: skip

    def _check(self, one: Charger) -> None:
        _within(phrase("the most current of charger {name}", name=one.name), one.max_a, self.min_a, MOST_OF_ALL_A)
        if one.offline_a != 0.0:
            _within(phrase("the offline current of charger {name}", name=one.name), one.offline_a, LEAST_A, one.max_a)
        wired = len(one.phases)
        if len(set(one.phases)) != wired or not wired or (self.grid is GridType.IT and wired != 2):  # noqa: PLR2004  a load between two lines
            raise SetupError(phrase(
                "charger {name} is said to be on {phases}: wanted are one to three different phases (without neutral "
                "the two lines it hangs between)",
                name=one.name, phases=" ".join(one.phases) or "-",
            ))  # fmt: skip
        if one.offline_phase is not None and one.offline_phase not in one.phases:
            raise SetupError(phrase(
                "charger {name} is to use {phase} while offline, and is not connected to it",
                name=one.name, phase=one.offline_phase.value,
            ))  # fmt: skip
        if one.priority < 1:
            raise SetupError(phrase(
                "priority {met} of charger {name}: wanted is 1 or more", met=str(one.priority), name=one.name
            ))  # fmt: skip


def _offline(one: Charger) -> Iterable[Phase]:
    return one.phases if one.offline_phase is None else (one.offline_phase,)


def _within(what: str, met_a: float, least_a: float, most_a: float) -> None:
    if not (math.isfinite(met_a) and least_a <= met_a <= most_a):
        raise SetupError(phrase(
            "{what} is set to {met} A: wanted is a number from {least} to {most} A",
            what=what, met=Number(met_a, ".1f"), least=Number(least_a, ".1f"), most=Number(most_a, ".1f"),
        ))  # fmt: skip
