"""Halos as processes of their own: at a real central system and at a board's supply; and as the makers' API."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.ampguard_hil.halo.central import CentralSystem, in_a_loop, until
from tests.ampguard_hil.halo.test_cable import served

from ampguard_hil.halo.place import Parking
from ampguard_hil.ports import HOST, answers, free_ports

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

CAR = "start_s=0.1,increase_delay_s=0.1,increase_a_per_s=50,below_offer_a=0"
QUICKLY = ("--arrive-every-s", "0", "--car", CAR)
pytestmark = pytest.mark.system


@contextlib.contextmanager
def running(*words: str) -> Generator[subprocess.Popen[bytes]]:
    """Ends it in order, and says so where it does not."""
    command = [sys.executable, "-m", "ampguard_hil.halo", *words]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
            assert process.wait(10.0) == 0


@in_a_loop
async def test_two_halos_charge_on_their_phases_and_let_go_when_they_end(tmp_path: Path) -> None:
    central = CentralSystem()
    socket = tmp_path / "board.sock"
    with served(socket) as stage:
        async with central.open():
            parking = Parking(tmp_path, socket, f"ws://{HOST}:{central.port}", count=2, more=QUICKLY)
            parking.process.start()
            try:
                await central.charger(parking.serials[0], 2)
                for serial in parking.serials:
                    await central.chargers[serial].until("StatusNotification", 1, status="Charging")
                    boot = central.chargers[serial].said("BootNotification")[0]
                    assert boot["charge_point_serial_number"] == serial
                await until(lambda: stage.drawn_a == pytest.approx((32.0, 32.0, 32.0)))
                async with httpx.AsyncClient(timeout=60.0) as client:
                    assert (await client.get(parking.pages[1])).status_code == 200
            finally:
                assert await asyncio.to_thread(parking.process.stop) == 0
        assert stage.drawn_a == (0.0, 0.0, 0.0)


@in_a_loop
async def test_as_capi_they_are_seen_through_the_makers_api_and_have_their_page() -> None:
    api, page = free_ports(2)
    words = ("--capi-port", str(api), "--page-ports", str(page), *QUICKLY)
    with running(*words):
        await until(lambda: answers(api) and answers(page), 10.0)
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{api}/api/v5", timeout=60.0) as client:
            account = {"email": "bench@example.org", "password": "bench@example.org"}
            told = (await client.post("/auth/login", headers={"apiKey": "bench"}, json=account)).json()
            bearer = {"Authorization": f"Bearer {told['token']}"}
            point = (await client.get("/chargepoints/owned", headers=bearer)).json()[0]["id"]
            status = ""
            async with asyncio.timeout(12.0):
                while status != "Charging":
                    seen = (await client.get(f"/chargepoints/{point}/status", headers=bearer)).json()
                    status = seen["connectorStatuses"][0]["status"]
                    await asyncio.sleep(0.1)
        async with httpx.AsyncClient(
            base_url=f"http://{HOST}:{page}", headers={"X-Bench-Panel": "1"}, timeout=60.0
        ) as client:
            assert (await client.get("/bench/state")).json()["protocol"] == "CAPI"
