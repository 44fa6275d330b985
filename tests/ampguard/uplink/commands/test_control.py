"""Commands, limits and the state over a real broker, in both versions of MQTT."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from tests.ampguard.uplink.mosquitto import broker, needs_mosquitto
from tests.ampguard.uplink.side import EVERY, MAIN_FUSE_A, PATIENCE_S, Side, filled, unit

from ampguard import block
from ampguard.live.subscriber import Message
from ampguard.readings import Json
from ampguard.settings import group as groups
from ampguard.settings.commands import CommandName
from ampguard.uplink import message
from ampguard.uplink.broker import tobroker
from ampguard.uplink.broker.tobroker import ToBroker
from ampguard_hil.ports import free_port

pytestmark = needs_mosquitto


@pytest.fixture(autouse=True)
def short_farewell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody commits anything here: the end need not wait for it."""
    monkeypatch.setattr(tobroker, "LAST_WORDS_S", 0.1)


VERSIONS = pytest.mark.parametrize("version", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])


def with_unit(
    folder: Path,
    scenario: Callable[[ToBroker, Side], Awaitable[None]],
    *,
    version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
    allowed: frozenset[CommandName] = EVERY,
    before: Callable[[Side], None] = lambda _: None,
) -> None:
    """A connected unit with two sealed blocks and seven readings behind them, and somebody on the other side."""

    async def run(port: int) -> None:
        side = Side(port, version)
        before(side)
        try:
            old = version is MQTTProtocolVersion.MQTTv311
            async with unit(filled(folder, 2, 7), port, allowed, old=old) as going:
                await side.until("state")
                await scenario(going, side)
        finally:
            side.close()

    port = free_port()
    with broker(folder, port):
        asyncio.run(run(port))


