"""The libraries that talk to the Pi's buses, found only when a board is opened: a laptop works without them."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from ampguard_drivers.errors import HardwareFault

_PACKAGES = {"spidev": "python3-spidev", "smbus2": "python3-smbus2", "gpiod": "python3-libgpiod"}


def library(name: str) -> ModuleType:
    """The library of that name. Raises HardwareFault that says what to install."""
    try:
        return import_module(name)
    except ImportError as error:
        raise HardwareFault(
            f'the Python library "{name}" is needed to reach the board and cannot be imported ({error}):'
            f' install it with "apt install {_PACKAGES[name]}" or "pip install ampguard[board]"'
        ) from error
