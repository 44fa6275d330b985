"""The update's part of the tab System in a real browser: what it says of updates, whoever began them."""

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
    "version": None, "percent": None, "kind": None, "sentence": None, "who": None, "utc": None,
}  # fmt: skip
PATIENCE_MS = 60_000


class Shown:
    """The page of a unit whose updates a test tells."""

    def __init__(self, page: Page, html: str) -> None:
        self.page = page
        self.now = NONE
        self.sent: Route | None = None
        """A bundle from the page, which is not answered yet."""
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
        elif path == "/api/v1/update/bundle":
            self.sent = route
        else:
            route.fulfill(status=503, content_type="application/json", body="{}")

    def becomes(self, place: str, text: str) -> None:
        """Within a while."""
        wanted = "([id, text]) => document.getElementById(id).textContent.startsWith(text)"
        self.page.wait_for_function(wanted, arg=[place, text], timeout=PATIENCE_MS)

    def sends(self) -> Route:
        """A file, as its owner does."""
        self.page.locator("#update-file").set_input_files({"name": "x.raucb", "mimeType": "", "buffer": b"x"})
        self.page.locator("#update-form button").click()
        self.becomes("update-now", "The file is being sent to the unit. Stay on this page")
        assert self.sent is not None
        return self.sent

    def may_leave(self) -> bool:
        """Without being asked whether that is meant."""
        return bool(self.page.evaluate("dispatchEvent(new Event('beforeunload', { cancelable: true }))"))

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
    shown.becomes("update-runs", f"Version {RUNS.version}")
    shown.now = {**NONE, "state": "refused", "kind": "forged"}
    shown.becomes("update-said", "This update is not signed")
    shown.page.evaluate("document.getElementById('update-said').textContent = 'Something else.'")
    shown.page.wait_for_timeout(12_000)
    assert shown.says("update-said") == "Something else."


def test_what_was_refused_before_this_visit_is_a_note_with_its_date(shown: Shown) -> None:
    shown.page.set_viewport_size({"width": 360, "height": 740})
    for version, utc, told in (
        (NEWER, "2026-11-03T10:00:00.000+00:00", f"The last update, to version {NEWER}, was refused (11/3/2026, "),
        (None, None, "The last update was refused (clock not set): This update is not signed"),
    ):
        shown.now = {**NONE, "state": "refused", "kind": "forged", "version": version, "utc": utc}
        shown.page.reload()
        shown.becomes("update-now", told)
        assert shown.says("update-now").endswith(
            ": This update is not signed by anybody this unit trusts. Nothing has changed."
        )
        assert shown.says("update-said") == ""
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= 360
    shown.now = {**NONE, "state": "asked"}
    shown.becomes("update-now", "The update begins")
    shown.now = {**NONE, "state": "refused", "kind": "forged"}
    shown.becomes("update-said", "This update is not signed")
    assert shown.says("update-now") == ""


def test_a_file_that_is_sent_is_followed_without_a_gap(shown: Shown) -> None:
    shown.now = {**NONE, "state": "refused", "kind": "forged"}
    shown.page.reload()
    shown.becomes("update-now", "The last update was refused")
    assert shown.may_leave()
    sent = shown.sends()
    assert (shown.may_leave(), shown.says("update-said")) == (False, "")
    shown.now = {**NONE, "state": "asked"}
    sent.fulfill(status=202, content_type="application/json", body=json.dumps(shown.now))
    shown.becomes("update-now", "The update begins")
    assert (shown.may_leave(), shown.says("update-said")) == (True, "")
    assert not shown.page.locator("#update-form").is_visible()
    shown.now = {**NONE, "state": "refused", "kind": "forged"}
    shown.becomes("update-said", "This update is not signed")


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        ("no-medium", "The update is damaged, or the storage card could not be read"),
        ("no-slots", "This unit has no second slot"),
        (None, "The unit did not answer. Nothing is lost: try again."),
    ],
)
def test_why_a_file_was_not_taken_is_said(shown: Shown, refused: str | None, told: str) -> None:
    sent = shown.sends()
    if refused is None:
        sent.abort()
    else:
        body = json.dumps({"id": refused, "sentence": "in English", "told": None, "retry_after_s": None})
        sent.fulfill(status=503, content_type="application/json", body=body)
    shown.becomes("update-said", told)
    assert shown.may_leave()


def test_why_one_was_not_kept_is_said_to_be_english(shown: Shown) -> None:
    reason = "meter: not within 240 s: the meter does not run"
    shown.now = {**NONE, "state": "returned", "version": NEWER, "sentence": reason}
    shown.becomes("update-detail", reason)
    assert shown.says("update-now").endswith("the one before runs again. The reason, in English:")
    assert shown.page.locator("#update-detail").get_attribute("lang") == "en"
