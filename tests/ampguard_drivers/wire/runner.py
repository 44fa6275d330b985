"""Runs tests of `contract` or `libraries` in a process of its own: it is told names, one a line, and answers with JSON.

`python -m tests.ampguard_drivers.wire.runner WAY SOCKET` with WAY = client or linux.
"""

from __future__ import annotations

import json
import sys
import traceback
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.ampguard_drivers.wire import contract, libraries

from ampguard_drivers import boardfile
from ampguard_drivers.linux import parts as linux
from ampguard_drivers.simulated import client

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from ampguard_drivers.board import MeteringParts, PanelParts


@dataclass(frozen=True)
class Way:
    name: str
    socket: Path

    @property
    def board_file(self) -> boardfile.BoardFile:
        if self.name == "linux":
            return boardfile.load()
        return boardfile.parse(f'name = "test"\nkind = "simulated"\nsocket = "{self.socket}"', "test")

    @contextmanager
    def metering(self) -> Iterator[MeteringParts]:
        parts = (linux if self.name == "linux" else client).open_metering(self.board_file)
        try:
            yield parts
        finally:
            for part in (parts.spi, parts.i2c, parts.irq0, parts.irq1, parts.reset, parts.pm1):
                part.close()

    @contextmanager
    def panel(self) -> Iterator[PanelParts]:
        parts = (linux if self.name == "linux" else client).open_panel(self.board_file)
        try:
            yield parts
        finally:
            for part in (*parts.lights.values(), parts.button):
                part.close()

    def bench(self) -> AbstractContextManager[client.BenchPanel]:
        return closing(client.BenchPanel(self.socket))


def main() -> None:
    way = Way(sys.argv[1], Path(sys.argv[2]))
    cases = {
        case.__name__: case
        for case in (*contract.CASES, *contract.CLIENT_CASES, *contract.LAST_CASES, *libraries.CASES)
    }
    for line in sys.stdin:
        failure = None
        try:
            cases[line.strip()](way)
        except BaseException:  # noqa: BLE001 - whatever it is goes to the test; pytest's failures are no Exceptions
            failure = traceback.format_exc()
        sys.stdout.write(json.dumps({"failure": failure}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
