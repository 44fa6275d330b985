"""The first page in a real browser: what nobody says any more is not shown as if it were so now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.ampguard.web.test_settings_page import PATIENCE_MS, Place
from tests.browser import chromium

from ampguard.readings import Json

pytestmark = pytest.mark.timeout(300)
NOTHING = "\N{EN DASH}"


def each(one: float, two: float, three: float) -> dict[str, Json]:
    return {"l1": one, "l2": two, "l3": three}


WINDOW: dict[str, Json] = {
    "frequency_hz": 50.0, "voltage_rms_v": each(231.5, 230.0, 229.0), "voltage_angle_deg": each(0.0, -120.0, 120.0),
    "current_rms_a": each(5.0, 4.0, 3.0), "current_angle_deg": each(0.0, 0.0, 0.0),
    "active_power_w": each(1157.0, 920.0, 687.0), "total_active_power_w": 2764.0, "quality": [],
}  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    found.parts.hub.tell("measurement", WINDOW)
    found.parts.hub.tell("lights", {"logo": "green"})
    yield found
    found.stop()


@pytest.fixture
def page(place: Place) -> Iterator[Page]:
    with chromium() as browser:
        context = browser.new_context(base_url=place.url)
        context.add_cookies([{"name": "ampguard", "value": place.cookie, "url": place.url}])
        found = context.new_page()
        complaints: list[str] = []
        found.on("pageerror", lambda why: complaints.append(str(why)))
        found.goto("/")
        expect(found.locator('[data-live="measurement.voltage_rms_v.l1"]')).to_have_text("231.5", timeout=PATIENCE_MS)
        yield found
    assert complaints == []


def test_values_of_a_meter_that_is_gone_go(page: Page, place: Place) -> None:
    arrow = page.locator('[data-phasor="voltage.l1"]')
    expect(arrow).to_have_css("visibility", "visible")
    expect(page.locator('[data-light="logo"]')).to_have_attribute("data-colour", "green")
    place.soon(lambda: place.parts.hub.forget("measurement", "lights"))
    expect(page.locator('[data-live="measurement.voltage_rms_v.l1"]')).to_have_text(NOTHING, timeout=PATIENCE_MS)
    expect(page.locator('[data-live="measurement.frequency_hz"]')).to_have_text(NOTHING)
    expect(arrow).to_have_css("visibility", "hidden")
    expect(page.locator("#direction")).to_have_text("")
    expect(page.locator('[data-light="logo"]')).not_to_have_attribute("data-colour", "green")


def selfchecked(percent: float | None) -> dict[str, Json]:
    return {"end_utc": None, "clock_quality": "synchronised", "health": {"selfcheck_percent": percent}}


def test_a_self_check_never_claims_that_nothing_differs(page: Page, place: Place) -> None:
    shown = page.locator("#selfcheck")
    for percent, text in ((0.0000004, "better than 0.001 %"), (0.0123, "differs by 0.012 %"), (None, NOTHING)):
        place.soon(lambda percent=percent: place.parts.hub.tell("reading", selfchecked(percent)))
        expect(shown).to_have_text(text, timeout=PATIENCE_MS)
    place.soon(lambda: place.parts.hub.tell("reading", selfchecked(0.02)))
    expect(shown).to_have_text("differs by 0.020 %", timeout=PATIENCE_MS)
    place.soon(lambda: place.parts.hub.forget("reading"))
    expect(shown).to_have_text(NOTHING, timeout=PATIENCE_MS)


def test_why_it_is_looked_at_again_stands_where_the_verdict_stands(page: Page, place: Place) -> None:
    body: dict[str, Json] = {"verdict": "undecided", "sentence": "undecided", "looking_again": "settings"}
    verdict = page.locator("#verdict")
    place.soon(lambda: place.parts.hub.tell("wiring", body))
    expect(verdict).to_have_text("Looking again since the settings were changed …", timeout=PATIENCE_MS)
    place.soon(lambda: place.parts.hub.tell("wiring", body | {"looking_again": "assignment"}))
    expect(verdict).to_have_text("Looking again with the new assignment …", timeout=PATIENCE_MS)
    place.soon(lambda: place.parts.hub.tell("wiring", body | {"looking_again": None}))
    expect(verdict).to_have_text("Not decided yet", timeout=PATIENCE_MS)


def test_whoever_is_not_signed_in_any_more_is_told_so_and_not_that_the_unit_is_away(page: Page, place: Place) -> None:
    page.goto("/first-visit")  # which asks nothing by itself
    expect(page.locator("#steps")).to_be_visible()
    page.wait_for_timeout(1000)  # it listens
    place.soon(place.restarted)
    expect(page).to_have_url(f"{place.url}/sign-in", timeout=PATIENCE_MS)


def test_the_cloud_s_line_says_which_of_all_it_is(page: Page, place: Place) -> None:
    place.follows = False
    page.wait_for_timeout(300)
    cloud = page.locator("#cloud")
    told: dict[str, Json] = {"communication": "connected", "cloud": False, "cloud_connected": False}
    changes: tuple[tuple[dict[str, Json], str], ...] = (
        ({}, "nothing is set up"),
        ({"cloud": True}, "network, but no cloud"),
        ({"communication": "none"}, "no network"),
        ({"communication": "connected", "cloud_connected": True}, "connected"),
    )
    for change, wanted in changes:
        told |= change
        place.soon(partial(place.parts.hub.tell, "uplink", dict(told)))
        expect(cloud).to_have_text(wanted, timeout=PATIENCE_MS)
    place.soon(lambda: place.parts.hub.forget("uplink"))
    expect(cloud).to_have_text("the sender does not answer", timeout=PATIENCE_MS)
    page.reload()  # nobody says to a page that comes late who has gone before
    expect(cloud).to_have_text("the sender does not answer", timeout=PATIENCE_MS)
