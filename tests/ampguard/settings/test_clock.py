"""Wall time and its quality, and the name of a unit."""

from __future__ import annotations

import time
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ampguard import clock
from ampguard.clock import ClockQuality
from ampguard.identity import Unit
from ampguard_drivers.eeprom.records import Calibration, Identity


class _Datetime(datetime):
    year_now = 2026

    @classmethod
    def now(cls, tz: object = None) -> _Datetime:
        assert tz is UTC
        return cls(cls.year_now, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("marked", "disciplined", "year", "quality"),
    [
        (True, True, 2026, ClockQuality.SYNCHRONISED),
        (True, None, 1970, ClockQuality.SYNCHRONISED),
        (True, False, 1970, ClockQuality.UNSYNCHRONISED),
        (False, None, 2024, ClockQuality.UNSYNCHRONISED),
        (False, True, 2026, ClockQuality.SYNCHRONISED),
        (False, False, 2025, ClockQuality.HOLDOVER),
        (False, False, 2024, ClockQuality.UNSYNCHRONISED),
        (False, False, 1970, ClockQuality.UNSYNCHRONISED),
    ],
)
def test_how_far_the_clock_is_trusted(  # noqa: PLR0913 - a row of the table
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    marked: bool,
    disciplined: bool | None,
    year: int,
    quality: ClockQuality,
) -> None:
    mark = tmp_path / "synchronized"
    if marked:
        mark.touch()
    monkeypatch.setattr(_Datetime, "year_now", year)
    monkeypatch.setattr(clock, "datetime", _Datetime)
    monkeypatch.setattr(clock, "_SYNCHRONISED_MARK", mark)
    monkeypatch.setattr(clock, "_kernel_says_synchronised", lambda: disciplined)
    monkeypatch.setattr(clock, "_SET_FROM_RTC", tmp_path / "hctosys")
    monkeypatch.delenv(clock.HOST_KEEPS_TIME, raising=False)
    assert clock.quality() is (ClockQuality.UNSYNCHRONISED if quality is ClockQuality.HOLDOVER else quality)
    assert clock.quality(ClockQuality.SYNCHRONISED) is quality
    assert clock.quality(ClockQuality.HOLDOVER) is quality
    (tmp_path / "hctosys").write_text("1\n")
    assert clock.quality() is quality
    (tmp_path / "hctosys").write_text("0\n")
    monkeypatch.setenv(clock.HOST_KEEPS_TIME, "host")
    assert clock.quality() is quality


def test_a_clock_that_was_synchronised_holds_over_when_the_kernel_has_waited_too_long_for_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "synchronized"
    mark.touch()
    monkeypatch.setattr(clock, "_SYNCHRONISED_MARK", mark)
    for disciplined, wanted in ((True, ClockQuality.SYNCHRONISED), (False, ClockQuality.HOLDOVER)):
        monkeypatch.setattr(clock, "_kernel_says_synchronised", lambda told=disciplined: told)
        assert clock.quality() is wanted


def test_asking_the_kernel_harms_nothing() -> None:
    before = datetime.now(UTC)
    answers = {clock._kernel_says_synchronised() for _ in range(50)}
    assert len(answers) == 1
    assert timedelta(0) <= datetime.now(UTC) - before < timedelta(seconds=5)


def test_now_bears_its_zone() -> None:
    now = clock.utc_at(time.monotonic_ns())
    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_moment_that_is_past_has_its_own_time() -> None:
    past_ns = time.monotonic_ns() - 4_000_000_000
    assert timedelta(seconds=3.9) < datetime.now(UTC) - clock.utc_at(past_ns) < timedelta(seconds=9)


def test_no_boot_is_called_as_another() -> None:
    names = {clock.boot_name() for _ in range(5000)}
    assert len(names) == 5000
    assert all(len(name) == 16 and set(name) <= set("0123456789abcdef") for name in names)


def test_a_unit_is_what_its_memory_says() -> None:
    identity = Identity.__new__(Identity)
    calibration = Calibration((), 0.0, 25.0, "none")
    unit = Unit(identity, calibration)
    assert unit.identity is identity
    assert unit.calibration is calibration
    with pytest.raises(FrozenInstanceError):
        unit.calibration = calibration  # type: ignore[misc]  # that is the point
