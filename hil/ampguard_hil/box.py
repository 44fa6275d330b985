"""One unit on a simulated board, as processes in a folder: what the system's service manager does on the real one."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from socket import SOCK_SEQPACKET
from typing import TYPE_CHECKING

from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.client import BenchPanel
from ampguard_hil.networkmanager import control
from ampguard_hil.networkmanager.privatebus import ENVIRONMENT, PrivateBus
from ampguard_hil.ports import HOST, answers, free_port, listens
from ampguard_hil.processes import Process, ProcessError, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard_hil.broker import Broker

START_TIMEOUT_S = 15.0
FIRMWARE, WEB, BALANCER = ("meter", "lights", "uplink"), "web", "balancer"
URGENT = ("meter",)
"""Reads each half buffer of the metering IC within 16 ms; and the board that stands for electronics never waits."""


class BoxError(ProcessError):
    """The unit cannot be started; the sentence says why."""


BATCH_S = 2.0
"""Nobody who watches waits a minute for the records."""


class Box:
    """A board and the three processes of a unit."""

    def __init__(  # noqa: PLR0913 - what a bench can have is named, and nothing else
        self,
        folder: Path,
        scenario: str,
        *,
        seed: int = 0,
        serial: str | None = None,
        system: bool = False,
        pages: bool = False,
        air: str | None = None,
        variant: str | None = None,
        before: Mapping[str, Sequence[str]] | None = None,
        balancing: bool = False,
    ) -> None:
        """A serial other than the simulated board's own is for several units at one broker.

        `air`: what the unit's radio hears, as `networkmanager.control.written` has it; None: a neighbourhood.
        `before`: words put before the command of a process of the unit, by its name: a namespace, another clock.
        `balancing`: with the balancer, which the system starts as soon as there is a load-balancing group.
        `pages`: with the local management interface, at free ports of this machine.
        `system`: there is somebody to ask for a restart, on a bus of the bench's own, and with `pages` a
        NetworkManager; else, and where there is no dbus-daemon, a unit asks in vain.
        `variant`: which CT set its board has, of `ampguard_drivers.frontend.Variant`; None: the usual one.
        """
        self.folder = folder
        self.socket = folder / "board.sock"
        data, run = folder / "data", folder / "run"
        data.mkdir(parents=True, exist_ok=True)
        run.mkdir(exist_ok=True)
        self.settings, self.group = data / "settings.toml", data / "group.toml"
        board_file = folder / "board.toml"
        board_file.write_text(f'name = "simulated board"\nkind = "simulated"\nsocket = "{self.socket}"\n')
        self._bus = PrivateBus(folder) if system and shutil.which("dbus-daemon") else None
        address = f"unix:path={folder / 'nobody.sock'}" if self._bus is None else self._bus.address
        self._restart_mark = folder / "restart-asked"
        self._restarts_s: list[tuple[float, float]] = []
        """Of each restart that the unit has asked for: when it began, and when its processes were started again."""
        environment = self._environment = {
            # always: whatever a unit here asks of its system must never reach that of this machine
            ENVIRONMENT: address,
            "AMPGUARD_DATA": str(data),
            "AMPGUARD_RUN": str(run),
            "AMPGUARD_BOARD": str(board_file),
            # this machine's clock is what it is: a container cannot ask whether its host's is synchronised
            "AMPGUARD_CLOCK": "host",
            "AMPGUARD_LOGS": str(folder),
        }
        module = [sys.executable, "-m"]
        server = ["ampguard_drivers.simulated.server"] if serial is None else ["ampguard_hil.campaign_board", serial]
        asked = ["--socket", str(self.socket), "--scenario", scenario, "--seed", str(seed)]
        asked += [] if variant is None else ["--variant", variant]
        self.board = Process("board", [*module, *server, *asked], folder / "board.log", {}, urgent=True)
        logind = ["ampguard_hil.logind", "--bus", address, "--mark", str(self._restart_mark)]
        self._logind = Process("logind", [*module, *logind], folder / "logind.log", {})
        network = ["ampguard_hil.networkmanager", "--bus", address, *([] if air is None else ["--air", air])]
        self._network = Process("networkmanager", [*module, *network], folder / "networkmanager.log", {})
        beside = (self._logind, self._network) if pages else (self._logind,)
        self.system: tuple[Process, ...] = () if self._bus is None else (self._bus.process, *beside)
        """What is there of the operating system."""
        first = before or {}
        self.firmware = {
            name: Process(
                name,
                [*first.get(name, ()), *module, f"ampguard.services.{name}"],
                folder / f"{name}.log",
                environment,
                urgent=name in URGENT,
            )
            for name in (*FIRMWARE, *([BALANCER] if balancing else []))
        }
        self._http_port, self._https_port = (free_port(), free_port()) if pages else (0, 0)
        if pages:
            where = [f"--http={HOST}:{self._http_port}", f"--https={HOST}:{self._https_port}"]
            command = [*first.get(WEB, ()), *module, "ampguard.services.web", *where]
            self.firmware[WEB] = Process(WEB, command, folder / f"{WEB}.log", environment)

    @property
    def processes(self) -> tuple[Process, ...]:
        """All of them."""
        return (self.board, *self.firmware.values())

    def plug(self) -> None:
        """A network cable, where there is a NetworkManager of the bench's own."""
        if self._bus is not None:
            with ThreadPoolExecutor(1) as beside:  # whoever calls may have a loop running
                beside.submit(asyncio.run, control.change(self._bus.address, plugged=True)).result()

    @property
    def page(self) -> str:
        """Where its management interface is; the access point's way, without encryption of its own."""
        return f"http://{HOST}:{self._http_port}/"

    def serves_page(self) -> bool:
        """Whether its management interface takes visitors: on a slow machine some seconds after the lights."""
        return answers(self._http_port)

    @property
    def secure_page(self) -> str:
        """The same as on a LAN, with the unit's own certificate."""
        return f"https://{HOST}:{self._https_port}/"

    def command_line(self, *commands: str) -> str:
        """How somebody at another terminal asks this unit."""
        own = Path(os.path.relpath(Path(sys.executable).with_name("ampguard")))
        wanted = ("AMPGUARD_DATA", "AMPGUARD_RUN", "AMPGUARD_CLOCK")
        at = " ".join(f"{name}={self._environment[name]}" for name in wanted)
        return f"ask the unit:    {at} {own} {commands[0]}  (or {', '.join(commands[1:])})"

    def settle(self, broker: Broker, *, generation_on_site: bool, others: str = "") -> None:
        """What an installer would have told the unit; `others`: more lines of the settings file."""
        self.settings.write_text(
            "nominal_voltage_v = 230.0\nnominal_frequency_hz = 50.0\nmain_fuse_a = 63.0\n"
            f"generation_on_site = {str(generation_on_site).lower()}\n{others}"
            f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\nbatch_s = {BATCH_S}\n'
            + ('[commands]\nallow = ["group"]\n' if BALANCER in self.firmware else "")
        )

    def power_on(self) -> BenchPanel:
        """Start the board; what it shows and what can be pressed. Raises BoxError."""
        self.board.start()
        wait_until(lambda: listens(self.socket, SOCK_SEQPACKET) or self.board.pid is None, START_TIMEOUT_S)
        try:
            panel = BenchPanel(self.socket)
        except BusFault as fault:
            why = "its process ended" if self.board.pid is None else str(fault)
            raise BoxError(f"the simulated board does not start: {why}", self.board.last_words()) from fault
        if self._bus is not None:
            self._bus.start()
            for process in self.system[1:]:
                process.start()
        return panel

    def boot(self) -> None:
        """Start the unit's processes; what a factory reset wipes goes before."""
        with (self.folder / "factory-reset.log").open("ab") as log:
            command = [str(Path(sys.executable).with_name("ampguard")), "factory-reset", "--if-asked"]
            environment = {**os.environ, **self._environment}
            subprocess.run(command, env=environment, stdout=log, stderr=log, check=False)  # noqa: S603 - our own
        for process in self.firmware.values():
            process.start()

    def obey(self) -> None:
        """Restart if the unit has asked for it: all processes end in order and begin anew, the board goes on."""
        if not self._restart_mark.exists():
            return
        is_silent = bool(self._restarts_s) and not self._names_broker()
        began_s = self._restarts_s.pop()[0] if is_silent else time.monotonic()
        self._restart_mark.unlink()
        for process in self.firmware.values():
            process.stop()
        self.boot()
        self._restarts_s.append((began_s, time.monotonic()))

    @property
    def restarts_s(self) -> list[float]:
        """For each restart that the unit has asked for: how long nothing could come from it.

        The last one lasts until now where a factory reset has wiped the broker, and nobody has named one since.
        """
        found = [end_s - began_s for began_s, end_s in self._restarts_s]
        if found and not self._names_broker():
            found[-1] = time.monotonic() - self._restarts_s[-1][0]
        return found

    def _names_broker(self) -> bool:
        return self.settings.exists() and "mqtt" in self.settings.read_text()

    def watch(self) -> None:
        """Restart if the unit has asked for it; start again what died."""
        self.obey()
        for process in self.processes:
            process.watch()

    def cut(self) -> None:
        """Its power goes: all of its processes die at once. The board stays, as its chip has a reset pin."""
        for process in self.firmware.values():
            process.end()
        for process in self.firmware.values():
            process.stop()

    def stop(self) -> dict[str, int | None]:
        """Stop the unit, meter first so that its last reading is sent, then the board; exit codes by name."""
        codes = {name: process.stop() for name, process in self.firmware.items()}
        codes["board"] = self.board.stop()
        for process in reversed(self.system):
            process.stop()
        return codes
