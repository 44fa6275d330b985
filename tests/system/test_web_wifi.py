"""The tab Wi-Fi in a real browser, over a NetworkManager whose air the test makes: success, and each way to fail."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser import chromium

from ampguard.identity import Unit, keep_card
from ampguard.live.publisher import Publisher
from ampguard.settings.places import Places
from ampguard_drivers.eeprom.records import Calibration, Identity
from ampguard_drivers.frontend import Variant
from ampguard_drivers.simulated.board import ACCESS_POINT_PSK, PIN, PIN_HASH, SERIAL
from ampguard_hil.networkmanager import control
from ampguard_hil.networkmanager.air import MHZ_5, Router, Trouble
from ampguard_hil.networkmanager.privatebus import PrivateBus
from ampguard_hil.ports import HOST, free_port
from ampguard_hil.processes import Process, wait_until

pytestmark = pytest.mark.system
PATIENCE_S = 15.0
PASSWORD = "sunny days 2026"
OWN = "AG_000001G"
AIR = (
    Router(b"Villa Sol", PASSWORD, 82, bssid="02:00:00:00:10:00"),
    Router(b"No addresses", PASSWORD, 64, bssid="02:00:00:00:11:00", trouble=Trouble.NO_DHCP),
    Router(b"Somebody there", PASSWORD, 61, bssid="02:00:00:00:12:00", taken=("10.9.0.2",)),
    Router(b"Takes nobody", PASSWORD, 58, bssid="02:00:00:00:13:00", trouble=Trouble.REFUSES),
    Router(b"Far away", PASSWORD, 27, bssid="02:00:00:00:14:00"),
    Router(b"Upstairs 5G", PASSWORD, 70, MHZ_5, bssid="02:00:00:00:15:00"),
    Router(b"Caf\xc3\xa9 Nord", None, 48, bssid="02:00:00:00:17:00"),
    Router(b"Secret", PASSWORD, 75, bssid="02:00:00:00:16:00", hidden=True),
)


class Place:
    """A web by itself, and what its radio hears."""

    def __init__(self, folder: Path) -> None:
        (folder / "run").mkdir()
        board = folder / "board.toml"
        board.write_text(f'name = "simulated board"\nkind = "simulated"\nsocket = "{folder / "none.sock"}"\n')
        unit = Unit(Identity(SERIAL, PIN_HASH, Variant.HOME, ACCESS_POINT_PSK), Calibration((), 0.0, 25.0, ""))
        keep_card(folder / "identity", unit)
        self.bus = PrivateBus(folder)
        module = [sys.executable, "-m"]
        heard = ["--bus", self.bus.address, "--pace", "0.1", "--air", control.written(AIR)]
        self.manager = Process("nm", [*module, "ampguard_hil.networkmanager", *heard], folder / "nm.log", {})
        port = free_port()
        self.url = f"http://{HOST}:{port}"
        environment = {
            "AMPGUARD_DATA": str(folder), "AMPGUARD_RUN": str(folder / "run"), "AMPGUARD_BOARD": str(board),
            "AMPGUARD_CLOCK": "host", **self.bus.environment,
        }  # fmt: skip
        self.log = folder / "web.log"
        self.lights_feed = Places(folder, folder / "run", board).lights_feed
        self.web = Process("web", [*module, "ampguard.services.web", f"--http={HOST}:{port}"], self.log, environment)

    @contextlib.contextmanager
    def running(self) -> Generator[None]:
        self.bus.start()
        try:
            self.manager.start()
            self.web.start()
            assert wait_until(lambda: "NetworkManager answers" in self.log.read_text(), PATIENCE_S)
            yield
        finally:
            self.web.stop()
            self.manager.stop()
            self.bus.stop()

    def change(self, air: Sequence[Router]) -> None:
        with ThreadPoolExecutor(1) as beside:  # the browser's library has a loop in this thread
            beside.submit(asyncio.run, control.change(self.bus.address, air=air)).result()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    found = Place(tmp_path_factory.mktemp("wifi"))
    with found.running():
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def page(place: Place, browser: Browser) -> Iterator[Page]:
    """An installer's phone, who has signed in and looks at the list."""
    shown = browser.new_page(viewport={"width": 360, "height": 740}, locale="en")
    shown.set_default_timeout(PATIENCE_S * 1000)
    expect.set_options(timeout=PATIENCE_S * 1000)
    said: list[str] = []
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.goto(f"{place.url}/sign-in")
    shown.locator("#pin").fill(PIN)
    shown.locator("#pin").press("Enter")
    shown.wait_for_url(f"{place.url}/")
    shown.goto(f"{place.url}/wifi")
    expect(shown.locator("#own")).to_have_text(f"{OWN} is open.")
    yield shown
    shown.close()
    assert said == []


