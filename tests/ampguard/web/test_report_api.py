"""The commissioning report over HTTP: made one at a time, taken away, or said why not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.ampguard.web.unit import Unit, refusal, system_at, unit_at

from ampguard.errors import SetupError
from ampguard.web.access.tokens import Scope
from ampguard.web.system import ReportFiles

URL = "/api/v1/report"
WANTED = {"language": "da", "installer": "Smith & Søn", "note": "-- none; $(id)\nno more"}


@dataclass
class Maker:
    """Makes a report when it is told to go on."""

    folder: Path
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    why: str | None = None
    keys: int = 0

    async def made(self, language: str, installer: str, note: str) -> ReportFiles:
        self.asked.append((language, installer, note))
        await self.goes_on.wait()
        if self.why is not None:
            raise SetupError(self.why)
        files = ReportFiles(self.folder / "ampguard-report-1.pdf", self.folder / "ampguard-report-1.json")
        files.pdf.write_bytes(b"%PDF-1")
        files.json.write_text("{}")
        return files

    async def key(self) -> str:
        self.keys += 1
        await asyncio.sleep(0.05)
        return "ab cd"


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


@pytest.fixture
def unit(tmp_path: Path, maker: Maker) -> Iterator[Unit]:
    with unit_at(tmp_path, system=replace(system_at(), reports=maker)) as made:
        yield made


def test_it_is_made_while_others_go_on_and_then_taken_away(unit: Unit, maker: Maker) -> None:
    assert unit.owner.get(URL).json()["state"] == "none"
    assert unit.owner.post(URL, json=WANTED).json()["state"] == "busy"
    unit.wait(0.01)
    assert unit.owner.get(URL).json()["state"] == "busy"
    assert refusal(unit.owner.get(f"{URL}/file/pdf")) == (404, "not-there")
    maker.goes_on.set()
    unit.wait(0.01)
    assert unit.owner.get(URL).json() == {"state": "done", "sentence": None, "name": "ampguard-report-1"}
    assert maker.asked == [tuple(WANTED.values())]
    answer = unit.owner.get(f"{URL}/file/pdf")
    assert (answer.content, answer.headers["content-type"]) == (b"%PDF-1", "application/pdf")
    assert answer.headers["content-disposition"] == 'attachment; filename="ampguard-report-1.pdf"'
    assert unit.with_token(Scope.READ).get(f"{URL}/file/json").json() == {}


def test_only_one_at_a_time(unit: Unit, maker: Maker) -> None:
    unit.owner.post(URL, json=WANTED)
    unit.wait(0.01)
    answer = unit.owner.post(URL, json=WANTED)
    assert refusal(answer) == (409, "busy")
    assert answer.headers["retry-after"] == "5"
    assert len(maker.asked) == 1


def test_one_that_fails_says_why_and_another_may_follow(unit: Unit, maker: Maker) -> None:
    maker.why = "the key cannot be kept"
    maker.goes_on.set()
    unit.owner.post(URL, json=WANTED)
    unit.wait(0.01)
    assert unit.owner.get(URL).json() == {"state": "failed", "sentence": maker.why, "name": None}
    maker.why = None
    unit.owner.post(URL, json=WANTED)
    unit.wait(0.01)
    assert unit.owner.get(URL).json()["state"] == "done"


def test_files_that_somebody_has_deleted_are_not_there(unit: Unit, maker: Maker) -> None:
    maker.goes_on.set()
    unit.owner.post(URL, json=WANTED)
    unit.wait(0.01)
    (maker.folder / "ampguard-report-1.pdf").unlink()
    assert refusal(unit.owner.get(f"{URL}/file/pdf")) == (404, "not-there")


@pytest.mark.parametrize(
    "wanted",
    [
        {}, {"language": "english"}, {"language": "--"}, {"language": "da\n"},
        {"language": "da", "installer": "x" * 121}, {"language": "da", "installer": "\ud800"},
        {"language": "da", "note": "x" * 501}, {"language": "da", "note": "\0"}, {"language": "da", "output": "/etc"},
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(unit: Unit, maker: Maker, wanted: dict[str, str]) -> None:
    assert refusal(unit.owner.post(URL, content=json.dumps(wanted))) == (422, "malformed")
    assert maker.asked == []


@pytest.mark.parametrize("kind", ["exe", "..%2Fcard.json", "PDF"])
def test_there_are_no_other_files(unit: Unit, kind: str) -> None:
    assert unit.owner.get(f"{URL}/file/{kind}").status_code in {404, 422}


def test_the_key_is_asked_for_once(unit: Unit, maker: Maker) -> None:
    for _ in range(2):
        assert unit.owner.get(f"{URL}/key").json() == {"fingerprint": "ab cd"}
    assert maker.keys == 1


def test_who_may_not(unit: Unit, maker: Maker) -> None:
    assert refusal(unit.with_token(Scope.READ).post(URL, json=WANTED)) == (403, "not-allowed")
    for path in ("", "/key", "/file/pdf"):
        assert refusal(unit.stranger.get(f"{URL}{path}")) == (401, "sign-in-wanted")
    assert maker.asked == []


def test_a_key_that_there_is_not_is_told(tmp_path: Path) -> None:
    with unit_at(tmp_path) as unit:
        assert refusal(unit.owner.get(f"{URL}/key")) == (422, "unfit")


def test_many_who_ask_for_the_key_at_once_start_one_process(unit: Unit, maker: Maker) -> None:
    async def at_once() -> list[int]:
        questions = [unit.owner.client.get(f"{URL}/key") for _ in range(8)]
        return [answer.status_code for answer in await asyncio.gather(*questions)]

    assert sorted(unit.run(at_once())) == [200] + [503] * 7
    assert maker.keys == 1
