"""The update's part of the tab System in a real browser: what it says of updates that nobody began on this page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.ampguard.update.bench import NEWER, RUNS
from tests.ampguard.web.unit import unit_at
from tests.browser import chromium

import ampguard.web

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = pytest.mark.timeout(300)
STATIC = Path(ampguard.web.__file__).parent / "static"
UNIT = "http://unit.test"
NONE: dict[str, Any] = {
    "runs": RUNS.version, "state": "none",
    "version": None, "percent": None, "kind": None, "sentence": None, "who": None,
}  # fmt: skip
PATIENCE_MS = 60_000


class Shown:
    """The page of a unit whose updates a test tells."""

    def __init__(self, page: Page, html: str) -> None:
        self.page = page
        self.now = NONE
        self._html = html
        page.route("**/*", self._answer)
        page.goto(f"{UNIT}/system")

    def _answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(UNIT).partition("?")[0]
        if path == "/system":
            route.fulfill(content_type="text/html", body=self._html)
        elif path.startswith("/static/"):
            route.fulfill(path=STATIC / path.removeprefix("/static/"))
        elif path == "/api/v1/update":
            route.fulfill(content_type="application/json", body=json.dumps(self.now))
        else:
            route.fulfill(status=503, content_type="application/json", body="{}")

    def becomes(self, place: str, text: str) -> None:
        """Within a while."""
        wanted = "([id, text]) => document.getElementById(id).textContent.startsWith(text)"
        self.page.wait_for_function(wanted, arg=[place, text], timeout=PATIENCE_MS)

    def says(self, place: str) -> str:
        return self.page.locator(f"#{place}").text_content() or ""


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    with unit_at(tmp_path) as unit:
        html = unit.owner.get("/system").text
    with chromium() as browser:
        yield Shown(browser.new_page(), html)


def test_an_update_from_a_stick_is_told_while_nobody_touches_the_page(shown: Shown) -> None:
    shown.becomes("update-runs", f"Version {RUNS.version}")
    assert (shown.says("update-now"), shown.says("update-from")) == ("", "")
    shown.now = {**NONE, "state": "installing", "version": NEWER, "percent": 40, "who": "usb-stick"}
    shown.becomes("update-now", "The update is being installed")
    assert shown.says("update-from") == "The latest update came from a USB stick."
    assert shown.page.locator("#update-progress").get_attribute("value") == "40"
    assert not shown.page.locator("#update-form").is_visible()
    shown.now = {**NONE, "state": "refused", "kind": "not-newer", "who": "usb-stick"}
    shown.becomes("update-said", "No update on the USB stick is newer than what runs")
    shown.now = {**NONE, "state": "checking", "who": "cloud"}
    shown.becomes("update-now", "The update is being checked")
    assert (shown.says("update-said"), shown.says("update-from")) == ("", "")


def test_why_one_was_refused_is_not_said_over_what_came_since(shown: Shown) -> None:
    shown.now = {**NONE, "state": "refused", "kind": "forged"}
    shown.becomes("update-said", "This update is not signed")
    shown.page.evaluate("document.getElementById('update-said').textContent = 'Something else.'")
    shown.page.wait_for_timeout(12_000)
    assert shown.says("update-said") == "Something else."
