"""What the clamps' answers to a charger's steps say: which phase is behind which terminal, each clamp's sign and ratio.

What a charger draws more is drawn from the grid, nearly in phase with the voltage of its phase: so the angle of what a
clamp shows tells on which phase it sits and which way round, in sectors of 60 degrees, and the size tells its ratio. A
step that goes up and down again with the order, and alike both times, is the charger's; what else is switched is not.
Terminals that carry the same current cannot be told apart: that takes a step on some of them.
"""

from __future__ import annotations

import cmath
import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ampguard.phases import Phases
from ampguard.wiring.check_weigh import Kind, Stimulus

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ampguard.balancing.observation import Triple
    from ampguard.wiring.check_snapshot import Phasors

SAME_RATIO, SAME_SIGMAS, SAME_A = 0.15, 4.0, 0.1
"""A step down is the step up again but for so much of it, for what is unsure of both, and for a neighbour's trace."""
TOLD_RATIO = 0.2
"""The same of what the charger says."""
LEAST_STEP_A = 1.5
"""What a car takes more with 4 A more offered; less is none."""
USED_RATIO = 0.5
"""Of the largest terminal's step: from here on another terminal has stepped, too."""
ANSWER_RATIO, ANSWER_SIGMAS = 0.3, 3.0
"""Of what the charger says: a clamp that shows clearly more has answered, and one that shows clearly less has not."""
SECTOR_DEG, LAG_DEG = 21.0, 5.0
"""How far from the angle of a phase, and what a car's current usually lags."""
MOST_TIMES = 8.0
"""A clamp shows at most so many times what flows, or the least of it: a set that is meant for others."""
METER_PERCENT = 2.0
"""What a charger's own meter may err."""
LEAST_COUNTS = 2
"""Answers, in a row and alike, before a clamp is named."""
SCATTER_PERCENT = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What followed one order. Times are of the monotonic clock."""

    change_a: Phasors
    unsure_a: Triple
    voltage_v: Phasors
    told_a: Triple | None
    """By how much more each terminal carries now, as the charger says; None: it does not say."""
    order_s: float
    """When the limit was given."""
    begins_s: float
    """When a window of the meter first showed it."""
    done_s: float
    """When it showed nearly all of it."""


@dataclass(frozen=True, slots=True)
class Round:
    """Up and down again."""

    up: Answer
    down: Answer

    @property
    def change_a(self) -> Phasors:
        """Of the step up: the mean of both."""
        first, second, third = (0.5 * (up - down) for up, down in self._pairs)
        return first, second, third

    @property
    def unsure_a(self) -> Triple:
        """Standard deviation of each part of it."""
        first, second, third = (
            0.5 * math.hypot(up, down) for up, down in zip(self.up.unsure_a, self.down.unsure_a, strict=True)
        )
        return first, second, third

    @property
    def told_a(self) -> Triple | None:
        """As the charger says."""
        if self.up.told_a is None or self.down.told_a is None:
            return None
        first, second, third = (0.5 * (up - down) for up, down in zip(self.up.told_a, self.down.told_a, strict=True))
        return first, second, third

    @property
    def counts(self) -> bool:
        """Whether what went down is what went up, on every clamp, and a charger's step at all."""
        size_a = max(map(abs, self.change_a))
        if size_a * MOST_TIMES < LEAST_STEP_A:
            return False
        apart = zip(self._pairs, self.up.unsure_a, self.down.unsure_a, strict=True)
        if not all(_is_alike(up, -down, math.hypot(u, v)) for (up, down), u, v in apart):
            return False
        if self.up.told_a is None or self.down.told_a is None:
            return size_a >= LEAST_STEP_A
        told_a = max(map(abs, self.told_a or ()))
        alike = all(abs(a + b) <= TOLD_RATIO * told_a for a, b in zip(self.up.told_a, self.down.told_a, strict=True))
        return alike and told_a >= LEAST_STEP_A and max(self.told_a or ()) == told_a

    @property
    def used(self) -> tuple[int, ...]:
        """Terminals that have stepped; none where the charger does not say."""
        told_a = self.told_a or (0.0, 0.0, 0.0)
        return tuple(terminal for terminal in range(3) if told_a[terminal] > USED_RATIO * max(told_a) > 0.0)

    @property
    def step_a(self) -> float | None:
        """What each terminal that is used takes more, as the charger says."""
        told_a = self.told_a
        return None if told_a is None else sum(told_a[terminal] for terminal in self.used) / len(self.used)

    @property
    def stimulus(self) -> Stimulus | None:
        """As the wiring solver takes it: an appliance on one phase or on all three."""
        kind = {1: Kind.HEATER, 3: Kind.THREE_PHASE}.get(len(self.used))
        if kind is None:
            return None
        return Stimulus(kind, None, self.change_a, self.unsure_a, self.up.voltage_v)

    @property
    def _pairs(self) -> list[tuple[complex, complex]]:
        return list(zip(self.up.change_a, self.down.change_a, strict=True))

    def answers(self, clamp: int) -> bool | None:
        """Whether a clamp shows it; None: it may or may not."""
        size_a, unsure_a = abs(self.change_a[clamp]), ANSWER_SIGMAS * self.unsure_a[clamp]
        border_a = ANSWER_RATIO * (self.step_a or max(map(abs, self.change_a)))
        if size_a - unsure_a > border_a:
            return True
        return False if size_a + unsure_a < border_a else None

    def place(self, clamp: int) -> tuple[int, bool] | None:
        """The phase that a clamp sits on, by the angle of what it shows, and whether it is the wrong way round."""
        for phase, turned in itertools.product(range(3), (False, True)):
            shown_a = -self.change_a[clamp] if turned else self.change_a[clamp]
            lag_deg = math.degrees(cmath.phase(self.up.voltage_v[phase] * shown_a.conjugate()))
            unsure_deg = math.degrees(math.atan2(ANSWER_SIGMAS * self.unsure_a[clamp], abs(shown_a)))
            if abs(lag_deg - LAG_DEG) <= SECTOR_DEG and unsure_deg <= SECTOR_DEG:
                return phase, turned
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClampFound:
    """How one clamp answered."""

    phase: int
    """That it sits on."""
    reversed: bool
    ratio: float | None
    """Of what it shows to what the charger says that flows; None: the charger does not say."""
    unsure_ratio: float | None
    rounds: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which phase of the supply is behind each terminal."""

    phases: tuple[int | None, int | None, int | None]
    """None: not known, or no such terminal."""
    candidates: int
    """So many orders fit all that was seen; 0: none does."""


def trusted(rounds: Sequence[Round]) -> list[Round]:
    """Of each kind those that agree with each other: most of them, and two where there is more than one.

    A kind is what steps the same terminals.
    """
    found: list[Round] = []
    for kind in {one.used for one in rounds}:
        same = [one for one in rounds if one.used == kind]
        alike = max(([one for one in same if _agree(one, other)] for other in same), key=len)
        if len(same) == 1 or (len(alike) > 1 and 2 * len(alike) > len(same)):
            found += alike
    return sorted(found, key=lambda one: one.up.order_s)


def _agree(one: Round, other: Round) -> bool:
    parts = zip(one.change_a, other.change_a, one.unsure_a, other.unsure_a, strict=True)
    return all(_is_alike(first_a, second_a, math.hypot(u, v)) for first_a, second_a, u, v in parts)


def _is_alike(first_a: complex, second_a: complex, unsure_a: float) -> bool:
    size_a = 0.5 * (abs(first_a) + abs(second_a))
    return abs(first_a - second_a) <= SAME_A + SAME_RATIO * size_a + SAME_SIGMAS * unsure_a


def clamp_found(rounds: Sequence[Round], clamp: int) -> ClampFound | None:
    """One clamp by least squares over all rounds that it answered; None: it did not, or not alike each time."""
    answered = [one for one in rounds if one.answers(clamp)]
    places = {one.place(clamp) for one in answered}
    if len(answered) < LEAST_COUNTS or len(places) != 1:
        return None
    (place,) = places
    if place is None:
        return None
    phase, turned = place
    known = [(one, step_a) for one in answered if (step_a := one.step_a) is not None]
    if not known:
        return ClampFound(phase=phase, reversed=turned, ratio=None, unsure_ratio=None, rounds=len(answered))
    square_a2 = sum(step_a**2 for _, step_a in known)
    ratio = sum(step_a * abs(one.change_a[clamp]) for one, step_a in known) / square_a2
    left = [abs(abs(one.change_a[clamp]) - ratio * step_a) / (ratio * step_a) for one, step_a in known]
    if 100.0 * max(left) > SCATTER_PERCENT or not 1.0 / MOST_TIMES <= ratio <= MOST_TIMES:
        return None
    random_ratio = math.sqrt(sum((step_a * one.unsure_a[clamp]) ** 2 for one, step_a in known)) / square_a2
    each = [abs(answer.change_a[clamp]) / step_a - ratio for one, step_a in known for answer in (one.up, one.down)]
    spread_ratio = math.sqrt(sum(one**2 for one in each) / (len(each) - 1) / len(each))
    unsure = math.hypot(0.01 * METER_PERCENT * ratio, random_ratio, spread_ratio)
    if unsure > 0.01 * SCATTER_PERCENT * ratio:
        return None
    return ClampFound(phase=phase, reversed=turned, ratio=ratio, unsure_ratio=unsure, rounds=len(answered))


def mapping(rounds: Sequence[Round], clamps: Phases[bool], terminals: int) -> Mapping:
    """All orders of the phases behind the terminals that fit every round in which each clamp is clear."""
    there = [number for number, one in enumerate(clamps) if one]
    found = [clamp_found(rounds, clamp) for clamp in range(3)]
    left = list(itertools.permutations(range(3), terminals))
    is_seen = False
    for one in together(rounds):
        phases = _phases(one, there, found)
        if phases is None:
            continue
        is_seen = True
        left = [order for order in left if {order[terminal] for terminal in one.used if terminal < terminals} == phases]
    if not is_seen or not left:
        return Mapping((None, None, None), len(left) if is_seen else math.factorial(3))
    behind = [{order[terminal] for order in left} for terminal in range(terminals)]
    known = [next(iter(one)) if len(one) == 1 else None for one in behind] + [None] * (3 - terminals)
    return Mapping((known[0], known[1], known[2]), len(left))


def together(rounds: Sequence[Round]) -> list[Round]:
    """One of each kind: the mean of those that stepped the same terminals."""
    kinds: dict[tuple[int, ...], list[Round]] = {}
    for one in rounds:
        kinds.setdefault(one.used, []).append(one)
    return [Round(_mean([one.up for one in each]), _mean([one.down for one in each])) for each in kinds.values()]


def is_clear(rounds: Sequence[Round], clamps: Phases[bool]) -> bool:
    """Whether each clamp has clearly answered, or clearly not, in each kind of round."""
    there = [number for number, one in enumerate(clamps) if one]
    return all(
        one.answers(clamp) is False or (one.answers(clamp) and one.place(clamp) is not None)
        for one in together(rounds)
        for clamp in there
    )


def _mean(answers: Sequence[Answer]) -> Answer:
    count = len(answers)
    first, second, third = (sum(one.change_a[clamp] for one in answers) / count for clamp in range(3))
    u1, u2, u3 = (math.sqrt(sum(one.unsure_a[clamp] ** 2 for one in answers)) / count for clamp in range(3))
    told_a: Triple | None = None
    told = [one.told_a for one in answers if one.told_a is not None]
    if len(told) == count:
        t1, t2, t3 = (sum(one[terminal] for one in told) / count for terminal in range(3))
        told_a = t1, t2, t3
    return replace(answers[-1], change_a=(first, second, third), unsure_a=(u1, u2, u3), told_a=told_a)


def _phases(one: Round, there: Iterable[int], found: Sequence[ClampFound | None]) -> set[int] | None:
    """Of the supply that carried a round; None where that is not clear, or not as many as terminals."""
    phases: set[int] = set()
    for clamp in there:
        clamp_place, answers = found[clamp], one.answers(clamp)
        if answers is None or (answers and (clamp_place is None or one.place(clamp) is None)):
            return None
        if answers and clamp_place is not None:
            phases.add(clamp_place.phase)
    return phases if one.used and len(phases) == len(one.used) else None
