"""From power-on to a network, and every way in which that fails: over a real bus, as an installer meets it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from tests.ampguard.network.onbus import NEEDS_BUS, on_bus, until
from tests.ampguard.network.unit import OWN, opened, unit_of

from ampguard.errors import SetupError
from ampguard.network.address import fixed_address
from ampguard.network.faults import ManagerAbsent
from ampguard.network.join import State
from ampguard.network.lastjoin import Outcome
from ampguard.network.reason import Reason
from ampguard.network.state import LinkState
from ampguard_hil.networkmanager.air import MHZ_5, Router, Trouble
from ampguard_hil.networkmanager.devices import SECOND_WIFI, WIFI

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = NEEDS_BUS
HOME = Router(b"Home", "right password")
ODD = Router(b"caf\xe9 \xf0\x9f\x99\x82 \x00", "right password", bssid="02:00:00:00:02:00")


def test_the_access_point_opens_after_power_on_and_the_air_was_heard_before(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [HOME]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                assert fake.in_use() == OWN
                survey = await unit.network.scan()
                assert [one.ssid for one in survey.networks] == [b"Home"]
                state = unit.network.state()
                assert state.wifi.state is LinkState.ACCESS_POINT
                assert state.closes_in_s is not None
                assert 590.0 < state.closes_in_s <= 600.0
                assert fake.saved() == []

    asyncio.run(scene())


@pytest.mark.parametrize("router", [HOME, ODD], ids=["plain", "odd"])
def test_joining_gives_the_radio_to_the_network_and_keeps_it(tmp_path: Path, router: Router) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [router]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                unit.network.join(router.ssid, "right password", None)
                assert unit.network.state().attempt.state is State.LEAVING
                state = await unit.ends()
                assert state.attempt.state is State.JOINED
                assert state.last is not None
                assert (state.last.outcome, state.last.reason, state.last.weak) == (Outcome.JOINED, None, False)
                await until(lambda: unit.network.state().connected and unit.network.state().saved)
                assert fake.in_use() == router.ssid
                assert fake.saved() == [router.ssid]
                state = unit.network.state()
                assert state.saved == (router.ssid,)
                assert state.wifi.address == "127.0.0.50/8"
                assert state.reception is not None
                assert state.reception.ssid == router.ssid
                assert not state.access_point_open
                json.dumps(state.as_json())
            assert any(one.attempt.state is State.ASSOCIATING for one in unit.told)

    asyncio.run(scene())


FAILURES = [
    (HOME, "wrong password", Reason.WRONG_PASSWORD),
    (Router(b"Home", "right password", trouble=Trouble.NO_DHCP), "right password", Reason.NO_DHCP),
    (Router(b"Home", "right password", trouble=Trouble.REFUSES), "right password", Reason.TIMEOUT),
    (Router(b"Home", "right password", gateway="127.0.0.9"), "right password", Reason.NO_GATEWAY),
    (Router(b"Elsewhere", "right password"), "right password", Reason.NOT_FOUND),
    (Router(b"Home", "right password", trouble=Trouble.MUTE), "right password", Reason.TIMEOUT),
]


@pytest.mark.parametrize(("router", "password", "reason"), FAILURES, ids=[str(one[2]) for one in FAILURES])
def test_a_failure_opens_the_access_point_again_and_keeps_its_reason(
    tmp_path: Path, router: Router, password: str, reason: Reason
) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [router]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                unit.network.join(b"Home", password, None)
                slow = {State.ASSOCIATING} if router.trouble is Trouble.MUTE else set()
                slow |= {State.CHECKING} if reason is Reason.NO_GATEWAY else set()
                if slow:
                    await until(lambda: unit.network.state().attempt.state in slow)
                    await asyncio.sleep(0.2)
                    unit.ahead_s += 60.0
                state = await unit.ends()
                assert state.attempt.state is State.FAILED
                assert state.attempt.reason is reason
                await opened(unit)
                assert fake.in_use() == OWN
                assert fake.saved() == []
                assert [one for one in fake.profiles.values() if one.persist == "memory"] == []
            # a power cut later
            async with unit_of(tmp_path, fake) as unit:
                last = unit.network.state().last
                assert last is not None
                assert (last.ssid, last.outcome, last.reason) == (b"Home", Outcome.FAILED, reason)

    asyncio.run(scene())


def test_a_network_that_worked_is_kept_when_a_new_password_for_it_does_not(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [HOME]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                unit.network.join(b"Home", "right password", None)
                await unit.ends()
                await until(lambda: unit.network.state().connected)
                unit.network.join(b"Home", "wrong password", None)
                await until(lambda: unit.network.state().attempt.state is State.FAILED)
                await opened(unit)
                assert fake.saved() == [b"Home"]
                unit.network.close_access_point()
                await until(lambda: fake.in_use() == b"Home")
                await until(lambda: unit.network.state().connected)

    asyncio.run(scene())


def test_a_new_password_that_works_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [HOME]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                unit.network.join(b"Home", "right password", None)
                await unit.ends()
                fake.air = [Router(b"Home", "newer password")]
                unit.network.join(b"Home", "newer password", None)
                assert (await unit.ends()).attempt.state is State.JOINED
                (kept,) = [one for one in fake.profiles.values() if one.ssid == b"Home"]
                assert kept.persist == "disk"
                assert kept.value("802-11-wireless-security", "psk") == "newer password"

    asyncio.run(scene())


def test_what_cannot_succeed_is_refused_before_anybody_is_thrown_off(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [
                HOME,
                Router(b"Fast", "right password", frequency=MHZ_5, bssid="02:00:00:00:03:00"),
                Router(b"Free", bssid="02:00:00:00:04:00"),
            ]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                for ssid, password, words in (
                    (b"Fast", "right password", "5 GHz only"),
                    (b"Home", "x" * 31, "at most 30 characters, met 31"),
                    (b"Home", "x" * 7, "at least 8 characters, met 7"),
                    (b"Home", "pässword", "ASCII"),
                    (b"Home", None, "has one"),
                    (b"Free", "right password", "has none"),
                    (b"", "right password", "1 to 32 bytes"),
                    (b"x" * 33, "right password", "1 to 32 bytes"),
                ):
                    with pytest.raises(SetupError, match=words):
                        unit.network.join(ssid, password, None)
                assert unit.network.state().attempt.state is State.IDLE
                assert fake.in_use() == OWN

    asyncio.run(scene())


def test_a_fixed_address_needs_no_dhcp_and_one_that_is_taken_is_told(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [Router(b"Home", "right password", trouble=Trouble.NO_DHCP, taken=("10.7.0.8",))]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                unit.network.join(b"Home", "right password", fixed_address("10.7.0.8/24", "10.7.0.1", ()))
                assert (await unit.ends()).attempt.reason is Reason.ADDRESS_TAKEN
                await opened(unit)
                unit.gateways.add("10.7.0.1")
                unit.network.join(b"Home", "right password", fixed_address("10.7.0.9/24", "10.7.0.1", ("10.7.0.1",)))
                assert (await unit.ends()).attempt.state is State.JOINED
                await until(lambda: unit.network.state().wifi.address == "10.7.0.9/24")

    asyncio.run(scene())


def test_the_service_goes_while_it_joins_and_the_access_point_is_back_with_it(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [Router(b"Home", "right password", trouble=Trouble.MUTE)]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                unit.network.join(b"Home", "right password", None)
                await until(lambda: unit.network.state().attempt.state is State.ASSOCIATING)
                await fake.stop()
                await until(lambda: not unit.network.state().manager)
                assert unit.network.state().attempt.reason is Reason.NO_MANAGER
                assert not unit.network.state().connected
                with pytest.raises(ManagerAbsent):
                    unit.network.join(b"Home", "right password", None)
                await fake.start()
                assert (await unit.ends()).attempt.state is State.FAILED
                await opened(unit)

    asyncio.run(scene())


def test_the_window_closes_and_the_saved_network_is_joined(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [HOME]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                unit.network.join(b"Home", "right password", None)
                await unit.ends()
                unit.network.open_access_point()
                await opened(unit)
                unit.ahead_s += 400.0
                unit.network.somebody_logged_in()
                unit.ahead_s += 290.0
                await asyncio.sleep(1.2)
                assert unit.network.state().access_point_open
                unit.ahead_s += 20.0
                await until(lambda: unit.network.state().connected)
                assert fake.in_use() == b"Home"

    asyncio.run(scene())


def test_the_button_renews_the_ten_minutes_of_one_that_is_open_and_that_is_told(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                await until(lambda: unit.told and unit.told[-1].access_point_open)
                unit.ahead_s += 400.0
                await asyncio.sleep(1.2)
                told = len(unit.told)
                assert unit.told[-1].closes_monotonic_s == unit.network.state().closes_monotonic_s  # time is no news
                unit.network.open_access_point()
                await until(lambda: len(unit.told) > told)
                closes_in_s = unit.told[-1].closes_in_s
                assert closes_in_s is not None
                assert 590.0 < closes_in_s <= 600.0

    asyncio.run(scene())


def test_a_saved_network_is_known_to_be_in_reach_while_the_access_point_has_the_radio(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [HOME, Router(b"Neighbour", "right password", bssid="02:00:00:00:05:00")]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                assert unit.network.state().in_reach == frozenset()
                unit.network.join(b"Home", "right password", None)
                await unit.ends()
                unit.network.open_access_point()
                await opened(unit)
                assert unit.network.state().in_reach == {b"Home"}
                fake.air = []
                await unit.network.scan(close_access_point=True)
                await until(lambda: unit.network.survey().networks == ())
                await opened(unit)
                assert unit.network.state().in_reach == frozenset()
                assert unit.network.state().as_json()["saved"] == [
                    {"ssid": "Home", "ssid_hex": b"Home".hex(), "in_reach": False}
                ]

    asyncio.run(scene())


def test_with_an_interface_of_its_own_the_access_point_stays_beside_the_network(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path, second=True) as fake:
            fake.air = [HOME]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                assert fake.in_use(SECOND_WIFI) == OWN
                unit.network.join(b"Home", "right password", None)
                await unit.ends()
                await opened(unit)
                await until(lambda: unit.network.state().connected)
                assert (fake.in_use(WIFI), fake.in_use(SECOND_WIFI)) == (b"Home", OWN)
                own = next(one for one in fake.profiles.values() if one.makes_access_point)
                assert own.value("802-11-wireless", "channel") == 6

    asyncio.run(scene())


def test_a_cable_is_a_network_and_needs_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await until(lambda: unit.network.state().lan.state is LinkState.UNPLUGGED)
                fake.plug(plugged=True)
                await until(lambda: unit.network.state().connected)
                assert unit.network.state().lan.address == "127.0.0.40/8"
                fake.plug(plugged=False)
                await until(lambda: not unit.network.state().connected)

    asyncio.run(scene())


def test_a_network_is_forgotten(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [HOME]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                unit.network.join(b"Home", "right password", None)
                await unit.ends()
                await unit.network.forget(b"Home")
                assert fake.saved() == []
                await until(lambda: not unit.network.state().connected)

    asyncio.run(scene())


def test_listening_in_spite_of_the_access_point_opens_it_again(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                fake.air = [HOME]
                assert (await unit.network.scan()).networks == ()
                await unit.network.scan(close_access_point=True)
                await until(lambda: unit.network.survey().networks)
                await until(lambda: fake.in_use() == OWN)

    asyncio.run(scene())


def test_a_refused_service_is_a_refused_join(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [HOME]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                unit.network.join(b"Home", "right password", None)
                fake.refuses = {"AddAndActivateConnection2"}
                await until(lambda: unit.network.state().attempt.state is State.RESTORING)
                assert unit.network.state().attempt.reason is Reason.REFUSED
                fake.refuses = set()
                unit.ahead_s += 30.0
                assert (await unit.ends()).attempt.reason is Reason.REFUSED
                await opened(unit)

    asyncio.run(scene())


def test_a_weak_network_is_joined_with_a_warning(tmp_path: Path) -> None:
    async def scene() -> None:
        async with on_bus(tmp_path) as fake:
            fake.air = [Router(b"Home", "right password", strength_percent=25)]
            await fake.start()
            async with unit_of(tmp_path, fake) as unit:
                await opened(unit)
                unit.network.join(b"Home", "right password", None)
                state = await unit.ends()
                assert state.last is not None
                assert (state.last.outcome, state.last.weak) == (Outcome.JOINED, True)

    asyncio.run(scene())
