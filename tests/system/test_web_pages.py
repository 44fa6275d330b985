"""The unit's pages held by other people's judges: axe, a keyboard, a phone of 360 px, two languages."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect
from tests.browser import chromium
from tests.system.unit import PATIENCE_S, Unit, running

from ampguard.settings.history import By, Means
from ampguard.settings.settings import load
from ampguard.settings.store import SettingsStore
from ampguard_drivers.simulated.board import PIN

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]
PATIENCE_MS = PATIENCE_S * 1000.0
PHONE, DESK = (360, 740), (1280, 900)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("dark", "light")
TABS = ("/", "/charging", "/wifi", "/installation", "/system", "/first-visit", "/events")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
BENCH = By(Means.HAND)
MOST_TABS = 150
"""More than any page has to stop at."""
SEES_FOCUS = """() => document.activeElement === document.body
  || getComputedStyle(document.activeElement).outlineStyle !== "none"
"""


class Finding(NamedTuple):
    """What axe does not like."""

    where: str
    rule: str
    impact: str
    elements: tuple[str, ...]


@pytest.fixture(scope="module")
def unit() -> Iterator[Unit]:
    with running("swapped-cts", pages=True, system=True) as found:
        assert found.until(found.lit("logo", "communication_green", "voltage_green", "current_red")), found.logs()
        found.box.plug()
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        expect.set_options(timeout=PATIENCE_MS)
        yield found
        expect.set_options(timeout=None)


@contextmanager
def opened(
    browser: Browser,
    unit: Unit,
    size: tuple[int, int],
    language: str = "en",
    scheme: Literal["light", "dark"] = "light",
) -> Generator[Page]:
    """Somebody's browser; it must ask nobody but the unit, and complain of nothing."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, base_url=unit.box.page, locale=language, color_scheme=scheme,
        reduced_motion="reduce",
    )  # fmt: skip
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    wrong: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            wrong.append(message.text)

    def asked(sent: Request) -> None:
        if not sent.url.startswith((unit.box.page, "about:")):
            wrong.append(sent.url)

    page.on("console", said)
    page.on("pageerror", lambda why: wrong.append(str(why)))
    page.on("request", asked)
    yield page
    context.close()
    assert wrong == []


def sign_in(page: Page) -> None:
    page.goto("/")
    page.locator("#pin").fill(PIN)
    page.locator("#sign-in [type=submit]").click()
    expect(page.locator("#sign-out")).to_be_visible()


def findings_of_all(page: Page, where: str) -> list[Finding]:
    """On phone and desk, by day and by night."""
    found: list[Finding] = []
    for width, height in (DESK, PHONE):
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            found += findings(page, f"{where} {width} {scheme}")
    return found


