"""A charger comes in, boots, charges and is limited: over real WebSockets, with the `ocpp` library as the charger."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ocpp.v16 import call
from tests.ampguard.balancing.ocpp.central import charger, configuration, run, unit
from tests.ampguard.balancing.ocpp.charger import KEYS, connected, until
from websockets.exceptions import InvalidStatus

from ampguard.balancing.ocpp.configuration import Unknown
from ampguard.balancing.ocpp.report import ConnectorStatus
from ampguard.balancing.ocpp.transactions import Transactions
from ampguard.balancing.ocpp.ways import Way
from ampguard.phases import Phases


def test_a_session_from_boot_to_end(tmp_path: Path) -> None:
    async def story() -> None:
        changed: list[str] = []
        async with unit(tmp_path, changed=changed.append) as central, connected(central.ports[0]) as one:
            assert not (before := central.reports()["CP1"]).wants
            assert before.is_online
            boot = await one.boot()
            assert (boot.status, boot.interval) == ("Accepted", 60)
            assert (await one.call(call.Heartbeat(), suppress=False)).current_time.endswith("Z")
            begun = await one.begin()
            assert begun.id_tag_info == {"status": "Accepted"}
            await one.measure(15.5, 15.4, 0.0)
            central.set_limit("CP1", 10.0, 30.0)
            await until(lambda: (known := central.reports()["CP1"]).limit_a == 10.0 and known.is_confirmed)
            found = central.reports()["CP1"]
            assert one.holds_a() == 10.0
            assert (found.status, found.has_car, found.wants) == (ConnectorStatus.CHARGING, True, True)
            assert found.current_a == Phases(15.5, 15.4, 0.0)
            assert found.drawn_s is not None
            assert time.monotonic() - found.drawn_s < 5.0
            assert (found.limit_a, found.safe_a, found.way, found.is_leased, found.told) == (
                10.0,
                6.0,
                Way.TX,
                True,
                (),
            )
            await one.end()
            await until(lambda: central.reports()["CP1"].limit_a is None)
            found = central.reports()["CP1"]
            assert (found.wants, found.current_a) == (False, Phases(0.0, 0.0, 0.0))
            assert "CP1" in changed
        gone = central.reports()["CP1"]
        assert not gone.is_online
        assert gone.heard_s is not None

    run(story)


def test_it_is_asked_what_it_can_no_more_than_it_answers_at_once_and_told_what_to_measure(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path) as central, connected(central.ports[0]) as one:
            await one.boot()
            await until(lambda: one.keys["MeterValueSampleInterval"] == "5")
            await until(lambda: sum(heard.action == "TriggerMessage" for heard in one.heard) == 2)
        assert max(len(heard.payload["key"]) for heard in one.heard if heard.action == "GetConfiguration") == 3
        assert "Current.Import" in one.keys["MeterValuesSampledData"]

    run(story)


def test_a_lease_runs_out_by_itself_when_the_unit_is_gone(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path) as central, connected(central.ports[0]) as one:
            await one.boot()
            await one.begin()
            central.set_limit("CP1", 16.0, 1.5)
            await until(lambda: one.holds_a() == 16.0)
            for _ in range(2):  # renewed in time it goes on
                await asyncio.sleep(0.5)
                central.set_limit("CP1", 16.0, 1.5)
            await until(lambda: sum(heard.action == "SetChargingProfile" for heard in one.heard) >= 3)
        assert one.holds_a() == 16.0
        await until(lambda: one.holds_a() == 6.0)
        assert not [heard for heard in one.heard if heard.action == "ClearChargingProfile"]

    run(story)


@pytest.mark.parametrize("limit_a", [3.0, -1.0, 5.99, float("nan"), float("inf"), 2000.0])
def test_what_is_no_limit_is_refused_at_once(tmp_path: Path, limit_a: float) -> None:
    async def story() -> None:
        async with unit(tmp_path) as central:
            with pytest.raises(ValueError, match="wanted 0 A or 6 A and more"):
                central.set_limit("CP1", limit_a, 30.0)
            for lease_s in (0.0, -1.0, float("nan"), 1e9):
                with pytest.raises(ValueError, match="wanted 0 A"):
                    central.set_limit("CP1", 10.0, lease_s)
            with pytest.raises(KeyError):
                central.set_limit("CP2", 10.0, 30.0)

    run(story)


def test_it_never_gets_more_than_it_may_carry(tmp_path: Path) -> None:
    async def story() -> None:
        wanted = configuration(charger(max_a=16.0))
        async with unit(tmp_path, wanted) as central, connected(central.ports[0]) as one:
            await one.boot()
            await one.begin()
            central.set_limit("CP1", 32.0, 30.0)
            await until(lambda: one.holds_a() == 16.0)

    run(story)


def test_a_charger_that_comes_back_is_limited_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path) as central:
            async with connected(central.ports[0]) as one:
                await one.boot()
                number = (await one.begin()).transaction_id
            central.set_limit("CP1", 0.0, 30.0)
            async with connected(central.ports[0]) as again:  # without a boot: only its network was away
                again.holder.begin(number, again.started)
                await until(lambda: again.holds_a() == 0.0)

    run(story)


def test_transactions_outlast_a_restart_of_the_unit(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path) as central, connected(central.ports[0]) as one:
            await one.boot()
            number = (await one.begin()).transaction_id
        async with unit(tmp_path) as central, connected(central.ports[0]) as one:
            one.holder.begin(number, one.started)
            central.set_limit("CP1", 8.0, 30.0)
            await until(lambda: one.holds_a() == 8.0)
            assert (await one.end()).id_tag_info == {"status": "Accepted"}
            assert (await one.begin()).transaction_id == number + 1

    run(story)


def test_a_unit_that_has_restarted_asks_what_a_running_charge_holds(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path) as central, connected(central.ports[0]) as one:
            assert central.reports()["CP1"].asked_s is None
            await one.boot()
            await one.begin()
            central.set_limit("CP1", 9.5, 30.0)
            await until(lambda: one.holds_a() == 9.5)
        async with unit(tmp_path) as central, connected(central.ports[0]) as again:
            again.holder = one.holder
            given = len(one.holder.given)
            await until(lambda: central.reports()["CP1"].asked_s)
            assert central.reports()["CP1"].limit_a == 9.5
            assert all(one["chargingProfilePurpose"] != "TxProfile" for one in again.holder.given[given:])
            await again.end()
            await until(lambda: central.reports()["CP1"].limit_a is None)
        assert central.reports()["CP1"].asked_s is not None

    run(story)


def test_a_refusal_is_told_in_plain_words(tmp_path: Path) -> None:
    async def story() -> None:
        refused = frozenset({"TxDefaultProfile", "ChargePointMaxProfile", "TxProfile"})
        async with unit(tmp_path) as central, connected(central.ports[0], refused=refused) as one:
            await one.boot()
            await one.begin()
            central.set_limit("CP1", 10.0, 30.0)
            await until(lambda: "cannot be limited" in " ".join(central.reports()["CP1"].told))
            assert central.reports()["CP1"].limit_a is None

    run(story)


def test_an_old_halo(tmp_path: Path) -> None:
    """It takes neither ChargePointMaxProfile nor TxDefaultProfile, and has the maker's own keys."""

    async def story() -> None:
        keys = {"GetConfigurationMaxKeys": "3", "InstallationOfflineCurrent": "1.16", "LoadBalanced": "false"}
        refused = frozenset({"TxDefaultProfile", "ChargePointMaxProfile"})
        async with unit(tmp_path) as central, connected(central.ports[0], refused=refused, keys=keys) as one:
            await one.boot()
            await until(lambda: one.keys["InstallationOfflineCurrent"] == "1.6")
            assert one.keys["LoadBalanced"] == "true"
            await one.begin()
            central.set_limit("CP1", 13.0, 30.0)
            await until(lambda: one.holds_a() == 13.0)
            last = one.holder.given[-1]
            assert [period["limit"] for period in last["chargingSchedule"]["chargingSchedulePeriod"]] == [13.0, 6.0]
            assert "duration" not in last["chargingSchedule"]

    run(story)


