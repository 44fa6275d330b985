"""One unit on a simulated board, as processes in a folder: what the system's service manager does on the real one."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.client import BenchPanel
from ampguard_hil.processes import Process, ProcessError, wait_until

if TYPE_CHECKING:
    from ampguard_hil.broker import Broker

START_TIMEOUT_S = 15.0
FIRMWARE = ("meter", "lights", "uplink")
URGENT = ("meter",)
"""Reads each half buffer of the metering IC within 16 ms; and the board that stands for electronics never waits."""


class BoxError(ProcessError):
    """The unit cannot be started; the sentence says why."""


BATCH_S = 2.0
"""Nobody who watches waits a minute for the records."""


class Box:
    """A board and the three processes of a unit."""

    def __init__(self, folder: Path, scenario: str, *, seed: int = 0, serial: str | None = None) -> None:
        """A serial other than the simulated board's own is for several units at one broker."""
        self.folder = folder
        self.socket = folder / "board.sock"
        data, run = folder / "data", folder / "run"
        data.mkdir(parents=True, exist_ok=True)
        run.mkdir(exist_ok=True)
        self.settings = data / "settings.toml"
        board_file = folder / "board.toml"
        board_file.write_text(f'name = "simulated board"\nkind = "simulated"\nsocket = "{self.socket}"\n')
        environment = self._environment = {
            "AMPGUARD_DATA": str(data),
            "AMPGUARD_RUN": str(run),
            "AMPGUARD_BOARD": str(board_file),
            # this machine's clock is what it is: a container cannot ask whether its host's is synchronised
            "AMPGUARD_CLOCK": "host",
        }
        module = [sys.executable, "-m"]
        server = ["ampguard_drivers.simulated.server"] if serial is None else ["ampguard_hil.campaign_board", serial]
        asked = ["--socket", str(self.socket), "--scenario", scenario, "--seed", str(seed)]
        self.board = Process("board", [*module, *server, *asked], folder / "board.log", {}, urgent=True)
        self.firmware = {
            name: Process(name, [*module, service], folder / f"{name}.log", environment, urgent=name in URGENT)
            for name, service in ((one, f"ampguard.services.{one}") for one in FIRMWARE)
        }

    @property
    def processes(self) -> tuple[Process, ...]:
        """All of them."""
        return (self.board, *self.firmware.values())

    def command_line(self, *commands: str) -> str:
        """How somebody at another terminal asks this unit."""
        own = Path(os.path.relpath(Path(sys.executable).with_name("ampguard")))
        at = " ".join(f"{name}={self._environment[name]}" for name in ("AMPGUARD_DATA", "AMPGUARD_RUN"))
        return f"ask the unit:    {at} {own} {commands[0]}  (or {', '.join(commands[1:])})"

    def settle(self, broker: Broker, *, generation_on_site: bool) -> None:
        """What an installer would have told the unit."""
        self.settings.write_text(
            "nominal_voltage_v = 230.0\nnominal_frequency_hz = 50.0\nmain_fuse_a = 63.0\n"
            f"generation_on_site = {str(generation_on_site).lower()}\n"
            f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\nbatch_s = {BATCH_S}\n'
        )

    def power_on(self) -> BenchPanel:
        """Start the board; what it shows and what can be pressed. Raises BoxError."""
        self.board.start()
        wait_until(lambda: self.socket.exists() or self.board.pid is None, START_TIMEOUT_S)
        try:
            return BenchPanel(self.socket)
        except BusFault as fault:
            why = "its process ended" if self.board.pid is None else str(fault)
            raise BoxError(f"the simulated board does not start: {why}", self.board.last_words()) from fault

    def boot(self) -> None:
        """Start the unit's processes."""
        for process in self.firmware.values():
            process.start()

    def watch(self) -> None:
        """Start again what died."""
        for process in self.processes:
            process.watch()

    def stop(self) -> dict[str, int | None]:
        """Stop the unit, meter first so that its last reading is sent, then the board; exit codes by name."""
        codes = {name: self.firmware[name].stop() for name in FIRMWARE}
        codes["board"] = self.board.stop()
        return codes
