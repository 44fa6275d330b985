"""Faults of a unit's processes, its power, its medium, its memory and its processor."""

from __future__ import annotations

import subprocess
import sys
from os import cpu_count
from typing import TYPE_CHECKING, ClassVar

from ampguard_hil.processes import RESTART_S
from ampguard_hil.torture.fault import BACKOFF_S, NOTICED_S, PATIENCE_S, Fault, Terms
from ampguard_hil.torture.lights import Broken
from ampguard_hil.torture.tear import torn

if TYPE_CHECKING:
    from random import Random

    from ampguard_hil.torture.unit import TorturedUnit

UNIT = ("meter", "uplink", "lights", "board")
_WRITES = frozenset(("meter", "uplink", "lights"))


class _Kill(Fault):
    """SIGKILL; whoever serves the system starts it again a second later."""

    victim: ClassVar[str]
    terms = Terms()

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.kill((self.victim,), RESTART_S)

    def heal(self, unit: TorturedUnit) -> None:
        """It is over at once."""


class KillMeter(_Kill):
    """Who measures."""

    kind, victim = "kill meter", "meter"


class KillUplink(_Kill):
    """Who sends."""

    kind, victim = "kill uplink", "uplink"


class KillLights(_Kill):
    """Who shows."""

    kind, victim = "kill lights", "lights"


class KillBroker(_Kill):
    """Who carries; what it had taken is gone with it."""

    kind, victim = "kill broker", "broker"
    terms = Terms(delivers_s=PATIENCE_S + BACKOFF_S)


class KillIngest(_Kill):
    """Who stores."""

    kind, victim = "kill ingest", "ingest"
    terms = Terms(delivers_s=2 * PATIENCE_S)


class KillBoard(Fault):
    """The electronics is gone, and another one comes."""

    kind = "kill board"
    terms = Terms((0.0, 3.0), breaks=frozenset((Broken.LIGHTS,)), may_end=frozenset(("meter", "lights")))

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.kill(("board",))

    def heal(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.board_on()


class KillSeveral(Fault):
    """Some processes of the unit in the same instant."""

    kind = "kill several"
    terms = Terms(delivers_s=PATIENCE_S + BACKOFF_S)

    def __init__(self, chance: Random) -> None:
        """Which ones is chance."""
        super().__init__(chance)
        self._who = chance.sample(("meter", "uplink", "lights", "broker", "ingest"), chance.randint(2, 4))

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.kill(self._who, RESTART_S)

    def heal(self, unit: TorturedUnit) -> None:
        """It is over at once."""


class PowerCut(Fault):
    """All processes of the unit end at once, and what had not reached the medium is gone."""

    kind = "power-cut"
    terms = Terms((0.2, 2.0), breaks=frozenset((Broken.LIGHTS,)))

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.power_off()

    def heal(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.disk.come_back()
        unit.power_on()


class TornTail(Fault):
    """The meter dies in the middle of a write: the ends of the journal's files are half of what they were to be."""

    kind = "torn-tail"
    terms = Terms()

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.kill(("meter",), RESTART_S)
        unit.remember()
        torn(unit.journal, self._chance)

    def heal(self, unit: TorturedUnit) -> None:
        """It is over at once."""


class DiskFull(Fault):
    """Somebody else's files take all room."""

    kind = "disk-full"
    terms = Terms((3.0, 75.0), refuses=True)

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.disk.fill()

    def heal(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.disk.empty()


class DiskReadOnly(Fault):
    """The file system finds an error and takes nothing more; the next start looks through it and puts it right."""

    kind = "disk-read-only"
    terms = Terms((3.0, 15.0), refuses=True)

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.remember()
        unit.disk.fail()

    def heal(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.kill(UNIT)
        unit.disk.check()
        unit.power_on()


class CpuLoad(Fault):
    """Twice as many busy programs as there are processors."""

    kind = "cpu-load"
    terms = Terms((5.0, 15.0))

    def __init__(self, chance: Random) -> None:
        """Nothing has begun yet."""
        super().__init__(chance)
        self._busy: list[subprocess.Popen[bytes]] = []

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        del unit
        command = [sys.executable, "-c", "while True: pass"]
        self._busy = [subprocess.Popen(command) for _ in range(2 * (cpu_count() or 1))]  # noqa: S603 - our own

    def heal(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        del unit
        for one in self._busy:
            one.kill()
            one.wait()


class MemoryPressure(Fault):
    """There is no memory left, and the kernel kills what is largest until there is."""

    kind = "memory"
    terms = Terms((2.0, 6.0), delivers_s=PATIENCE_S + NOTICED_S, breaks=frozenset((Broken.LIGHTS,)), may_end=_WRITES)

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        if unit.memory is not None:
            unit.memory.squeeze()

    def heal(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        if unit.memory is not None:
            unit.memory.release()
