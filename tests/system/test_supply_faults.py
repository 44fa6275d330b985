"""A lost phase and a broken neutral at a unit that works: the light, the event, and the cloud that stores it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.unit import Unit, running

from ampguard_drivers.simulated.board import SERIAL
from ampguard_hil.cloud.pages_events import told_of
from ampguard_hil.cloud.store import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]
BEGINS_S, LASTS_S, ROUND_S = 6.0, 10.0, 22.0
WINDOW_S = 0.25
"""A beginning and an end are known to a window of ten cycles, and a little."""
FIRST_READING_S = 0.2
"""What may come before the first reading of a second."""


def told(unit: Unit, kind: str, turn: str) -> list[Mapping[str, Any]]:
    """Such events as they arrived over the uplink."""
    return [one for one in list(unit.listener.events) if one["kind"] == kind and one["event"]["turn"] == turn]


def begun_and_ended(unit: Unit, kind: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The first whole story of the kind: one that began while the unit ran."""
    assert unit.until(lambda: bool(told(unit, kind, "ended")), 2 * ROUND_S + 40.0), unit.logs()
    return told(unit, kind, "begun")[0], told(unit, kind, "ended")[0]


def stored_sentences(unit: Unit) -> list[str]:
    """What the cloud's page would say."""
    with contextlib.closing(open_store(unit.cloud.store)) as store:
        return [told_of(one) for one in store.events(SERIAL)]


def stream_began_ns(unit: Unit) -> int:
    """When the story began: a scenario begins with the stream's first sample."""
    first = next(one for one in unit.listener.readings if one["sequence"] == 1)
    return first["monotonic_ns"] - round(first["duration_s"] * 1e9)


def assert_in_its_place(unit: Unit, begun: Mapping[str, Any], ended: Mapping[str, Any]) -> None:
    """It began and ended when the story says so, to a window."""
    began_s = (begun["start_monotonic_ns"] - stream_began_ns(unit)) / 1e9
    assert began_s % ROUND_S == pytest.approx(BEGINS_S, abs=WINDOW_S + FIRST_READING_S)
    assert ended["event"]["duration_s"] == pytest.approx(LASTS_S, abs=2 * WINDOW_S)


def test_a_broken_neutral_is_red_and_arrives_with_its_numbers() -> None:
    with running("lost-neutral") as unit:
        assert unit.until(unit.lit("logo", "voltage_green"), 20.0), unit.logs()
        assert unit.until(unit.lit("voltage_red")), unit.logs()
        assert unit.until(lambda: "neutral is broken or loose: L1 18" in str(unit.listener.wiring)), (
            unit.listener.wiring
        )
        assert "no protective device" in str(unit.listener.wiring)
        begun, ended = begun_and_ended(unit, "neutral_fault")
        assert begun["event"]["shift_v"] == pytest.approx(59.0, abs=2.0)
        assert (begun["event"]["down"], begun["event"]["up"]) == (["L1"], ["L2", "L3"])
        assert begun["event"]["line_voltage_rms_v"]["l2_l3"] == pytest.approx(398.4, abs=1.0)
        assert_in_its_place(unit, begun, ended)
        assert unit.until(unit.lit("voltage_green")), unit.logs()
        assert not told(unit, "phase_loss", "begun")
        assert not told(unit, "wrong_voltage", "begun")
        assert unit.until(lambda: any("The neutral is whole again" in one for one in stored_sentences(unit)))
        assert any(one.startswith("The neutral is broken or loose: it moved by 5") for one in stored_sentences(unit))


def test_a_lost_phase_is_dark_and_arrives_with_its_numbers() -> None:
    with running("lost-phase") as unit:
        assert unit.until(unit.lit("logo", "voltage_green"), 20.0), unit.logs()
        assert unit.until(lambda: not any(one.startswith("voltage_") for one in unit.lights())), unit.lights()
        begun, ended = begun_and_ended(unit, "phase_loss")
        assert begun["event"]["phase"] == "L3"
        assert begun["event"]["voltage_rms_v"]["l1"] == pytest.approx(231.0, abs=1.0)
        assert begun["event"]["voltage_rms_v"]["l3"] < 23.0
        assert_in_its_place(unit, begun, ended)
        assert not told(unit, "neutral_fault", "begun")
        assert not told(unit, "wrong_voltage", "begun")
        assert unit.until(lambda: any("L3 carries voltage again" in one for one in stored_sentences(unit)))
