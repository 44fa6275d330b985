"""The one thread that holds the chip: blocks go into a bounded queue, faults go there too, nothing hangs."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeAlias

from ampguard_drivers.ade9000.recovery import RecoveringStream
from ampguard_drivers.ade9000.results import SETTLING_TIME_S
from ampguard_drivers.errors import HardwareFault
from ampguard_drivers.samples import SampleBlock

if TYPE_CHECKING:
    from ampguard_drivers.ade9000.results import ChipResults
    from ampguard_drivers.ade9000.settings import Ade9000Settings
    from ampguard_drivers.ade9000.status import ChipStatus
    from ampguard_drivers.bus import Clock

QUEUE_BLOCKS = 250
"""Four seconds: what the processing may be late before samples are dropped, and said to be."""
LOOK_NS = 1_000_000_000
"""How often the chip's own results are read."""


class Chip(Protocol):
    """What the thread needs of a metering IC."""

    def start(self) -> None:
        """Reset, configure, run."""
        ...

    def next_block(self) -> SampleBlock:
        """The next samples."""
        ...

    def apply(self, settings: Ade9000Settings) -> bool:
        """Other settings from now on; whether the chip had to stand still for it."""
        ...

    def read_results(self) -> ChipResults:
        """The chip's own results."""
        ...

    def poll_status(self) -> ChipStatus:
        """What the chip noted since the last look."""
        ...

    def read_temperature_degc(self) -> float:
        """The chip's temperature."""
        ...

    @property
    def corrupt_frames(self) -> int:
        """Replies with a wrong checksum so far."""
        ...

    @property
    def missed_interrupts(self) -> int:
        """Half-buffers found without their interrupt so far."""
        ...

    def stop(self) -> None:
        """Leave the chip idle."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """What the chip says of itself, once a second."""

    results: ChipResults | None
    """None while the chip's filters settle."""
    status: ChipStatus
    temperature_degc: float
    corrupt_frames: int
    missed_interrupts: int


@dataclass(frozen=True, slots=True)
class Mended:
    """A fault that a restart mended."""

    fault: HardwareFault


@dataclass(frozen=True, slots=True)
class Ended:
    """Sampling is over: by a fault, or because it was asked to stop."""

    fault: HardwareFault | None


Item: TypeAlias = SampleBlock | Look | Mended | Ended


class Sampler:
    """Runs the chip in a thread of its own."""

    def __init__(self, chip: Chip, clock: Clock) -> None:
        self._chip = chip
        self._clock = clock
        # bounded where it is filled: the last word, that sampling is over, must never wait for room
        self._items: queue.Queue[Item] = queue.Queue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampling", daemon=True)
        self._dropped_samples = 0
        self._wanted: queue.SimpleQueue[Ade9000Settings] = queue.SimpleQueue()
        """What the chip is to be told, by the thread that holds it."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end and wait for it; every wait inside has a deadline."""
        self._stopping.set()
        self._thread.join(timeout=5.0)

    def configure(self, settings: Ade9000Settings) -> None:
        """Have the chip hold these, as soon as its thread has the next block in hand."""
        self._wanted.put(settings)

    def next_item(self, timeout_s: float) -> Item | None:
        """The next thing that came from the chip; None after `timeout_s`."""
        try:
            return self._items.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def _run(self) -> None:
        # what else comes out of here is a defect: the thread's traceback says which, and the reader is told the end
        fault: HardwareFault | None = HardwareFault("sampling ended by a defect of its own")
        try:
            self._chip.start()
            self._stream()
            self._chip.stop()
            fault = None
        except HardwareFault as met:
            fault = met
        finally:
            self._items.put(Ended(fault))

    def _stream(self) -> None:
        stream = RecoveringStream(self._chip, self._clock, on_fault=lambda fault: self._offer(Mended(fault)))
        started_ns = look_ns = self._clock.now_ns()
        restarts = stream.restarts
        while not self._stopping.is_set():
            block = stream.next_block()
            self._offer(block)
            if stream.restarts != restarts:
                restarts, started_ns = stream.restarts, block.monotonic_ns
            if self._configure(stream):
                started_ns = block.monotonic_ns
            if block.monotonic_ns - look_ns >= LOOK_NS:
                look_ns = block.monotonic_ns
                settled = block.monotonic_ns - started_ns >= SETTLING_TIME_S * 1e9
                self._look(stream, settled=settled)

    def _configure(self, stream: RecoveringStream) -> bool:
        """What somebody wants otherwise; whether the chip's filters settle anew."""
        try:
            settings = self._wanted.get_nowait()
        except queue.Empty:
            return False
        try:
            return self._chip.apply(settings)
        except HardwareFault as fault:  # the restart is one with these settings
            stream.restart(fault)
            return False

    def _look(self, stream: RecoveringStream, *, settled: bool) -> None:
        try:
            results = self._chip.read_results() if settled else None
            status = self._chip.poll_status()
            temperature_degc = self._chip.read_temperature_degc()
        except HardwareFault as fault:
            stream.restart(fault)
            return
        self._offer(Look(results, status, temperature_degc, self._chip.corrupt_frames, self._chip.missed_interrupts))

    def _offer(self, item: Item) -> None:
        if isinstance(item, SampleBlock) and self._dropped_samples:
            item = replace(item, lost_samples=item.lost_samples + self._dropped_samples)
        if self._items.qsize() >= QUEUE_BLOCKS:
            if isinstance(item, SampleBlock):
                # what was lost before it is in its own count already
                self._dropped_samples = item.lost_samples + len(item.codes)
            return
        self._items.put(item)
        if isinstance(item, SampleBlock):
            self._dropped_samples = 0
