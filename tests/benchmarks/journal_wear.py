"""What the journal writes in a day: to its files, and to the medium, as the kernel counts it at a block device.

journal_wear.py [SECONDS]     paced at one reading a second; needs root for the loop device
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.ampguard.journal.made import reading

from ampguard.journal.database import used_bytes
from ampguard.journal.writer import JournalWriter
from ampguard.phases import Phases
from ampguard.readings import Energy, Interval, Reading, recorded

WARM_S, DAY_S = 70, 86_400
IMAGE_BYTES = 256 * 1024 * 1024


def made(number: int, chance: random.Random) -> Reading:
    """A second of a house: every value moves by its own noise."""
    voltage = Phases.of(230.0 + chance.gauss(0.0, 0.2) for _ in range(3))
    current = Phases.of(base * (1.0 + chance.gauss(0.0, 0.005)) for base in (2.6, 1.4, 3.2))
    lag = Phases.of(base + chance.gauss(0.0, 0.3) for base in (8.0, 24.0, -12.0))
    power = Phases.of(u * i for u, i in zip(voltage, current, strict=True))
    grown = Phases.of(1000.0 + 0.2 * number + share for share in (0.0, 1.0, 2.0))
    return recorded(
        replace(
            reading(number),
            frequency_hz=50.0 + chance.gauss(0.0, 0.01),
            voltage_rms_v=voltage,
            voltage_fundamental_rms_v=voltage,
            voltage_thd_percent=Phases.of(2.5 + chance.gauss(0.0, 0.02) for _ in range(3)),
            voltage_angle_deg=Phases(0.0, -120.0 + chance.gauss(0.0, 0.02), 120.0 + chance.gauss(0.0, 0.02)),
            current_rms_a=current,
            current_fundamental_rms_a=current,
            current_angle_deg=lag,
            current_thd_percent=Phases.of(20.0 + chance.gauss(0.0, 0.2) for _ in range(3)),
            active_power_w=power,
            reactive_power_var=power,
            apparent_power_va=power,
            power_factor_ratio=Phases.of(0.9 + chance.gauss(0.0, 0.003) for _ in range(3)),
            total_active_power_w=sum(power),
            total_reactive_power_var=sum(power),
            total_apparent_power_va=sum(power),
            neutral_current_rms_a=2.0 + chance.gauss(0.0, 0.02),
            energy=Energy(
                import_wh=grown, export_wh=Phases.all_of(0.0), total_import_wh=sum(grown), total_export_wh=0.0
            ),
        )
    )


def device_bytes(device: str) -> int:
    """What was written to a block device so far."""
    fields = Path(f"/sys/block/{Path(device).name}/stat").read_text().split()
    return 512 * int(fields[6])


def run(folder: Path, seconds: int, device: str) -> None:
    """Write at one reading a second, and print."""
    chance = random.Random(1)
    writer = JournalWriter(folder / "journal.sqlite")
    begin_s, counted = time.monotonic(), 0
    for number in range(1, WARM_S + seconds + 1):
        if number == WARM_S:
            subprocess.run(["sync"], check=True)
            counted = device_bytes(device)
        one = made(number, chance)
        writer.append([one, *([replace(one, interval=Interval.MINUTE)] if number % 60 == 0 else [])])
        time.sleep(max(0.0, begin_s + number - time.monotonic()))
    subprocess.run(["sync"], check=True)
    device_share = (device_bytes(device) - counted) / seconds
    blocks, size = writer._database.execute("SELECT count(*), sum(length(body)) FROM block").fetchone()
    stored = size / (60 * blocks)
    pages = used_bytes(writer._database, writer._path) / (60 * blocks)
    writer.close()
    print(f"blocks          {stored:6.1f} bytes a reading, {stored * DAY_S / 1e6:5.1f} MB a day")
    print(f"database        {pages:6.1f} bytes a reading, {pages * DAY_S / 1e6:5.1f} MB a day (target 10)")
    print(
        f"block device    {device_share:6.0f} bytes a second, {device_share * DAY_S / 1e6:5.0f} MB a day (target 250)"
    )


def main() -> int:
    """Make a file system on a loop device, measure, and take it away."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 240
    with tempfile.TemporaryDirectory() as place:
        image, folder = Path(place, "image"), Path(place, "mounted")
        folder.mkdir()
        with image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
        found = subprocess.run(["losetup", "--find", "--show", str(image)], capture_output=True, text=True, check=False)
        if found.returncode:
            print(f"NOT MEASURED: no loop device: {found.stderr.strip()}")
            return 1
        device = found.stdout.strip()
        subprocess.run(["mount", "-o", "noatime", device, str(folder)], check=True)
        try:
            run(folder, seconds, device)
        finally:
            subprocess.run(["umount", str(folder)], check=True)
            subprocess.run(["losetup", "-d", device], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
