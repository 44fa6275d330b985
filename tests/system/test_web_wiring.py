"""The wiring on the unit's own page, in a real browser: an electrician finds it wrong, proves it and mends it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser import chromium
from tests.system.unit import PATIENCE_S, Unit, running

from ampguard_drivers.simulated.board import PIN

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]
PATIENCE_MS = PATIENCE_S * 1000.0


@pytest.fixture(scope="module")
def unit() -> Iterator[Unit]:
    with running("swapped-cts", pages=True) as found:
        assert found.until(found.lit("logo", "communication_green", "voltage_green", "current_red")), found.logs()
        yield found


@pytest.fixture
def page(unit: Unit) -> Iterator[Page]:
    """A phone whose owner has shown the PIN."""
    with chromium() as browser:
        found = browser.new_context(viewport={"width": 360, "height": 740}, locale="en").new_page()
        wrong: list[str] = []
        found.on("pageerror", lambda why: wrong.append(str(why)))
        found.goto(unit.box.page)
        found.get_by_label("PIN").fill(PIN)
        found.get_by_role("button", name="Sign in").click()
        expect(found.get_by_role("heading", name="Wiring")).to_be_visible(timeout=PATIENCE_MS)
        yield found
        assert wrong == []


def answered(unit: Unit, page: Page, phase: int) -> None:
    """A heater on that phase, on and off again, each when the page asks for it."""
    name = f"L{phase + 1}"
    expect(page.locator("#check-ask")).to_contain_text(f"on {name}", timeout=PATIENCE_MS)
    unit.panel.heat(phase, 2000.0)
    expect(page.locator("#check-ask")).to_contain_text("switch it off again", timeout=PATIENCE_MS)
    unit.panel.heat(phase, 0.0)
    gone = page.locator("#check-notes .seen", has_text="went off")
    assert unit.until(lambda: gone.count() == phase + 1), page.locator("#check-notes").inner_text() + unit.logs()


def test_a_wrong_wiring_is_seen_proven_mended_and_undone_on_the_page(unit: Unit, page: Page) -> None:
    expect(page.locator("#verdict")).to_have_text("The wiring is wrong", timeout=PATIENCE_MS)
    expect(page.locator("#reason")).to_contain_text("L1")
    page.get_by_role("link", name="Check or mend the wiring").click()
    page.wait_for_load_state("load")  # its scripts are there

    page.get_by_role("button", name="Begin the check").click()
    for phase in range(3):
        answered(unit, page, phase)
    expect(page.locator("#check-verdict")).to_have_text("The wiring is wrong", timeout=PATIENCE_MS)
    expect(page.locator("#check-sentence")).to_contain_text("the clamp of L1 is on L2")
    expect(page.locator("#check-answers li")).to_have_count(6)

    expect(page.locator("#proposed tr")).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.locator("#proposal")).to_contain_text("Energy that was counted until now stays as it is")
    expect(page.locator("#check-made")).to_contain_text(re.compile(r"Checked on .*\d{4}"))
    page.get_by_role("button", name="Accept the proposal").click()
    expect(page.locator("#wiring-said")).to_contain_text("Make the guided check once more")
    expect(page.locator("#verdict")).to_have_text("Looking again with the new assignment …")
    expect(page.locator("#verdict")).to_have_text("The wiring is right", timeout=PATIENCE_MS)
    expect(page.locator("#proposal")).to_be_hidden()
    assert unit.until(unit.lit("logo", "communication_green", "voltage_green", "current_green")), unit.logs()

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    expect(page.locator("#check-result")).to_be_hidden()
    page.locator("#wiring-undo").click()
    expect(page.locator("#verdict")).to_have_text("Looking again with the new assignment …")
    expect(page.locator("#verdict")).to_have_text("The wiring is wrong", timeout=PATIENCE_MS)


def test_a_check_goes_on_while_the_phone_is_away(unit: Unit, page: Page) -> None:
    page.goto(f"{unit.box.page}installation")
    page.get_by_role("button", name="Begin the check").click()
    expect(page.locator("#check-ask")).to_contain_text("on L1", timeout=PATIENCE_MS)
    page.goto("about:blank")
    unit.panel.heat(0, 2000.0)
    assert unit.until(lambda: True)
    page.wait_for_timeout(4000)
    page.goto(f"{unit.box.page}installation")
    expect(page.locator("#check-ask")).to_contain_text("switch it off again", timeout=PATIENCE_MS)
    unit.panel.heat(0, 0.0)
    page.get_by_role("button", name="End the check").click()
    expect(page.locator("#check-begin")).to_be_visible()
