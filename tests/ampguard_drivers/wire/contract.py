"""What every way to a board must do alike: our Python client, and the kernel's interfaces, preloaded.

Each function is a test; `runner` calls it in a process of its own, `test_contract` says which.
"""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.ampguard_drivers.wire.memoryboard import EEPROM_ADDRESS, END, FRAMES, INTERRUPT, LENGTH, PULSE

from ampguard_drivers.board import LIGHT_LINES
from ampguard_drivers.bus import Level, SpiFrame
from ampguard_drivers.errors import BusFault, HardwareFault, NotAcknowledged

if TYPE_CHECKING:
    from tests.ampguard_drivers.wire.runner import Way

    from ampguard_drivers.bus import I2cBus, SpiBus


def header(address: int, *, reads: bool) -> bytes:
    return (address << 4 | 8 * reads).to_bytes(2, "big")


def read(spi: SpiBus, address: int) -> int:
    return int.from_bytes(spi.exchange(SpiFrame(header(address, reads=True), 4))[0], "big")


def write(spi: SpiBus, address: int, value: int) -> None:
    assert spi.exchange(SpiFrame(header(address, reads=False) + value.to_bytes(4, "big"))) == [b""]


def written(i2c: I2cBus, data: bytes) -> int:
    """Wait for the end of the write as a driver does; how often it was refused meanwhile."""
    for refused in itertools.count():
        try:
            i2c.write(EEPROM_ADDRESS, data)
        except NotAcknowledged:
            assert refused < 10
            continue
        return refused
    raise AssertionError


def a_register_holds_what_was_written(way: Way) -> None:
    with way.metering() as parts:
        assert read(parts.spi, 0x321) == 0x321
        for value in (0xFEDC_BA98, 0x0123_4567):
            write(parts.spi, 0x123, value)
            assert read(parts.spi, 0x123) == value


def half_a_waveform_buffer_comes_in_one_chip_select_period(way: Way) -> None:
    with way.metering() as parts:
        before = read(parts.spi, FRAMES)
        (burst,) = parts.spi.exchange(SpiFrame(header(0x800, reads=True), 4096))
        assert [int.from_bytes(burst[n : n + 4], "big") for n in range(0, 4096, 4)] == list(range(0x800, 0xC00))
        assert read(parts.spi, LENGTH) == 2 + 4096
        assert read(parts.spi, FRAMES) == before + 3


def every_length_up_to_the_limit_comes_back_whole(way: Way) -> None:
    with way.metering() as parts:
        (whole,) = parts.spi.exchange(SpiFrame(header(0x200, reads=True), 4096))
        for length in (1, 2, 3, 4, 5, 63, 64, 65, 1023, 2048, 4093, 4094, 4095):
            assert parts.spi.exchange(SpiFrame(header(0x200, reads=True), length)) == [whole[:length]]


def one_byte_more_than_the_kernel_takes_is_a_named_fault(way: Way) -> None:
    with way.metering() as parts:
        before = read(parts.spi, FRAMES)
        with pytest.raises(BusFault, match="4097"):
            parts.spi.exchange(SpiFrame(header(0x200, reads=True), 4097))
        with pytest.raises(BusFault):
            parts.spi.exchange(SpiFrame(bytes(4097)))
        assert read(parts.spi, FRAMES) == before + 1


def frames_of_one_message_are_chip_select_periods_of_their_own(way: Way) -> None:
    with way.metering() as parts:
        before = read(parts.spi, FRAMES)
        asked = [SpiFrame(header(address, reads=True), 4) for address in range(0x200, 0x20F)]
        asked[3:3] = [
            SpiFrame(header(0x123, reads=False) + b"\x01\x23\x45\x67"),
            SpiFrame(b""),
            SpiFrame(header(0x123, reads=True), 4),
        ]
        found = parts.spi.exchange(*asked)
        assert [len(one) for one in found] == [frame.receive_length for frame in asked]
        values = [int.from_bytes(one, "big") for one in found if one]
        assert values == [0x200, 0x201, 0x202, 0x0123_4567, *range(0x203, 0x20F)]
        assert read(parts.spi, FRAMES) == before + 18  # none for the empty one


