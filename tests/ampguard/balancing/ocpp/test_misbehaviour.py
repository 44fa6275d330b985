"""Whoever sends rubbish, too much, too large, or nothing at all, harms nobody but himself."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import pytest
from ocpp.v16 import call
from tests.ampguard.balancing.ocpp.central import charger, configuration, run, unit
from tests.ampguard.balancing.ocpp.charger import Charger, connected, until
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.typing import Subprotocol

from ampguard.balancing.ocpp import door, line
from ampguard.balancing.ocpp.line import Bucket, Turn

TWO = configuration(charger("CP1"), charger("CP2"))


def raw(port: int, name: str = "CP2", **more: object) -> connect:
    return connect(
        f"ws://127.0.0.1:{port}/{name}",
        subprotocols=[Subprotocol("ocpp1.6")],
        ping_interval=None,
        close_timeout=0.1,
        **more,  # type: ignore[arg-type]  # what the test wants
    )


async def answered(socket: ClientConnection, message: str) -> list[object]:
    await socket.send(message)
    async with asyncio.timeout(5.0):
        while True:
            found: list[object] = json.loads(await socket.recv())
            if found[0] != 2:
                return found


async def is_well(one: Charger) -> None:
    async with asyncio.timeout(2.0):
        await one.call(call.Heartbeat(), suppress=False)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('[2,"1","MakeCoffee",{}]', "NotImplemented"),
        ('[2,"1","Reset",{"type":"Soft"}]', "NotSupported"),
        ('[2,"1","BootNotification",{}]', "ProtocolError"),
        ('[2,"1","BootNotification",{"chargePointVendor":1,"chargePointModel":"M"}]', "TypeConstraintViolation"),
        (
            '[2,"1","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"?"}]',
            "PropertyConstraintViolation",
        ),
        ('[2,"1","MeterValues"]', "FormationViolation"),
        ('[2,"1","MeterValues",5]', "FormationViolation"),
    ],
)
def test_a_call_that_is_wrong_has_the_error_of_the_standard(tmp_path: Path, message: str, code: str) -> None:
    async def story() -> None:
        async with unit(tmp_path, TWO) as central, raw(central.ports[0]) as socket:
            found = await answered(socket, message)
            assert found[:3] == [4, "1", code]
            assert len(found) == 5

    run(story)


def test_what_is_no_frame_is_ignored_and_the_next_one_is_answered(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path, TWO) as central, raw(central.ports[0]) as socket:
            for rubbish in (
                "{",
                "null",
                "[" * 50000,
                '[3,"nobody asked",{}]',
                '[4,"nobody asked","X","",{}]',
                b"\x00\xff",
            ):
                await socket.send(rubbish)
            assert (await answered(socket, '[2,"9","Heartbeat",{}]'))[:2] == [3, "9"]

    run(story)


def test_who_goes_on_with_rubbish_is_hung_up_on_and_his_neighbour_is_well(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path, TWO) as central, connected(central.ports[0]) as one, raw(central.ports[0]) as socket:
            await one.boot()
            with contextlib.suppress(ConnectionClosed):
                for _ in range(200):
                    await socket.send("rubbish")
                    await asyncio.sleep(0)
            await socket.wait_closed()
            assert socket.close_reason == "too much that is no OCPP-J"
            await is_well(one)

    run(story)


def test_a_flood_is_hung_up_on_and_his_neighbour_is_well(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path, TWO) as central, connected(central.ports[0]) as one, raw(central.ports[0]) as socket:
            await one.boot()

            async def flood() -> None:
                with contextlib.suppress(ConnectionClosed):
                    while True:
                        await socket.send('[2,"1","Heartbeat",{}]')

            flooding = asyncio.create_task(flood())
            while not flooding.done():
                await asyncio.sleep(0.05)
                await is_well(one)
            await socket.wait_closed()

    run(story)


def test_a_huge_message_ends_the_connection_and_no_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path, TWO) as central, connected(central.ports[0]) as one, raw(central.ports[0]) as socket:
            await one.boot()
            await socket.send("x" * (door.LARGEST_MESSAGE + 1))
            await socket.wait_closed()
            assert socket.close_code == 1009
            await is_well(one)

    run(story)


def test_who_is_gone_without_a_word_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "PING_EVERY_S", 0.1)
    monkeypatch.setattr(line, "PONG_WITHIN_S", 0.2)

    async def story() -> None:
        async with unit(tmp_path, TWO) as central, raw(central.ports[0]) as socket:
            await until(lambda: central.reports()["CP2"].is_online)
            socket.transport.pause_reading()
            await until(lambda: not central.reports()["CP2"].is_online)

    run(story)


def test_who_answers_too_late_or_never_hinders_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ampguard.balancing.ocpp.limiter.PROBE_S", 0.1)
    monkeypatch.setattr("ampguard.balancing.ocpp.limiter.ANSWER_S", 0.2)

    async def story() -> None:
        async with unit(tmp_path, TWO) as central, connected(central.ports[0]) as one, raw(central.ports[0]) as socket:
            await answered(socket, '[2,"1","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]')
            central.set_limit("CP2", 10.0, 30.0)
            await one.boot()
            await one.begin()
            central.set_limit("CP1", 10.0, 30.0)
            await until(lambda: one.holds_a() == 10.0)
            met: list[list[object]] = []
            while not any(frame[2] == "SetChargingProfile" for frame in met):
                met.append(json.loads(await socket.recv()))
            await asyncio.sleep(0.3)
            await socket.send(json.dumps([3, met[-1][1], {"status": "Accepted"}]))  # too late
            await answered(socket, '[2,"2","Heartbeat",{}]')
            assert central.reports()["CP2"].limit_a is None
            again: list[object] = []
            while again[2:3] != ["SetChargingProfile"]:
                again = json.loads(await socket.recv())
            assert again[1] != met[-1][1]

    run(story)


def test_an_answer_counts_for_its_own_question_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A charger that is always one question behind."""
    monkeypatch.setattr("ampguard.balancing.ocpp.limiter.PROBE_S", 0.1)
    monkeypatch.setattr("ampguard.balancing.ocpp.limiter.ANSWER_S", 0.1)
    monkeypatch.setattr("ampguard.balancing.ocpp.chargepoint.GREETING_S", 0.05)

    async def story() -> None:
        async with unit(tmp_path, TWO) as central, raw(central.ports[0]) as socket:
            before, told = "", 0
            while told < 2:
                asked = json.loads(await socket.recv())
                await socket.send(json.dumps([3, before, {"status": "Accepted"}]))
                before, told = asked[1], told + (asked[2] == "SetChargingProfile")
            assert central.reports()["CP2"].safe_a is None

    run(story)


