"""What goes into a block comes out of it, and nothing else comes out than readings or one error."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.made import reading

from ampguard.block import DamagedBlockError, decoded, encoded
from ampguard.phases import Phases
from ampguard.readings import Energy, Interval, Json, Quality, Reading, as_json, recorded

numbers = st.none() | st.floats(-1e7, 1e7)
counters = st.floats(0.0, 1e10)
moments = st.datetimes().map(lambda one: one.isoformat(timespec="milliseconds") + "+00:00")
phases = st.builds(Phases, numbers, numbers, numbers)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    grown = draw(counters)
    return recorded(
        replace(
            reading(
                draw(st.integers(0, 2**40)), boot=draw(st.text(max_size=5)), interval=draw(st.sampled_from(Interval))
            ),
            end_utc=draw(st.none() | moments),
            monotonic_ns=draw(st.integers(0, 2**63 - 1)),
            frequency_hz=draw(numbers),
            voltage_rms_v=draw(phases),
            current_rms_a=draw(phases),
            active_power_w=draw(phases),
            power_factor_ratio=draw(phases),
            energy=Energy(
                import_wh=Phases.all_of(grown),
                export_wh=Phases.all_of(0.0),
                total_import_wh=3 * grown,
                total_export_wh=0.0,
            ),
            quality=frozenset(draw(st.sets(st.sampled_from(Quality)))),
        )
    )


def bodies(made: list[Reading]) -> list[dict[str, Json]]:
    found: list[dict[str, Json]] = json.loads(json.dumps([as_json(one) for one in made]))
    return found


@settings(deadline=None)
@given(st.lists(readings(), max_size=8))
def test_what_goes_in_comes_out(made: list[Reading]) -> None:
    wanted = bodies(made)
    found = decoded(encoded(wanted))
    assert found == wanted
    assert json.dumps(found) == json.dumps(wanted), "in the same order, whole numbers whole, fractions fractions"


@given(readings())
def test_what_is_recorded_once_stays(made: Reading) -> None:
    assert recorded(made) == made


def test_a_minute_is_small() -> None:
    made = [
        recorded(
            replace(
                reading(number),
                end_utc=f"2026-11-21T10:00:{number:02}.012+00:00",
                voltage_rms_v=Phases(231.1234 + 0.01 * (number % 7), 229.9 + 0.02 * (number % 5), 230.5),
                current_rms_a=Phases(2.6123 + 0.003 * (number % 11), 1.4987, 3.1987 + 0.001 * (number % 3)),
            )
        )
        for number in range(60)
    ]
    assert len(encoded(bodies(made))) < 40 * 60


def test_readings_of_different_fields_are_no_block() -> None:
    with pytest.raises(ValueError, match="same fields"):
        encoded([{"a": 1}, {"b": 1}])


@pytest.mark.parametrize("order", [(5, {}), ({}, 5)])
@pytest.mark.parametrize("inner", ["a.b", "a.b.c", "a."])
def test_a_field_that_is_both_a_value_and_an_object_is_refused_whichever_reading_shows_it(
    order: tuple[object, object], inner: str
) -> None:
    content = {"count": 2, "columns": {"a": {"each": list(order)}, inner: {"is": 1}}}
    with pytest.raises(DamagedBlockError, match="both"):
        decoded(zlib.compress(json.dumps(content).encode()))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_no_block(content: bytes) -> None:
    with pytest.raises(DamagedBlockError):
        decoded(content)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
columns = st.dictionaries(
    st.text(max_size=8),
    st.dictionaries(st.sampled_from(["is", "steps", "decimals", "utc_steps", "each", "x"]), anything, max_size=2),
    max_size=3,
)


@settings(deadline=None, max_examples=300)
@given(st.fixed_dictionaries({"count": st.integers(-2, 3) | scalars, "columns": columns | anything}) | anything)
def test_nonsense_of_any_shape_is_one_error(content: Json) -> None:
    try:
        found = decoded(zlib.compress(json.dumps(content).encode()))
    except DamagedBlockError:
        return
    assert isinstance(found, list)


def test_a_bomb_does_not_unfold() -> None:
    with pytest.raises(DamagedBlockError):
        decoded(zlib.compress(b" " * 50_000_000))


@given(st.integers(1, 300))
def test_a_torn_block_is_said(cut: int) -> None:
    block = encoded(bodies([recorded(reading(number)) for number in range(5)]))
    with pytest.raises(DamagedBlockError):
        decoded(block[: max(0, len(block) - cut)])
