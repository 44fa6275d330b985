"""The reference cloud's pages in a real browser, beside a unit that works: an owner's first ten minutes."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect
from tests.browser import chromium
from tests.system.unit import PATIENCE_S

from ampguard_drivers.simulated.board import SERIAL
from ampguard_hil.box import Box
from ampguard_hil.broker import Broker
from ampguard_hil.cloud.demonstration import OWNER, made
from ampguard_hil.cloud.place import Cloud, HttpsCloud
from ampguard_hil.cloud.registry import Registry
from ampguard_hil.ports import free_port
from ampguard_hil.processes import wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
PATIENCE_MS = PATIENCE_S * 1000.0
NEW_PIN = "12345678"


class Place:
    """A unit, its broker, a cloud that takes its readings, and one that shows them."""

    def __init__(self, folder: Path) -> None:
        self.registry = Registry(folder / "cloud.sqlite")
        self.world = made(self.registry, SERIAL)
        self.broker = Broker(folder, free_port())
        self.cloud = Cloud(folder, self.broker)
        shown = folder / "shown"
        shown.mkdir()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.pages = HttpsCloud(shown, port, store=self.cloud.store)
        self.box = Box(folder, "steady")

    def start(self) -> None:
        self.broker.start()
        self.cloud.process.start()
        self.pages.start()
        self.box.settle(self.broker, generation_on_site=False)
        self.box.power_on().close()
        self.box.boot()
        assert wait_until(lambda: bool(self.cloud.committed(SERIAL)), PATIENCE_S)

    def stop(self) -> None:
        self.box.stop()
        self.pages.process.stop()
        self.cloud.process.stop()
        self.broker.stop()
        self.registry.close()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="ag-", ignore_cleanup_errors=True) as folder:
        found = Place(Path(folder))
        with contextlib.ExitStack() as started:
            started.callback(found.stop)
            found.start()
            yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(params=[(390, 844), (1280, 900)], ids=["phone", "desk"])
def page(browser: Browser, place: Place, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Somebody's browser; it must ask nobody else, and complain of nothing."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, base_url=place.url)
    context.set_default_timeout(PATIENCE_MS)
    found = context.new_page()
    complaints: list[str] = []
    foreign: list[str] = []

    def said(message: ConsoleMessage) -> None:
        # a refusal that is shown on the page is also an error of the network to the browser
        if message.type in {"error", "warning"} and not re.search("status of 4(09|22)", message.text):
            complaints.append(message.text)

    def asked(sent: Request) -> None:
        if not sent.url.startswith(place.url):
            foreign.append(sent.url)

    found.on("console", said)
    found.on("pageerror", lambda why: complaints.append(str(why)))
    found.on("request", asked)
    yield found
    context.close()
    assert (complaints, foreign) == ([], [])


def sign_in(page: Page, place: Place) -> None:
    page.goto("/")
    page.get_by_label("E-mail").fill(OWNER)
    page.get_by_label("Password").fill(place.world.password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Measurement devices", timeout=PATIENCE_MS)


def fits(page: Page) -> bool:
    """Nothing is wider than the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_an_owner_sees_the_readings_as_they_come(page: Page, place: Place) -> None:
    sign_in(page, place)
    assert fits(page)
    page.get_by_role("link", name="Main switch").click()
    voltage = page.locator("tr[data-phase=l1] [data-value=voltage_rms_v]")
    expect(voltage).to_have_text(re.compile(r"2[0-9]{2}\.[0-9]"), timeout=PATIENCE_MS)
    last = page.locator("#last").text_content() or ""
    expect(page.locator("#last")).not_to_have_text(last, timeout=PATIENCE_MS)
    expect(page.locator("#state")).to_have_text("online")
    expect(page.locator("#completeness")).to_contain_text("no second missing between", timeout=PATIENCE_MS)
    expect(page.locator("#chart svg path.curve")).to_have_count(3, timeout=PATIENCE_MS)
    page.get_by_text("Voltage", exact=True).last.click()
    page.get_by_text("Day", exact=True).click()
    expect(page.locator("#caption")).to_contain_text("Voltage in the last day, V: L1 2", timeout=PATIENCE_MS)
    assert fits(page)


