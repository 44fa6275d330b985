"""`ampguard wiring check`: on recordings as on the meter, for people and programs, with an exit code that says it."""

from __future__ import annotations

import json
import math
import os
import pty
import select
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.ampguard.wiring.heated import BASE, played, window
from tests.ampguard.wiring.test_check import heaters

from ampguard.live.measured import measurement
from ampguard.live.publisher import Publisher
from ampguard.readings import Measurement, as_json
from ampguard.services import cli

RATE_HZ, TURN_S = 2000, 9.0
ON_S, OFF_S = 3.53, 6.11
"""Of each turn: not at a border of windows."""


def recorded(folder: Path, clamps: tuple[str, str, str], current_a: float = 8.7) -> Path:
    """A heater on L1, then on L2, then on L3; a clamp is the phase it sits on, with a minus the wrong way round."""
    times_s = np.arange(int(RATE_HZ * 3 * TURN_S)) / RATE_HZ
    angles = [2.0 * np.pi * 50.0 * times_s - number * 2.0 * np.pi / 3.0 for number in range(3)]
    chance = np.random.default_rng(1)
    loads = {}
    for number, name in enumerate("abc"):
        since_s = times_s - number * TURN_S
        heats = ((since_s >= ON_S) & (since_s < OFF_S)) * current_a
        flows = 2.0 * np.cos(angles[number] - math.radians(10.0)) + heats * np.cos(angles[number] - math.radians(1.0))
        loads[name] = math.sqrt(2.0) * flows + chance.normal(0.0, 0.02, len(times_s))
    volts = [math.sqrt(2.0) * 230.0 * np.cos(angle) for angle in angles]
    shown = [loads[clamp[-1]] * (-1.0 if clamp.startswith("-") else 1.0) for clamp in clamps]
    file = folder / "wave.csv"
    header = f"# fs_hz={RATE_HZ}\nua,ub,uc,ia,ib,ic"
    np.savetxt(file, np.column_stack([*volts, *shown]), fmt="%.3f", delimiter=",", header=header, comments="")
    return file


