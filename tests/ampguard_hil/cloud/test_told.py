"""Who asks for little does not wait for who asks for much."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from tests.ampguard_hil.cloud.test_stored_account import Unit

from ampguard.events import GapReason
from ampguard_hil.cloud.sqlite import SqliteStore
from ampguard_hil.cloud.store import open_store
from ampguard_hil.cloud.told import Told

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_what_has_no_time_of_day_is_counted_while_somebody_s_account_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where, answered = tmp_path / "cloud.sqlite", threading.Event()
    with contextlib.closing(open_store(where)) as store:
        Unit(store).run("one", range(1, 6), GapReason.NEW_JOURNAL, dated=False)

    def long_account(*_anything: object, **_more: object) -> bool:
        return answered.wait(10.0)

    monkeypatch.setattr(SqliteStore, "account", long_account)

    async def asked() -> tuple[int, object]:
        told = Told(where)
        account = asyncio.create_task(told.account("AG1"))
        await asyncio.sleep(0.0)
        undated = await told.undated("AG1", "1s", "")
        answered.set()
        found = await account
        await told.close()
        return undated, found

    assert asyncio.run(asked()) == (5, True)
