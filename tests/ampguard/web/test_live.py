"""What pages are told of what the unit says: the newest, whole, and to as many as there is room for."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.web.unit import Unit, unit_at

from ampguard.live.publisher import Publisher
from ampguard.web import live
from ampguard.web.access.tokens import Scope
from ampguard.web.live import MOST_EACH, MOST_LISTENERS, Hub, Listener, encoded

URL = "/api/v1/live"


async def drained(listener: Listener) -> list[tuple[str, dict[str, object]]]:
    """What waits for it now."""
    packets = listener.packets(0.01)
    packet = await anext(packets)
    await packets.aclose()  # type: ignore[attr-defined]  # it is a generator
    found: list[tuple[str, dict[str, object]]] = []
    for one in packet.decode().split("\n\n"):
        if one.startswith("event: "):
            name, _, data = one.partition("\n")
            found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


@given(st.lists(st.tuples(st.sampled_from(["measurement", "status", "wiring"]), st.integers(0, 3)), min_size=1))
def test_who_reads_slowly_gets_the_newest_of_each_kind(told: list[tuple[str, int]]) -> None:
    hub = Hub()
    listener = hub.listen("me")
    assert listener is not None
    for kind, value in told:
        hub.tell(kind, {"value": value})
    assert dict(asyncio.run(drained(listener))) == {kind: {"value": value} for kind, value in told}


def test_who_comes_late_gets_what_is_known_but_no_old_event() -> None:
    hub = Hub()
    hub.tell("status", {"serial": "X"})
    hub.tell("event", {"what": "dip"})
    listener = hub.listen("me")
    assert listener is not None
    assert asyncio.run(drained(listener)) == [("status", {"serial": "X"})]


def test_what_has_not_changed_is_not_told_again_but_a_reading_always_is() -> None:
    hub = Hub()
    hub.tell("wiring", {"verdict": "right"})
    hub.tell("reading", {"sequence": 1})
    listener = hub.listen("me")
    assert listener is not None
    asyncio.run(drained(listener))
    hub.tell("wiring", {"verdict": "right"})
    hub.tell("reading", {"sequence": 1})
    assert asyncio.run(drained(listener)) == [("reading", {"sequence": 1})]


def test_what_is_no_longer_true_is_said_to_be_gone() -> None:
    hub = Hub()
    hub.tell("measurement", {"frequency_hz": 50.0})
    listener = hub.listen("me")
    assert listener is not None
    hub.forget("measurement", "reading")
    assert asyncio.run(drained(listener))[-1] == ("gone", {"kind": "measurement"})
    assert hub.latest("measurement") is None


def test_there_is_room_for_so_many_and_again_when_one_has_left() -> None:
    hub = Hub()
    listeners = [hub.listen(one) for one in range(MOST_LISTENERS)]
    assert None not in listeners
    assert hub.listen("me") is None
    first = listeners[0]
    assert first is not None
    first.close()
    assert hub.listen("me") is not None


def test_nobody_takes_all_the_room_by_himself() -> None:
    hub = Hub()
    his = [hub.listen("his") for _ in range(MOST_EACH)]
    assert None not in his
    assert hub.listen("his") is None
    assert hub.listen("hers") is not None
    first = his[0]
    assert first is not None
    first.close()
    assert hub.listen("his") is not None


def test_a_packet_is_one_event() -> None:
    assert encoded("status", {"text": "a\nb"}) == b'event: status\ndata: {"text":"a\\nb"}\n\n'


def test_what_a_meter_that_hangs_said_last_is_no_longer_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SILENT_S", 0.1)

    async def scenario() -> None:
        publisher, hub = Publisher(tmp_path / "feed"), Hub()
        following = asyncio.create_task(hub.follow_meter(tmp_path / "feed"))
        async with asyncio.timeout(10.0):
            while hub.latest("wiring") is None:
                publisher.publish("wiring", {"verdict": "right"})
                await asyncio.sleep(0.02)
            while hub.latest("wiring") is not None:  # noqa: ASYNC110 - whoever asks looks, too
                await asyncio.sleep(0.02)
        following.cancel()
        publisher.close()

    asyncio.run(scenario())


def test_a_session_or_a_token_leaves_room_for_others(tmp_path: Path) -> None:
    async def looked(unit: Unit) -> list[int]:
        reader = unit.with_token(Scope.READ)
        looks = [asyncio.create_task(reader.client.get(URL)) for _ in range(MOST_EACH)]
        await asyncio.sleep(0.2)
        found = [(await reader.client.get(URL)).status_code]
        theirs = asyncio.create_task(unit.owner.client.get(URL))
        await asyncio.sleep(0.2)
        assert not any(one.done() for one in looks)
        unit.access.tokens.revoke(unit.access.tokens.all()[0].id)
        unit.access.sessions.end_all()
        unit.parts.hub.tell("reading", {"sequence": 1})
        async with asyncio.timeout(10.0):
            return [*found, *[(await one).status_code for one in (theirs, *looks)]]

    with unit_at(tmp_path) as unit:
        assert unit.run(looked(unit)) == [503, *[200] * (MOST_EACH + 1)]
