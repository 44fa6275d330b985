"""When the uplink has its certificate renewed, what it does when that fails, and what a wrong clock makes of it."""

from __future__ import annotations

import asyncio
import logging
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ampguard.services.renewal import LONGEST_WAIT_S, Renewal
from ampguard.uplink.certificates import keyring
from ampguard.uplink.certificates.keyring import Keyring
from ampguard_hil.cloud.authority import Authority

BEGINS = datetime(2026, 3, 1, tzinfo=UTC)
LOGGER = logging.getLogger("test")


class Unit:
    """With a certificate of 90 days, and a child that notes that it was called."""

    def __init__(self, folder: Path) -> None:
        self.calls = folder / "calls"
        self.code = 1
        self.now = BEGINS
        self.data = folder / "data"
        self.data.mkdir()
        certificate, key = Authority(folder / "authority").pair("AG1G", (), timedelta(days=90), BEGINS)
        Keyring(self.data).put({keyring.CERTIFICATE: certificate.read_bytes(), keyring.KEY: key.read_bytes()})
        self.before = self.files()

    def files(self) -> dict[str, bytes]:
        return {one.name: one.read_bytes() for one in (self.data / "certificates").iterdir()}

    def rounds(self, count: int = 1) -> list[float]:
        script = f"open({str(self.calls)!r}, 'a').write('x'); raise SystemExit({self.code})"
        renewal = Renewal(self.data, LOGGER, (sys.executable, "-c", script), lambda: self.now)

        async def run() -> list[float]:
            return [await renewal.round() for _ in range(count)]

        return asyncio.run(run())

    @property
    def called(self) -> int:
        return len(self.calls.read_text()) if self.calls.exists() else 0


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    return Unit(tmp_path)


def test_two_thirds_of_its_life_nothing_happens(unit: Unit) -> None:
    for day in (1, 30, 59):
        unit.now = BEGINS + timedelta(days=day)
        assert unit.rounds() == [LONGEST_WAIT_S]
    assert unit.called == 0


def test_in_the_last_third_it_is_renewed_and_a_failure_is_tried_again(unit: Unit) -> None:
    unit.now = BEGINS + timedelta(days=61)
    assert unit.rounds(3) == [LONGEST_WAIT_S] * 3
    assert unit.called == 3
    unit.now = BEGINS + timedelta(days=90) - timedelta(seconds=80)
    (wait_s,) = unit.rounds()
    assert 5.0 <= wait_s <= 10.0, "the less is left the sooner"
    assert unit.files() == unit.before


def test_an_expired_one_is_said_once_and_still_tried(unit: Unit, caplog: pytest.LogCaptureFixture) -> None:
    unit.now = BEGINS + timedelta(days=92)
    unit.rounds(3)
    said = [one.getMessage() for one in caplog.records if one.name == "test"]
    assert len(said) == 1
    assert "has expired" in said[0]
    assert "ampguard enrol" in said[0]
    assert unit.called == 3, "the clock may be two days ahead: the cloud judges by its own"
    assert unit.files() == unit.before


def test_a_clock_that_is_behind_destroys_nothing(unit: Unit, caplog: pytest.LogCaptureFixture) -> None:
    unit.now = datetime(1970, 1, 1, tzinfo=UTC)
    assert unit.rounds(3) == [60.0] * 3
    said = [one.getMessage() for one in caplog.records if one.name == "test"]
    assert len(said) == 1
    assert "clock is behind" in said[0]
    assert unit.called == 0
    assert unit.files() == unit.before


def test_a_renewal_that_brings_nothing_new_is_no_busy_loop(unit: Unit) -> None:
    unit.now, unit.code = BEGINS + timedelta(days=61), 0
    assert unit.rounds() == [LONGEST_WAIT_S]


def test_without_a_certificate_the_owner_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    renewal = Renewal(tmp_path, LOGGER)
    assert asyncio.run(renewal.round()) == LONGEST_WAIT_S
    assert "run `ampguard enrol`" in caplog.text


def test_an_end_in_the_middle_takes_the_child_along(unit: Unit) -> None:
    script = f"import threading; open({str(unit.calls)!r}, 'w').write('x'); threading.Event().wait(60)"
    unit.now = BEGINS + timedelta(days=61)
    renewal = Renewal(unit.data, LOGGER, (sys.executable, "-c", script), lambda: unit.now)

    async def run() -> None:
        task = asyncio.create_task(renewal.run())
        async with asyncio.timeout(30.0):
            while not unit.called:  # noqa: ASYNC110 - written by another process
                await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def test_where_no_process_can_be_started_the_uplink_goes_on(unit: Unit) -> None:
    renewal = Renewal(unit.data, LOGGER, ("/no/such/program",), lambda: BEGINS + timedelta(days=61))
    assert asyncio.run(renewal.round()) == LONGEST_WAIT_S
    assert unit.files() == unit.before
