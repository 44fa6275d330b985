"""The page of the load-balancing group: every parameter has its words and its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.ampguard.web.test_installation_page import Elements
from tests.ampguard.web.unit import Unit, unit_at

from ampguard.balancing.ladder import Leader, Rung
from ampguard.balancing.leases import LeaseState
from ampguard.balancing.ocpp.report import CloudState, ConnectorStatus
from ampguard.phases import Phase
from ampguard.services.balancer.telling import NO_LEASE
from ampguard.settings.described import GROUP
from ampguard.settings.grid import Device
from ampguard.web.balancing import Stand
from ampguard.web.pages.balancing import (
    CHARGER_FIELDS,
    CLOUDS,
    GROUP_FIELDS,
    LEADERS,
    LEASES,
    RUNGS,
    STANDS,
    STATUSES,
)
from ampguard.web.pages.group_labels import DEVICES, GROUP_LABELS, ORDERS


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path) as made:
        yield made


def test_each_parameter_has_a_label_and_a_place() -> None:
    assert set(GROUP_LABELS) == set(GROUP)
    assert [key for key, label in GROUP_LABELS.items() if not label.name] == []
    fields = [one for part in (*GROUP_FIELDS, *CHARGER_FIELDS) for one in part]
    counted = Counter(one.setting.key for one in fields)
    assert set(counted) == set(GROUP) - {"active"}  # which has a button of its own
    assert set(counted.values()) == {1}


def test_whatever_the_balancer_says_has_words() -> None:
    assert set(STANDS) == set(Stand)
    assert set(RUNGS) == {one.name.lower() for one in Rung}
    assert set(LEADERS) == {one.value for one in Leader}
    assert set(STATUSES) == {one.value for one in ConnectorStatus}
    assert set(LEASES) == {one.value for one in LeaseState} | {NO_LEASE}
    assert set(CLOUDS) == {one.value for one in CloudState}
    assert set(DEVICES) == {one.value for one in Device}


def test_a_charger_can_be_on_its_phases_in_any_order() -> None:
    orders = [tuple(one.split()) for one in ORDERS]
    assert len(set(orders)) == len(orders) == 15
    assert all(set(one) <= {phase.value for phase in Phase} and len(set(one)) == len(one) for one in orders)


def test_what_a_field_is_described_by_is_there_once(unit: Unit) -> None:
    page = Elements(unit.owner.get("/charging").text)
    ids = Counter(attributes["id"] for _, attributes in page.found if "id" in attributes)
    assert [name for name, count in ids.items() if count > 1] == []
    for _, attributes in page.found:
        for name in (*attributes.get("aria-describedby", "").split(), *attributes.get("for", "").split()):
            assert name in ids
    assert page.by_id("set-max-offline-a")["max"] == "1000"


def test_the_status_page_has_a_line_of_it_as_soon_as_somebody_wants_it_balanced(unit: Unit) -> None:
    def line() -> dict[str, str]:
        return Elements(unit.owner.get("/").text).by_id("charging")

    assert "hidden" in line()
    text = 'device = "gG"\nmax_offline_a = 20.0\n'
    unit.places.group.write_text(text)
    assert "hidden" in line()
    unit.places.group.write_text(f"{text}active = true\n")
    assert "hidden" not in line()
    unit.places.group.write_text("[")
    assert "hidden" not in line()
