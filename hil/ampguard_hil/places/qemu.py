"""What a guest of QEMU has on this machine: a medium that is a file, a broker at the loopback, a simulated board."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ampguard_hil.broker import Broker
from ampguard_hil.places.stages import PlaceError
from ampguard_hil.ports import free_port
from ampguard_hil.processes import Process, ProcessError, wait_until

HOST_SEEN_BY_GUEST = "10.0.2.2"
"""QEMU's user network: connections to it come out at this machine's loopback."""
_BOARD_PORT = "bench.board"
"""Of the guest's serial ports, see `hil/bench-initrd`."""
_START_TIMEOUT_S = 60.0
"""Beside a guest that has begun to boot."""


@dataclass(frozen=True, slots=True)
class FileMedium:
    """A copy of an image, which the guest may write."""

    factory: Path
    """As it is built."""
    disk: Path

    def write(self) -> None:
        """Copy it, holes and all."""
        if not self.factory.is_file():
            raise PlaceError(
                f"wanted the guest's image {self.factory}, met none: make bench-qemu builds it, or make image"
            )
        copied = subprocess.run(  # noqa: S603 - paths of the bench's own file
            [shutil.which("cp") or "cp", "--sparse=always", str(self.factory), str(self.disk)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if copied.returncode:
            raise PlaceError(f"the guest's image cannot be copied: {copied.stderr.strip()}")


class OwnBroker:
    """On this machine, for one guest."""

    host = HOST_SEEN_BY_GUEST

    def __init__(self) -> None:
        self.port = free_port()

    def start(self) -> None:
        """Raises PlaceError."""
        try:
            if self._broker.process.pid is None:
                self._broker.start()
        except ProcessError as why:
            raise PlaceError(str(why)) from why

    def stop(self) -> None:
        """What it has acknowledged it keeps."""
        self._broker.stop()

    @cached_property
    def _broker(self) -> Broker:
        return Broker(Path(tempfile.mkdtemp(prefix="ampguard-broker-")), self.port)


class BoardOutside:
    """The simulated board of a guest that is too slow for it, and the relay between the two; with the guest's power."""

    def __init__(self, folder: Path, scenario: str = "steady") -> None:
        self.socket, self.port = folder / "board.sock", folder / "board-port.sock"
        served = ["ampguard_drivers.simulated.server", "--socket", str(self.socket), "--scenario", scenario]
        relayed = ["ampguard_hil.wire.relay", "--socket", str(self.port), "--board", str(self.socket)]
        self._processes = tuple(
            Process(name, [sys.executable, "-m", *command], folder / f"{name}.log", {}, urgent=True)
            for name, command in (("board", served), ("relay", relayed))
        )

    @property
    def qemu_arguments(self) -> list[str]:
        """What connects a guest; only once the board has started, each time."""
        return [
            "-device", "virtio-serial-pci", "-chardev", f"socket,id=board,path={self.port}",
            "-device", f"virtserialport,chardev=board,name={_BOARD_PORT}",
        ]  # fmt: skip

    def start(self) -> None:
        """Before the guest has power. Raises PlaceError."""
        for process, place in zip(self._processes, (self.socket, self.port), strict=True):
            place.unlink(missing_ok=True)
            process.start()
            if not _is_there(place, process):
                self.stop()
                raise PlaceError(f"the guest's {process.name} does not start: {process.last_words()}")

    def stop(self) -> None:
        """After the guest has lost it."""
        for process in reversed(self._processes):
            process.stop()


def _is_there(place: Path, process: Process) -> bool:
    """Whether it came to listen there, which one that has died never will."""
    wait_until(lambda: place.exists() or process.pid is None, _START_TIMEOUT_S)
    return place.exists()
