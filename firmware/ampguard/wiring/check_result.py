"""What the guided check has found: a verdict with its confidence, and a sentence for each clamp."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.phases import Phase, Phases
from ampguard.phrase import joined, phrase
from ampguard.wiring import check_words as words
from ampguard.wiring.check_size import Size, size
from ampguard.wiring.check_weigh import (
    ELSE_PROBABILITY,
    NONE_CLOSED,
    RIGHT,
    Kind,
    Placing,
    Stimulus,
    Weighed,
    phases_of,
    weighed,
)
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from ampguard.wiring.check_size import StatedLoad
    from ampguard.wiring.voltages import VoltageFinding

SURE_PROBABILITY = 0.99
ASTRAY_SINE = 0.6
"""Answers that are farther from one line than 37° are those of different phases, 60° apart; no heater's angle is."""


@dataclass(frozen=True, slots=True)
class Situation:
    """All that is known at a moment."""

    stimuli: tuple[Stimulus, ...]
    clamps: Phases[bool]
    voltage: VoltageFinding | None
    """None: nothing was measured yet."""
    load: StatedLoad | None
    closed: Phases[bool] = NONE_CLOSED
    """Clamps that show a current of their own, whatever is switched: they are around something."""

    @property
    def weighed(self) -> Weighed:
        """What the answers say."""
        return weighed(self.stimuli, self.clamps, self.closed)

    @property
    def left(self) -> list[int]:
        """Clamps that have not answered."""
        return [number for number, there in enumerate(self.clamps) if there and self.best(number) is None]

    def best(self, clamp: int) -> Stimulus | None:
        """To what a clamp has answered most clearly."""
        answered = [one for one in self.stimuli if one.answers(clamp)]
        return max(answered, key=lambda one: abs(one.change_a[clamp]), default=None)

    def is_astray(self, clamp: int) -> bool:
        """Whether it has answered to heaters of different phases: around one conductor it cannot."""
        found = [
            one.change_a[clamp] / abs(one.change_a[clamp])
            for one in self.stimuli
            if one.kind is Kind.HEATER and one.answers(clamp)
        ]
        return any(abs((one * other.conjugate()).imag) > ASTRAY_SINE for one, other in itertools.combinations(found, 2))


@dataclass(frozen=True, slots=True)
class Result:
    """The end."""

    condition: Condition
    sentence: str
    confidence_ratio: float
    """Probability of what is claimed; of the likeliest way where nothing is."""
    placing: Placing | None
    """As the clamps sit; None where not all of it is known."""
    answers: tuple[str, ...]
    """A sentence for each clamp."""
    sizes: Phases[Size | None]
    next_step: str


def is_enough(situation: Situation) -> bool:
    """Whether more would only say the same: all is sure, and each clamp has answered or cannot.

    A clamp that has not answered yet is never decided by what is usual: only an appliance on every phase, each
    announced and none answered, makes it sure that it is open.
    """
    found = situation.weighed
    return found.probability >= SURE_PROBABILITY and not _unknown(situation, found)


def phase_found(one: Stimulus, situation: Situation) -> Phase | None:
    """Where a heater really is; None where that is not sure."""
    if one.kind is not Kind.HEATER:
        return None
    likely = phases_of(one, situation.weighed.placing, situation.clamps)
    best = max(likely, key=lambda phase: likely[phase])
    return best if likely[best] >= SURE_PROBABILITY else None


def result(situation: Situation) -> Result:
    """The verdict on what is known."""
    found = situation.weighed
    voltage, unknown = situation.voltage, _unknown(situation, found)
    sizes = Phases.of(_size(situation, found, clamp) for clamp in range(3))
    condition, confidence_ratio, placing = Condition.UNDECIDED, found.probability, None
    astray = [clamp for clamp in range(3) if situation.is_astray(clamp)]
    if astray:
        condition, confidence_ratio = Condition.WRONG, 1.0 - ELSE_PROBABILITY
        sentence = phrase(
            "the clamp of {clamps} is around the neutral, or around several conductors", clamps=words.named(astray)
        )
    elif found.right_probability >= SURE_PROBABILITY and not unknown:
        condition, placing = Condition.RIGHT, RIGHT
        sentence = phrase("each clamp sits on its own phase, the right way round")
    elif found.probability >= SURE_PROBABILITY and not unknown and any(one.is_seen for one in situation.stimuli):
        condition, placing, sentence = Condition.WRONG, found.placing, words.described(found.placing)
    elif any(_is_surely_wrong(situation, found, clamp) for clamp in range(3)):
        condition, confidence_ratio = Condition.WRONG, 1.0 - found.right_probability
        sentence = phrase(
            "at least one clamp is wrong; likeliest: {connection}", connection=words.described(found.placing)
        )
    elif not situation.stimuli:
        sentence = phrase("undecided: no appliance was recognised")
    elif unknown:
        sentence = phrase("undecided: nothing is known of the clamp of {clamps}", clamps=words.named(unknown))
    else:
        sentence = phrase("undecided: likeliest: {connection}", connection=words.described(found.placing))
    if voltage is not None and voltage.condition in {Condition.WRONG, Condition.ABSENT}:
        condition = Condition.UNDECIDED if voltage.order is None else Condition.WRONG
        if condition is Condition.WRONG:
            confidence_ratio = 1.0  # the voltages are measured, not weighed: as the meter says it
        sentence = joined("; ", [voltage.sentence, sentence])
    there = [clamp for clamp, one in enumerate(situation.clamps) if one]
    answers = [
        words.astray(clamp)
        if clamp in astray
        else words.answer(clamp, situation.best(clamp), found.placing, list(sizes)[clamp])
        for clamp in there
    ]
    answers += [words.measured(clamp, each) for clamp, each in enumerate(sizes) if each is not None]
    return Result(
        condition,
        sentence,
        confidence_ratio,
        placing,
        tuple(answers),
        sizes,
        words.ASTRAY_NEXT if astray else words.next_step(placing, unknown),
    )


def _unknown(situation: Situation, found: Weighed) -> list[int]:
    """Clamps that have not answered, and are not surely open either."""
    return [
        clamp
        for clamp in situation.left
        if list(found.placing.phase)[clamp] is not None or list(found.places_probability)[clamp] < SURE_PROBABILITY
    ]


def _is_surely_wrong(situation: Situation, found: Weighed, clamp: int) -> bool:
    """One that has answered, alone; whatever the others are. What somebody says alone proves nothing."""
    place, turned = list(found.placing.phase)[clamp], list(found.placing.reversed)[clamp]
    is_sure = list(found.places_probability)[clamp] >= SURE_PROBABILITY
    return is_sure and situation.best(clamp) is not None and (place != clamp or turned)


def _size(situation: Situation, found: Weighed, clamp: int) -> Size | None:
    one = situation.best(clamp)
    return None if one is None or situation.is_astray(clamp) else size(one, clamp, found.placing, situation.load)
