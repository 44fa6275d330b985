"""Who has a device since a moment is told what was since then: not how many there were before, nor what was missing."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text
from tests.ampguard.journal.made import reading
from tests.ampguard_hil.cloud.test_pages import browser
from tests.ampguard_hil.cloud.test_store import event
from tests.ampguard_hil.cloud.test_stored_account import SECOND_NS, Unit, body, dated, utc
from tests.ampguard_hil.cloud.world import SERIAL, Cloud, cloud

from ampguard.block import encoded
from ampguard.events import GapReason
from ampguard.readings import recorded
from ampguard_hil.cloud.account import End
from ampguard_hil.cloud.demonstration import OPERATOR, OWNER
from ampguard_hil.cloud.discretion import NOT_TOLD
from ampguard_hil.cloud.store import ReceivedEvent, Store, open_store, received

FIRST, ANOTHER = [*range(1, 11), *range(15, 21)], range(31, 41)


@pytest.fixture
def unit(where: str) -> Iterator[Unit]:
    with contextlib.closing(open_store(where)) as store:
        yield Unit(store)


def test_a_gap_of_ones_own_time_is_told_and_none_of_before(unit: Unit) -> None:
    unit.run("first", FIRST, GapReason.NEW_JOURNAL)
    unit.run("another", ANOTHER, GapReason.RESTART)
    found = unit.store.account("AG1", since_utc=utc(17))
    assert (found.readings, found.first, found.complete) == (14, End("first", 13, utc(17), 17 * SECOND_NS), True)
    [only] = found.breaks
    assert (only.after, only.reason, only.duration_s) == (End("first", 16, utc(20), 20 * SECOND_NS), "restart", 10.0)
    assert (found.events, found.missing_events) == (2, 0)


def test_a_gap_that_began_before_is_told_without_when_and_how_much(unit: Unit) -> None:
    unit.run("first", FIRST, GapReason.NEW_JOURNAL)
    unit.run("another", ANOTHER, GapReason.RESTART)
    unit.run("last", [41, 42, 47], GapReason.RESTART)
    for since_s in (12, 21, 30):
        begun = unit.store.account("AG1", since_utc=utc(since_s)).breaks[0]
        assert (begun.after, begun.missing, begun.duration_s) == (None, None, None)
        assert begun.reason == ("samples_lost" if since_s == 12 else "restart")


def test_of_what_was_before_nothing_is_told_whenever_it_was_claimed(unit: Unit) -> None:
    unit.run("first", FIRST, GapReason.NEW_JOURNAL)
    unit.run("another", ANOTHER, GapReason.RESTART)
    late = [
        replace(reading(n, boot="another"), monotonic_ns=(30 + n) * SECOND_NS, end_utc=utc(30 + n)) for n in (15, 16)
    ]
    unit.store.commit([received("AG1", encoded([body(recorded(one)) for one in late]))])
    for since_s in range(1, 50):
        since_utc = utc(since_s)
        found = unit.store.account("AG1", since_utc=since_utc)
        assert found.readings == sum(second >= since_s for second in (*FIRST, *ANOTHER, 45, 46))
        told = [found.first, found.last, *(end for one in found.breaks for end in (one.after, one.before))]
        assert all(end.utc >= since_utc for end in told if end is not None and end.utc is not None)
        assert found.complete is (since_s > 45), "the gap that nobody explains ends with second 45"


def test_what_has_no_time_of_day_is_told_where_it_surely_was_afterwards(unit: Unit) -> None:
    unit.run("before", range(1, 6), GapReason.NEW_JOURNAL, dated=False, kernel="one")
    unit.run("dated", range(21, 26), GapReason.POWER_OFF, kernel="two")
    unit.run("after", range(1, 4), GapReason.POWER_OFF, dated=False, kernel="three")
    assert dated(unit.store) == 0

    def told(since_utc: str) -> tuple[int, int, set[str]]:
        boots = {one.boot for one in unit.store.newest("AG1", 100, since_utc=since_utc)}
        undated = unit.store.undated("AG1", since_utc=since_utc)
        assert unit.store.account("AG1", since_utc=since_utc).undated == undated
        return undated, unit.store.account("AG1", since_utc=since_utc).events, boots

    assert told("") == (8, 6, {"before", "dated", "after"})
    assert told(utc(10)) == (3, 4, {"dated", "after"})
    assert told(utc(22)) == (3, 2, {"after"})
    assert told(utc(40)) == (0, 0, set()), "whether the last run was before or after it nobody knows"
    assert [one.utc for one in unit.store.newest("AG1", 100, since_utc=utc(22))] == [None, None]


def test_numbers_of_events_that_were_left_out_before_are_missed_by_nobody_else(unit: Unit) -> None:
    happened = [ReceivedEvent("AG1", "one", n, "wiring", utc(n), n * SECOND_NS, "{}") for n in (2, 5, 9, 10)]
    unit.store.commit([], happened)
    # of a run whose beginning is not stored it is not known that it began afterwards
    for since_s, stored, missing in ((0, 4, 6), (1, 4, 5), (5, 3, 3), (6, 2, 0), (10, 1, 0), (11, 0, 0)):
        found = unit.store.account("AG1", since_utc=utc(since_s) if since_s else "")
        assert (found.events, found.missing_events) == (stored, missing)


def test_what_began_before_and_was_told_afterwards_is_no_missing_event(unit: Unit) -> None:
    unit.run("one", range(1, 21), GapReason.NEW_JOURNAL)
    lasting = [("overload", 15), ("voltage", 10), ("phase_loss", 16), ("voltage", 11)]
    happened = [
        ReceivedEvent("AG1", "one", number, kind, utc(second), second * SECOND_NS, "{}")
        for number, (kind, second) in enumerate(lasting, start=3)
    ]
    unit.store.commit([], [*happened, replace(happened[2], sequence=9)])
    for since_s, stored, missing in ((0, 7, 2), (1, 7, 2), (11, 4, 2), (12, 3, 2), (16, 2, 2), (17, 0, 0)):
        found = unit.store.account("AG1", since_utc=utc(since_s) if since_s else "")
        assert (found.events, found.missing_events) == (stored, missing)
    unit.store.commit([], [replace(happened[1], sequence=7), replace(happened[1], sequence=8)])
    assert unit.store.account("AG1", since_utc=utc(12)).complete


def test_the_newest_events_are_the_last_of_all_of_them(where: str) -> None:
    with contextlib.closing(open_store(where)) as store:
        for number, boot, kind in (
            (4, "z", "gap"),
            (2, "a", "wiring"),
            (3, "z", "gap"),
            (1, "a", "gap"),
            (9, "k", "x"),
        ):
            one = replace(event(number, boot=boot, kind=kind), utc=utc(number))
            store.commit([], [one, replace(one, serial="AG2")])
        for limit in range(1, 7):
            for without in (None, "gap", "x", "nonesuch"):
                for since_utc in ("", utc(2), utc(3), utc(10)):
                    every = [one for one in reversed(store.events("AG1")) if one.kind != without]
                    wanted = [one for one in every if (one.utc or "") >= since_utc][:limit]
                    assert store.newest("AG1", limit, without=without, since_utc=since_utc) == wanted


def gaps_told(store: Store, since_s: int) -> list[tuple[str | None, str | None, float | None]]:
    """The runs of the two readings, and the length; the newest first."""
    bodies = [json.loads(one.body)["event"] for one in store.newest("AG1", 9, since_utc=utc(since_s), without="start")]
    return [
        (one["after"] and one["after"]["boot"], one["before"] and one["before"]["boot"], one["duration_s"])
        for one in bodies
    ]


def test_an_event_names_no_reading_that_is_not_known_to_be_from_afterwards(unit: Unit) -> None:
    unit.run("first", FIRST, GapReason.NEW_JOURNAL)
    unit.run("another", ANOTHER, GapReason.RESTART)
    unit.run("after", range(51, 54), GapReason.RESTART, dated=False, kernel="other")
    unit.run("later", range(61, 64), GapReason.RESTART, dated=False, kernel="other")
    behind = [("after", "later", 7.0), ("another", "after", 10.0)]
    assert gaps_told(unit.store, 17) == [*behind, ("first", "another", 10.0)]
    assert gaps_told(unit.store, 21) == [*behind, (None, "another", None)]
    assert gaps_told(unit.store, 40) == behind
    assert [one.body for one in unit.store.newest("AG1", 99)] == [one.body for one in unit.store.events("AG1")[::-1]]


def test_a_gap_that_is_told_afterwards_tells_nothing_of_before(unit: Unit) -> None:
    """The cloud would not have it, or nobody took it in time: that shows when it shows."""
    unit.run("first", FIRST, GapReason.NEW_JOURNAL)
    unit.run("another", ANOTHER, GapReason.RESTART)
    marks = [
        {"boot": "first", "sequence": n, "end_utc": end, "monotonic_ns": None} for n, end in ((3, utc(3)), (9, None))
    ]
    gap = {"reason": "refused", "after": marks[0], "before": marks[1], "duration_s": 5.0}
    told = {"event": gap, "boot": "another"}
    unit.store.commit([], [ReceivedEvent("AG1", "another", 3, "gap", utc(40), None, json.dumps(told))])
    assert gaps_told(unit.store, 40) == [(None, None, None)]
    (hidden,) = unit.store.newest("AG1", 1, since_utc=utc(40))
    assert json.loads(hidden.body) == {
        "event": {"reason": "refused", "after": None, "before": None, "duration_s": None},
        "boot": "another",
    }


def test_what_a_setting_was_before_is_told_from_its_second_change_on(unit: Unit) -> None:
    def changed(number: int, second: int, **names: str) -> ReceivedEvent:
        changes = [{"name": name, "before": f"{value} before", "after": value} for name, value in names.items()]
        body = json.dumps({"event": {"changes": changes}})
        return ReceivedEvent("AG1", "one", number, "configuration", utc(second), None, body)

    happened = [changed(1, 5, a="1"), changed(2, 10, a="2", b="1"), changed(3, 15, a="3"), changed(4, 20, a="4", c="2")]
    unit.store.commit([], happened)

    def told(since_s: int, limit: int) -> list[list[str]]:
        found = unit.store.newest("AG1", limit, since_utc=utc(since_s))
        return [[one["before"] for one in json.loads(event.body)["event"]["changes"]] for event in found]

    assert told(10, 9) == [["4 before", NOT_TOLD], ["3 before"], [NOT_TOLD, NOT_TOLD]]
    assert told(10, 1) == [["4 before", NOT_TOLD]]
    assert told(20, 9) == [[NOT_TOLD, NOT_TOLD]]
    assert unit.store.newest("AG1", 9) == happened[::-1]


def test_what_was_wired_before_is_told_from_the_second_change_on(unit: Unit) -> None:
    def changed(number: int, second: int, before: str, after: str) -> ReceivedEvent:
        body = json.dumps({"event": {"before": before, "after": after, "sentence": "why", "confidence_ratio": 0.99}})
        return ReceivedEvent("AG1", "one", number, "assignment", utc(second), None, body)

    happened = [changed(1, 5, "a", "b"), changed(2, 10, "b", "c"), changed(3, 15, "c", "d")]
    unit.store.commit([], happened)

    def told(since_s: int, limit: int) -> list[str | None]:
        found = unit.store.newest("AG1", limit, since_utc=utc(since_s))
        return [json.loads(event.body)["event"]["before"] for event in found]

    assert told(10, 9) == ["c", None]
    assert told(10, 1) == ["c"]
    assert told(15, 9) == [None]
    assert unit.store.newest("AG1", 9) == happened[::-1]


def claimed(found: Cloud, moment_utc: str) -> None:
    with found.registry.database.writing() as connection:
        connection.execute(text("UPDATE device SET claimed_utc = :moment"), {"moment": moment_utc})


def lived(store: Store) -> None:
    """Before and after the half minute; the last run does not know the time."""
    unit = Unit(store, SERIAL)
    unit.run("never", range(1, 4), GapReason.NEW_JOURNAL, dated=False, kernel="zero")
    unit.run("first", FIRST, GapReason.POWER_OFF)
    unit.run("another", ANOTHER, GapReason.RESTART)
    unit.run("unknown", range(1, 6), GapReason.POWER_OFF, dated=False, kernel="other")


def test_an_owner_is_told_what_was_since_the_claim_and_an_operator_everything(where: str) -> None:
    with cloud(where) as found, contextlib.closing(open_store(where)) as store:
        lived(store)
        claimed(found, utc(25))
        with found.client(OWNER) as owner, found.client(OPERATOR) as operator:
            told, whole = (one.get(f"/v1/devices/{SERIAL}/completeness").json() for one in (owner, operator))
            assert (told["readings"], whole["readings"]) == (15, 34)
            assert (told["undated"], whole["undated"]) == (5, 8)
            assert (told["first"]["utc"], told["first"]["boot"]) == (utc(31), "another")
            assert [one["after"] and one["after"]["boot"] for one in told["breaks"]] == [None, "another"]
            assert len(whole["breaks"]) == 4
            assert "first" not in str(told["breaks"]) + told["sentence"]
            undated = [one.get(f"/v1/devices/{SERIAL}/history").json()["undated"] for one in (owner, operator)]
            assert undated == [5, 8]
            events = [one.get(f"/v1/devices/{SERIAL}/events").json() for one in (owner, operator)]
            assert [{one["boot"] for one in told} for told in events] == [
                {"another", "unknown"},
                {"never", "first", "another", "unknown"},
            ]
            assert {one["utc"] for one in events[0] if one["boot"] == "unknown"} == {None}
            begun = next(one for one in events[0] if one["kind"] == "gap" and one["boot"] == "another")
            assert (begun["event"]["after"], begun["event"]["duration_s"]) == (None, None)
            assert begun["event"]["reason"] == "restart"
            few = owner.get(f"/v1/devices/{SERIAL}/events", params={"limit": 1}).json()
            assert few == events[0][:1]


def test_a_page_shows_as_much(where: str) -> None:
    with cloud(where) as found, contextlib.closing(open_store(where)) as store:
        lived(store)
        claimed(found, utc(25))
        with browser(found, OWNER) as owner, browser(found, OPERATOR) as operator:
            shown, whole = (one.get(f"/devices/{SERIAL}").text for one in (owner, operator))
        for sentence, who in (
            ("15 readings, no second missing between 2026-11-21 10:00:31 UTC", shown),
            ("5 readings without a time of day", shown),
            ("34 readings, no second missing", whole),
            ("8 readings without a time of day", whole),
        ):
            assert sentence in who
        assert shown.count("Measuring began") == 2
        assert whole.count("Measuring began") == 4
        assert "10:00:10" not in shown
        assert "10:00:10" in whole
