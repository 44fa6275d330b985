"""What the answers of the clamps to known appliances say: how likely each way to put the clamps is.

An appliance that is switched on draws: its current is in phase with the voltage of its own phase, or nearly so. A clamp
on that phase shows just this step, a clamp that is turned round shows the opposite, and any other one shows nothing but
what strays over from the neighbour's conductor. So each clamp has seven places: three phases either way round, and
open: not closed around a conductor, not plugged in, around nothing. Of three clamps that are 343 ways, the 216
connections among them. Somebody who says on which phase the appliance is errs at times; then the angle decides.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.phases import Phase, Phases
from ampguard.wiring.check_snapshot import Phasors, lag_deg
from ampguard.wiring.check_step import answers
from ampguard.wiring.hypotheses import CLAMP_ERROR_DEG, CLAMP_ERROR_RATIO, Connection, prior

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard.wiring.check_step import Step

OPEN_PROBABILITY = 0.03
MISTAKEN_PROBABILITY = 0.03
"""That the appliance is on another phase than somebody says."""
ONE_OF_THREE_PROBABILITY = 0.2
"""That a charger on three phases charges on one."""
IDLE_PROBABILITY = 0.007
"""That nothing was switched on, although somebody has looked and says so; twice it is not the same mistake."""
ELSE_PROBABILITY = 0.005
"""That something else was switched just then on the phase of a clamp, and off again with the appliance."""
NEVER_PROBABILITY = 1e-9
"""That a clamp around nothing shows something."""
LEAST_ELSE_A = 0.3
PICKUP_RATIO = 0.01
"""Of the step: what strays over to a clamp around another conductor."""
HEATER_LAG_DEG, HEATER_SPREAD_DEG = 0.5, 4.0
ORDINARY_LAG_DEG, ORDINARY_SPREAD_DEG = 8.0, 16.0
UNCLOSED_LAG_DEG, UNCLOSED_SPREAD_DEG = -20.0, 8.0
"""A core that does not close makes what it shows lead."""
_PER_NEPER = 0.25
"""Density of the size of a load of which nothing is known, on a logarithmic scale."""
_SMALLEST_A, _SOFT_NEPERS = 0.6, 0.2
_SAME_RATIO = 2.0 * CLAMP_ERROR_RATIO
"""Two clamps on one conductor show the same but for this."""
_TURN_DEG = 360.0


class Kind(StrEnum):
    """What is switched on."""

    HEATER = "heater"
    """A kettle, a heater: on one phase, without an angle of its own."""
    THREE_PHASE = "three-phase"
    """The same on all phases: a charger, an instantaneous water heater."""


@dataclass(frozen=True, slots=True)
class Stimulus:
    """An appliance that was switched on, and what the clamps showed of it."""

    kind: Kind
    phase: Phase | None
    """Where somebody says that it is; None: nobody says."""
    change_a: Phasors
    """Of each clamp, in the frame of the voltages; nothing at all where no clamp answered."""
    unsure_a: tuple[float, float, float]
    voltage_v: Phasors
    is_seen: bool = True
    """False: somebody says that it is on, and no clamp has answered."""

    def answers(self, clamp: int) -> bool:
        """Whether a clamp shows it: clearly, and not only what strays over to it."""
        return answers(self.change_a, self.unsure_a, clamp)


@dataclass(frozen=True, slots=True)
class Placing:
    """One way to put the clamps."""

    phase: Phases[int | None]
    """The phase each sits on, 0 = L1; None = around nothing."""
    reversed: Phases[bool]

    @property
    def connection(self) -> Connection | None:
        """The same where no clamp is open."""
        first, second, third = self.phase
        if first is None or second is None or third is None:
            return None
        return Connection(Phases(first, second, third), self.reversed)


_MIXED_PROBABILITY: Mapping[Kind, tuple[float, float, float, float]] = MappingProxyType({
    Kind.HEATER: (0.9, 0.08, 0.018, 0.002),
    Kind.THREE_PHASE: (0.98, 0.02, 0.0, 1e-5),
})  # fmt: skip
"""How often it is without an angle, an ordinary load, seen through a core that does not close, and anything else: no
charger is far from a power factor of 1, and not all cores are open."""
RIGHT = Placing(Phases(0, 1, 2), Phases.all_of(value=False))


@dataclass(frozen=True, slots=True)
class Weighed:
    """The likeliest way."""

    placing: Placing
    probability: float
    right_probability: float
    """Of each clamp on its own phase, the right way round."""
    places_probability: Phases[float]
    """For each clamp alone the probability that it sits as the placing says."""


NONE_CLOSED = Phases.all_of(value=False)


def placings(clamps: Phases[bool], closed: Phases[bool] = NONE_CLOSED) -> tuple[Placing, ...]:
    """All of them; a clamp that is not there stands on its own phase, and one that is closed is around some phase."""
    there = [number for number, one in enumerate(clamps) if one]
    around: list[tuple[int | None, bool]] = list(itertools.product(there, (False, True)))
    options = [
        [(number, False)] if not one else around if shut else [*around, (None, False)]
        for number, (one, shut) in enumerate(zip(clamps, closed, strict=True))
    ]
    return tuple(
        Placing(Phases.of(place for place, _ in each), Phases.of(turned for _, turned in each))
        for each in itertools.product(*options)
    )


def weighed(stimuli: Sequence[Stimulus], clamps: Phases[bool], closed: Phases[bool] = NONE_CLOSED) -> Weighed:
    """What all of them say together; `closed`: clamps that show a current of their own, whatever is switched."""
    all_ = placings(clamps, closed)
    logs = [_prior_log(one) + sum(_log(stimulus, one, clamps) for stimulus in stimuli) for one in all_]
    highest = max(logs)
    weights = [math.exp(log - highest) for log in logs]
    total = sum(weights)
    best = all_[logs.index(highest)]

    def alone(clamp: int) -> float:
        place = (list(best.phase)[clamp], list(best.reversed)[clamp])
        same = (
            weight
            for one, weight in zip(all_, weights, strict=True)
            if (list(one.phase)[clamp], list(one.reversed)[clamp]) == place
        )
        return sum(same) / total

    right = weights[all_.index(RIGHT)] / total
    return Weighed(best, 1.0 / total, right, Phases.of(alone(clamp) for clamp in range(3)))


def phases_of(stimulus: Stimulus, placing: Placing, clamps: Phases[bool]) -> dict[Phase, float]:
    """How likely each phase of a heater is, given where the clamps sit."""
    logs = dict(_by_phase(stimulus, placing, clamps))
    highest = max(logs.values())
    weights = {phase: math.exp(log - highest) for phase, log in logs.items()}
    return {phase: weight / sum(weights.values()) for phase, weight in weights.items()}


def stimulus(kind: Kind, phase: Phase | None, step: Step, *, off: Step | None = None) -> Stimulus:
    """Of what was seen when it was switched on and, where that was seen as well, off again."""
    one = Stimulus(kind, phase, step.change_a, step.unsure_a, step.voltage_v)
    if off is None:
        return one
    # phasors of two moments: the frame is the voltages', and those stand still but for a degree
    first, second, third = (0.5 * (on - back) for on, back in zip(step.change_a, off.change_a, strict=True))
    u1, u2, u3 = (0.5 * math.hypot(on, back) for on, back in zip(step.unsure_a, off.unsure_a, strict=True))
    return replace(one, change_a=(first, second, third), unsure_a=(u1, u2, u3))


def _prior_log(placing: Placing) -> float:
    """Where a clamp is open, of the likeliest place it was meant for."""
    places = [(0, 1, 2) if place is None else (place,) for place in placing.phase]
    likeliest = max(prior(Connection(Phases.of(each), placing.reversed)) for each in itertools.product(*places))
    return math.log(likeliest) + list(placing.phase).count(None) * math.log(OPEN_PROBABILITY)


def _log(one: Stimulus, placing: Placing, clamps: Phases[bool]) -> float:
    """Log density of what the clamps showed."""
    if one.kind is Kind.THREE_PHASE:
        alone = _sum([log for _, log in _by_phase(one, placing, clamps)])
        all_ = _log_all(one, placing, clamps)
        found = _sum([math.log(1.0 - ONE_OF_THREE_PROBABILITY) + all_, math.log(ONE_OF_THREE_PROBABILITY) + alone])
    else:
        found = _sum([log for _, log in _by_phase(one, placing, clamps)])
    if one.is_seen:
        return found
    nothing = sum(_nothing(one, clamp, ELSE_PROBABILITY) for clamp, there in enumerate(clamps) if there)
    return _sum([math.log(1.0 - IDLE_PROBABILITY) + found, math.log(IDLE_PROBABILITY) + nothing])


def _by_phase(one: Stimulus, placing: Placing, clamps: Phases[bool]) -> list[tuple[Phase, float]]:
    """For each phase that the appliance may be on: the log density, and how likely that phase was before."""
    alone = _alone(one, placing, clamps)
    others = len(alone) - 1

    def before(phase: Phase) -> float:
        if one.phase is None or not others:
            return 1.0 / len(alone)
        return 1.0 - MISTAKEN_PROBABILITY if phase is one.phase else MISTAKEN_PROBABILITY / others

    return [(phase, log + math.log(before(phase))) for phase, log in alone]


def _alone(one: Stimulus, placing: Placing, clamps: Phases[bool]) -> list[tuple[Phase, float]]:
    return [
        (phase, _log_on(one, placing, clamps, number))
        for number, (phase, there) in enumerate(zip(Phase, clamps, strict=True))
        if there
    ]


def _log_on(one: Stimulus, placing: Placing, clamps: Phases[bool], phase: int) -> float:
    """With the appliance on this phase."""
    found, drawn_a = 0.0, None
    for clamp, (place, turned, there) in enumerate(zip(placing.phase, placing.reversed, clamps, strict=True)):
        if not there:
            continue
        shown_a = -one.change_a[clamp] if turned else one.change_a[clamp]
        if place != phase:
            found += _nothing(one, clamp, NEVER_PROBABILITY if place is None else ELSE_PROBABILITY)
        elif drawn_a is None:
            drawn_a = shown_a
            found += _load(one, clamp, shown_a, phase)
        else:
            found += _alike(one, clamp, shown_a, drawn_a)
    return found


def _log_all(one: Stimulus, placing: Placing, clamps: Phases[bool]) -> float:
    """With the appliance on all phases alike."""
    found, drawn = 0.0, None
    for clamp, (place, turned, there) in enumerate(zip(placing.phase, placing.reversed, clamps, strict=True)):
        if not there:
            continue
        if place is None:
            found += _nothing(one, clamp, NEVER_PROBABILITY)
            continue
        shown_a = -one.change_a[clamp] if turned else one.change_a[clamp]
        turn = one.voltage_v[place] / abs(one.voltage_v[place])
        if drawn is None:
            drawn = shown_a / turn
            found += _load(one, clamp, shown_a, place)
        else:
            found += _alike(one, clamp, shown_a, drawn * turn)
    return found


def _load(one: Stimulus, clamp: int, shown_a: complex, phase: int) -> float:
    """Of what a clamp on the phase of an appliance shows, per square ampere."""
    size_a = max(abs(shown_a), one.unsure_a[clamp])
    spread_deg = math.hypot(CLAMP_ERROR_DEG, math.degrees(one.unsure_a[clamp] / size_a))
    behind_deg = lag_deg(shown_a, one.voltage_v[phase]) if shown_a else 0.0
    heater, ordinary, unclosed, anything = _MIXED_PROBABILITY[one.kind]
    density = (
        heater * _normal(behind_deg - HEATER_LAG_DEG, math.hypot(HEATER_SPREAD_DEG, spread_deg))
        + ordinary * _normal(behind_deg - ORDINARY_LAG_DEG, math.hypot(ORDINARY_SPREAD_DEG, spread_deg))
        + unclosed * _normal(behind_deg - UNCLOSED_LAG_DEG, math.hypot(UNCLOSED_SPREAD_DEG, spread_deg))
        + anything * (1.0 if abs(behind_deg) < 90.0 else 1e-4) / 180.0  # noqa: PLR2004 - a right angle: nothing drawn
    )
    short_nepers = max(math.log(_SMALLEST_A / size_a), 0.0)
    return math.log(math.degrees(density) * _PER_NEPER / size_a**2) - 0.5 * min(short_nepers / _SOFT_NEPERS, 6.0) ** 2


def _alike(one: Stimulus, clamp: int, shown_a: complex, drawn_a: complex) -> float:
    """Of what a clamp shows where another one has shown the same already."""
    size_a = abs(drawn_a)
    spread_a = math.hypot(one.unsure_a[clamp], size_a * math.hypot(_SAME_RATIO, math.radians(CLAMP_ERROR_DEG)))
    return _either(_bell(abs(shown_a - drawn_a), spread_a), one, clamp, ELSE_PROBABILITY)


def _nothing(one: Stimulus, clamp: int, else_probability: float) -> float:
    """Of what a clamp on another phase, or around nothing, shows."""
    spread_a = math.hypot(one.unsure_a[clamp], PICKUP_RATIO * max(map(abs, one.change_a)))
    return _either(_bell(abs(one.change_a[clamp]), spread_a), one, clamp, else_probability)


def _either(probability: float, one: Stimulus, clamp: int, else_probability: float) -> float:
    """That (per square ampere), or something else that was switched at the same moment."""
    size_a = max(abs(one.change_a[clamp]), LEAST_ELSE_A)
    other = _PER_NEPER / (2.0 * math.pi * size_a**2)
    return math.log((1.0 - else_probability) * probability + else_probability * other)


def _bell(distance_a: float, spread_a: float) -> float:
    return math.exp(-0.5 * (distance_a / spread_a) ** 2) / (2.0 * math.pi * spread_a**2)


def _normal(distance_deg: float, spread_deg: float) -> float:
    folded_deg = abs((distance_deg + 0.5 * _TURN_DEG) % _TURN_DEG - 0.5 * _TURN_DEG)
    return math.exp(-0.5 * (folded_deg / spread_deg) ** 2) / (spread_deg * math.sqrt(2.0 * math.pi))


def _sum(log_probability: list[float]) -> float:
    highest = max(log_probability)
    return highest + math.log(sum(math.exp(one - highest) for one in log_probability))
