"""The stand-in of the makers' API: what it takes, how late it acts, and how little of the present it shows."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.ampguard_hil.halo.bench import BEGIN_UTC, QUICK
from tests.ampguard_hil.halo.browser import Browser

from ampguard_hil.halo.capi import Login, Tokens, application
from ampguard_hil.halo.capi_cloud import CapiCloud
from ampguard_hil.halo.car import Car
from ampguard_hil.halo.halo import Halo
from ampguard_hil.halo.variant import Protocol, Variant

if TYPE_CHECKING:
    import httpx

ACCOUNT = Login(email="owner@example.org", password="secret")
FIRST, SECOND = "2611000001M", "2611000002M"
POINTS = "/api/v5/chargepoints"
SETTINGS = f"{POINTS}/{FIRST}/connectors/1/settings"


class World:
    """Two chargers, their cloud and a client that has signed in."""

    def __init__(self) -> None:
        self.halos = [
            Halo(Variant(serial=serial, protocol=Protocol.CAPI), BEGIN_UTC, backend="CAPI")
            for serial in (FIRST, SECOND)
        ]
        self.cloud = CapiCloud(self.halos)
        self.utc_s = 1_800_000_000.0
        self.client = Browser(application(self.cloud, "key", ACCOUNT, Tokens(lambda: self.utc_s)))
        told = self.login().json()
        self.refresh_token = told["refreshToken"]
        self.client.headers["Authorization"] = f"Bearer {told['token']}"
        self.live(6.0)

    def login(self, key: str = "key", password: str = "secret") -> httpx.Response:
        asked = {"email": ACCOUNT.email, "password": password}
        return self.client.post("/api/v5/auth/login", headers={"apiKey": key}, json=asked)

    def live(self, duration_s: float) -> None:
        end_s = self.halos[0].now_s + duration_s
        while self.halos[0].now_s < end_s - 1e-9:
            for each in self.halos:
                each.advance(each.now_s + 0.1)
            self.cloud.live()

    def charge(self) -> None:
        self.halos[0].connector.car = Car(QUICK)
        self.live(40.0)
        assert self.halos[0].connector.currents_a == pytest.approx((16.0,) * 3)

    def limit(self, limit_a: float | None) -> int:
        """Read, modify, write, as the client does it."""
        settings = self.client.get(SETTINGS).json()
        return self.client.put(SETTINGS, json=settings | {"maxCurrent": limit_a}).status_code

    def connector(self) -> dict[str, Any]:
        found = self.client.get(f"{POINTS}/{FIRST}/status").json()["connectorStatuses"][0]
        assert isinstance(found, dict)
        return found


@pytest.fixture
def world() -> World:
    """Signed in."""
    return World()


def test_who_has_no_key_or_token_sees_nothing(world: World) -> None:
    assert world.login(key="wrong").status_code == 401
    assert world.login(password="wrong").status_code == 401
    for wrong in ("", "Bearer x", "Bearer a.b.c", "Basic abc"):
        assert world.client.get(f"{POINTS}/owned", headers={"Authorization": wrong}).status_code == 401


def test_a_token_says_when_it_ends_and_ends_then(world: World) -> None:
    token = str(world.client.headers["Authorization"]).removeprefix("Bearer ")
    body = token.split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(body + "==="))["exp"] == 1_800_003_600
    world.utc_s += 3601.0
    assert world.client.get(f"{POINTS}/owned").status_code == 401
    asked = {"token": token, "refreshToken": world.refresh_token}
    renewed = world.client.post("/api/v5/auth/refreshToken", json=asked).json()
    world.client.headers["Authorization"] = f"Bearer {renewed['token']}"
    assert world.client.get(f"{POINTS}/owned").status_code == 200
    assert world.client.post("/api/v5/auth/refreshToken", json=asked).status_code == 401, "once only"


def test_both_chargers_are_listed_with_what_the_client_expects(world: World) -> None:
    owned = world.client.get(f"{POINTS}/owned").json()
    assert [each["id"] for each in owned] == [FIRST, SECOND]
    assert set(owned[0]) == {
        "id", "name", "password", "type", "isLoadbalanced", "firmwareVersion", "hardwareVersion", "connectors"
    }  # fmt: skip
    assert world.client.get(f"{POINTS}/nonesuch/status").status_code == 404


def test_a_limit_arrives_late_and_the_car_follows(world: World) -> None:
    world.charge()
    assert world.limit(8.0) == 200
    world.live(1.8)
    assert world.halos[0].connector.offered_a == 16.0
    world.live(4.0)
    assert world.halos[0].connector.currents_a == pytest.approx((8.0,) * 3)
    assert world.halos[1].user_a == 16.0


def test_zero_pauses_and_what_the_pilot_cannot_say_is_refused(world: World) -> None:
    world.charge()
    assert [world.limit(wrong) for wrong in (5.9, -1.0, 17.0)] == [400, 400, 400]
    assert world.limit(0.0) == 200
    world.live(8.0)
    assert world.halos[0].connector.currents_a == (0.0, 0.0, 0.0)
    assert world.connector()["status"] == "SuspendedEVSE"


def test_settings_are_written_whole(world: World) -> None:
    assert world.client.put(SETTINGS, json={"maxCurrent": 10.0}).status_code == 422
    settings = world.client.get(SETTINGS).json()
    assert set(settings) == {"chargePointId", "connectorId", "mode", "rfidLock", "cableLock", "maxCurrent"}
    assert world.client.put(SETTINGS, json=settings | {"connectorId": 2}).status_code == 400


def test_a_group_owns_the_limit_of_its_chargers(world: World) -> None:
    world.cloud.chargers[FIRST].is_load_balanced = True
    assert world.limit(10.0) == 400
    assert world.client.put(SETTINGS, json=world.client.get(SETTINGS).json()).status_code == 200


def test_what_is_seen_is_up_to_thirty_seconds_old(world: World) -> None:
    world.charge()
    world.live(30.0)
    world.limit(6.0)
    world.live(6.0)
    assert world.halos[0].connector.currents_a == pytest.approx((6.0,) * 3)
    seen: list[float] = []
    for _ in range(31):
        world.live(1.0)
        seen.append(world.connector()["measurements"][0]["current"])
    assert seen[0] == 16.0
    assert seen[-1] == 6.0


def test_a_session_is_listed_with_its_energy(world: World) -> None:
    world.charge()
    world.live(600.0)
    world.halos[0].unplug()
    world.live(2.0)
    (session,) = world.client.get(f"{POINTS}/{FIRST}/chargingsessions").json()
    assert session["endTime"] is not None
    assert session["totalConsumptionKwh"] == pytest.approx(world.halos[0].connector.energy_wh / 1000.0, abs=2e-3)
    assert world.connector()["measurements"][0]["current"] == 0.0


def test_orders_start_stop_and_restart_it(world: World) -> None:
    halo = world.halos[0]
    settings = world.client.get(SETTINGS).json()
    world.client.put(SETTINGS, json=settings | {"rfidLock": True})
    world.live(3.0)
    halo.connector.car = Car(QUICK)
    world.live(10.0)
    assert halo.charging.transaction is None
    at = f"{POINTS}/{FIRST}/connectors/1"
    assert world.client.put(f"{at}/remotestart", json={"rfid": "04AABBCC"}).status_code == 200
    world.live(20.0)
    assert world.connector()["status"] == "Charging"
    assert world.client.put(f"{at}/remotestop").status_code == 200
    world.live(5.0)
    assert world.connector()["status"] == "Finishing"
    assert world.client.put(f"{POINTS}/{FIRST}/reboot").status_code == 200
    world.live(3.0)
    assert halo.boots == 2


def test_switched_off_it_charges_nobody(world: World) -> None:
    world.charge()
    settings = world.client.get(SETTINGS).json()
    assert world.client.put(SETTINGS, json=settings | {"mode": "Off"}).status_code == 200
    world.live(6.0)
    assert world.halos[0].connector.currents_a == (0.0, 0.0, 0.0)
    assert world.connector()["status"] == "Unavailable"
    assert world.client.get(SETTINGS).json()["mode"] == "Off"


def test_without_the_cloud_the_offline_current_holds_and_orders_wait(world: World) -> None:
    world.charge()
    world.halos[0].configuration.set("InstallationOfflineCurrent", "1.6")
    world.cloud.online = False
    world.limit(10.0)
    world.live(59.0)
    assert world.halos[0].connector.offered_a == 16.0
    world.live(2.0)
    assert world.halos[0].connector.offered_a == 6.0
    assert world.client.get(f"{POINTS}/{FIRST}/status").json()["status"] == "Offline"
    world.cloud.online = True
    world.live(5.0)
    assert world.halos[0].connector.offered_a == 10.0
