"""Halos as the bench runs them: a process beside a unit, at its central system and at its board's supply."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ampguard_hil.ports import HOST, free_ports
from ampguard_hil.processes import Process

if TYPE_CHECKING:
    from pathlib import Path

FIRST = 2611100001


class Parking:
    """So many Halos with a car each; their terminals turned against each other, as electricians do it."""

    def __init__(self, folder: Path, board: Path, backend: str, *, count: int = 6, more: tuple[str, ...] = ()) -> None:
        """`backend`: ws:// of the central system, to which each adds its serial; `more`: further words for them."""
        ports = free_ports(count)
        self.serials = [f"{FIRST + number}M" for number in range(count)]
        self.pages = [f"http://{HOST}:{port}/" for port in ports]
        command = [sys.executable, "-m", "ampguard_hil.halo", "--serial", self.serials[0], "--count", str(count)]
        command += ["--board", str(board), "--backend", backend, "--rotation", "123,231,312"]
        command += ["--page-ports", ",".join(str(port) for port in ports), *more]
        self.process = Process("halos", command, folder / "halos.log", {})
