"""ADE9000 (data sheet Rev. B, June 2025): the metering IC as one object, for one thread that owns the SPI bus.

What it does is in the modules beside it: startup, stream, results, status, temperature, watch. `recovery` restarts it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard_drivers.ade9000 import configuration, results, startup, status, temperature
from ampguard_drivers.ade9000.link import RegisterLink
from ampguard_drivers.ade9000.registers import REGISTERS
from ampguard_drivers.ade9000.stream import SampleStream
from ampguard_drivers.ade9000.watch import ConfigurationWatch
from ampguard_drivers.bus import Level
from ampguard_drivers.errors import HardwareFault

if TYPE_CHECKING:
    from ampguard_drivers.ade9000.results import ChipResults
    from ampguard_drivers.ade9000.settings import Ade9000Settings
    from ampguard_drivers.ade9000.status import ChipStatus
    from ampguard_drivers.board import MeteringParts
    from ampguard_drivers.samples import SampleBlock

_RUN = REGISTERS["RUN"]


class Ade9000:
    """The chip on a board."""

    def __init__(self, parts: MeteringParts, settings: Ade9000Settings) -> None:
        self._parts = parts
        self._settings = settings
        self._link = RegisterLink(parts.spi)
        self._stream = SampleStream(self._link, parts, settings)
        self._watch = ConfigurationWatch(self._link, parts.clock)

    def start(self) -> None:
        """Reset, identify, configure, lock, and start streaming; also after a fault.

        Returns within about two seconds in any case. The numbers of the samples go on over a restart, and what passed
        meanwhile is reported as lost. Raises ChipMissing, WrongChip, ResetTimeout, FrameCorrupt, WriteRefused,
        ConfigurationChanged (the chip computes no checksum), BusFault.
        """
        startup.power_up(self._parts, self._link)
        startup.check_identity(self._link)
        startup.configure_and_run(self._link, self._settings)
        self._stream.begin()
        self._watch.remember()
        startup.lock_and_acknowledge_reset(self._link)

    def apply(self, settings: Ade9000Settings) -> bool:
        """Have the running chip hold these from now on; whether it had to stand still for it.

        Levels are written while it runs and cost no sample. Another nominal frequency needs RUN = 0: what passes
        meanwhile, some milliseconds, is reported as lost, and results settle anew. After a fault `start` makes it
        good, with these settings. Raises WriteRefused, ConfigurationChanged, and what reads raise; ValueError for what
        belongs to the board.
        """
        before, self._settings = self._settings, settings
        if not configuration.is_reachable(before, settings):
            self._settings = before
            raise ValueError("gains, wiring and columns belong to the board: they do not change while it runs")
        stops = configuration.must_stop(before, settings)
        if stops:
            with self._link.unlocked():
                self._stream.end()
                self._link.write(_RUN, 0)
                startup.configure_and_run(self._link, settings)
                self._stream.begin()
        else:
            with self._link.unlocked():
                for register, value in configuration.while_running(settings):
                    self._link.write(register, value)
        self._watch.remember()
        return stops

    def next_block(self) -> SampleBlock:
        """The next 128 samples of all channels: waits for them, 16 ms at most if all is well.

        Raises ChipReset (call `start`), ChipMissing, FrameCorrupt, InterruptStuck, StreamStalled, BusFault, each
        within half a second.
        """
        return self._stream.next_block()

    def read_results(self) -> ChipResults:
        """The chip's own RMS, power, angles and periods. Settled `results.SETTLING_TIME_S` after the start."""
        return results.read_results(self._link)

    def poll_status(self) -> ChipStatus:
        """What the chip noticed since the last poll. Raises ChipReset, ConfigurationChanged, and what reads raise."""
        self._stream.check_alive()
        found = status.read_status(self._link, self._settings)
        self._watch.check()
        return found

    def read_temperature_degc(self) -> float:
        """Temperature of the die; takes a few milliseconds. Raises StreamStalled, and what reads raise."""
        return temperature.read_temperature_degc(self._link, self._parts.clock)

    def stop(self) -> None:
        """Stop streaming and computing. A chip that does not answer any more is held in reset instead."""
        try:
            with self._link.unlocked():
                self._stream.end()
                self._link.write(_RUN, 0)
        except HardwareFault:
            self._parts.reset.drive(Level.LOW)

    @property
    def corrupt_frames(self) -> int:
        """SPI transfers that had to be repeated because of their checksum, since this object exists."""
        return self._link.corrupt_frames

    @property
    def missed_interrupts(self) -> int:
        """Half buffers that were found by the clock because no interrupt told of them."""
        return self._stream.missed_interrupts
