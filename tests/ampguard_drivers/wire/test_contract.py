from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from tests.ampguard_drivers.wire import contract, libraries
from tests.ampguard_drivers.wire.processes import Runner, runner, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WITHOUT_LGPIO = sys.version_info >= (3, 13)


@pytest.fixture(scope="module")
def socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("wire") / "board.sock"
    with served(["-m", "tests.ampguard_drivers.wire.serve", str(path)], path):
        yield path


@pytest.fixture(scope="module")
def client(socket: Path) -> Iterator[Runner]:
    with runner("client", socket, socket.parent) as started:
        yield started


@pytest.fixture(scope="module")
def linux(socket: Path) -> Iterator[Runner]:
    with runner("linux", socket, socket.parent) as started:
        yield started


@pytest.mark.parametrize("case", [case.__name__ for case in (*contract.CASES, *contract.CLIENT_CASES)])
def test_by_the_client(client: Runner, case: str) -> None:
    failure = client.run(case)
    assert failure is None, failure


@pytest.mark.parametrize("case", [case.__name__ for case in contract.CASES])
def test_by_the_kernels_interfaces(linux: Runner, case: str) -> None:
    failure = linux.run(case)
    assert failure is None, failure


@pytest.mark.parametrize("case", [case.__name__ for case in libraries.CASES if case not in libraries.LGPIO_CASES])
def test_by_the_libraries_themselves(linux: Runner, case: str) -> None:
    failure = linux.run(case)
    assert failure is None, failure


@pytest.mark.skipif(WITHOUT_LGPIO, reason="lgpio cannot be had for Python 3.13 (decision 0002 of the drivers)")
@pytest.mark.parametrize("case", [case.__name__ for case in libraries.LGPIO_CASES])
def test_by_lgpio_and_gpiozero(linux: Runner, case: str) -> None:
    failure = linux.run(case)
    assert failure is None, failure
