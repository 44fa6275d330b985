"""The account of a unit explains exactly what the unit has told, whatever is missing and in whatever order it came."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.journal.made import reading

from ampguard.chronicle.gaps import GapWatch, mark
from ampguard.events import Gap, GapReason, Mark
from ampguard.readings import Reading, as_json
from ampguard_hil.cloud.account import SENTENCES, Account, End, EventTally, Stretch
from ampguard_hil.cloud.reckoning import ALSO_BEFORE, account

SECOND_NS = 1_000_000_000


def end(boot: str, sequence: int, second: int) -> End:
    return End(boot, sequence, f"2026-11-21T10:{second // 60:02}:{second % 60:02}+00:00", second * SECOND_NS)


def place(boot: str, sequence: int) -> Mark:
    return Mark(boot=boot, sequence=sequence, end_utc=None, monotonic_ns=0)


def told(gap: Gap) -> str:
    return json.dumps({"event": as_json(gap)})


def gap(reason: GapReason, after: Mark | None, before: Mark | None) -> Gap:
    return Gap(reason=reason, after=after, before=before, duration_s=None)


def test_every_reason_has_its_sentence() -> None:
    assert set(SENTENCES) == {reason.value for reason in GapReason}


def test_one_run_without_a_break_says_so_in_one_sentence() -> None:
    found = account("AG1", "1s", [Stretch(end("one", 1, 1), end("one", 60, 60))], [])
    assert found.complete
    assert found.sentence == (
        "AG1: 60 readings, no second missing between 2026-11-21 10:00:01 UTC and 2026-11-21 10:01:00 UTC"
    )


def test_a_hole_that_nobody_tells_of_is_unexplained() -> None:
    found = account(
        "AG1",
        "1s",
        [Stretch(end("one", 1, 1), end("one", 10, 10)), Stretch(end("one", 13, 13), end("one", 20, 20))],
        [],
    )
    [hole] = found.unexplained
    assert (hole.missing, hole.duration_s, found.complete) == (2, 2.0, False)
    assert "2.0 s, 2 readings: UNEXPLAINED" in found.sentence


@pytest.mark.parametrize(
    ("after", "before", "explains"),
    [(10, 13, True), (9, 14, True), (10, 12, False), (11, 13, False), (1, 5, False), (14, 20, False)],
)
def test_only_a_gap_around_it_explains_a_hole(after: int, before: int, explains: bool) -> None:  # noqa: FBT001 - a table's column
    stretches = [Stretch(end("one", 1, 1), end("one", 10, 10)), Stretch(end("one", 13, 13), end("one", 20, 20))]
    event = told(gap(GapReason.STORAGE_FULL, place("one", after), place("one", before)))
    assert account("AG1", "1s", stretches, [event]).complete is explains


def test_a_power_cut_that_took_readings_back_which_the_cloud_has_is_explained() -> None:
    stretches = [Stretch(end("one", 1, 1), end("one", 10, 10)), Stretch(end("two", 1, 40), end("two", 9, 49))]
    event = told(gap(GapReason.POWER_OFF, place("one", 3), place("two", 1)))
    found = account("AG1", "1s", stretches, [event])
    assert [one.reason for one in found.breaks] == ["power_off"]


def test_a_new_journal_explains_what_was_lost_before_it_and_no_earlier_hole() -> None:
    stretches = [
        Stretch(end("one", 1, 1), end("one", 10, 10)),
        Stretch(end("one", 13, 13), end("one", 20, 20)),
        Stretch(end("two", 1, 40), end("two", 9, 49)),
    ]
    found = account("AG1", "1s", stretches, [told(gap(GapReason.NEW_JOURNAL, None, place("two", 1)))])
    assert [one.reason for one in found.breaks] == [None, "new_journal"]


def test_runs_without_a_time_of_day_stand_where_the_unit_says() -> None:
    undated = [Stretch(End("middle", 1, None, 5), End("middle", 3, None, 7))]
    dated = [Stretch(end("a first", 1, 1), end("a first", 3, 3)), Stretch(end("last", 1, 50), end("last", 3, 53))]
    events = [
        told(gap(GapReason.RESTART, place("a first", 3), place("middle", 1))),
        told(gap(GapReason.RESTART, place("middle", 3), place("last", 1))),
    ]
    found = account("AG1", "1s", [*undated, *dated], events, undated=3)
    assert [one.before.boot for one in found.breaks] == ["middle", "last"]
    assert found.complete
    assert "3 readings without a time of day" in found.sentence


def test_a_circle_of_runs_ends() -> None:
    stretches = [Stretch(End(boot, 1, None, 1), End(boot, 2, None, 2)) for boot in ("one", "two")]
    events = [
        told(gap(GapReason.RESTART, place("two", 2), place("one", 1))),
        told(gap(GapReason.RESTART, place("one", 2), place("two", 1))),
    ]
    assert len(account("AG1", "1s", stretches, events).breaks) == 2


def test_an_event_left_out_is_noticed() -> None:
    stretches = [Stretch(end("one", 1, 1), end("one", 10, 10))]
    found = account("AG1", "1s", stretches, [], events=EventTally(stored=1, missing=2))
    assert (found.events, found.missing_events, found.complete) == (1, 2, False)
    assert found.sentence.endswith("\n  2 events of it missing")


@dataclass
class Unit:
    """What really happened: readings with what befell them."""

    kept: list[Reading]
    gaps: list[Gap]


def lived(chance: random.Random, runs: int) -> Unit:
    """A unit that is killed, loses samples and cannot keep what it measures, and follows it as the meter does."""
    unit, moment_ns, earlier = Unit([], []), 0, None
    for run in range(runs):
        watch = GapWatch(earlier, GapReason.RESTART if earlier else GapReason.NEW_JOURNAL, same_clock=True)
        moment_ns += chance.randrange(1, 20) * SECOND_NS
        number = 0
        for _ in range(chance.randrange(1, 30)):
            number += 1
            moment_ns += SECOND_NS
            if chance.random() < 0.1:
                moment_ns += chance.randrange(1, 9) * SECOND_NS
            if chance.random() < 0.1:
                continue  # the medium takes nothing
            made = replace(reading(number, boot=f"{run}"), duration_s=1.0, monotonic_ns=moment_ns)
            found = watch.follow(made)
            unit.gaps += [found] if found else []
            unit.kept.append(made)
            earlier = mark(made)
    return unit


def stretches(readings: list[Reading]) -> list[Stretch]:
    found: list[Stretch] = []
    for before, one in zip([None, *readings], readings, strict=False):
        this = End(one.boot, one.sequence, None, one.monotonic_ns)
        follows = (
            before is not None
            and before.boot == one.boot
            and one.sequence == before.sequence + 1
            and one.monotonic_ns - before.monotonic_ns <= 1.5 * SECOND_NS
        )
        found = [*found[:-1], Stretch(found[-1].first, this)] if follows else [*found, Stretch(this, this)]
    return found


def judged(unit: Unit, readings: list[Reading]) -> Account:
    return account("AG1", "1s", stretches(readings), [told(one) for one in unit.gaps])


@given(st.randoms(use_true_random=False), st.integers(1, 5))
def test_all_that_the_meter_tells_explains_all_that_is_missing(chance: random.Random, runs: int) -> None:
    unit = lived(chance, runs)
    found = judged(unit, unit.kept)
    assert found.complete, found.sentence


@given(st.randoms(use_true_random=False), st.integers(1, 5), st.booleans())
def test_what_was_lost_on_the_way_is_never_explained(chance: random.Random, runs: int, damaged: bool) -> None:  # noqa: FBT001 - drawn
    """Whatever stretch of what was kept: a reading, a head, a tail, a whole run, all of the beginning."""
    unit = lived(chance, runs)
    if damaged and len(unit.kept) > 1:
        last = unit.kept[-1]
        unit.gaps.append(gap(GapReason.JOURNAL_DAMAGED, None, place(last.boot, last.sequence + 1)))
    if not unit.kept:
        return
    first = chance.randrange(len(unit.kept))
    after = chance.randrange(first + 1, len(unit.kept) + 1)
    if after == len(unit.kept):
        return  # what is still to come is missed by nobody
    found = judged(unit, unit.kept[:first] + unit.kept[after:])
    assert not found.complete, found.sentence


def test_a_gap_of_a_run_that_is_not_stored_explains_nothing() -> None:
    stretches = [Stretch(end("one", 1, 1), end("one", 10, 10)), Stretch(end("three", 11, 50), end("three", 20, 59))]
    events = [
        told(gap(GapReason.POWER_OFF, place("one", 10), place("two", 1))),
        told(gap(GapReason.SHUT_DOWN, place("one", 10), place("three", 1))),
    ]
    assert not account("AG1", "1s", stretches, events).complete


def test_a_damaged_journal_explains_no_hole_of_long_ago() -> None:
    stretches = [Stretch(end("one", 1, 1), end("one", 10, 10)), Stretch(end("one", 13, 13), end("one", 200, 200))]
    assert not account("AG1", "1s", stretches, [told(gap(GapReason.JOURNAL_DAMAGED, None, place("one", 150)))]).complete


def test_a_first_run_that_is_lost_whole_is_missed() -> None:
    event = told(gap(GapReason.RESTART, place("lost", 9), place("one", 1)))
    found = account("AG1", "1s", [Stretch(end("one", 1, 1), end("one", 10, 10))], [event])
    assert [(one.after, one.missing, one.reason) for one in found.breaks] == [(None, None, None)]


@st.composite
def broken(draw: st.DrawFn) -> tuple[list[Stretch], list[Gap]]:
    """Runs with holes, and gaps that lie anyhow: around each other, across each other, around nothing."""
    held: list[Stretch] = []
    for day, boot in enumerate("abc", start=1):
        ends = sorted(draw(st.sets(st.integers(1, 14), max_size=8)))
        utc = f"2026-11-{day:02}T10:00:00+00:00"
        held += [
            Stretch(End(boot, first, utc, None), End(boot, last, utc, None))
            for first, last in zip(ends[::2], ends[1::2], strict=False)
        ]
    marks = st.builds(place, st.sampled_from("abc"), st.integers(1, 14))
    around = st.tuples(marks, marks).map(lambda two: sorted(two, key=lambda one: (one.boot, one.sequence)))
    gaps = st.builds(lambda reason, two: gap(reason, *two), st.sampled_from(GapReason), around)
    ending = st.builds(gap, st.sampled_from(GapReason), st.none(), marks)
    return held, draw(st.lists(gaps | ending, max_size=12))


@given(broken())
def test_each_break_has_the_reason_of_the_gap_around_it_that_begins_last(
    drawn: tuple[list[Stretch], list[Gap]],
) -> None:
    held, gaps = drawn
    stored = {one.first.boot for one in held}

    def reason(after: End | None, before: End) -> str | None:
        known = [one for one in gaps if one.before and one.before.boot in stored]
        around = [
            one
            for one in known
            if (one.after and after and one.before and one.after.boot in stored)
            and (one.after.boot, one.after.sequence) <= (after.boot, after.sequence)
            and (before.boot, before.sequence) <= (one.before.boot, one.before.sequence)
        ]
        if around:
            return max(around, key=lambda one: (one.after.boot, one.after.sequence) if one.after else ("", 0)).reason
        ends = [one for one in known if not one.after and one.before == place(before.boot, before.sequence)]
        return next((one.reason for one in ends if one.reason in ALSO_BEFORE), None)

    found = account("AG1", "1s", held, [told(one) for one in gaps])
    assert [one.reason for one in found.breaks] == [reason(one.after, one.before) for one in found.breaks]
