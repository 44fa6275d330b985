"""Between a charger and its cloud: billing stays with the cloud, the lower limit holds, and nothing is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ocpp.v16 import call
from tests.ampguard.balancing.ocpp.central import (
    OwnCloud,
    behind,
    charger,
    configuration,
    joined,
    run,
    state,
    unit,
)
from tests.ampguard.balancing.ocpp.charger import connected, until
from tests.ampguard.balancing.ocpp.test_cloudprofiles import made

from ampguard.balancing.ocpp.configuration import Cloud
from ampguard.balancing.ocpp.limiter import MEASURED
from ampguard.balancing.ocpp.report import CloudState

pytestmark = pytest.mark.usefixtures("quick")


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
