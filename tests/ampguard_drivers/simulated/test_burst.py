"""The waveform buffer over the bus: burst order, channel selections, wrap, checksums (sections 2.3, 2.4, 7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.ampguard_drivers.simulated.rig import (
    BURST_EN,
    CONFIG1,
    CRC_SPI,
    LAST_DATA_32,
    MS,
    PAGE_NS,
    RUN,
    WFB_CFG,
    Rig,
    constant,
    crc16,
)

if TYPE_CHECKING:
    from tests.ampguard_drivers.simulated.rig import Words

BASE = 0x02F0
"""7: LPF source, continuous, fixed rate, capture on."""
HELD = BASE & ~0x10
"""7: the RAM is kept when the capture ends."""
NEUTRAL = 1 << 12
VOLTS = (-0.30, -0.20, -0.10, 0.10, 0.20, 0.30, 0.40)
"""IA, VA, IB, VB, IC, VC, IN: each channel tells its place."""
SCALE = 74_518_668
CHANNELS = {
    0: (0, 1, 2, 3, 4, 5), 1: (0, 1), 2: (2, 3), 3: (4, 5),
    8: (0,), 9: (1,), 10: (2,), 11: (3,), 12: (4,), 13: (5,), 14: (6,),
}  # fmt: skip
"""7: BURST_CHAN."""


def filled() -> Rig:
    """A full buffer that stands still."""
    rig = Rig(constant(*VOLTS))
    rig.run(0)
    rig.capture(BASE | NEUTRAL, pages=16)
    rig.write(RUN, 0)
    rig.write(WFB_CFG, HELD)
    return rig


def places(words: Words) -> list[int]:
    """Which channel each word came from."""
    return [min(range(7), key=lambda index: abs(word - VOLTS[index] * SCALE)) for word in words.tolist()]


def memory(rig: Rig) -> bytes:
    """The whole RAM by single addresses."""
    rig.write(WFB_CFG, HELD | 0xF)
    return b"".join(rig.read_bytes(address, 4) for address in range(0x800, 0x1000))


def test_7_1_a_set_is_ia_va_ib_vb_ic_vc_in_and_a_spare() -> None:
    rig = filled()
    rig.write(WFB_CFG, HELD | 0xF)
    for first in (0x800, 0x808, 0xFF8):
        for place in range(7):
            assert places(rig.words(first + place, 1)) == [place]


@pytest.mark.parametrize(("selection", "channels"), CHANNELS.items())
def test_7_every_selection_reads_its_channels_in_order(selection: int, channels: tuple[int, ...]) -> None:
    rig = filled()
    rig.write(WFB_CFG, HELD | NEUTRAL | selection)
    expected = (*channels, 6) if selection == 0 else channels
    assert places(rig.words(0x800, 256 * len(expected))) == [*expected] * 256


def test_7_1_without_the_neutral_a_set_has_six_words() -> None:
    rig = filled()
    rig.write(WFB_CFG, HELD)
    assert places(rig.words(0x800, 6 * 128)) == [0, 1, 2, 3, 4, 5] * 128


@pytest.mark.parametrize("low_bits", range(8))
def test_7_1_a_burst_begins_at_the_start_of_its_set(low_bits: int) -> None:
    rig = filled()
    assert rig.read_bytes(0x808 + low_bits, 48) == rig.read_bytes(0x808, 48)


@example(first=250, sets=12, neutral=False)
@example(first=255, sets=2, neutral=True)
@given(first=st.integers(0, 255), sets=st.integers(1, 40), neutral=st.booleans())
@settings(max_examples=20, deadline=None)
def test_7_1_a_burst_is_the_ram_without_its_spare_words(first: int, sets: int, *, neutral: bool) -> None:
    rig = filled()
    ram = memory(rig)
    rig.write(WFB_CFG, HELD | (NEUTRAL if neutral else 0))
    width = 28 if neutral else 24
    expected = b"".join(ram[32 * (n % 256) : 32 * (n % 256) + width] for n in range(first, first + sets))
    assert rig.read_bytes(0x800 + 8 * first, width * sets) == expected


def test_2_3_a_buffer_burst_needs_no_burst_en_and_ignores_it() -> None:
    rig = filled()
    without = rig.read_bytes(0x800, 3072)
    rig.write(CONFIG1, BURST_EN)
    assert rig.read_bytes(0x800, 3072) == without


def test_2_4_one_checksum_covers_the_whole_burst() -> None:
    rig = filled()
    for count in (4, 24, 3072, 3584):
        data = rig.read_bytes(0xC00, count)
        assert rig.read(CRC_SPI) == crc16(data)


@pytest.mark.parametrize("place", [0, 5, 6, 7])
def test_2_3_a_single_address_read_appends_its_checksum(place: int) -> None:
    rig = filled()
    rig.write(WFB_CFG, HELD | 0xF)
    answer = rig.read_bytes(0x810 + place, 6)
    assert crc16(answer[:4]) == int.from_bytes(answer[4:], "big")
    assert rig.read(CRC_SPI) == crc16(answer[:4])


def test_2_3_a_single_address_read_repeats_in_burst_mode() -> None:
    rig = filled()
    rig.write(WFB_CFG, HELD | 0xF)
    rig.write(CONFIG1, BURST_EN)
    answer = rig.read_bytes(0x811, 16)
    assert answer == answer[:4] * 4


def test_2_5_only_single_address_reads_leave_their_data_behind() -> None:
    rig = filled()
    rig.write(0x000, 0x12345678)
    rig.read_bytes(0x800, 48)
    assert rig.read(LAST_DATA_32) == 0x12345678
    rig.write(WFB_CFG, HELD | 0xF)
    data = rig.read_bytes(0x805, 4)
    assert rig.read(LAST_DATA_32) == int.from_bytes(data, "big")


def test_7_the_buffer_cannot_be_written_from_the_bus() -> None:
    rig = filled()
    before = memory(rig)
    for address in (0x800, 0x801, 0x9AB, 0xFFF):
        rig.write(address, 0x55555555)
    assert memory(rig) == before


def test_7_1_the_sizes_of_halves_are_those_printed() -> None:
    rig = filled()
    assert len(rig.read_bytes(0x800, 128 * 6 * 4)) == 3072
    rig.write(WFB_CFG, HELD | NEUTRAL)
    assert len(rig.read_bytes(0x800, 128 * 7 * 4)) == 3584
    assert places(rig.words(0xC00, 128 * 7)) == [0, 1, 2, 3, 4, 5, 6] * 128


def test_7_a_running_buffer_can_be_read_while_it_fills() -> None:
    rig = Rig(constant(*VOLTS))
    rig.run(0)
    rig.capture(BASE, pages=8)
    first = rig.read_bytes(0x800, 3072)
    rig.wait(7 * PAGE_NS)
    assert rig.read_bytes(0x800, 3072) == first
    rig.wait(2 * PAGE_NS + MS)
    assert rig.read_bytes(0x800, 3072) != first
