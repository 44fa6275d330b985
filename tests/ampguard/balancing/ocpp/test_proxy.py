"""Between a charger and its cloud: billing stays with the cloud, the lower limit holds, and nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from ocpp.v16 import call
from tests.ampguard.balancing.ocpp.central import HOST, OwnCloud, behind, charger, configuration, run, unit
from tests.ampguard.balancing.ocpp.charger import Charger, connected, until
from tests.ampguard.balancing.ocpp.test_cloudprofiles import made
from websockets.asyncio.server import ServerConnection, serve

from ampguard.balancing.ocpp import upstream
from ampguard.balancing.ocpp.central import CentralSystem
from ampguard.balancing.ocpp.configuration import Cloud
from ampguard.balancing.ocpp.limiter import MEASURED
from ampguard.balancing.ocpp.report import CloudState
from ampguard.balancing.ocpp.transactions import FIRST


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloud is looked for again at once."""
    monkeypatch.setattr(upstream, "AGAIN_S", 0.05)
    monkeypatch.setattr("websockets.asyncio.client.backoff", lambda: iter([0.05] * 1000))
    monkeypatch.setattr("ampguard.balancing.ocpp.chargepoint.GREETING_S", 0.05)
    monkeypatch.setattr("ampguard.balancing.ocpp.limiter.CLOUD_TICK_S", 0.1)


def state(central: CentralSystem) -> CloudState | None:
    return central.reports()["CP1"].cloud


@contextlib.asynccontextmanager
async def joined(folder: Path, cloud: OwnCloud) -> AsyncGenerator[tuple[CentralSystem, Charger]]:
    """All three, through to each other."""
    async with unit(folder, behind(cloud)) as central, connected(central.ports[0]) as one:
        await one.boot()
        await until(lambda: state(central) is CloudState.THROUGH and cloud.of("BootNotification"))
        yield central, one


