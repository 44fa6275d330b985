"""What a cloud answers: only the word that exactly this block is committed counts as that."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.uplink.entrance import BATCH, REFUSALS, committed

from ampguard.errors import UplinkFault
from ampguard.uplink import message
from ampguard.uplink.cloud.answer import LEAST_RETRY_S, LONGEST_RETRY_S, check, check_refusal, retry_after_s
from ampguard.uplink.faults import Busy, NeverTaken

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
PORTAL = b"<!doctype html><html><title>Welcome to the hotel</title></html>"


def complaint(status: int, body: bytes = b"", **headers: str) -> UplinkFault:
    with pytest.raises(UplinkFault) as caught:
        check(status, headers, body, BATCH, NOW)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_a_word_that_names_the_block_is_the_acknowledgement(status: int) -> None:
    check(status, {}, committed(), BATCH, NOW)
    check(status, {}, committed().replace(b"{", b'{"more": 1, '), BATCH, NOW)


def named(**changed: object) -> bytes:
    boot, first, last = BATCH.name
    return json.dumps({
        "committed": {"boot": boot, "first_sequence": first, "last_sequence": last} | changed
    }).encode()  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"",
        PORTAL,
        b"\xff\xfe\x00",
        b"{}",
        b"null",
        b"[]",
        b"[" * 100_000,
        b'{"committed": true}',
        b'{"committed": {}}',
        named(boot="another"),
        named(boot=None),
        named(first_sequence=16),
        named(last_sequence=77),
        named(first_sequence=17.0),
        named(first_sequence="17"),
        named(first_sequence=True),
        json.dumps({"boot": BATCH.boot, "first_sequence": 17, "last_sequence": 76}).encode(),
        committed() + b"}",
    ],
)
def test_nothing_else_is(body: bytes) -> None:
    assert type(complaint(200, body)) is UplinkFault


def test_true_is_not_one() -> None:
    batch = type(BATCH)(BATCH.boot, 1, 1, 1)
    with pytest.raises(UplinkFault):
        check(200, {}, committed(batch).replace(b": 1", b": true"), batch, NOW)


@pytest.mark.parametrize(
    ("status", "kind"), [*REFUSALS, *((status, UplinkFault) for status in (502, 504, 407, 302, 307, 304, 101))]
)
@pytest.mark.parametrize("body", [b"", PORTAL, committed()])
def test_each_answer_has_its_class_whatever_comes_with_it(status: int, kind: type[UplinkFault], body: bytes) -> None:
    found = complaint(status, body)
    assert type(found) is kind
    assert str(status) in str(found)


def refusal(of: bytes = b"a block", why: str = "no\nway\ud800") -> bytes:
    return message.refused(message.Refusal("no-block", why, message.digest(of)).body())


@pytest.mark.parametrize("status", [400, 409, 422, 499])
def test_a_refusal_that_names_what_was_sent_is_for_ever(status: int) -> None:
    with pytest.raises(NeverTaken) as caught:
        check_refusal(status, refusal(), BATCH, b"a block")
    assert caught.value.why == "no way"
    assert str(caught.value) == f"can never store records 17-76 of boot {BATCH.boot} ({status}): no way"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b""),
        (400, PORTAL),
        (422, b'{"id": "no-block", "refused": "no"}'),
        (422, refusal(b"another")),
        (422, refusal().replace(b'"refused"', b'"Refused"')),
        (422, b"[" * 100_000),
        (200, refusal()),
        (503, refusal()),
    ],
)
def test_any_other_refusal_is_not(status: int, body: bytes) -> None:
    check_refusal(status, body, BATCH, b"a block")


def test_somebody_elses_words_stay_short_and_on_one_line() -> None:
    text = str(complaint(400, b"no\r\nblock\x1b[31m\x00 \xff" + b"x" * 100_000))
    assert "no block" in text
    assert text.isprintable()
    assert len(text) < 400


def test_a_redirect_is_named() -> None:
    assert "http://portal.example/" in str(complaint(302, location="http://portal.example/"))


@pytest.mark.parametrize(
    ("text", "asked_s"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("0", LEAST_RETRY_S),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("0000000000000007", 7.0),
        ("3600", 3600.0),
        ("3601", LONGEST_RETRY_S),
        ("9" * 10_000, LONGEST_RETRY_S),
        ("Sat, 21 Nov 2026 12:01:30 GMT", 90.0),
        ("Saturday, 21-Nov-26 12:01:30 GMT", 90.0),
        ("Sat Nov 21 12:01:30 2026", 90.0),
        ("Fri, 20 Nov 2026 12:00:00 GMT", LEAST_RETRY_S),
        ("Sun, 21 Nov 2027 12:00:00 GMT", LONGEST_RETRY_S),
        ("Sat, 99 Nov 2026 12:00:00 GMT", None),
    ],
)
def test_how_long_it_asks_to_wait(text: str | None, asked_s: float | None) -> None:
    assert retry_after_s(text, None, NOW) == asked_s
    headers = {} if text is None else {"retry-after": text}
    found = complaint(503, b"", **headers)
    assert isinstance(found, Busy)
    assert found.retry_after_s == asked_s


def test_a_wrong_clock_of_ours_does_not_matter_where_the_answer_has_a_date() -> None:
    moment, date = "Sat, 21 Nov 2026 12:01:30 GMT", "Sat, 21 Nov 2026 12:01:00 GMT"
    assert retry_after_s(moment, date, datetime(1970, 1, 1, tzinfo=UTC)) == 30.0
    assert retry_after_s(moment, "nonsense", NOW) == 90.0


@given(st.text(max_size=60) | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,6} \d\d:\d\d:\d\d [-+A-Z\d]*"))
def test_whatever_it_says_the_wait_is_within_limits_or_unknown(text: str) -> None:
    for found in (retry_after_s(text, None, NOW), retry_after_s(text, text, NOW), retry_after_s("7", text, NOW)):
        assert found is None or LEAST_RETRY_S <= found <= LONGEST_RETRY_S


@given(st.integers(0, 10**30))
def test_seconds_are_seconds(asked: int) -> None:
    assert retry_after_s(str(asked), None, NOW) == min(max(asked, LEAST_RETRY_S), LONGEST_RETRY_S)


@given(st.integers(-100_000, 100_000), st.integers(-12, 12), st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1)))  # noqa: DTZ001 - Hypothesis wants them without a zone
def test_a_moment_is_as_far_as_it_is_in_any_zone(ahead_s: int, zone_hours: int, clock: datetime) -> None:
    now = clock.replace(tzinfo=UTC, microsecond=0)
    moment = (now + timedelta(seconds=ahead_s)).astimezone(timezone(timedelta(hours=zone_hours)))
    expected_s = min(max(ahead_s, LEAST_RETRY_S), LONGEST_RETRY_S)
    assert retry_after_s(format_datetime(moment), None, now) == expected_s
    assert retry_after_s(format_datetime(moment), format_datetime(now), NOW) == expected_s
