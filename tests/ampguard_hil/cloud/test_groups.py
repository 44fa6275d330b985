"""Groups on their way to a unit over a real broker: asked until answered, led while heard, and shown to their owner."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from tests.ampguard.uplink.mosquitto import broker, needs_mosquitto
from tests.ampguard_hil.cloud.test_orders import House
from tests.ampguard_hil.cloud.test_pages import Page, browser, form_token
from tests.ampguard_hil.cloud.world import SERIAL, Cloud, cloud

from ampguard.uplink import message
from ampguard.uplink.documents import examples
from ampguard_hil.cloud import groups
from ampguard_hil.cloud.demonstration import OWNER
from ampguard_hil.cloud.groups import GroupService
from ampguard_hil.ports import HOST, free_port
from ampguard_hil.processes import wait_until

pytestmark = needs_mosquitto
PATIENCE_S = 15.0
HALO = "2611000001M"


class Unit:
    """The other end of the wire: it says that it is there, and answers as a test wants."""

    def __init__(self, port: int) -> None:
        self.answers: list[dict[str, object]] = []
        """One for each order; none: silence."""
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe([
            (message.topic(SERIAL, lane), 1) for lane in ("command/group", "limits")
        ])  # fmt: skip
        self._client.on_message = self._took
        self._client.reconnect_delay_set(1, 1)
        self._client.connect(HOST, port)
        self._client.loop_start()

    def say(self, lane: str, body: object, *, retained: bool = False) -> None:
        self._client.publish(message.topic(SERIAL, lane), json.dumps(body), 1, retained)

    def of(self, lane: str) -> list[dict[str, Any]]:
        return [body for name, body in tuple(self.heard) if name == lane]

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _took(self, _client: paho.Client, _data: object, arrived: paho.MQTTMessage) -> None:
        lane = arrived.topic.split("/", 2)[2]
        body = json.loads(arrived.payload)
        self.heard.append((lane, body))
        if lane == "command/group" and self.answers:
            self.say("response/group", {"correlation": body["correlation"], **self.answers.pop(0)})


class Bench:
    """A store, a broker, a unit, and the service between them."""

    def __init__(self, folder: Path, port: int) -> None:
        self.house = House(str(folder / "cloud.sqlite"))
        self.port = port
        logger = logging.getLogger("test")
        self.service = GroupService(self.house.orders, (HOST, port), MQTTProtocolVersion.MQTTv5, logger)
        self._thread = threading.Thread(target=self.service.run)
        self._thread.start()
        self.unit = Unit(port)
        until(self._listens)

    def close(self) -> None:
        self.unit.close()
        self.service.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        self.house.registry.close()

    def delivery(self) -> tuple[str | None, str | None]:
        found = self.house.orders.on_the_unit(self.house.group()).delivery
        return (None, None) if found is None else (found.status, found.reason)

    def _listens(self) -> bool:
        """Whether the service has subscribed: what is said before that reaches nobody."""
        self.unit.say("balance", {"active": False, "fault": None, "rung": None, "leader": None, "chargers": []})
        return self.house.orders.on_the_unit(self.house.group()).state is not None

    def is_there(self) -> None:
        self.unit.say("state", {"online": True}, retained=True)


def until(condition: Callable[[], bool]) -> None:
    assert wait_until(condition, PATIENCE_S)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    for name, value_s in (("LOOK_S", 0.1), ("AGAIN_S", 0.5), ("RENEWED_S", 0.4)):
        monkeypatch.setattr(groups, name, value_s)
    port = free_port()
    with broker(tmp_path, port):
        found = Bench(tmp_path, port)
        try:
            yield found
        finally:
            found.close()


def test_a_group_is_asked_for_until_the_unit_answers(bench: Bench) -> None:
    assert not wait_until(lambda: bool(bench.unit.of("command/group")), 0.5), "it is not there"
    bench.is_there()
    until(lambda: len(bench.unit.of("command/group")) >= 2)
    first, again = bench.unit.of("command/group")[:2]
    assert first == again, "the same correlation: it is done once"
    assert first["arguments"]["group"]["chargers"][0]["id"] == HALO
    bench.unit.answers = [{"status": "refused", "reason": "busy: report is under way"}, {"status": "done"}]
    until(lambda: bench.delivery() == ("done", None))
    count = len(bench.unit.of("command/group"))
    assert not wait_until(lambda: len(bench.unit.of("command/group")) > count, 1.0)


def test_a_refusal_is_shown_and_stands_until_the_group_is_another_one(bench: Bench) -> None:
    bench.unit.answers = [{"status": "refused", "reason": "not allowed"}, {"status": "done", "reason": None}]
    bench.is_there()
    until(lambda: bench.delivery() == ("refused", "not allowed"))
    assert not wait_until(lambda: len(bench.unit.of("command/group")) > 1, 1.0)
    bench.house.change(max_current_online_a=18.0)
    until(lambda: bench.delivery() == ("done", None))
    assert bench.unit.of("command/group")[-1]["arguments"]["group"]["max_online_a"] == 18.0


def test_what_the_unit_tells_is_kept_and_nonsense_ends_nothing(bench: Bench) -> None:
    bench.unit.say("balance", [1, 2])
    bench.unit.say("balance", {"active": "perhaps"})
    bench.unit.say("why", {"sentence": "x" * 5000})
    bench.unit.say("response/group", {"correlation": 7})
    bench.unit.say("balance", json.loads(examples.payload("balance")))
    bench.unit.say("why", json.loads(examples.payload("why")))
    until(lambda: bool(bench.house.orders.on_the_unit(bench.house.group()).changes))
    seen = bench.house.orders.on_the_unit(bench.house.group())
    assert seen.state is not None
    assert seen.state.told.chargers[0].current_a.l3 == 13.2
    assert seen.changes[0].told.sentence.startswith("16.0 -> 13.2 A")


def test_limits_are_leases_and_end_with_what_is_heard(bench: Bench) -> None:
    bench.house.change(cloud_balancing=True)
    bench.unit.answers = [{"status": "done", "reason": None}]
    bench.is_there()
    until(lambda: bench.delivery() == ("done", None))
    state = json.loads(examples.payload("balance"))
    state["chargers"][0] |= {"id": HALO, "held_a": 10.0}
    reading = {"current_rms_a": dict.fromkeys(("l1", "l2", "l3"), 12.0), "power_factor_ratio": {}}

    def told_more(count: int) -> bool:
        bench.unit.say("balance", state)
        bench.unit.say("live", reading)
        return len(bench.unit.of("limits")) >= count

    until(lambda: told_more(3))
    lease = bench.unit.of("limits")[-1]
    assert lease["valid_s"] == groups.VALID_S
    assert set(lease["limits_a"]) == {HALO}
    stamps = [one["issued_utc"] for one in bench.unit.of("limits")]
    assert stamps == sorted(set(stamps))
    bench.house.change(cloud_balancing=False)
    until(lambda: not bench.house.orders.led())
    wait_until(lambda: False, 0.3)
    count = len(bench.unit.of("limits"))
    assert not wait_until(lambda: told_more(count + 1), 1.5)


# ---------------------------------------------------------------- the page and the REST API


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("groups") / "cloud.sqlite") as found:
        yield found


def test_the_page_shows_what_the_unit_made_of_it_and_asks_again(served: Cloud) -> None:
    orders = served.registry.orders
    with browser(served, OWNER) as client:
        found = re.search(r"/groups/[0-9a-f]{16}", client.get("/groups").text)
        assert found is not None
        place = found[0]
        assert "On the unit" not in client.get(place).text
        [order] = orders.due()
        assert "has not answered yet" in client.get(place).text
        orders.answered(SERIAL, order.correlation, "refused", "<b>not</b> allowed")
        assert "&lt;b&gt;not&lt;/b&gt; allowed" in client.get(place).text
        with served.client(OWNER) as api:
            assert api.get(f"/v1{place}/unit").json()["delivery"]["reason"] == "<b>not</b> allowed"
            assert api.post(f"/v1{place}/send").status_code == 204
        answer = client.post(f"{place}/send", data={"form_token": form_token(client)})
        assert "The unit is asked again." in answer.text
        [order] = orders.due()
        orders.answered(SERIAL, order.correlation, "done", None)
        told = groups.UnitGroup.model_validate_json(examples.payload("balance"))
        orders.stands(SERIAL, told)
        orders.changed(SERIAL, groups.LimitChange.model_validate_json(examples.payload("why")))
        text = client.get(place).text
        for words in ("The unit has taken it", "This cloud leads", "Place 1", ">13.2</b> A", "would have carried more"):
            assert words in text
        page = Page(text)
        assert ([field for field in page.fields if field not in page.labels], page.outside, page.inline) == ([], [], [])
        filled = {"form_token": form_token(client), "name": "x", "balancer_version": "2"}
        assert "the kind of the main fuse is not stated" in client.post(place, data=filled).text
