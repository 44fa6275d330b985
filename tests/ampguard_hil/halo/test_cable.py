"""What Halos draw is what the simulated supply carries, phase by phase, and no longer than they say it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

import pytest
from tests.ampguard_hil.halo.bench import QUICK, halo

from ampguard_drivers import boardfile
from ampguard_drivers.simulated.bench import Bench
from ampguard_drivers.simulated.client import BenchPanel
from ampguard_drivers.simulated.serving import BoardServer
from ampguard_drivers.simulated.stage import ScenarioStage
from ampguard_drivers.simulated.supply import State
from ampguard_hil.halo.__main__ import main
from ampguard_hil.halo.cable import Cable, on_phases, rotation
from ampguard_hil.halo.host import Host, Place

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@contextlib.contextmanager
def served(socket: Path) -> Generator[ScenarioStage]:
    """A board in real time behind its socket."""
    stage = ScenarioStage("steady", seed=1)
    stage.supply(State())
    stopped = threading.Event()
    server = BoardServer(
        stage.board, Bench(stage.board, boardfile.load(), stage), socket, stage.board.chip.next_event_ns
    )
    thread = threading.Thread(target=server.run, args=(stopped.is_set,))
    thread.start()
    try:
        yield stage
    finally:
        stopped.set()
        thread.join()
        server.close()


def carried_a(stage: ScenarioStage) -> list[float]:
    """RMS of each phase over a tenth of a second of whatever the supply says now."""
    values = stage.board.supply.sample(0, 800, 8000.0)
    return [float((values[:, column] ** 2).mean() ** 0.5) for column in (0, 2, 4)]


@pytest.mark.parametrize(
    ("told", "carried"),
    [("123", (3.0, 2.0, 1.0)), ("231", (1.0, 3.0, 2.0)), ("312", (2.0, 1.0, 3.0)), ("321", (1.0, 2.0, 3.0))],
)
def test_terminals_are_on_the_phases_that_they_were_put_on(told: str, carried: tuple[float, ...]) -> None:
    assert on_phases((3.0, 2.0, 1.0), rotation(told)) == carried


@pytest.mark.parametrize("told", ["", "12", "112", "124", "abc"])
def test_a_rotation_that_is_none_is_refused(told: str) -> None:
    with pytest.raises(ValueError, match="wanted the phases of the three terminals"):
        rotation(told)


def test_two_halos_load_the_supply_on_their_phases(tmp_path: Path) -> None:
    one, two = halo(backend=""), halo(backend="", phases=1, rated_a=32.0)
    places = [Place(one, rotation("231"), QUICK), Place(two, rotation("312"), QUICK, arrives_s=10.0)]
    with served(tmp_path / "board.sock") as stage:
        cable = Cable(tmp_path / "board.sock", "halos")
        host = Host(places, cable, [])
        host.step(9.0)
        assert two.connector.car is None, "it comes later"
        host.step(40.0)
        assert host.current_a == pytest.approx((16.0, 16.0, 16.0 + 32.0))
        asyncio.run(cable.draw(host.current_a))
        with contextlib.closing(BenchPanel(tmp_path / "board.sock")) as panel:
            assert panel.observe()["drawn_a"] == pytest.approx([16.0, 16.0, 48.0])
        cable.close()
    assert carried_a(stage) == pytest.approx([16.0, 16.0, 48.0], rel=1e-6)


def test_without_a_board_it_is_tried_again(tmp_path: Path) -> None:
    cable = Cable(tmp_path / "board.sock", "halos")
    asyncio.run(cable.draw((6.0, 0.0, 0.0)))
    with served(tmp_path / "board.sock") as stage:
        asyncio.run(cable.draw((6.0, 0.0, 0.0)))
        cable.close()
    assert carried_a(stage) == pytest.approx([6.0, 0.0, 0.0], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--count", "0"), "wanted one charger or more"),
        (("--rated", "32"), "met 3 x 32 A"),
        (("--serial", "26G"), "wanted a serial of digits and an M"),
        (("--backend", "http://x"), "security profile 0 wants an address with ws://"),
        (("--security-profile", "3", "--backend", "wss://x"), "security profile 3 wants a certificate"),
        (("--security-profile", "1"), "wanted a value that SecurityProfile can have"),
        (("--rotation", "122"), "wanted the phases of the three terminals"),
        (("--car", "wheels=4"), "wanted of phases, most_a"),
        (("--car", "decrease_delay_s=6"), "follows a decrease within 5 s"),
        (("--offline-current", "20"), "wanted a value that InstallationOfflineCurrent can have"),
        (("--capi-port", "1", "--backend", "ws://x"), "met both"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err.splitlines()[-1]
