"""GPIO lines through the kernel's character device, by libgpiod 2."""

from __future__ import annotations

import errno
import os
import select
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard_drivers.bus import Level
from ampguard_drivers.errors import BusFault, HardwareFault
from ampguard_drivers.linux.libraries import library

if TYPE_CHECKING:
    import gpiod

CHIPS = Path("/sys/bus/gpio/devices")
_CONSUMER = "ampguard"


def find_chip(labels: Sequence[str]) -> str:
    """The device file of the first chip that has one of these labels, the earlier label before the later.

    Numbers are no use: the Pi 5's chip was gpiochip4, then gpiochip0 (raspberrypi/linux#6144). Raises HardwareFault.
    """
    gpiod = library("gpiod")
    found: dict[str, str] = {}
    try:
        names = sorted(name for name in os.listdir(CHIPS) if name.startswith("gpiochip"))  # noqa: PTH208 - names are wanted
    except OSError:
        names = []
    for name in names:
        path = f"/dev/{name}"
        try:
            with gpiod.Chip(path) as chip:
                found.setdefault(chip.get_info().label, path)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM):
                raise HardwareFault(
                    f'{path} should open, but permission is denied: add the user to the group "gpio"'
                ) from error
    for label in labels:
        if label in found:
            return found[label]
    raise HardwareFault(
        f"a GPIO chip with the label {' or '.join(labels)} is needed; this machine has {', '.join(found) or 'none'}:"
        " name its label in the board file (gpio.chip_labels)"
    )


class _Line:
    """One requested line."""

    def __init__(self, chip: str, pin: int, settings: gpiod.LineSettings) -> None:
        self._pin = pin
        self._name = f"GPIO {pin} of {chip}"
        try:
            self._request: gpiod.LineRequest = library("gpiod").request_lines(
                chip, consumer=_CONSUMER, config={pin: settings}
            )
        except OSError as error:
            reason = "another process holds it" if error.errno == errno.EBUSY else error.strerror
            raise HardwareFault(f"{self._name} should be free for the Amp Guard: {reason}") from error

    def close(self) -> None:
        """Give the line back."""
        self._request.release()

    def _fault(self, error: OSError) -> BusFault:
        return BusFault(f"{self._name} cannot be used any more: {error.strerror or error}")


class InputLine(_Line):
    """`bus.InputLine`: active or not, it is pulled up, so that an open line reads HIGH."""

    def __init__(self, chip: str, pin: int) -> None:
        line = library("gpiod").line
        settings = library("gpiod").LineSettings(
            direction=line.Direction.INPUT, edge_detection=line.Edge.FALLING, bias=line.Bias.PULL_UP
        )
        super().__init__(chip, pin, settings)
        self._active = line.Value.ACTIVE
        self._poll = select.poll()
        self._poll.register(self._request.fd, select.POLLIN)

    def level(self) -> Level:
        """The level now. Raises BusFault."""
        try:
            return Level.HIGH if self._request.get_value(self._pin) == self._active else Level.LOW
        except OSError as error:
            raise self._fault(error) from error

    def wait_low(self, timeout_s: float) -> bool:
        """Wait until the line is low. Raises BusFault.

        Edges of the past are forgotten, then the level decides, then a new edge wakes: the edge that an interrupt made
        before anybody waited counts for nothing, and none that matters is lost between the steps.
        """
        deadline_s = time.monotonic() + timeout_s
        while True:
            self._drain()
            if self.level() is Level.LOW:
                return True
            left_s = deadline_s - time.monotonic()
            if left_s <= 0 or not self._poll.poll(left_s * 1000):
                return self.level() is Level.LOW

    def _drain(self) -> None:
        try:
            while self._poll.poll(0):
                self._request.read_edge_events()
        except OSError as error:
            raise self._fault(error) from error


class OutputLine(_Line):
    """`bus.OutputLine`, push-pull."""

    def __init__(self, chip: str, pin: int, level: Level) -> None:
        line = library("gpiod").line
        self._values = {Level.LOW: line.Value.INACTIVE, Level.HIGH: line.Value.ACTIVE}
        settings = library("gpiod").LineSettings(direction=line.Direction.OUTPUT, output_value=self._values[level])
        super().__init__(chip, pin, settings)

    def drive(self, level: Level) -> None:
        """Set the level. Raises BusFault."""
        try:
            self._request.set_value(self._pin, self._values[level])
        except OSError as error:
            raise self._fault(error) from error
