"""The JSON form of what the meter says."""

from __future__ import annotations

import json

import pytest

from ampguard.phases import PhaseOrder, Phases
from ampguard.readings import Energy, EventKind, Quality, VoltageEvent, as_json


def test_field_names_are_the_keys_and_absence_is_null() -> None:
    event = VoltageEvent(
        kind=EventKind.DIP,
        start_s=1.5,
        duration_s=0.1,
        extreme_v=Phases(200.0, None, 230.0),
        reference_v=230.0,
    )
    assert json.loads(json.dumps(as_json(event))) == {
        "kind": "dip",
        "start_s": 1.5,
        "duration_s": 0.1,
        "extreme_v": {"l1": 200.0, "l2": None, "l3": 230.0},
        "reference_v": 230.0,
    }


def test_nested_values_keep_their_names() -> None:
    energy = Energy(
        import_wh=Phases(1.0, 2.0, 3.0),
        export_wh=Phases.all_of(0.0),
        total_import_wh=6.0,
        total_export_wh=0.0,
    )
    body = as_json(energy)
    assert isinstance(body, dict)
    assert body["import_wh"] == {"l1": 1.0, "l2": 2.0, "l3": 3.0}


def test_a_set_of_flags_becomes_a_sorted_list() -> None:
    assert as_json(frozenset({Quality.OVERRUN, Quality.CLIPPED})) == ["clipped", "overrun"]


def test_an_order_is_its_text() -> None:
    assert as_json(PhaseOrder.L3_L2_L1) == "L3-L2-L1"


def test_what_has_no_json_form_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="complex has no JSON form"):
        as_json(1j)
