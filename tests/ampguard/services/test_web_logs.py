"""Where the processes' logs come from: the service manager, a bench's files, or nowhere, and then it is said."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.errors import SetupError
from ampguard.services import web_logs
from ampguard.services.web_logs import FileLogs, JournalLogs, NoLogs, logs_here
from ampguard.web.system import Level, Line

FILE = """\
info ampguard-meter: measuring
warning ampguard-meter: missing before reading 48
error ampguard-meter: ended by a defect of its own
Traceback (most recent call last):
  no level of its own: here
ValueError: why
debug uvicorn.error: nothing
a word without level
"""


def journalctl(folder: Path, script: str) -> JournalLogs:
    """Something that answers as journalctl would."""
    path = folder / "journalctl"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return JournalLogs(str(path))


def test_the_journal_is_asked_with_arguments_of_our_own(tmp_path: Path) -> None:
    line = json.dumps({"MESSAGE": "ampguard-meter: é", "PRIORITY": "4", "__REALTIME_TIMESTAMP": "1795341600000000"})
    under_test = journalctl(tmp_path, f"printf '%s\\n' \"$@\" > {tmp_path}/asked\ncat <<'END'\n{line}\nEND")
    found = asyncio.run(under_test.last("meter", Level.WARNING, 9))
    assert found == (Line("2026-11-22T10:00:00.000+00:00", Level.WARNING, "ampguard-meter: é"),)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[:3] == ["--output=json", "--no-pager", "--quiet"]
    assert asked[3:6] == ["--unit=ampguard-meter.service", "--priority=4", "--lines=9"]


def test_what_takes_long_keeps_nobody_else_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read_by: list[int] = []
    entry, lines = web_logs._entry, web_logs._lines

    def noted(text: str) -> Line | None:
        read_by.append(threading.get_ident())
        return entry(text)

    def noted_too(content: str, least: Level) -> tuple[Line, ...]:
        read_by.append(threading.get_ident())
        return lines(content, least)

    monkeypatch.setattr(web_logs, "_entry", noted)
    monkeypatch.setattr(web_logs, "_lines", noted_too)
    (tmp_path / "meter.log").write_text(FILE)
    asyncio.run(journalctl(tmp_path, "echo '{}'").last("meter", Level.INFO, 9))
    asyncio.run(FileLogs(tmp_path).last("meter", Level.INFO, 9))
    assert len(read_by) == 2
    assert threading.get_ident() not in read_by


@pytest.mark.parametrize(
    ("entry", "level", "text"),
    [
        ({"PRIORITY": "2"}, Level.ERROR, "None"), ({"PRIORITY": "5", "MESSAGE": "x"}, Level.INFO, "x"),
        ({"MESSAGE": [104, 105, 255]}, Level.INFO, "hi\ufffd"), ({"MESSAGE": "\ud800"}, Level.INFO, "?"),
        ({"PRIORITY": "99", "MESSAGE": "x" * 5000}, Level.DEBUG, "x" * 2000),
    ],
)  # fmt: skip
def test_entries_of_all_kinds_are_understood(entry: dict[str, object], level: Level, text: str) -> None:
    found = web_logs._entry(json.dumps({"__REALTIME_TIMESTAMP": "0", **entry}))
    assert found == Line("1970-01-01T00:00:00.000+00:00", level, text)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["MESSAGE", "PRIORITY", "x"]), inner),
)


@given(_json, _json, _json)
def test_no_entry_breaks_the_log(message: object, priority: object, stamp: object) -> None:
    text = json.dumps({"MESSAGE": message, "PRIORITY": priority, "__REALTIME_TIMESTAMP": stamp})
    found = web_logs._entry(text)
    if found is not None:
        found.text.encode()


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", "[" * 100_000])
def test_what_is_no_entry_is_passed_over(text: str) -> None:
    assert web_logs._entry(text) is None


def test_a_journal_that_refuses_is_told(tmp_path: Path) -> None:
    under_test = journalctl(
        tmp_path, "echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1"
    )
    with pytest.raises(SetupError, match="insufficient permissions"):
        asyncio.run(under_test.last("meter", Level.INFO, 9))


@pytest.mark.parametrize(("least", "count"), [(Level.DEBUG, 8), (Level.INFO, 6), (Level.WARNING, 5), (Level.ERROR, 4)])
def test_a_file_is_read_by_level_and_a_traceback_stays_whole(tmp_path: Path, least: Level, count: int) -> None:
    (tmp_path / "meter.log").write_text(FILE)
    found = asyncio.run(FileLogs(tmp_path).last("meter", least, 100))
    assert len(found) == count
    assert "ValueError: why" in [line.text for line in found]
    assert found[-1].level in {least, Level.ERROR}
    assert asyncio.run(FileLogs(tmp_path).last("meter", least, 2)) == found[-2:]


def test_of_a_large_file_the_end_is_read(tmp_path: Path) -> None:
    (tmp_path / "meter.log").write_text("".join(f"info ampguard-meter: {number}\n" for number in range(50_000)))
    found = asyncio.run(FileLogs(tmp_path).last("meter", Level.INFO, 10_000))
    assert (len(found), found[-1].text) == (web_logs.MOST_LINES, "ampguard-meter: 49999")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"meter.log: wanted the log of meter, met: No such file"):
        asyncio.run(FileLogs(tmp_path).last("meter", Level.INFO, 1))


@pytest.mark.parametrize("process", ["", "../secret", "meter.service --help", "*"])
def test_only_known_processes_have_a_log(tmp_path: Path, process: str) -> None:
    (tmp_path.parent / "secret.log").write_text("info x: y\n")
    for under_test in (FileLogs(tmp_path), journalctl(tmp_path, "exit 0")):
        with pytest.raises(SetupError, match="wanted one of"):
            asyncio.run(under_test.last(process, Level.INFO, 1))


def test_a_computer_without_any_says_so() -> None:
    with pytest.raises(SetupError, match="met none on this computer"):
        asyncio.run(NoLogs().last("meter", Level.INFO, 1))


def test_a_benchs_folder_comes_first(tmp_path: Path) -> None:
    assert isinstance(logs_here({"AMPGUARD_LOGS": str(tmp_path)}), FileLogs)
    assert isinstance(logs_here({}), JournalLogs | NoLogs)
