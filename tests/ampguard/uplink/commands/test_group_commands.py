"""Load-balancing groups and limits of chargers over a real broker, in both versions of MQTT."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.ampguard.uplink.commands.over_broker import VERSIONS, told_within, with_unit
from tests.ampguard.uplink.mosquitto import needs_mosquitto
from tests.ampguard.uplink.side import MAIN_FUSE_A, Side

from ampguard.live.subscriber import Message
from ampguard.readings import Json
from ampguard.settings import group as groups
from ampguard.settings.commands import CommandName
from ampguard.uplink.broker.tobroker import ToBroker

if TYPE_CHECKING:
    from paho.mqtt.enums import MQTTProtocolVersion

pytestmark = [needs_mosquitto, pytest.mark.usefixtures("short_farewell")]
CHARGER: dict[str, object] = {"id": "A1", "max_a": 16, "phases": ["L1", "L2", "L3"], "offline_a": 6}

GROUP: dict[str, object] = {"active": True, "device": "gG", "max_offline_a": 6, "chargers": [CHARGER]}


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
