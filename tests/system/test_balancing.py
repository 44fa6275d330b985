"""A unit that balances two Halos, and what happens at each loss: meter, balancer, chargers, and all of it replayed.

The tests tell one story, in their order, on one unit.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from ampguard.live.subscriber import Subscriber
from ampguard_hil.box import Box
from ampguard_hil.halo.place import Parking
from ampguard_hil.ports import HOST, free_port
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ampguard_drivers.simulated.client import BenchPanel

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]
COMMAND = Path(sys.executable).with_name("ampguard")
FUSE_A, OFFLINE_A, SAFE_A = 40.0, 20.0, 6.0
SETTINGS = f"nominal_voltage_v = 230.0\nnominal_frequency_hz = 50.0\nmain_fuse_a = {FUSE_A}\n"
CARS = "phases=3,start_s=1,resume_s=2,increase_delay_s=0.5,increase_a_per_s=10,decrease_delay_s=0.5,below_offer_a=0.2"
PATIENCE_S = 60.0
LEASE_S = 30.0


class Told:
    """What a feed has told, with when; heard in a thread."""

    def __init__(self, feed: Path, kind: str) -> None:
        self._feed, self._kind = feed, kind
        self.all: list[tuple[float, dict[str, Any]]] = []
        self._ends = threading.Event()
        self._listening = threading.Thread(target=lambda: asyncio.run(self._listen()))
        self._listening.start()

    async def _listen(self) -> None:
        async for message in Subscriber(self._feed, 0.5).messages():
            if self._ends.is_set():
                return
            if message is not None and message.kind == self._kind:
                self.all.append((time.monotonic(), dict(message.body)))

    def since(self, at_s: float) -> list[dict[str, Any]]:
        return [body for when_s, body in self.all if when_s > at_s]

    def stop(self) -> None:
        self._ends.set()
        self._listening.join()


class Garage:
    """The unit, two Halos with cars, and what is told and measured all the while."""

    def __init__(self, folder: Path) -> None:
        self.folder, port = folder, free_port()
        self.box = Box(folder, "steady", balancing=True)
        self.box.settings.write_text(SETTINGS)
        more = ("--car", CARS, "--arrive-every-s", "1")
        self.parking = Parking(folder, self.box.socket, f"ws://{HOST}:{port}", count=2, more=more)
        self.box.group.write_text(self.parking.group(port))
        self.panel: BenchPanel = self.box.power_on()
        self.states = Told(folder / "run" / "balancer.sock", "balance")
        self.windows = Told(folder / "run" / "live.sock", "measurement")
        self.box.boot()
        self.parking.process.start()

    @property
    def state(self) -> dict[str, Any]:
        return self.states.all[-1][1]

    def charger(self, number: int) -> dict[str, Any]:
        return cast("dict[str, Any]", self.state["chargers"][number - 1])

    def until(self, what: Callable[[], object], within_s: float = PATIENCE_S) -> None:
        held = wait_until(lambda: bool(self.states.all) and bool(what()), within_s)
        assert held, f"{self.state if self.states.all else 'nothing told'}\n{self.logs()}"

    def measured_a(self, at_s: float) -> list[float]:
        """The most that any phase carried, in each window since then."""
        return [max(value or 0.0 for value in body["current_rms_a"].values()) for body in self.windows.since(at_s)]

    def logs(self) -> str:
        return "\n".join((self.folder / f"{name}.log").read_text()[-2000:] for name in ("balancer", "meter", "halos"))

    def balance(self, *words: str) -> subprocess.CompletedProcess[str]:
        places = {"AMPGUARD_DATA": str(self.folder / "data"), "AMPGUARD_RUN": str(self.folder / "run")}
        command = [str(COMMAND), "balance", *words]
        return subprocess.run(
            command, env={**os.environ, **places}, capture_output=True, text=True, timeout=120, check=False
        )

    def stop(self) -> dict[str, int | None]:
        self.states.stop()
        self.windows.stop()
        self.parking.process.stop()
        codes = self.box.stop()
        with contextlib.suppress(OSError):
            self.panel.close()
        return codes


@pytest.fixture(scope="module")
def garage() -> Iterator[Garage]:
    with tempfile.TemporaryDirectory(prefix="ampguard-balance-", ignore_cleanup_errors=True) as folder:
        found = Garage(Path(folder))
        try:
            yield found
        finally:
            found.stop()


def test_the_first_car_charges_and_gets_what_there_is(garage: Garage) -> None:
    garage.until(lambda: garage.state["active"] and garage.state["rung"] == "fresh")
    garage.until(lambda: max(garage.charger(number)["limit_a"] for number in (1, 2)) > SAFE_A)
    assert max(garage.measured_a(0.0)) < FUSE_A


def test_a_balancer_that_is_killed_and_starts_at_once_leaves_the_car_what_it_has(garage: Garage) -> None:
    first = max((1, 2), key=lambda number: garage.charger(number)["limit_a"])
    limit_a = garage.charger(first)["limit_a"]
    garage.until(lambda: max((garage.charger(first)["current_a"][name] or 0.0) for name in ("l1", "l2", "l3")) > SAFE_A)
    balancer, began_s = garage.box.firmware["balancer"], time.monotonic()
    balancer.kill()
    balancer.start()
    garage.until(lambda: garage.states.all[-1][0] > began_s and garage.charger(first)["held_a"])
    assert garage.charger(first)["limit_a"] >= limit_a, garage.logs()
    given = [body["chargers"][first - 1]["limit_a"] for body in garage.states.since(began_s)]
    assert set(given) - {0.0} == {limit_a}, "it adopts what the charger holds; 0: it was not heard yet"
    measured_a = garage.measured_a(began_s)
    assert min(measured_a) > limit_a - 2.0, "the car never noticed"
    assert max(measured_a) < FUSE_A


def _rung(age_s: float) -> str:
    return next(
        name for from_s, name in ((15.0, "lost"), (4.0, "stale"), (1.0, "late"), (-1.0, "fresh")) if age_s > from_s
    )


def test_a_meter_that_is_lost_step_by_step_and_comes_back(garage: Garage) -> None:
    garage.until(lambda: all(garage.charger(number)["limit_a"] >= SAFE_A for number in (1, 2)))
    meter, began_s = garage.box.firmware["meter"], time.monotonic()
    meter.kill()
    garage.until(lambda: garage.state["rung"] == "lost")
    seen = [body for body in garage.states.since(began_s) if body["meter_age_s"] is not None]
    for body in seen:
        near = {_rung(body["meter_age_s"] - 0.1), _rung(body["meter_age_s"] + 0.1)}
        assert body["rung"] in near, body["meter_age_s"]
    assert {body["rung"] for body in seen} >= {"late", "stale", "lost"}
    before = [body for body in seen if body["rung"] != "lost"]
    for number in range(2):
        limits_a = [body["chargers"][number]["limit_a"] for body in before if body["rung"] != "fresh"]
        assert limits_a == sorted(limits_a, reverse=True), "nobody gets more while it is late"
    # cars that draw somewhat less than they are offered may be offered as much more
    garage.until(lambda: sum(garage.charger(number)["limit_a"] for number in (1, 2)) <= OFFLINE_A + 1.0)
    garage.until(lambda: 0.0 < sum(garage.charger(number)["current_a"]["l1"] for number in (1, 2)) <= OFFLINE_A)
    again_s = time.monotonic()
    meter.start()
    garage.until(lambda: garage.state["rung"] == "fresh")
    back_s = next(when_s for when_s, _ in garage.windows.all if when_s > again_s)
    fresh_s = next(when_s for when_s, body in garage.states.all if when_s > again_s and body["rung"] == "fresh")
    assert fresh_s - back_s >= 2.0, "it must have come in time for two seconds"
    assert max(garage.measured_a(began_s)) < FUSE_A


def test_a_charger_that_is_silent_has_its_limit_reserved_and_is_taken_up_again(garage: Garage) -> None:
    pid = garage.parking.process.pid
    assert pid is not None
    began_s = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    try:
        garage.until(lambda: all(garage.charger(number)["lease"] == "unheard" for number in (1, 2)))
        time.sleep(3.0)
        for number in range(2):
            told = [body["chargers"][number] for body in garage.states.since(began_s)]
            kept_a = {one["limit_a"] for one in told if one["lease"] == "unheard"}
            assert len(kept_a) == 1, "what it was told last stays reserved for it"
            assert min(kept_a) >= SAFE_A
    finally:
        os.kill(pid, signal.SIGCONT)
    began_s = time.monotonic()
    garage.until(lambda: all(garage.charger(number)["lease"] == "running" for number in (1, 2)))
    garage.until(lambda: all(garage.charger(number)["online"] for number in (1, 2)))
    assert max(garage.measured_a(began_s) or [0.0]) < FUSE_A


def test_without_the_balancer_all_fall_back_by_themselves_and_a_new_one_begins_there(garage: Garage) -> None:
    garage.until(lambda: all(garage.charger(number)["limit_a"] >= SAFE_A for number in (1, 2)))
    garage.until(lambda: max(garage.measured_a(time.monotonic() - 1.0), default=0.0) > 2 * SAFE_A)
    quiet_a = 5.0
    balancer, began_s = garage.box.firmware["balancer"], time.monotonic()
    balancer.kill()
    fell = wait_until(
        lambda: 0.0 < max(garage.measured_a(time.monotonic() - 1.0), default=0.0) <= 2 * SAFE_A + quiet_a,
        LEASE_S + 10.0,
    )
    assert fell, garage.measured_a(time.monotonic() - 1.0)
    assert time.monotonic() - began_s < LEASE_S + 8.0
    assert max(garage.measured_a(began_s)) < FUSE_A
    started_s = time.monotonic()
    balancer.start()
    garage.until(lambda: garage.states.all[-1][0] > started_s and all(garage.charger(n)["limit_a"] for n in (1, 2)))
    first_a = [
        next(limit for body in garage.states.since(started_s) if (limit := body["chargers"][number]["limit_a"]) > 0.0)
        for number in range(2)
    ]
    assert first_a == [SAFE_A, SAFE_A], "what they fell back to is where it begins"
    assert max(garage.measured_a(started_s)) < FUSE_A


def test_every_decision_of_its_last_life_comes_out_again(garage: Garage) -> None:
    shown = garage.balance("show")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("Garage: meter fresh, led by the unit, fuse 40.0 A\n")
    assert garage.box.firmware["balancer"].stop() == 0
    played = garage.balance("replay")
    assert (played.returncode, played.stderr) == (0, "")
    assert played.stdout.endswith(" decisions, 0 of them come out differently\n")
    assert int(played.stdout.split()[0]) > 0
    why = garage.balance("why", "--count", "100")
    assert why.returncode == 0
    for sentence in (
        "the unit has started and keeps what Place",
        "all chargers share the group's offline current",
        "there is room for Place",
    ):
        assert sentence in why.stdout, why.stdout
