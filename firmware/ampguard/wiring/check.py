"""The guided check: asks for one appliance at a time, looks which clamps answer, and says how they sit. No I/O.

The stages are a table (`check_table`); here is what comes with each of its turns.

What comes on counts only when the same goes off again: the fridge that starts just then does not end on request. And a
clamp is judged only when it has answered, or when every phase has had its appliance: what is usual elsewhere decides
nothing here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ampguard.phases import Phases
from ampguard.wiring import check_words as words
from ampguard.wiring import voltages
from ampguard.wiring.check_result import Result, Situation, is_enough, phase_found, result
from ampguard.wiring.check_snapshot import Snapshot, snapshot
from ampguard.wiring.check_step import Pace, Recogniser, Step
from ampguard.wiring.check_table import TABLE, Ask, Note, NoteKind, Plan, Sign, Stage
from ampguard.wiring.check_weigh import NONE_CLOSED, Kind, Stimulus, stimulus

if TYPE_CHECKING:
    from ampguard.readings import Measurement
    from ampguard.wiring.voltages import VoltageFinding

SMALLEST_A = 1.0
"""A smaller step is not told of."""
SAME_RATIO = 0.15
"""What goes off is what came on if it is as large but for this: heaters cool, and fridges start meanwhile."""
CLOSED_A, CLOSED_RATIO = 0.3, 0.1
"""A clamp around nothing shows less, in amperes and of the largest current beside it."""
SILENCES = 2
"""Once it may be a broken kettle."""
UNDONE_RATIO = 0.5
_ALIKE_RATIO, _ALIKE_RAD = 0.12, 0.15
"""How far clamps that answer to one appliance may be from each other."""


class Check:
    """One check. Feed it windows; `observe` and `told` say what to tell."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.stage = Stage.VOLTAGES
        self.result: Result | None = None
        """Once it is done."""
        self.latest: Snapshot | None = None
        self._asks = list(plan.asks)
        pace = Pace.GRADUAL if any(ask.kind is Kind.THREE_PHASE for ask in plan.asks) else Pace.SUDDEN
        self._recogniser = Recogniser(plan.clamps, min(SMALLEST_A, plan.least_a), pace)
        self._stimuli: list[Stimulus] = []
        self._pending: list[Step] = []
        """What came on, and what the same appliance took more since."""
        self._refused: Step | None = None
        """What came on and did not count: it will go off again, and that is not another one that comes on."""
        self._closed = NONE_CLOSED
        self._silences = 0
        """So many times in a row somebody said that it is on, and no clamp has answered."""
        self._voltage: VoltageFinding | None = None
        self._since_s: float | None = None

    @property
    def ask(self) -> Ask | None:
        """What is asked for now."""
        return self._asks[0] if self._asks and self.stage in {Stage.ON, Stage.OFF} else None

    @property
    def situation(self) -> Situation:
        """All that is known so far."""
        return Situation(tuple(self._stimuli), self.plan.clamps, self._voltage, self.plan.load, self._closed)

    def observe(self, measurement: Measurement) -> list[Note]:
        """One window more."""
        if self.stage is Stage.DONE:
            return []
        if self._since_s is None or measurement.start_s < self._since_s:
            self._since_s = measurement.start_s
        late = measurement.start_s - self._since_s > self.plan.patience_s
        notes: list[Note] = []
        self._voltage = found = voltages.judged(measurement, self.plan.terminals)
        seen = None if found.order is None else snapshot(measurement, found.order, self.plan.clamps)
        if found.order is None:
            self._recogniser.forget()
            notes += self._happens(Sign.LOST)
        elif seen is not None:
            self.latest = seen
            self._closed = Phases.of(was or flows for was, flows in zip(self._closed, _flowing(seen), strict=True))
            notes += self._follow(seen)
        return notes if notes or not late else self._happens(Sign.LATE)

    def told(self) -> list[Note]:
        """Somebody says that what is asked for is done; nothing was seen of it."""
        return self._happens(Sign.TOLD)

    def end(self) -> Result:
        """Nothing comes any more, or somebody gives up: what is known."""
        self.stage = Stage.DONE
        self.result = self.result or result(self.situation)
        return self.result

    def _follow(self, seen: Snapshot) -> list[Note]:
        notes = self._happens(Sign.KNOWN)
        step = self._recogniser.follow(seen)
        if step is not None and self.stage is Stage.ON:
            return [*notes, *self._came(step)]
        if step is not None and self.stage is Stage.OFF:
            return [*notes, *self._went(step)]
        return [*notes, *self._happens(Sign.SEEN)] if self._recogniser.is_ready else notes

    def _came(self, step: Step) -> list[Note]:
        if step.size_a < self.plan.least_a:
            return [Note(NoteKind.REMARK, words.too_small(step, self.plan.least_a), step)]
        if self.ask is not None and self.ask.kind is Kind.HEATER and not _is_one(step):
            self._refused = step
            return [Note(NoteKind.REMARK, words.several(step), step)]
        if step.is_less or (self._refused is not None and _is_undone(self._refused, step)):
            self._refused = None
            return [Note(NoteKind.REMARK, words.less(step), step)]
        self._pending, self._refused = [step], None
        instead = None if self.ask is None else words.instead(step, self.ask.phase)
        surprise = [] if instead is None else [Note(NoteKind.REMARK, instead)]
        return [Note(NoteKind.SEEN, words.came(step), step), *surprise, *self._happens(Sign.CAME_ON)]

    def _went(self, step: Step) -> list[Note]:
        if any(_are_opposite(step, on) for on in (self._pending[0], _sum_of(self._pending))):
            return [Note(NoteKind.SEEN, words.went(step), step), *self._happens(Sign.WENT_OFF, step)]
        if self._is_more(step):
            self._pending.append(step)
            return [Note(NoteKind.SEEN, words.came(step), step)]
        return [Note(NoteKind.REMARK, words.another(step, self._pending[0]), step)]

    def _is_more(self, step: Step) -> bool:
        """Of the same: a charger goes on in steps."""
        first, clamp = self._pending[0], self._pending[0].clamp
        turned_rad = abs((step.change_a[clamp] * first.change_a[clamp].conjugate()).imag) / step.size_a / first.size_a
        along = (step.change_a[clamp] * first.change_a[clamp].conjugate()).real > 0.0
        is_charger = self.ask is not None and self.ask.kind is Kind.THREE_PHASE
        return is_charger and along and turned_rad < 2.0 * _ALIKE_RAD

    def _happens(self, sign: Sign, step: Step | None = None) -> list[Note]:
        """The table's next stage, and what comes with it."""
        stage = TABLE.get((self.stage, sign))
        if stage is None:
            return []
        was, self.stage, self._since_s = self.stage, stage, None
        remarks = [self._counted(step)] if step is not None and was is Stage.OFF else self._remarks(was, sign)
        if stage is not Stage.OFF:
            self._pending = []
        if sign is not Sign.TOLD or was is Stage.OFF or self._silences >= SILENCES:
            self._silences = 0
        if stage is Stage.ON and (not self._asks or is_enough(self.situation)):
            self.stage = TABLE[stage, Sign.ENOUGH]
        return [*(Note(NoteKind.REMARK, one) for one in remarks if one is not None), self._announced()]

    def _counted(self, off: Step) -> str | None:
        """What came on and went off again counts, for the phase it was really on; a remark if that is another."""
        ask = self._asks[0]
        counted = stimulus(ask.kind, ask.phase, self._pending[0], off=self._matching(off))
        self._stimuli.append(counted)
        found = phase_found(counted, self.situation)
        done = next((one for one in self._asks if found is not None and one.phase is found), ask)
        self._asks.remove(done)
        return words.elsewhere(counted, found)

    def _remarks(self, was: Stage, sign: Sign) -> list[str | None]:
        match was, sign:
            case Stage.ON, Sign.TOLD:
                self._silences += 1
                self._stimuli.append(self._nothing(self._asks[0]))
                if self._silences >= SILENCES:
                    self._asks.pop(0)
                return [words.nothing_answered(is_again=self._silences >= SILENCES)]
            case Stage.ON | Stage.OFF, Sign.LATE:
                self._asks.pop(0)
                return [words.late(self.plan.patience_s, was_on=was is Stage.OFF)]
            case Stage.OFF, Sign.TOLD:
                return [words.NOT_SEEN_OFF]
            case _, Sign.LOST:
                return [None if self._voltage is None else self._voltage.sentence]
            case _:
                return []

    def _announced(self) -> Note:
        match self.stage:
            case Stage.DONE:
                return Note(NoteKind.RESULT, self.end().sentence)
            case Stage.VOLTAGES:
                sentence = words.VOLTAGES
            case Stage.QUIET:
                sentence = words.QUIET
            case Stage.ON:
                ask = self._asks[0]
                sentence = words.prompt_on(ask.kind, ask.phase, self.plan.least_a, self.situation.left)
            case _:
                sentence = words.prompt_off(self._asks[0].kind)
        return Note(NoteKind.ASK, sentence)

    def _matching(self, off: Step) -> Step | None:
        """What went off, if that was what came on first and not all that came since."""
        return off if _are_opposite(off, self._pending[0]) else None

    def _nothing(self, ask: Ask) -> Stimulus:
        volts = (1 + 0j, 1 + 0j, 1 + 0j) if self.latest is None else self.latest.voltage_v
        unsure_a = 0.03 * self.plan.least_a
        return Stimulus(ask.kind, ask.phase, (0j, 0j, 0j), (unsure_a, unsure_a, unsure_a), volts, is_seen=False)


