"""The stimulus test on a phone: begun on the charger's card, told as it goes on, its result with what protects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Page, expect
from tests.ampguard.web.charger_test_made import FOUND, Bench, Made
from tests.ampguard.web.test_balancing_api import ONE
from tests.ampguard.web.test_balancing_page import charger, hear, page, picture, place, set_up
from tests.system.test_web_pages import findings_of_all, wider

from ampguard.errors import SetupError
from ampguard.phrase import phrase

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
    other = charger(page, "Place 2")
    other.get_by_text("Stimulus test").click()
    other.get_by_role("button", name="Test this charger").click()
    expect(other.get_by_role("alert")).to_contain_text("met 2M")
