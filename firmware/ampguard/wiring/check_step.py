"""Finds in a stream of windows the moment at which an appliance was switched, and by how much that moved each clamp.

A step is a jump between two stretches that are alike but for it. All that wanders (clouds over a solar roof, pumps,
electronics) is taken for a straight line through both stretches and for noise around it, so that a jump stands out or
is none: it must be many times what is left around the lines, which no ramp and no flicker is. Between the stretches
lies the change itself: a window or two in which the appliance was switched, then what an inrush leaves. Whatever is
neither before, nor after, nor above, as the middle of a ramp, is no step.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ampguard.phases import Phases
from ampguard.wiring.check_snapshot import Phasors, lag_deg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ampguard.wiring.check_snapshot import Snapshot

    Floats: TypeAlias = NDArray[np.float64]
    Complexes: TypeAlias = NDArray[np.complex128]


class Pace(Enum):
    """How long a change may take, in windows: between two values, and until an inrush has settled."""

    SUDDEN = (2, 6)
    """A switch: at most on both sides of one border of windows."""
    GRADUAL = (20, 20)
    """A charger that follows a new limit: up to four seconds."""


AFTER_WINDOWS = 6
PATIENT_WINDOWS = 2
"""More of them are waited for: where the first cut was one window off, the step comes out surer then."""
LONGEST_BEFORE_WINDOWS, SHORTEST_BEFORE_WINDOWS = 8, 5
SETTLED_RATIO = 0.12
"""Of the step: no window of the stretches is farther from their lines."""
DRIFT_PER_S = 0.3
"""Of the step: what moves faster around it is no ground to see one on."""
NEAR_RATIO = 0.2
"""Of the step: the last window before and the first one after are at least so far apart, whatever drifts."""
INRUSH_RATIO = 0.9
"""Of the step: what flows while an inrush settles is not less."""
TIMES_UNSURE = 6.0
"""A step is so many times its own uncertainty."""
LEAST_RISE_V, TIMES_RISE = 0.1, 3.0
"""A voltage rises by so much, and by so many times what is unsure of it."""
WANDERS = 1.5
"""What moves slowly is not told apart from window to window: noise counts more often than it is."""
ANSWER_RATIO = 0.25
"""Of the largest answer: what is smaller is something else."""
FLOOR_A, FLOOR_RATIO = 0.003, 1e-3
"""Least noise of a window: of the converter, and of the current itself."""
LONGEST_HOLE_S = 2.0
"""Windows that are lost on a busy unit stand for a change: what was switched meanwhile shows on both sides. Longer, and
too much may have happened at once: a break in the stream."""
_BACK_RATIO = 0.5
"""Of a window: a stream that goes back farther is another one."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something was switched."""

    start_s: float
    """When it was switched: within a window of this moment of the stream, or in the hole behind it."""
    seen_s: float
    """When it was recognised."""
    change_a: Phasors
    """By how much each clamp's current has changed; in the frame of `voltage_v`."""
    unsure_a: tuple[float, float, float]
    """Standard deviation of each part of each of them."""
    voltage_v: Phasors
    """Afterwards."""
    rise_v: tuple[float, float, float]
    """By how much each voltage is higher afterwards."""
    rise_unsure_v: tuple[float, float, float]

    @property
    def is_less(self) -> bool:
        """Whether something went off rather than on: the grid's voltage rises where less is drawn.

        Which phase that is shows in the angle of the current, either way round; in a strong grid the voltage tells
        nothing, and this is False.
        """
        main = self.change_a[self.clamp]
        along = [abs((main * one.conjugate()).real) / max(abs(one), 1e-9) for one in self.voltage_v]
        phase = along.index(max(along))
        return self.rise_v[phase] > max(LEAST_RISE_V, TIMES_RISE * self.rise_unsure_v[phase])

    @property
    def clamp(self) -> int:
        """The one that shows most."""
        return max(range(3), key=lambda number: abs(self.change_a[number]))

    @property
    def size_a(self) -> float:
        """What that one shows."""
        return abs(self.change_a[self.clamp])

    @property
    def main_unsure_a(self) -> float:
        """How unsure that is."""
        return self.unsure_a[self.clamp]

    def lag_deg(self, clamp: int) -> float:
        """Of what a clamp shows, behind the voltage of its own phase."""
        return lag_deg(self.change_a[clamp], self.voltage_v[clamp])

    def answers(self, clamp: int) -> bool:
        """Whether a clamp shows it as well: clearly, and not only what strays over to it."""
        return answers(self.change_a, self.unsure_a, clamp)


