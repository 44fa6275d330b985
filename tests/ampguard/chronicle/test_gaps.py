"""Every break between two readings that are kept becomes a gap with the right reason, and nothing else does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.journal.made import reading

from ampguard.chronicle.gaps import GapWatch, mark, why_ended
from ampguard.events import Gap, GapReason
from ampguard.readings import Quality, Reading

SECOND_NS = 1_000_000_000


def at(number: int, *, boot: str = "one", moment_s: float | None = None, overrun: bool = False) -> Reading:
    moment_ns = round((number if moment_s is None else moment_s) * SECOND_NS)
    quality = frozenset((Quality.OVERRUN,) if overrun else ())
    return replace(reading(number, boot=boot), duration_s=1.0, monotonic_ns=moment_ns, quality=quality)


@pytest.mark.parametrize(
    ("kernel", "in_order", "reason"),
    [
        ("same", True, GapReason.STOPPED),
        ("same", False, GapReason.RESTART),
        ("other", True, GapReason.SHUT_DOWN),
        ("other", False, GapReason.POWER_OFF),
        (None, True, GapReason.UNKNOWN),
    ],
)
def test_how_the_run_before_ended(kernel: str | None, in_order: bool, reason: GapReason) -> None:  # noqa: FBT001 - a table's column
    assert why_ended(kernel_boot="same", earlier_kernel_boot=kernel, in_order=in_order) is reason


def test_the_first_reading_tells_what_is_missing_before_it() -> None:
    earlier = mark(at(17, boot="before"))
    watch = GapWatch(earlier, GapReason.RESTART, same_clock=True)
    found = watch.follow(at(1, moment_s=21.5))
    assert found == Gap(reason=GapReason.RESTART, after=earlier, before=mark(at(1, moment_s=21.5)), duration_s=3.5)
    assert watch.follow(at(2, moment_s=22.5)) is None


def test_without_a_clock_that_ran_through_no_duration_is_told() -> None:
    found = GapWatch(mark(at(17, boot="before")), GapReason.POWER_OFF, same_clock=False).follow(at(1))
    assert found is not None
    assert found.duration_s is None


def test_readings_that_never_reached_the_journal_are_a_gap() -> None:
    watch = GapWatch(None, GapReason.NEW_JOURNAL, same_clock=False)
    watch.follow(at(1))
    found = watch.follow(at(5))
    assert found == Gap(reason=GapReason.STORAGE_FULL, after=mark(at(1)), before=mark(at(5)), duration_s=3.0)


def test_however_little_is_lost_is_told_with_its_length() -> None:
    watch = GapWatch(mark(at(1)), GapReason.RESTART, same_clock=True)
    watch.follow(at(2))
    found = watch.follow(at(3, moment_s=3.032, overrun=True))
    after, before = mark(at(2)), mark(at(3, moment_s=3.032))
    assert found == Gap(reason=GapReason.SAMPLES_LOST, after=after, before=before, duration_s=0.032)


@given(st.lists(st.tuples(st.floats(-0.4, 5.0), st.booleans()), min_size=1, max_size=30))
def test_exactly_the_readings_that_are_apart_or_say_so_have_lost_samples(pauses: list[tuple[float, bool]]) -> None:
    watch = GapWatch(None, GapReason.NEW_JOURNAL, same_clock=False)
    moment_s, found = 1.0, []
    watch.follow(at(1, moment_s=moment_s))
    for number, (pause_s, overrun) in enumerate(pauses, start=2):
        moment_s += 1.0 + pause_s
        gap = watch.follow(at(number, moment_s=moment_s, overrun=overrun))
        found.append(gap is not None)
        assert gap is None or gap.reason is GapReason.SAMPLES_LOST
    wanted = [overrun or pause_s > 0.5 for pause_s, overrun in pauses]
    unsure = [abs(pause_s - 0.5) < 1e-6 for pause_s, _ in pauses]
    assert [one for one, no in zip(found, unsure, strict=True) if not no] == [
        one for one, no in zip(wanted, unsure, strict=True) if not no
    ]
