"""What begins, lasts and ends in a phase: no voltage, too much current. Judged by readings of a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.events import Overload, PhaseLoss, Turn
from ampguard.phases import Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard.phases import Phases
    from ampguard.readings import Reading

PRESENT_RATIO = 0.1
"""Of the nominal voltage; below it a phase is interrupted (IEC 61000-4-30, 5.5: a threshold of 5 or 10 %)."""
BACK_RATIO = 0.15
"""Above it a lost phase is there again: one that wavers is one loss."""
RELEASE_RATIO = 0.98
"""An overload has ended below this share of the rated current: one that wavers about it is one overload."""
_NS = 1e9


@dataclass(slots=True)
class _Spell:
    begun_ns: int
    highest_a: float


class PhaseLossWatch:
    """Phases that should carry voltage and do not.

    Args:
        wired: the phases whose voltage is measured.
        nominal_v: of a phase; None: a tenth of the highest phase decides.
    """

    def __init__(self, wired: Phases[bool], nominal_v: float | None) -> None:
        self._wired = wired
        self._nominal_v = nominal_v
        self._lost: dict[Phase, _Spell] = {}

    def follow(self, reading: Reading) -> Iterator[PhaseLoss]:
        """What began or ended with this reading."""
        voltages = dict(zip(Phase, reading.voltage_rms_v, strict=True))
        highest_v = max((value for value in voltages.values() if value is not None), default=0.0)
        reference_v = highest_v if self._nominal_v is None else self._nominal_v
        for phase, wired in zip(Phase, self._wired, strict=True):
            if not wired:
                continue
            voltage_v = voltages[phase]
            spell = self._lost.get(phase)
            least_v = (PRESENT_RATIO if spell is None else BACK_RATIO) * reference_v
            absent = voltage_v is None or voltage_v < least_v
            if absent and spell is None:
                self._lost[phase] = _Spell(_start_ns(reading), 0.0)
                yield PhaseLoss(phase=phase, turn=Turn.BEGUN, duration_s=None)
            elif not absent and spell is not None:
                del self._lost[phase]
                yield PhaseLoss(phase=phase, turn=Turn.ENDED, duration_s=_lasted_s(spell, reading))


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