def test_a_device_is_added_by_its_label_and_a_group_is_activated_when_it_is_complete(page: Page, place: Place) -> None:
    operator = place.registry.people.sign_in("operator@example.org", place.world.password).actor
    width = page.viewport_size["width"] if page.viewport_size else 0
    serial, charger = f"26110{width:05}G", f"26110{width:05}M"
    place.registry.equipment.register_device(operator, serial, NEW_PIN, "home")
    place.registry.equipment.register_charger(operator, charger, NEW_PIN)
    sign_in(page, place)
    add_equipment(page, serial, charger)
    complete_a_group(page, f"Yard {width}", serial)
    page.get_by_role("link", name="Changes").click()
    expect(page.get_by_text(f"Group Yard {width}: active")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Sign out").click()
    page.goto("/devices")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in", timeout=PATIENCE_MS)


def add_equipment(page: Page, serial: str, charger: str) -> None:
    """A device, with a wrong PIN first, and a charger."""
    page.get_by_role("link", name="Add a device").click()
    page.get_by_label("Serial").fill(serial)
    page.get_by_label("PIN").fill("87654321")
    page.get_by_label("Name").fill("Garage")
    page.get_by_label("Main fuse").fill("35")
    page.get_by_role("button", name="Add the device").click()
    expect(page.get_by_role("alert")).to_have_text("the serial or the PIN is wrong", timeout=PATIENCE_MS)
    page.get_by_label("PIN").fill(NEW_PIN)
    page.get_by_role("button", name="Add the device").click()
    expect(page.get_by_role("status")).to_have_text("It is yours now.", timeout=PATIENCE_MS)

    page.get_by_role("link", name="Chargers").click()
    page.get_by_role("link", name="Add a charger").click()
    page.get_by_label("Serial").fill(charger)
    page.get_by_label("Password").fill(NEW_PIN)
    page.get_by_label("Name").fill("Halo yard")
    page.get_by_label("offline current limit").fill("6")
    page.get_by_label("offline phase").select_option("L3")
    page.get_by_role("button", name="Add the charger").click()
    expect(page.get_by_role("status")).to_have_text("It is yours now.", timeout=PATIENCE_MS)


def complete_a_group(page: Page, name: str, serial: str) -> None:
    """One that is refused until nothing is missing."""
    page.get_by_role("link", name="Groups").click()
    page.get_by_role("link", name="Add a group").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("alert")).to_contain_text("no measurement device is chosen", timeout=PATIENCE_MS)
    assert fits(page)
    page.get_by_label("Measurement device").select_option(serial)
    page.get_by_label("Chargers included").select_option("yes")
    page.get_by_label("Phases").select_option("L3,L2,L1")
    page.get_by_label("Kind of the main fuse").select_option("gG")
    for label, value in (("Supply max", "35"), ("meter online", "30"), ("meter offline", "10"), ("Min current", "4")):
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Save the parameters").click()
    expect(page.get_by_role("alert")).to_contain_text("min_current_a: wanted 6 to 32 A, met 4 A", timeout=PATIENCE_MS)
    expect(page.get_by_label("Supply max")).to_have_value("35")
    page.get_by_label("Min current").fill("6")
    page.get_by_role("button", name="Save the parameters").click()
    expect(page.locator("#missing li")).to_have_text(["No charger is in the group."], timeout=PATIENCE_MS)
    page.get_by_label("Halo yard").and_(page.locator("input:not([disabled])")).check()
    page.get_by_role("button", name="Import the ticked ones").click()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("status")).to_have_text("The group is active.", timeout=PATIENCE_MS)


def test_the_keyboard_alone_gets_somebody_in(page: Page, place: Place) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.get_by_label("E-mail").focus()
    page.keyboard.type(OWNER)
    page.keyboard.press("Tab")
    page.keyboard.type(place.world.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Measurement devices", timeout=PATIENCE_MS)
