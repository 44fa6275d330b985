"""What a Halo says and does for a central system, in virtual time; each message fits OCPP's own schema."""

from __future__ import annotations

from typing import cast

import pytest
from tests.ampguard_hil.halo.bench import QUICK, Central, halo, profile

from ampguard_hil.halo.car import Car
from ampguard_hil.halo.commands import CommandRefusedError
from ampguard_hil.halo.lights import Status
from ampguard_hil.halo.outbox import Json
from ampguard_hil.halo.transaction import stamp


@pytest.fixture
def central() -> Central:
    """Connected, and no car there."""
    made = Central(halo())
    made.boot()
    return made


def read(values: Json, measurand: str, phase: str | None = None) -> float:
    sampled = cast("list[Json]", cast("list[Json]", values["meterValue"])[0]["sampledValue"])
    found = [each for each in sampled if each["measurand"] == measurand and each.get("phase") == phase]
    assert len(found) == 1
    return float(str(found[0]["value"]))


# ------------------------------------------------------------------ introduction and heartbeats


def test_it_introduces_itself_first_and_then_says_how_it_is(central: Central) -> None:
    assert [action for action, _ in central.heard] == ["BootNotification", "StatusNotification", "StatusNotification"]
    about = central.heard[0][1]
    assert about["chargePointSerialNumber"] == "2611000001M"
    assert about["chargePointModel"] == "HALO"
    assert [each["connectorId"] for each in central.said("StatusNotification")] == [0, 1]


@pytest.mark.parametrize("registration", ["Pending", "Rejected"])
def test_before_it_is_accepted_it_says_nothing_else_and_asks_again(registration: str) -> None:
    central = Central(halo())
    central.registration, central.interval_s = registration, 20
    central.boot()
    central.halo.connector.car = Car(QUICK)
    central.live(15.0)
    assert [action for action, _ in central.heard] == ["BootNotification"]
    assert not central.halo.online
    central.registration = "Accepted"
    central.live(10.0)
    actions = [action for action, _ in central.heard]
    assert actions.count("BootNotification") == 2
    assert "StartTransaction" in actions, "what happened meanwhile is told"


def test_heartbeats_come_as_often_as_it_was_told(central: Central) -> None:
    central.live(599.0)
    assert len(central.said("Heartbeat")) == 1
    central.live(2.0)
    assert len(central.said("Heartbeat")) == 2
    central.call("ChangeConfiguration", key="HeartbeatInterval", value="10")
    central.live(35.0)
    assert len(central.said("Heartbeat")) == 5
    central.call("ChangeConfiguration", key="HeartbeatInterval", value="0")
    central.live(600.0)
    assert len(central.said("Heartbeat")) == 5


def test_its_clock_is_that_of_the_backend() -> None:
    charger = halo()
    charger.advance(5.0)
    charger.connected()
    message = charger.outbox.next()
    assert message is not None
    charger.outbox.done({"status": "Accepted", "currentTime": "2030-01-01T00:00:00Z", "interval": 60})
    assert stamp(charger.utc) == "2030-01-01T00:00:00.000Z"
    charger.advance(65.0)
    assert stamp(charger.utc) == "2030-01-01T00:01:00.000Z"


# ------------------------------------------------------------------ transactions


def test_a_whole_transaction_with_its_readings(central: Central) -> None:
    central.call("ChangeConfiguration", key="MeterValueSampleInterval", value="10")
    central.charge()
    central.live(110.0)
    central.halo.unplug()
    central.live(1.0)
    (start,), (stop,) = central.said("StartTransaction"), central.said("StopTransaction")
    values = central.said("MeterValues")
    assert start["idTag"] == "00000000000000"
    assert len(values) == 12
    assert {each["transactionId"] for each in values} == {stop["transactionId"]} == {101}
    assert stop["reason"] == "EVDisconnected"
    assert "idTag" not in stop, "nobody held one before it"
    last = values[-1]
    for phase in ("L1", "L2", "L3"):
        assert read(last, "Current.Import", phase) == pytest.approx(16.0)
        assert read(last, "Voltage", f"{phase}-N") == pytest.approx(230.0)
        assert read(last, "Power.Active.Import", phase) == pytest.approx(16.0 * 230.0 * 0.99, abs=1.0)
    assert read(last, "Current.Offered") == 16.0
    used_wh = cast("int", stop["meterStop"]) - cast("int", start["meterStart"])
    assert used_wh == pytest.approx(3 * 16.0 * 230.0 * 0.99 * 120.0 / 3600.0, rel=0.06)
    assert read(last, "Energy.Active.Import.Register") == pytest.approx(used_wh, abs=20.0)


