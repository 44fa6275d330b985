"""What limits the current: profiles, the installation, and the offline current and phase where the backend is lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard_hil.halo.bench import QUICK, Central, halo, profile

from ampguard_hil.halo.car import Behaviour
from ampguard_hil.halo.halo import OLD_FIRMWARE
from ampguard_hil.halo.transaction import stamp


def charging(*, offline_a: int | None = None, phase: str = "123", **fields: float) -> Central:
    """One that has charged for a while without limit."""
    central = Central(halo(**fields))  # type: ignore[arg-type]  # fields by name
    central.boot()
    if offline_a is not None:
        assert central.call("ChangeConfiguration", key="InstallationOfflineCurrent", value=f"1.{offline_a}") == {
            "status": "Accepted"
        }
    assert (
        central.call("ChangeConfiguration", key="InstallationOfflinePhase", value=f"1.{phase}")["status"] == "Accepted"
    )
    central.charge()
    assert central.halo.connector.currents_a[0] == pytest.approx(central.halo.variant.rated_a)
    return central


def set_profile(central: Central, told: dict[str, object], connector: int = 1) -> str:
    return str(central.call("SetChargingProfile", connectorId=connector, csChargingProfiles=told)["status"])


def test_a_limit_reaches_the_pilot_at_once_and_the_car_follows() -> None:
    central = charging()
    assert set_profile(central, profile(8.0)) == "Accepted"
    central.live(0.2)
    assert central.halo.connector.offered_a == 8.0
    central.live(2.0)
    assert central.halo.connector.currents_a == pytest.approx((8.0,) * 3)
    assert central.said("MeterValues") == []


@pytest.mark.parametrize("limit_a", [0.0, 0.1, 5.9])
def test_less_than_six_amperes_is_a_pause(limit_a: float) -> None:
    central = charging()
    set_profile(central, profile(limit_a))
    central.live(4.0)
    assert central.halo.connector.offered_a == 0.0
    assert central.halo.connector.currents_a == (0.0, 0.0, 0.0)
    assert central.statuses()[-1] == "SuspendedEVSE"


def test_a_profile_of_one_phase_moves_the_car_to_one_phase() -> None:
    central = charging()
    told = profile(10.0)
    told["chargingSchedule"]["chargingSchedulePeriod"][0]["numberPhases"] = 1  # type: ignore[index]  # as it is on the wire
    set_profile(central, told)
    central.live(30.0)
    assert central.halo.connector.currents_a == pytest.approx((10.0, 0.0, 0.0))


def test_watts_are_all_phases_together() -> None:
    central = charging()
    set_profile(central, profile(6900.0, chargingRateUnit="W"))
    central.live(3.0)
    assert central.halo.connector.currents_a == pytest.approx((10.0,) * 3)


def test_a_lease_that_runs_out_leaves_the_safe_current() -> None:
    central = charging()
    set_profile(central, profile(6.0, number=1))
    set_profile(central, profile(14.0, number=2, level=5, startSchedule=stamp(central.halo.utc), duration=60))
    central.live(59.0)
    assert central.halo.connector.offered_a == 14.0
    central.live(1.5)
    assert central.halo.connector.offered_a == 6.0


def test_a_lease_runs_out_without_a_connection_too() -> None:
    central = charging(offline_a=16)
    set_profile(central, profile(6.0, number=1))
    set_profile(central, profile(14.0, number=2, level=5, startSchedule=stamp(central.halo.utc), duration=60))
    central.halo.disconnected()
    central.live(61.0)
    assert central.halo.connector.offered_a == 6.0


def test_a_tx_profile_goes_with_its_transaction() -> None:
    central = charging()
    own = profile(7.0, purpose="TxProfile") | {"transactionId": 101}
    assert set_profile(central, own) == "Accepted"
    central.call("RemoteStopTransaction", transactionId=101)
    assert central.halo.installed.profiles == ()
    assert set_profile(central, own) == "Rejected", "no transaction"


def test_old_firmware_takes_tx_profiles_only() -> None:
    central = Central(halo(refused=OLD_FIRMWARE))
    central.boot()
    central.charge()
    assert set_profile(central, profile(8.0, purpose="ChargePointMaxProfile"), 0) == "NotSupported"
    assert set_profile(central, profile(8.0)) == "Rejected"
    assert set_profile(central, profile(8.0, purpose="TxProfile") | {"transactionId": 101}) == "Accepted"
    central.live(3.0)
    assert central.halo.connector.currents_a == pytest.approx((8.0,) * 3)


@pytest.mark.parametrize(
    ("connector", "change"),
    [
        (0, {"chargingProfilePurpose": "TxProfile"}),
        (1, {"chargingProfilePurpose": "TxProfile", "transactionId": 7}),
        (1, {"chargingProfilePurpose": "ChargePointMaxProfile"}),
        (2, {}),
        (1, {"stackLevel": 11}),
        (1, {"stackLevel": -1}),
        (1, {"chargingProfileKind": "Recurring"}),
        (1, {"recurrencyKind": "Daily"}),
        (1, {"chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": []}}),
        (
            1,
            {"chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 5, "limit": 6}]}},
        ),
        (
            1,
            {
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": -1}],
                }
            },
        ),
        (
            1,
            {
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": s, "limit": 6} for s in (0, 9, 9)],
                }
            },
        ),
        (
            1,
            {
                "chargingSchedule": {
                    "chargingRateUnit": "A",
                    "chargingSchedulePeriod": [{"startPeriod": s, "limit": 6} for s in range(25)],
                }
            },
        ),
    ],
)
def test_a_profile_that_cannot_be_is_rejected(connector: int, change: dict[str, object]) -> None:
    central = charging()
    assert set_profile(central, profile(8.0) | change, connector) == "Rejected"
    assert central.halo.installed.profiles == ()


def test_a_profile_replaces_the_one_with_its_number_or_its_place() -> None:
    central = charging()
    for number, level, limit_a in ((1, 0, 8.0), (1, 3, 9.0), (2, 3, 10.0)):
        assert set_profile(central, profile(limit_a, number=number, level=level)) == "Accepted"
    assert [(each.number, each.stack_level) for each in central.halo.installed.profiles] == [(2, 3)]


def test_there_is_room_for_ten() -> None:
    central = charging()
    took = [set_profile(central, profile(8.0, number=n, level=n)) for n in range(10)]
    assert set(took) == {"Accepted"}
    assert set_profile(central, profile(8.0, number=99, purpose="ChargePointMaxProfile"), 0) == "Rejected"
    assert set_profile(central, profile(7.0, number=3, level=3)) == "Accepted", "in the place of an old one"


def test_clearing_takes_what_fits_all_that_is_said() -> None:
    central = charging()
    for number in range(3):
        set_profile(central, profile(8.0, number=number, level=number))
    assert central.call("ClearChargingProfile", stackLevel=1, connectorId=0) == {"status": "Unknown"}
    assert central.call("ClearChargingProfile", stackLevel=1, connectorId=1) == {"status": "Accepted"}
    assert central.call("ClearChargingProfile", id=0) == {"status": "Accepted"}
    assert central.call("ClearChargingProfile", chargingProfilePurpose="TxDefaultProfile") == {"status": "Accepted"}
    assert central.call("ClearChargingProfile") == {"status": "Unknown"}


def test_the_composite_schedule_on_the_wire() -> None:
    central = charging()
    set_profile(central, profile(9.5, startSchedule=stamp(central.halo.utc.replace(microsecond=0)), duration=30))
    answer = central.call("GetCompositeSchedule", connectorId=1, duration=60)
    assert answer["chargingSchedule"]["chargingSchedulePeriod"] == [  # type: ignore[index]  # as it is on the wire
        {"startPeriod": 0, "limit": 9.5, "numberPhases": 3},
        {"startPeriod": 30, "limit": 16.0, "numberPhases": 3},
    ]
    watts = central.call("GetCompositeSchedule", connectorId=0, duration=10, chargingRateUnit="W")
    assert watts["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 6555.0  # type: ignore[index]  # as it is on the wire
    assert central.call("GetCompositeSchedule", connectorId=2, duration=60) == {"status": "Rejected"}


# ------------------------------------------------------------------ offline


def test_the_offline_current_holds_after_its_time_and_no_earlier() -> None:
    central = charging(offline_a=8, offline_after_s=60.0)
    central.halo.disconnected()
    central.live(59.8)
    assert central.halo.connector.offered_a == 16.0
    central.live(0.4)
    assert central.halo.connector.offered_a == 8.0
    central.live(3.0)
    assert central.halo.connector.currents_a == pytest.approx((8.0,) * 3)


@pytest.mark.parametrize(("phase", "drawn"), [("1", (8.0, 0.0, 0.0)), ("2", (0.0, 8.0, 0.0)), ("3", (0.0, 0.0, 8.0))])
def test_the_offline_phase_is_the_only_one_then(phase: str, drawn: tuple[float, ...]) -> None:
    central = charging(offline_a=8, phase=phase, offline_after_s=10.0)
    central.halo.disconnected()
    central.live(60.0)
    assert central.halo.connector.currents_a == pytest.approx(drawn)


def test_an_offline_current_below_six_amperes_pauses() -> None:
    central = charging(offline_a=0, offline_after_s=10.0)
    central.halo.disconnected()
    central.live(15.0)
    assert central.halo.connector.currents_a == (0.0, 0.0, 0.0)


def test_a_lower_profile_still_holds_offline() -> None:
    central = charging(offline_a=10, offline_after_s=10.0)
    set_profile(central, profile(7.0))
    central.halo.disconnected()
    central.live(20.0)
    assert central.halo.connector.offered_a == 7.0


def test_a_connection_that_comes_back_ends_it() -> None:
    central = charging(offline_a=8, offline_after_s=10.0)
    central.halo.disconnected()
    central.live(20.0)
    central.halo.connected()
    central.live(0.5)
    assert central.halo.connector.offered_a == 16.0


def test_one_that_never_reached_its_backend_is_offline_too() -> None:
    central = Central(halo(offline_after_s=30.0))
    central.halo.configuration.set("InstallationOfflineCurrent", "1.6")
    central.charge()
    assert central.halo.connector.offered_a == 16.0
    central.live(30.0)
    assert central.halo.connector.offered_a == 6.0


def test_one_without_a_backend_is_never_offline() -> None:
    central = Central(halo(backend=""))
    central.halo.configuration.set("InstallationOfflineCurrent", "1.6")
    central.charge()
    central.live(300.0)
    assert not central.halo.is_offline
    assert central.halo.connector.offered_a == 16.0


def test_the_installation_limits_whoever_asks_for_more() -> None:
    central = charging()
    central.halo.site.most_a = 10.0
    central.live(3.0)
    assert central.halo.connector.currents_a == pytest.approx((10.0,) * 3)
    set_profile(central, profile(13.0))
    central.live(3.0)
    assert central.halo.connector.offered_a == 10.0


def test_one_of_a_single_phase_carries_32_amperes() -> None:
    central = charging(phases=1, rated_a=32.0)
    assert central.halo.connector.currents_a == pytest.approx((32.0, 0.0, 0.0))


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(("limit", "default", "tx", "clear", "lose", "find", "unplug", "plug", "wait")),
        st.integers(0, 20),
        st.integers(1, 40),
    ),
    max_size=8,
)


@settings(max_examples=40)
@given(EVENTS, st.integers(0, 1000))
def test_whatever_happens_no_offer_between_nothing_and_six_amperes_or_above_what_holds(
    events: list[tuple[str, int, int]], seed: int
) -> None:
    central = Central(halo(offline_after_s=20.0))
    central.boot()
    central.call("ChangeConfiguration", key="InstallationOfflineCurrent", value="1.7")
    central.charge(Behaviour.drawn(seed))
    for what, amperes, seconds in events:
        _happen(central, what, float(amperes))
        for _ in range(seconds):
            central.live(1.0)
            offered_a = central.halo.connector.offered_a
            assert offered_a == 0.0 or 6.0 <= offered_a <= central.halo.allowed()[0].current_a
            assert not central.halo.is_offline or offered_a <= 7.0


def _happen(central: Central, what: str, amperes: float) -> None:
    match what:
        case "limit":
            set_profile(central, profile(amperes, purpose="ChargePointMaxProfile", number=1), 0)
        case "default":
            set_profile(
                central, profile(amperes, number=2, level=2, startSchedule=stamp(central.halo.utc), duration=15)
            )
        case "tx":
            set_profile(central, profile(amperes, purpose="TxProfile", number=3))
        case "clear":
            central.call("ClearChargingProfile")
        case "lose":
            central.halo.disconnected()
        case "find" if not central.halo.online:
            central.halo.connected()
        case "unplug":
            central.halo.unplug()
        case "plug" if central.halo.connector.car is None:
            central.charge(QUICK)
        case _:
            pass
