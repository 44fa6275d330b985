"""What dies is started again and goes on where it was: the meter, the board under it, the board's faults."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.unit import Unit, running

from ampguard.journal.reader import JournalReader
from ampguard_drivers.simulated.client import BenchPanel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]
LOAD_W = 1700.0
"""More than the quiet house takes: bounds what a lost second is worth."""


@pytest.fixture(scope="module")
def unit() -> Iterator[Unit]:
    """A quiet house whose readings flow."""
    with running("steady") as unit:
        assert unit.until(unit.received(4)), unit.logs()
        yield unit


def boots(unit: Unit) -> list[str]:
    """Names of the meter's runs in the order of their first reading."""
    return list(dict.fromkeys(str(one["boot"]) for one in tuple(unit.listener.readings)))


def of_boot(unit: Unit, boot: str) -> list[Mapping[str, Any]]:
    """The readings of one run, each once, by number."""
    readings = {int(one["sequence"]): one for one in tuple(unit.listener.readings) if one["boot"] == boot}
    return [readings[number] for number in sorted(readings)]


def imported_wh(reading: Mapping[str, Any]) -> float:
    return float(reading["energy"]["total_import_wh"])


def works_again(unit: Unit, known: int, count: int = 4) -> bool:
    """Whether there is a new run of the meter that has sent so many readings, and none is missing of any run."""
    names = boots(unit)
    return len(names) > known and len(of_boot(unit, names[-1])) >= count and unit.listener.tally().missing == 0


def test_a_killed_meter_begins_anew_and_its_counters_go_on(unit: Unit) -> None:
    meter, known = unit.box.firmware["meter"], len(boots(unit))
    meter.kill()
    assert unit.until(lambda: works_again(unit, known)), unit.logs()
    old, new = boots(unit)[-2:]
    before, after = of_boot(unit, old), of_boot(unit, new)
    assert [one["sequence"] for one in after] == list(range(1, len(after) + 1))
    assert after[0]["monotonic_ns"] > before[-1]["monotonic_ns"]
    counters = [imported_wh(one) for one in (*before, *after)]
    assert counters == sorted(counters), "counters never jump back"
    away_s = (after[0]["monotonic_ns"] - before[-1]["monotonic_ns"]) / 1e9
    grown_wh = counters[len(before)] - counters[len(before) - 1]
    assert grown_wh <= LOAD_W * away_s / 3600.0, "nothing is counted twice"
    assert away_s < 30.0


def test_a_meter_that_is_asked_to_stop_loses_no_part_of_a_second(unit: Unit) -> None:
    meter, known = unit.box.firmware["meter"], len(boots(unit))
    assert meter.stop() == 0
    meter.start()
    assert unit.until(lambda: works_again(unit, known)), unit.logs()
    old, new = boots(unit)[-2:]
    counters = [imported_wh(one) for one in (*of_boot(unit, old), *of_boot(unit, new))]
    assert counters == sorted(counters)
    assert of_boot(unit, new)[0]["sequence"] == 1


@pytest.mark.parametrize(("fault", "value"), [("corrupt_frames", 3), ("lost_interrupts", 5)])
def test_a_small_fault_of_the_board_is_mended_without_a_new_run(unit: Unit, fault: str, value: int) -> None:
    known, arrived = len(boots(unit)), unit.listener.tally().readings
    assert fault in unit.panel.faults()
    unit.panel.inject(fault, value=value)
    assert unit.until(unit.received(arrived + 4)), unit.logs()
    assert len(boots(unit)) == known
    assert unit.until(lambda: "overrun" not in (unit.listener.latest or {"quality": ["overrun"]})["quality"])


def test_a_chip_that_goes_away_is_named_and_comes_back(unit: Unit) -> None:
    known = len(boots(unit))
    told = unit.says("meter").count("ChipMissing")
    unit.panel.inject("chip_absent", value=True)
    assert unit.until(lambda: unit.says("meter").count("ChipMissing") > told, 10.0), unit.says("meter")
    unit.panel.inject("chip_absent", value=False)
    arrived = unit.listener.tally().readings
    assert unit.until(lambda: unit.listener.tally().readings >= arrived + 4), unit.logs()
    assert len(boots(unit)) == known, "the meter mends it without a restart"
    assert unit.until(unit.lit("voltage_green", "current_green")), unit.logs()


