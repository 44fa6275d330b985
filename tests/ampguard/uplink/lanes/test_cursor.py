"""The cursor: durable, replaced as a whole, and whatever is in its file never worse than sending again."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.uplink.lanes.cursor import Cursor


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "uplink-mqtt.json"


def saved(path: Path, position: int) -> None:
    cursor = Cursor(path)
    cursor.follow("this one")
    cursor.advance(position)
    cursor.save()


def test_a_new_one_begins_at_the_beginning(path: Path) -> None:
    assert Cursor(path).position == 0
    assert not path.exists()


def test_what_is_saved_is_found_again(path: Path) -> None:
    for position in (1, 17, 2**62):
        saved(path, position)
        assert Cursor(path).position == position
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@settings(deadline=None)
@given(st.lists(st.integers(-10, 100)))
def test_it_never_goes_back(positions: list[int]) -> None:
    cursor = Cursor(Path("nowhere") / "at" / "all")
    for position in positions:
        before = cursor.position
        cursor.advance(position)
        assert cursor.position == max(before, position)


def test_it_saves_itself_after_a_while_and_not_at_every_step(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    cursor = Cursor(path)
    written = []
    for position in range(1, 101):
        now_s[0] += 0.5
        cursor.advance(position)
        written.append(Cursor(path).position)
    assert len(set(written)) == 6
    assert all(position - found <= 20 for position, found in enumerate(written, start=1))


def test_an_unchanged_cursor_is_not_written(path: Path) -> None:
    saved(path, 5)
    before = path.stat().st_mtime_ns, path.stat().st_ino
    cursor = Cursor(path)
    cursor.advance(5)
    cursor.advance(3)
    cursor.save()
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_another_journal_begins_at_its_beginning(path: Path) -> None:
    saved(path, 17)
    cursor = Cursor(path)
    cursor.follow("this one")
    assert cursor.position == 17
    cursor.follow("another one")
    assert cursor.position == 0
    cursor.save()
    assert (Cursor(path).journal, Cursor(path).position) == ("another one", 0)


BAD = ["", "{", "null", "[]", "7", '{"position": null}', '{"position": "x"}', '{"position": []}', '{"place": 4}']
BAD += ['{"position": -5}', '{"position": Infinity}', '{"position": NaN}', '{"position": -Infinity}', "\x00" * 20]
BAD += ['{"position": 1e400}', '{"position": 9223372036854775808}', '{"position": 1' + "0" * 5000 + "}"]


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_a_damaged_file_means_from_the_beginning(path: Path, text: str) -> None:
    path.write_text(text)
    assert Cursor(path).position == 0
    saved(path, 3)
    assert Cursor(path).position == 3


def test_a_file_nested_without_end_means_from_the_beginning(path: Path) -> None:
    path.write_text("[" * 100_000)
    assert Cursor(path).position == 0


@settings(deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_no_file_is_an_exception(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("cursor") / "c.json"
    path.write_bytes(content)
    assert 0 <= Cursor(path).position < 2**63


@settings(deadline=None)
@given(st.integers(0, 20))
def test_a_torn_file_is_no_other_position_beyond(tmp_path_factory: pytest.TempPathFactory, length: int) -> None:
    path = tmp_path_factory.mktemp("cursor") / "c.json"
    saved(path, 123_456)
    path.write_bytes(path.read_bytes()[:length])
    assert Cursor(path).position in {0, 123_456}


def test_a_medium_that_takes_nothing_does_not_end_the_uplink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now_s[0])
    path = tmp_path / "folder" / "c.json"
    cursor = Cursor(path)
    now_s[0] += 11.0
    cursor.advance(7)
    cursor.save()
    assert cursor.position == 7
    path.parent.mkdir()
    now_s[0] += 11.0
    cursor.advance(7)
    assert Cursor(path).position == 7


def test_a_folder_in_its_place_means_from_the_beginning(path: Path) -> None:
    path.mkdir()
    assert Cursor(path).position == 0


def test_a_killed_process_leaves_an_old_or_a_new_position(path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from ampguard.uplink.lanes.cursor import Cursor\n"
        "cursor = Cursor(Path(sys.argv[1])); position = 0\n"
        "while True:\n"
        "    position += 1; cursor.advance(position); cursor.save(); print(position, flush=True)\n"
    )
    for _ in range(3):
        path.unlink(missing_ok=True)
        with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            last = [int(process.stdout.readline()) for _ in range(20)][-1]
            process.kill()
            rest = [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        acknowledged = int(rest[-1]) if rest else last
        assert Cursor(path).position in {acknowledged, acknowledged + 1}
