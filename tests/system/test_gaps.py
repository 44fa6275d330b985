"""Whatever befalls a unit, the cloud says of each break why, in the unit's own words; and nothing else is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.system.unit import Unit, running

from ampguard_drivers.simulated.board import SERIAL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard_hil.cloud.account import Account

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def unit() -> Iterator[Unit]:
    with running("steady") as made:
        yield made


def account(unit: Unit) -> Account:
    found = unit.cloud.account(SERIAL)
    assert found is not None
    return found


def told(unit: Unit, reasons: list[str]) -> bool:
    """Whether the account ends with these reasons, and explains everything."""
    found = unit.cloud.account(SERIAL)
    return found is not None and found.complete and ended(found)[-len(reasons) :] == reasons


def ended(found: Account) -> list[str | None]:
    """Why each run of the meter ended; a busy machine costs samples within a run, too."""
    return [one.reason for one in found.breaks if one.reason != "samples_lost"]


def test_a_meter_that_was_killed_says_so_and_one_that_was_stopped_says_that(unit: Unit) -> None:
    meter = unit.box.firmware["meter"]
    assert unit.until(lambda: (found := unit.cloud.account(SERIAL)) is not None and found.readings >= 3), unit.logs()
    assert ended(account(unit)) == []
    meter.kill()
    assert unit.until(lambda: told(unit, ["restart"])), unit.logs()
    meter.stop()
    meter.start()
    assert unit.until(lambda: told(unit, ["restart", "stopped"])), unit.logs()
    for one in account(unit).breaks:
        assert one.duration_s is not None
        assert 0.0 < one.duration_s < 60.0


def test_events_that_a_killed_broker_had_taken_come_again(unit: Unit) -> None:
    unit.cloud.process.stop()
    meter = unit.box.firmware["meter"]
    known = len(unit.listener.events)
    meter.kill()
    assert unit.until(lambda: len(unit.listener.events) > known), unit.logs()
    # the broker has acknowledged the event to the unit, nobody has stored it: it goes with the broker
    unit.broker.process.kill()
    unit.broker.start()
    unit.cloud.process.start()
    assert unit.until(lambda: told(unit, ["restart"]) and len(ended(account(unit))) == 3), unit.logs()
    assert account(unit).missing_events == 0
