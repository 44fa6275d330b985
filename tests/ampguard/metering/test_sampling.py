"""The sampling thread with a chip that follows a script: faults, a full queue, and an end that always comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import cast

import numpy as np
import pytest

from ampguard.metering.sampling import QUEUE_BLOCKS, Ended, Item, Look, Mended, Sampler
from ampguard_drivers.ade9000.recovery import ATTEMPTS
from ampguard_drivers.ade9000.results import ChipResults
from ampguard_drivers.ade9000.settings import Ade9000Settings
from ampguard_drivers.ade9000.status import ChipStatus
from ampguard_drivers.errors import ChipMissing, FrameCorrupt, HardwareFault, StreamStalled, WrongChip
from ampguard_drivers.samples import SampleBlock

SAMPLES = 10
BLOCK_NS = 20_000_000


class QuickClock:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.ns = 0

    def now_ns(self) -> int:
        return self.ns

    def pause(self, duration_s: float) -> None:
        self.ns += round(duration_s * 1e9)


class ScriptedChip:
    """Delivers blocks, and meets what the script says before a block (by its number) or in another call."""

    def __init__(self, clock: QuickClock) -> None:
        self.clock = clock
        self.before: dict[int, HardwareFault | int | Callable[[], None]] = {}
        self.at_start: list[HardwareFault | None] = []
        self.at_look: list[HardwareFault | None] = []
        self.at_stop: HardwareFault | None = None
        self.at_apply: list[HardwareFault | None] = []
        self.applied: list[tuple[int, Ade9000Settings]] = []
        self.stands_still = False
        self.paused_from: int | None = None
        self.go_on = threading.Event()
        self.blocks = self.index = self.starts = self.stops = 0

    def start(self) -> None:
        self.starts += 1
        if self.at_start and (fault := self.at_start.pop(0)):
            raise fault

    def next_block(self) -> SampleBlock:
        if self.paused_from is not None and self.blocks >= self.paused_from:
            self.go_on.wait(0.01)
            if not self.go_on.is_set():
                raise StreamStalled("paused")
        what = self.before.pop(self.blocks, 0)
        if isinstance(what, HardwareFault):
            raise what
        lost = 0
        if callable(what):
            what()
        else:
            lost = what
        self.clock.ns += BLOCK_NS
        first, self.index = self.index + lost, self.index + lost + SAMPLES
        self.blocks += 1
        return SampleBlock(np.zeros((SAMPLES, 7), np.int32), first, lost, 8000.0, 1e6, self.clock.ns)

    def apply(self, settings: Ade9000Settings) -> bool:
        self.applied.append((self.blocks, settings))
        if self.at_apply and (fault := self.at_apply.pop(0)):
            raise fault
        return self.stands_still

    def read_results(self) -> ChipResults:
        if self.at_look and (fault := self.at_look.pop(0)):
            raise fault
        return cast("ChipResults", "results")

    def poll_status(self) -> ChipStatus:
        return cast("ChipStatus", "status")

    def read_temperature_degc(self) -> float:
        return 41.5

    corrupt_frames = 3
    missed_interrupts = 4

    def stop(self) -> None:
        self.stops += 1
        if self.at_stop:
            raise self.at_stop


@pytest.fixture
def chip() -> ScriptedChip:
    return ScriptedChip(QuickClock())


@pytest.fixture
def sampler(chip: ScriptedChip) -> Iterator[Sampler]:
    sampler = Sampler(chip, chip.clock)
    yield sampler
    if sampler._thread.ident is not None:
        sampler._stopping.set()
        deadline = time.monotonic() + 5.0
        while sampler._thread.is_alive() and time.monotonic() < deadline:
            sampler.next_item(0.01)


def taken(sampler: Sampler, enough: Callable[[list[Item]], bool]) -> list[Item]:
    items: list[Item] = []
    while not enough(items):
        item = sampler.next_item(2.0)
        assert item is not None, "nothing came"
        items.append(item)
    return items


def to_the_end(items: list[Item]) -> bool:
    return bool(items) and isinstance(items[-1], Ended)


def blocks_of(items: list[Item]) -> list[SampleBlock]:
    return [item for item in items if isinstance(item, SampleBlock)]


def seamless(blocks: list[SampleBlock]) -> bool:
    """Every sample is there or said to be lost."""
    ends = [0, *(block.first_index + len(block.codes) for block in blocks)]
    return all(block.first_index == end + block.lost_samples for block, end in zip(blocks, ends, strict=False))


def test_blocks_come_in_order_and_the_chip_is_left_idle(chip: ScriptedChip, sampler: Sampler) -> None:
    chip.before = {50: sampler._stopping.set}
    sampler.start()
    items = taken(sampler, to_the_end)
    assert items[-1] == Ended(None)
    assert len(blocks_of(items)) == 51
    assert seamless(blocks_of(items))
    assert chip.stops == 1


def test_the_chip_is_looked_at_once_a_second_and_not_believed_while_it_settles(
    chip: ScriptedChip, sampler: Sampler
) -> None:
    chip.before = {199: sampler._stopping.set}
    sampler.start()
    looks = [item for item in taken(sampler, to_the_end) if isinstance(item, Look)]
    assert [look.results is None for look in looks] == [True, False, False, False]
    assert {look.temperature_degc for look in looks} == {41.5}


def test_a_fault_that_a_restart_mends_is_told_and_sampling_goes_on(chip: ScriptedChip, sampler: Sampler) -> None:
    fault = FrameCorrupt("noise")
    chip.before = {10: fault, 11: 25, 20: sampler._stopping.set}
    sampler.start()
    items = taken(sampler, to_the_end)
    assert Mended(fault) in items
    assert items[-1] == Ended(None)
    assert chip.starts == 2
    assert seamless(blocks_of(items))


def test_a_fault_at_the_look_restarts_the_chip(chip: ScriptedChip, sampler: Sampler) -> None:
    fault = FrameCorrupt("noise")
    chip.at_look = [fault]
    chip.before = {249: sampler._stopping.set}
    sampler.start()
    items = taken(sampler, to_the_end)
    assert Mended(fault) in items
    assert chip.starts == 2
    # the filters settle again after the restart
    assert [item.results is None for item in items if isinstance(item, Look)][:2] == [True, True]


OTHER = Ade9000Settings(nominal_frequency_hz=50.0, nominal_voltage_ratio=0.4)


def test_other_settings_are_given_to_the_chip_by_its_own_thread_between_two_blocks(
    chip: ScriptedChip, sampler: Sampler
) -> None:
    chip.before = {10: lambda: sampler.configure(OTHER), 99: sampler._stopping.set}
    sampler.start()
    items = taken(sampler, to_the_end)
    assert chip.applied == [(11, OTHER)]
    assert len(blocks_of(items)) == 100
    assert seamless(blocks_of(items))
    assert [item.results is None for item in items if isinstance(item, Look)] == [True, False]


def test_a_chip_that_had_to_stand_still_settles_anew(chip: ScriptedChip, sampler: Sampler) -> None:
    chip.stands_still = True
    chip.before = {80: lambda: sampler.configure(OTHER), 199: sampler._stopping.set}
    sampler.start()
    looks = [item for item in taken(sampler, to_the_end) if isinstance(item, Look)]
    assert [look.results is None for look in looks] == [True, True, False, False]


def test_a_fault_while_settings_are_given_to_the_chip_restarts_it_with_these(
    chip: ScriptedChip, sampler: Sampler
) -> None:
    fault = FrameCorrupt("noise")
    chip.at_apply = [fault]
    chip.before = {10: lambda: sampler.configure(OTHER), 99: sampler._stopping.set}
    sampler.start()
    items = taken(sampler, to_the_end)
    assert Mended(fault) in items
    assert (chip.starts, items[-1]) == (2, Ended(None))


def test_another_chip_is_not_restarted(chip: ScriptedChip, sampler: Sampler) -> None:
    fault = WrongChip("another")
    chip.before = {3: fault}
    sampler.start()
    assert taken(sampler, to_the_end)[-1] == Ended(fault)
    assert chip.starts == 1


def test_a_fault_that_stays_ends_it_after_bounded_tries(chip: ScriptedChip, sampler: Sampler) -> None:
    chip.at_start = [None, *(StreamStalled("dead") for _ in range(100))]
    chip.before = {3: StreamStalled("dead")}
    sampler.start()
    ended = taken(sampler, to_the_end)[-1]
    assert isinstance(ended, Ended)
    assert isinstance(ended.fault, StreamStalled)
    assert chip.starts == 1 + ATTEMPTS


def test_a_chip_that_does_not_start_is_said_at_once(chip: ScriptedChip, sampler: Sampler) -> None:
    fault = ChipMissing("nothing there")
    chip.at_start = [fault]
    sampler.start()
    assert sampler.next_item(1.0) == Ended(fault)


def test_a_fault_while_stopping_is_told(chip: ScriptedChip, sampler: Sampler) -> None:
    chip.at_stop = FrameCorrupt("at the end")
    chip.before = {1: sampler._stopping.set}
    sampler.start()
    assert taken(sampler, to_the_end)[-1] == Ended(chip.at_stop)


def test_what_a_full_queue_drops_is_lost_in_the_next_block(chip: ScriptedChip, sampler: Sampler) -> None:
    late, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        late.set()
        go_on.wait(5.0)

    chip.before = {QUEUE_BLOCKS + 40: 7, QUEUE_BLOCKS + 80: wait, QUEUE_BLOCKS + 120: sampler._stopping.set}
    sampler.start()
    assert late.wait(5.0)
    items = [item for _ in range(QUEUE_BLOCKS) if (item := sampler.next_item(0.0))]
    go_on.set()
    items += taken(sampler, to_the_end)
    blocks = blocks_of(items)
    assert seamless(blocks)
    dropped = chip.blocks - len(blocks)
    assert dropped > 70
    assert sum(block.lost_samples for block in blocks) == 7 + dropped * SAMPLES


def test_stop_does_not_wait_for_a_reader_of_a_full_queue(chip: ScriptedChip, sampler: Sampler) -> None:
    full = threading.Event()
    chip.before = {QUEUE_BLOCKS + 50: full.set}
    sampler.start()
    assert full.wait(5.0)
    began_s = time.monotonic()
    sampler.stop()
    assert time.monotonic() - began_s < 2.0
    assert chip.stops == 1
    assert isinstance(taken(sampler, to_the_end)[-1], Ended)


def test_stop_may_be_asked_twice(chip: ScriptedChip, sampler: Sampler) -> None:
    chip.at_start = [ChipMissing("nothing there")]
    sampler.start()
    sampler.stop()
    sampler.stop()
    assert isinstance(sampler.next_item(0.0), Ended)
    assert sampler.next_item(0.0) is None


def test_a_defect_in_the_thread_is_an_end_and_no_silence(chip: ScriptedChip, sampler: Sampler) -> None:
    def defect() -> None:
        raise ZeroDivisionError("a defect")

    met: list[threading.ExceptHookArgs] = []
    chip.before = {2: defect}
    before, threading.excepthook = threading.excepthook, met.append
    try:
        sampler.start()
        sampler._thread.join(2.0)
        items = [item for _ in range(3) if (item := sampler.next_item(0.0))]
    finally:
        threading.excepthook = before
    assert isinstance(items[-1], Ended)
    assert "a defect" in str(items[-1].fault)
    assert [type(one.exc_value) for one in met] == [ZeroDivisionError]
