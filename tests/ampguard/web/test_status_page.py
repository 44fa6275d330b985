"""The first page in a real browser: what nobody says any more is not shown as if it were so now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.ampguard.web.test_settings_page import PATIENCE_MS, Place
from tests.browser import chromium

from ampguard.readings import Json, as_json
from ampguard.settings.assignment import AS_LABELLED
from ampguard.settings.history import By, Means
from ampguard.web.words import LANGUAGES

pytestmark = pytest.mark.timeout(300)
NOTHING = "\N{EN DASH}"


def each(one: float, two: float, three: float) -> dict[str, Json]:
    return {"l1": one, "l2": two, "l3": three}


WINDOW: dict[str, Json] = {
    "frequency_hz": 50.0, "voltage_rms_v": each(231.5, 230.0, 229.0), "voltage_angle_deg": each(0.0, -120.0, 120.0),
    "current_rms_a": each(5.0, 4.0, 3.0), "current_angle_deg": each(0.0, 0.0, 0.0),
    "active_power_w": each(1157.0, 920.0, 687.0), "total_active_power_w": 2764.0, "quality": [],
}  # fmt: skip
HEARD: dict[str, Json] = {
    "verdict": "right", "voltage_verdict": "right", "current_verdict": "right", "sentence": "right", "alarm": None,
    "assignment": {}, "in_force": as_json(AS_LABELLED.inputs), "proposal": None, "looking_again": None,
}  # fmt: skip
ALARM: Json = {"message": "the neutral is broken or loose", "facts": {}}


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
    body = HEARD | {"verdict": "undecided", "current_verdict": "undecided", "looking_again": "settings"}
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


def test_a_fault_of_the_supply_is_the_heading_and_an_alert_before_all_else(page: Page, place: Place) -> None:
    verdict, banner = page.locator("#verdict"), page.locator("#fault")
    place.soon(lambda: place.parts.hub.tell("wiring", HEARD))
    expect(verdict).to_have_text("The wiring is right", timeout=PATIENCE_MS)
    expect(banner).to_be_hidden()
    place.soon(lambda: place.parts.hub.tell("wiring", HEARD | {"alarm": ALARM}))
    expect(banner).to_have_text("The neutral is broken or loose", timeout=PATIENCE_MS)
    expect(banner).to_have_role("alert")
    expect(verdict).to_have_text("The supply has a fault")
    expect(verdict).to_have_attribute("data-verdict", "wrong")
    expect(page.locator("#reason")).not_to_contain_text("neutral")  # once is enough
    expect(page.locator("[data-step=wiring] .why")).to_contain_text("The supply has a fault", timeout=PATIENCE_MS)
    above = banner.evaluate("(one) => one.getBoundingClientRect().bottom")
    assert above <= page.locator("#steps").evaluate("(one) => one.getBoundingClientRect().top")
    lost: dict[str, Json] = {"voltage_rms_v": each(230.0, 231.0, 0.1)}
    body = HEARD | {"verdict": "undecided", "voltage_verdict": "absent", "phasors": lost}
    place.soon(lambda: place.parts.hub.tell("wiring", body))
    expect(verdict).to_have_text("A phase carries no voltage", timeout=PATIENCE_MS)
    expect(banner).to_contain_text("L3 carries no voltage: look at the main fuse")
    expect(page.locator("[data-step=wiring] .why")).to_contain_text("look at the fuses", timeout=PATIENCE_MS)
    expect(page.locator("[data-step=wiring] .why")).not_to_contain_text("kettle")
    place.soon(lambda: place.parts.hub.tell("wiring", HEARD))
    expect(verdict).to_have_text("The wiring is right", timeout=PATIENCE_MS)
    expect(banner).to_be_hidden()


def test_heading_and_reasons_come_out_of_one_answer(page: Page, place: Place) -> None:
    verdict, reason = page.locator("#verdict"), page.locator("#reason")
    place.soon(lambda: place.parts.hub.tell("wiring", HEARD))
    expect(reason).to_contain_text("Every CT clamp sits on its own phase", timeout=PATIENCE_MS)
    page.route("**/api/v1/wiring", lambda _route: None)  # an answer that does not come
    place.soon(lambda: place.parts.hub.tell("wiring", HEARD | {"verdict": "wrong", "current_verdict": "wrong"}))
    page.wait_for_timeout(1000)
    expect(verdict).to_have_text("The wiring is right")
    expect(reason).to_contain_text("Every CT clamp sits on its own phase")


def test_what_is_inferred_is_marked_and_its_currents_are_drawn(page: Page, place: Place) -> None:
    power = page.locator('[data-live="measurement.active_power_w.l2"]')
    arrows = page.locator('[data-phasor^="current."]')
    expect(power).not_to_have_class("inferred")
    expect(page.locator("#inferred")).to_be_hidden()
    angles: dict[str, Json] = {"l1": 0.0, "l2": None, "l3": None}
    window = WINDOW | {
        "voltage_rms_v": {"l1": 231.5, "l2": None, "l3": None}, "voltage_angle_deg": angles, "quality": ["inferred"],
        "current_rms_a": each(5.0, 5.0, 5.0), "current_angle_deg": each(0.0, 30.0, 0.0),
    }  # fmt: skip
    place.soon(lambda: place.parts.hub.tell("measurement", window))
    expect(power).to_have_class("inferred", timeout=PATIENCE_MS)
    expect(page.locator("#inferred")).to_be_visible()
    expect(page.locator('[data-live="measurement.active_power_w.l1"]')).not_to_have_class("inferred")
    ends = arrows.evaluate_all(
        "(all) => all.map((one) => [one.style.visibility, one.getAttribute('x2'), one.getAttribute('y2')])"
    )
    assert ends == [["visible", "0.0", "-80.0"], ["visible", "40.0", "69.3"], ["visible", "-69.3", "40.0"]]


def test_of_one_voltage_between_two_phases_no_angle_is_drawn_and_all_else_is_marked(page: Page, place: Place) -> None:
    window = WINDOW | {
        "voltage_rms_v": {"l1": 132.8, "l2": 132.8, "l3": None}, "voltage_angle_deg": dict.fromkeys(("l1", "l2", "l3")),
        "quality": ["inferred"], "current_rms_a": each(5.0, 5.0, 5.0), "current_angle_deg": each(0.0, 30.0, 0.0),
    }  # fmt: skip
    place.soon(lambda: place.parts.hub.tell("measurement", window))
    expect(page.locator("#inferred")).to_be_visible(timeout=PATIENCE_MS)
    marked = page.locator("[data-live].inferred").evaluate_all("(all) => all.map((one) => one.dataset.live)")
    voltages = {f"measurement.voltage_rms_v.{phase}" for phase in ("l1", "l2")}
    powers = {f"measurement.active_power_w.{phase}" for phase in ("l1", "l2", "l3")}
    assert voltages | powers <= set(marked)
    assert "measurement.voltage_rms_v.l3" not in marked
    shown = "(all) => all.map((one) => one.style.visibility)"
    assert page.locator('line[data-phasor^="voltage."]').evaluate_all(shown) == ["hidden"] * 3
    ends = page.locator('[data-phasor^="current."]').evaluate_all("(all) => all.map((one) => one.getAttribute('x2'))")
    assert ends == ["0.0", "40.0", "-69.3"]


def test_export_is_said_by_the_word_and_not_by_the_sign_too(page: Page, place: Place) -> None:
    total = page.locator("dd", has=page.locator("#direction"))
    place.soon(lambda: place.parts.hub.tell("measurement", WINDOW | {"total_active_power_w": -127.0}))
    expect(total).to_have_text("127 W export", timeout=PATIENCE_MS)
    place.soon(lambda: place.parts.hub.tell("measurement", WINDOW | {"total_active_power_w": 127.0}))
    expect(total).to_have_text("127 W import", timeout=PATIENCE_MS)


@pytest.mark.parametrize(("fuse_a", "beyond"), [(50.0, False), (250.0, True)])
def test_of_a_fuse_beyond_what_the_unit_measures_no_headroom_is_told(
    page: Page, place: Place, fuse_a: float, beyond: bool  # noqa: FBT001 - a case
) -> None:  # fmt: skip
    place.parts.settings.change({"main_fuse_a": fuse_a}, By(Means.COMMAND))
    page.reload()
    left, said = page.locator('[data-left="l1"]'), page.locator("#fuse-beyond")
    if beyond:
        expect(said).to_contain_text("This unit measures up to 63 A on each phase", timeout=PATIENCE_MS)
        expect(left).to_be_hidden()
    else:
        expect(left).to_have_text("45.0 A left", timeout=PATIENCE_MS)
        expect(said).to_be_hidden()


@pytest.mark.parametrize(("grid", "shown"), [("three-phase", True), ("single-phase", False), ("it", False)])
def test_a_current_in_the_neutral_is_shown_where_it_says_something(
    page: Page, place: Place, grid: str, shown: bool  # noqa: FBT001 - a case
) -> None:  # fmt: skip
    place.parts.settings.change({"grid_type": grid}, By(Means.COMMAND))
    page.reload()
    neutral = page.locator('[data-live="measurement.neutral_current_rms_a"]')
    expect(neutral).to_have_count(int(shown), timeout=PATIENCE_MS)


def test_on_a_desk_no_row_is_left_open(page: Page) -> None:
    for width in (1280, 800, 360):
        page.set_viewport_size({"width": width, "height": 900})
        rows: dict[float, float] = {}
        boxes = "(all) => all.filter((one) => one.offsetParent).map((one) => one.getBoundingClientRect().toJSON())"
        for box in page.locator(".grid > *").evaluate_all(boxes):
            rows[box["top"]] = max(rows.get(box["top"], 0.0), box["right"])
        assert len(rows) >= 5
        assert max(rows.values()) - min(rows.values()) < 1.0


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_no_table_is_wider_than_its_card(place: Place, language: str) -> None:
    with chromium() as browser:
        context = browser.new_context(base_url=place.url, locale=language)
        context.add_cookies([{"name": "ampguard", "value": place.cookie, "url": place.url}])
        page = context.new_page()
        page.goto("/")
        for width in (1280, 800, 360):
            page.set_viewport_size({"width": width, "height": 900})
            wider = "(all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.innerText)"
            assert page.locator(".card").evaluate_all(wider) == []


def test_a_refusal_of_what_was_set_by_hand_is_brought_into_view(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto("/installation")
    page.locator("#wiring summary").click()
    page.locator("#clamps-l1").select_option("L2")
    page.locator("#by-hand button").scroll_into_view_if_needed()
    page.locator("#by-hand button").click()
    said = page.locator("#wiring-said")
    expect(said).to_contain_text("two clamps cannot both measure L2", timeout=PATIENCE_MS)
    expect(said).to_be_in_viewport()
    expect(said).to_be_focused()
