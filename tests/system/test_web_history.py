"""The chart of the history in a real browser, over a journal that a test has filled and a web by itself."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.ampguard.journal.filled import BEGIN_S, at, filled
from tests.browser import chromium

from ampguard.identity import Unit, keep_card
from ampguard.phases import Phases
from ampguard.readings import Interval, Reading
from ampguard.settings.places import Places
from ampguard_drivers.eeprom.records import Calibration, Identity
from ampguard_drivers.frontend import Variant
from ampguard_drivers.simulated.board import ACCESS_POINT_PSK, PIN, PIN_HASH, SERIAL
from ampguard_hil.ports import HOST, free_port
from ampguard_hil.processes import Process, wait_until

pytestmark = pytest.mark.system
PATIENCE_S = 15.0
QUARTER_S = 900.0


class Web(NamedTuple):
    """A web that runs."""

    url: str
    process: Process


def large(one: Reading) -> Reading:
    """With values as wide as any."""
    each = Phases(-12345.0, 23456.0, -34567.0)
    return replace(one, active_power_w=each, voltage_rms_v=Phases(230.1, 231.2, 232.3))


@contextmanager
def running(folder: Path) -> Generator[Web]:
    (folder / "run").mkdir()
    board = folder / "board.toml"
    board.write_text(f'name = "simulated board"\nkind = "simulated"\nsocket = "{folder / "none.sock"}"\n')
    places = Places(folder, folder / "run", board)
    unit = Unit(Identity(SERIAL, PIN_HASH, Variant.HOME, ACCESS_POINT_PSK), Calibration((), 0.0, 25.0, ""))
    keep_card(places.identity, unit)
    quarters = [large(at(n, BEGIN_S - QUARTER_S * (96 - n), Interval.MINUTES_15)) for n in range(96)]
    seconds = [large(at(n, BEGIN_S - 4000 + n)) for n in range(4000)]
    filled(places.journal, [quarters, seconds])
    port = free_port()
    environment = {
        "AMPGUARD_DATA": str(folder), "AMPGUARD_RUN": str(folder / "run"), "AMPGUARD_BOARD": str(board),
        "AMPGUARD_CLOCK": "host",
    }  # fmt: skip
    command = [sys.executable, "-m", "ampguard.services.web", f"--http={HOST}:{port}"]
    process = Process("web", command, folder / "web.log", environment)
    process.start()
    try:
        assert wait_until(lambda: "Started server" in process.log.read_text(), PATIENCE_S), process.log.read_text()
        yield Web(f"http://{HOST}:{port}", process)
    finally:
        process.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        expect.set_options(timeout=PATIENCE_S * 1000)
        yield found
        expect.set_options(timeout=None)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Page]:
    """Somebody's phone, signed in."""
    with running(tmp_path_factory.mktemp("history")) as web:
        shown = browser.new_page(viewport={"width": 360, "height": 740}, locale="en")
        shown.set_default_timeout(PATIENCE_S * 1000)
        said: list[str] = []
        shown.on("pageerror", lambda error: said.append(str(error)))
        shown.goto(f"{web.url}/sign-in")
        shown.locator("#pin").fill(PIN)
        shown.locator("#pin").press("Enter")
        shown.wait_for_url(f"{web.url}/")
        yield shown
        shown.close()
        assert said == []


@pytest.mark.parametrize(
    ("quantity", "unit", "columns"),
    [("active_power_w", "W", 3), ("voltage_rms_v", "V", 3), ("energy", "Wh", 2)],
)
def test_a_phone_shows_the_whole_table_and_the_unit_of_the_axis(
    page: Page, quantity: str, unit: str, columns: int
) -> None:
    page.goto(page.url)
    page.locator("#history-quantity").select_option(quantity)
    expect(page.locator("#history-lines th")).to_have_count(columns)
    expect(page.locator("#chart text.unit")).to_have_text(unit)
    expect(page.locator("#history-latest th")).to_have_text("Latest")
    expect(page.locator("#history-latest td")).to_have_count(columns)
    table = page.locator("#history .scroll")
    assert table.evaluate("(one) => one.scrollWidth - one.clientWidth") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_each_value_stands_below_its_line(page: Page) -> None:
    page.goto(page.url)
    page.locator("#history-quantity").select_option("voltage_rms_v")
    expect(page.locator("#history-lines th")).to_have_text([" L1", " L2", " L3"])
    expect(page.locator("#history-latest td")).to_have_text(["230.1 V", "231.2 V", "232.3 V"])
    expect(page.locator("#history-moment td")).to_have_text(["230.1 V", "231.2 V", "232.3 V"])


def test_a_time_in_which_nothing_was_kept_says_so_and_leads_back(page: Page) -> None:
    page.goto(page.url)
    page.locator("#history-quantity").select_option("active_power_w")
    empty = page.locator("#history-empty")
    expect(page.locator("#history-latest td").first).to_contain_text("W")
    expect(empty).to_be_empty()
    page.get_by_role("button", name="1 day").click()
    for _ in range(4):
        with page.expect_response("**/api/v1/history?*"):
            page.get_by_role("button", name="Earlier").click()
    expect(empty).to_have_text("Nothing was kept in this time.")
    page.get_by_role("button", name="Back to what was shown before").click()
    expect(empty).to_be_empty()
    expect(page.locator("#history-lowest td").first).to_have_text("-12,345 W")
    expect(page.locator("#history-at")).to_be_focused()


def test_zooming_in_ends_at_the_shortest_readings_that_were_kept_and_leads_out_again(page: Page) -> None:
    page.goto(page.url)
    page.locator("#history-quantity").select_option("active_power_w")
    for name in ("Earlier", "Earlier", "Earlier", *["Zoom in"] * 6):  # there are quarters of an hour alone
        with page.expect_response("**/api/v1/history?*"):
            page.get_by_role("button", name=name).click()
    expect(page.locator("#history-empty")).to_be_empty()
    expect(page.locator("#history-latest td").first).to_have_text("-12,345 W")
    few = page.locator("#history-at").get_attribute("max") or ""
    assert few in {"0", "1", "2"}
    with page.expect_response("**/api/v1/history?*"):
        page.get_by_role("button", name="Zoom out").click()
    expect(page.locator("#history-at")).not_to_have_attribute("max", few)
