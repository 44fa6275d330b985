"""The cloud leads by the unit's own core: within the fuse, fair, and silent as soon as it hears nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ampguard_hil.cloud.group_document import document
from ampguard_hil.cloud.lead import FRESH_S, HEARD_S, Lead
from ampguard_hil.cloud.registry_mounted import Charger
from ampguard_hil.cloud.registry_parameters import GroupSettings

if TYPE_CHECKING:
    from ampguard.readings import Json

FUSE_A = 25.0
GROUP = GroupSettings(
    "House",
    chargers_in_measurements=True,
    phases=("L1", "L2", "L3"),
    max_current_online_a=20.0,
    max_current_offline_a=6.0,
    min_current_a=6.0,
    supply_max_current_a=FUSE_A,
    fuse_kind="gG",
)
CHARGERS = [
    Charger("Halo 1", serial="A1", offline_current_a=6.0, offline_phase="L1"),
    Charger("Halo 2", serial="A2", phases=("L2", "L3", "L1"), offline_current_a=0.0),
]
WHOLE = document(GROUP, CHARGERS, active=True)


class Unit:
    """A unit whose chargers draw what they are let, up to 16 A, on all phases alike."""

    def __init__(self, base_a: float) -> None:
        self.base_a = base_a
        self.drawn_a = dict.fromkeys(("A1", "A2"), 6.0)
        self.is_active = True

    def second(self, lead: Lead, now_s: float) -> dict[str, float] | None:
        """The next reading, every other time with the group; what the cloud says then is obeyed."""
        if int(now_s) % 2 == 0:
            lead.balance(self.balance(), now_s)
        lead.reading(self.reading(), now_s)
        limits = lead.limits_a(now_s)
        self.drawn_a |= {name: min(16.0, limit_a) for name, limit_a in (limits or {}).items()}
        return limits

    def reading(self) -> dict[str, Json]:
        flows_a = self.base_a + sum(self.drawn_a.values())
        return {
            "current_rms_a": dict.fromkeys(("l1", "l2", "l3"), abs(flows_a)),
            "power_factor_ratio": dict.fromkeys(("l1", "l2", "l3"), 0.98 if flows_a > 0.0 else -0.98),
        }

    def balance(self) -> dict[str, Json]:
        chargers: list[Json] = [
            {
                "id": name,
                "online": True,
                "has_car": True,
                "wants": True,
                "held_a": drawn_a,
                "current_a": dict.fromkeys(("l1", "l2", "l3"), drawn_a),
            }
            for name, drawn_a in self.drawn_a.items()
        ]
        return {"active": self.is_active, "chargers": chargers}


def led(unit: Unit, seconds: range, lead: Lead | None = None) -> tuple[Lead, list[dict[str, float] | None]]:
    lead = Lead(WHOLE) if lead is None else lead
    return lead, [unit.second(lead, float(now_s)) for now_s in seconds]


def test_what_the_fuse_has_left_is_shared() -> None:
    unit = Unit(base_a=5.0)
    _, told = led(unit, range(300))
    last = told[-1]
    assert last is not None
    assert 17.0 < sum(last.values()) <= FUSE_A - 5.0
    assert last["A1"] == pytest.approx(last["A2"], abs=2.5)


def test_a_load_that_comes_is_answered_with_the_next_reading_and_none_is_between_0_and_6() -> None:
    unit = Unit(base_a=2.0)
    lead, _ = led(unit, range(200))
    unit.base_a = 12.0
    _, told = led(unit, range(200, 240), lead)
    assert sum((told[2] or {}).values()) <= FUSE_A - 12.0
    assert {limit_a for one in told if one for limit_a in one.values() if 0.0 < limit_a < 6.0} == set()


def test_what_the_building_exports_is_no_load() -> None:
    unit = Unit(base_a=-40.0)
    _, told = led(unit, range(300))
    assert sum((told[-1] or {}).values()) > 19.0


def test_who_hears_nothing_says_nothing() -> None:
    unit = Unit(base_a=5.0)
    lead, told = led(unit, range(30))
    assert told[-1] is not None
    assert lead.limits_a(29.0 + FRESH_S + 0.1) is None
    assert lead.is_lost(29.0 + FRESH_S + 0.1)
    for now_s in range(30, 40):
        lead.reading(unit.reading(), float(now_s))
    assert lead.limits_a(28.0 + HEARD_S + 3.0) is None, "nothing was heard of the chargers"
    assert not Lead(WHOLE).is_lost(1e6), "nothing was heard yet"
    assert Lead(WHOLE).limits_a(1.0) is None


def test_a_group_that_the_unit_does_not_balance_is_not_led() -> None:
    unit = Unit(base_a=5.0)
    unit.is_active = False
    assert led(unit, range(30))[1][-1] is None


def test_a_phase_that_is_not_measured_makes_no_sample_where_it_is_charged_on() -> None:
    unit, lead = Unit(base_a=5.0), Lead(WHOLE)
    lead.balance(unit.balance(), 1.0)
    lead.reading({"current_rms_a": {"l1": 5.0, "l2": None, "l3": 5.0}, "power_factor_ratio": {}}, 1.0)
    assert lead.limits_a(1.0) is None
    lone = document(GROUP, [Charger("Halo", serial="A1", phases=("L1",), offline_current_a=0.0)], active=True)
    lead = Lead(lone)
    lead.balance(unit.balance(), 1.0)
    lead.reading({"current_rms_a": {"l1": 5.0, "l2": None, "l3": None}, "power_factor_ratio": {}}, 1.0)
    assert lead.limits_a(1.0) is not None


def test_chargers_that_are_offline_get_no_limit() -> None:
    unit, lead = Unit(base_a=5.0), Lead(WHOLE)
    told = unit.balance()
    chargers = told["chargers"]
    assert isinstance(chargers, list)
    assert isinstance(chargers[1], dict)
    chargers[1]["online"] = False
    lead.balance(told, 1.0)
    lead.reading(unit.reading(), 1.0)
    assert set(lead.limits_a(1.0) or {}) == {"A1"}


def test_version_1_takes_the_groups_phases_for_every_charger() -> None:
    plain = GroupSettings("House", balancer_version="1", phases=("L1", "L2", "L3"))
    [_, second] = document(plain, CHARGERS, active=False)["chargers"]  # type: ignore[misc]  # a list
    assert second["phases"] == ["L1", "L2", "L3"]  # type: ignore[call-overload,index]  # a charger


def test_the_rules_of_the_group_are_kept_to_as_the_unit_keeps_to_them() -> None:
    unit = Unit(base_a=-5.0)
    led(unit, range(900), Lead(document(replace(GROUP, surplus_only=True), CHARGERS, active=True)))
    assert sum(unit.drawn_a.values()) <= 6.5, "of 15 A on three phases one car can be charged with 5, and none with 6"
    unit = Unit(base_a=3.0)
    chargers = [replace(CHARGERS[0], priority=3), CHARGERS[1]]
    led(unit, range(1800), Lead(document(GROUP, chargers, active=True)))
    assert unit.drawn_a["A1"] > unit.drawn_a["A2"] + 2.0


def test_chargers_on_one_phase_do_not_unbalance_more_than_the_group_allows() -> None:
    lone = [replace(CHARGERS[0], phases=("L1",), max_current_a=32.0)]
    whole = replace(GROUP, max_current_online_a=25.0)
    limits: dict[float | None, float] = {}
    for unbalance_a in (None, 10.0):
        lead = Lead(document(replace(whole, unbalance_a=unbalance_a), lone, active=True))
        drawn_a = 6.0
        for second in range(900):
            told: dict[str, Json] = {
                "id": "A1", "online": True, "has_car": True, "wants": True, "held_a": drawn_a,
                "current_a": {"l1": drawn_a, "l2": 0.0, "l3": 0.0},
            }  # fmt: skip
            lead.balance({"active": True, "chargers": [told]}, float(second))
            flows: dict[str, Json] = {"l1": 2.0 + drawn_a, "l2": 2.0, "l3": 2.0}
            lead.reading({"current_rms_a": flows, "power_factor_ratio": dict.fromkeys(flows, 0.98)}, float(second))
            drawn_a = (lead.limits_a(float(second)) or {}).get("A1", drawn_a)
        limits[unbalance_a] = drawn_a
    assert limits[10.0] <= 10.0 < limits[None]


@pytest.mark.parametrize(("grid", "phases", "most_a"), [("it", ("L1", "L2"), 10.0), ("three-phase", ("L1",), 20.0)])
def test_a_charger_between_two_lines_heeds_both(grid: str, phases: tuple[str, ...], most_a: float) -> None:
    """It tells of one terminal; what flows there flows in the other line as well."""
    lead = Lead(document(GROUP, [replace(CHARGERS[0], phases=phases, max_current_a=32.0)], active=True))
    drawn_a, second_line = 6.0, float(len(phases) - 1)
    for second in range(600):
        told: dict[str, Json] = {
            "id": "A1", "online": True, "has_car": True, "wants": True, "held_a": drawn_a,
            "current_a": {"l1": drawn_a, "l2": None, "l3": None},
        }  # fmt: skip
        lead.balance({"active": True, "grid": grid, "chargers": [told]}, float(second))
        currents: dict[str, Json] = {"l1": 2.0 + drawn_a, "l2": 15.0 + second_line * drawn_a, "l3": 1.0}
        lead.reading({"current_rms_a": currents, "power_factor_ratio": {}}, float(second))
        drawn_a = (lead.limits_a(float(second)) or {}).get("A1", drawn_a)
        assert drawn_a <= most_a + 0.5
    assert drawn_a > most_a - 2.0


def test_of_a_charger_that_its_grid_cannot_feed_the_cloud_says_nothing() -> None:
    unit, lead = Unit(base_a=5.0), Lead(WHOLE)
    lead.balance(unit.balance() | {"grid": "it"}, 1.0)
    lead.reading(unit.reading(), 1.0)
    assert lead.limits_a(1.0) is None
    lead.balance(unit.balance() | {"grid": "three-phase"}, 2.0)
    lead.reading(unit.reading(), 2.0)
    assert lead.limits_a(2.0) is not None