def findings(page: Page, where: str) -> list[Finding]:
    """The serious ones, and worse."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE)
    found = cast("list[dict[str, Any]]", page.evaluate("async (rules) => (await axe.run(rules)).violations", RULES))
    return [
        Finding(where, one["id"], one["impact"], tuple(str(node["target"]) for node in one["nodes"]))
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


def test_axe_finds_nothing_serious(unit: Unit, browser: Browser) -> None:
    with opened(browser, unit, PHONE) as page:
        page.goto("/sign-in")
        found = findings_of_all(page, "sign-in")
        sign_in(page)
        for path in TABS:
            page.goto(path)
            settled(page)
            found += findings_of_all(page, path)
        assert found == []


def test_axe_finds_nothing_serious_while_a_check_runs_and_a_proposal_is_shown(unit: Unit, browser: Browser) -> None:
    with opened(browser, unit, PHONE) as page:
        sign_in(page)
        page.goto("/installation")
        expect(page.locator("#proposed tr")).to_have_count(2)
        page.locator("#check-begin [type=submit]").click()
        expect(page.locator("#check-ask")).to_contain_text("L1")
        unit.panel.heat(0, 2000.0)
        expect(page.locator("#check-notes .seen")).to_have_count(1)
        unit.panel.heat(0, 0.0)
        assert findings_of_all(page, "a check") == []
        page.locator("#check-end").click()
        expect(page.locator("#check-begin")).to_be_visible()


def test_axe_would_find_something(unit: Unit, browser: Browser) -> None:
    """Else the tests above say nothing."""
    with opened(browser, unit, PHONE) as page:
        page.goto("/sign-in")
        page.evaluate(
            """() => { document.querySelector("label[for=pin]").remove();
            document.querySelector("#pin-help").style.color = "var(--line)"; }"""
        )
        assert {one.rule for one in findings(page, "spoiled")} >= {"label", "color-contrast"}


@pytest.mark.parametrize("language", ["en", "de", "fi"])
def test_nothing_is_wider_than_a_small_phone(unit: Unit, browser: Browser, language: str) -> None:
    with opened(browser, unit, PHONE, language) as page:
        page.goto("/sign-in")
        too_wide = wider(page)
        sign_in(page)
        for path in TABS:
            page.goto(path)
            settled(page)
            assert page.locator("html").get_attribute("lang") == language
            too_wide += wider(page)
        assert too_wide == []


def settled(page: Page) -> None:
    """With live values, and all that can be unfolded."""
    expect(page.locator("body")).not_to_have_class("old")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")


def wider(page: Page) -> list[str]:
    """What stands out of the window."""
    return cast(
        "list[str]",
        page.evaluate(
            """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
            .filter((one) => one.getBoundingClientRect().right > innerWidth && !one.closest(".scroll"))
            .map((one) => `${location.pathname} ${one.tagName}#${one.id} ${one.textContent.trim().slice(0, 40)}`)"""
        ),
    )


class Keyboard:
    """Somebody without a mouse, who sees where he is."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def to(self, selector: str) -> None:
        """By Tab alone, through whatever is on the way."""
        for _ in range(MOST_TABS):
            self._page.keyboard.press("Tab")
            assert self._page.evaluate(SEES_FOCUS), f"on the way to {selector}"
            if self._page.evaluate("(one) => document.activeElement.matches(one)", selector):
                return
        pytest.fail(f"{selector} is not reached in {MOST_TABS} steps")

    def press(self, selector: str) -> None:
        self.to(selector)
        self._page.keyboard.press("Enter")

    def write(self, selector: str, text: str) -> None:
        self.to(selector)
        self._page.keyboard.press("Control+a")
        self._page.keyboard.type(text)


def test_the_keyboard_alone_is_enough(unit: Unit, browser: Browser) -> None:
    with opened(browser, unit, DESK) as page:
        keys = Keyboard(page)
        page.goto("/")
        expect(page.locator("#pin")).to_be_focused()
        page.keyboard.type(PIN)
        page.keyboard.press("Enter")
        expect(page.locator("#sign-out")).to_be_visible()
        for path in ("/wifi", "/system", "/installation"):
            keys.press(f".tabs a[href='{path}']")
            expect(page.locator(".tabs [aria-current]")).to_have_attribute("href", path)

        expect(page.locator("#set-main-fuse-a")).to_have_value("63")
        keys.write("#set-main-fuse-a", "50")
        page.keyboard.press("Enter")
        expect(page.locator("#electrical [data-said]")).to_have_text("Saved, and the meter has taken it up.")
        assert load(unit.box.settings).main_fuse_a == 50.0
        keys.press("#electrical [data-undo]")
        expect(page.locator("#electrical [data-said]")).to_have_text("Taken back.")

        keys.press("#check-begin [type=submit]")
        expect(page.locator("#check-ask")).to_contain_text("L1")
        keys.press("#check-end")
        expect(page.locator("#check-begin")).to_be_visible()
        keys.press("#sign-out")
        expect(page).to_have_url(f"{unit.box.page}sign-in")


