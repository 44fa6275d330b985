"""The stimulus test: steps one charger 6 -> 10 -> 6 A, as far as the group has room, and hears how that shows. No I/O.

is    what happens                                            becomes
LOW   the car draws its least, steadily, and nothing moves     UP    10 A are wanted
UP    they (or most of it) were given, the meter and the charger have shown it DOWN  6 A are wanted
DOWN  the same again                                           LOW   the round counts, if it is the same again
UP,   something else was switched meanwhile, nothing came, or  LOW   the round does not count
DOWN  the group has needed the current itself
LOW   enough rounds count, and fewer phases would tell more    LOW   on one, then on two of its phases, if it can
any   nothing more would tell, or nobody has the patience      BACK, where it was asked for fewer phases; else DONE
BACK  it charges on all of its phases, or is given time enough  DONE

A charger on three phases steps on all of them alike: which phase is behind which terminal shows when it is asked to
charge on fewer.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from ampguard.balancing import stimulus_found as found
from ampguard.balancing import stimulus_words as words
from ampguard.balancing.stimulus_found import Answer, Round
from ampguard.wiring.check_step import Pace, Recogniser

if TYPE_CHECKING:
    from ampguard.balancing.observation import Triple
    from ampguard.phases import Phases
    from ampguard.phrase import Phrase
    from ampguard.wiring.check_snapshot import Snapshot
    from ampguard.wiring.check_step import Step

LOW_A, STEP_A = 6.0, 4.0
LEAST_RAISE_A = 2.4
"""Where the group has no more for it this is a step as well."""
NEAR_A = 0.15
"""A limit is what was wanted, if it is so near: they are told with one decimal."""
FLOWS_A, STEADY_A = 3.0, 0.4
"""What a car draws at its least, and how far two reports of it may be apart."""
SETTLED_S, QUIET_S = 6.5, 3.0
"""A limit is obeyed after so long, by slow cars too; and nothing else has moved for so long."""
ANSWER_S, TOLD_S = 16.0, 40.0
"""Waited for a step on the meter after an order, and for the charger's word on it."""
AFTER_S = 1.0
"""A report of the charger is of what flows now if it is so much newer than the change."""
RECOGNISED_S = 2.6
"""What has moved is recognised by then: all that the charger says has moved is known, and nothing else must have."""
AGAIN_S = 0.3
"""Reports of a charger are farther apart."""
UNTOLD_S = 20.0
"""Without any report the test goes on without."""
EARLY_S = 0.4
"""A window and what clocks are apart: what began before the order, but for that, is none of its answers."""
ROUNDS, FEWER_ROUNDS, MOST_ROUNDS = 2, 1, 5
"""So many on all of its phases, so many on fewer, which only says which; and at most where that leaves something
unclear."""
FAILURES = 12
ROOM_S, READY_S, SWITCHES_S, WHOLE_S = 300.0, 300.0, 150.0, 1500.0
"""Patience: for 10 A, for a car that charges, for a charger that changes its phases, for all of it."""
BACK_S = 100.0
REFUSES_S = 60.0
"""A charger that charges on more phases than it was asked for after so long cannot."""
SHOWN_RATIO, DONE_RATIO = 0.2, 0.9
"""Of a step: it shows, and it is over."""
KEPT_WINDOWS, LATEST = 250, 300
BEFORE_WINDOWS = 5


class Stage(StrEnum):
    """Where the test is."""

    LOW = "low"
    UP = "up"
    DOWN = "down"
    BACK = "back"
    """At its least until it charges on all of its phases: nobody else may have been given what that takes."""
    DONE = "done"


class Failure(StrEnum):
    """Why a round did not count."""

    ELSE = "else"
    """Something else was switched, or it was not the same again."""
    UNSEEN = "unseen"
    """The charger says that it has stepped, and the meter has not shown it."""
    STILL = "still"
    """The car has not followed."""
    TAKEN = "taken"
    """The group has needed the current."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the balancer is to give the charger at most, and on how many of its phases."""

    most_a: float
    phases: int | None
    """None: on all that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the balancer says of the charger at one moment."""

    now_s: float
    limit_a: float
    """That it was given last."""
    drawn_a: Triple | None
    """At its terminals, as it says itself; None: it does not say."""
    drawn_s: float | None
    """When it said so."""
    is_ready: bool
    """It is in reach, and its car wants to charge."""


