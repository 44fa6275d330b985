"""The guided check among several phones, and beside a meter that hangs."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING

from tests.ampguard.wiring.heated import played
from tests.ampguard.wiring.test_check import TURN_S, heaters

from ampguard.live.publisher import Publisher
from ampguard.readings import as_json
from ampguard.settings.settings import Settings, load
from ampguard.web import guided
from ampguard.web.guided import Guided
from ampguard.web.live import Hub
from ampguard.wiring.check_plan import Wishes

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


UTC = "2026-11-21T13:58:12+00:00"


def guided_at(folder: Path) -> Guided:
    return Guided(
        folder / "feed", Hub(), folder / "wiring", lambda: "2026-11-21T13:58:12+00:00", logging.getLogger("test")
    )


def test_who_ends_one_check_does_not_end_the_next_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        found = guided_at(tmp_path)
        found.begin(Settings(), Wishes())
        first, ending = found.check, asyncio.create_task(found.end())
        await asyncio.sleep(0)
        found.begin(Settings(), Wishes())
        second = found.check
        await ending
        assert first is not None
        assert second is not None
        assert first.result is not None
        assert second.result is None
        assert found.runs
        await found.end()

    asyncio.run(scenario())


def test_a_check_ends_where_the_meter_is_there_and_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guided, "SILENT_S", 0.1)

    async def scenario() -> None:
        publisher = Publisher(tmp_path / "feed")
        found = guided_at(tmp_path)
        found.begin(Settings(), Wishes())
        async with asyncio.timeout(10.0):
            while found.runs:  # noqa: ASYNC110 - pages look, too
                await asyncio.sleep(0.02)
        assert found.is_silent
        publisher.close()

    asyncio.run(scenario())


def test_what_it_has_found_is_kept_with_the_assignment_that_counted(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('[wiring.clamps]\nl1 = "L1 reversed"\n')

    async def scenario() -> None:
        found = guided_at(tmp_path)
        found.begin(load(tmp_path / "settings.toml"), Wishes())
        assert found.check is not None
        for one in played(heaters, TURN_S + 2.0):
            found.check.observe(one)
        assert found.ended_utc is None
        await found.end()
        await found.end()  # somebody else, too
        assert found.ended_utc == UTC, "the page says when"

    asyncio.run(scenario())
    kept = json.loads((tmp_path / "wiring" / "check.json").read_text())
    assert (kept["utc"], kept["inputs"]["clamps"]["l1"]) == (UTC, "L1 reversed")
    assert kept["clamps"]["l1"]["step_a"] > 8.0


def test_a_check_that_ends_by_itself_is_kept_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        publisher = Publisher(tmp_path / "feed")
        found = guided_at(tmp_path)
        found.begin(Settings(), Wishes())
        for one in played(heaters, 3 * TURN_S + 2.0):
            publisher.publish("measurement", as_json(one))
            await asyncio.sleep(0.005)
        async with asyncio.timeout(10.0):
            while found.runs:  # noqa: ASYNC110 - pages look, too
                await asyncio.sleep(0.02)
        publisher.close()

    asyncio.run(scenario())
    assert json.loads((tmp_path / "wiring" / "check.json").read_text())["verdict"] == "right"


def test_a_medium_that_takes_nothing_costs_the_kept_result_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "wiring").write_text("a file where a folder should be")

    async def scenario() -> None:
        found = guided_at(tmp_path)
        found.begin(Settings(), Wishes())
        assert found.check is not None
        for one in played(heaters, TURN_S + 2.0):
            found.check.observe(one)
        await found.end()
        assert found.check.result is not None

    asyncio.run(scenario())
    assert "what the guided check has found cannot be kept" in caplog.text
