"""What the web knows and may do of its unit: restart it, wipe it, and say how long it runs."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from ampguard.errors import SetupError
from ampguard.live.publisher import Publisher
from ampguard.services import factory_reset
from ampguard.services.factory_reset import MARK
from ampguard.services.web_system import PoweredEnding, running, system_of
from ampguard.settings.places import Places

LOG = logging.getLogger("test")


@dataclass
class Supply:
    """Notes whether the mark was there when it was asked."""

    data: Path
    refuses: bool = False
    asked: int = 0
    saw_mark: bool = False

    async def reboot(self) -> None:
        self.asked += 1
        self.saw_mark = (self.data / MARK).exists()
        if self.refuses:
            raise SetupError("wanted logind, met silence")


def test_a_restart_wipes_nothing(tmp_path: Path) -> None:
    supply = Supply(tmp_path)
    asyncio.run(PoweredEnding(tmp_path, supply, LOG).reboot("session 192.0.2.7"))
    assert (supply.asked, supply.saw_mark) == (1, False)
    assert list(tmp_path.iterdir()) == []


def test_the_wish_to_wipe_is_kept_before_the_restart(tmp_path: Path) -> None:
    supply = Supply(tmp_path)
    asyncio.run(PoweredEnding(tmp_path, supply, LOG).reset("session 192.0.2.7"))
    assert supply.saw_mark
    assert "session 192.0.2.7" in (tmp_path / MARK).read_text()


def test_a_medium_that_is_slow_keeps_nobody_else_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done_by: list[int] = []
    monkeypatch.setattr(factory_reset, "ask", lambda *_: done_by.append(threading.get_ident()))
    monkeypatch.setattr(factory_reset, "withdraw", lambda *_: done_by.append(threading.get_ident()))
    with pytest.raises(SetupError, match="met silence"):
        asyncio.run(PoweredEnding(tmp_path, Supply(tmp_path, refuses=True), LOG).reset("session 192.0.2.7"))
    assert len(done_by) == 2
    assert threading.get_ident() not in done_by


def test_without_a_restart_nobody_wipes_anything_later(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="met silence"):
        asyncio.run(PoweredEnding(tmp_path, Supply(tmp_path, refuses=True), LOG).reset("session 192.0.2.7"))
    assert not (tmp_path / MARK).exists()


def test_who_listens_on_a_feed_is_running(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path, None)
    feed = Publisher(places.live_feed)
    try:
        found = running(places)
    finally:
        feed.close()
    up_s = found.processes_s["meter"]
    assert up_s is not None
    assert up_s == found.processes_s["web"] or 0.0 <= up_s < 3600.0 * 24 * 365
    assert (found.processes_s["lights"], found.processes_s["uplink"]) == (None, None)
    assert found.unit_s is not None
    assert up_s <= found.unit_s


def test_who_has_died_is_not_running(tmp_path: Path) -> None:
    places = Places(tmp_path, tmp_path, None)
    feed = Publisher(places.live_feed)
    left = tmp_path / "left"
    os.link(places.live_feed, left)
    feed.close()
    left.rename(places.live_feed)
    assert running(places).processes_s["meter"] is None


def test_what_is_said_of_a_factory_reset_is_what_it_does(tmp_path: Path) -> None:
    board = tmp_path / "board.toml"
    board.write_text(f'name = "x"\nkind = "simulated"\nsocket = "{tmp_path}/s"\n')
    system = system_of(Places(tmp_path, tmp_path, board), LOG)
    told = {row.what: row.is_kept for row in system.reset_rows}
    assert told["the energy counters"]
    assert not told["readings, events and history"]
    assert not told["whatever else lies in the data folder"]
    assert set(system.software) == {"ampguard", "python", "kernel", "computer"}
