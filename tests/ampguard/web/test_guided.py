"""The guided check among several phones, and beside a meter that hangs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ampguard.live.publisher import Publisher
from ampguard.settings.settings import Settings
from ampguard.web import guided
from ampguard.web.guided import Guided
from ampguard.web.live import Hub
from ampguard.wiring.check_plan import Wishes

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_who_ends_one_check_does_not_end_the_next_one(tmp_path: Path) -> None:
    async def scenario() -> None:
        found = Guided(tmp_path / "feed", Hub())
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
        found = Guided(tmp_path / "feed", Hub())
        found.begin(Settings(), Wishes())
        async with asyncio.timeout(10.0):
            while found.runs:  # noqa: ASYNC110 - pages look, too
                await asyncio.sleep(0.02)
        assert found.is_silent
        publisher.close()

    asyncio.run(scenario())
