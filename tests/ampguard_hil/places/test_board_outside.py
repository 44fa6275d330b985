"""What a guest of QEMU has as a board, met from a guest's end of the relay that runs on this machine."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.ampguard_drivers.wire.relayed import compiled, until

from ampguard_drivers.simulated.client import BenchPanel
from ampguard_hil.places.qemu import BoardOutside
from ampguard_hil.places.stages import PlaceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def guest(board: BoardOutside, program: Path) -> Iterator[BenchPanel]:
    """Whose power goes in the end."""
    inside = board.port.with_name("inside.sock")
    inside.unlink(missing_ok=True)
    process = subprocess.Popen([program, board.port, inside])
    try:
        until(inside.exists)
        yield BenchPanel(inside)
    finally:
        process.kill()
        process.wait()


@pytest.mark.system
def test_a_guest_has_its_board_again_after_each_power_cut_and_the_bench_works_on_the_same_one(tmp_path: Path) -> None:
    board, program = BoardOutside(tmp_path, "kettle"), compiled(tmp_path)
    try:
        for _ in range(2):
            board.start()
            with guest(board, program) as inside:
                assert inside.observe()["scenario"] == "kettle"
                outside = BenchPanel(board.socket)
                outside.switch("steady")
                outside.close()
                assert inside.observe()["scenario"] == "steady"
                inside.close()
            board.stop()
            assert not board.socket.exists()
    finally:
        board.stop()


@pytest.mark.system
def test_a_board_that_does_not_start_is_told_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match="invalid choice: 'nowhere'"):
        BoardOutside(tmp_path, "nowhere").start()


def test_qemu_is_told_where_the_relay_listens(tmp_path: Path) -> None:
    told = " ".join(BoardOutside(tmp_path).qemu_arguments)
    assert f"socket,id=board,path={tmp_path}/board-port.sock" in told
    assert "name=bench.board" in told
