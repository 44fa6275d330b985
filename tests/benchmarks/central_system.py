"""From `set_limit` to SetChargingProfile at the charger, and what the central system costs in memory and processor.

central_system.py [CHARGERS] [ROUNDS]     20 and 30 by default

The central system is a process of its own, the chargers are the `ocpp` library's, in another one; both read the same
monotonic clock. In each round all chargers get another limit at once. Target: 100 ms, and 60 MB for the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

TARGET_S, TARGET_MB, ROUND_S = 0.1, 60.0, 0.5
TICKS_HZ = 100.0


def name(number: int) -> str:
    """Of a charger."""
    return f"CP{number}"


async def serve(count: int, rounds: int) -> None:
    """The central system; tells when it gave which limit."""
    from ampguard.balancing.ocpp.central import CentralSystem  # noqa: PLC0415 - only this process has it
    from ampguard.balancing.ocpp.configuration import Charger, Configuration, Door  # noqa: PLC0415 - likewise

    chargers = tuple(Charger(id=name(one), max_a=32.0, offline_a=6.0) for one in range(count))
    wanted = Configuration(doors=(Door("127.0.0.1", 0),), chargers=chargers, nominal_v=230.0, is_free=True)
    with tempfile.TemporaryDirectory() as folder:
        central = CentralSystem(wanted, Path(folder), logging.getLogger("balancer"))
        async with central.running():
            print(json.dumps(central.ports[0]), flush=True)
            while not all(one.wants for one in central.reports().values()):  # noqa: ASYNC110 - until all charge
                await asyncio.sleep(0.1)
            await asyncio.sleep(1.0)
            for turn in range(rounds):
                limit_a = 6.0 + turn * 0.5
                given_s = time.monotonic()
                for one in chargers:
                    central.set_limit(one.id, limit_a, 30.0)
                print(json.dumps([limit_a, given_s]), flush=True)
                await asyncio.sleep(ROUND_S)
            begun_s = time.perf_counter()
            for _ in range(100):
                central.reports()
            reporting_s = (time.perf_counter() - begun_s) / 100
            await asyncio.sleep(0.5)
            held = [one.limit_a for one in central.reports().values()]
            print(json.dumps({"reports_s": reporting_s, "held": held, **cost()}), flush=True)


def cost() -> dict[str, float]:
    """Of this process."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return {
        "rss_mb": int(status["VmRSS"].split()[0]) / 1024,
        "processor_s": (int(fields[11]) + int(fields[12])) / TICKS_HZ,
    }


async def measure(count: int, rounds: int) -> int:
    """The chargers; prints what came of it."""
    from tests.ampguard.balancing.ocpp.charger import connected  # noqa: PLC0415 - only this process has it

    command = (sys.executable, __file__, "serve", str(count), str(rounds))
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    if process.stdout is None:
        raise RuntimeError("it tells nothing")
    port = int(json.loads(await process.stdout.readline()))
    async with contextlib.AsyncExitStack() as stack:
        chargers = [await stack.enter_async_context(connected(port, name(one))) for one in range(count)]
        for one in chargers:
            await one.boot()
            await one.begin()
        told = [json.loads(line) async for line in process.stdout]
    await process.wait()
    given_s, end = dict(map(tuple, told[:-1])), told[-1]
    delays_s = []
    for one in chargers:
        for heard in one.heard:
            if (
                heard.action == "SetChargingProfile"
                and heard.payload["profile"]["charging_profile_purpose"] == "TxProfile"
            ):
                limit_a = float(heard.payload["profile"]["charging_schedule"]["charging_schedule_period"][0]["limit"])
                delays_s.append(heard.at_s - given_s[limit_a])
    delays_s.sort()
    p99_s = delays_s[int(len(delays_s) * 0.99)]
    print(
        f"{count} chargers, {rounds} rounds, {len(delays_s)} limits: from set_limit to the charger "
        f"median {1e3 * statistics.median(delays_s):.1f} ms, 99 of 100 within {1e3 * p99_s:.1f} ms, "
        f"longest {1e3 * delays_s[-1]:.1f} ms (target {1e3 * TARGET_S:.0f})"
    )
    print(
        f"central system: {end['rss_mb']:.1f} MB (target {TARGET_MB:.0f} for the whole balancer), "
        f"{end['processor_s']:.2f} s of processor in all, one look at all reports {1e3 * end['reports_s']:.2f} ms"
    )
    missed = len(delays_s) < count * rounds or set(end["held"]) != {6.0 + (rounds - 1) * 0.5}
    return int(missed or p99_s > TARGET_S or end["rss_mb"] > TARGET_MB)


if __name__ == "__main__":
    is_serving = sys.argv[1:2] == ["serve"]
    numbers = [int(one) for one in sys.argv[1 + is_serving :]]
    asked = (numbers + [20, 30][len(numbers) :])[:2]
    sys.exit(asyncio.run(serve(*asked) if is_serving else measure(*asked)))
