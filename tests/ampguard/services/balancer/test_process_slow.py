"""The balancer's process with a Halo that speaks with its makers' cloud alone: told as what it is, limited over it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.ampguard.services.balancer.made import file
from tests.ampguard.services.balancer.works import charging, is_open, run, works

from ampguard.balancing import capi, slow
from ampguard.balancing.why import replayed
from ampguard.phrase import as_heard
from ampguard.services.balancer.chronicle import last_life, lines
from ampguard_hil.ports import HOST, free_ports
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("quick")]
SERIAL, EMAIL = "2611000001M", "bench@example.org"
CAR = "start_s=0.1,increase_delay_s=0.1,increase_a_per_s=50,below_offer_a=0"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capi, "POLL_S", 0.5)
    monkeypatch.setattr(capi, "LEAST_S", 0.1)
    monkeypatch.setattr(capi, "AGAIN_S", 0.3)
    for name, value in {"LOOKS_S": 0.5, "SETTLES_S": 3.0, "WINDOW_S": 2.0}.items():
        monkeypatch.setattr(slow, name, value)


def group(port: int, url: str) -> str:
    """One that speaks OCPP with the unit, and the Halo."""
    return file(1, port, max_offline_a="12.0") + (
        f'[[chargers]]\nid = "{SERIAL}"\nname = "Far"\nphases = ["L1", "L2", "L3"]\nmax_a = 16.0\noffline_a = 6.0\n'
        f'capi_url = "{url}"\ncapi_email = "{EMAIL}"\ncapi_password = "{EMAIL}"\ncapi_key = "bench"\n'
    )


def test_it_is_told_as_unfit_gets_a_share_and_the_log_has_it(tmp_path: Path) -> None:
    port, api = free_ports(2)
    command = [sys.executable, "-m", "ampguard_hil.halo", "--serial", SERIAL, "--capi-port", str(api)]

    async def story() -> None:
        async with (
            works(tmp_path, group(port, f"http://{HOST}:{api}")) as unit,
            charging(unit, port, current_a=16.0),
        ):
            await unit.until(lambda: unit.charger(2)["status"] == "Charging", 60.0)
            far = unit.charger(2)
            assert (far["slow"], far["lease"], far["way"]) == (True, "none", "CAPI")
            assert "does not protect the fuse" in str(as_heard(far["told"][0]))
            await unit.until(lambda: unit.charger(1)["limit_a"] >= 6.0, 60.0)
            await unit.until(lambda: 6.0 <= unit.charger(2)["limit_a"] < 16.0, 60.0)
            await unit.until(lambda: unit.charger(2)["held_a"] == unit.charger(2)["limit_a"], 60.0)
            assert "slow" in {one["rule"] for one in unit.changes if one["charger"] == "Far"}
        assert unit.exit_code == 0

    with subprocess.Popen([*command, "--arrive-every-s", "0", "--car", CAR], stderr=subprocess.DEVNULL) as halo:
        try:
            assert wait_until(lambda: is_open(api), 30.0)
            run(story)
        finally:
            halo.terminate()
    found = list(replayed(lines(last_life(tmp_path / "balancing" / "why"))))
    assert any("slow" in one.logged for one in found)
    assert all(one.is_same for one in found)


def test_while_its_cloud_cannot_be_reached_the_others_are_balanced_and_that_is_said(tmp_path: Path) -> None:
    port, nobody = free_ports(2)

    async def story() -> None:
        async with works(tmp_path, group(port, f"http://{HOST}:{nobody}")) as unit:
            async with charging(unit, port, current_a=9.0):
                await unit.until(lambda: unit.charger(1)["limit_a"] > 6.0, 60.0)
                await unit.until(lambda: len(unit.charger(2)["told"]) > 1)
                assert "the makers' cloud cannot be reached" in json.dumps(unit.charger(2)["told"])
                assert unit.charger(2)["online"] is False
            unit.set_up(file(1, port))
            await unit.until(lambda: len(unit.state["chargers"]) == 1)

    run(story)
