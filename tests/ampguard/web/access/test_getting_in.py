"""Whoever has the PIN or a token comes in; whoever has stolen, guessed or forged something does not."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.web.access.doorway import ACCESS_POINT, CARD, LAN, PIN, Doorway, sign_in

from ampguard.errors import SetupError
from ampguard.web.access.lockout import ALLOWANCE, LOCKED_FROM, wait_after
from ampguard.web.access.pin import Cost, PinHash, hashed
from ampguard.web.access.sessions import ABSOLUTE_S, IDLE_S

if TYPE_CHECKING:
    import httpx


pytestmark = pytest.mark.anyio  # its plugin comes with Starlette


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def unit(tmp_path: Path) -> Doorway:
    return Doorway(tmp_path)


def session_of(browser: httpx.AsyncClient) -> str:
    return next(cookie.value or "" for cookie in browser.cookies.jar if cookie.name.endswith("ampguard"))


async def test_the_pin_opens_and_signing_out_closes(unit: Doorway) -> None:
    async with unit.browser() as browser:
        assert (await browser.get("/look")).status_code == 401
        assert (await sign_in(browser)).status_code == 200
        assert (await browser.get("/look")).json() == "session 192.168.1.20"
        assert (await browser.post("/change")).status_code == 200
        kept = session_of(browser)
        assert (await browser.delete("/api/v1/session")).status_code == 204
        assert not list(browser.cookies.jar)
        assert (await browser.get("/look", headers={"Cookie": f"__Host-ampguard={kept}"})).status_code == 401


@pytest.mark.parametrize(
    ("base", "wanted"),
    [
        (LAN, "__Host-ampguard={}; HttpOnly; Path=/; SameSite=strict; Secure"),
        (ACCESS_POINT, "ampguard={}; HttpOnly; Path=/; SameSite=strict"),
    ],
)
async def test_the_cookie_goes_nowhere_else(unit: Doorway, base: str, wanted: str) -> None:
    async with unit.browser(base) as browser:
        answer = await sign_in(browser)
        assert answer.headers["set-cookie"] == wanted.format(session_of(browser))


async def test_a_session_of_one_scheme_opens_nothing_on_the_other(unit: Doorway) -> None:
    async with unit.browser(ACCESS_POINT) as plain, unit.browser() as secure:
        await sign_in(plain)
        await sign_in(secure)
        for thief, stolen in ((plain, session_of(secure)), (secure, session_of(plain))):
            thief.cookies.clear()
            for name in ("ampguard", "__Host-ampguard"):
                assert (await thief.get("/look", headers={"Cookie": f"{name}={stolen}"})).status_code == 401


async def test_plain_http_from_the_lan_is_not_even_asked_for_the_pin(unit: Doorway) -> None:
    async with unit.browser("http://192.168.1.50") as browser:
        assert (await sign_in(browser)).status_code == 403
        assert unit.access.sessions.count == 0


async def test_a_name_that_was_planted_before_is_not_the_one_after(unit: Doorway) -> None:
    async with unit.browser() as browser:
        planted = "A" * 43
        await sign_in(browser, Cookie=f"__Host-ampguard={planted}")
        first = session_of(browser)
        assert first != planted
        await sign_in(browser)
        assert session_of(browser) != first
        assert unit.access.sessions.count == 1  # the one before is over
        assert (await browser.get("/look", headers={"Cookie": f"__Host-ampguard={first}"})).status_code == 401


@settings(max_examples=8, deadline=None)
@given(name=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=';",\\'), max_size=100))
def test_a_cookie_of_ones_own_invention_opens_nothing(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    async def tried() -> int:
        unit = Doorway(tmp_path_factory.mktemp("unit"))
        async with unit.browser() as owner, unit.browser() as thief:
            await sign_in(owner)
            answer = await thief.get("/look", headers={"Cookie": f"__Host-ampguard={name}"})
            return answer.status_code

    assert asyncio.run(tried()) == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "A" * 43},
        {"X-CSRF-Token": "ä".encode().decode("latin-1")},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://192.168.1.50"},
        {"Sec-Fetch-Site": "cross-site", "Origin": LAN},
        {"Sec-Fetch-Site": "same-site", "Origin": LAN},
    ],
)
async def test_a_page_of_another_origin_changes_nothing(unit: Doorway, headers: dict[str, str]) -> None:
    async with unit.browser() as browser:
        await sign_in(browser)
        sent = {name.encode(): value.encode("latin-1") for name, value in headers.items()}
        for method, path in (("POST", "/change"), ("POST", "/api/v1/tokens"), ("DELETE", "/api/v1/session")):
            answer = await browser.request(method, path, headers=sent, json={"name": "mine", "scope": "control"})
            assert (answer.status_code, answer.json()["id"]) == (403, "not-allowed")
        assert unit.access.sessions.count == 1
        assert unit.access.tokens.all() == ()


async def test_another_sessions_word_is_not_ones_own(unit: Doorway) -> None:
    async with unit.browser() as one, unit.browser() as other:
        await sign_in(one)
        await sign_in(other)
        stolen = {"X-CSRF-Token": one.headers["X-CSRF-Token"]}
        assert (await other.post("/change", headers=stolen)).status_code == 403


async def test_pages_of_the_unit_may(unit: Doorway) -> None:
    async with unit.browser() as browser:
        await sign_in(browser, Origin=LAN)
        for headers in ({"Origin": LAN}, {"Sec-Fetch-Site": "same-origin", "Origin": LAN}, {}):
            assert (await browser.post("/change", headers=headers)).status_code == 200


async def test_nobody_can_be_signed_in_from_elsewhere(unit: Doorway) -> None:
    async with unit.browser() as browser:
        assert (await sign_in(browser, Origin="https://evil.example")).status_code == 403
        form = await browser.post("/api/v1/session", data={"pin": PIN})
        assert form.status_code == 422
        assert unit.access.sessions.count == 0


async def test_it_ends_by_itself(unit: Doorway) -> None:
    async with unit.browser() as browser:
        await sign_in(browser)
        unit.clock.after(IDLE_S + 1)
        assert (await browser.get("/look")).status_code == 401
        await sign_in(browser)
        for _ in range(int(ABSOLUTE_S / IDLE_S) + 1):
            unit.clock.after(IDLE_S - 1)
            await browser.get("/look")
        assert (await browser.get("/look")).status_code == 401


async def test_signing_out_everywhere_ends_all_sessions_and_no_token(unit: Doorway) -> None:
    async with unit.browser() as one, unit.browser(ACCESS_POINT) as other:
        await sign_in(one)
        await sign_in(other)
        made = (await one.post("/api/v1/tokens", json={"name": "evcc", "scope": "read"})).json()
        assert (await one.delete("/api/v1/sessions")).status_code == 204
        assert [(await each.get("/look")).status_code for each in (one, other)] == [401, 401]
        bearer = {"Authorization": f"Bearer {made['secret']}"}
        assert (await one.get("/look", headers=bearer)).status_code == 200


async def test_a_restart_of_the_web_ends_all_sessions(unit: Doorway) -> None:
    async with unit.browser() as browser:
        await sign_in(browser)
        unit.again()
        assert (await browser.get("/look")).status_code == 401


async def test_wrong_pins_cost_more_and_more_until_the_source_is_locked_out_and_a_restart_helps_nobody(
    unit: Doorway,
) -> None:
    async with unit.browser() as browser:
        for number in range(1, LOCKED_FROM + 1):
            answer = await sign_in(browser, "wrong")
            assert (answer.status_code, answer.json()["id"]) == (403, "wrong-pin")
            assert answer.json()["retry_after_s"] == (wait_after(number) or None)
            if number < LOCKED_FROM:
                unit.clock.after(wait_after(number))
        for _ in range(2):
            answer = await sign_in(browser)
            assert (answer.status_code, answer.json()["id"], answer.headers["retry-after"]) == (429, "wait", "900")
            unit.clock.after(600.0)
            unit.again()
        async with unit.browser(source="192.168.1.21") as owner:
            answer = await sign_in(owner)
            assert answer.json()["failed_before_count"] == LOCKED_FROM
            assert answer.json()["locked_sources"] == ["192.168.1.20"]
            lines = (await owner.get("/api/v1/access-log")).json()
            assert [one["what"] for one in lines[:2]] == ["signed in", "locked out"]
        unit.clock.after(900.0)
        assert (await sign_in(browser)).status_code == 200


async def test_sessions_that_are_there_know_nothing_of_a_lock_out(unit: Doorway) -> None:
    async with unit.browser() as owner, unit.browser() as thief:
        await sign_in(owner)
        for number in range(1, LOCKED_FROM + 1):
            await sign_in(thief, "wrong")
            unit.clock.after(0.0 if number == LOCKED_FROM else wait_after(number))
        assert (await sign_in(thief)).status_code == 429
        assert (await owner.post("/change")).status_code == 200


@pytest.mark.parametrize("at_once", [2, 50])
async def test_guesses_that_race_are_no_more_than_guesses_that_queue(unit: Doorway, at_once: int) -> None:
    async with unit.browser() as browser:
        for _ in range(6):
            answers = await asyncio.gather(*(sign_in(browser, f"wrong{one}") for one in range(at_once)))
            assert {one.status_code for one in answers} <= {403, 429}
    assert json.loads((unit.folder / "web" / "failures.json").read_text())["failures"]["192.168.1.20"] == 3


async def test_one_source_cannot_take_the_places_of_the_others(unit: Doorway) -> None:
    unit.card = replace(
        CARD, pin_hash=hashed(PIN, bytes(16), Cost(12, 8, 4)).as_bytes()
    )  # slow enough to be waited for
    async with unit.browser(source="192.168.1.66") as thief, unit.browser() as owner:
        guesses = [asyncio.create_task(sign_in(thief, f"wrong{one}")) for one in range(50)]
        await asyncio.sleep(0)
        assert (await sign_in(owner)).status_code == 200
        answers = [(await one).json()["id"] for one in guesses]
    assert answers.count("busy") == 49


async def test_a_crowd_that_races_guesses_no_more_than_the_allowance_and_the_access_point_stays_open(
    unit: Doorway,
) -> None:
    async def guess(number: int) -> int:
        async with unit.browser(source=f"10.0.0.{number}") as thief:
            return (await sign_in(thief, "wrong")).status_code

    for _ in range(20):
        codes = await asyncio.gather(*(guess(number) for number in range(1, 101)))
        assert set(codes) <= {403, 429}
    kept = json.loads((unit.folder / "web" / "failures.json").read_text())
    assert sum(kept["failures"].values()) <= ALLOWANCE
    async with unit.browser() as stranger, unit.browser(ACCESS_POINT, source="192.168.251.3") as phone:
        assert (await sign_in(stranger)).json()["id"] == "wait"
        assert (await sign_in(phone)).status_code == 200


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        (f" {PIN} ", 200),
        ("ａｂｃｄ１２３４", 200),  # noqa: RUF001 - what a Japanese keyboard types
        ("", 403),
        ("ABCD1234", 403),
        ("\U0001f511" * 8, 403),
        ("abcd123\u0661", 403),
        ("\x00" * 8, 403),
        ("x" * 65, 422),
    ],
)
async def test_pins_in_any_script_are_compared_and_never_a_defect(unit: Doorway, typed: str, wanted: int) -> None:
    async with unit.browser() as browser:
        assert (await sign_in(browser, typed)).status_code == wanted


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b'{"pin": "' + b"x" * 100_000 + b'"}', 413),
        (b"[" * 60_000, 400),
        (b'{"pin": "\\ud800"}', 422),
        (b'{"pin": 12345678}', 422),
        (b'{"pin": ["abcd1234"]}', 422),
        (b"\xff", 400),
        (b"", 422),
    ],
)
async def test_bodies_that_are_giant_or_nonsense_cost_no_attempt(unit: Doorway, content: bytes, wanted: int) -> None:
    async with unit.browser() as browser:
        answer = await browser.post("/api/v1/session", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == wanted
        assert not (unit.folder / "web" / "failures.json").exists()


@pytest.mark.parametrize("card", [None, replace(CARD, pin_hash=bytes(32)), replace(CARD, pin_hash=b"")])
async def test_a_unit_that_knows_no_pin_lets_nobody_in_and_says_so(unit: Doorway, card: None) -> None:
    unit.card = card
    async with unit.browser() as browser:
        answer = await sign_in(browser)
        assert (answer.status_code, answer.json()["id"]) == (503, "no-meter")


async def test_a_token_does_what_its_scope_says_and_never_more(unit: Doorway) -> None:
    async with unit.browser() as owner, unit.browser() as other:
        await sign_in(owner)
        made = {
            scope: (await owner.post("/api/v1/tokens", json={"name": scope, "scope": scope})).json()
            for scope in ("read", "control")
        }
        answers = {}
        for scope, one in made.items():
            bearer = {"Authorization": f"Bearer {one['secret']}"}
            tries = [("GET", "/look"), ("POST", "/change"), ("GET", "/api/v1/tokens"), ("GET", "/api/v1/access-log")]
            answers[scope] = [(await other.request(method, path, headers=bearer)).status_code for method, path in tries]
        assert answers == {"read": [200, 403, 401, 401], "control": [200, 200, 401, 401]}
        listed = (await owner.get("/api/v1/tokens")).json()
        assert [(one["name"], one["last_used_on"]) for one in listed] == [
            ("read", "2026-11-22"),
            ("control", "2026-11-22"),
        ]
        assert (await owner.delete(f"/api/v1/tokens/{made['read']['token']['id']}")).status_code == 204
        bearer = {"Authorization": f"Bearer {made['read']['secret']}"}
        assert (await other.get("/look", headers=bearer)).status_code == 401


@pytest.mark.parametrize(
    "told", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer ampguard_00000000_", "Bearer " + "A" * 5000]
)
async def test_what_is_no_token_is_refused_even_beside_a_good_cookie(unit: Doorway, told: str) -> None:
    async with unit.browser() as browser:
        await sign_in(browser)
        assert (await browser.get("/look", headers={"Authorization": told})).status_code == 401


async def test_no_secret_is_written_down(unit: Doorway) -> None:
    async with unit.browser() as browser:
        await sign_in(browser, "my wrong guess")
        await sign_in(browser)
        made = (await browser.post("/api/v1/tokens", json={"name": "evcc", "scope": "read"})).json()
        secrets = [PIN, "my wrong guess", made["secret"], session_of(browser), browser.headers["X-CSRF-Token"]]
        await browser.delete("/api/v1/sessions")
    written = "".join(path.read_text() for path in (unit.folder / "web").iterdir())
    assert [secret for secret in secrets if secret in written] == []


async def test_the_document_says_how_each_route_is_opened(unit: Doorway) -> None:
    document = unit.application.openapi()
    assert set(document["components"]["securitySchemes"]) == {"token", "session"}
    assert document["paths"]["/look"]["get"]["security"] == [{"token": []}, {"session": []}]
    assert document["paths"]["/api/v1/tokens"]["post"]["security"] == [{"session": []}]
    assert "security" not in document["paths"]["/api/v1/session"]["post"]


async def test_a_pin_that_nobody_could_compare_has_not_failed(unit: Doorway) -> None:
    compare = unit.access.compare

    def killed(_wanted: PinHash, _typed: str) -> bool:
        raise SetupError("it ended with -9")

    async with unit.browser() as browser:
        assert (await sign_in(browser, "000000")).status_code == 403
        unit.access.compare = killed
        for _ in range(ALLOWANCE + 1):
            assert (await sign_in(browser)).status_code == 503
        unit.access.compare = compare
        assert (await sign_in(browser, "000000")).json()["retry_after_s"] is None, "the second that failed"
        assert (await sign_in(browser)).json()["failed_before_count"] == 2
