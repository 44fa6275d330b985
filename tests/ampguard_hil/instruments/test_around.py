"""What is done to a box without an instrument: loads by a source, a link that is cut, a clock that is set."""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ampguard_drivers.simulated.supply import Harmonic, Load, State
from ampguard_hil.instruments.around import LinkCutter, ShellClock, SourceLoads
from ampguard_hil.instruments.protocols import InstrumentError
from ampguard_hil.network import WANTED, Place, Wire

if TYPE_CHECKING:
    from pathlib import Path


class Source:
    """Keeps what it was told."""

    def __init__(self, state: State) -> None:
        self.told = state

    def apply(self, state: State) -> None:
        self.told = state

    def output(self, *, on: bool) -> None:
        assert on


def test_a_heater_is_added_to_what_flows_and_taken_away_again() -> None:
    source = Source(State(loads=(Load(10.0, 90.0, (Harmonic(3, 0.2),)), Load(), Load())))
    loads = SourceLoads(source)
    loads.heat(0, 2300.0)
    first = source.told.loads[0]
    assert (first.current_a, first.lag_deg) == pytest.approx((200.0**0.5, 45.0))
    assert first.current_a * first.harmonics[0].amplitude_ratio == pytest.approx(2.0)
    loads.heat(0, 0.0)
    assert (source.told.loads[0].current_a, source.told.loads[0].lag_deg) == pytest.approx((10.0, 90.0))
    with pytest.raises(InstrumentError, match="wanted phase 0, 1 or 2 and a power, met phase 3"):
        loads.heat(3, 100.0)


needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or any(shutil.which(one) is None for one in WANTED), reason="root, ip and iptables"
)


@needs_root
def test_a_link_is_unplugged_swallows_and_is_restored(tmp_path: Path) -> None:
    here, there = Place("here", tmp_path, "10.9.0.1"), Place("there", tmp_path, "10.9.0.2")
    wire = Wire(here, there)
    cutter = LinkCutter("wire", here.within)
    try:
        assert answers(here)
        cutter.swallow()
        assert not answers(here)
        cutter.restore()
        assert answers(here)
        cutter.unplug()
        assert "state DOWN" in here.do("ip", "link", "show", "wire")
        cutter.restore()
        assert "state DOWN" not in here.do("ip", "link", "show", "wire")
    finally:
        wire.stop()
        here.stop()
        there.stop()


def answers(place: Place) -> bool:
    """Whether the other end takes a packet: a refused connection is an answer, silence is none."""
    probe = "import socket; s = socket.socket(); s.settimeout(1.0); print(s.connect_ex(('10.9.0.2', 9)))"
    return place.do("python3", "-c", probe).strip() == "111"


def test_a_link_that_is_not_there_is_told() -> None:
    with pytest.raises(InstrumentError, match="network: ip link set nothere0 down: "):
        LinkCutter("nothere0").unplug()


class Shell:
    """A box whose clock is set by what is run in it, or not."""

    def __init__(self, *, obeys: bool) -> None:
        self._obeys = obeys
        self._ahead = timedelta()
        self.synchronised = True

    def run(self, command: str) -> str:
        if command == "timedatectl set-ntp false":
            self.synchronised = False
        elif wanted := re.fullmatch(r"date --utc --set=(.*)", command):
            if self._obeys and not self.synchronised:
                self._ahead = datetime.fromisoformat(wanted[1]) - datetime.now(UTC)
        else:
            assert command == "date --utc +%s"
            return f"{(datetime.now(UTC) + self._ahead).timestamp():.0f}\n"
        return ""


def test_a_clock_is_set_in_the_shell_of_the_box() -> None:
    shell = Shell(obeys=True)
    ShellClock(shell.run).step_to(86_400)
    ShellClock(shell.run).step_to(-86_400)
    assert not shell.synchronised


def test_a_clock_that_does_not_move_is_told() -> None:
    with pytest.raises(InstrumentError, match=r"clock: wanted it 3600 s ahead, met it -3600 s off that"):
        ShellClock(Shell(obeys=False).run).step_to(3600)
