"""How a run went: what arrived against what was to be expected, and who did not end well."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_hil.listener import Tally

START_S = 4.0
"""What the unit may take to its first reading, and the last one that is not whole."""


def expected_readings(elapsed_s: float) -> int:
    """How many must have arrived from a unit that was started so long ago; 0 where it may still be starting."""
    return max(0, int(elapsed_s - START_S))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a run at its end."""

    tally: Tally
    expected: int
    restarts: Mapping[str, int]
    """How often each process was started again."""
    codes: Mapping[str, int | None]
    """How each process ended; None for one that did not run."""

    @property
    def code(self) -> int:
        """Of the program: 0 for a healthy run, however short."""
        return 1 if self.tally.missing or self.faults() else 0

    def summary(self) -> str:
        """What arrived, in one sentence."""
        tally = self.tally
        if not tally.readings and not self.code:
            return "0 readings: ended before the first one"
        return (
            f"{_count(tally.readings, 'reading')} of {_count(tally.boots, 'run')} of the meter arrived, "
            f"{tally.missing} missing, {tally.twice} twice; {_count(sum(self.restarts.values()), 'restart')}."
        )

    def faults(self) -> list[str]:
        """What should not have been, a sentence each."""
        found = [f"{name} ended with {code}" for name, code in self.codes.items() if not self._ended_well(code)]
        found += [f"{name} died and was started again, {_count(n, 'time')}" for name, n in self.restarts.items() if n]
        if self.tally.readings < self.expected:
            found.append(f"at least {_count(self.expected, 'reading')} should have arrived")
        return found

    def _ended_well(self, code: int | None) -> bool:
        starting = not self.expected
        return code in {0, None} or (starting and code == -signal.SIGTERM)  # it could not yet end in order


def complete(tally: Tally, expected: int) -> bool:
    """Whether everything has arrived that should."""
    return tally.readings >= expected and not tally.missing


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
