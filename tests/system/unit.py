"""What tests with whole processes share: a unit with broker and listener in a folder, and the bench's command line."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard.journal.reader import JournalReader
from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.client import BenchPanel
from ampguard_hil.box import Box
from ampguard_hil.broker import Broker
from ampguard_hil.cloud.place import Cloud
from ampguard_hil.listener import Recorder
from ampguard_hil.ports import HOST, free_port
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


PATIENCE_S = 40.0
"""How long a busy machine may take for what a unit does in a second or two."""


class Unit:
    """A unit that works, the broker it tells, and somebody who writes down what arrives there."""

    def __init__(
        self,
        folder: Path,
        scenario: str,
        *,
        generation_on_site: bool = False,
        system: bool = False,
        pages: bool = False,
    ) -> None:
        self.folder = folder
        self.broker = Broker(folder, free_port())
        self.broker.start()
        self.cloud = Cloud(folder, self.broker)
        self.cloud.process.start()
        self.box = Box(folder, scenario, system=system, pages=pages)
        self.box.settle(self.broker, generation_on_site=generation_on_site)
        self.panel: BenchPanel = self.box.power_on()
        self.box.boot()
        self.listener = Recorder(HOST, self.broker.port)
        self.watched: set[str] = {process.name for process in (*self.box.processes, self.cloud.process)}
        """Names of those that are started again when they die."""

    def until(self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> bool:
        """Whether it came true in that time; meanwhile what died is started again."""

        def watched_condition() -> bool:
            self.box.obey()
            for process in (*self.box.processes, self.cloud.process):
                if process.name in self.watched:
                    process.watch()
            return condition()

        return wait_until(watched_condition, timeout_s)

    def lit(self, *names: str) -> Callable[[], bool]:
        """The condition that all of these lights are lit, and no other colour of theirs."""

        def condition() -> bool:
            shown = self.lights()
            others = {light for light in shown if light.partition("_")[0] in {name.partition("_")[0] for name in names}}
            return others == set(names)

        return condition

    def lights(self) -> frozenset[str]:
        """The lights that are lit; none while the board is away."""
        try:
            return self.panel.lit_lights()
        except BusFault:
            return frozenset()

    def reopen_panel(self) -> None:
        """Connect to a board that was started again; a board that is not ready leaves it as it is."""
        with contextlib.suppress(BusFault):
            panel = BenchPanel(self.box.socket)
            self.panel.close()
            self.panel = panel

    def received(self, count: int) -> Callable[[], bool]:
        """The condition that so many different readings have arrived."""
        return lambda: self.listener.tally().readings >= count

    def says(self, name: str) -> str:
        """All that a process wrote."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def stored(self) -> int:
        """The sequence number of the newest reading in the journal."""
        return JournalReader(self.folder / "data" / "journal.sqlite").readings(0, 100_000)[-1].sequence

    def logs(self) -> str:
        """The end of every log, for the message of a failed test."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in self.folder.glob("*.log")
        )

    def stop(self) -> Mapping[str, int | None]:
        """Stop everything; exit codes by name."""
        codes = self.box.stop()
        self.cloud.process.stop()
        self.panel.close()
        self.listener.close()
        self.broker.stop()
        return codes


@contextlib.contextmanager
def running(
    scenario: str, *, generation_on_site: bool = False, system: bool = False, pages: bool = False
) -> Iterator[Unit]:
    """A unit in a folder of its own: Unix sockets want short paths. `system`, `pages`: see `Box`; its pages answer."""
    with tempfile.TemporaryDirectory(prefix="ampguard-test-", ignore_cleanup_errors=True) as folder:
        unit = Unit(Path(folder), scenario, generation_on_site=generation_on_site, system=system, pages=pages)
        try:
            assert not pages or unit.until(unit.box.serves_page), unit.logs()
            yield unit
        finally:
            unit.stop()


def bench(*words: str, temporary: Path | None = None) -> subprocess.Popen[str]:
    """`python -m ampguard_hil` with these words, its output in pipes."""
    environment = os.environ if temporary is None else {**os.environ, "TMPDIR": str(temporary)}
    return subprocess.Popen(
        [sys.executable, "-m", "ampguard_hil", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(process: subprocess.Popen[str], pattern: str) -> None:
    """Read its lines until one matches."""
    assert process.stdout is not None
    assert any(re.search(pattern, line) for line in process.stdout), pattern


def processes_that_name(text: str) -> list[str]:
    """Command lines of processes of this machine that contain the text."""
    found: list[str] = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if text in line:
                found.append(line)
    return found
