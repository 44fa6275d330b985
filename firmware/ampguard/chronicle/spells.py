"""Too much current in a phase: when that begins and ends. Judged by readings of a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.events import Overload, Turn
from ampguard.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard.phases import Phases
    from ampguard.readings import Reading

RELEASE_RATIO = 0.98
"""An overload has ended below this share of the rated current: one that wavers about it is one overload."""
_NS = 1e9


@dataclass(slots=True)
class _Spell:
    begun_ns: int
    highest_a: float


class OverloadWatch:
    """Phases that carry more than the main fuse is rated for; none where nobody told its rating."""

    def __init__(self, phases: Phases[bool], rated_a: float | None) -> None:
        self._phases = phases
        self._rated_a = rated_a
        self._over: dict[Phase, _Spell] = {}

    def follow(self, reading: Reading) -> Iterator[Overload]:
        """What began or ended with this reading."""
        if self._rated_a is None:
            return
        for phase, there, current_a in zip(Phase, self._phases, reading.current_rms_a, strict=True):
            if not there or current_a is None:
                continue
            spell = self._over.get(phase)
            if spell is None:
                if current_a > self._rated_a:
                    spell = self._over[phase] = _Spell(_start_ns(reading), current_a)
                    yield self._told(phase, spell, None)
                continue
            spell.highest_a = max(spell.highest_a, current_a)
            if current_a < RELEASE_RATIO * self._rated_a:
                del self._over[phase]
                yield self._told(phase, spell, _lasted_s(spell, reading))

    def _told(self, phase: Phase, spell: _Spell, duration_s: float | None) -> Overload:
        return Overload(
            phase=phase,
            turn=Turn.BEGUN if duration_s is None else Turn.ENDED,
            highest_a=round(spell.highest_a, 4),
            rated_a=self._rated_a or 0.0,
            duration_s=duration_s,
        )


def _start_ns(reading: Reading) -> int:
    return reading.monotonic_ns - round(reading.duration_s * _NS)


def _lasted_s(spell: _Spell, reading: Reading) -> float:
    return round((_start_ns(reading) - spell.begun_ns) / _NS, 3)
