"""What was seen of the clamps so far: stretches in which the currents stay as they are, and the steps between them.

Only what is new counts. A current that is watched for an hour says no more than after some seconds; another load
does, and so does something that is switched: its angle is another load's. The same appliance, switched a hundred
times, counts once.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from ampguard.wiring.hypotheses import Look
from ampguard.wiring.response import Answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Phasors: TypeAlias = "tuple[complex, complex, complex]"
    Volts: TypeAlias = "tuple[float | None, float | None, float | None]"

SETTLED_WINDOWS = 5
"""One second."""
AGAIN_WINDOWS = 2
"""So many in a row that are elsewhere begin another stretch: one alone may be a current that just starts."""
MOST_LOOKS = 24
NOISE_RATIO = 1e-4
"""Of full scale: what the voltages and the wires of the cabinet leave in a clamp, always at the same angle; the
converter's noise in a window is less than a hundredth of it."""
LEAK_RATIO = 7e-4
"""Of the largest current: what a clamp shows of its neighbours' conductors, 0.1 % of any angle; each part of it."""
NEW_RATIO = 0.5
"""A stretch whose current differs by so much of itself from all counted ones shows other loads."""
SAME_STEP_RATIO = 0.2
SAME_LAG_RATIO = math.sin(math.radians(14.0))
"""And whose angle, too, differs by so much, about as ordinary loads do: five times as much of one load is as odd as
once."""
WEAK_RATIO = 5.0
"""A current that is no larger than so many times what neighbours may leave in a clamp may be just that."""
SMALLEST_STEP_A = 0.3
ANSWER_WINDOWS = 5
ANSWERED_STEP_A, MOST_ANSWERS = 2.0, 5
"""What moves a voltage visibly; how many answers to the same appliance count."""
ANSWERED_WITHIN_WINDOWS = 10
"""Between the two stretches: later the voltages are others anyway, and answer to nothing."""
DRIFT_V, WINDOW_SPREAD_V = 0.15, 0.25
"""Standard deviations of what a low voltage does by itself: within a second, and from one window to the next."""
_MOVED_RATIO, _MOST_MOVED_RATIO = 0.02, 0.32
_MOVED_SIGMAS = 5.0
RESTLESS_WINDOWS, CALM_WINDOWS = 25, 50
"""Where nothing stays for so long, more wavering is taken for staying; and less again where all is calm."""
_CLEAR_STEP = 4.0
"""So many times the wavering makes a step."""


@dataclass(slots=True)
class _Stretch:
    """Means of windows."""

    windows: int = 0
    current_a: list[complex] = field(default_factory=lambda: [0j, 0j, 0j])
    voltage: list[complex] = field(default_factory=lambda: [0j, 0j, 0j])
    latest_v: deque[Volts] = field(default_factory=lambda: deque(maxlen=ANSWER_WINDOWS))
    """The voltages of the last windows: further back they were others anyway."""

    def add(self, current_a: Phasors, voltage: Phasors, voltage_v: Volts) -> None:
        self.windows += 1
        self.latest_v.append(voltage_v)
        for means, values in ((self.current_a, current_a), (self.voltage, voltage)):
            for number, value in enumerate(values):
                means[number] += (value - means[number]) / self.windows


