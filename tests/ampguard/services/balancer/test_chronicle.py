"""The why-log on the medium: whole, in its order, bounded, whatever the medium does."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import logging
import resource
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.errors import SetupError
from ampguard.services.balancer import chronicle
from ampguard.services.balancer.chronicle import WhyFiles, changes, last_life, lines, parts, prune

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOG = logging.getLogger("why-files")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def files(folder: Path, utc: Callable[[], datetime | None] = lambda: NOW) -> WhyFiles:
    return WhyFiles(folder / "why", utc, LOG)


def write(*wanted: WhyFiles) -> None:
    """As at the end of the process."""

    async def story() -> None:
        for one in wanted:
            keeping = asyncio.create_task(one.keep())
            await asyncio.sleep(0)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(story())


def told(folder: Path) -> list[str]:
    """All lines but those with the clock."""
    found = lines(path for _, _, path in parts(folder / "why"))
    return [line for line in found if not line.startswith('{"clock"')]


@contextlib.contextmanager
def largest_file(most_bytes: int) -> Iterator[None]:
    """A medium that takes no more: what does not fit any more is written in part."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_life_begins_with_the_time_and_its_first_line(tmp_path: Path) -> None:
    why = files(tmp_path)
    why.begin('{"group":1}')
    why.add('{"t":1}')
    write(why)
    assert [path.name for _, _, path in parts(tmp_path / "why")] == ["000001-0000.why.gz"]
    first, *others = lines(last_life(tmp_path / "why"))
    assert json.loads(first)["clock"][1] == "2026-11-22T12:00:00+00:00"
    assert others == ['{"group":1}', '{"t":1}']
    assert (tmp_path / "why").stat().st_mode & 0o077 == 0


def test_what_is_written_later_is_behind_what_was_written_before(tmp_path: Path) -> None:
    why = files(tmp_path)
    why.begin("first")
    for number in range(5):
        why.add(str(number))
        write(why)
    assert told(tmp_path) == ["first", "0", "1", "2", "3", "4"]


def test_each_process_and_each_core_has_a_life_of_its_own(tmp_path: Path) -> None:
    for _ in range(2):
        why = files(tmp_path)
        why.begin("one")
        why.begin("two")
        write(why)
    assert [life for life, _, _ in parts(tmp_path / "why")] == [1, 2, 3, 4]
    assert told(tmp_path) == ["one", "two"] * 2


def test_parts_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronicle, "PART_S", 0.0)
    why = files(tmp_path)
    why.begin("first")
    for number in range(3):
        why.add(str(number))
    write(why)
    assert len(last_life(tmp_path / "why")) == 5
    assert told(tmp_path) == ["first", "0", "1", "2"]
    for path in last_life(tmp_path / "why"):
        assert next(lines([path])).startswith('{"clock": [')


def test_a_life_without_one_of_its_parts_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronicle, "PART_S", 0.0)
    why = files(tmp_path)
    why.begin("first")
    why.add("second")
    write(why)
    first, second, _ = last_life(tmp_path / "why")
    second.unlink()
    with pytest.raises(SetupError, match="wanted all parts of life 1, met none with the number 1"):
        last_life(tmp_path / "why")
    first.unlink()
    with pytest.raises(SetupError, match="met none with the number 0"):
        last_life(tmp_path / "why")


def test_where_nothing_was_ever_balanced_there_is_no_life(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="met none: nothing was ever balanced here"):
        last_life(tmp_path)


def test_a_clock_that_is_set_is_told_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chronicle, "WRITTEN_S", 0.01)
    wall: list[datetime | None] = [None]

    def utc() -> datetime | None:
        return None if wall[0] is None else wall[0] + timedelta(seconds=time.monotonic())

    async def story() -> None:
        why = files(tmp_path, utc)
        why.begin("first")
        keeping = asyncio.create_task(why.keep())
        for now in (NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=1, seconds=0.5)):
            await asyncio.sleep(0.1)
            wall[0] = now
        await asyncio.sleep(0.1)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(story())
    clocks = [json.loads(line)["clock"] for line in lines(last_life(tmp_path / "why")) if "clock" in line]
    assert [None if utc is None else datetime.fromisoformat(utc) - timedelta(seconds=at) for at, utc in clocks] == [
        None,
        pytest.approx(NOW, abs=timedelta(seconds=0.1)),
        pytest.approx(NOW + timedelta(hours=1), abs=timedelta(seconds=0.1)),
    ]


