"""Commands, limits and the state over a real broker, in both versions of MQTT."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from tests.ampguard.uplink.commands.over_broker import VERSIONS, told_within, with_unit
from tests.ampguard.uplink.mosquitto import needs_mosquitto

from ampguard import block
from ampguard.settings.commands import CommandName
from ampguard.uplink import message

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ampguard.uplink.side import Side

    from ampguard.uplink.broker.tobroker import ToBroker

pytestmark = [needs_mosquitto, pytest.mark.usefixtures("short_farewell")]


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
def test_an_update_is_begun_or_refused_with_the_sentence(tmp_path: Path, version: MQTTProtocolVersion) -> None:
    async def scenario(_unit: ToBroker, side: Side) -> None:
        asked: list[dict[str, object]] = [
            {"url": "https://known.example/x.raucb"}, {"url": "https://elsewhere.example/x.raucb"},
            {"url": "bundle.raucb"}, {},
        ]  # fmt: skip
        answers: dict[str, Any] = {}
        for number, arguments in enumerate(asked, 1):
            side.ask("update", f"c{number}", **arguments)
            [*_, answer] = await side.until("response/update", number)
            answers[f"c{number}"] = answer.body
        assert (answers["c1"]["status"], answers["c1"]["result"]["url"]) == ("done", "https://known.example/x.raucb")
        assert "a place that this unit knows" in answers["c2"]["reason"]
        assert answers["c2"]["status"] in {"refused", "failed"}
        for one in ("c3", "c4"):
            assert answers[one]["status"] == "refused"
            assert "url: wanted the address of a bundle" in answers[one]["reason"]

    with_unit(tmp_path, scenario, version=version)


# ---------------------------------------------------------------- the load-balancing group


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