def half_a_waveform_buffer_and_its_checksum_come_in_one_message(way: Way) -> None:
    with way.metering() as parts:
        burst, first = parts.spi.exchange(
            SpiFrame(header(0x800, reads=True), 3584), SpiFrame(header(0x321, reads=True), 4)
        )
        assert [int.from_bytes(burst[n : n + 4], "big") for n in range(0, 3584, 4)] == list(range(0x800, 0xB80))
        assert int.from_bytes(first, "big") == 0x321


def nothing_to_send_and_nothing_to_receive_is_no_transfer(way: Way) -> None:
    with way.metering() as parts:
        before = read(parts.spi, FRAMES)
        assert parts.spi.exchange(SpiFrame(b"")) == [b""]
        assert read(parts.spi, FRAMES) == before + 1


def the_memory_is_busy_after_a_write_and_then_holds_it(way: Way) -> None:
    with way.metering() as parts:
        written(parts.i2c, b"\x01\x00")
        written(parts.i2c, b"\x01\x00Amp Guard")
        assert written(parts.i2c, b"\x01\x00") == 2
        assert parts.i2c.write_read(EEPROM_ADDRESS, b"\x01\x00", 9) == b"Amp Guard"


def a_long_write_rolls_over_within_its_page(way: Way) -> None:
    with way.metering() as parts:
        written(parts.i2c, b"\x02\x1e" + b"abcd")
        written(parts.i2c, b"\x02\x00")
        assert parts.i2c.write_read(EEPROM_ADDRESS, b"\x02\x00", 2) == b"cd"
        assert parts.i2c.write_read(EEPROM_ADDRESS, b"\x02\x1e", 2) == b"ab"


def the_whole_memory_is_read_in_one_transfer(way: Way) -> None:
    with way.metering() as parts:
        assert len(parts.i2c.write_read(EEPROM_ADDRESS, b"\0\0", 4096)) == 4096


def an_absent_device_does_not_acknowledge(way: Way) -> None:
    with way.metering() as parts:
        with pytest.raises(NotAcknowledged, match="0x51"):
            parts.i2c.write(0x51, b"\0")
        with pytest.raises(NotAcknowledged):
            parts.i2c.write_read(0x68, b"\0", 1)


def a_line_that_is_low_already_is_seen_at_once(way: Way) -> None:
    with way.metering() as parts:
        write(parts.spi, INTERRUPT, 1)
    with way.metering() as parts:  # the edge was before anybody held the line
        assert parts.irq0.level() is Level.LOW
        assert parts.irq0.wait_low(0.0)
        write(parts.spi, INTERRUPT, 0)
        assert parts.irq0.level() is Level.HIGH


def a_line_that_stays_high_is_waited_for_in_vain(way: Way) -> None:
    with way.metering() as parts:
        assert not parts.irq0.wait_low(0.0)
        assert not parts.irq0.wait_low(0.02)
        assert parts.irq1.level() is Level.HIGH


def a_falling_edge_wakes_the_one_who_waits(way: Way) -> None:
    with way.metering() as parts:
        for _ in range(50):
            fell = threading.Timer(0.005, write, (parts.spi, INTERRUPT, 1))
            fell.start()
            assert parts.irq0.wait_low(10.0)
            fell.join()
            write(parts.spi, INTERRUPT, 0)


def a_pulse_that_is_over_counts_for_nothing(way: Way) -> None:
    with way.metering() as parts:
        for _ in range(3):
            write(parts.spi, INTERRUPT, PULSE)
        assert not parts.irq0.wait_low(0.02)


def edges_that_nobody_takes_do_no_harm(way: Way) -> None:
    with way.metering() as parts:
        for _ in range(2000):
            write(parts.spi, INTERRUPT, PULSE)
        assert not parts.irq0.wait_low(0.02)
        write(parts.spi, INTERRUPT, 1)
        assert parts.irq0.wait_low(1.0)
        write(parts.spi, INTERRUPT, 0)


def each_light_is_seen_where_it_is_lit(way: Way) -> None:
    with way.panel() as parts, way.bench() as bench:
        assert set(parts.lights) == set(LIGHT_LINES)
        for name, light in parts.lights.items():
            assert bench.lit_lights() == frozenset()
            light.drive(Level.HIGH)
            assert bench.lit_lights() == {name}
            light.drive(Level.LOW)


def lights_go_dark_with_the_process_that_drove_them(way: Way) -> None:
    with way.bench() as bench:
        with way.panel() as parts:
            parts.lights["logo"].drive(Level.HIGH)
            assert bench.lit_lights() == {"logo"}
        assert bench.lit_lights() == frozenset()


