"""The hot part: what was written last is there, however the process ends; what was synced is, whatever is torn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.errors import JournalFault
from ampguard.journal.hot import PLACE, HotFile, content, durable

SPEED = settings(deadline=None, max_examples=60)
contents = st.binary(max_size=300)
steps = st.lists(st.one_of(contents, st.just("sync"), st.just("again")), max_size=30)


@SPEED
@given(steps)
def test_what_was_written_last_is_there(tmp_path_factory: pytest.TempPathFactory, done: list[bytes | str]) -> None:
    path = tmp_path_factory.mktemp("hot") / "hot"
    hot, wanted = HotFile(path), None
    for step in done:
        match step:
            case bytes():
                hot.write(step)
                wanted = step
            case "sync":
                hot.sync()
            case _:
                hot.close()
                hot = HotFile(path)
        assert content(path) == wanted
    hot.close()


@SPEED
@given(
    before=contents, after=st.lists(contents, max_size=5), at=st.integers(0, PLACE - 1), patch=st.binary(max_size=99)
)
def test_what_was_synced_is_there_whatever_happens_to_what_came_after(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, after: list[bytes], at: int, patch: bytes
) -> None:
    path = tmp_path_factory.mktemp("hot") / "hot"
    hot = HotFile(path)
    hot.write(before)
    hot.sync()
    place = hot._place
    for one in after:
        hot.write(one)
    hot.close()
    with path.open("r+b") as file:  # a power cut in the middle of a write
        file.seek(place * PLACE + at)
        file.write(patch[: PLACE - at])
    assert content(path) in {before, *after[-1:]}


def test_more_than_there_is_room_for_is_a_fault_and_changes_nothing(tmp_path: Path) -> None:
    hot = HotFile(tmp_path / "hot")
    hot.write(b"good")
    with pytest.raises(JournalFault, match="more than the hot part holds"):
        hot.write(bytes(PLACE))
    assert content(tmp_path / "hot") == b"good"
    hot.close()


@pytest.mark.parametrize("found", [b"", b"AGH1", bytes(100), b"\xff" * 2 * PLACE])
def test_what_is_no_hot_part_says_nothing(tmp_path: Path, found: bytes) -> None:
    (tmp_path / "hot").write_bytes(found)
    assert content(tmp_path / "hot") is None
    hot = HotFile(tmp_path / "hot")
    hot.write(b"first")
    hot.close()
    assert content(tmp_path / "hot") == b"first"
    assert (tmp_path / "hot").stat().st_size == 2 * PLACE


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert content(tmp_path / "hot") is None


def test_a_place_that_cannot_be_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(JournalFault):
        HotFile(tmp_path)


@SPEED
@given(steps)
def test_what_is_durable_was_synced_before(tmp_path_factory: pytest.TempPathFactory, done: list[bytes | str]) -> None:
    path = tmp_path_factory.mktemp("hot") / "hot"
    hot, synced, latest = HotFile(path), {None}, None
    for step in done:
        match step:
            case bytes():
                hot.write(step)
                latest = step
            case "sync":
                hot.sync()
                synced.add(latest)
            case _:
                hot.close()
                hot = HotFile(path)
                synced.add(latest)
        assert durable(path) in synced
    hot.close()


def test_what_was_synced_is_durable_with_the_next_write(tmp_path: Path) -> None:
    hot = HotFile(tmp_path / "hot")
    hot.write(b"first")
    assert durable(tmp_path / "hot") is None
    hot.sync()
    hot.write(b"second")
    hot.write(b"third")
    assert (durable(tmp_path / "hot"), content(tmp_path / "hot")) == (b"first", b"third")
    hot.close()


def test_what_a_killed_process_wrote_is_synced_before_the_other_place_goes(tmp_path: Path) -> None:
    killed = HotFile(tmp_path / "hot")
    killed.write(b"first")
    hot = HotFile(tmp_path / "hot")
    hot.write(b"of the next process")
    assert durable(tmp_path / "hot") == b"first"
    for one in (killed, hot):
        one.close()


def test_a_reading_makes_a_page_differ_from_the_medium_and_not_the_whole_file(tmp_path: Path) -> None:
    """As proc_pid_io(5) counts; where the file system is memory nothing is written, and nothing counted."""

    def written_bytes() -> int:
        return int(re.findall(r"^write_bytes: (\d+)$", Path("/proc/self/io").read_text(), re.MULTILINE)[0])

    hot = HotFile(tmp_path / "hot")
    before = written_bytes()
    for _ in range(10):
        hot.write(bytes(3000))
        hot.sync()
    assert written_bytes() - before <= 10 * 2 * 4096
    hot.close()
