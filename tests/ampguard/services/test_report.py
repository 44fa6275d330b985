"""`ampguard report`: gathers what there is, says what there is not, and tells a changed report from a true one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.ampguard.journal.made import WELL, reading
from tests.ampguard.report.test_left import CHECKED, TOLD

from ampguard.chronicle.reported import Reported, kept, stated
from ampguard.clock import ClockQuality
from ampguard.events import Occurrence, What, WiringChange
from ampguard.identity import Unit, as_told
from ampguard.journal.writer import JournalWriter
from ampguard.phases import Phases
from ampguard.readings import Interval, as_json
from ampguard.report import signing
from ampguard.report.catalogue import Words
from ampguard.report.token import Token
from ampguard.services.cli import main
from ampguard.settings.assignment import AS_LABELLED
from ampguard.settings.settings import load
from ampguard_drivers.eeprom.records import Calibration, ChannelCalibration, Identity
from ampguard_drivers.frontend import Variant

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard.readings import Json, Reading

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
UNIT = Unit(
    Identity("2608123456G", b"hash", Variant.HOME),
    Calibration(tuple(ChannelCalibration(1.0, 0.0) for _ in range(7)), 0.0, 25.0, "blue"),
)


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("AMPGUARD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("AMPGUARD_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("AMPGUARD_BOARD", str(tmp_path / "no-board.toml"))
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


def make(tmp_path: Path, *words: str) -> tuple[Mapping[str, Json], Path, Path]:
    """Facts, PDF, JSON."""
    assert main(["report", "make", "--quiet", "--output", str(tmp_path / "out"), *words]) == 0
    (pdf,), (told,) = (tmp_path / "out").glob("*.pdf"), (tmp_path / "out").glob("*.json")
    return signing.document(told.read_bytes()).facts, pdf, told


def at(number: int, interval: Interval, length_s: float) -> Reading:
    return replace(
        reading(number, interval=interval, seconds=length_s),
        end_utc=(START + timedelta(seconds=length_s * number)).isoformat(),
        active_power_w=Phases(100.0 * number, 200.0, None),
        health=replace(WELL, selfcheck_percent=0.03, temperature_degc=31.0),
    )


def journal(path: Path) -> None:
    writer = JournalWriter(path)
    writer.append(tuple(at(number, Interval.MINUTES_10, 600.0) for number in range(1, 31)))
    writer.append((at(1, Interval.SECOND, 1.0),))
    for number, current in enumerate(("wrong", "right"), 1):
        change = WiringChange(voltage="right", current=current, sentence=f"verdict {number}")
        occurrence = Occurrence(
            boot="boot",
            sequence=number,
            kind=What.WIRING,
            start_utc=START.isoformat(),
            start_monotonic_ns=number,
            clock_quality=ClockQuality.SYNCHRONISED,
            event=change,
        )
        writer.note("boot", "event", as_json(occurrence))
    writer.close()


def test_a_unit_that_is_not_there_makes_a_report_that_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts, pdf, _ = make(tmp_path)
    assert facts["latest"] is facts["trace"] is facts["finding"] is facts["condition"] is None
    assert facts["unit"] == {  # nothing is invented
        "serial": None, "variant": None, "ct_set": None, "rated_current_a": None, "calibration": None,
    }  # fmt: skip
    assert {one["what"] for one in facts["absences"]} == {"unit", "journal"}
    assert main(["report", "verify", str(pdf)]) == 0
    assert "the signature only shows that file and key belong together" in capsys.readouterr().out


def test_settings_are_told_and_secrets_are_not(tmp_path: Path) -> None:
    (tmp_path / "data" / "settings.toml").write_text(
        'main_fuse_a = 35.0\ngrid_type = "it"\n[mqtt]\nhost = "broker"\nusername = "me"\npassword = "hunter2!"\n'
        '[wiring.clamps]\nl1 = "L2 reversed"\nl2 = "L1"\n'
    )
    facts, pdf, told = make(tmp_path)
    assert facts["installation"]["main_fuse_a"] == 35.0
    assert facts["installation"]["grid_type"] == "it"
    assert facts["installation"]["inputs"]["l1"] == {"clamp": "L2", "clamp_reversed": True, "voltage": "L1"}
    listed = {one["name"]: one["value"] for one in facts["settings"]}
    assert listed["mqtt.host"] == "broker"
    assert listed["mqtt.password"] == "(secret)"
    assert b"hunter2" not in pdf.read_bytes() + told.read_bytes()


def test_what_a_report_states_is_remembered_without_a_secret(tmp_path: Path) -> None:
    settings = tmp_path / "data" / "settings.toml"
    settings.write_text('main_fuse_a = 35.0\n[mqtt]\nhost = "broker"\npassword = "hunter2!"\n')
    make(tmp_path)
    folder = tmp_path / "data" / "wiring"
    before = stated(load(settings))
    assert kept(folder) == Reported(before, None)
    settings.write_text('main_fuse_a = 35.0\n[mqtt]\nhost = "broker"\npassword = "another"\n')
    assert stated(load(settings)) == before
    settings.write_text("main_fuse_a = 36.0\n")
    assert stated(load(settings)) != before


def test_the_journal_s_newest_reading_its_day_and_its_verdicts_are_in_it(tmp_path: Path) -> None:
    journal(tmp_path / "data" / "journal.sqlite")
    facts, _, _ = make(tmp_path)
    assert facts["latest"]["active_power_w"] == {"l1": 100.0, "l2": 200.0, "l3": None}
    assert facts["self_check"]["deviation_percent"] == 0.03
    assert facts["trace"]["interval_s"] == 600.0
    assert [one["active_power_w"]["l1"] for one in facts["trace"]["points"]] == [100.0 * n for n in range(1, 31)]
    assert [one["sentence"] for one in facts["conditions"]] == ["verdict 1", "verdict 2"]
    assert facts["condition"]["current"] == "right"
    assert [one["what"] for one in facts["absences"]] == ["unit"]


def test_history_and_evidence_of_the_wiring_are_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "wiring"
    folder.mkdir()
    entry = {"utc": START.isoformat(), "before": {"clamps": {"l1": "L1"}}, "after": {"clamps": {"l1": "L2"}}}
    (folder / "history.json").write_text(json.dumps([{**entry, "finding_before": TOLD, "finding_after": None}]))
    (folder / "evidence.json").write_text(json.dumps({"finding": {**TOLD, "verdict": "right"}}))
    facts, _, _ = make(tmp_path)
    assert facts["changes"][0]["finding_before"]["verdict"] == "wrong"
    assert facts["finding"]["verdict"] == "right"


def test_what_is_left_to_do_is_told_in_the_reader_s_language(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "wiring"
    folder.mkdir()
    doubled = {"l1": {"phase": "L1"}, "l2": {"phase": "L1"}, "l3": {"phase": "L3"}}
    (folder / "evidence.json").write_text(json.dumps({"finding": {**TOLD, "assignment": doubled}}))
    words = Words("de")
    facts, _, _ = make(tmp_path, "--language", "de")
    said = words.say("Two clamps sit on {phase}: one of them must be moved by hand to {other}.", phase="L1", other="L2")
    assert said.startswith("Zwei")
    assert facts["finding"]["to_do"] == [said]


@pytest.mark.parametrize("damage", [b"{", b"\xff", b"[" * 50_000, b'{"a": 1}', b"null", b"[1, [], {}]"])
def test_mutilated_files_are_a_sentence_and_no_crash(tmp_path: Path, damage: bytes) -> None:
    folder = tmp_path / "data" / "wiring"
    folder.mkdir()
    for path in (
        folder / "history.json",
        folder / "evidence.json",
        folder / "check.json",
        tmp_path / "data" / "settings.toml",
    ):
        path.write_bytes(damage)
    (tmp_path / "data" / "journal.sqlite").write_bytes(damage * 200)
    facts, pdf, _ = make(tmp_path)
    assert {"unit", "journal", "settings"} <= {one["what"] for one in facts["absences"]}
    assert main(["report", "verify", str(pdf)]) == 0


def test_the_guided_check_is_in_it_and_one_of_another_assignment_is_told_as_that(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "wiring"
    folder.mkdir()
    assert make(tmp_path)[0]["check"] is None
    content = {**CHECKED, "inputs": as_json(AS_LABELLED.inputs)}
    (folder / "check.json").write_text(json.dumps(content))
    (tmp_path / "out").rename(tmp_path / "first")
    found = make(tmp_path)[0]["check"]
    assert (found["utc"], found["is_of_present_inputs"]) == (CHECKED["utc"], True)
    assert found["clamps"]["l1"]["step_a"] == 8.7
    assert found["clamps"]["l2"] is None
    (tmp_path / "data" / "settings.toml").write_text('[wiring.clamps]\nl1 = "L2"\nl2 = "L1"\n')
    (tmp_path / "out").rename(tmp_path / "second")
    assert make(tmp_path)[0]["check"]["is_of_present_inputs"] is False


@pytest.mark.parametrize("what", ["installer", "note"])
def test_letters_that_the_paper_cannot_show_are_refused_in_a_sentence(
    tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "make", "--output", str(tmp_path / "out"), f"--{what}", "Checked ✓ 王 ✓, Łódź: 5 Ω"]) == 2
    said = capsys.readouterr().err
    assert f"{what}: wanted letters that the report's font has (Latin, Greek, Cyrillic), met ✓王" in said
    assert not (tmp_path / "out").exists()
    make(tmp_path, f"--{what}", "Checked, Łódź: 5 Ω ± 1 %, Καλημέρα, Добрый день")


def test_the_language_is_the_environment_s_unless_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "da_DK.UTF-8")
    assert make(tmp_path)[0]["language"] == "da"


def test_installer_and_note_are_in_it_however_long(tmp_path: Path) -> None:
    facts, _, _ = make(tmp_path, "--installer", "Åse Ødegård", "--note", "lang " * 300, "--language", "sv")
    assert facts["installer"] == "Åse Ødegård"
    assert facts["language"] == "sv"
    assert len(facts["note"]) == 500


def test_a_report_is_valid_for_its_own_key_and_for_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, pdf, told = make(tmp_path)
    capsys.readouterr()
    assert main(["report", "key"]) == 0
    shown = capsys.readouterr().out
    mark, public = (line.split(maxsplit=1)[1].removeprefix("key").strip() for line in shown.splitlines())
    for file in (pdf, told):
        for key in (mark, mark.replace(" ", "").upper(), public):
            assert main(["report", "verify", str(file), "--key", key]) == 0
            assert "valid" in capsys.readouterr().out
        for other in ("0" * 32, "A" * 43 + "="):
            assert main(["report", "verify", str(file), "--key", other]) == 1
            assert "UNKNOWN KEY" in capsys.readouterr().out
    assert main(["report", "verify", str(pdf), "--key", "nonsense"]) == 2


def test_a_changed_report_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, pdf, told = make(tmp_path)
    told.write_bytes(told.read_bytes().replace(b'"three-phase"', b'"two-phases!"'))
    content = bytearray(pdf.read_bytes())
    content[2000] ^= 1
    pdf.write_bytes(content)
    capsys.readouterr()
    assert main(["report", "verify", str(told)]) == 1
    assert "CHANGED" in capsys.readouterr().out
    # the byte may be one of the page, or one without which the facts cannot be read at all
    assert main(["report", "verify", str(pdf)]) in {1, 2}
    said = capsys.readouterr()
    assert "CHANGED" in said.out or "damaged" in said.err


def test_the_paper_s_code_is_held_against_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts, pdf, told = make(tmp_path)
    document = signing.document(told.read_bytes())
    good = Token("", facts["utc"], document.digest, document.signature)
    assert main(["report", "verify", str(pdf), "--qr", good.as_text()]) == 0
    assert "the QR code is of this report" in capsys.readouterr().out
    assert main(["report", "verify", str(pdf), "--qr", replace(good, digest=bytes(32)).as_text()]) == 1
    assert "CHANGED" in capsys.readouterr().out
    assert main(["report", "verify", str(pdf), "--qr", "https://example"]) == 2


@pytest.mark.parametrize("content", [None, b"", b"%PDF-1.4\n", b"{}", bytes(100)])
def test_what_is_no_report_is_said_in_a_sentence(
    tmp_path: Path, content: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    assert main(["report", "verify", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"ampguard: {path}: ")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("a file")
    assert main(["report", "make", "--output", str(tmp_path / "out")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_nothing_half_made_is_left_behind(tmp_path: Path) -> None:
    _, pdf, told = make(tmp_path)
    assert set((tmp_path / "out").iterdir()) == {pdf, told}


def test_what_the_meter_tells_of_the_unit_has_no_pin_and_names_the_calibration() -> None:
    told = as_told(UNIT)
    assert isinstance(told, dict)
    assert (told["serial"], told["variant"], told["rated_current_a"]) == ("2608123456G", "home", 100.0)
    assert "hash" not in json.dumps(told)
    other = replace(UNIT, calibration=replace(UNIT.calibration, sample_rate_error_ratio=1e-6))
    assert told["calibration"] != as_told(other)["calibration"]