def test_a_stuck_interrupt_line_is_named_and_comes_back(unit: Unit) -> None:
    unit.panel.inject("irq0_stuck_low", value=True)
    # either it is mended by restarts for ever, or the meter ends with the name of the fault and is started again
    assert unit.until(lambda: "InterruptStuck" in unit.says("meter"), 20.0), unit.says("meter")
    unit.panel.inject("irq0_stuck_low", value=False)
    arrived = unit.listener.tally().readings
    assert unit.until(lambda: unit.listener.tally().readings >= arrived + 4), unit.logs()


def test_a_lost_board_is_named_and_the_unit_comes_back_with_it(unit: Unit) -> None:
    known, meter, board = len(boots(unit)), unit.box.firmware["meter"], unit.box.board
    said, died = len(unit.says("meter")), meter.restarts
    unit.watched.discard("board")
    board.kill()
    assert unit.until(lambda: "BusFault" in unit.says("meter")[said:] and meter.restarts > died, 10.0), unit.logs()
    assert "Traceback" not in unit.says("meter")
    assert "Traceback" not in unit.says("lights")
    board.start()
    unit.watched.add("board")

    def panel_is_back() -> bool:
        unit.reopen_panel()
        return "logo" in unit.lights()

    assert unit.until(panel_is_back), unit.logs()
    assert unit.until(lambda: works_again(unit, known)), unit.logs()
    assert unit.until(unit.lit("communication_green", "voltage_green", "current_green")), unit.logs()
    counters = [imported_wh(one) for boot in boots(unit) for one in of_boot(unit, boot)]
    assert counters == sorted(counters)
    assert isinstance(unit.panel, BenchPanel)


def test_a_journal_that_somebody_locks_doubles_no_energy(unit: Unit) -> None:
    known, arrived = len(boots(unit)), unit.listener.tally().readings
    boot = boots(unit)[-1]
    before = of_boot(unit, boot)[-1]
    journal = unit.folder / "data" / "journal.sqlite"
    with sqlite3.connect(journal, isolation_level=None) as lock:
        lock.execute("BEGIN IMMEDIATE")
        # as long as it may take until sixty readings want to become a block
        assert unit.until(lambda: "database is locked" in unit.says("meter"), 75.0), unit.logs()
        lock.execute("ROLLBACK")
    lock.close()
    assert unit.until(unit.received(arrived + 8)), unit.logs()
    assert len(boots(unit)) == known
    after = of_boot(unit, boot)[-1]
    passed_s = (after["monotonic_ns"] - before["monotonic_ns"]) / 1e9
    assert imported_wh(after) - imported_wh(before) <= LOAD_W * passed_s / 3600.0
    # what waited for the lock is in the journal now
    stored = [one.sequence for one in JournalReader(journal).readings(0, 100_000) if one.boot == boot]
    assert stored == list(range(1, len(stored) + 1))
    assert len(stored) >= after["sequence"]


def test_a_journal_that_is_damaged_inside_is_set_aside_while_measuring_goes_on(unit: Unit) -> None:
    known, meter = len(boots(unit)), unit.box.firmware["meter"]
    journal = unit.folder / "data" / "journal.sqlite"
    assert meter.stop() == 0
    content = bytearray(journal.read_bytes())
    for page in range(8192, len(content), 16384):
        content[page : page + 64] = b"\xa5" * 64
    journal.write_bytes(content)
    meter.start()
    assert unit.until(lambda: "set aside as" in unit.says("meter")), unit.logs()
    assert unit.until(lambda: len(of_boot(unit, boots(unit)[-1])) >= 4 and len(boots(unit)) > known), unit.logs()
    counters = [imported_wh(one) for boot in boots(unit) for one in of_boot(unit, boot)]
    assert counters == sorted(counters), "the second copy of the counters holds"
    assert (unit.folder / "data" / "journal.sqlite.damaged-1").exists()


def test_nothing_that_was_written_is_a_traceback(unit: Unit) -> None:
    for name in ("board", "meter", "lights", "uplink"):
        assert "Traceback" not in unit.says(name), unit.says(name)[-3000:]
