"""Commands are judged: done once, refused with a reason, never a defect whatever comes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.settings.commands import CommandName
from ampguard.uplink.commands import ledger as ledger_module
from ampguard.uplink.commands.commands import (
    LARGEST_COMMAND,
    RESEND_AT_MOST,
    Answer,
    Identify,
    Ping,
    Report,
    Resend,
    Status,
)
from ampguard.uplink.commands.ledger import AT_MOST_A_MINUTE, MINUTE_S, REMEMBERED, Ledger, Order, Response, Unsaid
from ampguard.uplink.heard import Arrived, Now

EVERY = frozenset(CommandName)
UTC_NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
TOPIC = "ampguard/AG1/"


def at(monotonic_s: float = 0.0, *, trusted: bool = True) -> Now:
    return Now(UTC_NOW + timedelta(seconds=monotonic_s), monotonic_s, trusted)


def asked(
    name: str,
    correlation: object = "c1",
    *,
    retained: bool = False,
    data: bytes | None = None,
    answer_to: str | None = None,
    **more: object,
) -> Arrived:
    body = {"schema": 1, "correlation": correlation, **more}
    return Arrived(
        f"command/{name}", json.dumps(body).encode(), retained=retained, correlation_data=data, response_topic=answer_to
    )


def ledger(allowed: frozenset[CommandName] = EVERY) -> Ledger:
    return Ledger(TOPIC, allowed)


def done(order: Order, **result: object) -> Answer:
    return Answer(correlation=order.correlation, status=Status.DONE, reason=None, result=result)


def refusal(found: object) -> str:
    assert isinstance(found, Response)
    assert found.answer.status is Status.REFUSED
    assert found.answer.result == {}
    return str(found.answer.reason)


# ---------------------------------------------------------------- what is done


@pytest.mark.parametrize(
    ("name", "arguments", "task"),
    [
        ("ping", None, Ping(None)),
        ("ping", {"echo": "hello"}, Ping("hello")),
        ("identify", {}, Identify(10.0)),
        ("identify", {"duration_s": 3}, Identify(3.0)),
        ("resend", {"boot": "b", "first_sequence": 1, "last_sequence": 60}, Resend("b", 1, 60)),
        ("report", {}, Report()),
    ],
)
def test_a_command_that_is_allowed_is_done(name: str, arguments: object, task: object) -> None:
    order = ledger().heard(asked(name, arguments=arguments), at())
    assert isinstance(order, Order)
    assert order.task == task
    assert order.way.lane == f"response/{name}"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ping", {"echo": 1}),
        ("ping", {"echo": "x" * 257}),
        ("ping", {"loud": True}),
        ("identify", {"duration_s": 0.5}),
        ("identify", {"duration_s": True}),
        ("identify", {"duration_s": 10**400}),
        ("report", {"all": True}),
        ("resend", {}),
        ("resend", {"boot": "", "first_sequence": 1, "last_sequence": 2}),
        ("resend", {"boot": "b", "first_sequence": 2, "last_sequence": 1}),
        ("resend", {"boot": "b", "first_sequence": 1, "last_sequence": RESEND_AT_MOST + 1}),
        ("resend", {"boot": "b", "first_sequence": True, "last_sequence": 2}),
        ("resend", {"boot": "b", "first_sequence": -1, "last_sequence": 2}),
        ("ping", [1]),
        ("ping", "text"),
    ],
)
def test_arguments_that_are_not_the_commands_are_refused(name: str, arguments: object) -> None:
    assert refusal(ledger().heard(asked(name, arguments=arguments), at()))


# ---------------------------------------------------------------- once


def test_the_same_correlation_is_done_once_and_answered_again() -> None:
    book = ledger()
    order = book.heard(asked("ping"), at())
    assert isinstance(order, Order)
    assert book.heard(asked("ping"), at()) is None, "it is under way: its answer will come"
    answer = done(order, echo=None)
    book.finished(order, answer)
    again = book.heard(asked("ping", data=b"other"), at(5.0))
    assert isinstance(again, Response)
    assert again.answer is answer
    assert again.way.correlation_data == b"other", "the answer goes where it is asked for now"


def test_an_answer_is_given_again_also_when_the_command_has_expired_since() -> None:
    book = ledger()
    command = asked("ping", expires_utc="2026-11-21T10:00:10Z")
    order = book.heard(command, at())
    assert isinstance(order, Order)
    book.finished(order, done(order))
    assert isinstance(book.heard(command, at(60.0)), Response)


def test_a_correlation_of_another_command_is_refused() -> None:
    book = ledger()
    order = book.heard(asked("ping"), at())
    assert isinstance(order, Order)
    book.finished(order, done(order))
    assert "another command's" in refusal(book.heard(asked("report"), at()))
    assert "another command's" in refusal(book.heard(asked("ping", arguments={"echo": "x"}), at()))


def test_a_hundred_are_remembered() -> None:
    book = ledger()
    for number in range(REMEMBERED + 1):
        order = book.heard(asked("ping", f"c{number}"), at(number * 10.0))
        assert isinstance(order, Order)
        book.finished(order, done(order))
    later = at(REMEMBERED * 10.0 + 10.0)
    assert isinstance(book.heard(asked("ping", "c1"), later), Response)
    assert isinstance(book.heard(asked("ping", "c0"), later), Order), "the oldest is forgotten"


def test_a_refusal_is_not_remembered() -> None:
    book = ledger()
    first = book.heard(asked("ping", "a"), at())
    assert isinstance(first, Order)
    assert "busy: ping" in refusal(book.heard(asked("report", "b"), at()))
    book.finished(first, done(first))
    assert isinstance(book.heard(asked("report", "b"), at()), Order)


# ---------------------------------------------------------------- refused


def test_nothing_is_allowed_unless_the_owner_says_so() -> None:
    book = ledger(frozenset())
    for name in CommandName:
        assert "allow-list" in refusal(book.heard(asked(name.value), at()))


def test_a_name_that_is_no_command_is_unknown() -> None:
    found = ledger().heard(asked("format_disk"), at())
    assert isinstance(found, Response)
    assert found.answer.status is Status.UNKNOWN
    assert "ping" in str(found.answer.reason)


def test_a_retained_command_is_refused_and_taking_it_away_is_nothing() -> None:
    assert "retained" in refusal(ledger().heard(asked("ping", retained=True), at()))
    assert ledger().heard(Arrived("command/ping", b""), at()) is None


def test_an_expired_command_is_refused() -> None:
    book = ledger()
    assert "expired at" in refusal(book.heard(asked("ping", expires_utc="2026-11-21T09:59:59Z"), at()))
    assert "clock" in refusal(book.heard(asked("ping", expires_utc="2026-11-21T10:01:00Z"), at(trusted=False)))
    assert isinstance(book.heard(asked("ping", expires_utc="2026-11-21T12:00:01+02:00"), at()), Order)


@pytest.mark.parametrize("moment", ["soon", "2026-11-21T10:00:00", 17, "0001-01-01T00:00:00+23:59", ""])
def test_an_expiry_that_is_no_moment_is_refused(moment: object) -> None:
    assert "expires_utc" in refusal(ledger().heard(asked("ping", expires_utc=moment), at()))


def test_only_so_many_within_a_minute() -> None:
    book = ledger()
    for number in range(AT_MOST_A_MINUTE):
        order = book.heard(asked("ping", f"c{number}"), at(number * 0.1))
        assert isinstance(order, Order)
        book.finished(order, done(order))
    assert "busy" in refusal(book.heard(asked("ping", "one more"), at(30.0)))
    assert isinstance(book.heard(asked("ping", "one more"), at(MINUTE_S)), Order)


@pytest.mark.parametrize("schema", [None, 2, "1", True, 1.0])
def test_another_version_of_the_schema_is_refused(schema: object) -> None:
    assert "schema" in refusal(ledger().heard(asked("ping", schema=schema), at()))


def test_a_message_that_is_too_long_is_not_read() -> None:
    long = Arrived("command/ping", b'{"schema": 1, "correlation": "a", "x": "' + b"x" * LARGEST_COMMAND + b'"}')
    found = ledger().heard(long, at())
    assert isinstance(found, Unsaid)
    assert str(LARGEST_COMMAND) in found.reason


# ---------------------------------------------------------------- where the answer goes


def test_mqtt_5_says_where_the_answer_goes() -> None:
    found = ledger().heard(asked("ping", data=b"\x00\xff", answer_to=f"{TOPIC}response/desk/7"), at())
    assert isinstance(found, Order)
    assert (found.way.lane, found.way.correlation_data) == ("response/desk/7", b"\x00\xff")


@pytest.mark.parametrize(
    "topic",
    [
        "ampguard/AG2/response/x",
        f"{TOPIC}state",
        f"{TOPIC}response/",
        f"{TOPIC}response/+",
        f"{TOPIC}response/{'x' * 300}",
    ],
)
def test_an_answer_goes_nowhere_but_below_the_units_responses(topic: str) -> None:
    found = ledger().heard(asked("ping", answer_to=topic), at())
    assert "response topic" in refusal(found)
    assert isinstance(found, Response)
    assert found.way.lane == "response/ping"


@pytest.mark.parametrize("correlation", [None, "", "x" * 65, 7, ["c"]])
def test_without_a_correlation_only_mqtt_5_can_be_answered(correlation: object) -> None:
    assert isinstance(ledger().heard(asked("ping", correlation), at()), Unsaid)
    found = ledger().heard(asked("ping", correlation, data=b"d"), at())
    assert "correlation" in refusal(found)
    assert isinstance(found, Response)
    assert found.answer.correlation is None


def test_correlation_data_is_not_carried_back_without_end() -> None:
    assert isinstance(ledger().heard(asked("ping", data=b"x" * 64), at()), Order)
    assert isinstance(ledger().heard(asked("ping", data=b"x" * 65), at()), Unsaid)


@pytest.mark.parametrize("name", ["", "a/b", "ä", "x" * 65, "a b", "a\n"])
def test_a_name_that_is_no_name_is_only_logged(name: str) -> None:
    assert isinstance(ledger().heard(asked(name), at()), Unsaid)


# ---------------------------------------------------------------- whatever comes

PAYLOADS = st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["schema", "correlation", "arguments", "expires_utc", "boot", "echo", "duration_s"]), inner
        )
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())
NAMES = st.sampled_from([*(name.value for name in CommandName), "other"]) | st.text(max_size=5)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(NAMES, PAYLOADS, st.booleans(), st.none() | st.binary(max_size=4), st.none() | st.text(max_size=5)),
        max_size=8,
    )
)
def test_no_bytes_are_a_defect_and_every_answer_can_be_sent(
    many: list[tuple[str, bytes, bool, bytes | None, str | None]],
) -> None:
    book = ledger()
    for name, payload, retained, data, answer_to in many:
        found = book.heard(
            Arrived(f"command/{name}", payload, retained=retained, correlation_data=data, response_topic=answer_to),
            at(),
        )
        match found:
            case Order():
                book.finished(found, done(found))
            case Response():
                json.dumps(found.answer.body(), allow_nan=False)
                assert found.way.lane.startswith("response/")
                assert str(found.answer.reason).isprintable()
            case Unsaid(reason):
                assert reason.isprintable()
            case None:
                assert payload == b""


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 4000,
        b'{"a":' * 800,
        b"1" * 4096,
        b"\xff\xfe{\x00}\x00",
        b'{"correlation": NaN}',
        b'{"correlation": "\\ud800"}',
    ],
)
def test_what_breaks_parsers_does_not_break_this_one(payload: bytes) -> None:
    assert isinstance(ledger().heard(Arrived("command/ping", payload), at()), Unsaid | Response)


def test_arguments_that_are_nested_deeply_are_refused() -> None:
    deep = b'{"schema":1,"correlation":"c","arguments":{"echo":' + b"[" * 900 + b"]" * 900 + b"}}"
    assert isinstance(ledger().heard(Arrived("command/ping", deep), at()), Unsaid | Response)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0.0, 5.0)), max_size=40))
def test_a_correlation_is_never_done_twice(steps: list[tuple[str, bool, float]]) -> None:
    book = ledger()
    begun: list[str] = []
    open_order: Order | None = None
    now_s = 0.0
    for correlation, finish, passed_s in steps:
        now_s += passed_s
        found = book.heard(asked("ping", correlation), at(now_s))
        if isinstance(found, Order):
            assert open_order is None, "one at a time"
            open_order = found
            begun.append(correlation)
        if finish and open_order is not None:
            book.finished(open_order, done(open_order))
            open_order = None
    assert len(begun) == len(set(begun))


def test_what_is_remembered_is_bounded() -> None:
    assert ledger_module.REMEMBERED <= 100