def answers(change_a: Phasors, unsure_a: tuple[float, float, float], clamp: int) -> bool:
    """Whether a clamp shows it: clearly, and not only what strays over to it."""
    least_a = max(TIMES_UNSURE * unsure_a[clamp], ANSWER_RATIO * max(map(abs, change_a)))
    return abs(change_a[clamp]) > least_a


class Recogniser:
    """Takes one snapshot after the other; says when a step is behind them."""

    def __init__(self, clamps: Phases[bool], least_a: float, pace: Pace) -> None:
        """`least_a`: nothing smaller is a step."""
        self._clamps = [number for number, there in enumerate(clamps) if there]
        self._least_a = least_a
        self._mixed, self._longest = pace.value
        most = LONGEST_BEFORE_WINDOWS + self._longest + AFTER_WINDOWS + PATIENT_WINDOWS
        self._seen: deque[Snapshot] = deque(maxlen=most)
        self._found: Step | None = None
        self._waited = 0

    @property
    def is_ready(self) -> bool:
        """Whether enough was seen that a step from now on would be recognised."""
        return len(self._seen) >= SHORTEST_BEFORE_WINDOWS

    def forget(self) -> None:
        """The stream is broken, or the clamps were moved."""
        self._seen.clear()
        self._found = None

    def follow(self, one: Snapshot) -> Step | None:
        """One window more."""
        if self._seen and not -_BACK_RATIO * one.duration_s <= one.start_s - self._seen[-1].end_s <= LONGEST_HOLE_S:
            self.forget()
        self._seen.append(one)
        if len(self._seen) < SHORTEST_BEFORE_WINDOWS + AFTER_WINDOWS + PATIENT_WINDOWS:
            return None
        self._waited += 1
        found = self._best(list(self._seen))
        if self._found is None:
            self._waited = 0
        if found is not None and (self._found is None or found.main_unsure_a < self._found.main_unsure_a):
            self._found = found
        if self._found is None or self._waited < PATIENT_WINDOWS:
            return None
        step, self._found = self._found, None
        while len(self._seen) > AFTER_WINDOWS:
            self._seen.popleft()
        return replace(step, seen_s=one.end_s)

    def _best(self, seen: list[Snapshot]) -> Step | None:
        """Of all ways to cut what was seen into before, change and after, the one with the surest step."""
        current_a = np.array([each.current_a for each in seen])
        moved_a = np.abs(current_a[-AFTER_WINDOWS:].mean(axis=0) - current_a[:-AFTER_WINDOWS])[:, self._clamps]
        if not self._clamps or moved_a.max() < 0.5 * self._least_a:
            return None
        times_s = np.array([each.start_s for each in seen])
        rough = [each.is_rough for each in seen]
        found: Step | None = None
        for length, end, after in self._cuts(len(seen)):
            near_a = np.abs(current_a[after] - current_a[end - 1])[self._clamps].max()
            if near_a < NEAR_RATIO * self._least_a or any(rough[end - length : end]) or any(rough[after:]):
                continue
            fit = _fitted(times_s, current_a, (end - length, end), after)
            clamp = max(self._clamps, key=lambda number: abs(fit.jump_a[number]))
            if not self._is_step(fit, clamp, current_a[end:after, clamp]):
                continue
            step = _step(fit, seen[end - length : end], seen[after:])
            if found is None or step.main_unsure_a < found.main_unsure_a:
                found = step
        return found

    def _cuts(self, count: int) -> Iterator[tuple[int, int, int]]:
        """Windows before, where they end, where those after begin."""
        for after in (count - AFTER_WINDOWS, count - AFTER_WINDOWS - PATIENT_WINDOWS):
            for change in range(min(self._longest, after - SHORTEST_BEFORE_WINDOWS) + 1):
                for length in {min(LONGEST_BEFORE_WINDOWS, after - change), SHORTEST_BEFORE_WINDOWS}:
                    yield length, after - change, after

    def _is_step(self, fit: _Fit, clamp: int, between_a: Complexes) -> bool:
        jump_a = fit.jump_a[clamp]
        size_a = float(abs(jump_a))
        share_ratio = ((between_a - fit.before_a[clamp]) * np.conj(jump_a)).real / size_a**2
        return (
            size_a >= max(self._least_a, TIMES_UNSURE * float(fit.unsure_a[clamp]))
            and float(fit.farthest_a[clamp]) <= SETTLED_RATIO * size_a
            and float(abs(fit.slope_a_per_s[clamp])) <= DRIFT_PER_S * size_a
            and bool((share_ratio[self._mixed :] >= INRUSH_RATIO).all())
        )


