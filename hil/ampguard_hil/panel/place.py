"""The bench panel as the bench runs it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ampguard_hil.ports import HOST, free_port
from ampguard_hil.processes import Process

if TYPE_CHECKING:
    from pathlib import Path


class Around:
    """What is around a unit, at a free port of this machine."""

    def __init__(self, folder: Path, board: Path) -> None:
        port = free_port()
        self.address = f"http://{HOST}:{port}/"
        command = [sys.executable, "-m", "ampguard_hil.panel", "--board", str(board), "--port", str(port)]
        self.process = Process("panel", command, folder / "panel.log", {})
