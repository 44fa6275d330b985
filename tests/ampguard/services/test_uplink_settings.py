"""The uplink while settings change: destinations come and go, and what cannot be loaded changes nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from ampguard.live.publisher import Publisher
from ampguard.services import uplink
from ampguard.services.uplink import Uplink
from ampguard.settings.destinations import HttpsSettings, MqttSettings
from ampguard.settings.places import Places
from ampguard.settings.settings import Settings, load

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

LOG = logging.getLogger("test")
HERE, THERE = ('[mqtt]\nhost = "127.0.0.1"\nport = 1\n', '[mqtt]\nhost = "127.0.0.1"\nport = 2\n')
CLOUD = '[https]\nurl = "http://127.0.0.1:1"\n'


class Destination:
    """Where it goes is what it was made of; it is run, and at its end says farewell, once."""

    def __init__(self, story: list[str], name: str) -> None:
        self._story, self._name = story, name
        self.connected = False
        self.passed_over = 0

    async def run(self, serial: str) -> None:
        self._story.append(f"{self._name} runs for {serial}")
        try:
            await asyncio.Event().wait()
        finally:
            self._story.append(f"{self._name} ends")

    async def farewell(self) -> None:
        await asyncio.sleep(0)
        self._story.append(f"{self._name} says farewell")


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    told: list[str] = []

    def to_broker(_places: Places, settings: Settings, broker: MqttSettings, _log: object) -> Destination:
        return Destination(told, f"broker {broker.port} {','.join(sorted(settings.commands))}")

    def to_cloud(_places: Places, cloud: HttpsSettings, _log: object) -> Destination:
        return Destination(told, f"cloud {cloud.url}")

    monkeypatch.setattr(uplink, "_to_broker", to_broker)
    monkeypatch.setattr(uplink, "_to_cloud", to_cloud)
    monkeypatch.setattr(uplink, "LOOK_S", 0.01)
    return told


def during(places: Places, first: str, act: Callable[[Uplink], Awaitable[None]]) -> None:
    """An uplink that knows whom it speaks for."""
    places.settings.write_text(first)

    async def run() -> None:
        under_test = Uplink(places, LOG)
        under_test._serial = "AG1"
        under_test._introduced.set()
        bringing = asyncio.create_task(under_test._bring())
        try:
            await asyncio.sleep(0.05)
            await act(under_test)
        finally:
            bringing.cancel()
            await asyncio.gather(bringing, return_exceptions=True)
            under_test._feed.close()

    asyncio.run(run())


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(data=tmp_path, run=tmp_path, board=None)


async def put(places: Places, text: str) -> None:
    partial = places.settings.with_suffix(".written")
    partial.write_text(text)
    partial.replace(places.settings)
    await asyncio.sleep(0.2)


def test_another_broker_comes_after_the_first_one_has_been_left_in_order(places: Places, story: list[str]) -> None:
    async def act(_: Uplink) -> None:
        await put(places, HERE + CLOUD)
        await put(places, THERE + CLOUD)
        await put(places, CLOUD)

    during(places, HERE, act)
    cloud = "cloud http://127.0.0.1:1"
    assert story == [
        "broker 1  runs for AG1",
        f"{cloud} runs for AG1",
        "broker 1  ends", "broker 1  says farewell", "broker 2  runs for AG1",
        "broker 2  ends", "broker 2  says farewell",
        f"{cloud} ends",
    ]  # fmt: skip


def test_what_may_be_asked_is_told_to_the_broker_anew(places: Places, story: list[str]) -> None:
    async def act(_: Uplink) -> None:
        await put(places, HERE + '[commands]\nallow = ["ping"]\n')

    during(places, HERE, act)
    assert story[1:4] == ["broker 1  ends", "broker 1  says farewell", "broker 1 ping runs for AG1"]


def test_what_does_not_concern_it_changes_nothing(places: Places, story: list[str]) -> None:
    async def act(_: Uplink) -> None:
        await put(places, "main_fuse_a = 35\n" + HERE)
        assert story == ["broker 1  runs for AG1"]

    during(places, HERE, act)


def test_settings_that_cannot_be_loaded_change_nothing_and_are_said(
    places: Places, story: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def act(under_test: Uplink) -> None:
        version = under_test._changes.version
        await put(places, '[mqtt]\nhost = ""\n')
        assert story == ["broker 1  runs for AG1"]
        assert under_test._changes.version == version
        await put(places, THERE)

    during(places, HERE, act)
    assert "the settings that are in force count on" in caplog.text
    assert story[-2:] == ["broker 2  runs for AG1", "broker 2  ends"]


def test_where_there_is_nothing_to_send_to_it_waits_for_something(
    places: Places, story: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def act(_: Uplink) -> None:
        assert story == []
        await put(places, HERE)
        assert story == ["broker 1  runs for AG1"]

    during(places, "", act)
    assert "neither [mqtt] nor [https]: nothing is sent" in caplog.text


def test_the_certificate_is_renewed_only_where_there_is_one(places: Places, story: list[str]) -> None:
    enrolled = '[mqtt]\nhost = "127.0.0.1"\nenrolled = true\n'

    async def act(under_test: Uplink) -> None:
        assert under_test._renewal is None
        await put(places, enrolled)
        assert under_test._renewal is not None
        await put(places, HERE)
        assert under_test._renewal is None

    during(places, HERE, act)
    assert len(story) == 8


def test_a_destination_that_fails_ends_the_process(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    places.settings.write_text(HERE)
    monkeypatch.setattr(uplink, "LOOK_S", 0.01)

    async def run() -> None:
        under_test = Uplink(places, LOG)
        feed = Publisher(places.live_feed)
        under_test._settings = load(places.settings)

        async def fails(_: object) -> None:
            raise RuntimeError("a defect")

        monkeypatch.setattr(under_test, "_bring_to", fails)
        try:
            await under_test.run()
        finally:
            feed.close()

    with pytest.raises(RuntimeError, match="a defect"):
        asyncio.run(run())
