"""Limits of single chargers: a lease of seconds, never nonsense, never an older one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.uplink.commands import chargerlimits
from ampguard.uplink.commands.chargerlimits import Given
from ampguard.uplink.heard import Arrived, Now, Unusable

UTC_NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def at(monotonic_s: float = 0.0, *, trusted: bool = True) -> Now:
    return Now(UTC_NOW + timedelta(seconds=monotonic_s), monotonic_s, trusted)


def arrived(issued_s: float = 0.0, *, retained: bool = False, **more: object) -> Arrived:
    body = {
        "schema": 1,
        "issued_utc": (UTC_NOW + timedelta(seconds=issued_s)).isoformat(),
        "valid_s": 15,
        "limits_a": {"A": 10, "B": 0},
        **more,
    }
    return Arrived("limits", json.dumps(body).encode(), retained=retained)


def test_limits_hold_from_their_decision_on() -> None:
    held = chargerlimits.given(arrived(), None, at(4.0))
    assert held == Given({"A": 10.0, "B": 0.0}, UTC_NOW, 15.0)
    assert held.told(5.0) == {"limits": {"A": 10.0, "B": 0.0}, "valid_s": 10.0}


def test_where_nobody_set_the_clock_they_hold_from_their_arrival_on() -> None:
    assert chargerlimits.given(arrived(-1e6), None, at(4.0, trusted=False)).ends_s == 19.0


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (arrived(-15.0), "their lease ended 0 s ago"),
        (arrived(61.0), "issued_utc: 61 s ahead of this unit's clock"),
        (arrived(retained=True), "not retained"),
        (arrived(limits_a={}), "limits_a: wanted an object of 1 to 200 chargers"),
        (arrived(limits_a={"A": None}), "limits_a: wanted a number for 'A', met nothing"),
        (arrived(limits_a={"A": -1}), "A: wanted a number from 0 to 1000, met -1"),
        (arrived(limits_a={"": 1}), "limits_a: wanted a charge point id"),
        (arrived(valid_s=301), "valid_s: wanted a number from 1 to 300"),
        (arrived(valid_s=None), "valid_s: wanted for how long it holds"),
        (arrived(issued_utc=None), "issued_utc: wanted the moment"),
        (arrived(schema=2), "schema: wanted 1"),
    ],
)
def test_what_is_none_is_refused_in_a_sentence(message: Arrived, sentence: str) -> None:
    with pytest.raises(Unusable) as refused:
        chargerlimits.given(message, None, at())
    assert sentence in str(refused.value)


def test_an_older_one_does_not_replace_one_that_holds() -> None:
    held = chargerlimits.given(arrived(2.0), None, at(2.0))
    for issued_s in (0.0, 2.0):
        with pytest.raises(Unusable, match="not after those that hold"):
            chargerlimits.given(arrived(issued_s), held, at(3.0))
    assert chargerlimits.given(arrived(3.0), held, at(3.0)).ends_s == 18.0
    untrusted = at(18.0, trusted=False)
    assert chargerlimits.given(arrived(0.0), held, untrusted).ends_s == 33.0, "the other side's clock was set back"


@given(st.binary(max_size=200))
def test_nonsense_is_refused(payload: bytes) -> None:
    with pytest.raises(Unusable):
        chargerlimits.given(Arrived("limits", payload), None, at())
