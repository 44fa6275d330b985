"""Power-on, the access point, the backend that must be stored, lights, faults, restarts."""

from __future__ import annotations

import pytest
from tests.ampguard_hil.halo.bench import QUICK, URL, Central, halo, profile

from ampguard_hil.halo.car import Car
from ampguard_hil.halo.lights import RING, Light, Lit, Status
from ampguard_hil.halo.pilot import PilotState
from ampguard_hil.halo.transaction import Facts, status_of
from ampguard_hil.halo.variant import Protocol, Variant


def test_after_the_self_test_it_is_steady_white() -> None:
    charger = halo(backend="")
    charger.advance(3.9)
    assert charger.lights == Lit(Light.WHITE_RUNNING, Light.DARK)
    assert charger.connector.pilot == "F"
    charger.advance(4.1)
    assert charger.lights.ring is Light.WHITE
    assert charger.status is Status.AVAILABLE
    assert charger.connector.pilot == "A"


def test_its_access_point_is_up_for_ten_minutes() -> None:
    charger = halo(ethernet=False)
    charger.advance(599.0)
    assert charger.access_point == "HALO_000001M"
    assert charger.is_reachable
    charger.advance(601.0)
    assert charger.access_point is None
    assert not charger.is_reachable
    charger.restart()
    charger.advance(602.0)
    assert charger.access_point == "HALO_000001M", "power was switched, as it were"
    charger.site.network = "home"
    charger.advance(1300.0)
    assert charger.is_reachable, "through the Wi-Fi that it joined"


def test_a_cable_closes_the_access_point() -> None:
    charger = halo(ethernet=True)
    charger.advance(10.0)
    assert charger.access_point is None
    assert charger.is_reachable


def test_one_that_speaks_capi_has_no_socket_for_a_cable() -> None:
    variant = Variant(serial="1234567M", protocol=Protocol.CAPI)
    assert not variant.has_ethernet
    assert variant.access_point == "HALO_234567M"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"serial": "2611000001G"}, "wanted a serial of 6 to 12 digits and an M"),
        ({"serial": "2611000001M", "phases": 3, "rated_a": 32.0}, "met 3 x 32 A"),
        ({"serial": "2611000001M", "phases": 2}, "met 2 x 16 A"),
    ],
)
def test_a_halo_that_is_not_made_is_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Variant(**fields)  # type: ignore[arg-type]  # fields by name


def test_a_backend_is_lost_by_a_restart_within_ten_seconds() -> None:
    charger = halo(backend="")
    charger.advance(5.0)
    charger.save_backend("ws://other.example")
    charger.advance(14.0)
    charger.restart()
    charger.advance(30.0)
    assert charger.backend.url == ""
    assert charger.backend.saved_url is None


def test_a_backend_is_used_after_a_restart_once_it_was_stored() -> None:
    charger = halo(backend=URL)
    charger.advance(5.0)
    charger.save_backend("ws://other.example")
    charger.advance(15.2)
    assert charger.backend.url == URL, "not yet"
    charger.restart()
    charger.advance(16.0)
    assert charger.backend.url == "ws://other.example"


# ------------------------------------------------------------------ status: a table