def test_one_of_a_single_phase_tells_one_phase() -> None:
    central = Central(halo(phases=1, rated_a=32.0))
    central.boot()
    central.charge()
    central.call("TriggerMessage", requestedMessage="MeterValues")
    sampled = cast("list[Json]", cast("list[Json]", central.said("MeterValues")[0]["meterValue"])[0]["sampledValue"])
    assert {each.get("phase") for each in sampled} <= {None, "L1", "L1-N"}
    assert {each["context"] for each in sampled} == {"Trigger"}


def test_an_unknown_tag_is_stopped_where_it_may_not_charge() -> None:
    central = Central(halo())
    central.tags["00000000000000"] = "Blocked"
    central.boot()
    central.charge()
    assert central.said("StopTransaction")[0]["reason"] == "DeAuthorized"
    assert central.halo.connector.currents_a == (0.0, 0.0, 0.0)
    assert central.halo.status is Status.FINISHING


def test_what_happens_without_a_connection_is_told_in_order_afterwards(central: Central) -> None:
    central.call("ChangeConfiguration", key="MeterValueSampleInterval", value="30")
    central.halo.disconnected()
    central.heard.clear()
    central.charge()
    central.live(60.0)
    central.halo.unplug()
    central.live(5.0)
    assert central.heard == []
    central.halo.connected()
    central.live(1.0)
    actions = [action for action, _ in central.heard]
    assert actions[0] == "BootNotification"
    told = [action for action in actions if action in {"StartTransaction", "MeterValues", "StopTransaction"}]
    assert told == ["StartTransaction", "MeterValues", "MeterValues", "StopTransaction"]
    assert central.said("StopTransaction")[0]["transactionId"] == 101, "the number that the start was given"
    assert central.said("MeterValues")[0]["transactionId"] == 101
    assert central.statuses()[-1] == "Available"


def test_a_message_without_an_answer_is_sent_again_after_the_connection(central: Central) -> None:
    central.silent = True
    central.charge()
    assert central.heard[-1][0] == "StatusNotification", "one at a time: nothing after the one without an answer"
    central.halo.disconnected()
    central.silent = False
    central.halo.connected()
    central.live(1.0)
    assert len(central.said("StartTransaction")) == 1
    assert central.statuses()[-1] == "Charging"


def test_a_start_without_an_answer_is_told_again_before_what_came_after_it(central: Central) -> None:
    charger = central.halo
    charger.connector.car = Car(QUICK)
    charger.advance(charger.now_s + 12.0)
    while (message := charger.outbox.next()) is not None and message.action != "StartTransaction":
        charger.outbox.done({})
    assert message is not None
    charger.disconnected()
    charger.unplug()
    charger.advance(charger.now_s + 5.0)
    central.heard.clear()
    charger.connected()
    central.live(1.0)
    told = [action for action, _ in central.heard if action.endswith("Transaction")]
    assert told == ["StartTransaction", "StopTransaction"]


def test_a_refused_start_is_tried_three_times_and_then_all_about_it_is_forgotten(central: Central) -> None:
    central.halo.connector.car = Car(QUICK)
    outbox, tries = central.halo.outbox, 0
    for _ in range(100):
        central.halo.advance(central.halo.now_s + 0.5)
        while (message := outbox.next()) is not None:
            tries += message.action == "StartTransaction"
            assert message.action != "StopTransaction"
            outbox.refused()
        if _ == 50:
            central.halo.unplug()
    assert tries == 3


# ------------------------------------------------------------------ orders


