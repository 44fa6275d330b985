"""Charging in a real browser, on a phone: what the balancer says is shown as it says it, and a group is set up."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.ampguard.web.test_balancing_api import BALANCED, CHANGE, GROUP, ONE, SECRET
from tests.ampguard.web.test_settings_page import PATIENCE_MS, Place
from tests.browser import chromium
from tests.system.test_web_pages import findings_of_all, wider

from ampguard.phrase import as_told, phrase
from ampguard.settings.group import GroupSettings, load, written

pytestmark = pytest.mark.timeout(300)
SETTINGS = "main_fuse_a = 25.0\nnominal_voltage_v = 230.0\nnominal_frequency_hz = 50.0\n"
MANY = [
    ONE,
    ONE | {"id": "2M", "name": "Place 2", "phases": ["L1"], "status": "SuspendedEVSE", "limit_a": 0.0, "safe_a": 0.0,
           "current_a": {"l1": 0.0, "l2": None, "l3": None}, "confirmed": False, "told": [], "cloud": "away"},
    ONE | {"id": "3M", "name": "Place 3", "online": False, "status": None, "has_car": None, "lease": "ended",
           "safe_a": None, "way": None, "why": None, "told": [], "power_w": None,
           "current_a": {"l1": None, "l2": None, "l3": None}},
]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    found.parts.places.settings.write_text(SETTINGS)
    yield found
    found.stop()


@pytest.fixture
def page(place: Place) -> Iterator[Page]:
    """A phone of somebody who has signed in; it must complain of nothing."""
    with chromium() as browser:
        expect.set_options(timeout=PATIENCE_MS)
        context = browser.new_context(viewport={"width": 360, "height": 740}, base_url=place.url)
        context.set_default_timeout(PATIENCE_MS)
        context.add_cookies([{"name": "ampguard", "value": place.cookie, "url": place.url}])
        found = context.new_page()
        complaints: list[str] = []
        found.on("pageerror", lambda why: complaints.append(str(why)))
        yield found
        expect.set_options(timeout=None)
    assert complaints == []


def kept(place: Place) -> GroupSettings:
    found = load(place.parts.places.group)
    assert found is not None
    return found


def set_up(place: Place, **changed: object) -> None:
    place.parts.places.group.write_bytes(written(GROUP | changed))


def hear(place: Place, **changed: object) -> None:
    body: dict[str, Any] = BALANCED | changed
    place.soon(lambda: place.parts.balancing.hear("balance", body))


def picture(page: Page, name: str) -> None:
    """For people to look at, in the folder that AMPGUARD_SCREENSHOTS names."""
    folder = os.environ.get("AMPGUARD_SCREENSHOTS")
    if folder is not None:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def charger(page: Page, name: str) -> Locator:
    return page.locator("#charger-list > li").filter(has=page.get_by_role("heading", name=name))


def test_what_the_balancer_says_is_shown_as_it_says_it(page: Page, place: Place) -> None:
    set_up(place)
    page.goto("/charging")
    stand = page.locator("#stand")
    expect(stand).to_have_text("The balancer does not run: each charger falls back by itself.")
    hear(place, chargers=MANY)
    expect(stand).to_have_text("Garage is balanced.")
    expect(page.locator("#rung")).to_have_text("The meter is heard: limits follow what the building draws.")
    expect(page.locator("#leader")).to_have_text("This unit leads.")
    first = page.locator("[data-phase=l2] [data-words]")  # where terminal 1 of place 1 hangs
    expect(first).to_have_text("3.0 of 25 A: building 2.0, chargers 1.0, free 22.0 A")
    one = charger(page, "Place 1")
    expect(one).to_contain_text("up to 10 A")
    expect(one).to_contain_text("16.0 -> 10.0 A: for 1 s L2 would have carried more than it may.")
    expect(one).to_contain_text("the charger's cloud cannot be reached: x")
    expect(one).to_contain_text("holds for 22 s, and is renewed")
    expect(one).to_contain_text("falls back to 6 A")
    two = charger(page, "Place 2")
    expect(two).to_contain_text("pause")
    expect(two).to_contain_text("told to wait")
    expect(two).to_contain_text("TxProfile, not confirmed")
    expect(two).to_contain_text("not reached")
    three = charger(page, "Place 3")
    expect(three).to_contain_text("not connected")
    expect(three).to_contain_text("it has run out: the charger has fallen back by itself")
    expect(three).to_contain_text("up to 6 A")
    expect(three).to_contain_text("has not accepted 6 A yet")


def test_a_new_reason_comes_in_the_reader_s_language_with_the_list_of_changes(page: Page, place: Place) -> None:
    set_up(place)
    page.context.add_cookies([{"name": "language", "value": "de", "url": place.url}])
    hear(place)
    page.goto("/charging")
    why = page.locator('#charger-list [data-of="why"]')
    expect(why).to_contain_text("10,0")
    expect(page.locator("#change-list li")).to_have_count(0)
    other = as_told(phrase("no car is plugged in."))
    place.soon(lambda: place.parts.balancing.hear("why", CHANGE))
    hear(place, chargers=[ONE | {"why": other, "limit_a": 6.5}])
    expect(page.locator("#change-list li")).to_have_count(1)
    expect(page.locator("#change-list li")).to_contain_text("10,0")
    expect(why).not_to_contain_text("10,0")
    expect(charger(page, "Place 1")).to_contain_text("6,5 A")


@pytest.mark.parametrize(
    ("rung", "age_s", "said"),
    [
        ("late", 2.4, "The meter is late: nobody gets more until it is heard again."),
        ("stale", 7.0, "The meter says nothing: what the building usually draws is reckoned with."),
        ("lost", 40.0, "The meter is lost: the chargers share what they may draw without it."),
    ],
)
def test_each_rung_of_the_ladder_is_said(page: Page, place: Place, rung: str, age_s: float, said: str) -> None:
    set_up(place)
    unknown = {"l1": None, "l2": None, "l3": None}
    hear(place, rung=rung, meter_age_s=age_s, leader="cloud", base_a=unknown)
    page.goto("/charging")
    expect(page.locator("#rung")).to_have_text(said)
    wanted = "undecided" if rung == "lost" else "right"
    expect(page.locator("#stand")).to_have_attribute("data-verdict", wanted)
    expect(page.locator("#leader")).to_have_text("The cloud leads; the unit lowers what would be too much.")
    expect(page.locator("[data-phase=l2] [data-words]")).to_have_text("Not measured now; chargers 1.0 of 25 A")


def test_limits_and_currents_of_the_last_minutes_are_drawn(page: Page, place: Place) -> None:
    set_up(place)
    page.goto("/charging")
    for limit_a in (10.0, 16.0, 0.0):
        hear(place, chargers=[ONE | {"limit_a": limit_a}])
        page.wait_for_timeout(200)
    picture_of = page.locator("#charger-list .spark")
    expect(picture_of).to_have_attribute("aria-label", "Limit and current of the last 0 min: limit 0 to 16 A")
    assert page.locator("#charger-list .limit-line").get_attribute("d") is not None


def test_a_fault_and_a_balancer_that_is_gone_are_said_here_and_on_the_first_page(page: Page, place: Place) -> None:
    set_up(place)
    page.goto("/")
    line = page.locator("#charging span")
    expect(line).to_have_text("The balancer does not run: each charger falls back by itself.")
    expect(line).to_have_class("said")
    hear(place)
    expect(line).to_have_text("Garage is balanced.")
    expect(line).not_to_have_class("said")
    hear(place, rung="lost")
    expect(line).to_have_text("The meter is lost: the chargers share what they may draw without it.")
    expect(line).to_have_class("said")
    fault = as_told(phrase("the balancer cannot work: {why}", why="port 9000 is taken"))
    idle: dict[str, Any] = {"name": None, "active": False, "fault": fault, "chargers": []}
    place.soon(lambda: place.parts.balancing.hear("balance", idle))
    expect(line).to_have_text("Nothing is balanced.")
    page.locator("#charging a").click()
    expect(page.locator("#stand")).to_have_text("Nothing is balanced: the balancer cannot work: port 9000 is taken")
    expect(page.locator("#stand")).to_have_attribute("data-verdict", "wrong")
    place.soon(place.parts.balancing.gone)
    expect(page.locator("#stand")).to_have_text("The balancer does not run: each charger falls back by itself.")


def test_a_setup_that_cannot_be_and_notes_are_said_while_the_one_before_counts(page: Page, place: Place) -> None:
    set_up(place)
    fault = as_told(phrase("nobody has told the rated current of the main fuse: nothing can be shared"))
    hear(place, fault=fault, told=[as_told(phrase("the why-log cannot be written: {why}", why="full"))])
    page.goto("/charging")
    expect(page.locator("#stand")).to_have_text("Garage is balanced.")
    expect(page.locator("#unfit")).to_contain_text("the one before counts on: nobody has told the rated current")
    expect(page.locator("#group-told")).to_have_text("the why-log cannot be written: full")
    page.goto("/")
    expect(page.locator("#charging span")).to_have_text("Garage is balanced, but not by its newest setup.")
    expect(page.locator("#charging span")).to_have_class("said")


def test_a_charger_that_came_in_by_itself_is_added_with_one_press(page: Page, place: Place) -> None:
    set_up(place)
    page.goto("/charging")
    hear(place, strangers=["9M"])
    page.locator("#group-details > summary").click()
    page.get_by_role("button", name="Add 9M").click()
    added = page.locator(".charger-form").nth(1)
    expect(added.get_by_label("Charge point id")).to_have_value("9M")
    expect(added.get_by_label("Name", exact=True)).to_be_focused()


def fill_charger(form: Locator, name: str, phases: str, offline_a: str) -> None:
    form.get_by_label("Charge point id").fill(name)
    form.get_by_label("Most (A)").fill("16")
    form.get_by_label("Phases", exact=True).select_option(phases)
    form.get_by_label("Falls back to (A)").fill(offline_a)


def test_a_group_is_created_begun_changed_and_taken_back(page: Page, place: Place) -> None:
    page.goto("/charging")
    expect(page.locator("#stand")).to_have_text("No chargers share this fuse yet.")
    said, save = page.locator("#group-said"), page.get_by_role("button", name="Save the group")
    page.get_by_label("Name of the group").fill("Garage")
    save.click()
    expect(said).to_have_text("Nothing was saved: look at what is marked.")
    expect(page.locator('[data-field="device"] [data-wrong]')).to_have_text("This is needed.")
    expect(page.get_by_label("Kind of fuse")).to_be_focused()
    page.get_by_label("Kind of fuse").select_option("gG")
    page.get_by_label("Most for all chargers without the meter (A)").fill("20")
    for number, (name, phases) in enumerate((("1M", "L1 L2 L3"), ("2M", "L2 L3 L1"))):
        page.get_by_role("button", name="Add a charger").click()
        fill_charger(page.locator(".charger-form").nth(number), name, phases, "6")
    second = page.locator(".charger-form").nth(1)
    second.get_by_text("More about this charger").click()
    second.get_by_label("Password of the charger").fill(SECRET)
    second.get_by_label("Priority").fill("2")
    save.click()
    expect(said).to_have_text("Saved.")
    group = kept(place)
    assert (group.name, group.active, len(group.chargers)) == ("Garage", False, 2)
    assert [phase.value for phase in group.chargers[1].phases] == ["L2", "L3", "L1"]
    assert (group.chargers[1].key, group.chargers[1].priority, group.chargers[1].included) == (SECRET, 2, True)

    expect(page.locator("#stand")).to_have_text("Garage is not balanced: nobody wants it to be.")
    page.get_by_role("button", name="Begin to balance").click()
    expect(page.locator("#stand")).to_have_text("The balancer does not run: each charger falls back by itself.")
    assert kept(place).active
    assert kept(place).chargers[1].key == SECRET

    page.locator(".charger-form > summary").first.click()
    page.get_by_role("button", name="Remove 1M").click()
    save.click()
    expect(page.locator(".charger-form")).to_have_count(1)
    expect(said).to_have_text("Saved.")
    assert [one.id for one in kept(place).chargers] == ["2M"]
    page.get_by_text("Who changed the group").click()
    expect(page.locator("#group-changes li")).to_have_count(3)
    expect(page.locator("#group-changes li").last).to_contain_text("chargers.2M.key: not set → set")
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.locator(".charger-form")).to_have_count(2)
    assert [one.id for one in kept(place).chargers] == ["1M", "2M"]

    page.get_by_role("button", name="Stop balancing").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#stand")).to_have_text("Garage is not balanced: nobody wants it to be.")
    assert not kept(place).active


def test_what_the_unit_refuses_is_said_at_the_field_or_above_and_nothing_is_lost(page: Page, place: Place) -> None:
    set_up(place)
    page.goto("/charging")
    page.locator("#group-details > summary").click()
    page.locator(".charger-form > summary").first.click()
    card = page.locator(".charger-form").first
    said, save = page.locator("#group-said"), page.get_by_role("button", name="Save the group")
    card.get_by_label("Most (A)").fill("3")
    save.click()
    expect(card.locator('[data-field="chargers.max_a"] [data-wrong]')).to_have_text("A number from 6 to 1000 A.")
    expect(card.get_by_label("Most (A)")).to_have_attribute("aria-invalid", "true")
    card.get_by_label("Most (A)").fill("16")
    card.get_by_label("Falls back to (A)").fill("16")
    page.get_by_label("Most for all chargers without the meter (A)").fill("10")
    save.click()
    expect(said).to_have_text(
        "Nothing was saved: the chargers' offline currents are 16.0 A together on L1; "
        "the group allows 10.0 A while the meter is offline"
    )
    expect(card.get_by_label("Falls back to (A)")).to_have_value("16")
    assert kept(place).max_offline_a == 20.0

    page.get_by_label("Most for all chargers without the meter (A)").fill("20")
    set_up(place, name="Somebody's")
    save.click()
    expect(said).to_contain_text("Somebody else has changed the group meanwhile.")
    save.click()
    expect(said).to_have_text("Saved.")
    assert (kept(place).name, kept(place).chargers[0].offline_a) == ("Garage", 16.0)


def test_what_is_typed_outlives_the_end_of_balancing(page: Page, place: Place) -> None:
    set_up(place)
    page.goto("/charging")
    page.locator("#group-details > summary").click()
    page.get_by_label("Name of the group").fill("Cellar")
    page.get_by_role("button", name="Stop balancing").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Begin to balance")).to_be_visible()
    expect(page.get_by_label("Name of the group")).to_have_value("Cellar")
    page.get_by_role("button", name="Save the group").click()
    expect(page.locator("#group-said")).to_have_text("Saved.")
    assert (kept(place).name, kept(place).active) == ("Cellar", False)


def test_a_group_that_somebody_broke_can_be_gone_back_from(page: Page, place: Place) -> None:
    page.goto("/charging")
    page.get_by_label("Name of the group").fill("Garage")
    page.get_by_label("Kind of fuse").select_option("B")
    page.get_by_label("Most for all chargers without the meter (A)").fill("0")
    page.get_by_role("button", name="Save the group").click()
    expect(page.locator("#group-said")).to_have_text("Saved.")
    place.parts.places.group.write_text("name = [")
    page.reload()
    expect(page.locator("#group-broken")).to_contain_text("The group cannot be read:")
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.get_by_label("Name of the group")).to_have_value("Garage")
    expect(page.locator("#group-broken")).to_be_hidden()


def test_axe_finds_nothing_serious_and_nothing_is_wider_than_a_phone(page: Page, place: Place) -> None:
    set_up(place)
    place.soon(lambda: place.parts.balancing.hear("why", CHANGE))
    hear(place, chargers=MANY)
    page.goto("/charging")
    for limit_a in (10.0, 16.0, 12.0):
        hear(place, chargers=[one | {"limit_a": limit_a} for one in MANY])
        page.wait_for_timeout(200)
    expect(page.locator("#charger-list > li")).to_have_count(3)
    expect(page.locator("#change-list li")).to_have_count(1)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert wider(page) == []
    rows = page.locator(".tabs > li").evaluate_all("(all) => new Set(all.map((one) => one.offsetTop)).size")
    assert rows == 1
    picture(page, "charging-phone")
    assert findings_of_all(page, "/charging") == []
    page.set_viewport_size({"width": 1280, "height": 900})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        picture(page, f"charging-desk-{scheme}")


@pytest.mark.parametrize("language", ["de", "fi", "fr"])
def test_the_tabs_fit_on_a_phone_in_each_language(page: Page, place: Place, language: str) -> None:
    page.context.add_cookies([{"name": "language", "value": language, "url": place.url}])
    page.goto("/charging")
    assert page.locator(".tabs").evaluate("(one) => one.scrollWidth <= one.clientWidth")
    assert wider(page) == []
