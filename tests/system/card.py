"""The card of a unit in QEMU, as it is built (hil/bench-initrd).

Board and radios alone are simulated: the board on this machine, the radios in the guest.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import subprocess
import time
from typing import TYPE_CHECKING

from tests.conventions.source import ROOT

from ampguard_hil.places.stages import Stage
from ampguard_hil.places.targets import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator

CARD = ROOT / ".run" / "image"
CARD_BYTES = 4 << 30
"""It is written to a larger one."""
_AT_ONCE = 600
"""Characters that are typed in one line."""


class Card:
    """In a unit, from the moment its power was switched on."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.place = bench.at(Stage.FLASHED)
        os.truncate(CARD / "disk.img", CARD_BYTES)
        self.began_s = time.monotonic()
        bench.at(Stage.BOOTED)

    def run(self, command: str) -> str:
        return self.place.run(command).strip()

    def shows(self, unit: str, name: str) -> str:
        return self.run(f"systemctl show {unit} --value --property={name}")

    def after_s(self, unit: str) -> float:
        """From power on until a unit was active."""
        return time.monotonic() - self.began_s - (self.up_s() - self.active_s(unit))

    def up_s(self) -> float:
        """By the guest's monotonic clock."""
        return float(self.run("cut -d ' ' -f 1 /proc/uptime"))

    def active_s(self, unit: str) -> float:
        """When a unit was active, by the guest's monotonic clock."""
        return int(self.shows(unit, "ActiveEnterTimestampMonotonic")) / 1e6

    def said_s(self, unit: str, pattern: str) -> list[float]:
        """When a unit said something, by the guest's monotonic clock."""
        lines = self.run(f"journalctl --quiet --boot --no-pager --output=short-monotonic --unit={unit}").splitlines()
        stamped = [re.match(r"\[ *(\d+\.\d+)\] (.*)", line) for line in lines]
        return [float(line[1]) for line in stamped if line and re.search(pattern, line[2])]

    def put(self, path: str, content: str) -> None:
        """A file that is gone with the power."""
        text = base64.b64encode(content.encode()).decode()
        self.run(f": > {path}.b64")
        for at in range(0, len(text), _AT_ONCE):
            self.run(f"echo {text[at : at + _AT_ONCE]} >> {path}.b64")
        self.run(f"base64 --decode {path}.b64 > {path}")


@contextlib.contextmanager
def booted() -> Iterator[Card]:
    """A unit that nobody has used yet."""
    subprocess.run([ROOT / "hil" / "bench-initrd", CARD / "initrd", CARD / "initrd-bench"], check=True)
    bench = Bench(ROOT / "hil" / "bench.yaml", "image")
    try:
        yield Card(bench)
    finally:
        bench.close()


@contextlib.contextmanager
def table() -> Iterator[dict[str, str]]:
    """What was measured, told in the end."""
    rows: dict[str, str] = {}
    yield rows
    width = max(map(len, rows), default=0)
    print("\n\n" + "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items()))  # noqa: T201 - the figures
