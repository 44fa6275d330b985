"""What is seen of a charger in what it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ampguard.balancing.ocpp.observed import Observed
from ampguard.balancing.ocpp.report import ConnectorStatus
from ampguard.balancing.ocpp.taken import written
from ampguard.phases import Phases

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def status(observed: Observed, said: str, connector: int = 1, **more: Any) -> None:
    payload = {"connectorId": connector, "errorCode": "NoError", "status": said, **more}
    observed.note("StatusNotification", payload, 10.0)


def measured(observed: Observed, current: str, connector: int = 1, at_s: float = 10.0) -> None:
    sampled = [{"value": current, "measurand": "Current.Import", "phase": "L1"}]
    observed.note("MeterValues", {"connectorId": connector, "meterValue": [{"sampledValue": sampled}]}, at_s)


@pytest.mark.parametrize(
    ("said", "has_car", "wants"),
    [
        ("Available", False, False), ("Preparing", True, False), ("Charging", True, True), ("SuspendedEV", True, False),
        ("SuspendedEVSE", True, True), ("Finishing", True, False),
        ("Faulted", False, False), ("Unavailable", False, False),
        ("Reserved", False, False),
    ],
)  # fmt: skip
def test_a_car_and_whether_it_wants(said: str, has_car: bool, wants: bool) -> None:  # noqa: FBT001 - parameters
    observed = Observed()
    assert (observed.has_car(), observed.wants(), observed.status()) == (None, None, None)
    status(observed, said)
    status(observed, "Available", 0)
    assert (observed.has_car(), observed.wants()) == (has_car, wants)
    assert observed.status() is ConnectorStatus(said)


def test_a_state_that_there_is_not_is_none() -> None:
    observed = Observed()
    status(observed, "Dreaming")
    assert observed.status() is None


def test_what_is_switched_off_draws_nothing_and_that_is_inferred() -> None:
    observed = Observed()
    status(observed, "Charging")
    measured(observed, "16")
    assert observed.drawn(12.0).current_a == Phases(16.0, None, None)
    status(observed, "Available")
    found = observed.drawn(12.0)
    assert (found.current_a, found.drawn_s, found.is_inferred) == (Phases(0.0, 0.0, 0.0), 12.0, True)


def test_that_the_charger_as_a_whole_is_available_says_nothing_of_cars() -> None:
    """It says so while one charges, and before it says anything of its connectors."""
    observed = Observed()
    observed.note("StatusNotification", {"connectorId": 0, "errorCode": "NoError", "status": "Available"}, 1.0)
    assert (observed.has_car(), observed.wants(), observed.drawn(1.0).drawn_s) == (None, None, None)
    observed.note("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Charging"}, 1.0)
    assert (observed.has_car(), observed.wants()) == (True, True)
    whole = Observed()
    whole.note("StatusNotification", {"connectorId": 0, "errorCode": "NoError", "status": "Unavailable"}, 1.0)
    assert whole.has_car() is False


def test_connectors_are_added_up_and_the_whole_is_not_counted_twice() -> None:
    observed = Observed()
    status(observed, "Charging")
    measured(observed, "16", 1, 10.0)
    measured(observed, "6", 2, 8.0)
    measured(observed, "22", 0, 11.0)
    found = observed.drawn(12.0)
    assert (found.current_a.l1, found.drawn_s) == (22.0, 8.0)


def test_nothing_is_known_of_a_charger_that_says_nothing() -> None:
    found = Observed().drawn(5.0)
    assert (found.current_a, found.drawn_s) == (Phases(None, None, None), None)


def test_its_clock_is_what_came_with_the_least_delay() -> None:
    observed = Observed()
    assert observed.clock(10.0, NOW) == NOW
    theirs = NOW - timedelta(days=300)
    status(
        observed, "Charging", timestamp=written(theirs - timedelta(seconds=90))
    )  # an old one, kept while it was offline
    status(observed, "Charging", timestamp=written(theirs))
    assert abs(observed.clock(15.0, NOW) - (theirs + timedelta(seconds=5))) < timedelta(milliseconds=2)


def test_a_restart_forgets_clock_and_currents() -> None:
    observed = Observed()
    status(observed, "Charging", timestamp=written(NOW))
    measured(observed, "16")
    observed.note("BootNotification", {"chargePointModel": "M"}, 20.0)
    assert observed.clock(20.0, datetime(2020, 1, 1, tzinfo=UTC)).year == 2020
    assert observed.drawn(20.0).drawn_s is None
    assert observed.boot is not None


def test_a_transaction_is_over_where_it_is_said_to_be_and_not_because_of_what_was_before() -> None:
    observed = Observed()
    status(observed, "Available")
    assert observed.is_over(1)
    observed.note("StartTransaction", {"connectorId": 1}, 11.0)
    assert not observed.is_over(1)
    observed.note("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"}, 12.0)
    assert observed.is_over(1)
    assert not observed.is_over(2)
