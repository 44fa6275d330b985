"""A board without an identity memory: a file stands for it, and what is wrong with that file is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ampguard_drivers.eeprom.records import Identity
from ampguard_drivers.eeprom.store import IdentityStore, memory_image
from ampguard_drivers.errors import BusFault, HardwareFault, NotAcknowledged
from ampguard_drivers.frontend import Variant
from ampguard_drivers.linux.clock import MonotonicClock
from ampguard_drivers.linux.memoryfile import MemoryFile

if TYPE_CHECKING:
    from pathlib import Path

WHO = Identity("2611000007G", b"\x00hash", Variant.HOME)


def test_it_is_read_as_the_memory_would_be(tmp_path: Path) -> None:
    path = tmp_path / "identity.bin"
    path.write_bytes(memory_image(WHO))
    bus = MemoryFile(path, 0x50)
    assert IdentityStore(bus, MonotonicClock(), 0x50).read_identity() == WHO
    bus.close()


@pytest.mark.parametrize(("content", "met"), [(b"", "it has 0"), (b"x" * 4095, "4095"), (b"x" * 5000, "more")])
def test_another_size_is_no_memory(tmp_path: Path, content: bytes, met: str) -> None:
    path = tmp_path / "identity.bin"
    path.write_bytes(content)
    with pytest.raises(HardwareFault, match=f"4096 bytes.*{met}"):
        MemoryFile(path, 0x50)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(HardwareFault, match="who this unit is: No such file"):
        MemoryFile(tmp_path / "identity.bin", 0x50)


def test_nothing_writes_it_and_nothing_else_is_there(tmp_path: Path) -> None:
    path = tmp_path / "identity.bin"
    path.write_bytes(memory_image(WHO))
    bus = MemoryFile(path, 0x50)
    with pytest.raises(BusFault, match="only read"):
        IdentityStore(bus, MonotonicClock(), 0x50).write_identity(WHO)
    with pytest.raises(NotAcknowledged, match="0x68"):
        bus.write_read(0x68, b"\0", 7)
    assert path.read_bytes() == memory_image(WHO)
