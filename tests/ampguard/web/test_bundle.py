"""The support bundle: one file with all that helps, a README that says what is in it, and no secret in any of it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ampguard.web.unit import Unit, refusal, system_at, unit_at

from ampguard.journal.writer import JournalWriter
from ampguard.web.access.tokens import Scope
from ampguard.web.bundle import LARGEST_PIECE
from ampguard.web.system import Level, Line

URL = "/api/v1/support-bundle"
PASSWORD, TOKEN = 'hunter2 "of the" broker', "token-of-the-cloud"
CHARGERS = "sixteen-letters!"
PROXY = "http://me:my-word@proxy:3128"


class Careless:
    """Processes that write passwords into their logs."""

    processes = ("meter", "uplink")

    async def last(self, process: str, least: Level, most: int) -> tuple[Line, ...]:
        del least, most
        return (Line(None, Level.ERROR, f"{process}: cannot sign in with {PASSWORD} by {PROXY}"),)


@pytest.fixture
def unit(tmp_path: Path) -> Iterator[Unit]:
    with unit_at(tmp_path, system=replace(system_at(), logs=Careless())) as made:
        told = {"mqtt.host": "broker", "mqtt.password": PASSWORD, "https.url": "https://cloud.example"}
        changes = {**told, "https.token": TOKEN, "https.proxy": PROXY}
        assert made.owner.patch("/api/v1/settings", json={"changes": changes}).status_code == 200
        yield made


def opened(unit: Unit) -> dict[str, str]:
    answer = unit.owner.get(URL)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == 'attachment; filename="ampguard-support-AB12345G.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_it_holds_what_there_is_and_says_what_is_missing(unit: Unit) -> None:
    unit.places.wiring.mkdir()
    (unit.places.wiring / "evidence.json").write_text('{"finding": "all right"}')
    found = opened(unit)
    assert set(found) == {
        "README.txt", "unit.json", "settings.toml", "settings-history.json", "live.json", "wiring-evidence.json",
        "log-meter.txt", "log-uplink.txt", "group.json", "group-history.json",
    }  # fmt: skip
    readme = found["README.txt"]
    assert all(name in readme for name in found if name != "README.txt")
    assert "AB12345G, version 0, made 2026-11-22T10:00:00" in readme
    assert "not in it: wiring-history.json: there is none yet" in readme
    assert "not in it: journal-events.jsonl: " in readme
    assert 'host = "broker"' in found["settings.toml"]
    assert json.loads(found["unit.json"])["boot"] == "boot-1"
    assert json.loads(found["live.json"])["status"] == {"serial": "AB12345G"}


def test_the_last_notes_of_the_journal_are_in_it(unit: Unit) -> None:
    journal = JournalWriter(unit.places.journal)
    for number in range(600):
        journal.note("boot", "event", {"number": number})
    journal.close()
    lines = [json.loads(line) for line in opened(unit)["journal-events.jsonl"].splitlines()]
    assert [one["body"]["number"] for one in lines] == list(range(100, 600))


def test_no_secret_of_the_settings_is_in_it_whoever_wrote_it_there(unit: Unit) -> None:
    unit.places.wiring.mkdir()
    (unit.places.wiring / "evidence.json").write_text(json.dumps({"said": [PASSWORD, TOKEN]}))
    unit.parts.hub.tell("uplink", {"session": f"refused {PASSWORD}"})
    found = opened(unit)
    for name, content in found.items():
        for secret in (PASSWORD, json.dumps(PASSWORD)[1:-1], TOKEN, PROXY, "my-word"):
            assert secret not in content, name
    assert "cannot sign in with (secret) by (secret)" in found["log-uplink.txt"]


def test_no_password_of_a_charger_is_in_it_whoever_wrote_it_there(unit: Unit) -> None:
    one = {"id": "1M", "max_a": 16, "phases": ["L1"], "offline_a": 6, "key": CHARGERS, "cloud_key": TOKEN[::-1]}
    group = {"device": "gG", "max_offline_a": 20, "chargers": [one]}
    assert unit.owner.put("/api/v1/balancing/group", json={"group": group}).status_code == 200
    unit.parts.hub.tell("uplink", {"session": f"refused {CHARGERS} and {TOKEN[::-1]}"})
    found = opened(unit)
    assert json.loads(found["group.json"])["group"]["chargers"][0]["has_key"] is True
    assert "chargers.1M.key" in found["group-history.json"]
    assert "refused (secret) and (secret)" in found["live.json"]
    assert [name for name, content in found.items() if CHARGERS in content or TOKEN[::-1] in content] == []


def test_a_history_of_broken_settings_does_not_keep_the_rest_back(unit: Unit) -> None:
    unit.places.settings.write_text("no settings at all")
    found = opened(unit)
    assert "not in it: settings.toml: " in found["README.txt"]
    assert "unit.json" in found


def test_a_piece_that_is_too_large_is_cut(unit: Unit) -> None:
    unit.places.wiring.mkdir()
    (unit.places.wiring / "evidence.json").write_text("x" * (LARGEST_PIECE + 1000))
    found = opened(unit)
    assert len(found["wiring-evidence.json"]) == LARGEST_PIECE


def test_it_is_for_the_owner_in_person(unit: Unit) -> None:
    assert refusal(unit.with_token(Scope.CONTROL).get(URL)) == (401, "sign-in-wanted")
    assert refusal(unit.stranger.get(URL)) == (401, "sign-in-wanted")
