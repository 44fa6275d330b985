"""What the unmodified libraries are known to do on real device files, on the preloaded library.

If one of these fails, the preloaded library is not true to the kernel, or a library changed in a way that matters here.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gpiod
import pytest
import smbus2
import spidev
from gpiod.line import Bias, Direction, Edge, Value
from tests.ampguard_drivers.wire.contract import header, read, write
from tests.ampguard_drivers.wire.memoryboard import EEPROM_ADDRESS, FRAMES, INTERRUPT, LENGTH, PULSE, TIMEOUTS

from ampguard_drivers.bus import Level
from ampguard_drivers.errors import BusFault
from ampguard_drivers.linux import spi as linux_spi
from ampguard_drivers.linux.gpio import find_chip

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.ampguard_drivers.wire.runner import Way

CHIP = "/dev/gpiochip0"
IRQ0, BUTTON, LOGO, RED, UNWIRED = 5, 26, 16, 7, 40


def opened_spi() -> Any:
    device = spidev.SpiDev()
    device.open(0, 0)
    device.mode = 3
    return closing(device)


def frames(device: Any) -> int:
    return int.from_bytes(device.xfer2([*header(FRAMES, reads=True), 0, 0, 0, 0])[2:], "big")


def last_length(device: Any) -> int:
    return int.from_bytes(device.xfer2([*header(LENGTH, reads=True), 0, 0, 0, 0])[2:], "big")


def spidev_transfers_what_a_register_holds(_way: Way) -> None:
    with opened_spi() as device:
        sent = [*header(0x234, reads=True), 0, 0, 0, 0]
        assert device.xfer2(sent) is sent
        assert sent[2:] == [0, 0, 2, 0x34]
        assert device.xfer((*header(0x234, reads=True), 0, 0, 0, 0))[5] == 0x34


def spidev_takes_4096_bytes_at_most(_way: Way) -> None:
    with opened_spi() as device:
        assert len(device.xfer2([*header(0x800, reads=True), *[0] * 4094])) == 4096
        with pytest.raises(OverflowError):
            device.xfer2([0] * 4097)


def spidev_splits_longer_transfers_into_chip_select_periods(_way: Way) -> None:
    with opened_spi() as device:
        before = frames(device)
        assert len(device.xfer3([*header(0x800, reads=True), *[0] * 5000])) == 5002
        assert last_length(device) == 5002 - 4096
        assert frames(device) == before + 4


def spidev_reads_and_writes_in_periods_of_their_own(_way: Way) -> None:
    with opened_spi() as device:
        before = frames(device)
        device.writebytes([1, 2, 3])
        assert last_length(device) == 3
        device.writebytes2(bytes(range(7)))
        assert last_length(device) == 7
        assert device.readbytes(5) == [0] * 5
        assert frames(device) == before + 6


def spidev_keeps_its_settings(_way: Way) -> None:
    with opened_spi() as device:
        device.max_speed_hz = 7_000_000
        assert (device.mode, device.bits_per_word, device.max_speed_hz) == (3, 8, 7_000_000)
        with pytest.raises(OSError, match="Invalid argument"):
            device.bits_per_word = 16
        with pytest.raises(OSError, match="Invalid argument"):
            device.lsbfirst = True


def the_wrong_spi_mode_reads_as_nothing(_way: Way) -> None:
    with opened_spi() as device:
        device.mode = 1
        assert device.xfer2([*header(0x234, reads=True), 0, 0, 0, 0]) == [0xFF] * 6
        device.mode = 0
        assert device.xfer2([*header(0x234, reads=True), 0, 0, 0, 0])[5] == 0x34


def a_missing_device_is_not_found(_way: Way) -> None:
    with pytest.raises(FileNotFoundError):
        spidev.SpiDev().open(7, 7)
    with pytest.raises(FileNotFoundError):
        smbus2.SMBus(9)
    assert not Path("/dev/spidev7.7").exists()
    assert stat.S_ISCHR(Path("/dev/spidev0.0").stat().st_mode)
    assert os.access("/dev/i2c-1", os.R_OK | os.W_OK)
    assert not gpiod.is_gpiochip_device("/dev/i2c-1")


def a_transfer_that_timed_out_is_tried_once_more(way: Way) -> None:
    with way.metering() as parts:
        write(parts.spi, TIMEOUTS, 1)
        assert read(parts.spi, 0x345) == 0x345
        write(parts.spi, TIMEOUTS, 2)
        with pytest.raises(BusFault, match="failed twice in a row: Connection timed out"):
            read(parts.spi, 0x345)
        assert read(parts.spi, 0x345) == 0x345


def a_message_may_release_chip_select_between_its_segments(_way: Way) -> None:
    with opened_spi() as device:
        before = frames(device)
        sent, received = bytearray(header(0x234, reads=True) + bytes(4)), bytearray(12)
        addresses = linux_spi._address(sent), linux_spi._address(received)
        segments = bytearray()
        for number in range(2):
            segments += struct.pack("=QQIIHBBI", addresses[0], addresses[1] + 6 * number, 6, 0, 0, 0, number == 0, 0)
        assert fcntl.ioctl(device.fileno(), 0x40006B00 | len(segments) << 16, segments) == 12
        assert received == (b"\0\0" + (0x234).to_bytes(4, "big")) * 2
        assert frames(device) == before + 3


def a_duplicated_descriptor_reaches_the_same_device(_way: Way) -> None:
    with opened_spi() as device:
        duplicate = os.dup(device.fileno())
        elsewhere = os.dup2(device.fileno(), 200)
    try:  # the first one is closed
        for descriptor in (duplicate, elsewhere):
            assert os.write(descriptor, bytes(9)) == 9
            assert os.read(descriptor, 3) == bytes(3)
    finally:
        os.close(duplicate)
        os.close(elsewhere)
    with opened_spi() as device:
        assert device.readbytes(2) == [0, 0]


def a_bad_pointer_is_a_fault_and_no_crash(_way: Way) -> None:
    with opened_spi() as device:
        segment = bytearray(struct.pack("=QQIIHBBI", 8, 0, 6, 0, 0, 0, 0, 0))
        with pytest.raises(OSError, match="Bad address"):
            fcntl.ioctl(device.fileno(), 0x40206B00, segment)
        assert len(device.readbytes(2)) == 2


def smbus2_reads_and_writes_a_memory(_way: Way) -> None:
    with smbus2.SMBus(1) as bus:
        retried(lambda: bus.write_i2c_block_data(EEPROM_ADDRESS, 0x03, [0x40, 11, 22, 33]))
        retried(lambda: bus.write_byte_data(EEPROM_ADDRESS, 0x03, 0x40))
        assert [bus.read_byte(EEPROM_ADDRESS) for _ in range(3)] == [11, 22, 33]
        with pytest.raises(OSError) as refused:  # noqa: PT011 - the number is asked below
            bus.read_byte(0x22)
        assert refused.value.errno == errno.EREMOTEIO
        bus.write_quick(EEPROM_ADDRESS)
        assert bus.funcs & smbus2.smbus2.I2cFunc.I2C


def retried(action: Callable[[], object]) -> None:
    for _ in range(10):
        try:
            action()
        except OSError as error:
            assert error.errno == errno.EREMOTEIO  # noqa: PT017 - busy is expected, anything else is not
        else:
            return
    raise AssertionError


def smbus2_refuses_what_the_bus_has_not(_way: Way) -> None:
    with smbus2.SMBus(1) as bus, pytest.raises(OSError, match="not supported"):
        bus.read_block_data(EEPROM_ADDRESS, 0)


def gpiod_finds_chip_and_lines(_way: Way) -> None:
    assert gpiod.is_gpiochip_device(CHIP)
    assert find_chip(["pinctrl-rp1", "pinctrl-bcm2711"]) == CHIP
    with gpiod.Chip(CHIP) as chip:
        info = chip.get_info()
        assert (info.name, info.label, info.num_lines) == ("gpiochip0", "pinctrl-bcm2711", 54)
        line = chip.get_line_info(UNWIRED)
        assert (line.name, line.used, line.direction) == ("GPIO40", False, Direction.INPUT)
        assert chip.line_offset_from_id("GPIO7") == RED
        settings = gpiod.LineSettings(direction=Direction.INPUT, bias=Bias.PULL_UP)
        with chip.request_lines(consumer="test", config={UNWIRED: settings}):
            line = chip.get_line_info(UNWIRED)
            assert (line.used, line.consumer, line.bias) == (True, "test", Bias.PULL_UP)
        assert not chip.get_line_info(UNWIRED).used


def gpiod_drives_several_lines_at_once(way: Way) -> None:
    settings = gpiod.LineSettings(direction=Direction.OUTPUT, output_value=Value.INACTIVE)
    with gpiod.request_lines(CHIP, config={(LOGO, RED): settings}) as lines, way.bench() as bench:
        lines.set_values({LOGO: Value.ACTIVE, RED: Value.ACTIVE})
        assert bench.lit_lights() == {"logo", "voltage_red"}
        lines.set_value(LOGO, Value.INACTIVE)
        assert lines.get_values() == [Value.INACTIVE, Value.ACTIVE]
        assert bench.lit_lights() == {"voltage_red"}


def gpiod_turns_meaning_with_active_low(way: Way) -> None:
    settings = gpiod.LineSettings(direction=Direction.OUTPUT, active_low=True, output_value=Value.ACTIVE)
    with gpiod.request_lines(CHIP, config={LOGO: settings}) as lines, way.bench() as bench:
        assert bench.lit_lights() == frozenset()
        lines.set_value(LOGO, Value.INACTIVE)
        assert bench.lit_lights() == {"logo"}
        lines.reconfigure_lines({LOGO: gpiod.LineSettings(direction=Direction.INPUT)})
        with pytest.raises(PermissionError):
            lines.set_value(LOGO, Value.ACTIVE)


def gpiod_tells_edges_in_order_with_their_time(way: Way) -> None:
    settings = gpiod.LineSettings(direction=Direction.INPUT, edge_detection=Edge.BOTH)
    with way.metering() as parts:
        parts.irq0.close()
        with gpiod.request_lines(CHIP, config={IRQ0: settings}) as lines:
            start_ns = time.monotonic_ns()
            for _ in range(3):
                write(parts.spi, INTERRUPT, PULSE)
            assert lines.wait_edge_events(10.0)
            events: list[gpiod.EdgeEvent] = []
            while len(events) < 6:
                events += lines.read_edge_events()
            kinds = gpiod.EdgeEvent.Type
            assert [event.event_type for event in events] == [kinds.FALLING_EDGE, kinds.RISING_EDGE] * 3
            assert [event.line_seqno for event in events] == [1, 2, 3, 4, 5, 6]
            stamps = [start_ns - 1_000_000, *[event.timestamp_ns for event in events], time.monotonic_ns()]
            assert stamps == sorted(stamps)
            assert not lines.wait_edge_events(0.01)


def a_waiting_thread_leaves_the_others_their_time(way: Way) -> None:
    with way.metering() as parts:
        waiting = threading.Thread(target=parts.irq0.wait_low, args=(10.0,))
        waiting.start()
        assert read(parts.spi, 0x345) == 0x345
        write(parts.spi, INTERRUPT, 1)
        waiting.join(10.0)
        assert not waiting.is_alive()
        write(parts.spi, INTERRUPT, 0)


def a_forked_child_does_not_disturb_its_parent(way: Way) -> None:
    with way.metering() as parts, way.panel() as panel, way.bench() as bench:
        panel.lights["logo"].drive(Level.HIGH)
        child = os.fork()
        if child == 0:
            os.closerange(3, 256)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert bench.lit_lights() == {"logo"}
        assert read(parts.spi, 0x345) == 0x345


def gpiozero_lights_and_feels(way: Way) -> None:
    gpiozero, factory = gpiozero_on_lgpio()
    with way.bench() as bench:
        try:
            with gpiozero.LED(LOGO, pin_factory=factory) as led:
                led.on()
                assert bench.lit_lights() == {"logo"}
                led.off()
                assert bench.lit_lights() == frozenset()
            pressed = threading.Event()
            with gpiozero.Button(BUTTON, pin_factory=factory) as button:
                button.when_pressed = pressed.set
                assert not button.is_pressed
                bench.press_button()
                assert pressed.wait(10.0)
                assert button.is_pressed
                bench.release_button()
        finally:
            bench.release_button()
            factory.close()


def gpiozero_knows_the_pi(_way: Way) -> None:
    _gpiozero, factory = gpiozero_on_lgpio()
    with closing(factory):
        assert factory.board_info.model == "4B"


def lgpio_claims_a_line_again_at_once(_way: Way) -> None:
    import lgpio  # noqa: PLC0415 - only where it can be had

    chip = lgpio.gpiochip_open(0)
    try:
        for level in (0, 1, 0):
            lgpio.gpio_claim_output(chip, LOGO, level)
            assert lgpio.gpio_read(chip, LOGO) == level
            lgpio.gpio_claim_input(chip, LOGO)
    finally:
        lgpio.gpiochip_close(chip)


def lgpio_transfers_by_spi_and_i2c(_way: Way) -> None:
    import lgpio  # noqa: PLC0415 - only where it can be had

    device = lgpio.spi_open(0, 0, 1_000_000, 3)
    try:
        count, received = lgpio.spi_xfer(device, header(0x234, reads=True) + bytes(4))
        assert (count, received[5]) == (6, 0x34)
    finally:
        lgpio.spi_close(device)
    with pytest.raises(lgpio.error):
        lgpio.spi_open(3, 3, 1_000_000, 0)


def gpiozero_on_lgpio() -> tuple[Any, Any]:
    import gpiozero  # noqa: PLC0415 - only where lgpio can be had
    from gpiozero.pins.lgpio import LGPIOFactory  # noqa: PLC0415 - likewise

    return gpiozero, LGPIOFactory(chip=int(Path(find_chip(["pinctrl-bcm2711"])).name.removeprefix("gpiochip")))


LGPIO_CASES = (
    gpiozero_lights_and_feels,
    gpiozero_knows_the_pi,
    lgpio_claims_a_line_again_at_once,
    lgpio_transfers_by_spi_and_i2c,
)
CASES = (
    spidev_transfers_what_a_register_holds,
    spidev_takes_4096_bytes_at_most,
    spidev_splits_longer_transfers_into_chip_select_periods,
    spidev_reads_and_writes_in_periods_of_their_own,
    spidev_keeps_its_settings,
    the_wrong_spi_mode_reads_as_nothing,
    a_missing_device_is_not_found,
    a_transfer_that_timed_out_is_tried_once_more,
    a_message_may_release_chip_select_between_its_segments,
    a_duplicated_descriptor_reaches_the_same_device,
    a_bad_pointer_is_a_fault_and_no_crash,
    smbus2_reads_and_writes_a_memory,
    smbus2_refuses_what_the_bus_has_not,
    gpiod_finds_chip_and_lines,
    gpiod_drives_several_lines_at_once,
    gpiod_turns_meaning_with_active_low,
    gpiod_tells_edges_in_order_with_their_time,
    a_waiting_thread_leaves_the_others_their_time,
    a_forked_child_does_not_disturb_its_parent,
    *LGPIO_CASES,
)
