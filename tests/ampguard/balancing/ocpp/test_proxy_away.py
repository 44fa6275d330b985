"""A charger whose cloud is away, hangs, or turns it away: it goes on, and all is told in order later."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from ocpp.v16 import call
from tests.ampguard.balancing.ocpp.central import (
    HOST,
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
from websockets.asyncio.server import ServerConnection, serve

from ampguard.balancing.ocpp import upstream
from ampguard.balancing.ocpp.configuration import Cloud
from ampguard.balancing.ocpp.report import CloudState
from ampguard.balancing.ocpp.transactions import FIRST

pytestmark = pytest.mark.usefixtures("quick")


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
        visits = 0

        async def hang_up(socket: ServerConnection) -> None:
            nonlocal visits
            visits += 1
            await socket.close()

        async with await serve(hang_up, HOST, 0, subprotocols=["ocpp1.6"]) as server:
            port = int(next(iter(server.sockets)).getsockname()[1])
            wanted = configuration(charger(cloud=Cloud(f"ws://{HOST}:{port}")))
            async with unit(tmp_path, wanted) as central, connected(central.ports[0]) as one:
                await one.boot()
                await until(lambda: visits >= 3)
                await asyncio.sleep(60 * upstream.AGAIN_S)
        assert visits <= 15, "always as soon as at first it would be sixty to a hundred and twenty"

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
