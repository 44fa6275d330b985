"""Starting a program whose /dev, /proc and /sys show a Raspberry Pi with a simulated board on it.

`python -m ampguard_hil.wire.launch --socket PATH -- COMMAND...` does it by hand.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from ampguard_drivers.simulated.protocol import SPI_BUFFER_SIZE
from ampguard_hil.wire.build import build, cache

PI_REVISION = 0x00C03115
"""Raspberry Pi 4 Model B, 4 GB, rev. 1.5: the board whose GPIO chip the simulation has."""

FILES: Mapping[str, bytes] = MappingProxyType(
    {
        # placeholders: these device files exist
        "dev/spidev0.0": b"",
        "dev/i2c-1": b"",
        "dev/gpiochip0": b"",
        # gpiozero asks which Pi this is, our driver how much spidev takes at once
        "proc/device-tree/model": b"Raspberry Pi 4 Model B Rev 1.5\0",
        "proc/device-tree/system/linux,revision": PI_REVISION.to_bytes(4, "big"),
        "sys/module/spidev/parameters/bufsiz": f"{SPI_BUFFER_SIZE}\n".encode(),
        # the list of GPIO chips
        "sys/bus/gpio/devices/gpiochip0/dev": b"254:0\n",
    }
)
LINKS: Mapping[str, str] = MappingProxyType(
    {
        # libgpiod believes that a device file is a GPIO chip if this leads to /sys/bus/gpio
        "sys/dev/char/254:0/subsystem": "../../../bus/gpio",
    }
)


def environment(socket: Path, folder: Path | None = None) -> dict[str, str]:
    """This process's environment, and what a child needs beside it. Raises build.BuildError.

    `folder` is where the library and the files are kept, the cache if not given.
    """
    folder = cache() if folder is None else folder
    library = build(folder)
    others = [name for name in os.environ.get("LD_PRELOAD", "").split(":") if name and name != str(library)]
    return {
        **os.environ,
        "LD_PRELOAD": ":".join([str(library), *others]),
        "AMPGUARD_WIRE_SOCKET": str(socket.absolute()),
        "AMPGUARD_WIRE_ROOT": str(_overlay(folder)),
    }


def _overlay(folder: Path) -> Path:
    mark = hashlib.sha256(repr((sorted(FILES.items()), sorted(LINKS.items()))).encode()).hexdigest()[:16]
    root = folder.resolve() / f"root-{mark}"  # the library needs it canonical
    if root.exists():
        return root
    with tempfile.TemporaryDirectory(dir=root.parent) as workshop:
        made = Path(workshop, "root")
        for name, content in FILES.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).write_bytes(content)
        for name, target in LINKS.items():
            (made / name).parent.mkdir(parents=True, exist_ok=True)
            (made / name).symlink_to(target)
        try:
            made.rename(root)
        except OSError:  # somebody else was faster; theirs is the same
            if not root.exists():
                raise
    return root


def main(arguments: Sequence[str] | None = None) -> None:
    """Become the command, on the simulated board."""
    parser = argparse.ArgumentParser(
        prog="python -m ampguard_hil.wire.launch", description="Run a program on a simulated board."
    )
    parser.add_argument("--socket", type=Path, required=True, help="where the simulated board listens")
    parser.add_argument("command", nargs="+")
    chosen = parser.parse_args(arguments)
    os.execvpe(chosen.command[0], chosen.command, environment(chosen.socket))  # noqa: S606 - it is the user's command


if __name__ == "__main__":
    main(sys.argv[1:])
