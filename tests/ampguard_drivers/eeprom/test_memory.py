"""Any bytes anywhere in the memory, without ever wrapping inside a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard_drivers.eeprom.scripted import ScriptedEeprom

from ampguard_drivers.eeprom.memory import Eeprom


@given(start=st.integers(0, 3900), data=st.binary(min_size=1, max_size=150))
def test_what_is_written_anywhere_is_read_there_and_nothing_else_changes(start: int, data: bytes) -> None:
    memory = ScriptedEeprom()
    eeprom = Eeprom(memory, memory.clock, memory.address)
    eeprom.write(start, data)
    assert eeprom.read(start, len(data)) == data
    expected = bytearray(b"\xff" * 4096)
    expected[start : start + len(data)] = data
    assert memory.content == expected


@pytest.mark.parametrize(("start", "length"), [(-1, 1), (4096, 1), (4090, 7)])
def test_bytes_outside_the_memory_are_refused(start: int, length: int) -> None:
    memory = ScriptedEeprom()
    eeprom = Eeprom(memory, memory.clock, memory.address)
    with pytest.raises(ValueError, match="not within"):
        eeprom.read(start, length)
    with pytest.raises(ValueError, match="not within"):
        eeprom.write(start, bytes(length))


def test_a_read_right_after_a_write_waits_for_the_write_cycle() -> None:
    memory = ScriptedEeprom()
    memory.busy_until_ns = memory.clock.ns + 5_000_000
    assert Eeprom(memory, memory.clock, memory.address).read(0, 4) == b"\xff" * 4
    assert memory.clock.ns >= 5_000_000