def test_rubbish_for_an_answer_is_no_acceptance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ampguard.balancing.ocpp.chargepoint.GREETING_S", 0.05)

    async def story() -> None:
        answers = [
            {},
            {"status": 5},
            {"status": None},
            {"configurationKey": 7},
            {"status": "Sure"},
            {"status": ["Accepted"]},
        ]
        async with unit(tmp_path, TWO) as central, raw(central.ports[0]) as socket:
            central.set_limit("CP2", 10.0, 30.0)
            for number in range(20):
                asked = json.loads(await socket.recv())
                await socket.send(json.dumps([3, asked[1], answers[number % len(answers)]]))
                if asked[2] == "SetChargingProfile":
                    break
            await answered(socket, '[2,"2","Heartbeat",{}]')
            assert central.reports()["CP2"].limit_a is None

    run(story)


def test_calls_that_are_not_answered_yet_have_an_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with unit(tmp_path, TWO) as central, raw(central.ports[0]) as socket:
            for number in range(30):
                await socket.send(f'[2,"{number}","Heartbeat",{{}}]')
            met: list[list[object]] = []
            while len(met) < 30:
                met += [frame for frame in [json.loads(await socket.recv())] if frame[0] != 2]
            assert {frame[1] for frame in met} == {str(number) for number in range(30)}

    run(story)


def test_too_many_connections_are_cut_off_and_those_that_are_there_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_CONNECTIONS", 3)

    async def story() -> None:
        async with unit(tmp_path, TWO) as central, connected(central.ports[0]) as one:
            await one.boot()
            silent = [await asyncio.open_connection("127.0.0.1", central.ports[0]) for _ in range(5)]
            with pytest.raises((OSError, InvalidHandshake)):
                async with raw(central.ports[0], open_timeout=1):
                    pass
            await is_well(one)
            for _, writer in silent:
                writer.transport.abort()
            await asyncio.sleep(0.05)
            async with raw(central.ports[0]) as socket:
                assert (await answered(socket, '[2,"9","Heartbeat",{}]'))[0] == 3

    run(story)


def test_strangers_have_few_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST_STRANGERS", 1)

    async def story() -> None:
        async with unit(tmp_path, TWO) as central, raw(central.ports[0], "X1"):
            with pytest.raises(InvalidStatus, match="503"):
                async with raw(central.ports[0], "X2"):
                    pass
            async with connected(central.ports[0]) as one:
                assert (await one.boot()).status == "Accepted"

    run(story)


def test_an_allowance_is_used_up_and_comes_back() -> None:
    bucket = Bucket(2.0, 3.0)
    assert [bucket.wait_s(0.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 1.0]
    assert bucket.wait_s(10.0) == 0.0


def test_the_urgent_come_first_and_who_gives_up_keeps_nobody_waiting() -> None:
    async def story() -> None:
        turn, done, held = Turn(), list[str](), asyncio.Event()

        async def take(name: str, *, is_urgent: bool = False) -> None:
            async with turn.taken(is_urgent=is_urgent):
                done.append(name)
                await held.wait()

        names = ("first", "patient", "gives up", "urgent", "last")
        tasks = [asyncio.create_task(take(name, is_urgent=name == "urgent")) for name in names]
        await asyncio.sleep(0)
        tasks[2].cancel()
        held.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert done == ["first", "urgent", "patient", "last"]
        async with asyncio.timeout(1.0), turn.taken(is_urgent=False):
            pass

    asyncio.run(story())