def checked(capsys: pytest.CaptureFixture[str], file: Path, *words: str) -> tuple[int, list[dict[str, Any]]]:
    code = cli.main(["wiring", "check", "--replay", str(file), "--json", *words])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("clamps", "verdict", "assignment"),
    [
        (("a", "b", "c"), "right", {"l1": ("L1", False), "l2": ("L2", False), "l3": ("L3", False)}),
        (("b", "-a", "c"), "wrong", {"l1": ("L2", False), "l2": ("L1", True), "l3": ("L3", False)}),
        (("-a", "-b", "-c"), "wrong", {"l1": ("L1", True), "l2": ("L2", True), "l3": ("L3", True)}),
    ],
    ids=str,
)
def test_the_exit_code_and_the_last_line_say_how_the_clamps_sit(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    clamps: tuple[str, str, str],
    verdict: str,
    assignment: dict[str, tuple[str, bool]],
) -> None:
    found, lines = checked(capsys, recorded(tmp_path, clamps), "--load-w", "2000", "--load-rated-v", "230")
    last = lines[-1]
    assert (found, last["kind"], last["verdict"]) == (0 if verdict == "right" else 3, "result", verdict)
    assert last["assignment"] == {name: {"phase": p, "reversed": r} for name, (p, r) in assignment.items()}
    assert last["confidence_ratio"] >= 0.99
    for clamp in last["clamps"].values():
        assert clamp["ratio_error_percent"] == pytest.approx(0.0, abs=1.0)
        assert clamp["ratio_unsure_percent"] == pytest.approx(5.0, abs=0.5)
        assert clamp["phase_error_deg"] == pytest.approx(-1.0, abs=0.3)
        assert clamp["warning"] is None
    for number, line in enumerate(one for one in lines if one["kind"] == "seen"):
        switched_s = (number // 2) * TURN_S + (OFF_S if number % 2 else ON_S)
        assert 0.0 < line["step"]["seen_s"] - switched_s <= 3.0


def test_another_set_of_clamps_is_warned_of(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    _, lines = checked(capsys, recorded(tmp_path, ("a", "b", "c"), 2 * 8.7), "--load-w", "2000")
    assert "2 times what flows" in lines[-1]["clamps"]["l1"]["warning"]


def test_nobody_need_know_the_phases(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, lines = checked(capsys, recorded(tmp_path, ("b", "-a", "c")), "--any-phase")
    assert code == 3
    assert lines[-1]["assignment"]["l2"] == {"phase": "L1", "reversed": True}


def test_a_recording_in_which_nothing_is_switched_is_undecided(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, lines = checked(capsys, recorded(tmp_path, ("a", "b", "c"), 0.0), "--patience-s", "5")
    assert (code, lines[-1]["verdict"]) == (4, "undecided")
    assert any("nothing came on within 5 s" in line["sentence"] for line in lines)


def test_for_people_there_is_one_prompt_at_a_time_and_a_verdict(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert cli.main(["wiring", "check", "--replay", str(recorded(tmp_path, ("b", "a", "c")))]) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "-> switch on a kettle or heater of 5 A or more on L1"
    assert lines[2].startswith("   came on: L2 8.7 A -119°"), "as the clamp shows it, behind its own voltage"
    assert lines[3].startswith("   the clamp of L2 answers, not that of L1: clamps are interchanged")
    assert lines[4] == "-> switch it off again"
    assert any(line.startswith("== wrong (") for line in lines)
    assert lines[-1] == "-> move the clamps, or mend it in software: ampguard wiring accept"
    assert "\x1b" not in "".join(lines), "no colours"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--load-rated-v", "230", "--replay", "WAVE"], "wanted --load-w as well"),
        (["--replay", "WAVE", "--channels", "i1=none,i2=none,i3=none"], "wanted at least one clamp, met none"),
        (["--replay", "nowhere.csv"], "nowhere.csv"),
    ],
)
def test_what_cannot_be_checked_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, words: list[str], sentence: str
) -> None:
    file = str(recorded(tmp_path, ("a", "b", "c"), 0.0))
    assert cli.main(["wiring", "check", *(file if word == "WAVE" else word for word in words)]) == 2
    assert sentence in capsys.readouterr().err


def test_without_a_meter_one_sentence_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPGUARD_RUN", str(tmp_path))
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    monkeypatch.setattr("ampguard.services.wiring_check_feed.SILENT_S", 0.3)
    assert cli.main(["wiring", "check"]) == 2
    assert "does ampguard-meter run?" in capsys.readouterr().err


def test_without_a_neutral_a_heater_sits_between_two_phases(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    (tmp_path / "settings.toml").write_text('grid_type = "it"\n')
    assert cli.main(["wiring", "check"]) == 2
    assert "three-phase appliances there only" in capsys.readouterr().err


def test_what_the_meter_tells_is_understood() -> None:
    one = window(BASE)
    body = json.loads(json.dumps(as_json(one)))
    assert measurement(body) == one
    for broken in ({}, {**body, "quality": ["nonsense"]}, {**body, "voltage_order": "L9"}, {**body, "quality": None}):
        assert measurement(broken) is None
    assert isinstance(measurement({**body, "more": 1}), Measurement)


def test_what_the_check_on_the_meter_has_found_is_kept_for_reports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def told(_: Path) -> AsyncIterator[Measurement | None]:
        for one in played(heaters, 3 * TURN_S + 2.0):
            yield one

    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    monkeypatch.setattr("ampguard.services.wiring_check.live", told)
    (tmp_path / "settings.toml").write_text('[wiring.voltages]\nl1 = "L2"\nl2 = "L1"\n')
    assert cli.main(["wiring", "check"]) == 0
    kept = json.loads((tmp_path / "wiring" / "check.json").read_text())
    assert (kept["verdict"], kept["inputs"]["voltages"]["l1"]) == ("right", "L2")
    assert kept["clamps"]["l3"]["appliance"] == "L3"


def test_a_recording_is_not_this_unit_s_and_nothing_is_kept(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path))
    assert checked(capsys, recorded(tmp_path, ("a", "b", "c")))[0] == 0
    assert not (tmp_path / "wiring").exists()


def test_in_a_terminal_it_shows_what_flows_and_enter_says_that_nothing_answers(tmp_path: Path) -> None:
    feed, ours, theirs = Publisher(tmp_path / "live.sock"), *pty.openpty()
    environment = {**os.environ, "AMPGUARD_RUN": str(tmp_path), "AMPGUARD_DATA": str(tmp_path)}
    command = Path(sys.executable).with_name("ampguard")
    text, pressed = "", 0
    with subprocess.Popen([command, "wiring", "check"], env=environment, stdin=theirs, stdout=theirs) as process:
        for number in range(3000):
            feed.publish("measurement", as_json(window(BASE, start_s=number * 0.2)))
            while select.select([ours], [], [], 0.01)[0]:
                text += os.read(ours, 4096).decode()
            if text.count("press Enter if it is surely on") > pressed:
                pressed += 1
                os.write(ours, b"\n")
            if process.poll() is not None:
                break
        feed.close()
        assert process.wait(timeout=20) == 4, text
    os.close(ours)
    os.close(theirs)
    assert "now: L1   2.0 A" in text
    assert text.index("heater of 5 A or more on L1") < text.index("heater of 5 A or more on L2")
    assert "undecided" in text
    assert "around no phase" not in text, "each shows a current of its own"