class Evidence:
    """Gathers looks; `looks` are those that count."""

    def __init__(self, full_scale_a: float, settled: int = SETTLED_WINDOWS, remembered: Iterable[Look] = ()) -> None:
        """`settled`: so many windows of the same currents are a stretch; `remembered`: what counted before."""
        self._noise_a = NOISE_RATIO * full_scale_a
        self._settled = settled
        self._counted: list[Look] = list(remembered)[-MOST_LOOKS:]
        self._now, self._next = _Stretch(), _Stretch()
        self._before: _Stretch | None = None
        self._since = 0
        """Windows since that one ended."""
        self._wavering_ratio = _MOVED_RATIO
        """Of a current that is taken to stay as it is."""
        self._restless = self._calm = 0

    @property
    def looks(self) -> list[Look]:
        """All that counts, and what flows now as far as it shows something new."""
        latest = None if self.now is None else self._fresh(self.now)
        return [*self._counted, *([latest] if latest is not None else [])]

    @property
    def before(self) -> list[Look]:
        """All that counts of other loads than those that are on now."""
        return list(self._counted)

    @property
    def now(self) -> Look | None:
        """What flows now; None until that has settled."""
        return self._look(self._now) if self._now.windows >= self._settled else None

    @property
    def now_a(self) -> Phasors:
        """What flows now."""
        first, second, third = self._now.current_a
        return first, second, third

    def follow(self, current_a: Phasors, voltage: Phasors, voltage_v: Volts = (None, None, None)) -> None:
        """One window more: RMS phasors of the fundamental of each clamp and phase, in one frame.

        `voltage_v`: RMS of the voltages, as far as they are measured.
        """
        self._since += 1
        self._get_used()
        if self._now.windows and self._moved(current_a):
            self._next.add(current_a, voltage, voltage_v)
            if self._next.windows >= AGAIN_WINDOWS:
                self._close()
            return
        self._next = _Stretch()
        self._now.add(current_a, voltage, voltage_v)
        if self._now.windows >= self._settled and self._before is not None:
            for step in self._steps(self._before, self._now):
                self._count(step)
            self._before = None

    def _get_used(self) -> None:
        """To loads that never stay, and to those that do."""
        if self._now.windows >= self._settled:
            self._restless, self._calm = 0, self._calm + 1
            if self._calm >= CALM_WINDOWS:
                self._calm, self._wavering_ratio = 0, max(self._wavering_ratio / 2.0, _MOVED_RATIO)
            return
        self._restless, self._calm = self._restless + 1, 0
        if self._restless >= RESTLESS_WINDOWS:
            self._restless, self._wavering_ratio = 0, min(2.0 * self._wavering_ratio, _MOST_MOVED_RATIO)

    def forget(self) -> None:
        """The installation has changed: only what flows now counts."""
        self._counted.clear()
        self._before = None

    def _close(self) -> None:
        if self._now.windows >= self._settled:
            self._count(self._fresh(self._look(self._now)))
            self._before, self._since = self._now, self._next.windows
        self._now, self._next = self._next, _Stretch()

    def _moved(self, current_a: Phasors) -> bool:
        leak_a = LEAK_RATIO * max(map(abs, self._now.current_a))
        return any(
            abs(now - mean) > max(_MOVED_SIGMAS * math.hypot(self._noise_a, leak_a), self._wavering_ratio * abs(mean))
            for now, mean in zip(current_a, self._now.current_a, strict=True)
        )

    def _look(self, stretch: _Stretch, *, is_step: bool = False) -> Look:
        first, second, third = stretch.current_a
        one, two, three = stretch.voltage
        noise_a = math.hypot(self._noise_a, LEAK_RATIO * max(map(abs, stretch.current_a)))
        return Look((first, second, third), (one, two, three), noise_a, is_step=is_step)

    def _steps(self, before: _Stretch, after: _Stretch) -> list[Look]:
        """What was switched: all at once by one hand; or one clamp after the other, where it took longer."""
        moved = [new - old for new, old in zip(after.current_a, before.current_a, strict=True)]
        look = self._look(_Stretch(1, moved, after.voltage), is_step=True)
        largest_a = [max(abs(new), abs(old)) for new, old in zip(after.current_a, before.current_a, strict=True)]
        leak_a = math.hypot(self._noise_a, LEAK_RATIO * max(largest_a))
        clear_ratio = _CLEAR_STEP * self._wavering_ratio
        known = [one for one in self._counted if one.is_step]

        def alike(clamp: int) -> int:
            """How many steps of the same size there were."""
            step_a = moved[clamp]
            seen_a = [min(abs(step_a - one.current_a[clamp]), abs(step_a + one.current_a[clamp])) for one in known]
            return sum(distance_a <= SAME_STEP_RATIO * abs(step_a) for distance_a in seen_a)

        def counts(clamp: int) -> bool:
            step_a = abs(moved[clamp])
            return (
                step_a >= max(SMALLEST_STEP_A, 2.0 * _MOVED_SIGMAS * leak_a, clear_ratio * largest_a[clamp])
                and step_a < NEW_RATIO * largest_a[clamp]  # else what flows now says it already
                and not alike(clamp)
                and not any(_is_same_load(moved[clamp], one, clamp) for one in known)
            )

        counted = [counts(clamp) for clamp in range(3)]
        largest = max(range(3), key=lambda clamp: abs(moved[clamp]))
        if self._since - after.windows > ANSWERED_WITHIN_WINDOWS:
            return [
                replace(look, counts=(one[0], one[1], one[2]), noise_a=leak_a)
                for one in ([clamp == number and counted[clamp] for clamp in range(3)] for number in range(3))
                if any(one)
            ]
        is_clear = abs(moved[largest]) >= max(ANSWERED_STEP_A, clear_ratio * largest_a[largest])
        answers = is_clear and alike(largest) < MOST_ANSWERS
        if not (any(counted) or answers):
            return []
        answer = _answer(before.latest_v, after.latest_v) if answers else None
        return [replace(look, counts=(counted[0], counted[1], counted[2]), noise_a=leak_a, answer=answer)]

    def _fresh(self, look: Look) -> Look | None:
        known = [one for one in self._counted if not one.is_step]

        def counts(clamp: int) -> bool:
            now_a = look.current_a[clamp]
            return not any(
                abs(now_a - one.current_a[clamp]) <= NEW_RATIO * max(abs(now_a), abs(one.current_a[clamp]))
                or _is_same_load(now_a, one, clamp)
                for one in known
                if one.counts[clamp]
            )

        first, second, third = (counts(clamp) for clamp in range(3))
        return replace(look, counts=(first, second, third)) if first or second or third else None

    def _count(self, look: Look | None) -> None:
        if look is not None:
            self._counted = [*self._counted, look][-MOST_LOOKS:]


def _is_same_load(now_a: complex, known: Look, clamp: int) -> bool:
    """Whether it is at the angle of what was counted: more of the same, which says nothing new.

    A step may be the other way round. What may be its neighbours' was at no load's angle.
    """
    one_a = known.current_a[clamp]
    if not known.counts[clamp] or abs(one_a) < WEAK_RATIO * known.noise_a:
        return False
    apart = now_a * one_a.conjugate()
    return abs(apart.imag) < SAME_LAG_RATIO * abs(apart) and (known.is_step or apart.real > 0.0)


def _answer(before: Sequence[Volts], after: Sequence[Volts]) -> Answer:
    def change_v(phase: int) -> float | None:
        means_v: list[float] = []
        for windows in (before, after):
            values_v = [one[phase] for one in windows]
            known_v = [one for one in values_v if one is not None]
            if len(known_v) < len(values_v):
                return None
            means_v.append(sum(known_v) / len(known_v))
        return means_v[1] - means_v[0]

    windows = 1.0 / len(before) + 1.0 / len(after)
    return Answer((change_v(0), change_v(1), change_v(2)), math.hypot(DRIFT_V, WINDOW_SPREAD_V * math.sqrt(windows)))