def test_a_remote_start_charges_with_the_profile_that_came_with_it(central: Central) -> None:
    central.call("ChangeConfiguration", key="RfidLock", value="true")
    central.halo.connector.car = Car(QUICK)
    central.live(3.0)
    own = profile(9.0, purpose="TxProfile")
    answer = central.call("RemoteStartTransaction", connectorId=1, idTag="AB12", chargingProfile=own)
    assert answer == {"status": "Accepted"}
    central.live(15.0)
    assert central.said("Authorize") == []
    assert central.said("StartTransaction")[0]["idTag"] == "AB12"
    assert central.halo.installed.profiles[0].transaction == 101
    assert central.halo.connector.currents_a == pytest.approx((9.0,) * 3)
    assert central.call("RemoteStartTransaction", idTag="AB12") == {"status": "Rejected"}, "one is running"


def test_a_remote_start_may_have_to_ask_first(central: Central) -> None:
    central.call("ChangeConfiguration", key="AuthorizeRemoteTxRequests", value="true")
    central.tags["AB12"] = "Blocked"
    assert central.call("RemoteStartTransaction", idTag="AB12") == {"status": "Accepted"}
    central.live(1.0)
    assert central.said("Authorize") == [{"idTag": "AB12"}]
    assert central.halo.status is Status.AVAILABLE


@pytest.mark.parametrize(
    "wrong",
    [{"connectorId": 2}, {"chargingProfile": profile(9.0)}, {"chargingProfile": profile(-1.0, purpose="TxProfile")}],
)
def test_a_remote_start_that_cannot_be_is_rejected(central: Central, wrong: dict[str, object]) -> None:
    assert central.call("RemoteStartTransaction", idTag="AB12", **wrong) == {"status": "Rejected"}


def test_a_remote_stop_ends_that_transaction_only(central: Central) -> None:
    central.charge()
    assert central.call("RemoteStopTransaction", transactionId=7) == {"status": "Rejected"}
    assert central.call("RemoteStopTransaction", transactionId=101) == {"status": "Accepted"}
    central.live(4.0)
    assert central.halo.status is Status.FINISHING
    assert central.halo.connector.currents_a == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("kind", ["Soft", "Hard"])
def test_a_reset_ends_the_transaction_answers_and_restarts(central: Central, kind: str) -> None:
    central.charge()
    assert central.call("Reset", type=kind) == {"status": "Accepted"}
    assert central.said("StopTransaction")[0]["reason"] == f"{kind}Reset"
    assert central.halo.boots == 1
    central.live(1.5)
    assert central.halo.boots == 2
    assert not central.halo.online
    assert not central.halo.connector.closed


def test_an_inoperative_connector_waits_for_the_transaction_to_end(central: Central) -> None:
    central.charge()
    assert central.call("ChangeAvailability", connectorId=1, type="Inoperative") == {"status": "Scheduled"}
    central.live(5.0)
    assert central.halo.status is Status.CHARGING
    central.call("RemoteStopTransaction", transactionId=101)
    central.live(5.0)
    assert central.statuses()[-1] == "Unavailable"
    assert central.call("ChangeAvailability", connectorId=0, type="Operative") == {"status": "Accepted"}
    central.live(1.0)
    assert central.statuses()[-1] == "Finishing"
    assert central.call("ChangeAvailability", connectorId=2, type="Operative") == {"status": "Rejected"}


def test_what_is_triggered_is_said(central: Central) -> None:
    central.heard.clear()
    for what in ("BootNotification", "Heartbeat", "StatusNotification", "MeterValues"):
        assert central.call("TriggerMessage", requestedMessage=what) == {"status": "Accepted"}
        assert central.heard[0][0] == what
        central.heard.clear()
    assert central.call("TriggerMessage", requestedMessage="FirmwareStatusNotification") == {"status": "NotImplemented"}
    assert central.call("TriggerMessage", requestedMessage="MeterValues", connectorId=2) == {"status": "Rejected"}


def test_a_fixed_cable_is_not_unlocked_and_no_vendor_is_known(central: Central) -> None:
    assert central.call("UnlockConnector", connectorId=1) == {"status": "NotSupported"}
    assert central.call("DataTransfer", vendorId="com.example") == {"status": "UnknownVendorId"}


def test_what_it_does_not_know_is_said_so(central: Central) -> None:
    with pytest.raises(CommandRefusedError, match="ReserveNow") as refused:
        central.call("ReserveNow", connectorId=1, expiryDate="2030-01-01T00:00:00Z", idTag="A", reservationId=1)
    assert refused.value.code == "NotSupported"


# ------------------------------------------------------------------ configuration


