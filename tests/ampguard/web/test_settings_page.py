"""The settings in a real browser: what does not fit is said before it is saved, what is saved is followed."""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
import uvicorn
from playwright.sync_api import Locator, Page, expect
from tests.ampguard.web.unit import SERIAL, parts_at
from tests.browser import chromium

from ampguard.errors import SetupError
from ampguard.readings import Json
from ampguard.settings.history import By, Means
from ampguard.settings.settings import content, load, parsed
from ampguard.settings.values import mark
from ampguard.web.access.ledger import Since
from ampguard.web.application import application

pytestmark = pytest.mark.timeout(300)
PATIENCE_MS = 30_000.0
FOLLOWS_S = 0.1
OTHER = By(Means.TOKEN, "another one")
PASSWORD = "hunter2-of-the-broker"


class Place:
    """A unit's web, with somebody who follows the settings as the meter and the uplink do."""

    def __init__(self, folder: Path) -> None:
        self.parts, self._access = parts_at(folder)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self.cookie, _ = self._access.sessions.begin("http", "127.0.0.1", Since((), 0))
        self.follows = True
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server = uvicorn.Server(
            uvicorn.Config(application(self.parts), http="h11", ws="none", lifespan="off", log_config=None)
        )
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        following = asyncio.create_task(self._follow())
        await self._server.serve([self._door])
        following.cancel()

    async def _follow(self) -> None:
        unit = {"ct_set": "blue 7", "rated_current_a": 63.0}
        while True:
            if self.follows:
                version = mark(content(self.parts.places.settings))
                self.parts.hub.tell("status", {"serial": SERIAL, "settings": version, "unit": unit})
                uplink = {"communication": "network", "session": None, "settings": version}
                self.parts.hub.tell("uplink", uplink)
            await asyncio.sleep(FOLLOWS_S)

    def soon(self, work: Callable[[], object]) -> None:
        """In the web's own thread."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(work)

    def restarted(self) -> None:
        """As after a restart: connections end, and nobody is signed in."""
        self._access.sessions.end_all()
        for one in tuple(self._server.server_state.connections):
            one.transport.abort()

    def stop(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join()
        self._door.close()
        self._access.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    found.stop()


@pytest.fixture
def page(place: Place) -> Iterator[Page]:
    """An installer's phone, on the page; it must complain of nothing but refusals."""
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=place.url)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "ampguard", "value": place.cookie, "url": place.url}])
        found = context.new_page()
        complaints: list[str] = []
        found.on("pageerror", lambda why: complaints.append(str(why)))
        found.goto("/installation")
        expect(found.locator("[data-unit=ct_set]")).to_have_text("blue 7", timeout=PATIENCE_MS)
        expect(found.locator('#electrical [name="voltage_terminals.which"][value=all]')).to_be_checked()
        yield found
    assert complaints == []


def said(page: Page, form: str) -> Locator:
    return page.locator(f"#{form} [data-said]")


def unfold(page: Page, group: str) -> None:
    page.locator(f"#{group} > details > summary").click()


def is_open(page: Page, group: str) -> bool:
    return page.locator(f"#{group} > details").get_attribute("open") is not None


