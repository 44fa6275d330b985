"""`ampguard wiring show, accept, set, undo, clear`, beside a meter that takes up what is set."""

from __future__ import annotations

import contextlib
import io
import sys
from typing import TYPE_CHECKING

import pytest
from tests.ampguard.services.installed import Installed, finding

from ampguard.phases import Phase, PhaseOrder, Phases
from ampguard.services import cli
from ampguard.settings.assignment import AS_LABELLED, Assignment, Clamp
from ampguard.settings.places import Places
from ampguard.settings.settings import load
from ampguard.wiring.finding import nothing_known
from ampguard.wiring.heard import read
from ampguard.wiring.hypotheses import Connection
from ampguard.wiring.mending import in_order
from ampguard.wiring.verdict import Condition
from ampguard.wiring.voltages import VoltageFinding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., tuple[int, str]]

SWAPPED = Assignment(Phases(Clamp(Phase.L2), Clamp(Phase.L1, reversed=True), Clamp(Phase.L3)))
REVERSED = Assignment(Phases.of(Clamp(phase, reversed=True) for phase in Phase))
OWNERS = "# cellar\nmain_fuse_a = 63.0 # A\n"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    (tmp_path / "settings.toml").write_text(OWNERS)
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    monkeypatch.setenv("AMPGUARD_RUN", str(tmp_path))
    return Places.from_environment()


