"""A Halo and a central system over real sockets; the Halo's own time runs as fast as the test lets it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from typing import TYPE_CHECKING

import pytest
from ocpp.exceptions import NotSupportedError, OCPPError
from ocpp.v16 import call
from ocpp.v16.enums import MessageTrigger, ResetType
from tests.ampguard_hil.halo.bench import QUICK, halo, profile
from tests.ampguard_hil.halo.central import CentralSystem, in_a_loop, until

from ampguard.uplink.backoff import Backoff
from ampguard_hil.cloud.authority import Authority
from ampguard_hil.halo.car import Car
from ampguard_hil.halo.session import Credentials, handshake, stay_connected
from ampguard_hil.ports import HOST, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from ampguard_hil.halo.halo import Halo

SERIAL = "2611000001M"
KEY = "00112233445566778899aabbccddeeff01234567"
PACE_S, FASTER = 0.005, 0.1
"""A hundredth of a second of the test is two tenths of a second of the Halo."""


@contextlib.asynccontextmanager
async def alive(charger: Halo, credentials: Credentials | None = None) -> AsyncGenerator[None]:
    """It lives, and stays connected."""

    async def live() -> None:
        while True:
            charger.advance(charger.now_s + FASTER)
            await asyncio.sleep(PACE_S)

    quickly = Backoff(0.05, 0.2)
    jobs = (live(), stay_connected(charger, credentials or Credentials(), quickly))
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


def url(central: CentralSystem, scheme: str = "ws") -> str:
    return f"{scheme}://{HOST}:{central.port}/ocpp"


def at(address: str) -> Halo:
    charger = halo(backend=address, offline_after_s=20.0)
    charger.advance(5.0)
    return charger


@in_a_loop
async def test_a_session_from_boot_to_a_pulled_plug() -> None:
    central = CentralSystem()
    async with central.open():
        charger = at(url(central))
        async with alive(charger):
            seen = await central.charger(SERIAL)
            await seen.until("StatusNotification", connector_id=1, status="Available")
            charger.connector.car = Car(QUICK)
            await seen.until("StatusNotification", status="Charging")
            answer = await seen.call(call.SetChargingProfile(1, _profile(9.5)), suppress=False)
            assert answer.status == "Accepted"
            await until(lambda: charger.connector.currents_a == pytest.approx((9.5,) * 3))
            await seen.call(call.TriggerMessage(MessageTrigger.meter_values), suppress=False)
            values = await seen.until("MeterValues", transaction_id=7)
            found = {(v["measurand"], v.get("phase")): v["value"] for v in values["meter_value"][0]["sampled_value"]}
            assert found["Current.Import", "L2"] == "9.50"
            composite = await seen.call(call.GetCompositeSchedule(1, 60), suppress=False)
            assert composite.charging_schedule["charging_schedule_period"][0]["limit"] == 9.5
            charger.unplug()
            stopped = await seen.until("StopTransaction", transaction_id=7)
            assert stopped["reason"] == "EVDisconnected"


def _profile(limit_a: float) -> dict[str, object]:
    told = profile(limit_a)
    schedule = told["chargingSchedule"]
    assert isinstance(schedule, dict)
    return {
        "charging_profile_id": 1,
        "stack_level": 0,
        "charging_profile_purpose": "TxDefaultProfile",
        "charging_profile_kind": "Absolute",
        "charging_schedule": {
            "charging_rate_unit": "A",
            "charging_schedule_period": [{"start_period": 0, "limit": limit_a}],
        },
    }


@in_a_loop
async def test_what_it_cannot_do_is_answered_with_an_error() -> None:
    central = CentralSystem()
    async with central.open():
        charger = at(url(central))
        async with alive(charger):
            seen = await central.charger(SERIAL)
            with pytest.raises(OCPPError, match="wanted at most 3 keys"):
                await seen.call(call.GetConfiguration(["a", "b", "c", "d"]), suppress=False)
            with pytest.raises(NotSupportedError, match="ReserveNow is none of"):
                await seen.call(call.ReserveNow(1, "2030-01-01T00:00:00Z", "A", 1), suppress=False)
            await seen.connection.send('[2,"1","Nonesuch",{}]')
            await until(lambda: ("1", "NotImplemented") in seen.errors)
            wrong = _profile(9.55)
            with pytest.raises(OCPPError, match="syntactically incorrect"):
                await seen.call(call.SetChargingProfile(1, wrong), suppress=False, skip_schema_validation=True)


@in_a_loop
async def test_a_lost_backend_brings_the_offline_current_and_what_happened_is_told() -> None:
    central = CentralSystem()
    port = free_port()
    charger = at(f"ws://{HOST}:{port}")
    charger.configuration.set("InstallationOfflineCurrent", "1.7")
    async with alive(charger):
        async with central.open(port):
            seen = await central.charger(SERIAL)
            charger.connector.car = Car(QUICK)
            await seen.until("StatusNotification", status="Charging")
            assert charger.connector.offered_a == 16.0
        await until(lambda: charger.connector.offered_a == 7.0)
        charger.unplug()
        await asyncio.sleep(0.05)
        async with central.open(port):
            again = await central.charger(SERIAL, connection=central.connections + 1)
            assert again is not seen
            stopped = await again.until("StopTransaction")
            assert stopped["transaction_id"] == 7
            assert not charger.is_offline


@in_a_loop
async def test_a_reset_closes_the_connection_and_it_introduces_itself_anew() -> None:
    central = CentralSystem()
    async with central.open():
        charger = at(url(central))
        async with alive(charger):
            seen = await central.charger(SERIAL)
            await seen.until("StatusNotification", connector_id=1)
            answer = await seen.call(call.Reset(ResetType.hard), suppress=False)
            assert answer.status == "Accepted"
            again = await central.charger(SERIAL, connection=2)
            await again.until("BootNotification")
            assert charger.boots == 2


@in_a_loop
async def test_a_charger_that_goes_dark_says_no_good_bye() -> None:
    central = CentralSystem()
    async with central.open():
        charger = at(url(central))
        async with alive(charger):
            seen = await central.charger(SERIAL)
            await seen.until("BootNotification")
            charger.cut_power()
            await asyncio.wait_for(seen.connection.wait_closed(), 8.0)
            assert seen.connection.close_code == 1006


@in_a_loop
async def test_what_is_no_ocpp_does_not_end_the_connection() -> None:
    central = CentralSystem()
    async with central.open():
        charger = at(url(central))
        async with alive(charger):
            seen = await central.charger(SERIAL)
            await seen.until("StatusNotification", connector_id=1)
            for nonsense in ("{", "[]", '[9,"x"]', "42", '[3,"nobody-asked",{}]', json.dumps([4, "x", "c", "d", {}])):
                await seen.connection.send(nonsense)
            answer = await seen.call(call.GetLocalListVersion(), suppress=False)
            assert answer.list_version == -1
            assert central.connections == 1


# ------------------------------------------------------------------ security profiles


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def server_side(authority: Authority, *, wants_certificate: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.pair("central", [HOST]))
    if wants_certificate:
        context.load_verify_locations(authority.file)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def secured(address: str, profile: int, key: str = "") -> Halo:
    charger = at(address)
    if key:
        assert charger.configuration.set("AuthorizationKey", key) == "Accepted"
    assert charger.configuration.set("SecurityProfile", str(profile)) == "RebootRequired"
    return charger


async def boots(charger: Halo, central: CentralSystem, credentials: Credentials | None = None) -> bool:
    """Whether it is accepted."""
    async with alive(charger, credentials):
        with contextlib.suppress(TimeoutError):
            await until(lambda: charger.online)
        return charger.online and central.connections == 1


async def stays_out(charger: Halo, central: CentralSystem, credentials: Credentials | None = None) -> bool:
    """Whether it is not accepted within a second."""
    async with alive(charger, credentials):
        with contextlib.suppress(TimeoutError):
            await until(lambda: charger.online, 1.0)
        return not charger.online or central.connections != 1


@in_a_loop
async def test_profile_1_brings_its_key() -> None:
    central = CentralSystem(passwords={SERIAL: KEY})
    async with central.open():
        assert await boots(secured(url(central), 1, KEY), central)


@in_a_loop
async def test_a_wrong_key_is_not_let_in() -> None:
    central = CentralSystem(passwords={SERIAL: KEY})
    async with central.open():
        assert await stays_out(secured(url(central), 1, "ff" * 20), central)
        assert central.connections == 0


@in_a_loop
async def test_profile_2_trusts_its_authority_alone(authority: Authority, tmp_path: Path) -> None:
    central = CentralSystem(server_side(authority), {SERIAL: KEY})
    async with central.open():
        address = url(central, "wss")
        assert await boots(secured(address, 2, KEY), central, Credentials(authority.file))
    stranger = Authority(tmp_path / "stranger")
    central = CentralSystem(server_side(authority), {SERIAL: KEY})
    async with central.open():
        address = url(central, "wss")
        assert await stays_out(secured(address, 2, KEY), central, Credentials(stranger.file))


@in_a_loop
async def test_profile_3_shows_its_certificate(authority: Authority, tmp_path: Path) -> None:
    pair = authority.pair(SERIAL)
    central = CentralSystem(server_side(authority, wants_certificate=True))
    async with central.open():
        address = url(central, "wss")
        assert await boots(secured(address, 3), central, Credentials(authority.file, pair))
    central = CentralSystem(server_side(authority, wants_certificate=True))
    async with central.open():
        stranger = Authority(tmp_path / "stranger").pair(SERIAL)
        address = url(central, "wss")
        assert await stays_out(secured(address, 3), central, Credentials(authority.file, stranger))


@in_a_loop
async def test_nothing_is_downgraded() -> None:
    central = CentralSystem()
    async with central.open():
        assert await stays_out(secured(url(central), 2, KEY), central)
        assert central.connections == 0


@pytest.mark.parametrize(
    ("address", "profile", "sentence"),
    [
        ("wss://x", "0", "security profile 0 wants an address with ws://"),
        ("ws://x", "2", "security profile 2 wants an address with wss://"),
        ("wss://x", "3", "security profile 3 wants a certificate"),
    ],
)
def test_a_handshake_without_what_it_takes_is_refused(address: str, profile: str, sentence: str) -> None:
    charger = at(address)
    charger.configuration.set("AuthorizationKey", KEY)
    charger.configuration.set("SecurityProfile", profile)
    with pytest.raises(ValueError, match=sentence):
        handshake(charger, Credentials())
