"""Who does nothing is signed out after half an hour, whatever his pages go on asking."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect
from tests.ampguard.web.test_settings_page import PATIENCE_MS, Place
from tests.ampguard.web.unit import Unit, refusal, unit_at
from tests.browser import chromium

from ampguard.web.access.sessions import IDLE_S

pytestmark = pytest.mark.timeout(300)
BY_ITSELF = {"X-Background": "1"}
MINUTE_S = 60.0


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path) as made:
        yield made


@pytest.mark.parametrize("headers", [BY_ITSELF, {"Accept": "text/event-stream"}])
def test_what_a_page_asks_by_itself_keeps_nobody_signed_in(unit: Unit, headers: dict[str, str]) -> None:
    for _ in range(int(IDLE_S / MINUTE_S)):
        unit.clock.after(MINUTE_S)
        assert unit.owner.get("/api/v1/system", headers=headers).status_code == 200
    unit.clock.after(1.0)
    assert refusal(unit.owner.get("/api/v1/system", headers=headers)) == (401, "sign-in-wanted")


def test_what_somebody_asks_for_does(unit: Unit) -> None:
    for _ in range(3):
        unit.clock.after(IDLE_S)
        assert unit.owner.get("/api/v1/system").status_code == 200


def test_a_page_that_is_left_open_is_told_when_its_time_is_over(unit: Unit) -> None:
    async def looked() -> str:
        answer = asyncio.create_task(unit.owner.client.get("/api/v1/live"))
        await asyncio.sleep(0.1)
        unit.clock.after(IDLE_S - 1.0)
        unit.parts.hub.tell("reading", {"sequence": 1})
        await asyncio.sleep(0.1)
        assert not answer.done()
        unit.clock.after(2.0)
        unit.parts.hub.tell("reading", {"sequence": 2})
        async with asyncio.timeout(10.0):
            return (await answer).text

    told = unit.run(looked())
    assert told.endswith("event: over\ndata: {}\n\n")
    assert '"sequence":1' in told
    assert '"sequence":2' not in told


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    found.stop()


@pytest.fixture
def page(place: Place) -> Iterator[Page]:
    with chromium() as browser:
        context = browser.new_context(base_url=place.url)
        context.add_cookies([{"name": "ampguard", "value": place.cookie, "url": place.url}])
        yield context.new_page()


def by_itself(request: Request) -> bool:
    return request.headers.get("x-background") == "1"


def test_a_page_says_which_of_its_questions_nobody_has_asked(page: Page) -> None:
    with page.expect_request("**/api/v1/system") as first:
        page.goto("/system")
    assert by_itself(first.value)
    expect(page.locator("#boot")).to_have_text("boot-1", timeout=PATIENCE_MS)
    with page.expect_request("**/api/v1/logs/**") as asked:
        page.locator("#log-again").click()
    assert not by_itself(asked.value)
    with page.expect_request("**/api/v1/system", timeout=PATIENCE_MS) as again:
        pass
    assert by_itself(again.value)
