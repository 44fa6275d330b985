"""The composite schedule against its definition, second by second; and the rules one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard_hil.halo.profiles import (
    Kind,
    Limit,
    Period,
    Profile,
    Purpose,
    Recurrency,
    Schedule,
    composite,
    limit_at,
)

NOW_UTC = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MOST = Limit(16.0, 3)
WINDOW_S = 90
DAY_S = 86_400


def after(seconds: float) -> datetime:
    return NOW_UTC + timedelta(seconds=seconds)


def schedule(
    *limits_a: float, every_s: int = 10, start: datetime | None = NOW_UTC, duration_s: int | None = None
) -> Schedule:
    periods = tuple(Period(number * every_s, Limit(limit_a)) for number, limit_a in enumerate(limits_a))
    return Schedule(periods=periods, start_utc=start, duration_s=duration_s)


def made(purpose: Purpose, what: Schedule, *, level: int = 0, kind: Kind = Kind.ABSOLUTE, **more: object) -> Profile:
    return Profile(
        number=1, connector=0, stack_level=level, purpose=purpose, kind=kind, schedule=what, **more,  # type: ignore[arg-type]  # fields by name
    )  # fmt: skip


# ------------------------------------------------------------------ the definition, as slow and plain as it can be


def said_by(one: Profile, second: int, since_s: int) -> Limit | None:
    """What a profile says at NOW + that second, counted in whole seconds from NOW."""

    def from_now(moment: datetime | None) -> int | None:
        return None if moment is None else int((moment - NOW_UTC).total_seconds())

    valid_from, valid_to, start = (
        from_now(each) for each in (one.valid_from_utc, one.valid_to_utc, one.schedule.start_utc)
    )
    if (valid_from is not None and second < valid_from) or (valid_to is not None and second >= valid_to):
        return None
    begin = since_s if one.kind is Kind.RELATIVE or start is None else start
    if one.kind is Kind.RECURRING:
        length = DAY_S if one.recurrency is Recurrency.DAILY else 7 * DAY_S
        while begin + length <= second:
            begin += length
    offset = second - begin
    if offset < 0 or (one.schedule.duration_s is not None and offset >= one.schedule.duration_s):
        return None
    said = None
    for period in one.schedule.periods:
        if period.start_s <= offset:
            said = period.limit
    return said


def allowed(profiles: list[Profile], second: int, since_s: int) -> Limit:
    def best(purpose: Purpose) -> Limit | None:
        saying = [
            (one.stack_level, one.connector > 0, said)
            for one in profiles
            if one.purpose is purpose and (said := said_by(one, second, since_s)) is not None
        ]
        return max(saying, key=lambda each: each[:2])[2] if saying else None

    transaction = best(Purpose.TX) or best(Purpose.TX_DEFAULT)
    found = [each for each in (MOST, best(Purpose.CHARGE_POINT_MAX), transaction) if each is not None]
    return Limit(min(each.current_a for each in found), min(each.phases for each in found))


SECONDS = st.integers(-120, 120)
LIMITS = st.builds(Limit, st.integers(0, 32).map(float), st.integers(1, 3))


@st.composite
def schedules(draw: st.DrawFn, *, started: bool) -> Schedule:
    starts = [0, *sorted(draw(st.sets(st.integers(1, 100), max_size=4)))]
    periods = tuple(Period(start_s, draw(LIMITS)) for start_s in starts)
    start = draw(SECONDS.map(after) if started else st.none() | SECONDS.map(after))
    return Schedule(periods=periods, start_utc=start, duration_s=draw(st.none() | st.integers(1, 120)))


@st.composite
def sets_of_profiles(draw: st.DrawFn) -> list[Profile]:
    """As they can be installed: each purpose has a level once for each connector."""
    places = draw(
        st.lists(
            st.tuples(st.sampled_from(Purpose), st.integers(0, 3), st.sampled_from((0, 1))), max_size=6, unique=True
        )
    )
    found = []
    for number, (purpose, level, connector) in enumerate(places):
        kind = draw(st.sampled_from(Kind))
        recurs = kind is Kind.RECURRING
        what = draw(schedules(started=recurs))
        if recurs and what.start_utc is not None:
            back = timedelta(days=draw(st.integers(0, 9)))
            what = Schedule(periods=what.periods, start_utc=what.start_utc - back, duration_s=what.duration_s)
        found.append(
            Profile(
                number=number,
                connector=connector,
                stack_level=level,
                purpose=purpose,
                kind=kind,
                schedule=what,
                recurrency=draw(st.sampled_from(Recurrency)) if recurs else None,
                valid_from_utc=draw(st.none() | SECONDS.map(after)),
                valid_to_utc=draw(st.none() | SECONDS.map(after)),
            )
        )
    return found


@given(sets_of_profiles(), st.integers(-100, 0))
def test_the_composite_is_what_holds_at_every_second(profiles: list[Profile], since_s: int) -> None:
    periods = composite(profiles, NOW_UTC, WINDOW_S, MOST, after(since_s))
    assert periods[0].start_s == 0
    assert all(one.limit != two.limit for one, two in pairwise(periods)), "no period twice"
    assert all(0 <= period.start_s < WINDOW_S for period in periods)
    for second in range(WINDOW_S):
        holds = [period.limit for period in periods if period.start_s <= second][-1]
        assert holds == allowed(profiles, second, since_s), f"at {second} s"
        assert MOST.lower(limit_at(profiles, after(second), after(since_s))) == holds


# ------------------------------------------------------------------ the rules


def test_without_a_profile_the_charger_itself_limits() -> None:
    assert limit_at([], NOW_UTC) is None
    assert composite([], NOW_UTC, 60, MOST) == (Period(0, MOST),)


def test_a_higher_level_holds_while_it_lasts_and_a_lower_one_shows_through() -> None:
    safe = made(Purpose.TX_DEFAULT, schedule(6.0))
    leased = made(Purpose.TX_DEFAULT, schedule(14.0, duration_s=60), level=5)
    assert composite([safe, leased], NOW_UTC, 120, MOST) == (Period(0, Limit(14.0)), Period(60, Limit(6.0)))


def test_a_tx_profile_holds_in_place_of_the_default_even_if_it_is_higher() -> None:
    default, own = made(Purpose.TX_DEFAULT, schedule(6.0), level=9), made(Purpose.TX, schedule(13.0))
    assert limit_at([default, own], NOW_UTC) == Limit(13.0)


def test_the_charge_points_own_is_never_passed() -> None:
    most, own = made(Purpose.CHARGE_POINT_MAX, schedule(8.0)), made(Purpose.TX, schedule(13.0))
    assert limit_at([most, own], NOW_UTC) == Limit(8.0)
    assert limit_at([most], NOW_UTC) == Limit(8.0)


def test_a_profile_for_the_connector_goes_before_that_of_the_charge_point() -> None:
    of_all = made(Purpose.TX_DEFAULT, schedule(8.0))
    own = Profile(
        number=2, connector=1, stack_level=0, purpose=Purpose.TX_DEFAULT, kind=Kind.ABSOLUTE, schedule=schedule(11.0)
    )
    assert limit_at([own, of_all], NOW_UTC) == limit_at([of_all, own], NOW_UTC) == Limit(11.0)


def test_a_schedule_without_a_start_counts_from_the_beginning_of_charging() -> None:
    for kind in (Kind.RELATIVE, Kind.ABSOLUTE):
        one = made(Purpose.TX_DEFAULT, schedule(6.0, 10.0, 16.0, start=None), kind=kind)
        assert limit_at([one], after(25.0), NOW_UTC) == Limit(16.0)
        assert limit_at([one], after(25.0)) == Limit(6.0), "nobody charges: as if it began now"


def test_a_daily_schedule_begins_anew() -> None:
    one = made(
        Purpose.TX_DEFAULT,
        schedule(6.0, 10.0, start=after(-3 * DAY_S)),
        kind=Kind.RECURRING,
        recurrency=Recurrency.DAILY,
    )
    assert limit_at([one], after(-1.0)) == limit_at([one], after(10.0)) == Limit(10.0)
    assert limit_at([one], NOW_UTC) == Limit(6.0)
    assert limit_at([one], after(-3 * DAY_S - 1)) is None, "not before its first day"


def test_a_profile_holds_from_its_first_to_before_its_last_moment() -> None:
    one = made(Purpose.TX_DEFAULT, schedule(6.0, start=after(-99.0)), valid_from_utc=NOW_UTC, valid_to_utc=after(5.0))
    found = [limit_at([one], after(second)) for second in (-0.001, 0.0, 4.999, 5.0)]
    assert found == [None, Limit(6.0), Limit(6.0), None]


def test_phases_are_the_fewest_that_are_said() -> None:
    single = Schedule(periods=(Period(0, Limit(16.0, 1)),), start_utc=NOW_UTC)
    most, own = made(Purpose.CHARGE_POINT_MAX, single), made(Purpose.TX, schedule(10.0))
    assert limit_at([most, own], NOW_UTC) == Limit(10.0, 1)


@pytest.mark.parametrize("fraction_s", [0.25, 0.999])
def test_what_changes_within_a_second_is_told_at_the_next_one(fraction_s: float) -> None:
    early = made(Purpose.CHARGE_POINT_MAX, schedule(9.0, start=after(10.1)))
    late = made(Purpose.CHARGE_POINT_MAX, schedule(6.0, start=after(10.0 + fraction_s)), level=1)
    assert composite([early, late], NOW_UTC, 60, MOST) == (Period(0, MOST), Period(11, Limit(6.0)))
