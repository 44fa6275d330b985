"""Registers over a bus that fails now and then."""

from __future__ import annotations

import pytest
from tests.ampguard_drivers.ade9000.scripted import crc

from ampguard_drivers.ade9000.link import ATTEMPTS, RegisterLink, Waveform
from ampguard_drivers.ade9000.registers import REGISTERS
from ampguard_drivers.bus import SpiFrame
from ampguard_drivers.errors import BusFault, ChipMissing, FrameCorrupt, WriteRefused


class Replies:
    """A bus that answers from a list: bytes, or None for a transfer that the kernel refuses."""

    def __init__(self, *replies: bytes | None) -> None:
        self._replies = list(replies)
        self.sent: list[bytes] = []
        self.messages = 0

    def exchange(self, *frames: SpiFrame) -> list[bytes]:
        self.messages += 1
        found = []
        for sent, length in frames:
            self.sent.append(sent)
            reply = self._replies.pop(0) if length else b""
            if reply is None:
                raise BusFault("refused")
            assert len(reply) == length
            found.append(reply)
        return found

    def close(self) -> None:
        pass


def framed(value: int, width: int) -> bytes:
    data = value.to_bytes(width, "big")
    return data + crc(data).to_bytes(2, "big")


def test_a_16_bit_register_is_read_with_16_bits_and_its_checksum() -> None:
    bus = Replies(framed(0x00FE, 2))
    assert RegisterLink(bus).read(REGISTERS["VERSION"]) == 0x00FE
    assert bus.sent == [bytes.fromhex("4fe8")]


@pytest.mark.parametrize("failure", [None, bytes(6), b"\xff" * 6, b"\x12\x34\x56\x78\x9a\xbc"])
def test_a_read_is_tried_again_as_often_as_promised_and_no_more(failure: bytes | None) -> None:
    link = RegisterLink(Replies(*[failure] * (ATTEMPTS - 1), framed(7, 4)))
    assert link.read(REGISTERS["STATUS0"]) == 7
    assert link.corrupt_frames == ATTEMPTS - 1


@pytest.mark.parametrize(
    ("failure", "fault"),
    [(None, BusFault), (bytes(6), ChipMissing), (b"\xff" * 6, ChipMissing), (b"\x12" * 6, FrameCorrupt)],
)
def test_what_keeps_failing_has_its_own_name(failure: bytes | None, fault: type[Exception]) -> None:
    bus = Replies(*[failure] * ATTEMPTS)
    with pytest.raises(fault):
        RegisterLink(bus).read(REGISTERS["STATUS0"])
    assert len(bus.sent) == ATTEMPTS


def test_many_are_read_in_few_messages_and_only_what_came_badly_is_asked_for_again() -> None:
    names = [register for register in REGISTERS.values() if register.width_bits == 32][:20]
    first = [framed(number, 4) for number in range(16)]
    first[3], first[7] = bytes(6), b"\x12" * 6
    bus = Replies(*first, framed(3, 4), framed(7, 4), *[framed(number, 4) for number in range(16, 20)])
    link = RegisterLink(bus)
    assert link.read_all(names) == list(range(20))
    assert (bus.messages, len(bus.sent), link.corrupt_frames) == (3, 22, 2)


def test_a_write_is_read_back_and_bits_that_clear_themselves_are_left_out() -> None:
    bus = Replies(framed(0x0004, 2))
    RegisterLink(bus).write(REGISTERS["TEMP_CFG"], 0x000C)
    assert [sent.hex() for sent in bus.sent] == ["4b60000c", "4b68"]


def test_a_write_that_reads_back_differently_is_refused_with_both_values() -> None:
    bus = Replies(*[framed(0x0001, 2)] * ATTEMPTS)
    with pytest.raises(WriteRefused, match="EGY_TIME should hold 0x1f3f but reads 0x1"):
        RegisterLink(bus).write(REGISTERS["EGY_TIME"], 7999)


@pytest.mark.parametrize("name", ["STATUS0", "AIRMS", "PART_ID"])
def test_only_writable_registers_are_written(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        RegisterLink(Replies()).write(REGISTERS[name], 1)


def test_only_status_bits_are_acknowledged() -> None:
    with pytest.raises(ValueError, match="MASK0"):
        RegisterLink(Replies()).acknowledge(REGISTERS["MASK0"], 1)


def test_the_lock_opens_for_a_block_and_closes_also_after_a_fault() -> None:
    bus = Replies(framed(1, 2), *[framed(0, 2)] * ATTEMPTS)
    link = RegisterLink(bus)
    link.lock()
    bus.sent.clear()
    with pytest.raises(WriteRefused), link.unlocked():
        link.write(REGISTERS["RUN"], 1)
    assert bus.sent[0].hex() == "4bf04ad1"
    assert bus.sent[-1].hex() == "4bf03c64"


def test_a_lock_that_does_not_close_is_told() -> None:
    with pytest.raises(WriteRefused, match="WR_LOCK"):
        RegisterLink(Replies(*[framed(0, 2)] * ATTEMPTS)).lock()


DATA = bytes(range(256)) * 14
PAGE, BAD = framed(0x3000, 2), b"\xff" * 4


def waveform(*replies: bytes, blocked: bool = False, locked: bool = False) -> tuple[Waveform, Replies, RegisterLink]:
    bus = Replies(*[framed(1, 2)] * locked, *replies)
    link = RegisterLink(bus)
    if locked:
        link.lock()
    link.lock_blocks_acknowledgement = blocked
    bus.sent.clear()
    bus.messages = 0
    asked = REGISTERS["WFB_TRG_STAT"], (REGISTERS["STATUS0"], 1 << 17)
    return link.read_waveform(0xC00, len(DATA), *asked), bus, link


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ((PAGE, DATA, framed(crc(DATA), 2), PAGE), (0x3000, DATA, 0x3000)),
        ((PAGE, DATA, framed(crc(DATA) ^ 1, 2), PAGE), (0x3000, None, 0x3000)),
        ((PAGE, DATA, BAD, PAGE), (0x3000, None, 0x3000)),
        ((BAD, DATA, framed(crc(DATA), 2), BAD), (None, DATA, None)),
    ],
)
def test_a_waveform_is_believed_only_with_the_checksum_the_chip_kept(
    replies: tuple[bytes, ...], expected: Waveform
) -> None:
    found, bus, link = waveform(*replies)
    assert found == expected
    assert link.corrupt_frames == expected.count(None)
    assert [sent.hex() for sent in bus.sent] == ["402000020000", "4a38", "c008", "4a98", "4a38"]
    assert bus.messages == 1


@pytest.mark.parametrize("locked", [False, True])
def test_a_lock_that_is_in_the_way_is_opened_in_the_same_message(*, locked: bool) -> None:
    _, bus, _ = waveform(PAGE, DATA, framed(crc(DATA), 2), PAGE, blocked=True, locked=locked)
    opened = ["4bf04ad1", "402000020000", "4bf03c64"] if locked else ["402000020000"]
    assert [sent.hex() for sent in bus.sent] == [*opened, "4a38", "c008", "4a98", "4a38"]
    assert bus.messages == 1
