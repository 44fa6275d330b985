"""Settings out of a file, in a real browser: what would change is seen before it is taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Page, expect
from tests.ampguard.web.test_settings_page import PATIENCE_MS, Place
from tests.browser import chromium
from tests.system.test_web_pages import findings, wider

from ampguard.settings.history import By, Means
from ampguard.settings.settings import load

pytestmark = pytest.mark.timeout(300)
BEFORE = "main_fuse_a = 35.0\ngeneration_on_site = false\n"
ELSEWHERE = 'main_fuse_a = 63.0\n[wiring.clamps]\nl1 = "L2"\nl2 = "L1"\n'


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    found.parts.places.settings.write_text(BEFORE)
    yield found
    found.stop()


@pytest.fixture
def page(place: Place) -> Iterator[Page]:
    with chromium() as browser:
        expect.set_options(timeout=PATIENCE_MS)
        context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=place.url)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "ampguard", "value": place.cookie, "url": place.url}])
        found = context.new_page()
        complaints: list[str] = []
        found.on("pageerror", lambda why: complaints.append(str(why)))
        found.goto("/system")
        yield found
        expect.set_options(timeout=None)
    assert complaints == []


def bring(page: Page, text: str) -> None:
    file: FilePayload = {"name": "settings.toml", "mimeType": "text/plain", "buffer": text.encode()}
    page.locator("#import-file").set_input_files(file)
    page.get_by_role("button", name="See what would change").click()


def test_a_file_is_held_against_what_is_set_before_it_is_taken(page: Page, place: Place) -> None:
    bring(page, ELSEWHERE)
    rows = page.locator("#import-rows tr")
    expect(rows).to_have_count(4)
    expect(rows.first).to_have_text("Main fuse3563")
    expect(rows.nth(1)).to_have_text("Generation on sitenonot set")
    expect(rows.nth(2)).to_have_text("L1: Which phase this clamp is onnot setL2")
    for row in rows.all():  # all of it is in view
        assert row.locator("td").last.evaluate("(one) => one.getBoundingClientRect().right <= innerWidth")
        assert row.evaluate("(one) => one.closest('.scroll').scrollWidth <= one.closest('.scroll').clientWidth")
    then = rows.first.locator("td").last.evaluate("(one) => getComputedStyle(one, '::before').content")
    assert "Then" in then
    expect(page.locator("#import-title")).to_be_focused()
    expect(page.locator("#import-wiring")).to_be_visible()
    assert findings(page, "preview") == []
    assert wider(page) == []
    assert place.parts.places.settings.read_text() == BEFORE
    page.locator("#import-not").click()
    expect(page.locator("#import-preview")).to_be_hidden()
    assert place.parts.places.settings.read_text() == BEFORE

    bring(page, ELSEWHERE)
    page.get_by_role("button", name="Take these settings").click()
    expect(page.locator("#settings-said")).to_have_text("Done. The unit follows within seconds.")
    expect(page.locator("#import-file")).to_be_focused()
    expect(page.locator("#change-rows")).to_contain_text("Main fuse: 35 → 63; Generation on site: no → not set")
    assert load(place.parts.places.settings).main_fuse_a == 63.0
    bring(page, ELSEWHERE)
    expect(page.locator("#settings-said")).to_have_text("This file would change nothing.")


def test_what_was_changed_meanwhile_is_not_overwritten(page: Page, place: Place) -> None:
    bring(page, "main_fuse_a = 63.0\n")
    expect(page.locator("#import-preview")).to_be_visible()
    expect(page.locator("#import-wiring")).to_be_hidden()
    place.parts.places.settings.write_text("main_fuse_a = 40.0\n")
    page.get_by_role("button", name="Take these settings").click()
    expect(page.locator("#settings-said")).to_contain_text("Somebody else has changed the settings meanwhile.")
    assert load(place.parts.places.settings).main_fuse_a == 40.0


def test_of_passwords_and_lists_the_words_are_the_reader_s(page: Page, place: Place) -> None:
    place.parts.settings.change(
        {"mqtt.host": "broker.local", "mqtt.username": "me", "mqtt.password": "x"}, By(Means.COMMAND)
    )
    place.parts.settings.change({"commands.allow": ("ping", "identify")}, By(Means.COMMAND))
    page.reload()
    rows = page.locator("#change-rows")
    expect(rows).to_contain_text("Owner's broker: Password: not set → set (not shown)")
    asked = "Ask whether the unit is there, Let the lights blink, so that somebody finds the unit"
    expect(rows).to_contain_text(f"What may be asked of the unit: not set → {asked}")


def test_of_a_unit_that_does_not_answer_more_is_said_than_that_it_did_not_work(page: Page) -> None:
    page.route("**/api/v1/settings/import/preview", lambda route: route.abort())
    bring(page, ELSEWHERE)
    expect(page.locator("#settings-said")).to_have_text("The unit did not answer. Nothing is lost: try again.")
