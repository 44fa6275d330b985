"""The second copy of the energy counters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.errors import JournalFault
from ampguard.journal.counters import CounterFile, energy_of
from ampguard.metering.energy import furthest
from ampguard.phases import Phases
from ampguard.readings import NO_ENERGY, Energy, as_json

amounts = st.floats(0.0, 1e12)
phases = st.builds(Phases, amounts, amounts, amounts)
energies = st.builds(Energy, import_wh=phases, export_wh=phases, total_import_wh=amounts, total_export_wh=amounts)


@given(energies)
def test_counters_survive_their_json_form(energy: Energy) -> None:
    assert energy_of(json.loads(json.dumps(as_json(energy)))) == energy


@settings(deadline=None)
@given(energies, st.integers(0, 400))
def test_a_torn_file_is_the_old_one_or_nothing(
    tmp_path_factory: pytest.TempPathFactory, energy: Energy, cut: int
) -> None:
    path = tmp_path_factory.mktemp("c") / "counters.json"
    CounterFile(path).save(energy)
    assert CounterFile(path).load() == energy
    path.write_bytes(path.read_bytes()[:cut])
    assert CounterFile(path).load() in {None, energy}


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["import_wh", "export_wh", "l1", "l2", "l3", "total_import_wh"]), inner)
        ),
    )
)
def test_no_content_is_an_exception(body: object) -> None:
    assert energy_of(body) is None  # type: ignore[arg-type]  # whatever JSON holds


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), True, "7", None])
def test_a_counter_is_a_number_from_zero_on(value: object) -> None:
    body = {**json.loads(json.dumps(as_json(NO_ENERGY))), "total_import_wh": value}
    assert energy_of(body) is None


@given(energies, energies)
def test_the_furthest_is_not_behind_any(one: Energy, other: Energy) -> None:
    found = furthest([None, one, other])
    for candidate in (one, other):
        assert found.total_import_wh >= candidate.total_import_wh
        assert all(f >= c for f, c in zip(found.export_wh, candidate.export_wh, strict=True))
    assert furthest([]) == NO_ENERGY


def test_no_room_is_a_fault_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "counters.json"
    CounterFile(path).save(NO_ENERGY)
    (tmp_path / "counters.json.new").mkdir()
    with pytest.raises(JournalFault, match="could not be kept"):
        CounterFile(path).save(NO_ENERGY)
    assert CounterFile(path).load() == NO_ENERGY