def a_pressed_button_is_low_until_released(way: Way) -> None:
    with way.panel() as parts, way.bench() as bench:
        assert parts.button.level() is Level.HIGH
        pressed = threading.Timer(0.01, bench.press_button)
        pressed.start()
        assert parts.button.wait_low(10.0)
        pressed.join()
        bench.release_button()
        assert parts.button.level() is Level.HIGH


def a_line_has_one_holder_at_a_time(way: Way) -> None:
    with way.panel(), pytest.raises(HardwareFault, match="should be free"), way.panel():
        pass
    with way.panel():  # free again, the moment it was closed
        pass


def a_bench_switches_and_breaks(way: Way) -> None:
    with way.bench() as bench:
        assert bench.scenarios() == ("first", "second")
        bench.switch("second")
        bench.inject("crash", after_s=2)
        seen = bench.observe()
        assert (seen["scenario"], seen["elapsed_s"], seen["faults"]) == ("second", 1.5, ["crash {'after_s': 2}"])
        with pytest.raises(ValueError, match="no scenario third"):
            bench.switch("third")
        with pytest.raises(ValueError, match="no fault flood"):
            bench.inject("flood")
        assert bench.faults() == ("crash",)


def two_threads_get_their_own_answers(way: Way) -> None:
    with way.metering() as parts:
        wrong: list[int] = []

        def ask_memory() -> None:
            for _ in range(300):
                try:
                    wrong.extend(parts.i2c.write_read(EEPROM_ADDRESS, b"\x0f\x00", 4).strip(b"\xff"))
                except NotAcknowledged:
                    continue

        other = threading.Thread(target=ask_memory)
        other.start()
        wrong += [address for address in range(0x100, 0x300) if read(parts.spi, address) not in (address, 0x0123_4567)]
        other.join()
        assert wrong == []


def a_board_that_is_lost_is_a_named_fault_and_never_a_hang(way: Way) -> None:
    with way.metering() as parts:

        def end_the_board() -> None:
            with pytest.raises(BusFault):
                write(parts.spi, END, 1)

        end = threading.Timer(0.02, end_the_board)
        end.start()
        with pytest.raises(BusFault):
            parts.irq0.wait_low(1e4)
        end.join()
        for ask in (
            lambda: read(parts.spi, 1),
            lambda: parts.i2c.write(EEPROM_ADDRESS, b"\0\0"),
            parts.irq1.level,
            lambda: parts.reset.drive(Level.LOW),
        ):
            with pytest.raises(BusFault) as fault:
                ask()
            assert not isinstance(fault.value, NotAcknowledged)
    with pytest.raises(HardwareFault), way.metering():
        pass


def nothing_stays_open(way: Way) -> None:
    def descriptors() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    with way.metering(), way.panel():
        pass
    before = descriptors()
    for _ in range(5):
        with way.metering(), way.panel():
            assert descriptors() > before
    assert descriptors() == before


CASES = (
    a_register_holds_what_was_written,
    half_a_waveform_buffer_comes_in_one_chip_select_period,
    every_length_up_to_the_limit_comes_back_whole,
    one_byte_more_than_the_kernel_takes_is_a_named_fault,
    frames_of_one_message_are_chip_select_periods_of_their_own,
    half_a_waveform_buffer_and_its_checksum_come_in_one_message,
    nothing_to_send_and_nothing_to_receive_is_no_transfer,
    the_memory_is_busy_after_a_write_and_then_holds_it,
    a_long_write_rolls_over_within_its_page,
    the_whole_memory_is_read_in_one_transfer,
    an_absent_device_does_not_acknowledge,
    a_line_that_is_low_already_is_seen_at_once,
    a_line_that_stays_high_is_waited_for_in_vain,
    a_falling_edge_wakes_the_one_who_waits,
    a_pulse_that_is_over_counts_for_nothing,
    edges_that_nobody_takes_do_no_harm,
    each_light_is_seen_where_it_is_lit,
    lights_go_dark_with_the_process_that_drove_them,
    a_pressed_button_is_low_until_released,
    a_line_has_one_holder_at_a_time,
    two_threads_get_their_own_answers,
    nothing_stays_open,
)
CLIENT_CASES = (a_bench_switches_and_breaks,)
"""What only the client has: there is no bench on a unit."""
LAST_CASES = (a_board_that_is_lost_is_a_named_fault_and_never_a_hang,)
"""After these the board is gone."""
