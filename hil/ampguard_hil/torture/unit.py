"""One unit in a storm: its processes, its medium, its memory, its clock, the world around it, and who looks at it."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import time
from dataclasses import dataclass
from socket import SOCK_SEQPACKET
from typing import TYPE_CHECKING

from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.client import BenchPanel
from ampguard_hil.box import Box
from ampguard_hil.campaign_journal import JournalError, events, newest, readings
from ampguard_hil.campaign_store import select
from ampguard_hil.campaign_victim import Death, Victim
from ampguard_hil.cloud.store import StoreError, is_there
from ampguard_hil.ports import listens
from ampguard_hil.processes import ProcessError, wait_until
from ampguard_hil.torture.disk import Disk
from ampguard_hil.torture.falseclock import FalseClock
from ampguard_hil.torture.lights import ALL_RIGHT, Picture
from ampguard_hil.torture.memory import MemoryGroup, is_possible
from ampguard_hil.torture.witness import Witness
from ampguard_hil.torture.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from ampguard_hil.campaign_journal import Body, Key

SCENARIO = "steady"
"""A right installation in a quiet house: whatever a unit calls wrong there is false."""
INSTALLED = "nominal_voltage_v = 230.0\nnominal_frequency_hz = 50.0\nmain_fuse_a = 63.0\ngeneration_on_site = false\n"
FIRST_S = 60.0
"""Until everything is green, before anything is broken."""
_BOARD_S = 15.0
_LOOK_S = 0.15
_HAS = "SELECT 1 FROM reading WHERE serial = ? AND interval = '1s' AND boot = ? AND sequence = ?"


@dataclass(frozen=True, slots=True)
class Cut:
    """When the journal may have lost what was not on the medium."""

    at_s: float
    held: Mapping[Key, int]
    """The readings that it held, with their ends on the monotonic clock (ns)."""


class TorturedUnit:
    """Faults strike it; `until` is how time passes."""

    def __init__(self, folder: Path, serial: str, seed: int) -> None:
        """Raises ProcessError or OSError where this machine has not what it takes."""
        self.folder, self.serial = folder, serial
        folder.mkdir(parents=True, exist_ok=True)
        self._ends = contextlib.ExitStack()
        with contextlib.ExitStack() as made:
            self.disk = Disk(folder)
            made.callback(self.disk.close)
            self.memory = MemoryGroup(serial) if is_possible() else None
            if self.memory is not None:
                made.callback(self.memory.close)
            self.world = World(folder)
            made.callback(self.world.close)
            self.clock = FalseClock(folder)
            grouped = [] if self.memory is None else self.memory.before
            own = [*grouped, *self.clock.before]
            first = {"meter": own, "lights": own, "uplink": [*self.world.unit.within, *own]}
            self.box = Box(folder, SCENARIO, seed=seed, serial=serial, before=first)
            self._ends = made.pop_all()
        self.journal = self.disk.place / "journal.sqlite"
        with self.box.settings.open("w") as file:
            file.write(INSTALLED + self.world.settings)
            file.flush()
            os.fsync(file.fileno())  # an installer has long been gone when the power is cut
        self._own = [Victim("board", self.box.board, serial)]
        self._own += [Victim(name, process, serial) for name, process in self.box.firmware.items()]
        self.victims = {one.kind: one for one in (*self._own, *self.world.victims)}
        self._panel: BenchPanel | None = None
        self._looked_s = 0.0
        self.pictures: list[Picture] = []
        """What the lights showed, each time that it changed."""
        self.witness: Witness | None = None
        self.deaths: list[Death] = []
        """Whom a fault killed."""
        self.taken: dict[Key, Body] = {}
        """Readings that the journal held before it lost what was not on the medium: it may have lost these."""
        self.taken_events: dict[Key, Body] = {}
        self.cuts: list[Cut] = []
        """Until somebody has judged them."""

    def start(self) -> None:
        """All of it, and wait until everything is right. Raises ProcessError."""
        self.world.start()
        self.witness = Witness(self.world.socket, self.serial)
        self._ends.callback(self.witness.close)
        self.power_on()
        self.until(lambda: self.newest() is not None, FIRST_S)
        first = self.newest()
        if not self.until(lambda: self.lit() == ALL_RIGHT and self.delivered(first), FIRST_S):
            words = "\n".join(f"{one.kind}: {one.process.last_words()}" for one in self.victims.values())
            raise ProcessError(f"{self.serial}: not all is right before anything is broken: {self.lit()}", words)

    # ------------------------------------------------------------ what is done to it

    def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Whether it came true in that time; meanwhile what died is started again when its time has come."""

        def watched_condition() -> bool:
            for victim in self.victims.values():
                victim.watch()
            self._look()
            return condition()

        return wait_until(watched_condition, timeout_s)

    def rest(self, duration_s: float) -> None:
        """So long."""
        self.until(lambda: False, duration_s)

    def kill(self, kinds: Iterable[str], away_s: float = math.inf) -> None:
        """SIGKILL, and a start after that time, or when somebody starts it."""
        for kind in kinds:
            if (death := self.victims[kind].kill(away_s)) is not None:
                self.deaths.append(death)

    def remember(self) -> None:
        """What the journal holds may be gone in a moment."""
        at_s = time.monotonic()
        with contextlib.suppress(JournalError):
            held = readings(self.journal)
            self.taken |= held
            self.taken_events |= events(self.journal)
            self.cuts.append(Cut(at_s, {key: int(body["monotonic_ns"]) for key, body in held.items()}))

    def power_off(self) -> None:
        """Everything of the unit is dead at once, and the medium has only what had reached it."""
        self.kill(("meter", "uplink", "lights", "board"))
        self.disk.cut()
        self.remember()

    def power_on(self) -> None:
        """The board is there at once, as electronics is; then the processes."""
        self.board_on()
        for victim in self._own[1:]:
            victim.start()

    def board_on(self) -> None:
        """The electronics alone. Raises ProcessError."""
        board = self.victims["board"]
        board.start()
        if not wait_until(lambda: listens(self.box.socket, SOCK_SEQPACKET), _BOARD_S):
            raise ProcessError("the simulated board does not start", board.process.last_words())

    def inject(self, fault: str, value: object) -> None:
        """Break something on the board. Raises ProcessError."""
        self._look()
        if self._panel is None:
            raise ProcessError(f"{fault}: the simulated board does not answer", self.box.board.last_words())
        self._panel.inject(fault, value=value)

    def stop(self) -> dict[str, int | None]:
        """The unit, then the cloud; exit codes by name."""
        codes = self.box.stop()
        return codes | self.world.stop()

    def keep(self, folder: Path) -> None:
        """What is on the medium, for whoever looks into it."""
        shutil.copytree(self.disk.place, folder, ignore=shutil.ignore_patterns("filling", "lost+found"))

    def close(self) -> None:
        """Nothing is left running or mounted."""
        for victim in self.victims.values():
            victim.process.stop()
        if self._panel is not None:
            self._panel.close()
        self._ends.close()

    # ------------------------------------------------------------ what is seen of it

    def lit(self) -> frozenset[str] | None:
        """The lights now; None while the board does not answer."""
        if self._panel is None:
            with contextlib.suppress(BusFault):
                self._panel = BenchPanel(self.box.socket)
        if self._panel is not None:
            with contextlib.suppress(BusFault):
                return self._panel.lit_lights()
            self._panel.close()
            self._panel = None
        return None

    def newest(self) -> Body | None:
        """The newest reading of a second that is kept."""
        with contextlib.suppress(JournalError):
            return newest(self.journal)
        return None

    def delivered(self, reading: Body | None) -> bool:
        """Whether the cloud has it."""
        if reading is None or not is_there(self.world.store):
            return False
        with contextlib.suppress(StoreError):
            return bool(select(self.world.store, _HAS, (self.serial, reading["boot"], reading["sequence"])))
        return False

    def _look(self) -> None:
        now_s = time.monotonic()
        if now_s - self._looked_s >= _LOOK_S:
            self._looked_s = now_s
            lit = self.lit()
            if not self.pictures or self.pictures[-1].lit != lit:
                self.pictures.append(Picture(now_s, lit))


def ended_s(reading: Body) -> float:
    """When it ended, on the monotonic clock."""
    return float(reading["monotonic_ns"]) / 1e9
