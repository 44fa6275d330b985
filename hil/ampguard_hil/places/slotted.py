"""A simulated box with two slots: boot loader, RAUC's stand-in, the installer, the gate, and who starts them when."""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

from ampguard_hil.box import FIRMWARE, WEB, Box, BoxError
from ampguard_hil.places.bundles import FIRST
from ampguard_hil.places.slots import Slots, Software
from ampguard_hil.places.software import GATE
from ampguard_hil.processes import Process, wait_until
from ampguard_hil.rauc import NAME as RAUC

START_TIMEOUT_S = 15.0
_MODULE = "ampguard_hil.places.software"


class SlottedBox(Box):
    """As on a card: what the units `ampguard-gate`, `-return` and `-update` do, and U-Boot before them."""

    def __init__(self, folder: Path, scenario: str, variant: str | None = None) -> None:
        """See `Box`; it has pages, a bus with RAUC and logind, and no NetworkManager. Raises ProcessError."""
        self.slots = Slots(folder / "slots.json")
        self.slots.make(Software(FIRST))
        python = [sys.executable, "-m"]
        begin = [*python, _MODULE, str(self.slots.path)]
        before = {name: [*begin, name] for name in (*FIRMWARE, WEB)}
        super().__init__(folder, scenario, system=True, pages=True, variant=variant, before=before)
        if self._bus is None:
            raise BoxError("a box with two slots: wanted dbus-daemon, met none (Debian: dbus-daemon)")
        self._update = folder / "data" / "update"
        words = ["--bus", self._bus.address, "--slots", str(self.slots.path)]
        self._rauc = Process("rauc", [*python, "ampguard_hil.rauc", *words], folder / "rauc.log", {})
        self.system = (self._bus.process, self._logind, self._rauc)
        judge = [*python, _MODULE, f"--page-port={self._http_port}", str(self.slots.path), GATE]
        command = Path(sys.executable).with_name("ampguard")
        # as the unit's service does: whatever was broken off is settled
        install = ["/bin/sh", "-c", f"'{command}' update --perform; '{command}' update --settle"]
        self._gate = self._job(GATE, judge)
        self._installer = self._job("update", [*begin, "update", *install])
        self._restorer = self._job("restore", [*begin, "update", str(command), "update", "--restore"])
        self._is_judging = False

    def boot(self) -> None:
        """The boot loader chooses, then all begins. Raises BoxError."""
        self._restart_mark.unlink(missing_ok=True)
        self._update.mkdir(mode=0o700, exist_ok=True)
        if self._rauc.pid is None:
            self._rauc.start()
        if not wait_until(self._has_rauc, START_TIMEOUT_S):
            raise BoxError("RAUC's stand-in does not start", self._rauc.last_words())
        self.slots.start()
        if (self._update / "trial.json").exists():
            self._restorer.start()
            wait_until(lambda: self._restorer.pid is None, START_TIMEOUT_S)
            self._restorer.stop()
        super().boot()
        self._gate.start()
        self._is_judging = True

    def obey(self) -> None:
        """A restart takes installer and gate with it."""
        if self._restart_mark.exists():
            self._stop_jobs()
        super().obey()

    def watch(self) -> None:
        """See `Box`; and start the installer for who wants an update, and judge the judge."""
        super().watch()
        if (self._update / "wish.json").exists() and self._installer.pid is None:
            self._installer.start()
        if self._is_judging and self._gate.pid is None:
            self._is_judging = False
            if self._gate.stop() and (self._update / "trial.json").exists():
                self._restart_mark.touch()

    def cut(self) -> None:
        """Nobody is left who would go on writing: RAUC neither."""
        for process in (self._gate, self._installer, self._rauc):
            process.end()
        super().cut()
        self._stop_jobs()
        self._rauc.stop()

    def stop(self) -> dict[str, int | None]:
        """See `Box`."""
        self._stop_jobs()
        return super().stop()

    def _job(self, name: str, command: list[str]) -> Process:
        return Process(name, command, self.folder / f"{name}.log", self._environment)

    def _stop_jobs(self) -> None:
        self._is_judging = False
        for job in (self._gate, self._installer):
            job.stop()

    def _has_rauc(self) -> bool:
        with ThreadPoolExecutor(1) as beside:  # whoever calls may have a loop running
            return beside.submit(asyncio.run, _is_owned(self._environment["DBUS_SYSTEM_BUS_ADDRESS"])).result()


async def _is_owned(address: str) -> bool:
    """Whether somebody on the bus is RAUC."""
    bus = await MessageBus(bus_address=address).connect()
    try:
        daemon = "org.freedesktop.DBus"
        answer = await bus.call(
            Message(
                destination=daemon, path="/org/freedesktop/DBus", interface=daemon, member="NameHasOwner",
                signature="s", body=[RAUC],
            )
        )  # fmt: skip
    finally:
        bus.disconnect()
    return answer.message_type is MessageType.METHOD_RETURN and answer.body[0] is True
