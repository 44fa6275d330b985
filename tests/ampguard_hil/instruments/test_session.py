"""A session that was written down drives the same check again, and no other one."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from tests.ampguard_hil.accuracy.judged import reading

from ampguard_drivers.simulated.front_end import Tolerances
from ampguard_hil.accuracy.limits import Kind
from ampguard_hil.accuracy.points import Point, at_reference
from ampguard_hil.accuracy.run import Result, Rig, UnsettledError, measure
from ampguard_hil.instruments.protocols import InstrumentError
from ampguard_hil.instruments.session import (
    OtherSessionError,
    Recording,
    Replay,
    Tape,
    TapedDrift,
    TapedReadings,
    TapedReference,
    TapedSource,
)
from ampguard_hil.instruments.truth import LABORATORY, truth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ampguard_drivers.simulated.supply import State
    from ampguard_hil.accuracy.run import AReading
    from ampguard_hil.instruments.protocols import Truth

POINTS = [at_reference(63.0, ratio, Kind.HALF) for ratio in (0.1, 0.5)]


class Bench:
    """Source, reference and box in one; after some points the box falls silent."""

    def __init__(self, silent_after: int = 9) -> None:
        self.told: State = POINTS[0].state
        self.count = 0
        self._silent_after = silent_after

    def apply(self, state: State) -> None:
        self.told = state

    def output(self, *, on: bool) -> None:
        assert on

    def read(self) -> Truth:
        return truth(self.told, LABORATORY)

    def deviate(self, by: Tolerances) -> None:
        if by.gain_ratio[0] > 2.0:
            raise InstrumentError("inputs: wanted less")

    def settled(self, count: int) -> Sequence[AReading]:
        self.count += 1
        if self.count > self._silent_after:
            raise UnsettledError("the box is silent")
        point = next(point for point in POINTS if point.state == self.told)
        return [reading(point, number, current_rms_a=1.004) for number in range(count)]


def rig(tape: Tape, bench: Bench | None) -> Rig:
    return Rig(TapedSource(tape, bench), TapedReference(tape, bench), TapedReadings(tape, bench))


def recorded(file: Path, points: Sequence[Point] = tuple(POINTS), bench: Bench | None = None) -> list[Result]:
    with file.open("w") as out:
        return list(measure(points, rig(Recording(out), bench or Bench()), 3))


def test_a_session_played_again_gives_the_same_results(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    first = recorded(file)
    played = Replay(file)
    assert list(measure(POINTS, rig(played, None), 3)) == first
    assert played.left == 0
    assert any(result.error == pytest.approx(0.4, abs=1e-3) for result in first)


def test_each_line_says_when_who_and_what() -> None:
    file = io.StringIO()
    moments = iter([10.0, 10.5, 12.25])
    tape = Recording(file, lambda: next(moments))
    TapedSource(tape, Bench()).apply(POINTS[0].state)
    TapedSource(tape, Bench()).output(on=True)
    lines = [json.loads(line) for line in file.getvalue().splitlines()]
    assert [(line["at_s"], line["who"], line["what"]) for line in lines] == [
        (0.5, "source", "apply"),
        (2.25, "source", "output"),
    ]
    assert lines[0]["with"]["loads"][0]["current_a"] == pytest.approx(6.3)


def test_a_check_that_asks_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    recorded(file)
    with pytest.raises(
        OtherSessionError, match=r"session.jsonl, line 1: it has source apply .*; the check asks for source"
    ):
        list(measure(POINTS[::-1], rig(Replay(file), None), 3))
    with pytest.raises(OtherSessionError, match="line 3: it has box settled 3; the check asks for box settled 4"):
        list(measure(POINTS, rig(Replay(file), None), 4))
    with pytest.raises(OtherSessionError, match="it ends after 8 lines; the check asks for source apply"):
        list(measure([*POINTS, POINTS[0]], rig(Replay(file), None), 3))


def test_a_failure_is_played_again_as_well(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    with pytest.raises(UnsettledError, match="the box is silent"):
        recorded(file, bench=Bench(silent_after=1))
    with pytest.raises(UnsettledError, match="the box is silent"):
        list(measure(POINTS, rig(Replay(file), None), 3))


def test_an_instrument_that_refuses_is_played_again(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    wrong = Tolerances(gain_ratio=(3.0,) * 7)
    with file.open("w") as out, pytest.raises(InstrumentError, match="wanted less"):
        TapedDrift(Recording(out), Bench()).deviate(wrong)
    with pytest.raises(InstrumentError, match="wanted less"):
        TapedDrift(Replay(file)).deviate(wrong)


def test_a_file_that_is_no_session_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text('{"who": "source", "what": "apply", "with": null, "said": null}\nmilk, eggs\n')
    with pytest.raises(OtherSessionError, match=r"notes\.txt, line 2: wanted a line of a session, met milk"):
        Replay(file)
