"""History, files and energy over HTTP."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.ampguard.journal.filled import BEGIN_S, at, filled
from tests.ampguard.web.unit import Unit, unit_at

from ampguard.readings import Interval
from ampguard.web import turns as turns_module
from ampguard.web.access.tokens import Scope
from ampguard.web.export import HEAD
from ampguard.web.refusal import RefusedError
from ampguard.web.turns import Turns

if TYPE_CHECKING:
    from starlette.types import Message

QUARTER_S = 900.0


def utc(end_s: float) -> str:
    return datetime.fromtimestamp(end_s, UTC).isoformat().replace("+00:00", "Z")


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path) as made:
        yield made


@pytest.fixture
def filled_unit(unit: Unit) -> Unit:
    seconds = [[at(n, BEGIN_S + n, current_rms_a=float(n % 60), wh=0.5 * n) for n in range(m, m + 60)] for m in (0, 60)]
    filled(unit.places.journal, seconds)
    return unit


def test_nobody_reads_it_unasked(filled_unit: Unit) -> None:
    for path in ("history?quantity=energy", "history.csv", "history.json", "energy"):
        answer = filled_unit.stranger.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["id"]) == (401, "sign-in-wanted")


def test_without_a_journal_it_is_said_with_when_to_ask_again(unit: Unit) -> None:
    for path in ("history?quantity=energy", "history.csv", "history.json", "energy"):
        answer = unit.owner.get(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["id"]) == (503, "no-journal")
        assert answer.json()["retry_after_s"] > 0.0


def test_an_empty_journal_has_an_empty_chart(unit: Unit) -> None:
    filled(unit.places.journal, [])
    answer = unit.owner.get("/api/v1/history?quantity=current_rms_a").json()
    assert set(answer["series"]["l1"]["values"]) == {None}
    assert unit.owner.get("/api/v1/energy").json() == {"end_utc": None, "ever": None, "periods": []}
    for moment in ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"):
        assert unit.owner.get(f"/api/v1/energy?since={moment}").status_code == 422
    assert unit.owner.get("/api/v1/history.csv").text.count("\r\n") == 1
    assert unit.owner.get("/api/v1/history.json").json()["rows"] == []


def test_readings_that_all_have_no_date_are_counted(unit: Unit) -> None:
    filled(unit.places.journal, [[at(n, None) for n in range(30)]])
    assert unit.owner.get("/api/v1/history?quantity=current_rms_a").json()["undated"] == 30


def test_the_newest_span_is_shown_where_no_other_is_asked_for(filled_unit: Unit) -> None:
    answer = filled_unit.owner.get("/api/v1/history?quantity=current_rms_a&span_s=59&step_s=10").json()
    assert (answer["interval"], answer["step_s"], answer["first_utc"]) == ("1s", 10.0, utc(BEGIN_S + 60.0))
    assert answer["series"]["l1"]["least"] == [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]
    assert answer["series"]["l1"]["most"] == [9.0, 19.0, 29.0, 39.0, 49.0, 59.0]


@pytest.mark.parametrize(
    "query",
    [
        "span_s=0",
        "span_s=4e7",
        "from=2026-01-01T00:00:00Z&to=2025-01-01T00:00:00Z",
        "from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z",
        "from=1700-01-01T00:00:00Z",
        "to=0001-01-01T00:00:00%2B14:00",
        "from=2026-01-01T00:00:00",
        "to=tomorrow",
    ],
)
def test_spans_that_cannot_be_are_refused(filled_unit: Unit, query: str) -> None:
    for path in ("history?quantity=energy&", "history.csv?", "history.json?"):
        answer = filled_unit.owner.get(f"/api/v1/{path}{query}")
        assert answer.status_code == 422
        assert answer.json()["id"] in {"unfit", "malformed"}


def test_both_files_hold_every_reading_of_the_span(filled_unit: Unit) -> None:
    query = f"from={utc(BEGIN_S + 30.0)}&to={utc(BEGIN_S + 90.0)}"
    answer = filled_unit.owner.get(f"/api/v1/history.csv?{query}")
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="ampguard-AB12345G-{datetime.fromtimestamp(BEGIN_S + 30.0, UTC):%Y%m%dT%H%M%SZ}-1s.csv"'
    )
    head, *rows = csv.reader(io.StringIO(answer.text, newline=""))
    assert tuple(head) == HEAD
    assert [row[head.index("current_rms_a.l1")] for row in rows] == [f"{float(n % 60)}" for n in range(30, 90)]
    assert {row[head.index("current_rms_a.l2")] for row in rows} == {""}
    assert rows[0][0] == datetime.fromtimestamp(BEGIN_S + 30.0, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    told = filled_unit.owner.get(f"/api/v1/history.json?{query}").json()
    assert (told["columns"], told["serial"], told["interval"]) == (head, "AB12345G", "1s")
    assert [row[0] for row in told["rows"]] == [row[0] for row in rows]
    assert told["rows"][0][head.index("current_rms_a.l2")] is None


def test_files_are_had_again_and_again(filled_unit: Unit) -> None:
    assert {filled_unit.owner.get("/api/v1/history.csv").status_code for _ in range(5)} == {200}


def test_energy_since_a_moment_is_the_growth_of_the_counters(unit: Unit) -> None:
    first = int(BEGIN_S // QUARTER_S) * QUARTER_S
    quarters = [at(n, first + (n + 1) * QUARTER_S - 0.1, Interval.MINUTES_15, wh=100.0 * (n + 1)) for n in range(8)]
    filled(unit.places.journal, [quarters, [at(1, first + 8 * QUARTER_S + 60.0, wh=810.0)]])
    since = [first + 4 * QUARTER_S, first - QUARTER_S, first + 8 * QUARTER_S]
    told = unit.owner.get("/api/v1/energy?" + "&".join(f"since={utc(one)}" for one in since)).json()
    assert told["ever"]["total_import_wh"] == 810.0
    assert [one["counted"]["total_import_wh"] for one in told["periods"]] == [410.0, 710.0, 10.0]
    assert [one["missing_s"] for one in told["periods"]] == [0.0, 0.0, 0.0]
    # before the journal begins nothing is known
    assert told["periods"][1]["from_utc"] > told["periods"][1]["since_utc"]
    assert told["periods"][0]["from_utc"] < told["periods"][0]["since_utc"]


def test_energy_tells_of_gaps_and_of_counters_that_were_set_back(unit: Unit) -> None:
    first = int(BEGIN_S // QUARTER_S) * QUARTER_S
    ends_and_wh = [(1, 100.0), (2, 200.0), (6, 300.0), (7, 50.0), (8, 60.0)]
    quarters = [at(n, first + n * QUARTER_S - 0.1, Interval.MINUTES_15, wh=wh) for n, wh in ends_and_wh]
    filled(unit.places.journal, [quarters, [at(1, first + 8 * QUARTER_S + 1.0, wh=61.0)]])
    (told,) = unit.owner.get(f"/api/v1/energy?since={utc(first + QUARTER_S)}").json()["periods"]
    assert told["counted"]["total_import_wh"] == 211.0
    assert told["was_set_back"]
    assert told["missing_s"] == pytest.approx(3 * QUARTER_S)


def test_more_than_a_few_moments_are_refused(filled_unit: Unit) -> None:
    assert filled_unit.owner.get("/api/v1/energy?" + "&".join([f"since={utc(BEGIN_S)}"] * 9)).status_code == 422
    assert filled_unit.owner.get("/api/v1/energy?since=2020-01-01T00:00:00Z").json()["id"] == "unfit"


def test_whoever_asks_while_others_do_is_told_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns_module, "WAIT_S", 0.01)

    async def ask() -> list[str]:
        turns, found = Turns(at_once=1, waiting=1), []
        async with turns.one():
            for _ in range(2):
                try:
                    async with turns.one():
                        found.append("let in")
                except RefusedError as why:
                    found.append(why.refusal.id)
        async with turns.one():
            found.append("let in")
        return found

    assert asyncio.run(ask()) == ["busy", "busy", "let in"]


def test_one_who_asks_does_not_take_the_turns_of_all() -> None:
    async def ask() -> list[str]:
        turns, found = Turns(at_once=2, waiting=0, each=1), []
        async with turns.one("his"):
            for who in ("his", "hers"):
                try:
                    async with turns.one(who):
                        found.append("let in")
                except RefusedError as why:
                    found.append(why.refusal.id)
        async with turns.one("his"):
            found.append("let in")
        return found

    assert asyncio.run(ask()) == ["busy", "let in", "let in"]


async def taken(unit: Unit, path: str, then: Callable[[], Awaitable[None]]) -> list[Message]:
    """What comes of a file that is taken away piece by piece; `then`: what is done at its second piece."""
    path, _, query = path.partition("?")
    cookie = unit.owner.client.headers["cookie"].encode()
    scope: dict[str, Any] = {
        "type": "http", "asgi": {"spec_version": "2.3"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "query_string": query.encode(), "headers": [(b"cookie", cookie)], "client": ("192.0.2.7", 5),
        "server": ("127.0.0.1", 80),
    }  # fmt: skip
    asked: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]
    sent: list[Message] = []

    async def receive() -> Message:
        if not asked:
            await asyncio.Event().wait()
        return asked.pop()

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 2:
            await then()

    await unit.app(scope, receive, send)
    return sent


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_file_that_is_cut_by_signing_out_has_no_end_and_is_no_defect(filled_unit: Unit, form: str) -> None:
    path = f"/api/v1/history.{form}?interval=1s"

    async def nothing() -> None:
        pass

    async def sign_out() -> None:
        filled_unit.access.sessions.end_all()

    whole = filled_unit.run(taken(filled_unit, path, nothing))
    assert whole[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    cut = filled_unit.run(taken(filled_unit, path, sign_out))
    assert len(cut) < len(whole)
    assert all(one["more_body"] for one in cut[1:])
    # and its turn is free again
    assert filled_unit.with_token(Scope.READ).get(path).status_code == 200


def test_a_session_takes_one_file_at_a_time_and_leaves_the_other_turn_to_others(filled_unit: Unit) -> None:
    path, found = "/api/v1/history.csv", list[int]()
    other = filled_unit.with_token(Scope.READ)

    async def meanwhile() -> None:
        found.extend([(await who.client.get(path)).status_code for who in (filled_unit.owner, other)])

    filled_unit.run(taken(filled_unit, path, meanwhile))
    assert found == [503, 200]
    assert filled_unit.owner.get(path).status_code == 200
