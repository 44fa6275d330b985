"""The access log tells the latest first, takes no more room than it is given, and survives being cut off."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.ampguard.web.access.clocks import Clock

from ampguard.web.access.accesslog import MOST_BYTES, MOST_SHOWN, AccessLog, Happened


@pytest.fixture
def log(tmp_path: Path) -> AccessLog:
    return AccessLog(tmp_path / "web" / "access.jsonl", Clock().utc)


def test_the_newest_comes_first(log: AccessLog) -> None:
    assert log.latest() == []
    log.note(Happened.WRONG_PIN, "192.0.2.7", failures=1)
    log.note(Happened.SIGNED_IN, "192.0.2.7")
    assert [(one["what"], one.get("failures")) for one in log.latest()] == [("signed in", None), ("wrong PIN", 1)]


def test_it_is_for_its_owners_eyes_only(log: AccessLog) -> None:
    log.note(Happened.SIGNED_IN, "192.0.2.7")
    assert log._path.stat().st_mode & 0o777 == 0o600
    assert log._path.parent.stat().st_mode & 0o777 == 0o700


def test_it_is_bounded_and_keeps_the_latest_whole(log: AccessLog) -> None:
    log._path.parent.mkdir()
    line = json.dumps({"utc": None, "what": "wrong PIN", "source": "x" * 60}) + "\n"
    log._path.write_text(line * (MOST_BYTES // len(line) + 1))
    for number in range(3):
        log.note(Happened.TOKEN_MADE, "192.0.2.7", name=f"token {number}")
    assert log._path.stat().st_size <= MOST_BYTES
    lines = log._path.read_text().splitlines()
    assert [json.loads(one).get("name") for one in lines][-3:] == ["token 0", "token 1", "token 2"]
    assert len(log.latest()) == MOST_SHOWN


def test_a_line_that_was_cut_off_spoils_no_other(log: AccessLog) -> None:
    log.note(Happened.SIGNED_IN, "a")
    with log._path.open("ab") as file:
        file.write(b'{"utc": null, "wh')
    log.note(Happened.SIGNED_OUT, "b")
    assert [one["source"] for one in log.latest()] == ["b", "a"]


def test_what_somebody_typed_as_a_name_makes_no_line_of_its_own(log: AccessLog) -> None:
    log.note(Happened.TOKEN_MADE, "a", name='x"}\n{"what": "signed in"}\u2028')
    assert len(log.latest()) == 1
