"""What happened, in a real browser: many pages that hear the same ask one after the other, and none misses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from tests.ampguard.web.test_happened import keep
from tests.ampguard.web.test_settings_page import PATIENCE_MS, Place
from tests.browser import chromium

from ampguard.events import Start

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    found.stop()


@pytest.fixture
def page(place: Place) -> Iterator[Page]:
    with chromium() as browser:
        context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=place.url)
        context.add_cookies([{"name": "ampguard", "value": place.cookie, "url": place.url}])
        yield context.new_page()


def test_an_event_is_shown_though_the_unit_was_busy_when_it_was_asked(page: Page, place: Place) -> None:
    asked: list[str] = []

    def busy_at_first(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            return route.continue_()
        told = {"id": "busy", "sentence": "others ask", "told": None, "retry_after_s": 0.2}
        return route.fulfill(status=503, content_type="application/json", body=json.dumps(told))

    page.route("**/api/v1/events?*", busy_at_first)
    page.goto("/events")
    expect(page.locator("#no-events")).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(1000)  # it listens
    keep(place.parts.places.journal, (Start(version="1.2.3", kernel_boot=None),))
    place.soon(lambda: place.parts.hub.tell("event", {"kind": "start"}))
    expect(page.locator("#events li")).to_contain_text("Measuring began, version 1.2.3.", timeout=PATIENCE_MS)
    expect(page.locator("#no-events")).to_be_hidden()
    assert len(asked) == 2