def choose(page: Page, name: str, password: str, address: str = "") -> None:
    page.get_by_role("button", name=f"Choose {name}").click()
    page.get_by_label("Password of the network").fill(password)
    if address:
        page.get_by_text("Fixed address instead of DHCP").click()
        page.get_by_label("Address with prefix").fill(address)
    page.get_by_role("button", name="Update").click()


def heard(page: Page, name: str) -> str:
    return page.locator("#air li").filter(has_text=name).inner_text()


def test_the_list_says_how_strong_and_what_is_of_no_use(page: Page) -> None:
    assert "-51 dBm, 4 of 4 bars" in heard(page, "Villa Sol")
    assert "Weak: below -80 dBm" in heard(page, "Far away")
    assert "on 5 GHz only" in heard(page, "Upstairs 5G")
    assert page.get_by_role("button", name="Choose Upstairs 5G").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("", "This network has a password: type it."),
        ("seven77", "at least 8 characters; this one has 7"),
        ("x" * 31, "at most 30 characters; this one has 31"),
        ("grüne Wiese", "letters without accents"),
    ],
)
def test_a_password_that_cannot_be_is_refused_before_anybody_is_thrown_off(
    page: Page, password: str, said: str
) -> None:
    choose(page, "Villa Sol", password)
    expect(page.locator("#join-said")).to_contain_text(said)
    expect(page.get_by_label("Password of the network")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#own")).to_have_text(f"{OWN} is open.")
    page.locator("#not-now").click()


def test_a_network_without_a_password_asks_for_none(page: Page) -> None:
    assert "no password" in heard(page, "Café Nord")
    page.get_by_role("button", name="Choose Café Nord").click()
    expect(page.locator("#joining-title")).to_be_focused()
    expect(page.get_by_label("Password of the network")).to_be_hidden()
    page.locator("#not-now").click()
    page.get_by_role("button", name="Choose Villa Sol").click()
    expect(page.get_by_label("Password of the network")).to_be_focused()
    page.locator("#not-now").click()


@pytest.mark.parametrize(
    ("name", "password", "why"),
    [
        ("Villa Sol", "cloudy days 2026", "The password is wrong for this network."),
        ("No addresses", PASSWORD, "The network gave no address."),
        ("Takes nobody", PASSWORD, "The network did not answer in time."),
    ],
)
def test_each_failure_says_why_when_the_phone_is_back(page: Page, name: str, password: str, why: str) -> None:
    choose(page, name, password)
    expect(page.locator("#going")).to_be_visible()
    page.context.set_offline(True)
    expect(page.locator("#going-lost")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#result-text")).to_have_text(f"The unit has not joined {name}.")
    expect(page.locator("#result-reason")).to_contain_text(why)
    expect(page.locator("#own")).to_have_text(f"{OWN} is open.")


def test_a_fixed_address_that_is_none_or_is_taken_is_told(page: Page) -> None:
    choose(page, "Somebody there", PASSWORD, "10.9.0.2")
    expect(page.locator("#join-said")).to_contain_text("such as 192.168.1.20/24")
    page.get_by_label("Address with prefix").fill("10.9.0.2/8")
    page.get_by_role("button", name="Update").click()
    expect(page.locator("#result-text")).to_have_text("The unit has not joined Somebody there.")
    expect(page.locator("#result-reason")).to_contain_text("Another device in this network has the fixed address")


def test_a_network_that_has_gone_was_not_heard(page: Page, place: Place) -> None:
    place.change([one for one in AIR if one.ssid != b"Far away"])
    choose(page, "Far away", PASSWORD)
    expect(page.locator("#result-text")).to_have_text("The unit has not joined Far away.")
    expect(page.locator("#result-reason")).to_contain_text("The network was not heard.")
    expect(page.locator("#result-weak")).to_be_visible()
    place.change(AIR)


def test_a_hidden_network_is_joined_by_its_name_and_the_reason_is_still_there_afterwards(page: Page) -> None:
    page.get_by_role("button", name="A network that is not in the list").click()
    page.get_by_label("Name of the network").fill("Secret")
    page.get_by_label("Password of the network").fill(PASSWORD)
    page.get_by_role("button", name="Update").click()
    expect(page.locator("#result-text")).to_have_text("The unit has joined Secret.")
    page.reload()
    expect(page.locator("#result-text")).to_have_text("The unit has joined Secret.")


def test_success_shows_the_network_the_address_and_the_closed_access_point(page: Page) -> None:
    choose(page, "Villa Sol", PASSWORD)
    expect(page.locator("#result-text")).to_have_text("The unit has joined Villa Sol.")
    expect(page.locator("#result-reason")).to_have_text("")
    expect(page.locator("#wifi-name")).to_have_text("Villa Sol")
    expect(page.locator("#wifi-address")).to_have_text("127.0.0.50/8")
    expect(page.locator("#own")).to_have_text(f"{OWN} is closed.")
    expect(page.locator("#saved li").filter(has_text="Villa Sol")).to_contain_text("in use")


def test_a_hold_of_the_button_renews_the_countdown_that_is_shown(page: Page, place: Place) -> None:
    expect(page.locator("#waiting")).to_be_hidden()
    lights = Publisher(place.lights_feed)
    try:
        page.locator("#own-open").click()
        expect(page.locator("#own-left")).to_contain_text("It closes in 9 min")
        page.wait_for_timeout(3000)
        expect(page.locator("#own-left")).to_contain_text(re.compile("9 min 5[0-7] s"))
        lights.publish("button", {"wish": "access-point"})
        expect(page.locator("#own-left")).to_contain_text(re.compile("9 min 59 s|10 min 0 s"))
    finally:
        lights.close()


def test_a_saved_network_waits_for_the_access_point_and_that_is_said_and_can_be_ended(page: Page) -> None:
    page.locator("#own-open").click()
    expect(page.locator("#own")).to_have_text(f"{OWN} is open.")
    expect(page.locator("#air li").filter(has_text="Villa Sol")).not_to_contain_text("in use")
    expect(page.locator("#waiting-text")).to_contain_text("closes in 10 min")
    expect(page.locator("#waiting-text")).to_contain_text("then the unit joins Villa Sol.")
    expect(page.locator("#own-left")).to_contain_text("It closes in 9 min")
    page.locator("#own-close").click()
    expect(page.locator("#own-elsewhere")).to_contain_text("The unit then joins Villa Sol")
    expect(page.locator("#own-elsewhere")).not_to_contain_text("reached by nobody")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Join Villa Sol now").click()
    page.locator("#own-yes").click()
    expect(page.locator("#wifi-name")).to_have_text("Villa Sol")
    expect(page.locator("#own")).to_have_text(f"{OWN} is closed.")
    expect(page.locator("#waiting")).to_be_hidden()


def test_forgetting_asks_and_the_access_point_is_opened_and_closed_on_purpose(page: Page) -> None:
    page.get_by_role("button", name="Forget Villa Sol").click()
    expect(page.locator("#forget-after")).to_be_visible()
    page.locator("#forget-yes").click()
    expect(page.locator("#saved li").filter(has_text="Villa Sol")).to_have_count(0)
    page.locator("#own-open").click()
    expect(page.locator("#own")).to_have_text(f"{OWN} is open.")
    expect(page.locator("#own-left")).to_contain_text("It closes in 9 min")
    page.locator("#own-close").click()
    expect(page.locator("#own-elsewhere")).to_contain_text("reached by nobody")
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#own")).to_have_text(f"{OWN} is open.")
    page.locator("#own-close").click()
    page.locator("#own-yes").click()
    expect(page.locator("#own")).to_have_text(f"{OWN} is closed.")


def test_a_network_service_that_is_away_is_said(page: Page, place: Place) -> None:
    place.manager.stop()
    expect(page.locator("#no-manager")).to_be_visible()
    expect(page.locator("#own-open")).to_be_disabled()
    place.manager.start()
    expect(page.locator("#no-manager")).to_be_hidden()
