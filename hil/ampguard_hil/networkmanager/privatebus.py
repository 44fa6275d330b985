"""A message bus of the bench's own: the reference daemon, in a folder, for nobody else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from ampguard_hil.ports import listens
from ampguard_hil.processes import Process, ProcessError, wait_until

if TYPE_CHECKING:
    from pathlib import Path

START_TIMEOUT_S = 10.0
ENVIRONMENT = "DBUS_SYSTEM_BUS_ADDRESS"
"""Where programs look for the system's bus."""
_DAEMON = "dbus-daemon"
_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class PrivateBus:
    """A bus as a process; whoever is given `environment` takes it for the system's."""

    def __init__(self, folder: Path) -> None:
        """Raises ProcessError."""
        program = shutil.which(_DAEMON)
        if program is None:
            raise ProcessError(f"a message bus: wanted {_DAEMON}, met none (Debian: dbus-daemon)")
        self._socket = folder / "bus.sock"
        config = folder / "bus.conf"
        config.write_text(_CONFIG.format(socket=self._socket))
        command = [program, f"--config-file={config}", "--nofork", "--nopidfile"]
        self.process = Process("bus", command, folder / "bus.log", {})

    @property
    def address(self) -> str:
        """Where it is."""
        return f"unix:path={self._socket}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find it."""
        return {ENVIRONMENT: self.address}

    def start(self) -> None:
        """Start and wait until it is there. Raises ProcessError."""
        self.process.start()
        wait_until(lambda: listens(self._socket) or self.process.pid is None, START_TIMEOUT_S)
        if not listens(self._socket):
            raise ProcessError("the message bus does not start", self.process.last_words())

    def stop(self) -> None:
        """Go away."""
        self.process.stop()