PLUGGED = {"pilot": PilotState.B, "offered_a": 0.0, "closed": False}
CHARGING = {"pilot": PilotState.C, "offered_a": 10.0, "closed": True, "running": True}


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"pilot": PilotState.A, "offered_a": 0.0, "closed": False}, Status.AVAILABLE),
        ({"pilot": PilotState.A, "offered_a": 0.0, "closed": False, "allowed": True}, Status.PREPARING),
        (PLUGGED, Status.PREPARING),
        (PLUGGED | {"running": True}, Status.SUSPENDED_EVSE),
        (PLUGGED | {"running": True, "offered_a": 6.0}, Status.SUSPENDED_EV),
        (PLUGGED | {"ended": True}, Status.FINISHING),
        (PLUGGED | {"ended": True, "running": True, "offered_a": 6.0}, Status.SUSPENDED_EV),
        (CHARGING, Status.CHARGING),
        (CHARGING | {"offered_a": 0.0}, Status.SUSPENDED_EVSE),
        (CHARGING | {"pilot": PilotState.D, "closed": False}, Status.SUSPENDED_EV),
        (CHARGING | {"operative": False}, Status.UNAVAILABLE),
        (CHARGING | {"operative": False, "faulted": True}, Status.FAULTED),
        ({"pilot": PilotState.F, "offered_a": 0.0, "closed": False, "faulted": True}, Status.FAULTED),
    ],
)
def test_the_status_of_the_connector(facts: dict[str, object], status: Status) -> None:
    assert status_of(Facts(**facts)) is status  # type: ignore[arg-type]  # fields by name


def test_every_status_has_a_light() -> None:
    assert set(RING) == set(Status)


def test_from_a_plug_to_a_pulled_one() -> None:
    central = Central(halo())
    central.boot()
    central.charge()
    assert central.halo.lights.ring is Light.GREEN_PULSING
    central.call("ChangeConfiguration", key="MeterValueSampleInterval", value="0")
    central.call("SetChargingProfile", connectorId=0, csChargingProfiles=_most(0.0))
    central.live(10.0)
    central.call("SetChargingProfile", connectorId=0, csChargingProfiles=_most(6.0))
    central.live(20.0)
    central.halo.unplug()
    central.live(1.0)
    assert central.statuses() == [
        "Available", "Preparing", "SuspendedEVSE", "SuspendedEV", "Charging", "SuspendedEVSE", "SuspendedEV",
        "Charging", "Available",
    ]  # fmt: skip


def _most(limit_a: float) -> dict[str, object]:
    return profile(limit_a, purpose="ChargePointMaxProfile")


def test_a_fault_cuts_at_once_and_is_told() -> None:
    central = Central(halo())
    central.boot()
    central.charge()
    central.halo.break_down("GroundFailure")
    assert central.halo.connector.currents_a == (0.0, 0.0, 0.0)
    central.live(1.0)
    assert central.halo.connector.pilot is PilotState.F
    assert central.said("StatusNotification")[-1]["errorCode"] == "GroundFailure"
    assert central.said("StopTransaction")[-1]["reason"] == "Other"
    assert central.halo.lights.ring is Light.RED
    central.halo.break_down(None)
    central.live(5.0)
    assert central.statuses()[-1] == "Finishing"


def test_nothing_flows_from_a_dark_charger_and_its_transaction_is_told_afterwards() -> None:
    central = Central(halo())
    central.boot()
    central.charge()
    central.halo.cut_power()
    central.halo.advance(central.halo.now_s + 30.0)
    assert central.halo.connector.currents_a == (0.0, 0.0, 0.0)
    assert central.halo.status is None
    assert central.halo.connector.pilot is PilotState.E
    central.halo.connect_power()
    central.heard.clear()
    central.boot()
    assert central.heard[0][0] == "BootNotification"
    assert central.said("StopTransaction") == [
        {**central.said("StopTransaction")[0], "reason": "PowerLoss", "transactionId": 101}
    ]
    central.live(20.0)
    assert central.statuses()[-1] == "Charging", "free charging begins anew"


def test_what_is_stored_outlasts_a_restart() -> None:
    central = Central(halo())
    central.boot()
    central.call("ChangeConfiguration", key="InstallationOfflineCurrent", value="1.8")
    central.call("SetChargingProfile", connectorId=0, csChargingProfiles=_most(9.0))
    central.halo.connector.car = Car(QUICK)
    central.call("Reset", type="Hard")
    central.live(2.0)
    assert central.halo.boots == 2
    assert central.halo.configuration.offline_a == 8.0
    assert len(central.halo.installed.profiles) == 1
    assert central.halo.connector.energy_wh >= 0.0
