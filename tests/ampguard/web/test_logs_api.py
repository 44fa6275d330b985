"""The processes' logs over HTTP: to look at, to take away, or said not to be there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.ampguard.web.unit import Unit, refusal, system_at, unit_at

from ampguard.web.access.tokens import Scope
from ampguard.web.system import Level, Line

URL = "/api/v1/logs"


@dataclass
class Told:
    """Two lines of each process, and what it was asked."""

    processes: tuple[str, ...] = ("meter", "web")
    asked: list[tuple[str, Level, int]] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def last(self, process: str, least: Level, most: int) -> tuple[Line, ...]:
        self.asked.append((process, least, most))
        self.most_at_once = max(self.most_at_once, self.at_once + 1)
        self.at_once += 1
        await asyncio.sleep(0.01)
        self.at_once -= 1
        return (
            Line("2026-11-22T10:00:00.000+00:00", Level.ERROR, f"{process} <b>fails"),
            Line(None, Level.INFO, "é"),
        )


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def unit(tmp_path: Path, told: Told) -> Iterator[Unit]:
    with unit_at(tmp_path, system=replace(system_at(), logs=told)) as made:
        yield made


def test_lines_come_with_their_level(unit: Unit, told: Told) -> None:
    answer = unit.with_token(Scope.CONTROL).get(f"{URL}/meter?level=warning&lines=7")
    assert answer.json()[0] == {"utc": "2026-11-22T10:00:00.000+00:00", "level": "error", "text": "meter <b>fails"}
    assert told.asked == [("meter", Level.WARNING, 7)]


def test_a_log_is_taken_away_as_text(unit: Unit) -> None:
    answer = unit.owner.get(f"{URL}/web/text")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="ampguard-web-AB12345G.txt"'
    assert answer.text == "2026-11-22T10:00:00.000+00:00 error web <b>fails\n- info é\n"


@pytest.mark.parametrize(
    "path", ["passwd", "meter?level=all", "meter?lines=0", "meter?lines=2001", "..%2Fmeter", "meter%00", "--help"]
)
def test_what_is_no_process_or_level_gets_nowhere(unit: Unit, told: Told, path: str) -> None:
    assert unit.owner.get(f"{URL}/{path}").status_code in {404, 422}
    assert told.asked == []


def test_a_token_for_reading_does_not_get_at_them(unit: Unit) -> None:
    for path in ("meter", "meter/text"):
        assert refusal(unit.with_token(Scope.READ).get(f"{URL}/{path}")) == (403, "not-allowed")
        assert refusal(unit.stranger.get(f"{URL}/{path}")) == (401, "sign-in-wanted")
        unit.access.tokens.revoke(unit.access.tokens.all()[0].id)


def test_a_computer_without_logs_says_so(tmp_path: Path) -> None:
    with unit_at(tmp_path) as unit:
        for path in ("meter", "meter/text"):
            answer = unit.owner.get(f"{URL}/{path}")
            assert refusal(answer) == (503, "no-log")
            assert "no log of meter" in answer.json()["sentence"]


def test_many_who_ask_at_once_take_turns_or_come_back(unit: Unit, told: Told) -> None:
    async def at_once() -> list[int]:
        questions = [unit.owner.client.get(f"{URL}/meter{('', '/text')[number % 2]}") for number in range(12)]
        return [answer.status_code for answer in await asyncio.gather(*questions)]

    assert sorted(unit.run(at_once())) == [200] * 7 + [503] * 5
    assert told.most_at_once == 1
