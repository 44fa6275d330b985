"""What the central system tells of a charger, as the core hears it."""

from __future__ import annotations

import pytest
from tests.ampguard.services.balancer.made import report

from ampguard.balancing.capi import SlowReport
from ampguard.balancing.observation import Heard
from ampguard.balancing.ocpp.report import ConnectorStatus
from ampguard.phases import Phases
from ampguard.services.balancer.hearing import heard, slow

NONE: Phases[float | None] = Phases(None, None, None)
CHARGES = Heard(100.0, 99.0, (10.0, 10.0, 10.0), is_connected=True, wants=True, limit_a=10.0)


def test_a_charger_that_charges() -> None:
    assert heard(report(), None) == CHARGES


@pytest.mark.parametrize("known", [None, CHARGES])
def test_one_that_never_came_says_nothing(known: Heard | None) -> None:
    assert heard(report(heard_s=None, is_online=False), known) is known


@pytest.mark.parametrize("known", [None, CHARGES])
def test_one_that_has_just_come_in_is_not_heard_before_it_was_asked_what_it_holds(known: Heard | None) -> None:
    assert heard(report(asked_s=None, heard_s=200.0, limit_a=None), known) is known


def test_it_is_heard_first_when_it_has_said_whether_a_car_is_there() -> None:
    silent = report(has_car=None, wants=None, status=None)
    assert heard(silent, None) is None
    known = heard(silent, CHARGES)
    assert known is not None
    assert (known.is_connected, known.wants) == (False, False)


@pytest.mark.parametrize("known", [None, CHARGES])
def test_it_is_heard_when_it_has_said_what_it_draws_or_has_had_time_to(known: Heard | None) -> None:
    assert heard(report(asked_s=99.5), known) is known, "what it drew before it came says nothing"
    assert heard(report(asked_s=99.5, current_a=NONE, drawn_s=None), known) is known
    for said in (report(asked_s=99.5, drawn_s=99.6), report(asked_s=96.5), report(asked_s=99.5, wants=False)):
        found = heard(said, known)
        assert found is not None
        assert found.drawn_a == (10.0, 10.0, 10.0)


@pytest.mark.parametrize(("status", "drawn_a"), [
    (ConnectorStatus.CHARGING, None), (ConnectorStatus.SUSPENDED_EVSE, (0.0, 0.0, 0.0)),
])  # fmt: skip
def test_one_that_charges_and_tells_no_currents_draws_nobody_knows_what_since_it_came(
    status: ConnectorStatus, drawn_a: tuple[float, float, float] | None
) -> None:
    mute = report(current_a=NONE, drawn_s=None, status=status)
    first = heard(mute, None)
    assert first is not None
    assert (first.drawn_a, first.drawn_s) == (drawn_a, 100.0)
    later = heard(report(current_a=NONE, drawn_s=None, status=status, heard_s=160.0), first)
    assert later is not None
    assert (later.drawn_a, later.drawn_s, later.heard_s) == (drawn_a, 100.0, 160.0)


def test_one_that_drew_nothing_before_it_charged_draws_nobody_knows_what() -> None:
    paused = Heard(90.0, 90.0, (0.0, 0.0, 0.0), is_connected=True, wants=True, limit_a=0.0)
    found = heard(report(current_a=NONE, drawn_s=None), paused)
    assert found is not None
    assert found.drawn_a is None


def test_one_that_stops_telling_has_drawn_what_it_told_last() -> None:
    found = heard(report(current_a=NONE, drawn_s=None, heard_s=160.0), CHARGES)
    assert found is not None
    assert (found.drawn_a, found.drawn_s, found.heard_s) == ((10.0, 10.0, 10.0), 99.0, 160.0)


def test_a_current_without_a_phase_flows_on_all_of_them() -> None:
    found = heard(report(current_a=NONE, unphased_a=7.5), None)
    assert found is not None
    assert found.drawn_a == (7.5, 7.5, 7.5)


def test_a_phase_that_is_not_told_beside_others_carries_nothing() -> None:
    found = heard(report(current_a=Phases(16.0, None, None)), None)
    assert found is not None
    assert found.drawn_a == (16.0, 0.0, 0.0)


def test_offline_the_last_sign_of_life_counts() -> None:
    found = heard(report(is_online=False, limit_a=None), CHARGES)
    assert found is not None
    assert (found.heard_s, found.limit_a) == (100.0, None)


def test_one_that_is_reached_over_its_makers_cloud() -> None:
    told = SlowReport(
        charger="1M", heard_s=100.0, is_online=True, status="Charging", has_car=True, wants=True,
        current_a=Phases(9.0, None, None), limit_a=10.0,
    )  # fmt: skip
    assert slow(told) == Heard(100.0, 100.0, (9.0, 0.0, 0.0), is_connected=True, wants=True, limit_a=10.0)
    assert slow(SlowReport(charger="1M")) is None
    silent = slow(SlowReport(charger="1M", heard_s=100.0))
    assert silent is not None
    assert (silent.drawn_a, silent.is_connected) == (None, False)
