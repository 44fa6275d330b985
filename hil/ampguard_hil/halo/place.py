"""Halos as the bench runs them: a process beside a unit, at its central system and at its board's supply."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ampguard_hil.cloud.registry_mounted import ChargerSettings
from ampguard_hil.ports import HOST, free_ports
from ampguard_hil.processes import Process

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FIRST = 2611100001
OFFLINE_A = 6.0
"""What each goes on with by itself, on the phase behind its first terminal."""
TURNED = ("123", "231", "312")
"""The phases of the supply behind terminals 1, 2 and 3, of one charger after the other."""


class Parking:
    """So many Halos with a car each; their terminals turned against each other, as electricians do it."""

    def __init__(self, folder: Path, board: Path, backend: str, *, count: int = 6, more: tuple[str, ...] = ()) -> None:
        """`backend`: ws:// of the central system, to which each adds its serial; `more`: further words for them."""
        ports = free_ports(count)
        self.serials = [f"{FIRST + number}M" for number in range(count)]
        self.pages = [f"http://{HOST}:{port}/" for port in ports]
        command = [sys.executable, "-m", "ampguard_hil.halo", "--serial", self.serials[0], "--count", str(count)]
        command += ["--board", str(board), "--backend", backend, "--rotation", ",".join(TURNED)]
        command += ["--offline-phase", "1", "--page-ports", ",".join(str(port) for port in ports), *more]
        self.process = Process("halos", command, folder / "halos.log", {})

    def in_cloud(self) -> Mapping[str, ChargerSettings]:
        """The same in the words of a cloud's registry."""
        return {
            serial: ChargerSettings(
                f"Place {number + 1}",
                phases=tuple(f"L{digit}" for digit in TURNED[number % len(TURNED)]),
                offline_current_a=OFFLINE_A,
                offline_phase=f"L{TURNED[number % len(TURNED)][0]}",
            )
            for number, serial in enumerate(self.serials)
        }

    def group(self, port: int) -> str:
        """As the owner of the unit would set them up: the group's file. `port`: where the unit waits for them."""
        lines = ['name = "Garage"', "active = true", 'device = "gG"', "max_offline_a = 20.0"]
        lines += [f"port = {port}", "free = true"]
        for number, serial in enumerate(self.serials):
            phases = ", ".join(f'"L{digit}"' for digit in TURNED[number % len(TURNED)])
            lines += ["", "[[chargers]]", f'id = "{serial}"', f'name = "Place {number + 1}"', f"phases = [{phases}]"]
            phase = TURNED[number % len(TURNED)][0]
            lines += ["max_a = 16.0", f"offline_a = {OFFLINE_A}", f'offline_phase = "L{phase}"']
        return "\n".join(lines) + "\n"
