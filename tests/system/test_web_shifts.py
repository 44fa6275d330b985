"""Nothing moves below a finger while a page comes: each tab of a whole unit, on a phone and on a desk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser import chromium
from tests.shifts import moved, too_much, watch
from tests.system.test_web_pages import DESK, PATIENCE_MS, PHONE, TABS, sign_in
from tests.system.unit import Unit, running

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def unit() -> Iterator[Unit]:
    with running("swapped-cts", pages=True, system=True) as found:
        assert found.until(found.lit("logo", "communication_green", "voltage_green", "current_red")), found.logs()
        yield found


@pytest.mark.parametrize(("size", "language"), [(PHONE, "en"), (PHONE, "de"), (DESK, "en")])
def test_nothing_moves_while_a_page_comes(unit: Unit, size: tuple[int, int], language: str) -> None:
    with chromium() as browser:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, base_url=unit.box.page, locale=language
        )
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        sign_in(page)
        watch(page)
        found: list[str] = []
        for path in TABS:
            # a unit that has something new to say on a busy machine may move what is there: that does not come twice
            found += _too_much(page, path) and _too_much(page, path)
        assert found == []


def _too_much(page: Page, path: str) -> list[str]:
    page.goto(path)
    expect(page.locator("main:not([inert])")).to_be_visible(timeout=PATIENCE_MS)
    return too_much(path, moved(page))
