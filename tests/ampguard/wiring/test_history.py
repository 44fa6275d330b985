"""The history of the wiring: what was written is read, and no file makes the meter fail."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ampguard.wiring.test_mending import assignments

from ampguard.errors import JournalFault, SetupError
from ampguard.phases import Phase, Phases
from ampguard.settings.assignment import AS_LABELLED, Assignment, Clamp
from ampguard.wiring.history import FILE, MOST_ENTRIES, Change, History, read

if TYPE_CHECKING:
    from pathlib import Path

SWAPPED = Assignment(Phases(Clamp(Phase.L2), Clamp(Phase.L1, reversed=True), Clamp(Phase.L3)))
FIRST = Change(
    utc="2026-11-21T10:00:00.000+00:00",
    monotonic_ns=7_000_000_000,
    boot="boot",
    before=AS_LABELLED,
    after=SWAPPED,
    finding_before={"verdict": "wrong", "confidence_ratio": 0.998},
    finding_after=None,
)
changes = st.builds(
    Change,
    utc=st.none() | st.text(),
    monotonic_ns=st.integers(0, 2**62),
    boot=st.text(),
    before=assignments,
    after=assignments,
    finding_before=st.none() | st.fixed_dictionaries({"verdict": st.text(), "confidence_ratio": st.floats(0.0, 1.0)}),
    finding_after=st.none(),
)


@settings(deadline=None)
@given(told=st.lists(changes, max_size=4))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, told: list[Change]) -> None:
    folder = tmp_path_factory.mktemp("wiring")
    history = History(folder)
    for one in told:
        history.add(one)
    assert read(folder) == tuple(told)
    assert History(folder).latest == (told[-1] if told else None)


def test_a_change_is_told_as_the_settings_file_has_it(tmp_path: Path) -> None:
    History(tmp_path).add(FIRST)
    (found,) = json.loads((tmp_path / FILE).read_text())
    assert list(found) == ["utc", "monotonic_ns", "boot", "before", "after", "finding_before", "finding_after"]
    assert found["after"]["clamps"] == {"l1": "L2", "l2": "L1 reversed", "l3": "L3"}
    assert found["before"]["voltages"] == {"l1": "L1", "l2": "L2", "l3": "L3"}


def test_what_is_found_afterwards_is_added_to_the_last_change(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.complete({"verdict": "right"})
    assert read(tmp_path) == ()
    history.add(FIRST)
    history.add(replace(FIRST, boot="another"))
    history.complete({"verdict": "right"})
    assert [one.finding_after for one in read(tmp_path)] == [None, {"verdict": "right"}]


def test_the_oldest_changes_go_first(tmp_path: Path) -> None:
    history = History(tmp_path)
    for number in range(MOST_ENTRIES + 3):
        history.add(replace(FIRST, monotonic_ns=number))
    assert [one.monotonic_ns for one in read(tmp_path)] == list(range(3, MOST_ENTRIES + 3))


NO_HISTORIES = [b"", b"{}", b"[1]", b"[{}]", b"\xff", b"[" * 5000]
NO_ASSIGNMENTS: list[object] = [{"clamps": {"l1": "L2"}}, {"clamps": {"l1": 1}}, {"else": {}}, [], None]


def entry(after: object) -> bytes:
    return json.dumps([{"utc": None, "monotonic_ns": 1, "boot": "b", "before": {}, "after": after}]).encode()


@pytest.mark.parametrize("content", [*NO_HISTORIES, *map(entry, NO_ASSIGNMENTS)])
def test_a_damaged_history_is_set_aside_and_a_new_one_begins(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(SetupError, match="history"):
        read(tmp_path)
    history = History(tmp_path)
    assert history.latest is None
    assert history.set_aside is not None
    assert history.set_aside.read_bytes() == content
    history.add(FIRST)
    assert read(tmp_path) == (FIRST,)


def test_where_nothing_can_be_kept_that_is_said_and_the_change_is_known(tmp_path: Path) -> None:
    folder = tmp_path / "wiring"
    folder.write_text("a file in the folder's place")
    history = History(folder)
    with pytest.raises(JournalFault, match="could not be kept"):
        history.add(FIRST)
    assert history.latest == FIRST