def test_what_few_need_is_folded_until_it_is_set_linked_to_or_wrong(page: Page, place: Place) -> None:
    groups = ("cloud", "broker", "asking")
    assert [is_open(page, one) for one in groups] == [False, False, False]
    expect(page.locator("#electrical form")).to_be_visible()
    expect(page.locator("#wiring")).to_be_visible()

    page.locator("#steps [data-step=cloud] a").click()
    expect(page.locator("#set-https-url")).to_be_visible()
    expect(page.locator("#cloud")).to_be_in_viewport()
    unfold(page, "cloud")
    expect(page.locator("#set-https-url")).to_be_hidden()
    page.locator("#steps [data-step=cloud] a").click()  # to where one is already
    expect(page.locator("#set-https-url")).to_be_visible()

    page.locator("#set-https-url").fill("https://cloud.example")
    page.locator("#cloud form details summary").click()
    page.locator("#set-https-batch-s").fill("0")
    for folded in ("details form details", "details"):  # from within, as a finger does
        page.locator(f"#cloud > {folded}").evaluate("(one) => { one.open = false; }")
    page.locator("#cloud form.settings").evaluate("(one) => one.requestSubmit()")
    expect(page.locator("#set-https-batch-s")).to_be_focused()
    expect(page.locator("#set-https-batch-s")).to_be_visible()

    place.parts.settings.change({"mqtt.host": "broker", "commands.allow": ("ping",)}, OTHER)
    page.goto("/")
    page.goto("/installation")
    assert [is_open(page, one) for one in groups] == [False, True, True]
    page.goto("/")
    page.goto("/installation#cloud")
    expect(page.locator("#set-https-url")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.goto("/")
    page.goto("/installation#wiring")
    expect(page.locator("#by-hand")).to_be_hidden()  # it is led to, and not what is in it


def test_the_cloud_is_said_to_be_reached_only_where_it_is(page: Page, place: Place) -> None:
    place.parts.settings.change({"mqtt.host": "broker", "https.url": "https://cloud.example"}, OTHER)
    place.follows = False
    page.wait_for_timeout(3.0 * FOLLOWS_S * 1000.0)
    page.reload()
    cloud, broker = (page.locator(f"#{group} [data-link]") for group in ("cloud", "broker"))
    told: dict[str, Json] = {"communication": "connected", "session": "connected", "cloud": True}
    for reached, word in ((False, "Not connected."), (True, "Connected.")):
        place.soon(lambda is_so=reached: place.parts.hub.tell("uplink", told | {"cloud_connected": is_so}))
        expect(cloud).to_have_text(word, timeout=PATIENCE_MS)
        expect(broker).to_have_text("Connected.", timeout=PATIENCE_MS)


def test_why_broker_and_cloud_are_not_reached_is_said_until_they_are(page: Page, place: Place) -> None:
    place.parts.settings.change({"mqtt.host": "broker", "https.url": "https://cloud.example"}, OTHER)
    place.follows = False
    page.wait_for_timeout(3.0 * FOLLOWS_S * 1000.0)
    page.reload()
    cloud, broker = (page.locator(f"#{group} [data-link]") for group in ("cloud", "broker"))
    told: dict[str, Json] = {"communication": "network", "cloud": True, "cloud_connected": False}
    why: dict[str, Json] = {"broker_trouble": "broker:1883: Name or service not known", "cloud_trouble": "refused"}
    for session in ("waiting", "connecting"):
        place.soon(lambda now=session: place.parts.hub.tell("uplink", told | why | {"session": now}))
        said = "Not connected; it will be tried again: broker:1883: Name or service not known"
        expect(broker).to_have_text(said, timeout=PATIENCE_MS)
        expect(cloud).to_have_text("Not connected; it will be tried again: refused", timeout=PATIENCE_MS)
    well = {"communication": "connected", "session": "connected", "broker_trouble": None}
    place.soon(lambda: place.parts.hub.tell("uplink", told | why | well))
    expect(broker).to_have_text("Connected.", timeout=PATIENCE_MS)


def update(page: Page, form: str) -> None:
    page.locator(f"#{form} form.settings [type=submit]").click()


def test_an_installer_says_what_the_building_is_and_takes_it_back(page: Page, place: Place) -> None:
    expect(page.locator("#steps [data-step=electrical] .state")).to_have_text("to do")
    page.get_by_role("button", name="35 A").click()
    page.get_by_label("Three phases without N").check()
    expect(page.get_by_role("button", name="400 V")).to_be_visible()
    expect(page.get_by_role("button", name="120 V")).to_be_hidden()
    page.get_by_role("group", name="Generation on site").get_by_label("No", exact=True).check()
    update(page, "electrical")
    expect(said(page, "electrical")).to_have_text("Saved, and the meter has taken it up.", timeout=PATIENCE_MS)
    expect(page.locator("#steps [data-step=electrical] .state")).to_have_text("done", timeout=PATIENCE_MS)
    now = load(place.parts.places.settings)
    assert (now.main_fuse_a, now.grid_type, now.generation_on_site, now.nominal_voltage_v) == (35.0, "it", False, None)
    page.get_by_role("button", name="Undo this change").click()
    expect(said(page, "electrical")).to_have_text("Taken back.", timeout=PATIENCE_MS)
    expect(page.get_by_label("Main fuse (A)")).to_have_value("")
    assert load(place.parts.places.settings).main_fuse_a is None
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_wrong_number_is_said_at_its_field_and_nothing_is_saved(page: Page, place: Place) -> None:
    page.get_by_label("Main fuse (A)").fill("0.5")
    update(page, "electrical")
    expect(page.locator("#set-main-fuse-a-wrong")).to_have_text("A number from 1 to 1000 A.")
    expect(page.get_by_label("Main fuse (A)")).to_be_focused()
    expect(page.get_by_label("Main fuse (A)")).to_have_attribute("aria-invalid", "true")
    assert not place.parts.places.settings.exists()
    page.get_by_label("Main fuse (A)").fill("80")
    page.get_by_label("Nominal voltage (V)").focus()
    expect(page.locator("#set-main-fuse-a-wrong")).to_have_text("")
    expect(page.locator("#fuse-beyond")).to_contain_text("up to 63 A")
    update(page, "electrical")
    taken = "Saved, and the meter has taken it up.This unit measures up to 63 A on each phase"
    expect(said(page, "electrical")).to_contain_text(taken, timeout=PATIENCE_MS)
    assert load(place.parts.places.settings).main_fuse_a == 80.0
    page.get_by_label("Main fuse (A)").fill("63")
    update(page, "electrical")
    expect(said(page, "electrical")).to_have_text("Saved, and the meter has taken it up.", timeout=PATIENCE_MS)


def test_what_only_the_unit_can_refuse_is_said_at_its_field_too(page: Page) -> None:
    unfold(page, "cloud")
    page.locator("#cloud form details summary").click()
    page.get_by_label("Address of the cloud").fill("https://cloud.example")
    page.get_by_label("Proxy").fill("ftp://x")
    update(page, "cloud")
    wrong = page.locator("#set-https-proxy-wrong")
    expect(wrong).to_contain_text("The way out, where there is one: http://name:port.", timeout=PATIENCE_MS)
    expect(wrong.locator("[lang=en]")).to_contain_text("wanted http://name:port")
    expect(page.get_by_label("Proxy")).to_be_focused()


def test_who_is_overtaken_sees_what_is_different_and_may_save_all_the_same(page: Page, place: Place) -> None:
    place.parts.settings.change({"main_fuse_a": 35.0, "mqtt.host": "broker", "mqtt.password": PASSWORD}, OTHER)
    expect(page.get_by_label("Main fuse (A)")).to_have_value("35", timeout=PATIENCE_MS)
    place.follows = False
    page.wait_for_timeout(3.0 * FOLLOWS_S * 1000.0)
    page.get_by_label("Main fuse (A)").fill("40")
    place.parts.settings.change({"main_fuse_a": 63.0, "generation_on_site": True, "mqtt.password": "x"}, OTHER)
    update(page, "electrical")
    expect(said(page, "electrical")).to_contain_text("Main fuse: 35 → 63", timeout=PATIENCE_MS)
    expect(said(page, "electrical")).to_contain_text("Generation on site: not set → yes")
    assert PASSWORD not in page.content()
    expect(page.get_by_label("Main fuse (A)")).to_have_value("40")
    assert load(place.parts.places.settings).main_fuse_a == 63.0
    place.follows = True
    update(page, "electrical")
    expect(said(page, "electrical")).to_have_text("Saved, and the meter has taken it up.", timeout=PATIENCE_MS)
    now = load(place.parts.places.settings)
    assert (now.main_fuse_a, now.generation_on_site) == (40.0, True)


def test_a_change_of_another_part_stands_in_nobodys_way(page: Page, place: Place) -> None:
    place.follows = False
    page.wait_for_timeout(3.0 * FOLLOWS_S * 1000.0)
    place.parts.settings.change({"mqtt.host": "broker"}, OTHER)
    page.get_by_label("Main fuse (A)").fill("40")
    update(page, "electrical")
    expect(said(page, "electrical")).to_contain_text("Saved", timeout=PATIENCE_MS)
    assert load(place.parts.places.settings).main_fuse_a == 40.0


def test_a_meter_that_does_not_follow_is_said_not_to(page: Page, place: Place) -> None:
    place.follows = False
    page.wait_for_timeout(3.0 * FOLLOWS_S * 1000.0)
    page.get_by_label("Main fuse (A)").fill("40")
    update(page, "electrical")
    late = "Saved, but the meter has not taken it up yet. Its log says why."
    expect(said(page, "electrical")).to_have_text(late, timeout=PATIENCE_MS)


def test_a_password_is_set_replaced_and_cleared_and_never_shown(page: Page, place: Place) -> None:
    unfold(page, "broker")
    page.get_by_label("Name or address of the broker").fill("broker")
    password = page.locator("#set-mqtt-password")
    password.fill(PASSWORD)
    update(page, "broker")
    expect(password).to_have_attribute("placeholder", "is set; type to replace it", timeout=PATIENCE_MS)
    expect(password).to_have_value("")
    expect(said(page, "broker")).to_have_text("Saved, and the sender has taken it up.", timeout=PATIENCE_MS)
    broker = load(place.parts.places.settings).mqtt
    assert broker is not None
    assert broker.password == PASSWORD
    page.locator("#broker [data-field='mqtt.password'] [data-clear]").check()
    update(page, "broker")
    expect(password).to_have_attribute("placeholder", "is not set", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Send nothing there any more").click()
    expect(page.get_by_label("Name or address of the broker")).to_have_value("", timeout=PATIENCE_MS)
    assert load(place.parts.places.settings).mqtt is None


def test_a_file_is_shown_as_what_it_is_and_can_only_be_cleared(page: Page, place: Place) -> None:
    place.parts.settings.change({"mqtt.host": "broker", "mqtt.tls_ca_file": "/etc/a.pem"}, OTHER)
    page.reload()
    page.locator("#broker").get_by_text("Certificates and more").click()
    field = page.locator('[data-field="mqtt.tls_ca_file"]')
    expect(field.locator("code")).to_have_text("/etc/a.pem", timeout=PATIENCE_MS)
    expect(field.locator("input:not([type=checkbox])")).to_have_count(0)
    expect(field).to_contain_text("ampguard settings set mqtt.tls_ca_file=")
    field.get_by_label("Clear it").check()
    update(page, "broker")
    expect(said(page, "broker")).to_have_text("Saved, and the sender has taken it up.", timeout=PATIENCE_MS)
    expect(field.locator("code")).to_have_text("is not set")
    expect(field.get_by_label("Clear it")).to_be_hidden()
    broker = load(place.parts.places.settings).mqtt
    assert broker is not None
    assert (broker.host, broker.tls_ca_file) == ("broker", None)


def test_settings_that_somebody_broke_can_be_gone_back_from(page: Page, place: Place) -> None:
    place.parts.settings.change({"main_fuse_a": 35.0}, OTHER)
    place.parts.places.settings.write_text("main_fuse_a = [")
    page.reload()
    page.get_by_role("button", name="Go back to the last settings that could be read").click()
    expect(page.get_by_label("Main fuse (A)")).to_have_value("35", timeout=PATIENCE_MS)
    expect(page.locator("#settings-broken")).to_be_hidden()


def test_the_page_says_of_the_terminals_just_what_the_unit_would(page: Page) -> None:
    grids = ("three-phase", "single-phase", "split-phase", "it")
    phases = ("L1", "L2", "L3")
    chosen = [list(some) for size in (1, 2, 3) for some in itertools.combinations(phases, size)]
    cases = [
        {
            "grid_type": grid, "generation_on_site": generation, "voltage_terminals": some,
            **{f"wiring.voltages.l{number + 1}": one for number, one in enumerate(order)},
        }
        for grid in (None, *grids)
        for generation in (None, False, True)
        for some in (None, *chosen)
        for order in itertools.permutations(phases)
    ]  # fmt: skip
    answers = page.evaluate(
        """async (cases) => {
          const { terminals } = await import("/static/fitting.js");
          return cases.map((one) => terminals(one, document.getElementById("settings")));
        }""",
        cases,
    )
    refused = [_is_refused(case) for case in cases]
    assert 100 < sum(refused) < len(cases)
    assert [bool(one) for one in cast("list[str]", answers)] == refused


def _is_refused(case: Mapping[str, object]) -> bool:
    lines = [f"{key} = {_written(value)}" for key, value in case.items() if value is not None]
    lines += [f'wiring.clamps.l{number} = "L{number}"' for number in (1, 2, 3)]
    try:
        parsed(Path("settings"), "\n".join(lines).encode())
    except SetupError as why:
        return "voltage_terminals" in str(why)
    return False


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
