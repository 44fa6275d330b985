"""A car at the charger's cable: how it answers the pilot, and what its on-board charger draws.

A car follows a change of the pilot late and along a ramp, draws a little less than it is offered, opens its contact
within 3 s of a pilot that turns steady, sleeps for a while before it begins again, tapers near full, and may wake to
pre-heat. Its ranges are those of the bench's model of cars; IEC 61851-1 has it answer a decrease within 5 s.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from ampguard_hil.halo.pilot import MINIMUM_A, PilotState

LAWFUL_S, MUST_OPEN_S = 5.0, 3.0
"""IEC 61851-1, table A.6: to follow a lower duty cycle, and to open the contact after a pilot that turned steady."""
_NOTHING_A = 0.05
_SECONDS_PER_HOUR = 3600.0
_EMPTY_TAPER_RATIO = 0.02
"""The last bit is not charged: a car calls itself full a little before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One kind of car."""

    phases: int = 3
    most_a: float = 16.0
    """Per phase."""
    below_offer_a: float = 0.4
    decrease_delay_s: float = 1.0
    decrease_a_per_s: float = 20.0
    increase_delay_s: float = 1.5
    increase_a_per_s: float = 3.0
    start_s: float = 4.0
    """From the first permission after plugging in to asking for power."""
    resume_s: float = 20.0
    """Likewise after a pause."""
    battery_wh: float = 60_000.0
    charge_ratio: float = 0.4
    """Of the battery, when it is plugged in."""
    taper_ratio: float = 0.92
    """From here on the current falls."""
    preheat_after_s: float | None = None
    """So long after it was plugged in it heats for its driver, full or not; None: it never does."""
    preheat_for_s: float = 900.0
    preheat_a: float = 9.0
    wants_ventilation: bool = False

    def __post_init__(self) -> None:
        if self.phases not in {1, 2, 3} or self.most_a < MINIMUM_A:
            raise ValueError(f"wanted 1 to 3 phases of 6 A or more, met {self.phases} of {self.most_a:g} A")
        if self.decrease_s > LAWFUL_S:
            raise ValueError(
                f"wanted a car that follows a decrease within 5 s, met one that takes {self.decrease_s:g} s"
            )

    @property
    def decrease_s(self) -> float:
        """What it takes at most from the highest to the lowest current."""
        return self.decrease_delay_s + (self.most_a - MINIMUM_A) / self.decrease_a_per_s

    @property
    def power_w_per_a(self) -> float:
        """At 230 V on all its phases."""
        return 230.0 * self.phases

    @classmethod
    def drawn(cls, seed: int) -> Behaviour:
        """One of the many that park at a building: about one in six ignores a decrease for 4 s, one in six wakes."""
        dice = random.Random(seed)  # noqa: S311 - a model, no secret
        most_a = dice.choice((16.0, 16.0, 32.0))
        slow, wakes = dice.random() < 1 / 6, dice.random() < 1 / 6
        return cls(
            phases=dice.choice((1, 2, 3, 3)),
            most_a=most_a,
            below_offer_a=dice.uniform(0.0, 2.0),
            decrease_delay_s=4.0 if slow else dice.uniform(0.3, 1.7),
            decrease_a_per_s=30.0 if slow else dice.uniform(8.0, 30.0),
            increase_delay_s=dice.uniform(0.5, 3.0),
            increase_a_per_s=dice.uniform(1.0, 5.0),
            resume_s=dice.uniform(10.0, 60.0),
            battery_wh=dice.uniform(40_000.0, 90_000.0),
            charge_ratio=0.9 if wakes else dice.uniform(0.15, 0.7),
            preheat_after_s=dice.uniform(3600.0, 7200.0) if wakes else None,
        )


class Car:
    """A plugged-in car. `live` lets its time pass; the charger sees `asks` and `current_a`."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.charge_ratio = behaviour.charge_ratio
        self.current_a = 0.0
        """Per phase that it uses."""
        self._age_s = 0.0
        self._heeded_a = 0.0
        """The offer that it acts on."""
        self._differs_s = 0.0
        """How long the pilot says something else."""
        self._permitted_s = 0.0
        """How long it may draw, and does not yet; begins anew with each pause."""
        self._forbidden_s = 0.0
        self._has_charged = False
        self._contact_closed = False

    @property
    def asks(self) -> PilotState:
        """What it shows on the pilot."""
        if not self._contact_closed:
            return PilotState.B
        return PilotState.D if self.behaviour.wants_ventilation else PilotState.C

    @property
    def is_heating(self) -> bool:
        """Whether it is at the time that its driver asked heat for."""
        begin_s = self.behaviour.preheat_after_s
        return begin_s is not None and begin_s <= self._age_s < begin_s + self.behaviour.preheat_for_s

    @property
    def wants(self) -> bool:
        """Whether it would draw if it might."""
        return self.is_heating or self._chargeable_a() > 0.0

    def live(self, permitted_a: float, *, supplied: bool, duration_s: float) -> None:
        """Let so much time pass; `permitted_a` is what the pilot says, `supplied` whether the charger has closed."""
        self._age_s += duration_s
        if permitted_a >= MINIMUM_A:
            self._permit(permitted_a, duration_s)
        else:
            self._forbid(duration_s)
        target_a = self._target_a() if supplied and self._contact_closed else 0.0
        self._ramp(target_a, duration_s)
        if not supplied:
            self.current_a = 0.0
        self.charge_ratio += (
            self.current_a * self.behaviour.power_w_per_a * duration_s / (_SECONDS_PER_HOUR * self.behaviour.battery_wh)
        )
        self.charge_ratio = min(1.0, self.charge_ratio)

    def _permit(self, permitted_a: float, duration_s: float) -> None:
        self._forbidden_s = 0.0
        self._permitted_s += duration_s
        self._heed(permitted_a, duration_s)
        if not self.wants:
            if self.current_a < _NOTHING_A:
                self._contact_closed = False
                self._permitted_s = 0.0
        elif not self._contact_closed and self._permitted_s >= self._sleep_s():
            self._contact_closed = self._has_charged = True
            self._heeded_a = permitted_a

    def _heed(self, permitted_a: float, duration_s: float) -> None:
        """Notice what the pilot says after the delay of this car; several changes in that time are one."""
        if permitted_a == self._heeded_a:
            self._differs_s = 0.0
            return
        lower = permitted_a < self._heeded_a
        self._differs_s += duration_s
        if self._differs_s >= (self.behaviour.decrease_delay_s if lower else self.behaviour.increase_delay_s):
            self._heeded_a, self._differs_s = permitted_a, 0.0

    def _forbid(self, duration_s: float) -> None:
        """A steady pilot: draw no more, then open the contact, at the latest after 3 s."""
        self._permitted_s = self._differs_s = 0.0
        self._forbidden_s += duration_s
        if self._forbidden_s >= min(self.behaviour.decrease_delay_s, MUST_OPEN_S / 2):
            self._heeded_a = 0.0
        if self._contact_closed and (self.current_a < _NOTHING_A or self._forbidden_s >= MUST_OPEN_S):
            self.current_a = 0.0
            self._contact_closed = False

    def _sleep_s(self) -> float:
        return self.behaviour.resume_s if self._has_charged else self.behaviour.start_s

    def _target_a(self) -> float:
        if self._heeded_a < MINIMUM_A:
            return 0.0
        allowed_a = min(self.behaviour.most_a, self._heeded_a - self.behaviour.below_offer_a)
        wanted_a = max(self.behaviour.preheat_a if self.is_heating else 0.0, self._chargeable_a())
        return min(allowed_a, wanted_a)

    def _chargeable_a(self) -> float:
        """What its battery takes."""
        left = 1.0 - self.charge_ratio
        if left <= _EMPTY_TAPER_RATIO * (1.0 - self.behaviour.taper_ratio):
            return 0.0
        return self.behaviour.most_a * min(1.0, left / (1.0 - self.behaviour.taper_ratio))

    def _ramp(self, target_a: float, duration_s: float) -> None:
        if target_a < self.current_a:
            self.current_a = max(target_a, self.current_a - self.behaviour.decrease_a_per_s * duration_s)
        else:
            self.current_a = min(target_a, self.current_a + self.behaviour.increase_a_per_s * duration_s)
