"""The page before all others in a real browser: it brings along what it needs, and runs nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from tests.ampguard.web.test_settings_page import PATIENCE_MS, Place
from tests.browser import chromium

pytestmark = pytest.mark.timeout(300)
LOUD = ("error", "warning")


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    place = Place(tmp_path)
    with chromium() as browser:
        yield browser.new_context(base_url=place.url).new_page()
    place.stop()


def test_one_file_more_and_it_can_be_used(page: Page) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.on("console", lambda said: complaints.append(said.text) if said.type in LOUD else None)
    page.goto("/sign-in", wait_until="networkidle")
    assert set(asked) <= {"/sign-in", "/static/frame.js", "/static/mark.svg"}
    assert complaints == []
    expect(page.get_by_role("button", name="Sign in")).to_have_css("cursor", "pointer")
    page.get_by_label("PIN").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).not_to_be_empty(timeout=PATIENCE_MS)


def test_no_other_script_in_its_text_is_run(page: Page) -> None:
    page.goto("/sign-in")
    page.evaluate("""() => {
      for (const text of ["window.foreign = true", document.querySelector("script:not([src])").textContent + " "]) {
        document.body.append(Object.assign(document.createElement("script"), { textContent: text }));
      }
    }""")
    assert page.evaluate("window.foreign") is None
