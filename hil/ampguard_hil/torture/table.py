"""What came of a storm, for people and for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ampguard_hil.torture.storm import Ended, Struck

SHOWN = 30
"""Violations that are printed."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """All of it."""

    seed: int
    lasted_s: float
    units: tuple[Ended, ...]
    failures: tuple[str, ...] = ()
    """Storms that did not come to their end, a sentence each."""

    @property
    def good(self) -> bool:
        """Whether every invariant held on every unit."""
        return bool(self.units) and not self.failures and all(unit.good for unit in self.units)

    @property
    def struck(self) -> list[Struck]:
        """All faults of all units."""
        return [one for unit in self.units for one in unit.struck]

    @property
    def kills(self) -> int:
        """Processes that a kill took, without those of power cuts."""
        return sum(one.killed for one in self.struck if one.kind.startswith("kill"))

    @property
    def cuts(self) -> int:
        """Power cuts."""
        return sum(one.kind == "power-cut" for one in self.struck)


def saved(outcome: Outcome) -> str:
    """All of it as JSON."""
    sums = {"good": outcome.good, "kills": outcome.kills, "power_cuts": outcome.cuts}
    return json.dumps({**sums, **asdict(outcome)}, indent=1) + "\n"


def table(outcome: Outcome) -> str:
    """Faults against what came of them, and each violation with its fault, seed and time."""
    complaints = [*_complaints(outcome), *outcome.failures]
    lost, doubled = (sum(getattr(one.unit, name) for one in outcome.units) for name in ("lost", "doubled"))
    judged = sum(one.unit.judged for one in outcome.units)
    return "\n".join([
        "",
        f"{'fault':<16}{'count':>6}{'measures again':>16}{'delivers again':>16}{'lights right':>14}{'violations':>12}",
        f"{'':<16}{'':>6}{'at worst, s':>16}{'at worst, s':>16}{'at worst, s':>14}",
        *(_line(kind, outcome.struck) for kind in dict.fromkeys(sorted(one.kind for one in outcome.struck))),
        f"{'all':<16}{len(outcome.struck):>6}{_times(outcome.struck)}{len(complaints):>12}",
        "",
        f"{outcome.kills} processes killed, {outcome.cuts} power cuts in {outcome.lasted_s:.0f} s",
        f"{len(outcome.units)} units (seed {outcome.seed}), {judged} readings judged, {lost} lost, {doubled} doubled",
        *(f"VIOLATED {one}" for one in complaints[:SHOWN]),
        *([f"and {len(complaints) - SHOWN} more"] if len(complaints) > SHOWN else []),
        "every invariant held" if outcome.good else "NOT GOOD",
    ])  # fmt: skip


def _complaints(outcome: Outcome) -> Iterator[str]:
    for unit in outcome.units:
        for one in unit.struck:
            place = f"{one.kind}, fault {one.number} of {one.serial}, seed {one.seed}, at {one.at_s:.1f} s"
            yield from (f"{place}: {words}" for words in one.violations)
        yield from (f"at the end of {unit.serial}, seed {unit.seed}: {words}" for words in unit.violations)


def _line(kind: str, struck: Sequence[Struck]) -> str:
    these = [one for one in struck if one.kind == kind]
    return f"{kind:<16}{len(these):>6}{_times(these)}{sum(len(one.violations) for one in these):>12}"


def _times(struck: Sequence[Struck]) -> str:
    return f"{_worst('measured_s', struck):>16}{_worst('delivered_s', struck):>16}{_worst('lit_s', struck):>14}"


def _worst(what: str, struck: Sequence[Struck]) -> str:
    times = [getattr(one.course, what) for one in struck]
    if not times:
        return "-"
    return "never" if None in times else f"{max(times):.1f}"
