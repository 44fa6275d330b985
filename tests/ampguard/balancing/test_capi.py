"""The makers' REST API as the unit asks it: beside the bench's stand-in, and beside clouds that refuse, hang or lie."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.ampguard_hil.halo.bench import BEGIN_UTC, QUICK
from tests.ampguard_hil.halo.central import in_a_loop

from ampguard.balancing import capi
from ampguard.balancing.capi import Account, Capi
from ampguard.phases import Phases
from ampguard_hil.halo.capi import Login, Tokens, application
from ampguard_hil.halo.capi_cloud import CapiCloud
from ampguard_hil.halo.car import Car
from ampguard_hil.halo.halo import Halo
from ampguard_hil.halo.variant import Protocol, Variant

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST, SECOND = "2611000001M", "2611000002M"
EMAIL, PASSWORD, KEY = "owner@example.org", "secret of the owner", "key of the owner"
ACCOUNT = Account("http://localhost", EMAIL, PASSWORD, KEY)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POLL_S", "AGAIN_S", "BUSY_S", "REFUSED_S"):
        monkeypatch.setattr(capi, name, 0.03)
    monkeypatch.setattr(capi, "LEAST_S", 0.01)


class World:
    """Two Halos that speak CAPI, with the stand-in of their makers' API."""

    def __init__(self) -> None:
        self.halos = [Halo(Variant(serial=one, protocol=Protocol.CAPI), BEGIN_UTC, backend="CAPI") for one in
                      (FIRST, SECOND)]  # fmt: skip
        self.cloud = CapiCloud(self.halos)
        self.utc_s = 1_800_000_000.0
        tokens = Tokens(lambda: self.utc_s)
        app = application(self.cloud, KEY, Login(email=EMAIL, password=PASSWORD), tokens)
        self.transport = httpx.ASGITransport(app)
        self.live(6.0)

    def live(self, duration_s: float) -> None:
        end_s = self.halos[0].now_s + duration_s
        while self.halos[0].now_s < end_s - 1e-9:
            for each in self.halos:
                each.advance(each.now_s + 0.1)
            self.cloud.live()


async def rounds(one: Capi, until: Callable[[], object]) -> None:
    """For as long as it takes."""
    running = asyncio.create_task(one.run())
    try:
        async with asyncio.timeout(20.0):
            while not until():  # noqa: ASYNC110 - whatever it is, it has no event
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def told(one: Capi, charger: str = FIRST) -> str:
    """Behind that it is unfit."""
    return "; ".join(str(text) for text in one.reports()[charger].told[1:])


@in_a_loop
async def test_what_a_charger_draws_and_may_is_told_and_a_limit_reaches_it() -> None:
    world = World()
    world.halos[0].connector.car = Car(QUICK)
    world.live(70.0)
    one = Capi(ACCOUNT, [FIRST, SECOND], lambda: None, world.transport)
    await rounds(one, lambda: one.reports()[SECOND].heard_s)
    found = one.reports()[FIRST]
    assert (found.is_online, found.status, found.has_car, found.wants) == (True, "Charging", True, True)
    assert found.current_a == pytest.approx(Phases(16.0, 16.0, 16.0))
    assert "does not protect the fuse" in str(found.told[0])
    assert one.reports()[SECOND].has_car is False
    one.set_limit(FIRST, 9.0)
    await rounds(one, lambda: one.reports()[FIRST].limit_a == 9.0 or world.live(1.0))
    world.live(10.0)
    assert max(world.halos[0].connector.currents_a) <= 9.0
    assert not told(one)


@in_a_loop
async def test_a_token_that_has_run_out_is_asked_for_again() -> None:
    world = World()
    one = Capi(ACCOUNT, [FIRST], lambda: None, world.transport)
    await rounds(one, lambda: one.reports()[FIRST].heard_s)
    world.utc_s += 7200.0
    before_s = one.reports()[FIRST].heard_s
    await rounds(one, lambda: one.reports()[FIRST].heard_s != before_s)
    assert not told(one)


@in_a_loop
async def test_one_that_the_makers_own_balancing_has_is_said_to_and_the_other_goes_on() -> None:
    world = World()
    world.cloud.chargers[FIRST].is_load_balanced = True
    one = Capi(ACCOUNT, [FIRST, SECOND], lambda: None, world.transport)
    for charger in (FIRST, SECOND):
        one.set_limit(charger, 8.0)
    await rounds(one, lambda: told(one) and (one.reports()[SECOND].limit_a == 8.0 or world.live(1.0)))
    assert told(one) == ("the makers' cloud refuses a limit of 8 A: wanted a charger that no group balances")
    assert not told(one, SECOND)


