"""A day of the meter in virtual time: gaps, memory, descriptors and the journal, hour by hour.

`python -m tests.benchmarks.soak [HOURS] [SEED]`: the whole meter process with its journal on a simulated board whose
time passes only as fast as the meter takes what the chip delivers. The building changes its loads every minute, dips
now and then, and drifts in frequency. Targets: no second missing, memory rises by at most 0.1 MB an hour after the
first two. Board and meter share one process: what the board's own memory does is counted as well.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the meter has it

import itertools
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ampguard import log
from ampguard.clock import ClockQuality, Stamp
from ampguard.journal.reader import JournalReader
from ampguard.services import meter as service
from ampguard.settings.places import Places
from ampguard_drivers.simulated.board import SimulatedBoard
from ampguard_drivers.simulated.clocks import EPOCH_NS, VirtualClock
from ampguard_drivers.simulated.supply import Load, State, Supply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard_drivers.board import MeteringParts

HOUR_S = 3600.0
SETTLED_H, SLOPE_MB_PER_H = 2, 0.1
AHEAD = 25
"""Blocks that the chip may be ahead of the processing."""
DIPS_AT = 30
"""Minute of each hour."""
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def building(seed: int) -> Supply:
    """A day, minute by minute; every hour a voltage dips for a fifth of a second."""
    chance = np.random.default_rng(seed)
    states: list[tuple[float, State]] = []
    for minute in range(24 * 60):
        hour = minute / 60.0
        base_a = 2.0 + 8.0 * np.exp(-((hour - 18.5) ** 2) / 8.0)
        loads = [Load(float(base_a * chance.gamma(2.0, 0.5)), float(chance.normal(8.0, 6.0))) for _ in range(3)]
        volts = [float(230.0 + chance.normal(0.0, 1.5)) for _ in range(3)]
        hertz = float(50.0 + chance.normal(0.0, 0.02))
        state = State((volts[0], volts[1], volts[2]), frequency_hz=hertz, loads=(loads[0], loads[1], loads[2]))
        states.append((60.0 * minute, state))
        if minute % 60 == 30:
            dip = State((140.0, volts[1], volts[2]), frequency_hz=hertz, loads=(loads[0], loads[1], loads[2]))
            states += [(60.0 * minute + 20.0, dip), (60.0 * minute + 20.2, state)]
    return Supply(states, repeat_s=24.0 * HOUR_S, seed=seed)


class Paced(VirtualClock):
    """Virtual time that waits for the reader: nobody is faster than the processing."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = lambda: 0
        self.ended = False
        self._never = threading.Event()

    def jump_to(self, moment_ns: int) -> None:
        """Let time pass until then, once the reader has caught up."""
        while not self.ended and self.waiting() > AHEAD:
            self._never.wait(0.001)
        super().jump_to(moment_ns)


class BoardsWallClock:
    """A wall clock that runs with the board's time."""

    def stamp(self, monotonic_ns: int) -> Stamp:
        """All clocks for a moment."""
        utc = BEGAN + timedelta(microseconds=(monotonic_ns - EPOCH_NS) / 1000)
        return Stamp(monotonic_ns, utc.timestamp(), utc.isoformat(timespec="milliseconds"), ClockQuality.SYNCHRONISED)


def resident_mb() -> float:
    """Of this process, now."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) / 1024.0


def watched(clock: Paced, hours: float, meter: service.Meter) -> Iterator[tuple[float, float, int]]:
    """Each hour: when, resident megabytes, descriptors. Stops the meter in the end."""
    for hour in itertools.count(1):
        while not clock.ended and clock.now_ns() < EPOCH_NS + min(hour, hours) * HOUR_S * 1e9:
            time.sleep(0.05)
        found = (min(hour, hours), resident_mb(), len(list(Path("/proc/self/fd").iterdir())))
        print(f"  {found[0]:6.2f} h {found[1]:8.2f} MB {found[2]:5} descriptors", flush=True)
        yield found
        if clock.ended or hour >= hours:
            meter._asked_to_stop(0, None)
            return


def missing_s(journal: Path) -> tuple[int, int, float]:
    """Readings of a second, how many of them are flagged, and seconds that no reading covers."""
    count = flagged = 0
    covered_s = 0.0
    first_ns = last_ns = None
    reader, position = JournalReader(journal), 0
    while page := reader.readings(position, 5000):
        for stored in page:
            assert stored.body is not None
            body = stored.body
            count += 1
            flagged += "overrun" in body["quality"]
            covered_s += body["duration_s"]
            last_ns = body["monotonic_ns"]
            first_ns = body["monotonic_ns"] - body["duration_s"] * 1e9 if first_ns is None else first_ns
        position = page[-1].position
    return count, flagged, 0.0 if first_ns is None else (last_ns - first_ns) / 1e9 - covered_s


def main(hours: float, seed: int) -> int:
    """Soak; 1 where a target was missed."""
    clock = Paced()
    board = SimulatedBoard(building(seed), clock=clock, seed=seed)

    def parts(_: Path | None) -> MeteringParts:
        return board.metering

    service.open_metering = parts
    service.SystemClock = BoardsWallClock
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"AMPGUARD_DATA": folder, "AMPGUARD_RUN": folder, "AMPGUARD_CLOCK": "host"}
        places = Places.from_environment()
        places.settings.write_text('nominal_voltage_v = 230.0\nmain_fuse_a = 25.0\ngrid_type = "three-phase"\n')
        meter = service.Meter(places, log.begin("soak"))
        clock.waiting = meter._sampler._items.qsize
        rows: list[tuple[float, float, int]] = []
        watch = threading.Thread(target=lambda: rows.extend(watched(clock, hours, meter)))
        watch.start()
        begun_s = time.monotonic()
        try:
            code = meter.run()
        finally:
            clock.ended = True
        watch.join()
        took_s = time.monotonic() - begun_s
        count, flagged, absent_s = missing_s(places.journal)
        size_mb = sum(one.stat().st_size for one in places.journal.parent.glob("journal*")) / 1e6
    settled = [row for row in rows if row[0] >= SETTLED_H]
    slope = float(np.polyfit([row[0] for row in settled], [row[1] for row in settled], 1)[0]) if settled[2:] else 0.0
    print(f"{hours:g} h in {took_s:.0f} s ({hours * HOUR_S / took_s:.0f} x real time), exit code {code}")
    print(
        f"{count} readings, {flagged} with lost samples, {absent_s:.3f} s missing (targets 0); journal {size_mb:.1f} MB"
    )
    print(f"memory {slope:+.3f} MB an hour after {SETTLED_H} h (target {SLOPE_MB_PER_H:g}), descriptors {rows[-1][2]}")
    good = (
        code == 0 and flagged == 0 and abs(absent_s) < 0.001 and slope <= SLOPE_MB_PER_H and count >= hours * HOUR_S - 2
    )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 24.0, int(sys.argv[2]) if len(sys.argv) > 2 else 1))
