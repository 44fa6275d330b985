"""What units bring is looked at before any store sees it: nonsense is refused whole."""

from __future__ import annotations

import json
import zlib

import pytest
from tests.ampguard.journal.made import reading
from tests.ampguard_hil.cloud.test_store import block, body, with_each

from ampguard.block import encoded
from ampguard.readings import Json
from ampguard_hil.cloud.arrived import LONGEST_NAME, RefusedBlockError, received, received_event


def changed(**fields: Json) -> bytes:
    return encoded([body(reading(1)) | fields])


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"nonsense",
        encoded([]),
        zlib.compress(b"{}"),
        encoded([{"a": 1}]),
        changed(sequence=0),
        changed(sequence=-1),
        changed(sequence="1"),
        changed(sequence=None),
        changed(sequence=True),
        changed(sequence=1 << 63),
        changed(interval=None),
        changed(interval=1),
        changed(boot=None),
        changed(boot=""),
        changed(boot="b" * (LONGEST_NAME + 1)),
        changed(boot="b\0"),
        changed(boot="\ud800"),
        changed(end_utc=1795248000),
        changed(quality=None),
        changed(quality="overrun"),
        changed(quality=[1]),
        changed(quality=[["overrun"]]),
        changed(monotonic_ns=1 << 63),
        changed(monotonic_ns=0.5),
        changed(windows="5"),
        changed(frequency_hz="50"),
        changed(frequency_hz=True),
        changed(frequency_hz=[50.0]),
        changed(clock_quality="\0"),
        changed(clock_quality="\udfff"),
        with_each("frequency_hz", [50.0, float("nan")]),
        with_each("frequency_hz", [None, float("inf")]),
        with_each("frequency_hz", [10**400, 1.0]),
        with_each("interval", ["1s", []]),
        encoded([body(reading(1, boot="a")), body(reading(1, boot="b"))]),
    ],
)
def test_what_is_no_block_of_readings_is_refused(payload: bytes) -> None:
    with pytest.raises(RefusedBlockError):
        received("AG1", payload)


@pytest.mark.parametrize("serial", ["", "\0", "A" * (LONGEST_NAME + 1), "\ud800"])
def test_a_serial_that_no_store_can_keep_is_refused(serial: str) -> None:
    with pytest.raises(RefusedBlockError):
        received(serial, block(1))
    with pytest.raises(RefusedBlockError):
        received_event(serial, json.dumps({"schema": 1, "serial": serial, "boot": "boot", "sequence": 1}).encode())


def test_a_later_units_new_field_does_not_matter() -> None:
    assert received("AG1", changed(invented_v=3.5)).rows == received("AG1", block(1)).rows


def test_an_earlier_units_missing_field_is_absent() -> None:
    fields = body(reading(1))
    del fields["health"]
    assert received("AG1", encoded([fields])).rows[0][-1] is None


def test_a_block_tells_what_is_to_be_acknowledged() -> None:
    found = received("AG1", block(3, 4, 9))
    assert (found.serial, found.boot, found.first_sequence, found.last_sequence) == ("AG1", "boot", 3, 9)


def told(**fields: Json) -> bytes:
    return json.dumps({"schema": 1, "serial": "AG1", "boot": "boot", "sequence": 7} | fields).encode()


def nested(depth: int) -> Json:
    """So many lists, one in the other."""
    found: list[Json] = []
    for _ in range(depth - 1):
        found = [found]
    return found


def test_an_event_may_be_as_deep_as_any_that_a_unit_tells() -> None:
    assert received_event("AG1", told(event=nested(49))).sequence == 7


def test_an_event_is_kept_word_for_word() -> None:
    moment = '"utc": "2026-01-01T00:00:00Z"'
    sent = f'{{"schema": 1, "serial": "AG1", "boot": "ä", "sequence": 7, "kind": "gap", {moment}, "é": [1.50]}}'
    found = received_event("AG1", sent.encode())
    assert (found.serial, found.boot, found.sequence, found.kind, found.utc) == (
        "AG1",
        "ä",
        7,
        "gap",
        "2026-01-01T00:00:00Z",
    )
    assert found.monotonic_ns is None
    assert found.body == sent


def test_a_voltage_event_says_when_it_began() -> None:
    found = received_event("AG1", told(start_utc="2026-01-01T00:00:00+00:00", start_monotonic_ns=5))
    assert (found.kind, found.utc, found.monotonic_ns) == ("voltage", "2026-01-01T00:00:00+00:00", 5)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"nonsense",
        b"[]",
        b"null",
        b"\xff",
        b'{"schema":1,"serial":"AG1","boot":"boot","sequence":7,"a":NaN}',
        b"[" * 100_000,
        told(event=nested(50)),
        told(event=nested(900)),
        told(schema=2),
        told(serial="AG2"),
        told(serial=None),
        told(boot=None),
        told(boot=""),
        told(boot="\0"),
        told(sequence=0),
        told(sequence=1.0),
        told(sequence=True),
        told(sequence="7"),
        told(sequence=1 << 63),
        told(kind=None),
        told(kind=""),
        told(kind="k" * (LONGEST_NAME + 1)),
        told(utc=5),
        told(utc="\ud800"),
        told(monotonic_ns="5"),
        told(start_monotonic_ns=-(1 << 63) - 1),
    ],
)
def test_what_is_no_event_of_that_unit_is_refused(payload: bytes) -> None:
    with pytest.raises(RefusedBlockError):
        received_event("AG1", payload)
