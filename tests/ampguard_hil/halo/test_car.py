"""When a car does what, in virtual time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard_hil.halo.car import LAWFUL_S, Behaviour, Car
from ampguard_hil.halo.connector import Connector
from ampguard_hil.halo.pilot import PilotState

STEP_S = 0.1
TERMINALS = (0, 1, 2)


class Plugged:
    """A car at a connector that offers what it is told."""

    def __init__(self, behaviour: Behaviour, phases: int = 3) -> None:
        self.connector = Connector(phases)
        self.car = self.connector.car = Car(behaviour)
        self.terminals = TERMINALS[:phases]
        self.now_s = 0.0

    @property
    def pilot(self) -> PilotState:
        return self.connector.pilot

    def offer(self, offered_a: float, duration_s: float) -> None:
        for _ in range(round(duration_s / STEP_S)):
            self.connector.live(offered_a, self.terminals, STEP_S)
            self.now_s += STEP_S

    def wait_for(self, offered_a: float, current_a: float, most_s: float = 120.0) -> float:
        """How long until it draws so much, up or down."""
        begin_s, rises = self.now_s, self.car.current_a < current_a
        while self.now_s - begin_s < most_s:
            self.offer(offered_a, STEP_S)
            if (self.car.current_a >= current_a) if rises else (self.car.current_a <= current_a):
                return self.now_s - begin_s
        raise AssertionError(f"{self.car.current_a} A after {most_s} s, wanted {current_a}")


def test_it_asks_after_its_start_and_draws_along_its_ramp() -> None:
    at = Plugged(Behaviour(start_s=4.0, increase_a_per_s=3.0, below_offer_a=0.5))
    assert at.pilot == "B"
    at.offer(16.0, 3.9)
    assert at.pilot == "B"
    at.offer(16.0, 0.2)
    assert at.pilot == "C"
    assert at.wait_for(16.0, 15.5) == pytest.approx(0.3 + 15.5 / 3.0, abs=0.3)
    at.offer(16.0, 20.0)
    assert at.connector.currents_a == pytest.approx((15.5,) * 3)


@pytest.mark.parametrize(("phases", "drawn"), [(1, (9.5, 0.0, 0.0)), (2, (9.5, 9.5, 0.0)), (3, (9.5, 9.5, 9.5))])
def test_it_draws_on_its_phases_less_than_it_is_offered(phases: int, drawn: tuple[float, ...]) -> None:
    at = Plugged(Behaviour(phases=phases, below_offer_a=0.5))
    at.offer(10.0, 30.0)
    assert at.connector.currents_a == pytest.approx(drawn)


def test_a_car_of_three_phases_draws_on_one_at_a_charger_of_one() -> None:
    at = Plugged(Behaviour(phases=3, most_a=32.0), phases=1)
    at.offer(20.0, 30.0)
    assert at.connector.currents_a == pytest.approx((19.6, 0.0, 0.0))


def test_never_more_than_its_own_charger_takes() -> None:
    at = Plugged(Behaviour(most_a=16.0, below_offer_a=0.0))
    at.offer(32.0, 30.0)
    assert at.car.current_a == pytest.approx(16.0)


def test_one_that_ignores_a_decrease_for_four_seconds_is_still_lawful() -> None:
    at = Plugged(Behaviour(decrease_delay_s=4.0, decrease_a_per_s=30.0, below_offer_a=0.0))
    at.offer(16.0, 30.0)
    at.offer(6.0, 3.9)
    assert at.car.current_a == pytest.approx(16.0), "ignored"
    at.offer(6.0, 1.1)
    assert at.car.current_a == pytest.approx(6.0)


@given(st.integers(0, 10_000), st.floats(6.0, 32.0), st.floats(6.0, 32.0))
def test_any_car_follows_a_decrease_within_five_seconds(seed: int, one_a: float, other_a: float) -> None:
    behaviour = Behaviour.drawn(seed)
    high_a, low_a = max(one_a, other_a), min(one_a, other_a)
    at = Plugged(behaviour)
    at.offer(high_a, 40.0)
    at.offer(low_a, LAWFUL_S)
    assert at.car.current_a <= low_a + 0.01
    assert behaviour.decrease_s <= LAWFUL_S


@given(st.integers(0, 10_000))
def test_any_car_lets_go_within_three_seconds_of_a_pause(seed: int) -> None:
    at = Plugged(Behaviour.drawn(seed))
    at.offer(32.0, 40.0)
    assert at.car.current_a > 2.0
    at.offer(0.0, 3.1)
    assert at.connector.currents_a == (0.0, 0.0, 0.0)
    assert at.pilot == "B"
    at.offer(0.0, 0.2)
    assert not at.connector.closed


@given(st.lists(st.tuples(st.sampled_from((0.0, 6.0, 8.5, 16.0, 32.0)), st.floats(0.1, 20.0)), max_size=8))
def test_nothing_flows_through_an_open_contactor(offers: list[tuple[float, float]]) -> None:
    at = Plugged(Behaviour(start_s=1.0, resume_s=10.0))
    for offered_a, duration_s in offers:
        at.offer(offered_a, duration_s)
        assert at.connector.closed or at.connector.currents_a == (0.0, 0.0, 0.0)
        assert at.car.current_a <= at.car.behaviour.most_a


def test_after_a_pause_it_sleeps_for_a_while() -> None:
    at = Plugged(Behaviour(resume_s=45.0, start_s=2.0))
    at.offer(16.0, 20.0)
    at.offer(0.0, 30.0)
    at.offer(16.0, 44.8)
    assert at.pilot == "B"
    at.offer(16.0, 0.4)
    assert at.pilot == "C"


class Outlaw(Car):
    """It does not look at the pilot."""

    def __init__(self, before: Car) -> None:
        super().__init__(before.behaviour)
        self.current_a, self._contact_closed = before.current_a, True

    def live(self, permitted_a: float, *, supplied: bool, duration_s: float) -> None:
        """It just goes on."""


def test_one_that_goes_on_after_a_steady_pilot_is_cut_off_under_load() -> None:
    at = Plugged(Behaviour())
    at.offer(16.0, 20.0)
    at.car = at.connector.car = Outlaw(at.car)
    at.offer(0.0, 3.0)
    assert at.connector.closed
    at.offer(0.0, 0.4)
    assert not at.connector.closed
    assert at.connector.currents_a == (0.0, 0.0, 0.0)


def test_it_tapers_when_it_is_nearly_full_and_then_asks_no_more() -> None:
    at = Plugged(Behaviour(battery_wh=2000.0, charge_ratio=0.80, taper_ratio=0.9, below_offer_a=0.0))
    at.offer(16.0, 60.0)
    assert at.car.current_a == pytest.approx(16.0)
    at.offer(16.0, 120.0)
    assert 0.0 < at.car.current_a < 12.0
    at.offer(16.0, 900.0)
    assert at.pilot == "B"
    assert at.car.current_a == 0.0
    assert at.car.charge_ratio == pytest.approx(1.0, abs=0.01)


def test_a_full_one_wakes_to_pre_heat_and_sleeps_again() -> None:
    at = Plugged(Behaviour(charge_ratio=1.0, preheat_after_s=600.0, preheat_for_s=300.0, preheat_a=9.0, start_s=3.0))
    at.offer(16.0, 599.0)
    assert at.pilot == "B"
    at.offer(16.0, 20.0)
    assert at.car.current_a == pytest.approx(9.0)
    at.offer(16.0, 300.0)
    assert at.pilot == "B"


def test_one_that_wants_ventilation_gets_nothing() -> None:
    at = Plugged(Behaviour(wants_ventilation=True))
    at.offer(16.0, 20.0)
    assert at.pilot == "D"
    assert not at.connector.closed


def test_another_phase_is_switched_without_load() -> None:
    at = Plugged(Behaviour(below_offer_a=0.0, resume_s=10.0))
    at.offer(10.0, 20.0)
    at.terminals = (1,)
    at.offer(10.0, 0.3)
    assert at.connector.offered_a == 0.0
    assert at.connector.currents_a[0] > 0.0, "the car has not let go yet"
    at.offer(10.0, 30.0)
    assert at.connector.currents_a == pytest.approx((0.0, 10.0, 0.0))


def test_what_it_charges_is_what_the_charger_counts() -> None:
    at = Plugged(Behaviour(battery_wh=50_000.0, charge_ratio=0.2))
    at.offer(16.0, 600.0)
    charged_wh = (at.car.charge_ratio - 0.2) * 50_000.0
    assert at.connector.energy_wh == pytest.approx(charged_wh * 0.99, rel=1e-3)
    assert charged_wh == pytest.approx(3 * 230.0 * 15.6 * 600.0 / 3600.0, rel=0.02)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"phases": 4}, "wanted 1 to 3 phases"),
        ({"most_a": 5.0}, "wanted 1 to 3 phases of 6 A"),
        ({"decrease_delay_s": 4.0, "decrease_a_per_s": 5.0}, "takes 6 s"),
    ],
)
def test_a_car_that_cannot_be_is_refused(fields: dict[str, float], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Behaviour(**fields)  # type: ignore[arg-type]  # fields by name


def test_the_many_are_of_all_kinds() -> None:
    cars = [Behaviour.drawn(seed) for seed in range(60)]
    assert {car.phases for car in cars} == {1, 2, 3}
    assert any(car.decrease_delay_s == 4.0 for car in cars)
    assert any(car.preheat_after_s is not None for car in cars)
    assert Behaviour.drawn(7) == Behaviour.drawn(7)
