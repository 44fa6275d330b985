"""The stimulus test on a phone: begun on the charger's card, told as it goes on, its result with what protects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, Route, expect
from tests.ampguard.web.charger_test_made import FOUND, Bench, Made
from tests.ampguard.web.test_balancing_api import ONE
from tests.ampguard.web.test_balancing_page import charger, hear, page, picture, place, set_up
from tests.system.test_web_pages import findings_of_all, wider

from ampguard.errors import SetupError
from ampguard.phrase import as_told, phrase

if TYPE_CHECKING:
    from tests.ampguard.web.test_settings_page import Place

__all__ = ("page", "place")
pytestmark = pytest.mark.timeout(300)
TWO = {"id": "2M", "name": "Place 2"}


@pytest.fixture
def bench(place: Place) -> Bench:
    """Tests that are made up."""
    found = Bench()
    made = found.tests(place.parts.hub)
    for name in ("_begin", "_known", "_utc"):
        setattr(place.parts.balancing.tests, name, getattr(made, name))
    return found


def shown(page: Page, place: Place) -> None:
    """Two chargers, the first one's card open."""
    set_up(place)
    hear(place, chargers=[ONE, ONE | TWO])
    page.goto("/charging")
    charger(page, "Place 1").get_by_text("Stimulus test").click()


def begun(page: Page, bench: Bench) -> Made:
    charger(page, "Place 1").get_by_role("button", name="Test this charger").click()
    expect(charger(page, "Place 1").get_by_role("button", name="End the test")).to_be_visible()
    return bench.begun[-1]


def test_a_test_is_begun_told_and_its_result_stays(page: Page, place: Place, bench: Bench) -> None:
    shown(page, place)
    one = begun(page, bench)
    card = charger(page, "Place 1")
    expect(card).to_contain_text("The test has begun.")
    other = charger(page, "Place 2")
    other.get_by_text("Stimulus test").click()
    expect(other.get_by_role("button", name="Test this charger")).to_be_disabled()
    place.soon(lambda: one.say(phrase("seen; down to {amperes} A again", amperes="6")))
    expect(card.get_by_role("status")).to_contain_text("seen; down to 6 A again")
    assert not wider(page)
    place.soon(one.ends.set)
    expect(card).to_contain_text("The fuse is protected in time.")
    expect(card.get_by_text("protected with 3.1 s to spare")).to_be_visible()
    expect(card).to_contain_text("Tested")
    expect(other).not_to_contain_text("The fuse is protected in time.")
    assert findings_of_all(page, "/charging") == []
    picture(page, "charging-tested")
    page.reload()
    card.get_by_text("Stimulus test").click()
    expect(card).to_contain_text("The fuse is protected in time.")


def test_one_that_finds_the_fuse_unprotected_says_so(page: Page, place: Place, bench: Bench) -> None:
    shown(page, place)
    one = begun(page, bench)
    one.told = FOUND | {"protected": False}
    charger(page, "Place 1").get_by_role("button", name="End the test").click()
    expect(charger(page, "Place 1")).to_contain_text("The fuse is not protected in time.")


def test_why_it_cannot_go_on_or_begin_is_said(page: Page, place: Place, bench: Bench) -> None:
    shown(page, place)
    one = begun(page, bench)
    one.fault = SetupError(phrase("wanted a balancer that runs and has this charger in its group, met none"))
    place.soon(one.ends.set)
    expect(charger(page, "Place 1")).to_contain_text("wanted a balancer that runs")
    expect(charger(page, "Place 1").locator('[data-test="latest"]')).to_have_class("said")
    other = charger(page, "Place 2")
    other.get_by_text("Stimulus test").click()
    other.get_by_role("button", name="Test this charger").click()
    expect(other.get_by_role("alert")).to_contain_text("met 2M")


def test_a_test_in_which_nothing_counted_says_so_and_hides_no_kept_result(
    page: Page, place: Place, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place.parts.balancing.tests, "_known", lambda: {"1M": FOUND | {"utc": "2026-11-22T10:00:00Z"}})
    shown(page, place)
    card = charger(page, "Place 1")
    expect(card).to_contain_text("The fuse is protected in time.")
    one = begun(page, bench)
    one.told = FOUND | {"rounds": 0, "protected": None, "sentences": []}
    card.get_by_role("button", name="End the test").click()
    expect(card.locator('[data-test="latest"]')).to_have_text("The test has ended, and nothing of it counted.")
    expect(card).to_contain_text("The fuse is protected in time.")
    expect(card).to_contain_text("Tested")
    other = begun(page, bench)
    why = as_told(phrase("no car has charged there for {seconds} s", seconds="300"))
    other.told = FOUND | {"rounds": 0, "protected": None, "sentences": [why]}
    place.soon(other.ends.set)
    expect(card.locator('[data-test="latest"]')).to_contain_text("counted: no car has charged there for 300 s")


def test_the_buttons_name_the_charger_and_the_focus_stays_on_its_card(page: Page, place: Place, bench: Bench) -> None:
    shown(page, place)
    card = charger(page, "Place 1")
    heading = card.locator("summary")
    card.get_by_role("button", name="Test this charger: Place 1", exact=True).press("Enter")
    expect(card.get_by_role("button", name="End the test")).to_be_visible()
    expect(heading).to_be_focused()
    page.keyboard.press("Tab")
    expect(card.get_by_role("button", name="End the test")).to_be_focused()
    page.keyboard.press("Enter")
    expect(card.get_by_role("button", name="Test this charger: Place 1")).to_be_visible()
    expect(heading).to_be_focused()
    assert len(bench.begun) == 1


def test_that_another_one_is_tested_is_said_no_longer_than_it_is(page: Page, place: Place, bench: Bench) -> None:
    shown(page, place)
    begun(page, bench)
    card = charger(page, "Place 2")
    card.get_by_text("Stimulus test").click()
    said = card.locator('[data-test="said"]')
    told = {"id": "busy", "sentence": "another charger is being tested just now", "told": None, "retry_after_s": None}

    def refuse(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        return route.fulfill(status=409, content_type="application/json", body=json.dumps(told))

    page.route("**/api/v1/balancing/test", refuse)
    card.locator('[data-test="begin"]').evaluate("(one) => { one.disabled = false; one.click(); }")
    expect(said).to_contain_text("another charger is being tested just now")
    place.soon(bench.begun[-1].ends.set)
    expect(said).to_be_empty()


def test_of_a_unit_that_does_not_answer_more_is_said_than_that_it_did_not_work(page: Page, place: Place) -> None:
    shown(page, place)
    card = charger(page, "Place 1")
    page.route("**/api/v1/balancing/test", lambda route: route.abort())
    card.get_by_role("button", name="Test this charger").click()
    expect(card.get_by_role("alert")).to_have_text("The unit did not answer. Nothing is lost: try again.")
