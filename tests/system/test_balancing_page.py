"""Charging as its owner sees it on a phone: a group set up on the page shares a real unit's fuse among Halos."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser import chromium
from tests.system.garage import FUSE_A, Garage
from tests.system.test_web_pages import Pictures

from ampguard_drivers.simulated.board import PIN
from ampguard_hil.processes import wait_until

pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(400)]
PATIENCE_MS = 60_000.0
HEATER_W = 9200.0
"""40 A on L1: two cars cannot have 16 A each beside it."""
DRAWS = re.compile(r"1[0-6]\.\d, 1[0-6]\.\d, 1[0-6]\.\d A")
LIMIT = re.compile(r"up to (\d+(?:\.\d)?) A")


@pytest.fixture
def garage() -> Iterator[Garage]:
    with tempfile.TemporaryDirectory(prefix="ampguard-test-", ignore_cleanup_errors=True) as folder:
        found = Garage(Path(folder), pages=True)
        found.start()
        try:
            assert wait_until(found.box.serves_page, PATIENCE_MS / 1000.0)
            yield found
        finally:
            found.stop()


@pytest.fixture
def page(garage: Garage) -> Iterator[Page]:
    with chromium() as browser:
        expect.set_options(timeout=PATIENCE_MS)
        context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=garage.box.page, locale="en")
        context.set_default_timeout(PATIENCE_MS)
        shown = context.new_page()
        said: list[str] = []
        shown.on("pageerror", lambda error: said.append(str(error)))
        shown.goto("/sign-in")
        shown.locator("#pin").fill(PIN)
        shown.locator("#pin").press("Enter")
        expect(shown.locator('[data-live="measurement.voltage_rms_v.l1"]')).not_to_have_text("\N{EN DASH}")
        yield shown
        expect.set_options(timeout=None)
    assert said == []


def charger(page: Page, name: str) -> Locator:
    return page.locator("#charger-list > li").filter(has=page.get_by_role("heading", name=name))


def limit_a(page: Page, name: str) -> float:
    found = LIMIT.search(charger(page, name).inner_text())
    return 0.0 if found is None else float(found[1])


def fill(page: Page, number: int, serial: str, phases: str) -> None:
    page.get_by_role("button", name="Add a charger").click()
    form = page.locator(".charger-form").nth(number)
    form.get_by_label("Charge point id").fill(serial)
    form.get_by_label("Name", exact=True).fill(f"Place {number + 1}")
    form.get_by_label("Most (A)").fill("16")
    form.get_by_label("Phases", exact=True).select_option(phases)
    form.get_by_label("Falls back to (A)").fill("6")


def set_up(page: Page, garage: Garage) -> None:
    page.get_by_label("Name of the group").fill("Garage")
    page.get_by_label("Kind of fuse").select_option("gG")
    page.get_by_label("Most for all chargers without the meter (A)").fill("12")
    page.get_by_text("More about the group").click()
    page.get_by_label("Port for chargers", exact=True).fill(str(garage.port))
    page.get_by_label("Anybody may charge while there is no cloud to ask").check()
    for number, (serial, phases) in enumerate(zip(garage.parking.serials, ("L1 L2 L3", "L2 L3 L1"), strict=True)):
        fill(page, number, serial, phases)
    page.get_by_role("button", name="Save the group").click()
    expect(page.locator("#group-said")).to_have_text("Saved.")


def test_a_group_set_up_on_the_page_shares_the_fuse_and_every_loss_is_said(page: Page, garage: Garage) -> None:
    taken = Pictures(page, "charging")
    page.goto("/charging")
    expect(page.locator("#stand")).to_have_text("No chargers share this fuse yet.")
    set_up(page, garage)
    page.get_by_role("button", name="Begin to balance").click()
    expect(page.locator("#stand")).to_have_text("Garage is balanced.")
    expect(page.locator("#rung")).to_have_text("The meter is heard: limits follow what the building draws.")
    for name in ("Place 1", "Place 2"):
        expect(charger(page, name)).to_contain_text("falls back to 6 A")
        expect(charger(page, name).locator('[data-of="status"]')).to_have_text("charging")
        expect(charger(page, name)).to_contain_text(DRAWS)

    garage.panel.heat(0, HEATER_W)
    expect(page.locator("#change-list li").filter(has_text="L1 carries").first).to_be_visible()
    expect(page.locator("#changes")).to_contain_text("would have carried more than it may")
    assert min(limit_a(page, name) for name in ("Place 1", "Place 2")) < 16.0
    expect(page.locator("[data-phase=l1] [data-words]")).to_contain_text(f"of {FUSE_A:.0f} A: building")
    taken.picture("shared")

    garage.box.firmware["meter"].stop()
    expect(page.locator("#rung")).to_have_text("The meter is lost: the chargers share what they may draw without it.")
    expect(charger(page, "Place 1")).to_contain_text("all chargers share the group's offline current")
    taken.picture("meter-lost")
    page.goto("/")
    expect(page.locator("#charging .said")).to_contain_text("The meter is lost")
    taken.picture("status")
    garage.box.firmware["meter"].start()
    expect(page.locator("#charging span")).to_have_text("Garage is balanced.")

    page.goto("/charging")
    garage.parking.process.stop()
    expect(charger(page, "Place 1").locator('[data-of="status"]')).to_have_text("not connected")
    garage.box.firmware["balancer"].stop()
    expect(page.locator("#stand")).to_have_text("The balancer does not run: each charger falls back by itself.")
