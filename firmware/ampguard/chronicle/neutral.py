"""Whether the neutral is broken or loose, by its place among the phases. A watch for people; no protective device.

With a broken neutral the loads of three phases hang in series on the voltages between phases. Those stay as they were;
the star point goes where the loads balance (Millman): less voltage where more is switched on, more where less is.

What moves a neutral as well, and how it is told apart:

* Load over a sound, but weak neutral. It moves by at most SOUND_OHM times the sum of the currents, which the clamps
  see. A broken neutral has next to no sum of currents; a loose one too little for its shift.
* A dip in one or two phases takes positive into negative sequence as much as into zero: shift = negative. So does a
  lost phase, with or without motors that feed it back (their voltage is in line with the one that was lost).
* A short circuit between a phase and the neutral elsewhere on the same feeder: the drop is shared between phase and
  neutral conductor. With a neutral of R ohms and a phase of Z, shift / negative = 1 + 3 R / Z: 4 for equal conductors,
  7 where the neutral has half the cross-section. A fuse ends it within 5 s (IEC 60364-4-41, 411.3.2.3).
  What comes at once is called a broken neutral only if the negative sequence changed by less than a twelfth of the
  shift; with less certainty, if it lasts longer than a fuse takes.
* Terminals on one phase, or phase and N interchanged, leave a negative sequence of half the positive one.
* A grid without a neutral, one phase, inferred voltages: never judged. Voltages far from the nominal one: neither
  (three phases without N against earth move as they like).

Where nothing is switched on, or the same on each phase, a broken neutral does not move: nobody can tell it from a
whole one by voltages. So an end is told only when a neutral has been seen to carry current, or after UNPROVEN_S
without shift.
The unit's own N wire: if it is off, the inputs form a star of their own that looks healthy, and nothing is told.
"""

from __future__ import annotations

import statistics
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from ampguard.chronicle.spell import Streak, Told
from ampguard.chronicle.starpoint import Star
from ampguard.events import NeutralFault, Turn
from ampguard.phases import LinePairs, Phase
from ampguard.phrase import Number, Phrase, joined, phrase

if TYPE_CHECKING:
    from ampguard.readings import Measurement, PhaseValues

SHIFTED_RATIO = 0.12
"""A shift of 28 V at 230 V; phases within 10 % of the nominal voltage (EN 50160) allow of 26 V."""
FARTHEST_RATIO = 1.3
"""Loads draw the neutral to a phase at most; a little farther where coils and capacitors are among them."""
UNBALANCED_RATIO = 0.08
"""No grid that supplies anybody has more negative sequence (EN 50160: 2 to 3 %)."""
UNSEEN_RATIO = 0.25
"""Where a clamp shows nothing, a load that it does not see may be what moves the neutral: it would have to be huge.
If in truth nothing is switched on there, a broken neutral stands between the other two phases, half way at least."""
QUIET_RATIO = 0.06
SOUND_OHM = 0.8
"""No sound connection has so much in its neutral: at 40 A it would lose a seventh of its voltage there."""
GRIDS_OWN_RATIO = 0.04
"""A shift by others on the same feeder."""
SUDDEN_RATIO, LASTING_RATIO = 1.0 / 12.0, 1.0 / 4.0
"""Of the shift; more negative sequence has another cause."""
SUDDEN_S, LASTING_S = 0.55, 6.0
"""Three windows; longer than any fuse takes."""
WHOLE_S, UNPROVEN_S = 1.0, 600.0
PROOF_A = 1.0
"""A neutral that carries so much is one."""
LIKELY_V = (195.0, 265.0)
"""Positive sequence of the grids with a neutral, where no nominal voltage is set."""
NEAR_RATIO = 0.15
"""As near the positive sequence must be to the nominal voltage."""
CLEAR_RATIO = 0.03
"""So far from the middle a phase is called up or down."""
_BEFORE = 25
_MIXED = 2
"""The latest windows before a shift may hold its beginning."""