class Stimulus:
    """One test. Feed it windows of the meter and what the balancer tells; `wish` says what to ask for."""

    def __init__(self, clamps: Phases[bool], terminals: int, low_a: float = LOW_A) -> None:
        """`clamps`: where there is a current transformer; `terminals`: the charger's; `low_a`: the group's least."""
        self._clamps, self._terminals = clamps, terminals
        self._low_a, self._high_a = low_a, low_a + STEP_A
        self.stage = Stage.LOW
        self.phases: int | None = None
        self.rounds: list[Round] = []
        self.why: Phrase | None = None
        """Why it ended before its end."""
        self.failures: Counter[Failure] = Counter()
        self._counted = 0
        """Rounds on as many phases as are asked for now."""
        self._recogniser = Recogniser(clamps, found.LEAST_STEP_A, Pace.GRADUAL)
        self._windows: deque[Snapshot] = deque(maxlen=KEPT_WINDOWS)
        self._ahead_s: deque[float] = deque(maxlen=LATEST)
        self._told: Told | None = None
        self._before_told: Told | None = None
        """The report before the latest one."""
        self._begun_s: float | None = None
        self._since_s = self._limit_s = self._ready_s = self._asked_s = self._moved_s = 0.0
        """Of the stage, the limit, a charger that was ready, the number of phases, the last thing that moved."""
        self._order_s: float | None = None
        self._order_a = 0.0
        self._steps: list[Step] = []
        self._base_a: Triple | None = None
        """What the charger said before the order."""
        self._up: Answer | None = None
        self._fewest = 0

    @property
    def wish(self) -> Wish | None:
        """What to ask of the balancer; None: nothing any more."""
        if self.stage is Stage.DONE:
            return None
        return Wish(self._high_a if self.stage is Stage.UP else self._low_a, self.phases)

    @property
    def mapping(self) -> found.Mapping:
        """What is known of the terminals."""
        return found.mapping(self.trusted, self._clamps, self._terminals)

    @property
    def trusted(self) -> list[Round]:
        """Rounds that agree with each other."""
        return found.trusted(self.rounds)

    def observe(self, window: Snapshot, now_s: float) -> list[Phrase]:
        """One window of the meter more, as it came; what there is to tell."""
        if self._windows and window.start_s < self._windows[-1].start_s:  # another stream
            self._windows.clear()
            self._ahead_s.clear()
            self._void_stream(now_s)
        self._windows.append(window)
        self._ahead_s.append(now_s - window.end_s)
        step = self._recogniser.follow(window)
        if step is not None:
            self._moved_s = now_s
            if self._order_s is not None and self._clock(step.start_s) >= self._order_s - EARLY_S:
                self._steps.append(step)
        return self._advance(now_s)

    def hear(self, told: Told) -> list[Phrase]:
        """What the balancer tells; what there is to tell."""
        before = self._told
        if before is not None and before.drawn_s is not None and told.drawn_s is not None:
            if told.drawn_s - before.drawn_s < AGAIN_S:
                told = replace(told, drawn_s=before.drawn_s)  # the same report; its age is not told more exactly
            else:
                self._before_told = before
        self._told = told
        if before is None or abs(before.limit_a - told.limit_a) > NEAR_A:
            self._limit_s = told.now_s
        if told.is_ready and told.limit_a >= self._low_a - NEAR_A:
            self._ready_s = told.now_s
        return self._advance(told.now_s)

    # One stage after the other

    def _advance(self, now_s: float) -> list[Phrase]:
        told = self._told
        if self.stage is Stage.DONE or told is None or not self._windows:
            return []
        if self._begun_s is None:
            self._begun_s = self._since_s = self._asked_s = self._ready_s = now_s
        if self.stage is not Stage.BACK and now_s - self._ready_s > READY_S:
            return self._finish(now_s, words.not_charging(READY_S))
        if self.stage is not Stage.BACK and now_s - self._begun_s > WHOLE_S:
            return self._finish(now_s, words.took_too_long(WHOLE_S))
        match self.stage:
            case Stage.LOW:
                return self._low(told, now_s)
            case Stage.BACK:
                if self._flowing(told) > self._fewest or now_s - self._asked_s > BACK_S:
                    self.stage = Stage.DONE
                return []
            case _:
                return self._stepping(told, now_s)

    def _low(self, told: Told, now_s: float) -> list[Phrase]:
        if self.phases is not None and self._flowing(told) != self.phases:
            patience_s = REFUSES_S if self._flowing(told) > self.phases else SWITCHES_S
            if now_s - self._asked_s > patience_s:
                return self._finish(now_s, words.keeps_its_phases())
        is_low = told.is_ready and abs(told.limit_a - self._low_a) <= NEAR_A and now_s - self._limit_s >= SETTLED_S
        is_quiet = now_s - self._moved_s >= QUIET_S and self._recogniser.is_ready
        if not (is_low and is_quiet and self._draws_least(told, now_s)):
            return []
        self._base_a = told.drawn_a
        return self._next(Stage.UP, now_s, words.steps_up(self._high_a, len(self.rounds) + 1))

    def _draws_least(self, told: Told, now_s: float) -> bool:
        """Whether it draws its least steadily, on as many phases as it was asked for."""
        before = self._before_told
        if told.drawn_a is None or told.drawn_s is None:
            return now_s - self._since_s >= UNTOLD_S and self.phases is None
        if before is None or before.drawn_a is None or told.drawn_s < self._limit_s + SETTLED_S - AFTER_S:
            return False
        alike = all(abs(one - other) <= STEADY_A for one, other in zip(told.drawn_a, before.drawn_a, strict=True))
        is_steady = alike or told.drawn_s >= self._limit_s + 2.0 * SETTLED_S
        flowing = self._flowing(told)
        return is_steady and max(told.drawn_a) >= FLOWS_A and (self.phases is None or flowing == self.phases)

    @staticmethod
    def _flowing(told: Told) -> int:
        return 0 if told.drawn_a is None else sum(one >= FLOWS_A for one in told.drawn_a)

    def _stepping(self, told: Told, now_s: float) -> list[Phrase]:
        limit_a, least_a = told.limit_a, self._low_a - NEAR_A
        is_changed = self._order_s is not None and abs(limit_a - self._order_a) > NEAR_A
        if not told.is_ready or limit_a < least_a or is_changed:
            return self._void(Failure.TAKEN, now_s)
        if self._order_s is not None:
            return self._follow(told, self._order_s, now_s)
        is_up = limit_a >= self._low_a + LEAST_RAISE_A
        if is_up if self.stage is Stage.UP else limit_a <= self._low_a + NEAR_A:
            self._order_s, self._order_a, self._steps = told.now_s, limit_a, []
        elif now_s - self._since_s > ROOM_S:
            return self._finish(now_s, words.no_room(self._high_a, ROOM_S))
        return []

    def _follow(self, told: Told, order_s: float, now_s: float) -> list[Phrase]:
        """What comes of an order."""
        if not self._steps:
            if now_s - order_s <= ANSWER_S:
                return []
            return self._void(Failure.UNSEEN if self._has_told_step(told) else Failure.STILL, now_s)
        answer = self._answer(told, now_s)
        if len(self._steps) > 1:
            return self._void(Failure.ELSE, now_s)
        if answer is None:
            return self._void(Failure.ELSE, now_s) if now_s - order_s > TOLD_S else []
        return self._answered(answer, now_s)

    def _answered(self, answer: Answer, now_s: float) -> list[Phrase]:
        if self.stage is Stage.UP:
            self._up = answer
            self._base_a = None if self._told is None else self._told.drawn_a
            return self._next(Stage.DOWN, now_s, words.steps_down(self._low_a))
        up, self._up = self._up, None
        if up is None:
            return self._void(Failure.ELSE, now_s)
        one = Round(up, answer)
        if not one.counts:
            return self._void(Failure.ELSE, now_s)
        self.rounds.append(one)
        self._counted += 1
        notes = self._next(Stage.LOW, now_s, words.counted(one.up, one.down))
        alike = [other for other in self.trusted if other.used == one.used]
        is_enough = len(alike) >= (ROUNDS if self.phases is None else FEWER_ROUNDS)
        if (is_enough and found.is_clear(alike, self._clamps)) or self._counted >= MOST_ROUNDS:
            notes += self._fewer(now_s)
        return notes

    def _fewer(self, now_s: float) -> list[Phrase]:
        """On fewer phases, if that tells more; else it is done."""
        used = max((len(one.used) for one in self.rounds), default=0)
        asked = {len(one.used) for one in self.rounds}
        wanted = next((number for number in (1, 2) if number < used and number not in asked), None)
        if wanted is None or None not in self.mapping.phases[: self._terminals]:
            return self._finish(now_s, None)
        self.phases, self._counted, self._asked_s = wanted, 0, now_s
        return [words.on_fewer(wanted)]

    def _void(self, why: Failure, now_s: float) -> list[Phrase]:
        self.failures[why] += 1
        self._up = None
        if why is not Failure.TAKEN and self.failures.total() - self.failures[Failure.TAKEN] >= FAILURES:
            commonest = max((one for one in self.failures if one is not Failure.TAKEN), key=self.failures.__getitem__)
            return self._finish(now_s, words.failed(commonest.value, FAILURES))
        return self._next(Stage.LOW, now_s, words.did_not_count(why.value))

    def _void_stream(self, now_s: float) -> None:
        """The meter has started anew: what was under way does not count, and nobody is to blame."""
        self._recogniser.forget()
        if self.stage in {Stage.UP, Stage.DOWN}:
            self._up = None
            self._next(Stage.LOW, now_s, None)

    def _finish(self, now_s: float, why: Phrase | None) -> list[Phrase]:
        self.why, self.stage = why, Stage.DONE
        if self.phases is not None:
            self.stage, self._fewest, self._asked_s, self.phases = Stage.BACK, self.phases, now_s, None
        return [] if why is None else [why]

    def _next(self, stage: Stage, now_s: float, note: Phrase | None) -> list[Phrase]:
        self.stage, self._since_s, self._order_s, self._steps = stage, now_s, None, []
        return [] if note is None else [note]

    # What one order was answered with

    def _has_told_step(self, told: Told) -> bool:
        if told.drawn_a is None or self._base_a is None:
            return False
        apart_a = (abs(now_a - was_a) for now_a, was_a in zip(told.drawn_a, self._base_a, strict=True))
        return max(apart_a) >= found.LEAST_STEP_A

    def _answer(self, told: Told, now_s: float) -> Answer | None:
        """None: the charger has not said yet what it draws since."""
        step, order_s = self._steps[0], self._order_s or 0.0
        times = self._times(step)
        if times is None:
            return None
        begins_s, done_s = times
        told_a = None
        if self._base_a is not None and told.drawn_a is not None and told.drawn_s is not None:
            if told.drawn_s < done_s + AFTER_S or now_s < told.drawn_s + RECOGNISED_S:
                return None
            first, second, third = (now_a - was for now_a, was in zip(told.drawn_a, self._base_a, strict=True))
            told_a = first, second, third
        elif now_s < order_s + ANSWER_S:
            return None
        return Answer(
            change_a=step.change_a, unsure_a=step.unsure_a, voltage_v=step.voltage_v, told_a=told_a,
            order_s=order_s, begins_s=max(begins_s, order_s), done_s=max(done_s, order_s),
        )  # fmt: skip

    def _times(self, step: Step) -> tuple[float, float] | None:
        """When a window first showed it, and when nearly all of it was there."""
        windows, jump_a = list(self._windows), step.change_a[step.clamp]
        before = [one for one in windows if one.end_s <= step.start_s + 0.5 * one.duration_s][-BEFORE_WINDOWS:]
        if not before:
            return None
        base_a = sum(one.current_a[step.clamp] for one in before) / len(before)
        begins_s = done_s = math.nan
        for one in windows:
            if one.end_s <= before[-1].end_s:
                continue
            share_ratio = ((one.current_a[step.clamp] - base_a) * jump_a.conjugate()).real / abs(jump_a) ** 2
            if math.isnan(begins_s) and share_ratio >= SHOWN_RATIO:
                begins_s = one.end_s
            if share_ratio >= DONE_RATIO:
                done_s = one.end_s
                break
        if math.isnan(done_s):
            return None
        return self._clock(begins_s), self._clock(done_s)

    def _clock(self, stream_s: float) -> float:
        """A moment of the meter's stream on our clock: the window with the shortest way tells."""
        return stream_s + min(self._ahead_s)