def test_a_change_on_the_page_while_it_streams_loses_no_reading(unit: Unit, browser: Browser) -> None:
    with opened(browser, unit, PHONE) as page:
        sign_in(page)
        page.goto("/installation")
        expect(page.locator("#set-main-fuse-a")).to_have_value("63")
        before = unit.listener.highest()
        for fuse in ("40", "63"):
            page.locator("#set-main-fuse-a").fill(fuse)
            page.locator("#electrical [type=submit]").click()
            expect(page.locator("#electrical [data-said]")).to_have_text("Saved, and the meter has taken it up.")
            told = unit.listener.tally().readings
            assert unit.until(unit.received(told + 3)), unit.logs()
    assert unit.until(lambda: unit.listener.tally().missing == 0), unit.logs()
    assert unit.listener.tally().boots == 1
    assert unit.listener.highest() >= before + 6


@pytest.fixture
def unsaid(unit: Unit) -> Iterator[Unit]:
    """As an installer finds it: nothing was said of the building, and the clamps are swapped."""
    store = SettingsStore(unit.box.settings)
    before = load(unit.box.settings)
    inputs = {f"wiring.clamps.{phase}": None for phase in ("l1", "l2", "l3")}
    store.change({"main_fuse_a": None, "grid_type": None, "generation_on_site": None, **inputs}, BENCH)
    assert unit.until(unit.lit("logo", "communication_green", "voltage_green", "current_red")), unit.logs()
    yield unit
    said = {"main_fuse_a": before.main_fuse_a, "generation_on_site": before.generation_on_site}
    store.change({**said, "grid_type": None, **inputs}, BENCH)


@pytest.mark.parametrize(("size", "language"), [(PHONE, "en"), (DESK, "de")], ids=["phone-en", "desk-de"])
def test_an_installer_is_led_through_his_first_visit(
    unsaid: Unit, browser: Browser, size: tuple[int, int], language: str
) -> None:
    with opened(browser, unsaid, size, language) as page:
        taken = Pictures(page, f"{language}-{size[0]}")
        page.goto("/")
        taken.picture("sign-in")
        sign_in(page)
        expect(page.locator("#steps [aria-current]")).to_have_attribute("data-step", "electrical")
        expect(page.locator("#verdict")).to_have_attribute("data-verdict", "wrong")
        taken.picture("status")
        page.goto("/wifi")
        settled(page)
        taken.picture("wifi")
        page.goto("/")

        page.locator("#steps [aria-current] a").click()
        expect(page.locator("#set-main-fuse-a")).to_be_in_viewport()
        taken.picture("electrical")
        page.locator("#electrical [data-fill=set-main-fuse-a][data-value='35']").click()
        page.locator("#electrical [name=grid_type][value=three-phase]").check()
        page.locator("#electrical [name=generation_on_site][value=false]").check()
        page.locator("#electrical [type=submit]").click()
        expect(page.locator("#steps [data-step=electrical]")).to_have_attribute("data-state", "done")
        taken.picture("electrical-said")

        page.locator("[data-next-step=electrical] a").click()
        expect(page.locator("#proposed tr")).to_have_count(2)
        taken.picture("wiring-wrong")
        page.locator("#accept").click()
        expect(page.locator("#verdict")).to_have_attribute("data-verdict", "right")
        taken.picture("wiring-right")
        page.goto("/first-visit")
        expect(page.locator("#steps-done")).to_be_visible()
        taken.picture("done")
        page.locator("#steps [data-step=report] a").click()

        expect(page).to_have_url(re.compile("/system#report$"))
        page.locator("#report-form [type=submit]").click()
        expect(page.locator("#report-done")).to_be_visible()
        taken.picture("report")
        assert wider(page) == []
    assert load(unsaid.box.settings).main_fuse_a == 35.0


class Pictures:
    """What somebody saw, for people to look at, in the folder that AMPGUARD_SCREENSHOTS names; else none."""

    def __init__(self, page: Page, name: str) -> None:
        self._page = page
        self._name = name
        self._folder = os.environ.get("AMPGUARD_SCREENSHOTS")
        self._count = 0

    def picture(self, what: str) -> None:
        """One more, of the whole page."""
        self._count += 1
        if self._folder is not None:
            file = Path(self._folder) / f"{self._name}-{self._count:02}-{what}.png"
            self._page.screenshot(path=file, full_page=True)
