"""The blocks of a fleet are blocks like any unit's."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.block import decoded
from ampguard.uplink import message
from ampguard_hil.cloud.store import received
from ampguard_hil.fleet.pattern import Pattern, acknowledged_block

UTC_S, MONOTONIC_NS = 1_795_248_000.123, 17_000_000_123


@given(st.integers(1, message.RECORDS_AT_ONCE), st.integers(0, 10_000_000))
def test_a_block_holds_consecutive_readings_with_their_own_names_and_clocks(readings: int, number: int) -> None:
    found = decoded(Pattern(readings, "b0").block(number, UTC_S, MONOTONIC_NS))
    first = number * readings + 1
    assert [one["sequence"] for one in found] == list(range(first, first + readings))
    assert [one["monotonic_ns"] for one in found] == [MONOTONIC_NS + index * 10**9 for index in range(readings)]
    assert {one["boot"] for one in found} == {"b0"}
    assert found[0]["end_utc"] == "2026-11-21T08:00:00.123+00:00"


def test_whatever_it_does_not_replace_is_as_the_encoder_wrote_it() -> None:
    pattern = Pattern(3, "b0")
    found = decoded(pattern.block(0, UTC_S, MONOTONIC_NS))
    again = decoded(message.records(found))
    assert found == again
    assert len({json.dumps(one["voltage_rms_v"]) for one in found}) == 3


def test_the_cloud_takes_it() -> None:
    found = received("9900000000F", Pattern(10, "b0").block(7, UTC_S, MONOTONIC_NS))
    assert (found.boot, found.first_sequence, found.last_sequence, len(found.rows)) == ("b0", 71, 80, 10)


def test_a_reading_of_the_live_lane_is_the_last_one_of_the_block() -> None:
    pattern = Pattern(10, "b0")
    told = json.loads(pattern.live("9900000000F", 7, UTC_S, MONOTONIC_NS))
    last = decoded(pattern.block(7, UTC_S, MONOTONIC_NS))[-1]
    assert [told[key] for key in ("boot", "sequence", "end_utc", "monotonic_ns")] == [
        last[key] for key in ("boot", "sequence", "end_utc", "monotonic_ns")
    ]


def test_an_acknowledgement_names_its_block() -> None:
    pattern = Pattern(10, "b0")
    assert acknowledged_block(message.acknowledged("b0", 71, 80), pattern) == 7


@pytest.mark.parametrize(
    "payload",
    [
        message.acknowledged("b1", 71, 80),
        message.acknowledged("b0", 72, 81),
        message.acknowledged("b0", 71, 90),
        b"no JSON",
    ],
)
def test_an_acknowledgement_of_something_else_names_none(payload: bytes) -> None:
    assert acknowledged_block(payload, Pattern(10, "b0")) is None


@pytest.mark.parametrize("readings", [0, message.RECORDS_AT_ONCE + 1])
def test_a_block_that_no_unit_would_send_is_refused(readings: int) -> None:
    with pytest.raises(ValueError, match=rf"wanted from 1 to 60 readings in a block, met {readings}"):
        Pattern(readings, "b0")
