"""The network in the web's process: begun when the unit knows who it is, held open, re-opened, wiped; its portal."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.ampguard.network.onbus import NEEDS_BUS, on_bus, until
from tests.ampguard.web.unit import Unit, unit_at

from ampguard import identity
from ampguard.live.publisher import Publisher
from ampguard.network.captive import PAGE, PROBES, SATISFIED, Probe
from ampguard.services.factory_reset import NETWORK_NOTE
from ampguard.services.power import BUS
from ampguard.services.web_network import UnitNetwork
from ampguard.settings.places import Places
from ampguard.web.live import Hub
from ampguard.web.network import Phone, ToPhone
from ampguard.web.refusal import RefusedError
from ampguard_drivers.eeprom.records import Calibration, Identity
from ampguard_drivers.frontend import Variant
from ampguard_drivers.simulated.board import ACCESS_POINT_PSK, SERIAL
from ampguard_hil.networkmanager.air import Router
from ampguard_hil.networkmanager.service import FakeService

OWN = b"AG_000001G"
HOME = Router(b"Home", "right password")


class Place:
    """A unit's folders, and who is signed in."""

    def __init__(self, folder: Path) -> None:
        (folder / "board.toml").write_text(f'name = "a board"\nkind = "simulated"\nsocket = "{folder}/none"\n')
        self.places = Places(folder / "data", folder / "run", folder / "board.toml")
        self.places.data.mkdir()
        self.places.run.mkdir()
        self.hub = Hub()
        self.sources: frozenset[str] = frozenset()
        self.network = UnitNetwork(self.places, self.hub, lambda: self.sources, None, logging.getLogger("web"))

    def introduce(self, psk: bytes | None = ACCESS_POINT_PSK, serial: str = SERIAL) -> None:
        """What the meter does when it starts."""
        unit = identity.Unit(Identity(serial, b"", Variant.HOME, psk), Calibration((), 0.0, 25.0, ""))
        identity.keep_card(self.places.identity, unit)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[UnitNetwork]:
        task = asyncio.create_task(self.network.run())
        try:
            yield self.network
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def told(self) -> dict[str, object]:
        """What the hub has of it."""
        return dict(self.hub.latest("network") or {})

    def is_open(self) -> bool:
        own = self.told().get("access_point")
        return isinstance(own, dict) and own["open"] is True

    def left_s(self) -> float:
        own = self.network.state()["access_point"]
        left_s = own["closes_in_s"] if isinstance(own, dict) else None
        return left_s if isinstance(left_s, int | float) else 0.0


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@asynccontextmanager
async def beside(place: Place, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[FakeService]:
    """A NetworkManager on the bus that the unit finds; not started."""
    async with on_bus(place.places.data) as fake:
        monkeypatch.setenv(BUS, fake.address)
        fake.air = [HOME]
        yield fake


@NEEDS_BUS
def test_the_network_begins_when_the_meter_has_told_the_serial(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        async with beside(place, monkeypatch) as fake:
            await fake.start()
            async with place.running() as network:
                with pytest.raises(RefusedError, match="does not know its serial"):
                    network.state()
                place.introduce()
                await until(place.is_open)
                assert fake.in_use() == OWN
                assert 590.0 < place.left_s() <= 600.0
                own = place.told()["access_point"]
                # what is old as soon as it is told is asked for instead
                assert isinstance(own, dict)
                assert "closes_in_s" not in own

    asyncio.run(scene())


@NEEDS_BUS
def test_a_unit_made_without_a_key_never_opens_its_access_point(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        place.introduce(psk=None)
        async with beside(place, monkeypatch) as fake:
            await fake.start()
            async with place.running() as network:
                await until(lambda: place.told().get("manager"))
                network.open_access_point("a test")
                network.join(HOME.ssid, "right password", None, "a test")
                await until(lambda: place.told()["join"] == "joined")
                assert fake.in_use() == HOME.ssid
                assert "AddAndActivateConnection2" in fake.asked

    asyncio.run(scene())


@NEEDS_BUS
def test_the_button_opens_the_access_point_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        place.introduce()
        lights = Publisher(place.places.lights_feed)
        async with beside(place, monkeypatch) as fake:
            await fake.start()
            async with place.running() as network:
                await until(place.is_open)
                network.close_access_point("a test")
                await until(lambda: not place.is_open())
                lights.publish("button", {"wish": "reboot"})
                lights.publish("lights", {"wish": "access-point"})
                await asyncio.sleep(1.2)
                assert not place.is_open()
                lights.publish("button", {"wish": "access-point"})
                await until(place.is_open)
        lights.close()

    asyncio.run(scene())


@NEEDS_BUS
def test_the_button_renews_one_that_is_open_and_pages_hear_of_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        place.introduce()
        monkeypatch.setattr("ampguard.services.web_network._power_on_s", _long_ago_s)
        lights = Publisher(place.places.lights_feed)
        async with beside(place, monkeypatch) as fake:
            await fake.start()
            async with place.running():
                await until(place.is_open)
                before = place.told()
                assert place.left_s() <= 240.0
                await asyncio.sleep(0.5)  # until the button is listened to
                lights.publish("button", {"wish": "access-point"})
                await until(lambda: place.told() != before)
                assert place.left_s() > 590.0
        lights.close()

    asyncio.run(scene())


def _long_ago_s(_places: Places) -> float:
    """A unit that was switched on some time ago: four minutes are left."""
    return time.monotonic() - 360.0


@pytest.mark.parametrize(("source", "wanted"), [("192.168.251.20", "held"), ("192.168.1.20", "not held")])
@NEEDS_BUS
def test_whoever_is_signed_in_over_it_holds_it_open(
    place: Place, monkeypatch: pytest.MonkeyPatch, source: str, wanted: str
) -> None:
    async def scene() -> None:
        place.introduce()
        monkeypatch.setattr("ampguard.services.web_network.HOLD_S", 0.05)
        async with beside(place, monkeypatch) as fake:
            await fake.start()
            monkeypatch.setattr("ampguard.services.web_network._power_on_s", _long_ago_s)
            async with place.running():
                await until(place.is_open)
                assert place.left_s() <= 240.0
                place.sources = frozenset({source})
                await asyncio.sleep(0.3)
                assert ("held" if place.left_s() > 290.0 else "not held") == wanted

    asyncio.run(scene())


@NEEDS_BUS
def test_a_factory_reset_leaves_no_network_behind(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        place.introduce()
        async with beside(place, monkeypatch) as fake:
            await fake.start()
            async with place.running() as network:
                await until(place.is_open)
                network.join(HOME.ssid, "right password", None, "a test")
                await until(lambda: place.told()["join"] == "joined")
                assert fake.saved() == [HOME.ssid]
            note = place.places.data / NETWORK_NOTE
            note.parent.mkdir(exist_ok=True)
            note.write_text("{}")
            async with place.running():
                await until(lambda: not note.exists())
                assert fake.saved() == []
                assert fake.in_use() != HOME.ssid

    asyncio.run(scene())


@NEEDS_BUS
def test_networks_that_cannot_be_forgotten_stay_noted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        place.introduce()
        note = place.places.data / NETWORK_NOTE
        async with beside(place, monkeypatch) as fake:
            await fake.start()
            async with place.running() as network:
                await until(place.is_open)
                network.join(HOME.ssid, "right password", None, "a test")
                await until(lambda: place.told()["join"] == "joined")
            note.parent.mkdir(exist_ok=True)
            note.write_text("{}")
            fake.refuses = {"Delete"}
            fake.asked.clear()
            async with place.running():
                await until(lambda: "Delete" in fake.asked)
                await asyncio.sleep(2.5)
                assert note.exists()
                fake.refuses = set()
                await until(lambda: not note.exists())
                assert fake.saved() == []

    asyncio.run(scene())


def test_a_serial_that_names_no_host_costs_the_network_but_not_the_page(place: Place) -> None:
    place.introduce(serial="A B")

    async def scene() -> None:
        async with place.running() as network:
            await asyncio.sleep(0.05)
            with pytest.raises(RefusedError, match="letters, digits and hyphens"):
                network.state()

    asyncio.run(scene())


def test_a_simulated_board_never_reaches_the_network_of_its_machine(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(BUS, raising=False)
    place.introduce()

    async def scene() -> None:
        async with place.running() as network:
            await until(place.told)
            assert place.told()["manager"] is False
            assert network.state()["manager"] is False

    asyncio.run(scene())


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Unit]:
    (tmp_path / "web").mkdir()
    place = Place(tmp_path)
    place.sources = frozenset({"192.0.2.8"})  # somebody else
    with unit_at(tmp_path / "web", network=place.network) as made:
        yield made


def probed(unit: Unit, probe: Probe, address: str = "192.168.251.1") -> tuple[int, str]:
    answer = unit.stranger.get(f"http://{address}{probe.path}", headers={"Host": probe.host})
    return answer.status_code, answer.headers.get("location", "")


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: f"{probe.system} {probe.host}{probe.path}")
def test_every_phone_on_the_access_point_is_led_to_the_page(portal: Unit, probe: Probe) -> None:
    assert probed(portal, probe) == (302, PAGE)
    assert probed(portal, Probe(probe.system, "192.168.251.1", probe.path)) == (302, PAGE)


def test_any_name_on_the_access_point_leads_to_the_page_and_the_page_itself_does_not(portal: Unit) -> None:
    assert probed(portal, Probe("", "example.com", "/sign-in")) == (302, PAGE)
    assert probed(portal, Probe("", "192.168.251.1", "/sign-in")) == (200, "")
    assert probed(portal, Probe("", "192.168.251.1:80", "/")) == (303, "/sign-in")


def test_on_another_network_nobody_is_led_anywhere(portal: Unit) -> None:
    for probe in PROBES:
        assert probed(portal, probe, "127.0.0.1") == (404, "")


def test_only_phones_that_stay_then_hear_that_all_is_well_and_only_after_signing_in(place: Place) -> None:
    place.sources = frozenset({"192.168.251.20"})
    for probe in PROBES:
        elsewhere = place.network.to_phone(probe.host, probe.path, "192.168.251.21")
        assert elsewhere == ToPhone(Phone.LED, PAGE)
        found = place.network.to_phone(probe.host, probe.path, "192.168.251.20")
        wanted = SATISFIED.get((probe.host, probe.path))
        assert found == (ToPhone(Phone.LED, PAGE) if wanted is None else ToPhone(Phone.CONTENT, wanted))
    assert {probe.system for probe in PROBES if (probe.host, probe.path) in SATISFIED} == {"iOS, macOS", "Firefox"}
    assert {(probe.host, probe.path) for probe in PROBES} >= SATISFIED.keys()


def test_what_a_phone_hears_is_what_it_wants_to_hear_to_the_letter(tmp_path: Path) -> None:
    (tmp_path / "web").mkdir()
    place = Place(tmp_path)
    place.sources = frozenset({"192.0.2.7"})
    with unit_at(tmp_path / "web", network=place.network) as unit:
        url = "http://192.168.251.1/hotspot-detect.html"
        answer = unit.stranger.get(url, headers={"Host": "captive.apple.com"})
        assert (answer.status_code, answer.text) == (
            200, "<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>",
        )  # fmt: skip
        assert answer.headers["cache-control"] == "no-store"