def test_the_oldest_lives_go_first_and_the_last_one_never(tmp_path: Path) -> None:
    why = files(tmp_path)
    for number in range(4):
        why.begin(f"{number}" * 1000)
    write(why)
    held = sum(path.stat().st_size for _, _, path in parts(tmp_path / "why"))
    prune(tmp_path / "why", held - 1)
    assert [life for life, _, _ in parts(tmp_path / "why")] == [2, 3, 4]
    prune(tmp_path / "why", 0)
    assert [life for life, _, _ in parts(tmp_path / "why")] == [4]


@given(st.data())
def test_of_a_part_that_was_cut_off_there_is_what_was_written_as_a_whole(data: st.DataObject) -> None:
    members = [b"".join(b'{"t":%d.%d}\n' % (one, two) for two in range(50)) for one in range(5)]
    whole = b"".join(gzip.compress(one) for one in members)
    cut = data.draw(st.integers(0, len(whole)))
    tail = data.draw(st.sampled_from([b"", bytes(40), b"\xff" * 10]))
    with tempfile.NamedTemporaryFile() as file:
        file.write(whole[:cut] + tail)
        file.flush()
        found = list(lines([Path(file.name)]))
    complete = sum(sum(len(gzip.compress(one)) for one in members[: number + 1]) <= cut for number in range(5))
    assert found == b"".join(members).decode().splitlines()[: len(found)]
    assert len(found) in {50 * complete, 50 * complete + 50}, "zeros may be just what was missing"


def test_a_process_that_is_killed_while_it_writes_leaves_what_can_be_read(tmp_path: Path) -> None:
    story = (
        "import asyncio, logging, sys; from pathlib import Path; from ampguard.services.balancer import chronicle\n"
        "chronicle.WRITTEN_S = 0.0\n"
        "async def main():\n"
        "    why = chronicle.WhyFiles(Path(sys.argv[1]), lambda: None, logging.getLogger())\n"
        "    why.begin('0')\n"
        "    keeping, number = asyncio.create_task(why.keep()), 0\n"
        "    while not keeping.done():\n"
        "        number += 1; why.add(str(number)); await asyncio.sleep(0)\n"
        "asyncio.run(main())\n"
    )
    process = subprocess.Popen([sys.executable, "-c", story, str(tmp_path / "why")])
    limit_s = time.monotonic() + 30.0
    while len(told(tmp_path)) < 2000 and time.monotonic() < limit_s:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    found = told(tmp_path)
    assert len(found) >= 2000
    assert found == [str(number) for number in range(len(found))]


def test_a_medium_that_is_full_loses_nothing_once_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    why = files(tmp_path)
    why.begin("first")
    write(why)
    held = last_life(tmp_path / "why")[0].stat().st_size
    for number in range(3):
        with largest_file(held + 10):
            why.add(f"{number}" * 500)
            write(why)
        assert why.fault is not None
        assert told(tmp_path) == ["first"], "nothing, or all of it: no torn end in the middle"
    why.add("last")
    write(why)
    assert told(tmp_path) == ["first", "0" * 500, "1" * 500, "2" * 500, "last"]
    assert why.fault is None
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"], "told once, and when it is over"


def test_what_waits_for_a_medium_has_a_bound_and_what_was_left_out_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chronicle, "MOST_LINES", 10)
    (tmp_path / "why").write_text("no folder")
    why = files(tmp_path)
    why.begin("first")
    for number in range(8):
        why.add(str(number))
        write(why)
    why.begin("second")
    for number in range(8, 20):
        why.add(str(number))
        write(why)
    (tmp_path / "why").unlink()
    why.add("20")
    write(why)
    assert told(tmp_path) == ['{"lost": 14}', *map(str, range(10, 21))]
    assert [life for life, _, _ in parts(tmp_path / "why")] == [2]


def test_a_reader_of_changes_passes_over_what_it_cannot_read() -> None:
    good = {"why": {"t": 7.0, "reasons": [{"charger": "a", "sentence": "so"}]}}
    mixed = [
        '{"clock": [2.0, "2026-11-22T12:00:00+00:00"]}', json.dumps(good), '{"why": {"t": 7', "", "null", "[]", "7",
        '{"why": null}', '{"why": {"t": 1.0}}', '{"why": {"t": "x", "reasons": []}}', '{"why": {"t": 1e300}}',
        '{"why": {"t": 1, "reasons": [3]}}', '{"clock": 3}', '{"clock": [3, "yesterday"]}', "\ufffd", json.dumps(good),
        '{"clock": [2.0, null]}', json.dumps(good),
    ]  # fmt: skip
    assert list(changes(mixed)) == [
        ("2026-11-22T12:00:05+00:00", {"charger": "a", "sentence": "so"}),
        ("2026-11-22T12:00:05+00:00", {"charger": "a", "sentence": "so"}),
        (None, {"charger": "a", "sentence": "so"}),
    ]