@dataclass(frozen=True, slots=True)
class _Fit:
    """Two parallel lines through what each clamp showed."""

    jump_a: Complexes
    slope_a_per_s: Complexes
    before_a: Complexes
    unsure_a: Floats
    farthest_a: Floats
    """Of any window from its line."""


def _fitted(times_s: Floats, current_a: Complexes, before: tuple[int, int], after: int) -> _Fit:
    parts = [slice(*before), slice(after, None)]
    lengths = [before[1] - before[0], len(times_s) - after]
    off_s = [times_s[part] - times_s[part].mean() for part in parts]
    off_a = [current_a[part] - current_a[part].mean(axis=0) for part in parts]
    moment_s2 = sum(float(one @ one) for one in off_s)
    slope = (off_s[0] @ off_a[0] + off_s[1] @ off_a[1]) / moment_s2
    apart_s = times_s[parts[1]].mean() - times_s[parts[0]].mean()
    # a line through both: what is left of the difference of the means
    jump = current_a[parts[1]].mean(axis=0) - current_a[parts[0]].mean(axis=0) - slope * apart_s
    left_a = np.concatenate([one - t[:, None] * slope for one, t in zip(off_a, off_s, strict=True)])
    size_a = np.abs(current_a[before[0] :]).max(axis=0)
    noise_a = np.sqrt((np.abs(left_a) ** 2).sum(axis=0) / (2.0 * (sum(lengths) - 3)))
    noise_a = np.maximum(noise_a, np.hypot(FLOOR_A, FLOOR_RATIO * size_a))
    unsure_a = WANDERS * noise_a * np.sqrt(1.0 / lengths[0] + 1.0 / lengths[1] + apart_s**2 / moment_s2)
    return _Fit(jump, slope, current_a[parts[0]].mean(axis=0), unsure_a, np.abs(left_a).max(axis=0))


def _step(fit: _Fit, before: list[Snapshot], after: list[Snapshot]) -> Step:
    sags_a = _sagging(before[-1], after[-1])
    first, second, third = (complex(one) for one in fit.jump_a)
    u1, u2, u3 = (float(np.hypot(u, s)) for u, s in zip(fit.unsure_a, sags_a, strict=True))
    was_v, is_v = (np.abs([one.voltage_v for one in each]) for each in (before, after))
    v1, v2, v3 = (float(one) for one in is_v.mean(axis=0) - was_v.mean(axis=0))
    spread_v = WANDERS * np.sqrt(was_v.var(axis=0) / len(before) + is_v.var(axis=0) / len(after))
    w1, w2, w3 = (float(one) for one in spread_v)
    return Step(
        start_s=before[-1].end_s,
        seen_s=after[-1].end_s,
        change_a=(first, second, third),
        unsure_a=(u1, u2, u3),
        voltage_v=after[-1].voltage_v,
        rise_v=(v1, v2, v3),
        rise_unsure_v=(w1, w2, w3),
    )


def _sagging(before: Snapshot, after: Snapshot) -> Floats:
    """By how much what was on already may have changed, because the voltage did."""
    was_v, is_v = np.abs(before.voltage_v), np.abs(after.voltage_v)
    sags_a: Floats = np.abs(before.current_a) * np.abs(is_v - was_v) / np.maximum(was_v, 1e-9)
    return sags_a
