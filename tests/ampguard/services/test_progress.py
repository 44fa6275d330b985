"""Progress is shown to those who wait, and to nobody else."""

from __future__ import annotations

import sys
from io import StringIO
from itertools import count

import pytest

from ampguard.services.progress import Progress


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of a clock; the first is now."""
    now = [0.0]
    monkeypatch.setattr("ampguard.services.progress.time.monotonic", lambda: now[0])
    return now


def job(clock: list[float], seconds: int, *, quiet: bool = False) -> None:
    with Progress("file", quiet=quiet) as shown:
        for second in count(1):
            if second > seconds:
                break
            clock[0] = float(second)
            shown.done(second / seconds)


def test_a_short_job_in_a_script_says_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    job(clock, 1)
    assert capsys.readouterr().err == ""


def test_a_long_job_in_a_script_says_a_line_now_and_then(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    job(clock, 40)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "file: 5 %, 38 s to go",
        "file: 30 %, 28 s to go",
        "file: 55 %, 18 s to go",
        "file: 80 %, 8 s to go",
    ]


def test_a_quiet_job_says_nothing_at_all(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    job(clock, 40, quiet=True)
    assert capsys.readouterr().err == ""


def test_on_a_terminal_one_line_is_renewed_and_wiped(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    job(clock, 2)
    assert terminal.getvalue() == "\r\x1b[Kfile: 50 %, 1 s to go\r\x1b[Kfile: 100 %, 0 s to go\r\x1b[K"


def test_no_line_where_the_results_run_over_the_same_terminal(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(sys, "stdout", Terminal())
    job(clock, 5)
    assert terminal.getvalue() == ""


def test_a_remark_wipes_the_line_first(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with Progress("file", quiet=False) as shown:
        clock[0] = 1.0
        shown.done(0.5)
        shown.say("something")
    assert terminal.getvalue().endswith("\r\x1b[Kampguard: something\n")
