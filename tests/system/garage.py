"""A unit with two Halos beside it: cars come at once and charge on three phases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_hil.box import Box
from ampguard_hil.halo.place import Parking
from ampguard_hil.ports import HOST, free_port

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard_drivers.simulated.client import BenchPanel

FUSE_A = 63.0
SETTINGS = f"nominal_voltage_v = 230.0\nnominal_frequency_hz = 50.0\nmain_fuse_a = {FUSE_A}\n"
CARS = "phases=3,start_s=1,resume_s=2,increase_delay_s=0.5,increase_a_per_s=10"


class Garage:
    """Nothing is set up for charging: the Halos knock at the unit's door. `cars`: what else is so of each car."""

    def __init__(self, folder: Path, cars: str = "", *, pages: bool = False) -> None:
        self.port = free_port()
        self.box = Box(folder, "steady", pages=pages, balancing=True)
        self.box.settings.write_text(SETTINGS)
        more = ("--car", f"{CARS},{cars}" if cars else CARS, "--arrive-every-s", "1")
        self.parking = Parking(folder, self.box.socket, f"ws://{HOST}:{self.port}", count=2, more=more)
        self.panel: BenchPanel

    def start(self) -> None:
        self.panel = self.box.power_on()
        self.box.boot()
        self.parking.process.start()

    def stop(self) -> None:
        self.parking.process.stop()
        self.panel.close()
        self.box.stop()
