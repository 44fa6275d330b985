"""Fault after fault on one unit: struck, held, healed, awaited, judged."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard_hil.processes import wait_until
from ampguard_hil.torture.invariants import Course, Invariants
from ampguard_hil.torture.lights import ALL_RIGHT
from ampguard_hil.torture.unit import ended_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_hil.campaign_account import AccountVerdict
    from ampguard_hil.campaign_journal import Body
    from ampguard_hil.campaign_judge import UnitVerdict
    from ampguard_hil.torture.plan import Plan, Planned
    from ampguard_hil.torture.unit import TorturedUnit

ALL_PATIENCE = 3.0
"""So many times the longest stated time is waited for what does not come."""
LAST_S, EVENTS_S = 60.0, 2.0
"""Until the last reading has arrived, and then the events behind it."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that has been, and what was wrong after it."""

    number: int
    kind: str
    serial: str
    seed: int
    at_s: float
    """Since the storm began."""
    killed: int
    """Processes that died by it."""
    course: Course
    violations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """One unit at the end."""

    serial: str
    seed: int
    struck: tuple[Struck, ...]
    unit: UnitVerdict
    account: AccountVerdict
    violations: tuple[str, ...]
    """Found at the end, with everything stopped."""

    @property
    def good(self) -> bool:
        """Whether every invariant held."""
        return not self.violations and not any(one.violations for one in self.struck) and self.unit.judged > 0


class Storm:
    """On one unit, which has been started; `run` ends with everything stopped."""

    def __init__(self, unit: TorturedUnit, plan: Plan, seed: int, slowness_ratio: float = 1.0) -> None:
        self._unit, self._plan, self._seed, self._slowness_ratio = unit, plan, seed, slowness_ratio
        self._invariants = Invariants(unit, slowness_ratio)
        self._begin_s = time.monotonic()

    def run(self, go_on: Callable[[], bool], tell: Callable[[Struck], None]) -> Ended:
        """As long as `go_on`."""
        struck: list[Struck] = []
        while go_on():
            struck.append(self._strike(len(struck) + 1, self._plan.next()))
            tell(struck[-1])
        violations, unit, account = self._invariants.at_the_end(self._stop())
        return Ended(self._unit.serial, self._seed, tuple(struck), unit, account, tuple(violations))

    def _strike(self, number: int, planned: Planned) -> Struck:
        unit, fault = self._unit, planned.fault
        unit.rest(planned.wait_s)
        dead, struck_s = len(unit.deaths), time.monotonic()
        fault.strike(unit)
        unit.rest(planned.hold_s)
        fault.heal(unit)
        # over at once: from the strike on
        healed_s = time.monotonic() if fault.terms.hold_s[1] > 0.0 else struck_s
        course = self._recovered(struck_s, healed_s, fault.terms.delivers_s)
        killed = len(unit.deaths) - dead
        violations = self._invariants.after(fault.terms, course)
        at_s = struck_s - self._begin_s
        return Struck(number, fault.kind, unit.serial, self._seed, at_s, killed, course, tuple(violations))

    def _recovered(self, struck_s: float, healed_s: float, delivers_s: float) -> Course:
        """How long after it had healed there was a new reading, the cloud had one, and the lights were right."""
        unit = self._unit
        new: list[Body] = []

        def measures() -> float | None:
            newest = unit.newest()
            if newest is None or ended_s(newest) <= healed_s:
                return None
            new[:] = [newest]
            return ended_s(newest) - healed_s

        def delivers() -> float | None:
            return time.monotonic() - healed_s if new and unit.delivered(new[0]) else None

        def shows() -> float | None:
            if not (new and unit.lit() == ALL_RIGHT and unit.pictures[-1].lit == ALL_RIGHT):
                return None
            return max(0.0, unit.pictures[-1].at_s - healed_s)

        waited: list[Callable[[], float | None]] = [measures, delivers, shows]
        took_s: list[float | None] = [None, None, None]

        def all_came() -> bool:
            for at, came in enumerate(waited):
                took_s[at] = came() if took_s[at] is None else took_s[at]
            return None not in took_s

        unit.until(all_came, ALL_PATIENCE * self._slowness_ratio * delivers_s)
        measured_s, delivered_s, lit_s = took_s
        until_ns = int(new[0]["monotonic_ns"]) if new else None
        return Course(struck_s, healed_s, measured_s, delivered_s, lit_s, until_ns)

    def _stop(self) -> dict[str, int | None]:
        """The meter first, so that its last reading is sent."""
        unit = self._unit
        unit.until(lambda: all(victim.runs for victim in unit.victims.values()), 20.0)
        unit.rest(2.0)
        codes = {"meter": unit.victims["meter"].process.stop()}
        last = unit.newest()  # it has put all on its medium
        wait_until(lambda: unit.delivered(last), LAST_S)
        wait_until(lambda: False, EVENTS_S)
        return codes | {name: code for name, code in unit.stop().items() if name != "meter"}
