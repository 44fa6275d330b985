"""What is wrong with the voltages of a supply, told within a second: a phase lost, the neutral broken, a wrong voltage.

Judged by windows of ten cycles, so that two or three of them are there within a second. Windows that lost samples, or
touched the end of the converter's range, prove nothing and change nothing. All of it is for people to know of, and no
protective device.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from ampguard.chronicle import nominal
from ampguard.chronicle.loose import LooseNeutralWatch
from ampguard.chronicle.neutral import NeutralWatch, as_told, between, in_words, is_shifted, rounded, voltages_in_words
from ampguard.chronicle.nominal import ABSENT_V, NominalWatch
from ampguard.chronicle.spell import Streak, Told
from ampguard.chronicle.starpoint import Star, seen
from ampguard.events import NeutralFault, PhaseLoss, Turn, WrongVoltage
from ampguard.phases import Phase, Phases
from ampguard.readings import Quality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard.phrase import Phrase
    from ampguard.readings import Measurement

PRESENT_RATIO = 0.1
"""Of the nominal voltage; below it a phase is interrupted (IEC 61000-4-30, 5.5: a threshold of 5 or 10 %)."""
BACK_RATIO = 0.15
"""Above it a lost phase is there again: one that wavers is one loss."""
SURE_S = 0.35
"""Two windows."""
SupplyEvent: TypeAlias = PhaseLoss | NeutralFault | WrongVoltage
_NO_PROOF = {Quality.OVERRUN, Quality.CLIPPED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What the installation should have."""

    terminals: Phases[bool]
    """The phases whose voltage is measured."""
    has_neutral: bool
    """False: IT, or one phase; of their neutral nothing is claimed."""
    nominal_v: float | None
    """Of a phase; None: nobody told."""
    is_pair: bool = False
    """True: only the voltage between two phases is measured, so that nobody can tell which of them is lost."""