def test_transactions_tags_and_values_are_the_clouds(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there(), joined(tmp_path, cloud) as (central, one):
            cloud.tag_status = "Blocked"
            assert (await one.call(call.Authorize("TAG1"), suppress=False)).id_tag_info == {"status": "Blocked"}
            cloud.tag_status = "Accepted"
            begun = await one.begin()
            assert begun.transaction_id == 501
            await one.measure(15.0, 15.0, 15.0)
            assert cloud.of("MeterValues")[0]["transaction_id"] == 501
            assert central.reports()["CP1"].current_a.l1 == 15.0
            answer = await one.call(call.DataTransfer("vendor"), suppress=False)
            assert (answer.status, answer.data) == ("Accepted", "from the cloud")
            await one.end()
            assert cloud.of("StopTransaction")[0]["transaction_id"] == 501
            await until(lambda: [one["status"] for one in cloud.of("StatusNotification")][-1] == "Available")

    run(story)


def test_what_the_cloud_asks_for_reaches_the_charger(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there(), joined(tmp_path, cloud) as (_, one):
            found = await cloud.point.call(call.GetConfiguration(["NumberOfConnectors"]), suppress=False)
            assert found.configuration_key[0]["value"] == "1"
            answer = await cloud.point.call(call.RemoteStartTransaction("TAG1", 1), suppress=False)
            assert answer.status == "Accepted"
            await one.begin()
            assert (await cloud.point.call(call.RemoteStopTransaction(501), suppress=False)).status == "Accepted"
            with pytest.raises(Exception, match=r"NotImplemented|NotSupported"):
                await cloud.point.call(call.UnlockConnector(1), suppress=False)

    run(story)


def test_nothing_of_the_units_own_reaches_the_cloud(tmp_path: Path) -> None:
    """Its calls, their ids and their answers."""

    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there(), joined(tmp_path, cloud) as (central, one):
            await one.begin()
            for limit_a in (10.0, 12.0, 14.0):
                central.set_limit("CP1", limit_a, 30.0)
                await until(lambda wanted=limit_a: one.holds_a() == wanted)
            await cloud.point.call(call.GetConfiguration(["NumberOfConnectors"]), suppress=False)
            frames = [json.loads(text) for text in cloud.frames]
            assert {frame[2] for frame in frames if frame[0] == 2} <= {
                "BootNotification", "StatusNotification", "StartTransaction", "Heartbeat", "MeterValues"
            }  # fmt: skip
            assert len([frame for frame in frames if frame[0] in {3, 4}]) == 1  # the one that the cloud asked for
            identities = {frame[1] for frame in frames if frame[0] == 2}
            assert len(identities) == len([frame for frame in frames if frame[0] == 2])

    run(story)


@pytest.mark.parametrize(
    ("own_a", "clouds_a", "held_a"), [(16.0, 10.0, 10.0), (10.0, 16.0, 10.0), (16.0, 4.0, 0.0), (0.0, 16.0, 0.0)]
)
def test_the_lower_of_both_limits_holds(tmp_path: Path, own_a: float, clouds_a: float, held_a: float) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there(), joined(tmp_path, cloud) as (central, one):
            await one.begin()
            central.set_limit("CP1", own_a, 30.0)
            await until(lambda: one.holds_a() == own_a)
            profile = made(clouds_a, number=3)
            answer = await cloud.point.call(call.SetChargingProfile(1, profile), suppress=False)
            assert answer.status == "Accepted"
            await until(lambda: one.holds_a() == held_a)
            assert central.reports()["CP1"].cloud_a == clouds_a
            await until(lambda: central.reports()["CP1"].safe_a == (6.0 if clouds_a >= 6.0 else 0.0))
            assert all(given["chargingProfileId"] >= 7_160_000 for given in one.holder.given)
            assert (await cloud.point.call(call.ClearChargingProfile(3), suppress=False)).status == "Accepted"
            assert (await cloud.point.call(call.ClearChargingProfile(3), suppress=False)).status == "Unknown"
            await until(lambda: one.holds_a() == own_a)

    run(story)


def test_a_schedule_of_the_clouds_goes_into_the_lease_itself(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there(), joined(tmp_path, cloud) as (central, one):
            await one.begin()
            profile = made([(0, 16.0), (2, 8.0)], chargingProfileKind="Relative")
            await cloud.point.call(call.SetChargingProfile(1, profile), suppress=False)
            central.set_limit("CP1", 20.0, 30.0)
            await until(
                lambda: any(len(given["chargingSchedule"]["chargingSchedulePeriod"]) == 2 for given in one.holder.given)
            )
            await until(lambda: one.holds_a() == 8.0)

    run(story)


def test_the_clouds_limit_outlasts_a_restart_of_the_unit(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there(), joined(tmp_path, cloud):
            await cloud.point.call(call.SetChargingProfile(1, made(9.0)), suppress=False)
        async with unit(tmp_path, behind(cloud)) as central, connected(central.ports[0]) as one:
            await one.boot()
            await one.begin()
            central.set_limit("CP1", 16.0, 30.0)
            await until(lambda: one.holds_a() == 9.0)

    run(story)


def test_a_profile_that_comes_with_a_remote_start_is_kept_by_the_unit(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there(), joined(tmp_path, cloud) as (central, one):
            asked = call.RemoteStartTransaction("TAG1", 1, made(7.0, "TxProfile"))
            await cloud.point.call(asked, suppress=False)
            assert "charging_profile" not in one.heard[-1].payload
            await one.begin()
            central.set_limit("CP1", 16.0, 30.0)
            await until(lambda: one.holds_a() == 7.0)
            await one.end()
            await until(lambda: central.reports()["CP1"].cloud_a is None)

    run(story)


@pytest.mark.parametrize(
    "key", ["LoadBalanced", "InstallationOfflineCurrent", "MeterValuesSampledData", "AuthorizationKey"]
)
def test_the_cloud_does_not_loosen_the_units_hold(tmp_path: Path, key: str) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there(), joined(tmp_path, cloud) as (_, one):
            before = dict(one.keys)
            answer = await cloud.point.call(call.ChangeConfiguration(key, "x"), suppress=False)
            assert answer.status == "Rejected"
            assert one.keys.get(key) in {before.get(key), MEASURED}
            other = await cloud.point.call(call.ChangeConfiguration("NumberOfConnectors", "1"), suppress=False)
            assert other.status == "Accepted"
            with pytest.raises(Exception, match="NotSupported"):
                await cloud.point.call(call.CertificateSigned("chain"), suppress=False)

    run(story)


def test_what_the_cloud_asks_for_wrongly_is_answered_so(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there(), joined(tmp_path, cloud) as (_, one):
            for profile, status in (
                (made(9.0, "ChargePointMaxProfile"), "Rejected"),
                (made(9.0, "TxProfile"), "Rejected"),
            ):
                answer = await cloud.point.call(call.SetChargingProfile(1, profile), suppress=False)
                assert answer.status == status
            wrong = {**made(9.0), "chargingProfilePurpose": "Whatever"}
            with pytest.raises(Exception, match=r"PropertyConstraint"):
                await cloud.point.call(call.SetChargingProfile(1, wrong), suppress=False, skip_schema_validation=True)
            assert not [given for given in one.holder.given if given["chargingProfileId"] < 7_160_000]

    run(story)


def test_a_whole_session_without_the_cloud_is_told_in_order_when_it_is_back(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there():
            pass
        async with unit(tmp_path, behind(cloud)) as central, connected(central.ports[0]) as one:
            await one.boot()
            begun = await one.begin()
            assert begun.transaction_id > FIRST
            assert begun.id_tag_info == {"status": "Accepted"}
            for current in (6.0, 7.0):
                await one.measure(current)
            central.set_limit("CP1", 10.0, 30.0)
            await until(lambda: one.holds_a() == 10.0)  # the fuse is protected all the same
            await one.end()
            assert central.reports()["CP1"].unsent == 4
            assert state(central) is CloudState.AWAY
            assert "cannot be reached" in " ".join(central.reports()["CP1"].told)
            async with cloud.there():
                await until(lambda: state(central) is CloudState.THROUGH)
                told = cloud.actions("Heartbeat", "StatusNotification")
                assert told == ["BootNotification", "StartTransaction", "MeterValues", "MeterValues", "StopTransaction"]
                assert {one["transaction_id"] for one in cloud.of("MeterValues") + cloud.of("StopTransaction")} == {501}
                assert cloud.of("StatusNotification")[-1]["status"] == "Available"
                assert central.reports()["CP1"].unsent == 0

    run(story)


def test_a_cloud_that_comes_back_in_the_middle_gives_its_own_number_and_each_side_hears_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there():
            pass
        async with unit(tmp_path, behind(cloud)) as central, connected(central.ports[0]) as one:
            await one.boot()
            number = (await one.begin()).transaction_id
            async with cloud.there():
                await until(lambda: state(central) is CloudState.THROUGH)
                await one.measure(9.0)
                assert cloud.of("MeterValues")[-1]["transaction_id"] == 501
                answer = await cloud.point.call(call.RemoteStopTransaction(501), suppress=False)
                assert answer.status == "Accepted"
                assert one.heard[-1].payload == {"transaction_id": number}
                profile = made(8.0, "TxProfile", transactionId=501)
                assert (
                    await cloud.point.call(call.SetChargingProfile(1, profile), suppress=False)
                ).status == "Accepted"
                central.set_limit("CP1", 16.0, 30.0)
                await until(lambda: one.holds_a() == 8.0)
                await one.end()
                assert cloud.of("StopTransaction")[-1]["transaction_id"] == 501

    run(story)


def test_who_the_cloud_would_not_have_let_begin_is_stopped_when_it_is_back(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud(tag_status="Invalid")
        async with cloud.there():
            pass
        async with unit(tmp_path, behind(cloud)) as central, connected(central.ports[0]) as one:
            await one.boot()
            number = (await one.begin()).transaction_id
            async with cloud.there():
                await until(lambda: any(heard.action == "RemoteStopTransaction" for heard in one.heard))
                assert one.heard[-1].payload == {"transaction_id": number}
                await until(lambda: state(central) is CloudState.THROUGH)
            await one.end()
            await until(lambda: state(central) is not CloudState.THROUGH)
            assert (await one.begin()).id_tag_info == {"status": "Invalid"}  # it has been learnt

    run(story)


def test_what_was_kept_outlasts_a_restart_of_the_unit(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there():
            pass
        async with unit(tmp_path, behind(cloud)) as central, connected(central.ports[0]) as one:
            await one.boot()
            number = (await one.begin()).transaction_id
        async with (
            cloud.there(),
            unit(tmp_path, behind(cloud)) as central,
            connected(central.ports[0]) as one,
        ):
            one.holder.begin(number, one.started)
            await until(lambda: state(central) is CloudState.THROUGH)
            await one.end()
            assert cloud.actions("Heartbeat", "StatusNotification") == ["StartTransaction", "StopTransaction"]
            assert cloud.of("StopTransaction")[0]["transaction_id"] == 501

    run(story)


def test_a_cloud_that_does_not_answer_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "ANSWER_S", 0.2)

    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there(), joined(tmp_path, cloud) as (central, one):
            cloud.delay_s = 0.6
            assert (await one.call(call.Authorize("TAG1"), suppress=False)).id_tag_info == {"status": "Accepted"}
            await until(lambda: state(central) is CloudState.THROUGH and len(cloud.points) == 2)  # connected with anew
            begun = await one.begin()
            assert begun.transaction_id > FIRST
            cloud.delay_s = 0.0
            await until(lambda: state(central) is CloudState.THROUGH)
            assert cloud.of("StartTransaction")
            assert len(cloud.points) == 3

    run(story)


def test_what_a_cloud_refuses_again_and_again_is_given_up_and_the_rest_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "REFUSED_AGAIN_S", 0.01)

    async def story() -> None:
        cloud = OwnCloud(refuses_values=True)
        async with cloud.there():
            pass
        async with unit(tmp_path, behind(cloud)) as central, connected(central.ports[0]) as one:
            await one.boot()
            await one.begin()
            await one.measure(6.0)
            await one.end()
            async with cloud.there():
                await until(lambda: cloud.of("StopTransaction"))
                assert len(cloud.of("MeterValues")) == 3
                await until(lambda: central.reports()["CP1"].unsent == 0)

    run(story)


def test_a_cloud_that_does_not_accept_the_charger_is_told_and_the_charger_served(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud(boot_status="Rejected")
        async with cloud.there(), unit(tmp_path, behind(cloud)) as central, connected(central.ports[0]) as one:
            assert (await one.boot()).status == "Accepted"
            await until(lambda: cloud.of("BootNotification"))
            await until(lambda: "does not accept it: Rejected" in " ".join(central.reports()["CP1"].told))
            assert (await one.begin()).transaction_id > FIRST

    run(story)


def test_a_cloud_that_turns_the_charger_away_at_the_door_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        async def refuse(socket: ServerConnection, _request: Any) -> Any:
            return socket.respond(401, "no\n")  # type: ignore[arg-type]  # a number is enough

        cloud = OwnCloud()
        async with (
            cloud.there(process_request=refuse),
            unit(tmp_path, behind(cloud)) as central,
            connected(central.ports[0]) as one,
        ):
            await one.boot()
            await until(lambda: "HTTP 401" in " ".join(central.reports()["CP1"].told))

    run(story)


def test_a_cloud_that_hangs_up_at_once_is_asked_more_and_more_seldom(tmp_path: Path) -> None:
    async def story() -> None:
        visits: list[float] = []

        async def hang_up(socket: ServerConnection) -> None:
            visits.append(asyncio.get_running_loop().time())
            await socket.close()

        async with await serve(hang_up, HOST, 0, subprotocols=["ocpp1.6"]) as server:
            port = int(next(iter(server.sockets)).getsockname()[1])
            wanted = configuration(charger(cloud=Cloud(f"ws://{HOST}:{port}")))
            async with unit(tmp_path, wanted) as central, connected(central.ports[0]) as one:
                await one.boot()
                await until(lambda: len(visits) >= 7)
        assert visits[6] - visits[4] > visits[2] - visits[0]

    run(story)


def test_the_clouds_local_list_is_learnt(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        wanted = configuration(charger(cloud=Cloud("")), is_free=False)
        async with cloud.there() as there:
            wanted = configuration(charger(cloud=Cloud(there.url)), is_free=False)
            async with unit(tmp_path, wanted) as central, connected(central.ports[0]) as one:
                await one.boot()
                await until(lambda: state(central) is CloudState.THROUGH)
                entries = [{"idTag": "FRIEND", "idTagInfo": {"status": "Accepted"}}]
                answer = await cloud.point.call(call.SendLocalList(1, "Full", entries), suppress=False)
                assert answer.status == "Accepted"
                assert len(one.local_list) == 1
        async with unit(tmp_path, wanted) as central, connected(central.ports[0]) as one:
            await one.boot()
            for tag, status in (("friend", "Accepted"), ("STRANGER", "Invalid")):
                assert (await one.call(call.Authorize(tag), suppress=False)).id_tag_info == {"status": status}

    run(story)


def test_when_the_charger_is_gone_its_cloud_sees_it(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there(), joined(tmp_path, cloud) as (central, one):
            await one.socket.close()
            await until(lambda: state(central) is CloudState.AWAY)
            async with asyncio.timeout(5.0):
                await cloud.point._connection.wait_closed()

    run(story)


def test_the_cloud_gets_as_many_values_as_it_asks_for_and_the_unit_all(tmp_path: Path) -> None:
    async def story() -> None:
        cloud = OwnCloud()
        async with cloud.there(), joined(tmp_path, cloud) as (central, one):
            await one.begin()
            await until(lambda: one.keys["MeterValueSampleInterval"] == "5")
            for number in range(4):
                await one.measure(10.0 + number, context="Sample.Periodic")
            assert central.reports()["CP1"].current_a.l1 == 13.0
            assert len(cloud.of("MeterValues")) == 1
            await one.measure(9.0, context="Transaction.End")
            assert len(cloud.of("MeterValues")) == 2
            for interval, status in (("1", "Accepted"), ("often", "Rejected")):
                asked = call.ChangeConfiguration("MeterValueSampleInterval", interval)
                assert (await cloud.point.call(asked, suppress=False)).status == status
            await one.measure(10.0, context="Sample.Periodic")
            assert len(cloud.of("MeterValues")) == 3
            assert one.keys["MeterValueSampleInterval"] == "5"
            asked = call.ChangeConfiguration("MeterValueSampleInterval", "0")
            assert (await cloud.point.call(asked, suppress=False)).status == "Accepted"
            await one.measure(10.0, context="Sample.Periodic")
            assert len(cloud.of("MeterValues")) == 3

    run(story)