@pytest.mark.parametrize("answer", list(Unknown))
def test_who_is_not_set_up_is_told_so_and_gets_no_further(tmp_path: Path, answer: Unknown) -> None:
    async def story() -> None:
        wanted = configuration(unknown=answer)
        async with unit(tmp_path, wanted) as central, connected(central.ports[0], "STRANGER") as one:
            assert (await one.boot()).status == answer.value
            with pytest.raises(Exception, match="not accepted"):
                await one.begin()
            assert "STRANGER" in str(central.strangers()["STRANGER"])
            assert set(central.reports()) == {"CP1"}

    run(story)


def test_the_owners_list_says_who_may_charge(tmp_path: Path) -> None:
    async def story() -> None:
        wanted = configuration(tags=frozenset({"FRIEND"}), is_free=False)
        async with unit(tmp_path, wanted) as central, connected(central.ports[0]) as one:
            await one.boot()
            for tag, status in (("friend", "Accepted"), ("STRANGER", "Invalid")):
                assert (await one.call(call.Authorize(tag), suppress=False)).id_tag_info == {"status": status}

    run(story)


def test_the_rest_of_the_standard_is_answered(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path) as central, connected(central.ports[0]) as one:
            await one.boot()
            assert (await one.call(call.DataTransfer("vendor"), suppress=False)).status == "UnknownVendorId"
            await one.call(call.FirmwareStatusNotification("Idle"), suppress=False)
            await one.call(call.DiagnosticsStatusNotification("Idle"), suppress=False)
            assert (await one.call(call.SignCertificate("csr"), suppress=False)).status == "Rejected"

    run(story)


