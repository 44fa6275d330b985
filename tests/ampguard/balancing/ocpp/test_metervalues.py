"""Currents out of MeterValues, however a charger has them in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ampguard.balancing.ocpp.test_frame import json_values

from ampguard.balancing.ocpp import metervalues
from ampguard.balancing.ocpp.metervalues import MOST_A, Metered
from ampguard.phases import Phases


def value(
    value: object, measurand: str | None = "Current.Import", phase: str | None = None, **more: Any
) -> dict[str, Any]:
    given = {"value": value, "measurand": measurand, "phase": phase, **more}
    return {name: one for name, one in given.items() if one is not None}


def read(*sampled: dict[str, Any], at: str = "2026-11-22T08:00:00Z") -> Metered:
    found = metervalues.metered({"connectorId": 1, "meterValue": [{"timestamp": at, "sampledValue": list(sampled)}]})
    assert found is not None
    return found


THREE = [value("10.1", phase="L1"), value("10.2", phase="L2"), value("10.3", phase="L3")]


@pytest.mark.parametrize(
    ("sampled", "current_a", "unphased_a"),
    [
        (THREE, (10.1, 10.2, 10.3), None),
        ([value("10.1", phase="L1-N"), value("10.2", phase="L2-N")], (10.1, 10.2, None), None),
        ([value("10100", phase="L1", unit="mA")], (10.1, None, None), None),
        ([value(16)], (None, None, None), 16.0),
        ([value("0", phase="L1"), value("0", phase="L2"), value("0", phase="L3")], (0.0, 0.0, 0.0), None),
        ([value("6", "Current.Export", "L1")], (-6.0, None, None), None),
        ([value("6", "Current.Import", "L1"), value("0", "Current.Export", "L1")], (6.0, None, None), None),
        ([*THREE, value("3", phase="N")], (10.1, 10.2, 10.3), None),
        ([value("10.1", phase="L1", location="Inlet"), value("9.9", phase="L1", location="Outlet")],
         (9.9, None, None), None),
        ([value("99", phase="L1", location="Body"), *THREE[1:]], (None, 10.2, 10.3), None),
    ],
)  # fmt: skip
def test_currents(sampled: list[dict[str, Any]], current_a: tuple[float | None, ...], unphased_a: float | None) -> None:
    found = read(*sampled)
    assert tuple(found.current_a) == pytest.approx(current_a)
    assert found.unphased_a == unphased_a
    assert not found.is_inferred


@pytest.mark.parametrize("absurd", ["NaN", "inf", "1e9", "-1e9", "", "ten", None, True, {}, "0x10", "1" * 400])
def test_an_absurd_value_is_absent_and_counted_and_leaves_the_others(absurd: object) -> None:
    found = read({"value": absurd, "measurand": "Current.Import", "phase": "L1"}, *THREE[1:])
    assert found.current_a == Phases(None, 10.2, 10.3)
    assert found.passed_over == 1


def test_an_unknown_unit_is_no_current() -> None:
    found = read(value("10", phase="L1", unit="Furlong"))
    assert (found.current_a.l1, found.passed_over) == (None, 1)


def test_signed_data_is_for_others() -> None:
    payload = {"meterValue": [{"sampledValue": [value("AB12", phase="L1", format="SignedData")]}]}
    assert metervalues.metered(payload) is None


def test_a_current_follows_from_power_and_voltage_and_says_so() -> None:
    power, volts = value("2.3", "Power.Active.Import", "L1", unit="kW"), value("230", "Voltage", "L1-N")
    assert read(power, volts).current_a.l1 == pytest.approx(10.0)
    assert read(power, volts).is_inferred
    assert read(power).current_a.l1 is None  # no voltage is assumed
    assert read(power, value("3", "Voltage", "L1")).current_a.l1 is None
    assert not read(power, volts, *THREE).is_inferred


def test_the_rest_of_what_counts() -> None:
    found = read(
        value("12.5", None, unit="kWh"),
        value("7.2", "Power.Active.Import", unit="kW"),
        value("16", "Current.Offered"),
        *THREE,
    )
    assert (found.energy_wh, found.power_w, found.offered_a) == (12500.0, 7200.0, 16.0)
    assert found.stamped_utc == datetime(2026, 11, 22, 8, tzinfo=UTC)


def test_power_of_the_phases_is_added_up() -> None:
    found = read(*(value("1000", "Power.Active.Import", f"L{one}") for one in (1, 2, 3)))
    assert found.power_w == 3000.0


def test_the_latest_counts() -> None:
    def at(minute: int, current: str) -> dict[str, Any]:
        return {"timestamp": f"2026-11-22T08:{minute:02d}:00Z", "sampledValue": [value(current, phase="L1")]}

    found = metervalues.metered({"meterValue": [at(5, "15"), at(4, "14"), at(3, "13")]})
    assert found is not None
    assert found.current_a.l1 == 15.0


@given(json_values)
def test_anything_may_come(anything: object) -> None:
    sampled = [anything, {"value": anything, "measurand": anything}]
    for meter_value in (anything, [{"sampledValue": anything, "timestamp": anything}], [{"sampledValue": sampled}]):
        metervalues.metered({"meterValue": meter_value})


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, "L1", "L2", "L3", "N", "L1-L2", 7]), st.text(max_size=9) | st.floats().map(str)
        )
    )
)
def test_a_current_is_possible_or_absent(told: list[tuple[Any, str]]) -> None:
    found = metervalues.metered({"meterValue": [{"sampledValue": [value(one, phase=phase) for phase, one in told]}]})
    if found is not None:
        assert all(one is None or abs(one) <= MOST_A for one in (*found.current_a, found.unphased_a))