def _flowing(seen: Snapshot) -> list[bool]:
    """Which clamps show a current of their own, not what strays over from a neighbour's conductor."""
    sizes_a = [abs(one) for one in seen.current_a]
    return [size_a > max(CLOSED_A, CLOSED_RATIO * max(sizes_a)) for size_a in sizes_a]


def _is_one(step: Step) -> bool:
    """Whether all clamps that answer show the same current, one way round or the other."""
    main = step.change_a[step.clamp]

    def is_alike(other: complex) -> bool:
        near = min(abs(other - main), abs(other + main))
        return near <= max(_ALIKE_RATIO, _ALIKE_RAD) * abs(main)

    return all(is_alike(step.change_a[clamp]) for clamp in range(3) if step.answers(clamp))


def _is_undone(step: Step, later: Step) -> bool:
    """Whether what is seen later is what was refused, the other way round: more or less, it was not alone."""
    clamp = step.clamp
    return clamp == later.clamp and abs(step.change_a[clamp] + later.change_a[clamp]) < UNDONE_RATIO * step.size_a


def _are_opposite(step: Step, other: Step) -> bool:
    return all(
        abs(one + two) <= SAME_RATIO * other.size_a + min(3.0 * (u + v), 0.1 * other.size_a)
        for one, two, u, v in zip(step.change_a, other.change_a, step.unsure_a, other.unsure_a, strict=True)
        if abs(two) > SAME_RATIO * other.size_a
    )


def _sum_of(steps: list[Step]) -> Step:
    first, second, third = (sum(parts) for parts in zip(*(one.change_a for one in steps), strict=True))
    return replace(steps[0], change_a=(first, second, third))