class PhaseLossWatch:
    """Phases that should carry voltage and do not; where no nominal voltage is set, a tenth of the highest decides."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self._turning = Phases(Streak(), Streak(), Streak())
        self._lost_s: dict[Phase, float] = {}

    @property
    def lost(self) -> bool:
        """Whether any phase is."""
        return bool(self._lost_s)

    def follow(self, measurement: Measurement, star: Star | None) -> Iterator[Told[PhaseLoss]]:
        """What began or ended with this window."""
        if self._expected.is_pair:
            return
        values_v = [value or 0.0 for value in measurement.voltage_rms_v]
        reference_v = max(values_v) if self._expected.nominal_v is None else self._expected.nominal_v
        # where the neutral has gone all the way to a phase, that phase is there, and the neutral is at fault
        moved = self._expected.has_neutral and star is not None and is_shifted(star)
        for phase, there, value_v in zip(Phase, self._expected.terminals, values_v, strict=True):
            if not there:
                continue
            since_s, streak = self._lost_s.get(phase), self._turning[phase]
            absent = value_v < (PRESENT_RATIO if since_s is None else BACK_RATIO) * reference_v or reference_v == 0.0
            streak.follow(measurement, holds=not absent if since_s is not None else absent and not moved)
            if streak.since_s is None or not streak.lasted(SURE_S):
                continue
            moment_s = streak.since_s
            streak.follow(measurement, holds=False)
            if since_s is None:
                self._lost_s[phase] = moment_s
                yield Told(moment_s, _loss(phase, measurement, None))
            else:
                del self._lost_s[phase]
                yield Told(moment_s, _loss(phase, measurement, round(moment_s - since_s, 3)))

    def end(self, measurement: Measurement) -> Iterator[Told[PhaseLoss]]:
        """Nobody watches for it any more: what lasted ends behind this window."""
        end_s = measurement.start_s + measurement.duration_s
        for phase, since_s in self._lost_s.items():
            yield Told(end_s, _loss(phase, measurement, round(end_s - since_s, 3)))


class SupplyWatch:
    """All of it; `alarm` is what lasts, in a sentence."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self._loss = PhaseLossWatch(expected)
        self._neutral = NeutralWatch(expected.nominal_v)
        self._steps = LooseNeutralWatch()
        self._loose: NeutralFault | None = None
        self._loose_since_s = 0.0
        self._latest: Measurement | None = None
        self._nominal = NominalWatch(expected.terminals, expected.nominal_v)
        self._dead = True

    @property
    def alarm(self) -> Phrase | None:
        """Why the voltages are wrong; None where nothing is claimed, or there are none.

        A lost phase is no wrong one: nothing is said of it here.
        """
        if self._dead:
            return None
        if self._neutral.fault is not None:
            return in_words(self._neutral.fault)
        return self._nominal.in_words() or (None if self._loose is None else in_words(self._loose))

    def end(self) -> list[Told[PhaseLoss] | Told[NeutralFault] | Told[WrongVoltage]]:
        """Something else is expected from now on, by another watch: whatever lasts by this one ends."""
        if (latest := self._latest) is None:
            return []
        found: list[Told[PhaseLoss] | Told[NeutralFault] | Told[WrongVoltage]] = [*self._loss.end(latest)]
        if (neutral := self._neutral.end(latest)) is not None:
            found.append(neutral)
        if (loose := self._loose) is not None:
            end_s = latest.start_s + latest.duration_s
            lasted_s = round(end_s - self._loose_since_s, 3)
            found.append(Told(end_s, replace(loose, turn=Turn.ENDED, duration_s=lasted_s)))
        if (wrong := self._nominal.end(latest)) is not None:
            found.append(wrong)
        return found

    def follow(self, measurement: Measurement) -> list[Told[PhaseLoss] | Told[NeutralFault] | Told[WrongVoltage]]:
        """What began or ended with this window."""
        self._latest = measurement
        self._dead = max(value or 0.0 for value in measurement.voltage_rms_v) < ABSENT_V
        if measurement.quality & _NO_PROOF:
            return []
        star = seen(measurement, self._expected.terminals)
        found: list[Told[PhaseLoss] | Told[NeutralFault] | Told[WrongVoltage]] = []
        found += self._loss.follow(measurement, star)
        if self._expected.has_neutral:
            found += self._of_neutral(measurement, star)
        moved = self._expected.has_neutral and star is not None and is_shifted(star)
        judged = not (self._loss.lost or self._neutral.fault or moved)
        if (wrong := self._nominal.follow(measurement, judged=judged)) is not None:
            found.append(wrong)
        return found

    def _of_neutral(self, measurement: Measurement, star: Star | None) -> Iterator[Told[NeutralFault]]:
        """Broken, or loose; while it is broken no step of load says more."""
        if (broken := self._neutral.follow(measurement, star)) is not None:
            yield broken
        judged = None if self._neutral.fault or self._loss.lost else star
        if (steps := self._steps.follow(measurement, judged)) is None or star is None:
            return
        loose = as_told(measurement, star, steps.event.duration_s, steps.event.neutral_ohm)
        self._loose = loose if loose.turn is Turn.BEGUN else None
        self._loose_since_s = steps.start_s
        yield Told(steps.start_s, loose)


def line(event: SupplyEvent) -> str:
    """Of what began or ended, for the log."""
    match event:
        case PhaseLoss():
            what, said = f"{event.phase} without voltage", f"{event.phase} is without voltage"
        case NeutralFault():
            what, said = "fault of the neutral", in_words(event)
        case _:
            what, said = "wrong voltages", nominal.in_words(event)
    if event.duration_s is None:
        return said
    return f"{what}: over after {event.duration_s:.1f} s: {voltages_in_words(event.voltage_rms_v)}"


def _loss(phase: Phase, measurement: Measurement, duration_s: float | None) -> PhaseLoss:
    return PhaseLoss(
        phase=phase,
        turn=Turn.BEGUN if duration_s is None else Turn.ENDED,
        voltage_rms_v=rounded(measurement.voltage_rms_v),
        line_voltage_rms_v=between(measurement),
        duration_s=duration_s,
    )
