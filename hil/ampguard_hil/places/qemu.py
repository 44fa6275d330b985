"""What the place `qemu` has of its own: a medium that is a file, and a broker at the loopback of the guest's host."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ampguard_hil.broker import Broker
from ampguard_hil.places.stages import PlaceError
from ampguard_hil.ports import free_port
from ampguard_hil.processes import ProcessError

HOST_SEEN_BY_GUEST = "10.0.2.2"
"""QEMU's user network: connections to it come out at this machine's loopback."""


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
