"""What must hold after each fault of a storm; what does not is a sentence."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard_hil.campaign_account import Medium, accounted
from ampguard_hil.campaign_journal import JournalError, events, readings
from ampguard_hil.campaign_judge import judged
from ampguard_hil.campaign_victim import Death, tracebacks
from ampguard_hil.torture.fault import MEASURES_S
from ampguard_hil.torture.lights import lies, truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ampguard_hil.campaign_account import AccountVerdict
    from ampguard_hil.campaign_journal import Body, Key
    from ampguard_hil.campaign_judge import UnitVerdict
    from ampguard_hil.torture.fault import Terms
    from ampguard_hil.torture.unit import TorturedUnit
    from ampguard_hil.torture.witness import Said

SYNCED_S = 12.0
"""The unit puts readings on its medium every ten seconds: older ones survive whatever happens to the power."""
FALSE_EVENTS = frozenset(("dip", "swell", "interruption", "phase_loss", "neutral_fault", "wrong_voltage", "overload"))
"""Nothing of that happens to the supply in a storm."""
_NS = 1e9


@dataclass(frozen=True, slots=True)
class Course:
    """How one fault went, on the monotonic clock."""

    struck_s: float
    healed_s: float
    measured_s: float | None
    """How long after it had healed the first reading after that was kept; None: never in all patience."""
    delivered_s: float | None
    """Likewise until the cloud had one."""
    lit_s: float | None
    """Likewise until all lights were as they were before."""
    until_ns: int | None = None
    """The end of that new reading; None: there was none."""


class Invariants:
    """Over one unit; each complaint is made once."""

    def __init__(self, unit: TorturedUnit, slowness_ratio: float = 1.0) -> None:
        """`slowness_ratio`: of this machine; times may be so much longer."""
        self._unit = unit
        self._slowness_ratio = slowness_ratio
        self._known: set[str] = set()
        self._refused_s: list[tuple[float, float]] = []
        self._own_deaths = 0
        self._pictures = self._said = 0
        self._took_s = self._judged_s = 0.0

    def after(self, terms: Terms, course: Course) -> list[str]:
        """What was found since the last time."""
        if terms.refuses:
            self._refused_s.append((course.struck_s, course.healed_s))
        found = [*self._times(terms, course), *self._deaths(terms), *self._lights(terms, course)]
        found += [*false_verdicts(self._unit.witness.said() if self._unit.witness else ()), *self._logs()]
        # judging takes longer with each reading: never more than a small part of a storm
        if time.monotonic() - self._judged_s >= 20.0 * self._took_s:
            found += self._judged(course.until_ns)
        return self._new(found)

    def at_the_end(self, codes: Mapping[str, int | None]) -> tuple[list[str], UnitVerdict, AccountVerdict]:
        """With everything stopped: what the judges of the kill campaign say of it all."""
        unit = self._unit
        whole = judged(unit.serial, unit.journal, unit.world.store, unit.deaths, taken=unit.taken)
        medium = Medium(unit.taken_events, self._refused_s)
        account = accounted(whole, unit.journal, unit.world.store, unit.deaths, medium)
        found = [f"{name}: exit code {code} when asked to stop" for name, code in codes.items() if code]
        found += [*_sentences(whole), *(f"account: {one}" for one in account.disagreements)]
        found += [*false_events(unit.journal), *self._logs(), *self._young()]
        return self._new(found), whole, account

    def _new(self, found: Iterable[str]) -> list[str]:
        fresh = [one for one in dict.fromkeys(found) if one not in self._known]
        self._known |= set(fresh)
        return fresh

    def _times(self, terms: Terms, course: Course) -> Iterator[str]:
        for what, took_s, most_s in (
            ("a new reading was kept", course.measured_s, MEASURES_S),
            ("a new reading was delivered", course.delivered_s, terms.delivers_s),
            ("the lights were right again", course.lit_s, terms.delivers_s + MEASURES_S),
        ):
            limit_s = most_s * self._slowness_ratio
            if took_s is None:
                yield f"never {what} after {course.healed_s:.1f} s; wanted {limit_s:.0f} s"
            elif took_s > limit_s:
                yield f"{what} {took_s:.1f} s after {course.healed_s:.1f} s; wanted {limit_s:.0f} s"

    def _deaths(self, terms: Terms) -> Iterator[str]:
        deaths = sorted((one for victim in self._unit.victims.values() for one in victim.own_deaths), key=_at_s)
        fresh, self._own_deaths = deaths[self._own_deaths :], len(deaths)
        for one in fresh:
            if one.kind in terms.may_end:
                self._unit.deaths.append(one)
            else:
                yield f"{one.kind} ended by itself at {one.at_s:.1f} s, exit code {one.code}"

    def _lights(self, terms: Terms, course: Course) -> list[str]:
        shown = self._unit.pictures[max(0, self._pictures - 1) :]
        self._pictures = len(self._unit.pictures)
        from_s = course.struck_s + terms.shows_s * self._slowness_ratio
        found = lies(shown, truth(terms.breaks), from_s, course.healed_s)
        return [f"the lights lied between {course.struck_s:.1f} and {course.healed_s:.1f} s: {one}" for one in found]

    def _logs(self) -> list[str]:
        return tracebacks(self._unit.folder)

    def _judged(self, until_ns: int | None) -> list[str]:
        """The judge of the kill campaign, on what must have been delivered."""
        unit, began_s = self._unit, time.monotonic()
        verdict = judged(unit.serial, unit.journal, unit.world.store, unit.deaths, taken=unit.taken, until_ns=until_ns)
        found = [*_sentences(verdict), *false_events(unit.journal), *self._young()]
        self._judged_s = time.monotonic()
        self._took_s = self._judged_s - began_s
        return found

    def _young(self) -> list[str]:
        """What a power cut took was younger than what is on the medium for certain."""
        found: list[str] = []
        try:
            kept = readings(self._unit.journal)
        except JournalError as why:
            return [str(why)]
        for cut in self._unit.cuts:
            ages_s = {key: cut.at_s - end_ns / _NS for key, end_ns in cut.held.items() if key not in kept}
            old = [f"{key}, {age_s:.1f} s old" for key, age_s in ages_s.items() if age_s > SYNCED_S]
            found += [f"the cut at {cut.at_s:.1f} s took {one}" for one in old[:3]]
        self._unit.cuts.clear()
        return found


def false_verdicts(said: Iterable[Said]) -> list[str]:
    """Where a right installation was called wrong."""
    return [
        f"a false verdict at {one.at_s:.1f} s: voltage {one.voltage}, current {one.current}: {one.sentence}"
        for one in said
        if one.wrong
    ]


def false_events(journal: Path) -> list[str]:
    """Events that tell of a supply that was never so."""
    try:
        kept: Mapping[Key, Body] = events(journal)
    except JournalError as why:
        return [str(why)]
    return [
        f"a false event: {json.dumps(one['event'])[:200]}"
        for one in kept.values()
        if str(one["event"].get("kind")) in FALSE_EVENTS
    ]


def _sentences(verdict: UnitVerdict) -> list[str]:
    lost = [f"{verdict.lost} readings are lost"] if verdict.lost else []
    doubled = [f"{verdict.doubled} readings are doubled"] if verdict.doubled else []
    nothing = [] if verdict.judged else ["there is no reading to judge"]
    return [*lost, *doubled, *nothing, *verdict.unexplained]


def _at_s(death: Death) -> float:
    return death.at_s
