"""For boards without an identity memory: a file with what a 24C32 would hold, read as over I2C. Nothing writes it."""

from __future__ import annotations

from pathlib import Path

from ampguard_drivers.errors import BusFault, HardwareFault, NotAcknowledged

LARGEST = 4096
"""Bytes of the memory it stands for (`eeprom.memory`)."""


class MemoryFile:
    """`bus.I2cBus` with that memory on it, and nothing else."""

    def __init__(self, path: Path, address: int) -> None:
        """Read it. Raises HardwareFault."""
        self._path = path
        self._address = address
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST + 1)
        except OSError as error:
            raise HardwareFault(f"{path} should hold who this unit is: {error.strerror or error}") from error
        if len(content) != LARGEST:
            met = "more" if len(content) > LARGEST else str(len(content))
            raise HardwareFault(f"{path} should hold {LARGEST} bytes, as the identity memory does; it has {met}")
        self._content = content

    def write(self, address: int, data: bytes) -> None:
        """Raises NotAcknowledged or BusFault: whoever wants it otherwise replaces the file."""
        self._check(address)
        raise BusFault(f"{len(data)} bytes should be written to {self._path}, which is only read")

    def write_read(self, address: int, data: bytes, receive_length: int) -> bytes:
        """What lies at the place that `data` names. Raises NotAcknowledged."""
        self._check(address)
        at = int.from_bytes(data, "big")
        return self._content[at : at + receive_length]

    def close(self) -> None:
        """Nothing is open."""

    def _check(self, address: int) -> None:
        if address != self._address:
            raise NotAcknowledged(f"nothing acknowledges address {address:#04x}: there is only {self._path}")
