"""The waveform buffer in time: rate, pages, interrupts, modes (sections 7 and 7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.ampguard_drivers.simulated.rig import (
    MASK0,
    PAGE_FULL,
    PAGE_NS,
    RUN,
    SAMPLE_NS,
    STATUS0,
    WFB_CFG,
    WFB_PG_IRQEN,
    WFB_TRG_STAT,
    Rig,
)

if TYPE_CHECKING:
    from tests.ampguard_drivers.simulated.rig import Floats

STOP, CONTINUOUS = 0x0230, 0x02F0
"""7: LPF source at 8 ksps, fixed rate, capture on; WF_MODE 0 or 3; all channels."""
SCALE = 74_518_668.0
STEP_V = 1.0e-4


def counting(first_index: int, count: int) -> Floats:
    """Each sample tells its number, far above noise and offset."""
    return np.repeat(np.arange(first_index, first_index + count, dtype=np.float64)[:, None] * STEP_V - 1.0, 7, axis=1)


def started(config: int = CONTINUOUS, irqen: int = 0xFFFF) -> Rig:
    rig = Rig(counting)
    rig.write(WFB_PG_IRQEN, irqen)
    rig.capture(config)
    rig.run(0)
    return rig


def numbers(rig: Rig, address: int, sets: int) -> list[int]:
    """Which samples a burst of all six channels holds."""
    first = rig.words(address, 6 * sets)[::6]
    return [round(value) for value in (first / SCALE + 1.0) / STEP_V]


def last_page(rig: Rig) -> int:
    return rig.read(WFB_TRG_STAT) >> 12


def test_7_1_a_page_lasts_16_samples_at_8_ksps() -> None:
    rig = started()
    rig.wait(PAGE_NS - 1)
    assert not rig.read(STATUS0) & PAGE_FULL
    rig.wait(1)
    assert rig.read(STATUS0) & PAGE_FULL


def test_7_1_the_whole_buffer_lasts_32_ms_and_has_16_pages() -> None:
    rig = started()
    pages = []
    for _ in range(32):
        rig.wait(PAGE_NS)
        pages.append(last_page(rig))
    assert rig.now_ns - 100_000_000 == 64_000_000
    assert pages == [*range(16)] * 2


@pytest.mark.parametrize("page", range(16))
def test_7_only_an_enabled_page_sets_page_full(page: int) -> None:
    rig = started(irqen=1 << page)
    for index in range(32):
        rig.wait(PAGE_NS)
        assert bool(rig.read(STATUS0) & PAGE_FULL) is (index % 16 == page)
        rig.write(STATUS0, PAGE_FULL)


def test_7_the_half_buffer_pattern_interrupts_every_16_ms() -> None:
    rig = started(irqen=0x8080)
    rig.write(MASK0, PAGE_FULL)
    seen = []
    for index in range(64):
        rig.wait(PAGE_NS)
        if rig.chip.irq0_low:
            seen.append(index)
            rig.write(STATUS0, PAGE_FULL)
    assert seen == [7, 15, 23, 31, 39, 47, 55, 63]


def test_7_no_page_enabled_means_no_interrupt_but_the_buffer_fills() -> None:
    rig = started(irqen=0)
    rig.wait(40 * PAGE_NS)
    assert not rig.read(STATUS0) & PAGE_FULL
    assert last_page(rig) == 40 % 16 - 1


def test_7_1_page_n_begins_at_800_plus_80_n_and_holds_16_consecutive_sets() -> None:
    rig = started()
    rig.wait(16 * PAGE_NS)
    first = numbers(rig, 0x800, 1)[0]
    for page in range(16):
        assert numbers(rig, 0x800 + 0x80 * page, 16) == [*range(first + 16 * page, first + 16 * page + 16)]


def test_7_1_continuous_capture_overwrites_the_oldest_sets() -> None:
    rig = started()
    rig.wait(16 * PAGE_NS)
    first = numbers(rig, 0x800, 1)[0]
    rig.wait(3 * PAGE_NS)
    assert numbers(rig, 0x800, 48) == [*range(first + 256, first + 304)]
    assert numbers(rig, 0x800 + 0x180, 208) == [*range(first + 48, first + 256)]


def test_7_1_no_sample_is_lost_or_doubled_over_many_rounds() -> None:
    rig = started()
    seen: list[int] = []
    for index in range(1, 60):
        rig.wait(8 * PAGE_NS)
        seen += numbers(rig, 0x800 if index % 2 else 0xC00, 128)
    assert seen == [*range(seen[0], seen[0] + len(seen))]


@pytest.mark.parametrize("steps_ns", [[7], [SAMPLE_NS], [SAMPLE_NS * 3 + 1, 50_000], [999_983, 3_000_017, 12_345_678]])
def test_7_1_how_often_somebody_looks_does_not_matter(steps_ns: list[int]) -> None:
    often, once = started(), started()
    total_ns = 0
    while total_ns < min(20_000_000, 20_000 * min(steps_ns)):
        for step_ns in steps_ns:
            often.wait(step_ns)
            total_ns += step_ns
    once.wait(total_ns)
    assert often.read_bytes(0x800, 6144) == once.read_bytes(0x800, 6144)
    assert last_page(often) == last_page(once)


def test_7_1_stop_when_full_stops_after_fff() -> None:
    rig = started(STOP, irqen=0x8000)
    rig.wait(15 * PAGE_NS)
    assert not rig.read(STATUS0) & PAGE_FULL
    rig.wait(PAGE_NS)
    assert rig.read(STATUS0) & PAGE_FULL
    rig.write(STATUS0, PAGE_FULL)
    before = rig.read_bytes(0x800, 6144)
    rig.wait(100 * PAGE_NS)
    assert rig.read_bytes(0x800, 6144) == before
    assert not rig.read(STATUS0) & PAGE_FULL
    assert last_page(rig) == 15


def test_7_1_a_stopped_buffer_starts_again_at_800() -> None:
    rig = started(STOP)
    rig.wait(20 * PAGE_NS)
    first = numbers(rig, 0x800, 1)[0]
    rig.write(WFB_CFG, STOP & ~0x10)
    rig.write(WFB_CFG, STOP)
    rig.wait(PAGE_NS)
    assert numbers(rig, 0x800, 16) == [*range(first + 320, first + 336)]
    assert last_page(rig) == 0


def test_7_clearing_the_capture_keeps_the_ram_and_forgets_the_last_page() -> None:
    rig = started()
    rig.wait(5 * PAGE_NS)
    assert last_page(rig) == 4
    before = rig.read_bytes(0x800, 1920)
    rig.write(WFB_CFG, CONTINUOUS & ~0x10)
    assert rig.read(WFB_TRG_STAT) == 0
    rig.wait(5 * PAGE_NS)
    assert rig.read_bytes(0x800, 1920) == before
    assert rig.read(WFB_TRG_STAT) == 0


def test_7_writing_the_same_configuration_again_does_not_restart() -> None:
    rig = started()
    rig.wait(5 * PAGE_NS)
    rig.write(WFB_CFG, CONTINUOUS)
    rig.wait(PAGE_NS)
    assert last_page(rig) == 5


def test_7_a_partial_page_does_not_change_the_last_page() -> None:
    rig = started()
    rig.wait(2 * PAGE_NS + 15 * SAMPLE_NS)
    assert last_page(rig) == 1
    rig.wait(SAMPLE_NS)
    assert last_page(rig) == 2


def test_7_stopping_the_dsp_stops_the_buffer() -> None:
    rig = started()
    rig.wait(3 * PAGE_NS)
    rig.write(RUN, 0)
    before = rig.read_bytes(0x800, 6144)
    rig.wait(10 * PAGE_NS)
    assert rig.read_bytes(0x800, 6144) == before