def test_all_keys_are_told_and_the_secret_one_without_its_value(central: Central) -> None:
    central.call("ChangeConfiguration", key="AuthorizationKey", value="0123456789abcdef0123456789abcdef")
    found = cast("list[Json]", central.call("GetConfiguration")["configurationKey"])
    known = {str(each["key"]): each for each in found}
    assert known["LoadBalanced"] == {"key": "LoadBalanced", "readonly": False, "value": "false"}
    assert known["InstallationOfflineCurrent"]["value"] == "1.16"
    assert known["MaxCurrent"] == {"key": "MaxCurrent", "readonly": True, "value": "0.16,1.16"}
    assert "value" not in known["AuthorizationKey"]


def test_three_keys_at_a_time(central: Central) -> None:
    answer = central.call("GetConfiguration", key=["LoadBalanced", "Nonesuch"])
    assert answer["unknownKey"] == ["Nonesuch"]
    assert len(cast("list[Json]", answer["configurationKey"])) == 1
    with pytest.raises(CommandRefusedError, match="wanted at most 3 keys, met 4"):
        central.call("GetConfiguration", key=["a", "b", "c", "d"])


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("LoadBalanced", "true", "Accepted"),
        ("LoadBalanced", "yes", "Rejected"),
        ("InstallationOfflineCurrent", "1.6", "Accepted"),
        ("InstallationOfflineCurrent", "1.17", "Rejected"),
        ("InstallationOfflineCurrent", "6", "Rejected"),
        ("InstallationOfflinePhase", "1.2", "Accepted"),
        ("InstallationOfflinePhase", "1.12", "Rejected"),
        ("MeterValueSampleInterval", "5", "Accepted"),
        ("MeterValueSampleInterval", "-5", "Rejected"),
        ("MeterValuesSampledData", "Current.Import,Power.Active.Import", "Accepted"),
        ("MeterValuesSampledData", "Current.Import,SoC", "NotSupported"),
        ("MaxCurrent", "1.32", "Rejected"),
        ("SecurityProfile", "3", "RebootRequired"),
        ("SecurityProfile", "2", "Rejected"),
        ("MeterValuesAlignedData", "Voltage", "Accepted"),
        ("MeterValuesAlignedData", "Voltage,Current.Import", "NotSupported"),
        ("AuthorizationKey", "short", "Rejected"),
        ("Nonesuch", "1", "NotSupported"),
    ],
)
def test_a_key_is_changed_or_not(central: Central, key: str, value: str, status: str) -> None:
    assert central.call("ChangeConfiguration", key=key, value=value) == {"status": status}


def test_it_is_never_secured_by_less_than_before(central: Central) -> None:
    central.call("ChangeConfiguration", key="AuthorizationKey", value="00" * 16)
    for level, status in (("1", "RebootRequired"), ("0", "Rejected"), ("2", "RebootRequired"), ("1", "Rejected")):
        assert central.call("ChangeConfiguration", key="SecurityProfile", value=level) == {"status": status}


def test_by_the_clock_it_tells_what_it_was_asked_for(central: Central) -> None:
    central.call("ChangeConfiguration", key="MeterValuesAlignedData", value="Energy.Active.Import.Register")
    central.call("ChangeConfiguration", key="ClockAlignedDataInterval", value="60")
    central.live(181.0)
    stamps = [cast("list[Json]", each["meterValue"])[0]["timestamp"] for each in central.said("MeterValues")]
    assert [str(each)[11:22] for each in stamps] == ["08:01:00.00", "08:02:00.00", "08:03:00.00"]
    assert "transactionId" not in central.said("MeterValues")[0]


def test_measurands_are_those_that_were_asked_for(central: Central) -> None:
    central.call("ChangeConfiguration", key="MeterValuesSampledData", value="Frequency,Temperature")
    central.call("TriggerMessage", requestedMessage="MeterValues")
    assert read(central.said("MeterValues")[0], "Frequency") == 50.0
    assert read(central.said("MeterValues")[0], "Temperature") > 0.0
    central.call("ChangeConfiguration", key="MeterValuesSampledData", value="")
    central.call("TriggerMessage", requestedMessage="MeterValues")
    assert len(central.said("MeterValues")) == 1, "nothing to say"