class NeutralWatch:
    """Follows the star, window after window."""

    def __init__(self, nominal_v: float | None) -> None:
        """`nominal_v`: of a phase; None: nobody told."""
        self._limits_v = (
            LIKELY_V if nominal_v is None else ((1.0 - NEAR_RATIO) * nominal_v, (1.0 + NEAR_RATIO) * nominal_v)
        )
        self._before: deque[complex] = deque(maxlen=_BEFORE)
        self._sudden, self._lasting = Streak(), Streak()
        self._whole, self._unshifted = Streak(), Streak()
        self._begun_s: float | None = None
        self.fault: NeutralFault | None = None
        """What was told when it began, as long as it lasts."""

    def follow(self, measurement: Measurement, star: Star | None) -> Told[NeutralFault] | None:
        """What began or ended with this window; None of a star that cannot be judged."""
        if star is None or not self._limits_v[0] <= star.positive_v <= self._limits_v[1]:
            for streak in (self._sudden, self._lasting, self._whole, self._unshifted):
                streak.follow(measurement, holds=False)
            return None
        return self._while_whole(measurement, star) if self._begun_s is None else self._while_broken(measurement, star)

    def end(self, measurement: Measurement) -> Told[NeutralFault] | None:
        """Nobody watches for it any more: what lasted ends behind this window."""
        if self.fault is None or self._begun_s is None:
            return None
        end_s = measurement.start_s + measurement.duration_s
        return Told(end_s, replace(self.fault, turn=Turn.ENDED, duration_s=round(end_s - self._begun_s, 3)))

    def _while_whole(self, measurement: Measurement, star: Star) -> Told[NeutralFault] | None:
        shift = abs(star.shift)
        alone = is_shifted(star) and _unexplained(star)
        before = self._usual()
        change = None if before is None else abs(star.negative - before)
        self._sudden.follow(measurement, holds=alone and change is not None and change <= SUDDEN_RATIO * shift)
        self._lasting.follow(measurement, holds=alone)
        if not alone and abs(star.negative) <= UNBALANCED_RATIO:
            self._before.append(star.negative)
        if not self._sudden.lasted(SUDDEN_S) and not self._lasting.lasted(LASTING_S):
            return None
        first = self._sudden if self._sudden.lasted(SUDDEN_S) else self._lasting
        self._begun_s = measurement.start_s if first.since_s is None else first.since_s
        self.fault = as_told(measurement, star, None)
        return Told(self._begun_s, self.fault)

    def _while_broken(self, measurement: Measurement, star: Star) -> Told[NeutralFault] | None:
        quiet = abs(star.shift) <= QUIET_RATIO
        carried_a = star.least_sum_a or 0.0
        carries = carried_a >= PROOF_A and star.shift_v <= SOUND_OHM * carried_a + GRIDS_OWN_RATIO * star.positive_v
        self._whole.follow(measurement, holds=quiet and carries)
        self._unshifted.follow(measurement, holds=quiet)
        if not self._whole.lasted(WHOLE_S) and not self._unshifted.lasted(UNPROVEN_S):
            return None
        ended = self._whole if self._whole.lasted(WHOLE_S) else self._unshifted
        end_s = measurement.start_s if ended.since_s is None else ended.since_s
        lasted_s = round(end_s - (self._begun_s or 0.0), 3)
        self._begun_s = self.fault = None
        for streak in (self._sudden, self._lasting, self._whole, self._unshifted):
            streak.follow(measurement, holds=False)
        return Told(end_s, as_told(measurement, star, lasted_s))

    def _usual(self) -> complex | None:
        """The negative sequence of the time before; None where that is too short."""
        known = list(self._before)[:-_MIXED]
        if len(known) < _MIXED + 1:
            return None
        return complex(statistics.median(one.real for one in known), statistics.median(one.imag for one in known))


def is_shifted(star: Star) -> bool:
    """Whether the neutral alone makes the phases so different, whatever the reason."""
    shift, negative = abs(star.shift), abs(star.negative)
    return SHIFTED_RATIO <= shift <= FARTHEST_RATIO and negative <= min(LASTING_RATIO * shift, UNBALANCED_RATIO)


def in_words(fault: NeutralFault) -> Phrase:
    """A sentence for the owner."""
    if fault.neutral_ohm is not None:
        return phrase(
            "the neutral seems to be loose: loads move it as if it had {ohm} ohm; have an "
            "electrician look at it soon (this unit is no protective device)",
            ohm=Number(fault.neutral_ohm, ".1f"),
        )
    return phrase(
        "the neutral is broken or loose: {volts}; switch the main switch off and call an electrician "
        "(this unit is no protective device)",
        volts=voltages_in_words(fault.voltage_rms_v),
    )


def voltages_in_words(values_v: PhaseValues) -> Phrase:
    """Those of each phase: "L1 231 V, L2 229 V"."""
    return joined(", ", (
        phrase("{phase} {volts} V", phase=phase.value, volts=Number(value_v, ".0f"))
        for phase, value_v in zip(Phase, values_v, strict=True)
        if value_v is not None
    ))  # fmt: skip


def _unexplained(star: Star) -> bool:
    """Whether no load over a sound neutral moves it so far."""
    if star.highest_sum_a is None:
        return abs(star.shift) >= UNSEEN_RATIO
    by_load_v = SOUND_OHM * star.highest_sum_a + GRIDS_OWN_RATIO * star.positive_v
    return star.shift_v > by_load_v


def as_told(
    measurement: Measurement, star: Star, duration_s: float | None, neutral_ohm: float | None = None
) -> NeutralFault:
    """The event of a window; with ohms it is a loose neutral, found by steps of load."""
    middle_v = star.positive_v
    voltages = list(zip(Phase, measurement.voltage_fundamental_rms_v, strict=True))
    return NeutralFault(
        turn=Turn.BEGUN if duration_s is None else Turn.ENDED,
        shift_v=round(star.shift_v, 2),
        neutral_ohm=neutral_ohm,
        voltage_rms_v=rounded(measurement.voltage_rms_v),
        line_voltage_rms_v=between(measurement),
        current_rms_a=rounded(measurement.current_rms_a),
        up=tuple(phase for phase, size_v in voltages if (size_v or 0.0) > (1.0 + CLEAR_RATIO) * middle_v),
        down=tuple(phase for phase, size_v in voltages if (size_v or 0.0) < (1.0 - CLEAR_RATIO) * middle_v),
        duration_s=duration_s,
    )


def rounded(values: PhaseValues) -> PhaseValues:
    """Hundredths."""
    return values.map(lambda value: None if value is None else round(value, 2))


def between(measurement: Measurement) -> LinePairs[float | None]:
    """The voltages between phases, in hundredths."""
    pairs = measurement.line_voltage_rms_v
    first, second, third = (
        None if value is None else round(value, 2) for value in (pairs.l1_l2, pairs.l2_l3, pairs.l3_l1)
    )
    return LinePairs(first, second, third)