@in_a_loop
async def test_a_charger_of_another_account_is_said_to_and_the_other_goes_on() -> None:
    world = World()
    one = Capi(ACCOUNT, ["9M", SECOND], lambda: None, world.transport)
    await rounds(one, lambda: one.reports()[SECOND].heard_s)
    assert told(one, "9M") == "the makers' cloud knows no charger 9M in this account"


@in_a_loop
async def test_a_charger_that_its_cloud_has_lost_is_offline() -> None:
    world = World()
    one = Capi(ACCOUNT, [FIRST], lambda: None, world.transport)
    await rounds(one, lambda: one.reports()[FIRST].is_online)
    world.cloud.online = False
    await rounds(one, lambda: not one.reports()[FIRST].is_online)
    assert one.reports()[FIRST].heard_s is not None
    assert one.reports()[FIRST].has_car is None


@pytest.mark.parametrize("wrong", [{"password": "x"}, {"key": "x"}])
@in_a_loop
async def test_who_is_not_let_in_is_told(wrong: dict[str, str]) -> None:
    account = Account(**({"url": "http://localhost", "email": EMAIL, "password": PASSWORD, "key": KEY} | wrong))
    one = Capi(account, [FIRST], lambda: None, World().transport)
    await rounds(one, lambda: told(one))
    assert told(one) == "the makers' cloud does not accept the account, its password or the key"
    assert one.reports()[FIRST].heard_s is None


def cloud(answer: Callable[[httpx.Request], httpx.Response]) -> Capi:
    """One that lets everybody in and answers so."""

    def told_by(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/auth/login"):
            return httpx.Response(200, json={"token": "t"})
        return answer(request)

    return Capi(ACCOUNT, [FIRST], lambda: None, httpx.MockTransport(told_by))


def hangs(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("", request=request)


def away(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("[Errno -3] Temporary failure in name resolution", request=request)


@pytest.mark.parametrize(("answer", "said"), [
    (lambda _: httpx.Response(429, headers={"Retry-After": "1"}), "the makers' cloud wants to be asked less often"),
    (lambda _: httpx.Response(503), "the makers' cloud has a fault of its own (503)"),
    (lambda _: httpx.Response(401), "the makers' cloud does not accept the account, its password or the key"),
    (lambda _: httpx.Response(200, content=b"<html>"), "the makers' cloud answers something else than wanted"),
    (lambda _: httpx.Response(200, json=[1]), "the makers' cloud answers something else than wanted"),
    (hangs, "the makers' cloud has not answered within 15 s"),
    (away, "the makers' cloud cannot be reached: [Errno -3] Temporary failure in name resolution"),
])  # fmt: skip
@in_a_loop
async def test_what_goes_wrong_is_a_plain_sentence_and_gone_when_it_goes_well(
    answer: Callable[[httpx.Request], httpx.Response], said: str
) -> None:
    is_well = False

    def told_by(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"status": "Online"}) if is_well else answer(request)

    one = cloud(told_by)
    await rounds(one, lambda: told(one))
    assert told(one) == said
    is_well = True
    await rounds(one, lambda: not told(one))
    assert one.reports()[FIRST].is_online


@in_a_loop
async def test_one_that_wants_to_be_asked_less_often_is(monkeypatch: pytest.MonkeyPatch) -> None:
    waited_s: list[float] = []
    whole = asyncio.sleep

    async def sleep(delay_s: float) -> None:
        waited_s.append(delay_s)
        await whole(min(delay_s, 0.01))

    monkeypatch.setattr(capi.asyncio, "sleep", sleep)
    one = cloud(lambda _: httpx.Response(429, headers={"Retry-After": "900"}))
    await rounds(one, lambda: 900.0 in waited_s)
    one = cloud(lambda _: httpx.Response(429, headers={"Retry-After": "1e12"}))
    await rounds(one, lambda: capi.LONGEST_WAIT_S in waited_s)


@pytest.mark.parametrize("status", [
    {"status": "Online", "connectorStatuses": 3},
    {"status": "Online", "connectorStatuses": [3, {"connectorId": 1, "status": 4, "measurements": {}}]},
    {"status": "Online", "connectorStatuses": [{"connectorId": 1, "measurements": [{"phase": [], "current": "NaN"}]}]},
])  # fmt: skip
@in_a_loop
async def test_whatever_a_status_says_what_is_not_told_is_not_known(status: dict[str, Any]) -> None:
    one = cloud(lambda _: httpx.Response(200, json=status))
    await rounds(one, lambda: one.reports()[FIRST].heard_s)
    found = one.reports()[FIRST]
    assert (found.has_car, found.current_a) == (None, Phases(None, None, None))


def test_no_password_is_shown() -> None:
    assert "secret" not in repr(ACCOUNT)
    assert "key of" not in repr(ACCOUNT)
