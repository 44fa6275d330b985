"""From a window of the meter to SetChargingProfile at the charger, and the memory of the balancer's process.

python -m tests.benchmarks.balancer [CHARGERS ...]     6 and 20 by default

The process is the product's; meter and chargers (the `ocpp` library's) are in this one, with the same monotonic clock.
Each round more flows besides, in four windows, and nothing more is measured for a while: what comes then was caused by
them. Targets: 100 ms and 60 MB.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ampguard.balancing.ocpp.charger import Charger, connected
from tests.ampguard.services.balancer.made import WINDOW_S, file, window

from ampguard.live.publisher import Publisher
from ampguard.readings import as_json
from ampguard_hil.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Sequence

TARGET_S, TARGET_MB = 0.1, 60.0
STEP_RATIO, MOST_ROUNDS, QUIET_S, PAUSE_S = 0.06, 20, 3.0, 0.6
"""Of the main fuse: well above what may last for some seconds (`excess.SMALL_RATIO`), or no window causes the cut."""
PATIENCE_S = 180.0
STEP_WINDOWS = 4
"""As many as the core looks at together."""


@dataclass
class Meter:
    """A house with chargers."""

    feed: Publisher
    chargers: Sequence[Charger] = ()
    base_a: float = 2.0
    told_s: list[float] = field(default_factory=list[float])
    """When each window was told."""
    number: int = 0

    def tell(self) -> None:
        current_a = self.base_a + sum(one.holds_a() for one in self.chargers)
        told = window(self.number * WINDOW_S, (current_a, current_a, current_a))
        self.number += 1
        self.told_s.append(time.monotonic())
        self.feed.publish("measurement", as_json(told))

    async def run(self, lasts_s: float) -> None:
        """In real time."""
        end_s = time.monotonic() + lasts_s
        while time.monotonic() < end_s:
            self.tell()
            await asyncio.sleep(WINDOW_S)
        self.number += 3  # a hole: what was told before stays alone


async def _measure_each(one: Charger, over: asyncio.Event) -> None:
    """As often as it was asked to."""
    while not over.is_set():  # no cancel: before Python 3.12 `wait_for` loses one that arrives together with its answer
        current_a = one.holds_a()
        await one.measure(current_a, current_a, current_a)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1.0):
                await over.wait()


def _lowered(chargers: Sequence[Charger], since_s: float) -> list[float]:
    """When each limit arrived that is lower than the one before."""
    found: list[float] = []
    for one in chargers:
        before_a = 0.0
        for heard in one.heard:
            profile = heard.payload.get("profile", {})
            if profile.get("charging_profile_purpose") == "TxProfile":
                limit_a = float(profile["charging_schedule"]["charging_schedule_period"][0]["limit"])
                if limit_a < before_a and heard.at_s > since_s:
                    found.append(heard.at_s)
                before_a = limit_a
    return found


async def measured(count: int, folder: Path) -> int:
    """Prints what came of it; 1 where a target is missed."""
    port, fuse_a = free_port(), 16.0 * count + 40.0
    (folder / "settings.toml").write_text(f"main_fuse_a = {fuse_a}\nnominal_voltage_v = 230.0\n")
    (folder / "group.toml").write_text(file(count, port))
    places = {**os.environ, "AMPGUARD_DATA": str(folder), "AMPGUARD_RUN": str(folder), "AMPGUARD_LOG": "warning"}
    meter = Meter(Publisher(folder / "live.sock"))
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "ampguard.services.balancer", env=places)
    try:
        async with contextlib.AsyncExitStack() as stack:
            await meter.run(3.0)
            chargers = [await stack.enter_async_context(connected(port, f"CP{one + 1}")) for one in range(count)]
            for one in chargers:
                await one.boot()
            await meter.run(2.0)
            for one in chargers:
                await one.begin()
            meter.chargers = chargers
            over = asyncio.Event()
            telling = [asyncio.create_task(_measure_each(one, over)) for one in chargers]
            begun_s = time.monotonic()
            while min(one.holds_a() for one in chargers) < 15.0 and time.monotonic() - begun_s < PATIENCE_S:
                await meter.run(1.0)
            delays_s = await _rounds(meter, chargers, fuse_a)
            memory_mb = _memory_mb(process.pid)
            over.set()
            await asyncio.gather(*telling, return_exceptions=True)
    finally:
        process.terminate()
        await process.wait()
        meter.feed.close()
    return _told(count, delays_s, memory_mb)


async def _rounds(meter: Meter, chargers: Sequence[Charger], fuse_a: float) -> list[float]:
    """How long each limit took that was lowered."""
    found: list[float] = []
    for _ in range(MOST_ROUNDS):
        if max(one.holds_a() for one in chargers) <= 6.0:
            break
        await meter.run(QUIET_S)
        meter.base_a = (1.0 + STEP_RATIO) * fuse_a - sum(one.holds_a() for one in chargers)
        begun_s = time.monotonic()
        for _ in range(STEP_WINDOWS):
            meter.tell()
            await asyncio.sleep(WINDOW_S)
        await asyncio.sleep(PAUSE_S)
        told_s = [at_s for at_s in meter.told_s if at_s >= begun_s]
        found += [at_s - max(one_s for one_s in told_s if one_s <= at_s) for at_s in _lowered(chargers, told_s[0])]
    return sorted(found)


def _memory_mb(pid: int) -> float:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) / 1024


def _told(count: int, delays_s: Sequence[float], memory_mb: float) -> int:
    if not delays_s:
        print(f"{count} chargers: no limit was lowered")
        return 1
    longest_s = delays_s[min(len(delays_s) - 1, int(len(delays_s) * 0.99))]
    print(
        f"{count} chargers, {len(delays_s)} limits: from the window to the charger median "
        f"{1e3 * statistics.median(delays_s):.1f} ms, 99 of 100 within {1e3 * longest_s:.1f} ms (target "
        f"{1e3 * TARGET_S:.0f}); {memory_mb:.1f} MB (target {TARGET_MB:.0f})",
        flush=True,
    )
    return int(longest_s > TARGET_S or memory_mb > TARGET_MB)


def main() -> int:
    """All that were asked for."""
    missed = 0
    for count in [int(one) for one in sys.argv[1:]] or [6, 20]:
        with tempfile.TemporaryDirectory() as folder:
            missed |= asyncio.run(measured(count, Path(folder)))
    return missed


if __name__ == "__main__":
    sys.exit(main())
