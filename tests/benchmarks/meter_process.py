"""The meter process at real time on a simulated board: import time, memory, share of a core, and what it imports."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from ampguard_hil.box import Box
from ampguard_hil.processes import wait_until

RUN_S, IMPORTS = 20.0, 7
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
HEAVY = ("scipy", "pandas", "paho", "asyncio", "comtrade", "matplotlib", "rich")


def import_s() -> float:
    code = "import time; b = time.perf_counter(); import ampguard.services.meter; print(time.perf_counter() - b)"
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
    print(f"import          {statistics.median(import_s() for _ in range(IMPORTS)):.3f} s (target 0.15)")
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
        before_s = cpu_s(pid)
        wait_until(lambda: False, RUN_S)
        share = (cpu_s(pid) - before_s) / RUN_S
        print(f"share of a core {100.0 * share:.1f} % over {RUN_S:g} s, SPI over a socket (target 4)")
        print(f"memory          {memory(pid, 'VmRSS'):.1f} MB now, {memory(pid, 'VmHWM'):.1f} MB at most (target 45)")
        panel.close()
        box.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
