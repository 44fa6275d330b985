"""The meter process at real time on a simulated board: import time, memory, share of a core, and what it imports.

Import time and share are of this machine: beside the first stands what numpy alone takes, for the second three runs.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from ampguard_hil.box import Box
from ampguard_hil.processes import wait_until

RUN_S, RUNS, IMPORTS = 20.0, 3, 15
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
HEAVY = ("scipy", "pandas", "paho", "asyncio", "comtrade", "matplotlib", "rich")


def import_s(module: str) -> float:
    code = f"import time; b = time.perf_counter(); import {module}; print(time.perf_counter() - b)"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def memory(pid: int, name: str) -> float:
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name + ":"))
    return int(line.split()[1]) / 1024.0


def main() -> int:
    code = f"import sys, ampguard.services.meter; print([m for m in {HEAVY} if m in sys.modules])"
    heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    taken_s = statistics.median(import_s("ampguard.services.meter") for _ in range(IMPORTS))
    numpy_s = statistics.median(import_s("numpy") for _ in range(IMPORTS))
    print(f"import          {taken_s:.3f} s (target 0.15), of it numpy {numpy_s:.3f} s")
    print(f"heavy imports   {heavy} (target none)")
    with tempfile.TemporaryDirectory() as folder:
        box = Box(Path(folder), "ev")
        box.settings.write_text("nominal_voltage_v = 230.0\nnominal_frequency_hz = 50.0\n")
        panel = box.power_on()
        meter = box.firmware["meter"]
        meter.start()
        wait_until(lambda: False, 3.0)
        pid = meter.pid
        if pid is None:
            print(meter.last_words())
            return 1
        shares: list[float] = []
        for _ in range(RUNS):
            before_s = cpu_s(pid)
            wait_until(lambda: False, RUN_S)
            shares.append(100.0 * (cpu_s(pid) - before_s) / RUN_S)
        each = ", ".join(f"{one:.1f}" for one in shares)
        print(f"share of a core {each} % over {RUN_S:g} s each, SPI over a socket (target 4)")
        print(f"memory          {memory(pid, 'VmRSS'):.1f} MB now, {memory(pid, 'VmHWM'):.1f} MB at most (target 45)")
        panel.close()
        box.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
