from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.ampguard_drivers.wire import contract
from tests.ampguard_drivers.wire.processes import runner, served, started

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("way", ["client", "linux"])
@pytest.mark.parametrize("case", [case.__name__ for case in contract.LAST_CASES])
def test_when_the_board_goes(way: str, case: str, tmp_path: Path) -> None:
    path = tmp_path / "board.sock"
    arguments = ["-m", "tests.ampguard_drivers.wire.serve", str(path)]
    with served(arguments, path), runner(way, path, tmp_path) as worker:
        failure = worker.run(case)
        assert failure is None, failure
    assert path.exists()  # left behind by a server that had no time to clean up
    with served(arguments, path), runner(way, path, tmp_path) as worker:
        failure = worker.run("a_register_holds_what_was_written")
        assert failure is None, failure
    assert not path.exists()


def test_two_servers_do_not_take_each_others_place(tmp_path: Path) -> None:
    path = tmp_path / "board.sock"
    arguments = ["-m", "tests.ampguard_drivers.wire.serve", str(path)]
    with served(arguments, path):
        with started(arguments, errors=subprocess.PIPE) as second:
            _, said = second.communicate()
        assert second.returncode == 1
        assert "another simulated board listens there already" in said
        with runner("client", path, tmp_path) as worker:
            assert worker.run("a_register_holds_what_was_written") is None