@pytest.fixture
def wiring(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command; exit code, and what it says."""

    def run(*words: str) -> tuple[int, str]:
        code = cli.main(["wiring", *words])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@contextlib.contextmanager
def meter(places: Places, real: Assignment, **more: object) -> Iterator[Installed]:
    running = Installed(places, real, **more)  # type: ignore[arg-type]  # passed on
    try:
        yield running
    finally:
        running.close()


def assignment(places: Places) -> Assignment:
    return load(places.settings).assignment


def test_what_is_found_is_shown_accepted_and_undone(places: Places, wiring: Run) -> None:
    with meter(places, SWAPPED) as running:
        code, said = wiring("show")
        assert code == 0
        assert "set        as labelled" in said
        assert "found      wrong (99.8%): the clamp of L1 is on L2" in said
        assert "proposal   l1=L2, l2=L1 reversed" in said
        code, said = wiring("accept", "--yes")
        assert code == 0, said
        assert "The meter has taken it up" in said
        assert said.endswith("`ampguard wiring check` shows whether the clamps are right now.\n")
        assert assignment(places) == SWAPPED
        assert "found      right" in wiring("show")[1]
        code, said = wiring("undo")
        assert (code, assignment(places)) == (0, AS_LABELLED), said
        assert [one.after for one in running.events] == [SWAPPED.inputs, AS_LABELLED.inputs]
        code, said = wiring("undo")
        assert (code, assignment(places)) == (0, SWAPPED), "what was undone was a change too"
        assert (wiring("clear")[0], assignment(places)) == (0, AS_LABELLED)
    assert places.settings.read_text().startswith(OWNERS)


def test_a_proposal_is_put_upon_what_is_in_force(places: Places, wiring: Run) -> None:
    wrongly = Assignment(Phases(Clamp(Phase.L3), Clamp(Phase.L1), Clamp(Phase.L2, reversed=True)))
    assert wiring("set", "l1=L3", "l2=L1", "l3=L2 reversed")[0] == 0
    assert assignment(places) == wrongly
    with meter(places, SWAPPED):
        code, said = wiring("accept", "--yes")
        assert (code, assignment(places)) == (0, SWAPPED), said


@pytest.mark.parametrize(
    ("answer", "wanted"), [("y\n", SWAPPED), ("YES\n", SWAPPED), ("\n", AS_LABELLED), ("", AS_LABELLED)]
)
def test_without_a_clear_yes_nothing_is_changed(
    places: Places, wiring: Run, monkeypatch: pytest.MonkeyPatch, answer: str, wanted: Assignment
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    with meter(places, SWAPPED):
        code, said = wiring("accept")
    assert (code, assignment(places)) == (0, wanted), said
    assert "Set it so? [y/N]" in said
    assert ("nothing was changed" in said) is (wanted is AS_LABELLED)


def test_where_nobody_can_be_asked_a_yes_is_wanted(
    places: Places, wiring: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    with meter(places, SWAPPED):
        code, said = wiring("accept")
    assert (code, assignment(places)) == (2, AS_LABELLED)
    assert "wanted a yes: --yes" in said


def test_what_all_reversed_may_mean_is_said(places: Places, wiring: Run) -> None:
    places.settings.write_text("generation_on_site = true\n")
    with meter(places, REVERSED):
        code, said = wiring("accept", "--yes")
    assert (code, assignment(places)) == (0, REVERSED)
    assert "A building that feeds in on all phases looks just like" in said
    assert "generation_on_site" in said


DOUBLED = finding(Connection(Phases(0, 0, 2), Phases.all_of(value=False)))
UNDECIDED = nothing_known(Condition.UNDECIDED, "undecided: 6 A on each phase would tell")
WRONG_SOMEHOW = nothing_known(Condition.WRONG, "at least one clamp is wrong")
RIGHT_NOW = finding(Connection(Phases(0, 1, 2), Phases.all_of(value=False)))
BACKWARDS = VoltageFinding(Condition.WRONG, "the voltages run L3-L2-L1", PhaseOrder.L3_L2_L1)


def test_interchanged_voltage_wires_are_mended_where_it_is_known_how_the_clamps_sit_to_them(
    places: Places, wiring: Run
) -> None:
    with meter(places, AS_LABELLED, found=RIGHT_NOW, voltage=BACKWARDS):
        code, said = wiring("accept", "--yes")
    assert code == 0, said
    assert load(places.settings).assignment == in_order(AS_LABELLED)


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"found": DOUBLED}, "Two clamps sit on L1: one of them must be moved by hand to L2."),
        ({"found": UNDECIDED}, "no clamp is surely wrong: there is nothing to accept"),
        ({"found": WRONG_SOMEHOW}, "which clamp sits where is not known yet: more load is needed"),
        ({"found": RIGHT_NOW}, "no clamp is surely wrong: there is nothing to accept"),
        (
            {"voltage": BACKWARDS, "found": UNDECIDED},
            "first the voltages must be right, then clamps can be accepted",
        ),
    ],
)
def test_what_cannot_be_accepted_is_refused_with_the_reason(
    places: Places, wiring: Run, more: dict[str, object], sentence: str
) -> None:
    with meter(places, SWAPPED, **more):
        code, said = wiring("accept", "--yes")
    assert code == 2
    assert sentence in said
    assert "found      " in said  # what was met, with its numbers
    assert places.settings.read_text() == OWNERS


def test_without_a_meter_nothing_can_be_accepted_but_everything_set(places: Places, wiring: Run) -> None:
    code, said = wiring("accept", "--yes")
    assert code == 2
    assert "met no meter" in said
    code, said = wiring("set", "l1=L2", "l2=L1 reversed", "--voltages", "l1=L3, l3=L1")
    assert code == 0
    assert "The meter does not run" in said
    assert assignment(places) == Assignment(SWAPPED.clamps, Phases(Phase.L3, Phase.L2, Phase.L1))
    assert "does not run" in wiring("show")[1]


def test_inputs_that_are_not_named_stay_as_they_are(places: Places, wiring: Run) -> None:
    assert wiring("set", "L1=L2", "l2=L1")[0] == 0
    assert wiring("set", "l3=L3 reversed")[0] == 0
    assert assignment(places).clamps == Phases(Clamp(Phase.L2), Clamp(Phase.L1), Clamp(Phase.L3, reversed=True))
    assert "nothing to change" in wiring("set", "l3=L3 reversed")[1]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "met nothing"),
        (["l1"], "met 'l1'"),
        (["l4=L1"], "met 'l4=L1'"),
        (["l1=L4"], "wiring.clamps.l1"),
        (["l1=L2 turned"], "wiring.clamps.l1"),
        (["l1=L2"], "each of L1, L2, L3 once"),
        (["--voltages", "l1=L2"], "each of L1, L2, L3 once"),
        (["--voltages", "l1=L2 reversed"], "wiring.voltages.l1"),
    ],
)
def test_what_is_no_wiring_is_one_sentence(places: Places, wiring: Run, words: list[str], sentence: str) -> None:
    code, said = wiring("set", *words)
    assert code == 2
    assert sentence in said
    assert places.settings.read_text() == OWNERS


def test_where_nothing_was_ever_changed_nothing_can_be_undone(places: Places, wiring: Run) -> None:
    code, said = wiring("undo")
    assert code == 2
    assert "met none" in said
    assert assignment(places) == AS_LABELLED


def test_what_no_meter_has_applied_yet_is_undone_too(places: Places, wiring: Run) -> None:
    with meter(places, SWAPPED):
        assert wiring("accept", "--yes")[0] == 0
    assert wiring("set", "l3=L3 reversed")[0] == 0
    assert wiring("undo")[0] == 0
    assert assignment(places) == SWAPPED


def test_a_meter_that_does_not_take_it_up_is_said(places: Places, wiring: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ampguard.services.wiring_heard.TAKEN_UP_S", 0.3)
    with meter(places, SWAPPED):
        monkeypatch.setattr("ampguard.settings.changes.SettingsWatch.look", lambda _: None)
        code, said = wiring("accept", "--yes")
        assert code == 0
        assert "has not taken it up yet" in said
        code, said = wiring("accept", "--yes")
        assert code == 2
        assert "has not looked yet at what is set now" in said
        assert "in force   as labelled" in wiring("show")[1]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"verdict": 1},
        {
            "verdict": "wrong",
            "voltage_verdict": "right",
            "current_verdict": "wrong",
            "sentence": "s",
            "assignment": {},
            "in_force": {"clamps": 3},
        },
    ],
)
def test_what_another_version_says_is_no_error(body: dict[str, object]) -> None:
    assert read(body) is None  # type: ignore[arg-type]  # whatever comes
