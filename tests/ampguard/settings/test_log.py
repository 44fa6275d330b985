"""Log lines: a level in front where the journal reads it, plain words elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from ampguard import log


@pytest.fixture(autouse=True)
def _root_as_before() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> pytest.CaptureFixture[str]:
    monkeypatch.delenv("AMPGUARD_LOG", raising=False)
    monkeypatch.delenv("JOURNAL_STREAM", raising=False)
    return capsys


def test_plain_words_on_standard_error_only(said: pytest.CaptureFixture[str]) -> None:
    logger = log.begin("a-process")
    logger.info("serial %s", "AG1")
    logger.error("bad")
    found = said.readouterr()
    assert found.err == "info a-process: serial AG1\nerror a-process: bad\n"
    assert found.out == ""


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.DEBUG, 7), (logging.INFO, 6), (logging.WARNING, 4), (logging.ERROR, 3), (logging.CRITICAL, 2), (25, 6)],
)
def test_the_journal_is_told_the_priority_of_every_line(
    said: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, level: int, priority: int
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    monkeypatch.setenv("AMPGUARD_LOG", "debug")
    log.begin("p").log(level, "one\ntwo")
    assert said.readouterr().err == f"<{priority}>p: one\n<{priority}>two\n"


def test_a_traceback_keeps_its_priority_on_every_line(
    said: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    logger = log.begin("p")
    try:
        int("reason")
    except ValueError:
        logger.exception("ended")
    lines = said.readouterr().err.splitlines()
    assert len(lines) > 3
    assert all(line.startswith("<3>") for line in lines)


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [("debug", 4), ("info", 3), ("WARNING", 2), ("error", 1), ("nonsense", 3), ("", 3)],
)
def test_the_environment_says_how_much(
    said: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, wanted: str, shown: int
) -> None:
    monkeypatch.setenv("AMPGUARD_LOG", wanted)
    logger = log.begin("p")
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logger.log(level, "x")
    assert len(said.readouterr().err.splitlines()) == shown


def test_beginning_twice_does_not_say_everything_twice(said: pytest.CaptureFixture[str]) -> None:
    log.begin("p")
    log.begin("p").info("once")
    assert said.readouterr().err.count("once") == 1


@pytest.mark.parametrize("stream", [None, "8:1"])
def test_an_empty_message_is_still_a_line(
    said: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, stream: str | None
) -> None:
    if stream is not None:
        monkeypatch.setenv("JOURNAL_STREAM", stream)
    log.begin("p").info("")
    assert said.readouterr().err.endswith("p: \n")
