"""A balancer's side and a charger, on one clock: what is told, and what the charger holds then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

from tests.ampguard.balancing.ocpp.held import Holder

from ampguard.balancing.ocpp import profile
from ampguard.balancing.ocpp.abilities import Abilities, Key
from ampguard.balancing.ocpp.frame import Payload
from ampguard.balancing.ocpp.keeping import Arm, Give, Keeping, Look, Outcome, Preset, Situation, Wish
from ampguard.balancing.ocpp.profile import Step

BEGIN = datetime(2026, 11, 22, tzinfo=UTC)
SAFE_A = 6.0
PURPOSES = ("TxProfile", "TxDefaultProfile", "ChargePointMaxProfile")


class Side:
    """A balancer's side and a charger, on one clock."""

    def __init__(self, holder: Holder | None = None, keys: dict[str, str] | None = None) -> None:
        self.holder = holder or Holder()
        self.keeping = Keeping()
        self.keeping.abilities = Abilities({name: Key(value, is_fixed=False) for name, value in (keys or {}).items()})
        self.now_s = 0.0
        self.safe_a = SAFE_A
        self.answers: list[Outcome] = []
        """Instead of what the charger would say."""
        self.told: list[Arm | Give | Preset | Look] = []
        self.preset_a: float | None = None

    @property
    def now(self) -> datetime:
        return BEGIN + timedelta(seconds=self.now_s)

    def wish(self, limit_a: float, lease_s: float = 30.0) -> None:
        self.keeping.wish = Wish(limit_a, self.now_s + lease_s)

    def begin(self, number: int = 1) -> None:
        self.holder.begin(number, self.now)

    def situation(self) -> Situation:
        wish = self.keeping.wish
        running = {} if self.holder.transaction is None else {1: self.holder.transaction}
        steps = (Step(0, wish.limit_a),) if wish is not None and wish.ends_s > self.now_s else ()
        return Situation(self.now_s, running, steps, self.safe_a)

    def settle(self) -> None:
        """Until there is nothing to do now."""
        for _ in range(50):
            task = self.keeping.next(self.situation())
            if task is None or isinstance(task, float):
                return
            self.perform(task)
        raise AssertionError(f"it goes on for ever: {self.told[-4:]}")

    def perform(self, task: Arm | Give | Preset | Look) -> None:
        self.told.append(task)
        situation = self.situation()
        forced = self.answers.pop(0) if self.answers else None
        if forced is not None:
            self.keeping.told(task, forced, "so", situation)
            return
        match task:
            case Look():
                self.keeping.saw(task, self.holder.composite_a or self.holder.holds_a(self.now), self.now_s)
            case Preset():
                self.preset_a = task.limit_a
                self.keeping.told(task, Outcome.ACCEPTED, "", situation)
            case Arm():
                purpose = task.way.purpose
                assert purpose is not None
                self._give(task, profile.safe(purpose, task.connector, task.limit_a), situation)
            case Give():
                self._give(task, profile.leased(task.leased, self.now), situation)

    def _give(self, task: Arm | Give, asked: Payload, situation: Situation) -> None:
        status = self.holder.take(
            cast("int", asked["connectorId"]), cast("dict[str, object]", asked["csChargingProfiles"])
        )
        outcome = Outcome.ACCEPTED if status == "Accepted" else Outcome.REFUSED
        self.keeping.told(task, outcome, status, situation)

    def wait(self, seconds_s: float) -> None:
        self.now_s += seconds_s


def limits_given(side: Side) -> list[float]:
    return [
        one["limit"]
        for given_one in side.holder.given
        for one in given_one["chargingSchedule"]["chargingSchedulePeriod"]
    ]