def test_a_second_charger_of_one_name_from_the_same_place_takes_over(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path) as central, connected(central.ports[0]) as one:
            await one.boot()
            async with connected(central.ports[0]) as other:
                await other.boot()
                await asyncio.wait_for(one.socket.wait_closed(), 5.0)
                assert central.reports()["CP1"].is_online

    run(story)


def test_a_second_charger_of_one_name_from_elsewhere_is_turned_away(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path) as central, connected(central.ports[0]) as one:
            await one.boot()
            async with connected(central.ports[0], local_addr=("127.0.0.2", 0)) as other:
                await other.socket.wait_closed()
                assert other.socket.close_reason == "another charger of this name is there"
            assert "127.0.0.2" in " ".join(central.reports()["CP1"].told)
            await one.call(call.Heartbeat(), suppress=False)

    run(story)


def test_without_the_sub_protocol_or_an_id_nobody_comes_in(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path) as central:
            for more in ({"subprotocols": ["ocpp2.0.1"]}, {"subprotocols": None}, {"name": ""}):
                with pytest.raises(InvalidStatus):
                    async with connected(central.ports[0], **more):
                        pass

    run(story)


def test_a_charger_that_takes_only_watts_gets_them_for_the_phases_that_it_uses(tmp_path: Path) -> None:
    async def story() -> None:
        keys = {**KEYS, "ChargingScheduleAllowedChargingRateUnit": "Power"}
        async with unit(tmp_path) as central, connected(central.ports[0], keys=keys) as one:
            await one.boot()
            await one.begin()
            await one.measure(15.0, 15.0, 0.2)
            central.set_limit("CP1", 10.0, 30.0)
            await until(lambda: (held := central.reports()["CP1"]).is_confirmed and held.limit_a == 10.0)
            schedule = one.holder.given[-1]["chargingSchedule"]
            assert schedule["chargingRateUnit"] == "W"
            assert schedule["chargingSchedulePeriod"][0]["limit"] == 10.0 * 2 * 230.0

    run(story)


def test_a_charger_that_does_not_tell_of_itself_is_asked_what_it_measures(tmp_path: Path) -> None:
    async def story() -> None:
        keys = {name: one for name, one in KEYS.items() if name != "MeterValueSampleInterval"}
        wanted = configuration(sample_s=1)
        async with unit(tmp_path, wanted) as central, connected(central.ports[0], keys=keys) as one:
            await one.boot()
            await one.begin()

            def asked() -> int:
                return sum(heard.payload == {"requested_message": "MeterValues"} for heard in one.heard)

            await until(lambda: asked() >= 3)

    run(story)


def test_a_unit_without_a_clock_leaves_the_chargers_alone(tmp_path: Path) -> None:
    """Its cloud may have set it, and what is billed has its time."""

    async def story() -> None:
        theirs = datetime(2024, 5, 5, 12, tzinfo=UTC)
        async with unit(tmp_path, utc=lambda: None) as central, connected(central.ports[0]) as one:
            await one.boot()
            said = call.StatusNotification(1, "NoError", "Available", theirs.isoformat())
            await one.call(said, suppress=False)
            beat = await one.call(call.Heartbeat(), suppress=False)
            assert timedelta() <= datetime.fromisoformat(beat.current_time) - theirs < timedelta(seconds=5)
            one.holder.begin(
                (await one.call(call.StartTransaction(1, "T", 0, theirs.isoformat()))).transaction_id, theirs
            )
            central.set_limit("CP1", 10.0, 30.0)
            await until(lambda: len(one.holder.given) > 1)
            assert one.holder.given[-1]["validTo"].startswith("2024-05-05T12:00:")

    run(story)


def test_a_charger_hears_of_its_transaction_before_it_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the medium takes to keep it, and however often the balancer speaks meanwhile."""

    async def slowly(_: Transactions) -> None:
        await asyncio.sleep(0.2)

    monkeypatch.setattr(Transactions, "save", slowly)

    async def story() -> None:
        async with unit(tmp_path) as central, connected(central.ports[0]) as one:
            await one.boot()
            await until(lambda: one.holder.given)
            beginning = asyncio.create_task(one.begin())
            while not beginning.done():
                central.set_limit("CP1", 10.0, 30.0)
                await asyncio.sleep(0.02)
            await until(lambda: one.holds_a() == 10.0)
            told = next(place for place, text in enumerate(one.frames) if '"transactionId"' in text and text[1] == "3")
            limited = next(place for place, text in enumerate(one.frames) if "TxProfile" in text)
            assert told < limited

    run(story)