async def told_within(going: ToBroker, kind: str, is_so: Callable[[Any], bool]) -> Any:
    """What the unit's other processes are told."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            told: dict[str, Any] = dict(going.within())
            if kind in told and is_so(told[kind]):
                return told[kind]
            await asyncio.sleep(0.02)


# ---------------------------------------------------------------- commands


@VERSIONS
def test_a_ping_is_answered(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    async def scenario(_unit: ToBroker, side: Side) -> None:
        side.ask("ping", "c1", echo="höre\n")
        [answer] = await side.until("response/ping")
        body = answer.body
        assert {
            "schema": 1,
            "serial": "AG1",
            "correlation": "c1",
            "status": "done",
            "reason": None,
        }.items() <= body.items()
        assert body["result"]["echo"] == "höre\n"
        assert body["result"]["uptime_s"] > 0.0
        assert set(body["result"]["versions"]) == {"ampguard", "python", "paho-mqtt"}
        assert not answer.retained

    with_unit(tmp_path, scenario, version=version)


@VERSIONS
def test_the_same_command_twice_is_done_once(
    tmp_path: Path, version: MQTTProtocolVersion, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(_unit: ToBroker, side: Side) -> None:
        side.ask("ping", "c1")
        await side.until("response/ping")
        side.ask("ping", "c1")
        first, second = await side.until("response/ping", 2)
        assert first.payload == second.payload, "also the uptime: it was not done again"

    caplog.set_level(logging.INFO)
    with_unit(tmp_path, scenario, version=version)
    assert len([line for line in caplog.messages if line.startswith("command ping 'c1': done")]) == 1


def test_mqtt_5_gets_its_correlation_back_where_it_wants_it(tmp_path: Path) -> None:
    async def scenario(_unit: ToBroker, side: Side) -> None:
        side.send(
            "command/ping",
            {"schema": 1, "correlation": "c1"},
            answer_to="ampguard/AG1/response/desk/7",
            data=b"\x00\xffdata",
        )
        [answer] = await side.until("response/desk/7")
        assert answer.properties is not None
        assert vars(answer.properties)["CorrelationData"] == b"\x00\xffdata"
        side.send("command/ping", b"nonsense", data=b"d")
        [refused] = await side.until("response/ping")
        assert (refused.body["status"], refused.body["correlation"]) == ("refused", None)
        side.send("command/ping", {"schema": 1, "correlation": "c2"}, answer_to="ampguard/AG2/response/ping")
        _, elsewhere = await side.until("response/ping", 2)
        assert "response topic" in elsewhere.body["reason"]

    with_unit(tmp_path, scenario)


@VERSIONS
def test_what_is_not_allowed_or_not_known_is_said(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    async def scenario(_unit: ToBroker, side: Side) -> None:
        side.ask("identify", "c1")
        side.ask("explode", "c2")
        [refused] = await side.until("response/identify")
        assert refused.body["status"] == "refused"
        assert "allow" in refused.body["reason"]
        [unknown] = await side.until("response/explode")
        assert unknown.body["status"] == "unknown"

    with_unit(tmp_path, scenario, version=version, allowed=frozenset({CommandName.PING}))


@VERSIONS
def test_a_retained_command_is_refused_at_each_connection(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    async def scenario(_unit: ToBroker, side: Side) -> None:
        [refused] = await side.until("response/ping")
        assert refused.body["status"] == "refused"
        assert "retained" in refused.body["reason"]

    def before(side: Side) -> None:
        side.send("command/ping", {"schema": 1, "correlation": "c1"}, retained=True)

    with_unit(tmp_path, scenario, version=version, before=before)


def test_with_mqtt_5_a_command_sent_to_be_retained_is_not_done_even_once(tmp_path: Path) -> None:
    async def scenario(_unit: ToBroker, side: Side) -> None:
        side.send("command/ping", {"schema": 1, "correlation": "c1"}, retained=True)
        [refused] = await side.until("response/ping")
        assert refused.body["status"] == "refused"

    with_unit(tmp_path, scenario)


def test_identify_makes_the_lights_blink(tmp_path: Path) -> None:
    async def scenario(going: ToBroker, side: Side) -> None:
        assert "identify" not in dict(going.within())
        side.ask("identify", "c1", duration_s=30)
        [answer] = await side.until("response/identify")
        assert answer.body["result"] == {"duration_s": 30.0}
        told = await told_within(going, "identify", lambda body: body["remaining_s"] > 0.0)
        assert told["remaining_s"] <= 30.0

    with_unit(tmp_path, scenario)


def test_readings_are_sent_again(tmp_path: Path) -> None:
    async def scenario(_unit: ToBroker, side: Side) -> None:
        await side.until("records")  # its own, before anybody says committed: one block
        before = len(side.of("records"))
        side.ask("resend", "c1", boot="boot", first_sequence=50, last_sequence=125)
        [answer] = await side.until("response/resend")
        assert answer.body["status"] == "done", answer.body
        assert answer.body["result"] == {
            "readings": 76,
            "blocks": 2,
            "first_sequence": 50,
            "last_sequence": 125,
            "all_of_them": True,
        }
        again = await side.until("records", before + 2)
        found = [one["sequence"] for sent in again[before:] for one in block.decoded(sent.payload)]
        assert found == list(range(50, 126)), "from the middle of a sealed block into the open one"
        side.ask("resend", "c2", boot="boot", first_sequence=120, last_sequence=300)
        _, partly = await side.until("response/resend", 2)
        assert partly.body["result"]["readings"] == 8
        assert partly.body["result"]["all_of_them"] is False
        side.ask("resend", "c3", boot="another", first_sequence=1, last_sequence=3)
        *_, none = await side.until("response/resend", 3)
        assert none.body["status"] == "failed"
        assert "is kept" in none.body["reason"]

    with_unit(tmp_path, scenario)


def test_a_report_tells_of_journal_and_backlog(tmp_path: Path) -> None:
    async def scenario(_unit: ToBroker, side: Side) -> None:
        side.ask("report", "c1")
        [answer] = await side.until("response/report")
        result = answer.body["result"]
        assert result["mqtt_version"] == "5"
        assert result["commands"] == sorted(CommandName)
        journal = result["journal"]
        assert (journal["oldest"]["boot"], journal["oldest"]["sequence"]) == ("boot", 1)
        assert journal["newest"]["sequence"] == 127
        assert journal["backlog_at_most"] == 127
        [sent] = await side.until("records")
        first, *_, last = block.decoded(sent.payload)
        side.send("acknowledged", message.acknowledged("boot", int(str(first["sequence"])), int(str(last["sequence"]))))
        await side.until("records", 2)
        side.ask("report", "c2")
        _, later = await side.until("response/report", 2)
        assert later.body["result"]["journal"]["backlog_at_most"] == 67

    with_unit(tmp_path, scenario)


def test_nonsense_is_logged_seldom(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(_unit: ToBroker, side: Side) -> None:
        for number in range(200):
            side.send("command/ping", b"\xff%d" % number)
            side.send("limit", b"\xfe%d" % number)
        side.ask("ping", "c1")
        await side.until("response/ping")

    with_unit(tmp_path, scenario)
    warnings = [one for one in caplog.records if one.levelno == logging.WARNING]
    assert len(warnings) == 1, caplog.messages


# ---------------------------------------------------------------- limits


@VERSIONS
def test_a_limit_is_told_within_the_unit_until_it_is_taken_back(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    lease = {
        "schema": 1,
        "issued_utc": datetime.now(UTC).isoformat(),
        "lease_s": 3600,
        "limit_a": {"l1": 10, "l2": 12.5, "l3": None},
    }

    async def scenario(going: ToBroker, side: Side) -> None:
        held = await told_within(going, "limit", lambda body: body["limit_a"] is not None)
        assert held["limit_a"] == {"l1": 10.0, "l2": 12.5, "l3": None}
        assert 3000.0 < held["remaining_s"] <= 3600.0
        side.send("limit", lease | {"limit_a": {"l1": "many"}, "correlation": "c1"}, retained=True)
        side.send("limit", b"nonsense", retained=True)
        side.ask("ping", "after it")
        await side.until("response/ping")
        assert dict[str, Any](going.within())["limit"]["limit_a"] == held["limit_a"], "nonsense replaces nothing"
        later = datetime.now(UTC).isoformat()
        side.send("limit", lease | {"issued_utc": later, "limit_a": {"l1": 6, "l2": 6, "l3": 6}, "correlation": "c2"})
        [answer] = [one for one in await side.until("response/limit") if one.body["correlation"] == "c2"]
        assert answer.body["status"] == "done"
        await told_within(going, "limit", lambda body: body["limit_a"] == {"l1": 6.0, "l2": 6.0, "l3": 6.0})
        side.send("limit", b"", retained=True)
        await told_within(going, "limit", lambda body: body["limit_a"] is None)

    with_unit(tmp_path, scenario, version=version, before=lambda side: side.send("limit", lease, retained=True))


@VERSIONS
def test_limits_of_chargers_are_told_within_the_unit_once_each(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    def lease(limit_a: float) -> dict[str, object]:
        return {"schema": 1, "issued_utc": datetime.now(UTC).isoformat(), "valid_s": 15, "limits_a": {"A": limit_a}}

    async def scenario(going: ToBroker, side: Side) -> None:
        side.send("limits", b"nonsense")
        side.send("limits", lease(10.0))
        told = await told_within(going, "limits", bool)
        assert told["limits"] == {"A": 10.0}
        assert 14.0 < told["valid_s"] <= 15.0
        assert "limits" not in dict(going.within()), "a renewal is counted: told twice it would be two"
        side.send("limits", lease(8.0))
        assert (await told_within(going, "limits", bool))["limits"] == {"A": 8.0}

    with_unit(tmp_path, scenario, version=version)


def test_limits_of_chargers_are_for_those_whom_the_owner_lets_set_up_the_group(tmp_path: Path) -> None:
    async def scenario(going: ToBroker, side: Side) -> None:
        issued_utc = datetime.now(UTC).isoformat()
        side.send("limits", {"schema": 1, "issued_utc": issued_utc, "valid_s": 15, "limits_a": {"A": 0}})
        side.ask("ping", "after it")
        await side.until("response/ping")
        assert "limits" not in dict(going.within())

    with_unit(tmp_path, scenario, allowed=frozenset(CommandName) - {CommandName.GROUP})


# ---------------------------------------------------------------- the load-balancing group

CHARGER: dict[str, object] = {"id": "A1", "max_a": 16, "phases": ["L1", "L2", "L3"], "offline_a": 6}
GROUP: dict[str, object] = {"active": True, "device": "gG", "max_offline_a": 6, "chargers": [CHARGER]}


@VERSIONS
def test_a_group_is_kept_or_refused_with_the_sentence(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    path = tmp_path / "group.toml"

    async def scenario(_unit: ToBroker, side: Side) -> None:
        side.ask("group", "c1", group=GROUP)
        [answer] = await side.until("response/group")
        assert (answer.body["status"], answer.body["result"]) == ("done", {"active": True, "chargers": 1})
        kept = path.read_bytes()
        side.ask("group", "c2", group=GROUP | {"chargers": [CHARGER, CHARGER]})
        side.ask("ping", "after it")
        await side.until("response/ping")
        side.ask("group", "c3", group=GROUP | {"supply_max_a": MAIN_FUSE_A + 1.0})
        _, twice, too_much = await side.until("response/group", 3)
        assert (twice.body["status"], too_much.body["status"]) == ("refused", "refused")
        assert twice.body["reason"] == "group: chargers.id: wanted each once, met 'A1' twice"
        assert too_much.body["reason"] == "wanted at most 25 A"
        assert path.read_bytes() == kept
        side.ask("group", "c3", group=GROUP | {"supply_max_a": MAIN_FUSE_A})
        assert (await side.until("response/group", 4))[3].body["status"] == "done", "a refusal is not remembered"
        chargers = [CHARGER | {"id": f"A{number}", "cloud_url": "ws://" + "y" * 160} for number in range(50)]
        side.ask("group", "c4", group=GROUP | {"chargers": chargers})
        assert (await side.until("response/group", 5))[4].body["result"]["chargers"] == 50, "longer than any command"
        side.ask("group", "c5", group=None)
        assert (await side.until("response/group", 6))[5].body["status"] == "done"
        kept_off = groups.load(path)
        assert kept_off is not None
        assert not kept_off.active
        side.ask("group", "c6")
        assert "group: wanted an object" in (await side.until("response/group", 7))[6].body["reason"]

    with_unit(tmp_path, scenario, version=version)


def test_a_group_is_not_kept_unless_its_owner_allows_it(tmp_path: Path) -> None:
    async def scenario(_unit: ToBroker, side: Side) -> None:
        side.ask("group", "c1", group=GROUP)
        [answer] = await side.until("response/group")
        assert answer.body["status"] == "refused"
        assert "allow" in answer.body["reason"]
        assert not (tmp_path / "group.toml").exists()

    with_unit(tmp_path, scenario, allowed=frozenset({CommandName.PING}))


@VERSIONS
def test_what_the_balancer_says_goes_out(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    async def scenario(going: ToBroker, side: Side) -> None:
        going.hear_balancer(Message("balance", {"name": "House", "active": True, "leader": "unit"}))
        going.hear_balancer(Message("balance", {"name": "House", "active": True, "leader": "unit", "meter_age_s": 1.0}))
        change: dict[str, Json] = {"charger": "A1", "before_a": 10.0, "after_a": 6.0, "sentence": "10 -> 6 A: because."}
        going.hear_balancer(Message("why", change))
        [told] = await side.until("why")
        assert told.body.items() >= {"serial": "AG1", "before_a": 10.0, "sentence": "10 -> 6 A: because."}.items()
        [state] = await side.until("balance")
        assert state.body["leader"] == "unit"
        assert not state.retained
        going.hear_balancer(Message("balance", {"name": "House", "active": True, "leader": "cloud"}))
        assert (await side.until("balance", 2))[1].body["leader"] == "cloud"

    with_unit(tmp_path, scenario, version=version)


# ---------------------------------------------------------------- the state


@VERSIONS
def test_the_state_says_what_the_unit_is_and_is_said_again_when_that_changes(
    tmp_path: Path, version: MQTTProtocolVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "synchronised"
    monkeypatch.delenv("AMPGUARD_CLOCK", raising=False)
    monkeypatch.setattr("ampguard.clock._SYNCHRONISED_MARK", mark)
    monkeypatch.setattr("ampguard.clock._SET_FROM_RTC", mark)
    monkeypatch.setattr("ampguard.clock._kernel_says_synchronised", lambda: None)
    monkeypatch.setattr("ampguard.clock._LOOK_NS", 0)

    async def scenario(_unit: ToBroker, side: Side) -> None:
        first = side.of("state")[0].body
        assert first["online"] is True
        assert first["mqtt_version"] == ("5" if version is MQTTProtocolVersion.MQTTv5 else "3.1.1")
        assert (first["clock_quality"], first["since_utc"]) == ("unsynchronised", None)
        assert first["commands"] == ["ping"]
        mark.touch()
        _, second = await side.until("state", 2)
        assert second.body["clock_quality"] == "synchronised"
        since = datetime.fromisoformat(second.body["since_utc"])
        assert 0.0 <= (datetime.now(UTC) - since).total_seconds() < 60.0
        unchanged = {"version", "boot", "mqtt_version", "commands", "online", "serial", "schema"}
        assert {key: second.body[key] for key in unchanged} == {key: first[key] for key in unchanged}

    with_unit(tmp_path, scenario, version=version, allowed=frozenset({CommandName.PING}))


@VERSIONS
def test_the_last_will_is_minimal_and_comes_at_once(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    async def scenario(going: ToBroker, side: Side) -> None:
        connection = going._sending.newest
        assert connection is not None
        assert connection._client is not None
        raw: Any = connection._client.socket()
        raw.shutdown(2)
        await side.until("state", 3)  # the will, and the unit that is back
        assert json.loads(side.of("state")[1].payload) == {"schema": 1, "serial": "AG1", "online": False}
        assert side.of("state")[2].body["online"] is True
        side.ask("ping", "after the loss")
        await side.until("response/ping")

    with_unit(tmp_path, scenario, version=version)
