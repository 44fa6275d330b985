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
    rated_a: float


class OverloadWatch:
    """Phases that carry more than the main fuse is rated for; none where nobody told its rating."""

    def __init__(self, phases: Phases[bool], rated_a: float | None) -> None:
        self._phases = phases
        self._rated_a = rated_a
        self._over: dict[Phase, _Spell] = {}

    def expect(self, phases: Phases[bool], rated_a: float | None) -> None:
        """Another fuse, or none, from the next reading on: what is no overload by it has ended."""
        self._phases, self._rated_a = phases, rated_a

    def follow(self, reading: Reading) -> Iterator[Overload]:
        """What began or ended with this reading."""
        for phase, there, current_a in zip(Phase, self._phases, reading.current_rms_a, strict=True):
            spell = self._over.get(phase)
            watched_a = self._rated_a if there else None
            if watched_a is None:
                if spell is not None:
                    yield self._ended(phase, spell, reading)
                continue
            if current_a is None:
                continue
            if spell is None:
                if current_a > watched_a:
                    spell = self._over[phase] = _Spell(_start_ns(reading), current_a, watched_a)
                    yield _told(phase, spell, None)
                continue
            spell.highest_a, spell.rated_a = max(spell.highest_a, current_a), watched_a
            if current_a < RELEASE_RATIO * watched_a:
                yield self._ended(phase, spell, reading)

    def _ended(self, phase: Phase, spell: _Spell, reading: Reading) -> Overload:
        del self._over[phase]
        return _told(phase, spell, _lasted_s(spell, reading))


def _told(phase: Phase, spell: _Spell, duration_s: float | None) -> Overload:
    return Overload(
        phase=phase,
        turn=Turn.BEGUN if duration_s is None else Turn.ENDED,
        highest_a=round(spell.highest_a, 4),
        rated_a=spell.rated_a,
        duration_s=duration_s,
    )


def _start_ns(reading: Reading) -> int:
    return reading.monotonic_ns - round(reading.duration_s * _NS)


def _lasted_s(spell: _Spell, reading: Reading) -> float:
    return round((_start_ns(reading) - spell.begun_ns) / _NS, 3)
