"""Restarting: asked of logind on a real D-Bus, and one sentence where nobody is there to be asked."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ampguard.errors import SetupError
from ampguard.services.power import BUS, Logind, Nobody, power_of
from ampguard_hil.networkmanager.privatebus import PrivateBus
from ampguard_hil.processes import Process, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 30.0
needs_a_bus = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="this machine has no dbus-daemon")


@pytest.fixture
def folder() -> Iterator[Path]:
    # Unix sockets want short paths
    with tempfile.TemporaryDirectory(prefix="ampguard-test-") as made:
        yield Path(made)


@pytest.fixture
def bus(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateBus]:
    made = PrivateBus(folder)
    made.start()
    monkeypatch.setenv(BUS, made.address)
    yield made
    made.process.stop()


@needs_a_bus
def test_logind_is_asked_and_each_way_to_fail_is_one_sentence(folder: Path, bus: PrivateBus) -> None:
    with pytest.raises(SetupError, match=r"wanted logind to restart the unit, met org\.freedesktop\.DBus\.Error"):
        asyncio.run(Logind().reboot())
    mark = folder / "mark"
    words = ["--bus", bus.address, "--mark", str(mark)]
    logind = Process("logind", [sys.executable, "-m", "ampguard_hil.logind", *words], folder / "logind.log", {})
    logind.start()

    def agreed() -> bool:
        try:
            asyncio.run(Logind().reboot())
        except SetupError:  # it is not there yet
            return False
        return True

    try:
        assert wait_until(agreed, PATIENCE_S), logind.last_words()
        assert mark.exists()
    finally:
        assert logind.stop() == 0
    bus.process.stop()
    with pytest.raises(SetupError, match="wanted logind on the system's bus to restart the unit, met: "):
        asyncio.run(Logind().reboot())


def test_without_a_bus_it_is_said_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BUS, f"unix:path={folder / 'nobody.sock'}")
    with pytest.raises(SetupError, match="No such file"):
        asyncio.run(Logind().reboot())


@pytest.mark.parametrize("address", ["", "nonsense", "unix:", "tcp:host=127.0.0.1,port=1"])
def test_an_address_that_leads_nowhere_is_a_sentence_too(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BUS, address or "unix:path=/nowhere")
    with pytest.raises(SetupError, match="restart the unit"):
        asyncio.run(Logind().reboot())


def test_a_simulated_board_never_restarts_the_machine_it_runs_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = folder / "board.toml"
    board.write_text(f'name = "x"\nkind = "simulated"\nsocket = "{folder}/board.sock"\n')
    for nothing in (None, ""):
        if nothing is None:
            monkeypatch.delenv(BUS, raising=False)
        else:
            monkeypatch.setenv(BUS, nothing)
        power = power_of(board)
        assert isinstance(power, Nobody)
        with pytest.raises(SetupError, match="restarts nothing"):
            asyncio.run(power.reboot())
    assert isinstance(power_of(None), Logind)
    monkeypatch.setenv(BUS, "unix:path=/somewhere")
    assert isinstance(power_of(board), Logind)
