"""What a stimulus test has found, in sentences and as it is kept: terminals, clamps, delay, protection."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ampguard.balancing import stimulus_words as words
from ampguard.balancing.protection import Protection, protection
from ampguard.balancing.site import ORDER
from ampguard.balancing.stimulus_found import LEAST_COUNTS, ClampFound, Mapping, clamp_found
from ampguard.phases import Phases
from ampguard.phrase import as_told
from ampguard.wiring.check_weigh import weighed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ampguard.balancing.site import Charger, Group
    from ampguard.balancing.stimulus import Stimulus
    from ampguard.balancing.stimulus_found import Round
    from ampguard.phrase import Phrase
    from ampguard.readings import Json

SURE_PROBABILITY = 0.99


@dataclass(frozen=True, slots=True)
class Delay:
    """Of the slowest of all steps down: those protect."""

    loop_s: float
    """From the order until the meter first shows it."""
    answers_s: float
    """From the order until it is obeyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Of one charger."""

    charger: str
    rounds: int
    mapping: Mapping
    declared: tuple[str, ...]
    """What the group's file says is behind its terminals."""
    clamps: Phases[ClampFound | None]
    there: Phases[bool]
    """Where there is a clamp at all."""
    solver_probability: float | None
    """The wiring solver's, that each clamp is on its own phase and the right way round; None: it was given nothing."""
    delay: Delay | None
    protection: Protection | None
    why: Phrase | None
    """Why it ended before its end."""

    @property
    def agrees(self) -> bool | None:
        """Whether the terminals are as declared; None: too little is known, and nothing speaks against it."""
        known = [None if phase is None else ORDER[phase].value for phase in self.mapping.phases[: len(self.declared)]]
        if not self.mapping.candidates:
            return None
        if any(one is not None and one != told for one, told in zip(known, self.declared, strict=True)):
            return False
        return None if None in known else True

    @property
    def is_right(self) -> bool | None:
        """Whether all that was found is as it should be; None: nothing was found."""
        if not self.rounds:
            return None
        clamps = [(phase, one) for phase, one in enumerate(self.clamps) if one is not None]
        is_safe = self.protection is None or self.protection.is_protected
        is_placed = all(one.phase == phase and not one.reversed for phase, one in clamps)
        return is_safe and is_placed and self.agrees is not False

    @property
    def sentences(self) -> list[Phrase]:
        """For people."""
        if not self.rounds:
            return [] if self.why is None else [self.why]
        named = [None if phase is None else ORDER[phase].value for phase in self.mapping.phases[: len(self.declared)]]
        found = [words.behind(named, self.mapping.candidates)]
        if self.agrees is not None:
            found.append(words.agrees(declared=self.declared, is_so=self.agrees))
        for phase, one, there in zip(ORDER, self.clamps, self.there, strict=True):
            if there:
                place = phase.value if one is None else ORDER[one.phase].value
                found.append(words.clamp(phase.value, one, phase.value, place))
        if self.delay is not None:
            found.append(words.delay(self.delay.loop_s, self.delay.answers_s))
        if self.protection is not None:
            found.append(self.protection.sentence)
        return found if self.why is None else [*found, self.why]

    def told(self) -> dict[str, Json]:
        """As JSON, with the sentences."""
        delay, safe = self.delay, self.protection
        return {
            "charger": self.charger,
            "rounds": self.rounds,
            "phases": [None if phase is None else ORDER[phase].value for phase in self.mapping.phases],
            "candidates": self.mapping.candidates,
            "declared": list(self.declared),
            "agrees": self.agrees,
            "clamps": {
                phase.value.lower(): None if one is None else _clamp(one)
                for phase, one in zip(ORDER, self.clamps, strict=True)
            },
            "solver_probability": self.solver_probability,
            "loop_s": None if delay is None else round(delay.loop_s, 2),
            "answers_s": None if delay is None else round(delay.answers_s, 2),
            "protected": None if safe is None else safe.is_protected,
            "bears_s": None if safe is None or math.isinf(safe.bears_s) else round(safe.bears_s, 1),
            "needs_s": None if safe is None else round(safe.needs_s, 2),
            "worst_a": None if safe is None else round(safe.worst_a, 1),
            "sentences": [cast("Json", as_told(one)) for one in self.sentences],
        }


def result(test: Stimulus, group: Group, charger: Charger, there: Phases[bool]) -> Result:
    """Of a test that has ended."""
    rounds = test.trusted
    clamps = Phases.of(clamp_found(rounds, clamp) if one else None for clamp, one in enumerate(there))
    delay = _delay(rounds)
    stimuli = [one for one in (each.stimulus for each in rounds) if one is not None]
    return Result(
        charger=charger.name,
        rounds=len(rounds),
        mapping=test.mapping,
        declared=tuple(phase.value for phase in charger.phases),
        clamps=clamps,
        there=there,
        solver_probability=round(weighed(stimuli, there).right_probability, 4) if stimuli else None,
        delay=delay,
        protection=None if delay is None else protection(group, delay.answers_s),
        why=test.why,
    )


def _delay(rounds: Sequence[Round]) -> Delay | None:
    downs = [one.down for one in rounds]
    if len(downs) < LEAST_COUNTS:
        return None
    return Delay(max(one.begins_s - one.order_s for one in downs), max(one.done_s - one.order_s for one in downs))


def _clamp(one: ClampFound) -> Json:
    return {
        "phase": ORDER[one.phase].value,
        "reversed": one.reversed,
        "ratio": None if one.ratio is None else round(one.ratio, 3),
        "unsure_ratio": None if one.unsure_ratio is None else round(one.unsure_ratio, 3),
        "rounds": one.rounds,
    }
