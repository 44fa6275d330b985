"""How `make run` ends: early, at once, or because something failed; whatever happens, it leaves no process behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.system.unit import bench, read_until

from ampguard_hil.broker import Broker, BrokerError
from ampguard_hil.ports import free_port
from ampguard_hil.processes import wait_until
from ampguard_hil.run import Run, Wishes

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]
NO_READING = "0 readings: ended before the first one"


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A short folder for the bench's own."""
    with tempfile.TemporaryDirectory(prefix="ag-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def own_signals() -> Iterator[None]:
    """A run in this process must not keep pytest's Ctrl-C."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def living(folder: Path) -> set[int]:
    """Processes that know of the folder, by arguments or environment: all that a run in it starts, and itself."""
    found: set[int] = set()
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in (place / "cmdline").read_bytes() + (place / "environ").read_bytes():
                found.add(int(place.name))
    return found - {os.getpid()}


def started(temporary: Path, *words: str) -> subprocess.Popen[str]:
    return bench("run", "--scenario", "steady", "--plain", "--port", str(free_port()), *words, temporary=temporary)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    with process:
        try:
            output, complaints = process.communicate(timeout=60.0)
        except BaseException:
            process.kill()
            raise
    return process.returncode, output, complaints


@pytest.mark.parametrize("seconds", ["0.01", "0.5", "1.5", "2.5"])
def test_a_run_that_is_short_is_healthy(seconds: str, temporary: Path) -> None:
    begin_s = time.monotonic()
    code, output, complaints = ended(started(temporary, "--run-s", seconds))
    assert code == 0, output + complaints
    assert complaints == ""
    assert time.monotonic() - begin_s < 20.0
    last = output.splitlines()[-1]
    assert last == NO_READING or " 0 missing" in last
    assert living(temporary) == set()


@pytest.mark.parametrize("line", ["starting the simulated board", "subscribe with"])
def test_ctrl_c_while_it_starts_is_no_fault(line: str, temporary: Path) -> None:
    process = started(temporary)
    read_until(process, line)
    asked_s = time.monotonic()
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)  # one wish: so close together they come from a shell or from `timeout`
    code, output, complaints = ended(process)
    assert code == 0, output + complaints
    assert time.monotonic() - asked_s < 20.0
    assert NO_READING in output
    assert living(temporary) == set()


def test_a_second_ctrl_c_ends_it_at_once_and_leaves_nothing(temporary: Path) -> None:
    process = started(temporary)
    read_until(process, r"received ([2-9]|\d\d+) ")
    others = living(temporary) - {process.pid}
    bus = 3 * (shutil.which("dbus-daemon") is not None)
    assert len(others) == 9 + bus, "board, panel, meter, lights, uplink, web, cloud, its pages, broker; a bus with two"
    try:
        for pid in others:  # none of them can end in order: that takes eight seconds each
            os.kill(pid, signal.SIGSTOP)
        process.send_signal(signal.SIGINT)
        read_until(process, "stopping")
        time.sleep(0.5)
        asked_s = time.monotonic()
        process.send_signal(signal.SIGINT)
        code, output, complaints = ended(process)
        took_s = time.monotonic() - asked_s
    finally:
        left = living(temporary) - {process.pid}
        for pid in left & others:
            os.kill(pid, signal.SIGKILL)
    assert took_s < 5.0
    assert left == set()
    assert code == 130, output + complaints
    assert output.splitlines()[-1] == "ended at once"
    assert complaints == ""
    assert living(temporary) == set()
    assert list(temporary.iterdir()) == []


def test_signals_close_together_are_one_wish(temporary: Path) -> None:
    run = Run(Wishes("steady", port=free_port()), temporary)
    run._asked_to_stop(signal.SIGINT, None)
    run._asked_to_stop(signal.SIGINT, None)
    assert run._stopping.is_set()
    assert not run._at_once
    assert run._asked_s is not None
    run._asked_s -= 1.0
    run._asked_to_stop(signal.SIGINT, None)
    assert run._at_once


@pytest.mark.usefixtures("own_signals")
def test_a_broker_that_does_not_come_back_leaves_no_process(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(Wishes("broker-outage", run_s=0.3, port=free_port(), plain=True), temporary)
    start = Broker.start

    def start_once(broker: Broker) -> None:
        monkeypatch.setattr(Broker, "start", refuse)
        start(broker)
        run._broker_up = False

    def refuse(_broker: Broker) -> None:
        raise BrokerError("the broker does not start")

    monkeypatch.setattr(Broker, "start", start_once)
    with pytest.raises(BrokerError):
        run.main()
    assert [process.name for process in run._box.processes if process.pid is not None] == []
    assert wait_until(lambda: living(temporary) == set(), 5.0)


@pytest.mark.usefixtures("own_signals")
def test_whatever_fails_while_it_runs_leaves_no_process(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_run: Run, _listener: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Run, "_watch", fail)
    run = Run(Wishes("steady", port=free_port()), temporary)
    with pytest.raises(ZeroDivisionError):
        run.main()
    assert wait_until(lambda: living(temporary) == set(), 5.0)


def test_a_board_that_does_not_start_is_a_sentence_and_its_last_words(temporary: Path) -> None:
    folder = temporary / ("x" * 110)  # no Unix socket has so long a path
    folder.mkdir()
    begin_s = time.monotonic()
    code, output, complaints = ended(started(folder))
    assert code == 1
    assert time.monotonic() - begin_s < 15.0
    assert "readings" not in output
    sentence, *last_words = complaints.splitlines()
    assert sentence == "the simulated board does not start: its process ended"
    assert len(last_words) == 1
    assert "AF_UNIX path too long" in last_words[0]
    assert living(temporary) == set()


def test_a_reader_that_goes_away_ends_the_run_without_a_traceback(temporary: Path) -> None:
    process = started(temporary)
    read_until(process, "starting")
    assert process.stdout is not None
    process.stdout.close()
    with process:
        assert process.stderr is not None
        complaints = process.stderr.read()
        assert process.wait(30.0) == 1
    assert complaints == ""
    assert living(temporary) == set()
