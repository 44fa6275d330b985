"""A unit enrols at a cloud from its own page, in a real browser, and its readings are in that cloud."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from tests.browser import chromium
from tests.system.enrolling import site
from tests.system.lone import stored
from tests.system.unit import PATIENCE_S, running

from ampguard_drivers.simulated.board import PIN, SERIAL

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]
PATIENCE_MS = PATIENCE_S * 1000.0


def test_a_unit_enrols_from_its_page_and_sends_its_readings_there() -> None:
    with site() as cloud, running("steady", pages=True) as unit, chromium() as browser:
        page = browser.new_context(viewport={"width": 360, "height": 740}, locale="en").new_page()
        page.goto(unit.box.page)
        page.get_by_label("PIN").fill(PIN)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Wiring")).to_be_visible(timeout=PATIENCE_MS)
        page.goto(f"{unit.box.page}installation", wait_until="load")
        page.locator("#cloud-title").click()
        expect(page.locator("#enrolled")).to_have_text("The unit is enrolled at no cloud.", timeout=PATIENCE_MS)
        page.get_by_text("Enrol this unit at a cloud").click()

        def enrol(pin: str, *, trusts: bool = True) -> None:
            page.get_by_label("Address to enrol at").fill(cloud.url)
            page.get_by_label("PIN on the unit").fill(pin)
            page.get_by_label("Authority of the cloud").set_input_files(str(cloud.authority.file) if trusts else [])
            page.get_by_role("button", name="Enrol", exact=True).click()

        said = page.locator("#enrolment-said")
        enrol(PIN, trusts=False)
        expect(said).to_contain_text("The unit does not trust what answers there.", timeout=PATIENCE_MS)
        expect(said.locator("[lang=en]")).to_contain_text("its certificate is not trusted")
        enrol("k3tt 1e42")
        expect(said).to_have_text("The address or the PIN has a blank or another sign in it that cannot be there.")
        enrol("wr0ngp1n")
        expect(said).to_contain_text("The cloud does not know this unit with this PIN.", timeout=PATIENCE_MS)
        expect(said.locator("[lang=en]")).to_contain_text("serial or PIN is wrong")
        enrol(PIN)
        expect(said).to_contain_text("Enrolled. The unit sends its readings there.", timeout=PATIENCE_MS)
        expect(page.locator("#enrolled")).to_contain_text(f"Enrolled at {cloud.url}")
        expect(page.get_by_label("PIN on the unit")).to_have_value("")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert unit.until(lambda: stored(cloud.store, SERIAL) > 0), unit.logs()
        assert PIN not in unit.logs()
        page.locator("form[data-group=cloud] [data-clear-all]").click()
        expect(page.locator("#enrolled")).to_contain_text("sends nothing with it", timeout=PATIENCE_MS)
        enrol(PIN)
        expect(page.locator("#enrolled")).to_contain_text(f"Enrolled at {cloud.url}", timeout=PATIENCE_MS)
