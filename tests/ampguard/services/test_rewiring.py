"""What the meter does with another wiring: in force, kept, told; once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.ampguard.services.installed import LOG, finding, known, stamp
from tests.ampguard.wiring.test_mending import seen

from ampguard.phases import Phase, Phases
from ampguard.services.rewiring import Rewiring
from ampguard.settings.assignment import AS_LABELLED, Assignment, Clamp
from ampguard.settings.history import By, Means
from ampguard.settings.places import Places
from ampguard.settings.settings import load
from ampguard.settings.store import SettingsStore
from ampguard.wiring.finding import RIGHT, nothing_known
from ampguard.wiring.history import FILE, read
from ampguard.wiring.hypotheses import Connection
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard.events import AssignmentChange

SWAPPED = Assignment(Phases(Clamp(Phase.L2), Clamp(Phase.L1, reversed=True), Clamp(Phase.L3)))
WRONG = finding(seen(SWAPPED, AS_LABELLED))
UNDECIDED = nothing_known(Condition.UNDECIDED, "undecided: the angles are watched for some seconds first")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(data=tmp_path, run=tmp_path, board=None)


def put(places: Places, wanted: Assignment) -> None:
    SettingsStore(places.settings).change(wanted.values, By(Means.COMMAND))


def begun(places: Places) -> Rewiring:
    return Rewiring(places, load(places.settings).assignment, "boot", LOG)


def followed(rewiring: Rewiring, *found: object) -> list[AssignmentChange]:
    """Seconds, each with what is found in it."""
    bodies = [None if one is None else known(one) for one in found]  # type: ignore[arg-type]  # a finding
    return [one for second, body in enumerate(bodies) if (one := rewiring.follow(stamp(second), body)) is not None]


def test_where_nothing_is_set_nothing_happens_and_nothing_is_written(places: Places) -> None:
    assert followed(begun(places), None, UNDECIDED, WRONG, finding(RIGHT)) == []
    assert not places.wiring.exists()


def test_what_is_set_while_it_runs_comes_into_force_with_what_was_known_before(places: Places) -> None:
    rewiring = begun(places)
    assert followed(rewiring, UNDECIDED, WRONG) == []
    event = rewiring.take_up(SWAPPED, stamp(1), known(WRONG))
    assert event is not None
    assert followed(rewiring, UNDECIDED, UNDECIDED) == []
    assert rewiring.take_up(SWAPPED, stamp(2), known(WRONG)) is None
    assert (event.before, event.after) == (AS_LABELLED.inputs, SWAPPED.inputs)
    assert (event.sentence, event.confidence_ratio) == (WRONG.sentence, 0.998)
    (kept,) = read(places.wiring)
    assert (kept.before, kept.after, kept.boot, kept.utc) == (AS_LABELLED, SWAPPED, "boot", stamp(1).utc)
    assert kept.finding_before == known(WRONG)
    assert kept.finding_after is None


def test_the_first_verdict_afterwards_is_kept_and_no_later_one(places: Places) -> None:
    rewiring = begun(places)
    rewiring.take_up(SWAPPED, stamp(1), known(WRONG))
    absent = nothing_known(Condition.ABSENT, "no current in any clamp")
    assert followed(rewiring, UNDECIDED, absent) == []
    assert read(places.wiring)[0].finding_after is None
    followed(rewiring, finding(RIGHT), WRONG)
    assert read(places.wiring)[0].finding_after == known(finding(RIGHT))


def test_after_a_restart_the_verdict_is_still_waited_for_and_the_change_is_not_told_again(places: Places) -> None:
    rewiring = begun(places)
    put(places, SWAPPED)
    assert rewiring.take_up(SWAPPED, stamp(1), known(WRONG)) is not None
    again = begun(places)
    assert followed(again, None, UNDECIDED, finding(RIGHT)) == []
    (kept,) = read(places.wiring)
    assert kept.finding_after == known(finding(RIGHT))


def test_what_was_set_while_no_meter_ran_is_told_at_the_start(places: Places) -> None:
    put(places, SWAPPED)
    (changed,) = followed(begun(places), None, None, UNDECIDED)
    assert (changed.before, changed.after) == (AS_LABELLED.inputs, SWAPPED.inputs)
    assert (changed.sentence, changed.confidence_ratio) == (None, None)
    put(places, AS_LABELLED)
    (back,) = followed(begun(places), None, None)
    assert (back.before, back.after) == (SWAPPED.inputs, AS_LABELLED.inputs)
    assert [(one.before, one.finding_before) for one in read(places.wiring)] == [(AS_LABELLED, None), (SWAPPED, None)]


def test_a_history_that_cannot_be_kept_stops_nothing(places: Places, caplog: pytest.LogCaptureFixture) -> None:
    places.wiring.write_text("a file in the folder's place")
    rewiring = begun(places)
    assert rewiring.take_up(SWAPPED, stamp(1), known(WRONG)) is not None
    assert followed(rewiring, finding(RIGHT), finding(RIGHT)) == []
    assert "could not be kept" in caplog.text


def test_a_damaged_history_is_said_and_begins_anew(places: Places, caplog: pytest.LogCaptureFixture) -> None:
    places.wiring.mkdir()
    (places.wiring / FILE).write_text("[")
    put(places, SWAPPED)
    assert len(followed(begun(places), None, None)) == 1
    assert "is set aside as" in caplog.text
    assert len(read(places.wiring)) == 1


def test_the_feed_says_what_is_in_force_and_what_would_mend_it(places: Places) -> None:
    rewiring = begun(places)
    told = rewiring.told(known(WRONG), WRONG)
    assert told["in_force"] == {
        "clamps": {"l1": "L1", "l2": "L2", "l3": "L3"},
        "voltages": {"l1": "L1", "l2": "L2", "l3": "L3"},
    }
    assert told["proposal"] == {
        "clamps": {"l1": "L2", "l2": "L1 reversed", "l3": "L3"},
        "voltages": {"l1": "L1", "l2": "L2", "l3": "L3"},
    }
    doubled = finding(Connection(Phases(0, 0, 2), Phases.all_of(value=False)))
    for nothing_to_propose in (UNDECIDED, finding(RIGHT), doubled):
        assert rewiring.told(known(nothing_to_propose), nothing_to_propose)["proposal"] is None
