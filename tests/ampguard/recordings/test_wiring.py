"""The wiring of real recordings, and of the same with clamps turned round and interchanged."""

from __future__ import annotations

import json
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import pytest
from tests.ampguard.recordings.reference import FOLDER, inputs

from ampguard.services import cli

pytestmark = [
    pytest.mark.recordings,
    pytest.mark.skipif(not inputs(), reason=f"no recordings at {FOLDER}; set AMPGUARD_RECORDINGS to their folder"),
]
TEXTS = {given.name[:2]: given.path for given in inputs() if given.path.suffix == ".csv"}


def explained(name: str, channels: str = "", *words: str) -> dict[str, Any]:
    out = StringIO()
    with redirect_stdout(out):
        words = (*words, "--channels", channels) if channels else words
        assert cli.main(["wiring", "explain", str(TEXTS[name]), "--json", "--quiet", *words]) == 0
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


@pytest.mark.parametrize(
    ("name", "verdict", "words"),
    [
        ("03", "wrong", "the voltages do not stand 120° apart"),
        ("04", "right", "each clamp sits on its own phase"),
        ("05", "right", "each clamp sits on its own phase"),
        ("06", "undecided", "all clamps are the wrong way round (or the building exports on all phases)"),
        ("07", "wrong", "each clamp sits on its own phase"),
    ],
)
def test_a_recording_as_it_is(name: str, verdict: str, words: str) -> None:
    found = explained(name)
    assert found["verdict"] == verdict
    assert words in found["sentence"]


def test_a_reverse_order_of_the_grid_is_told() -> None:
    found = explained("07")
    assert (found["voltage_order"], found["current_order"]) == ("L3-L2-L1", "L3-L2-L1")


@pytest.mark.parametrize("name", ["04", "05"])
@pytest.mark.parametrize(
    ("channels", "assignment"),
    [
        ("i1=-ia,i2=ib,i3=ic", ("L1-", "L2", "L3")),
        ("i1=ia,i2=-ib,i3=ic", ("L1", "L2-", "L3")),
        ("i1=ia,i2=ib,i3=-ic", ("L1", "L2", "L3-")),
        ("i1=ib,i2=ia,i3=ic", ("L2", "L1", "L3")),
        ("i1=ic,i2=ib,i3=ia", ("L3", "L2", "L1")),
        ("i1=ia,i2=ic,i3=ib", ("L1", "L3", "L2")),
        ("i1=ia,i2=ia,i3=ic", ("L1", "L1", "L3")),
    ],
)
def test_one_mistake_is_named(name: str, channels: str, assignment: tuple[str, ...]) -> None:
    found = explained(name, channels, "--generation-on-site", "no")
    told = [f"{one['phase']}{'-' if one['reversed'] else ''}" for one in found["assignment"].values()]
    assert (found["verdict"], tuple(told)) == ("wrong", assignment)


@pytest.mark.parametrize("name", ["04", "05"])
def test_one_phase_that_seems_to_feed_back_is_open_where_nobody_told_of_generation(name: str) -> None:
    found = explained(name, "i1=ia,i2=-ib,i3=ic")
    assert (found["verdict"], found["decides_with_a"], found["decides_on"]) == ("undecided", 6.0, ["L2"])
    assert "the clamp of L2 is the wrong way round, or L2 feeds back" in found["sentence"]


@pytest.mark.parametrize("name", ["04", "05"])
@pytest.mark.parametrize(
    ("channels", "assignment"),
    [
        ("i1=-ib,i2=ia,i3=ic", ("L2-", "L1", "L3")),
        ("i1=-ib,i2=-ia,i3=-ic", ("L2-", "L1-", "L3-")),
        ("i1=ib,i2=ic,i3=ia", ("L2", "L3", "L1")),
    ],
)
def test_several_mistakes_are_named_or_left_open(name: str, channels: str, assignment: tuple[str, ...]) -> None:
    found = explained(name, channels)
    told = [f"{one['phase']}{'-' if one['reversed'] else ''}" for one in found["assignment"].values()]
    assert found["verdict"] != "right"
    assert tuple(told) in {assignment, ("None", "None", "None")}, found["sentence"]


@pytest.mark.parametrize("name", ["04", "05"])
def test_all_reversed_looks_like_export(name: str) -> None:
    assert explained(name, "i1=-ia,i2=-ib,i3=-ic")["verdict"] == "undecided"
