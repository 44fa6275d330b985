"""A unit's medium: a power cut takes what was not synced and nothing else; it fills up, fails, and is put right."""

from __future__ import annotations

import errno
import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from ampguard_hil.torture.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(name="disk")
def _disk(tmp_path: Path) -> Iterator[Disk]:
    with closing(Disk(tmp_path, 16 * 1024 * 1024)) as made:
        yield made


def written(path: Path, content: bytes, *, synced: bool) -> None:
    opened = os.open(path, os.O_RDWR | os.O_CREAT)
    os.pwrite(opened, content, 0)
    if synced:
        os.fsync(opened)
    os.close(opened)


def test_a_power_cut_takes_what_was_not_synced(disk: Disk) -> None:
    written(disk.place / "first", b"synced", synced=True)
    written(disk.place / "first", b"later!", synced=False)
    written(disk.place / "second", b"never", synced=False)
    disk.cut()
    written(disk.place / "third", b"after the cut", synced=True)
    disk.come_back()
    assert (disk.place / "first").read_bytes() == b"synced"
    assert not (disk.place / "third").exists()
    second = disk.place / "second"
    assert not second.exists() or second.read_bytes() != b"never"


def test_a_full_medium_takes_nothing_new_and_keeps_what_is_in_its_place(disk: Disk) -> None:
    written(disk.place / "old", b"a" * 4096, synced=True)
    disk.fill()
    written(disk.place / "old", b"b" * 4096, synced=True)
    with pytest.raises(OSError, match="No space left"):
        (disk.place / "new").write_bytes(b"c" * 100_000)
    disk.empty()
    (disk.place / "new").write_bytes(b"c" * 100_000)
    assert (disk.place / "old").read_bytes() == b"b" * 4096


def test_a_medium_that_fails_takes_nothing_until_it_is_put_right(disk: Disk) -> None:
    written(disk.place / "old", b"synced", synced=True)
    disk.fail()
    with pytest.raises(OSError, match="Read-only") as met:
        (disk.place / "new").write_bytes(b"c")
    assert met.value.errno == errno.EROFS
    assert (disk.place / "old").read_bytes() == b"synced"
    disk.check()
    (disk.place / "new").write_bytes(b"c")


def test_nothing_stays_mounted(tmp_path: Path) -> None:
    disk = Disk(tmp_path / "another", 16 * 1024 * 1024)
    assert os.path.ismount(disk.place)
    disk.close()
    assert not os.path.ismount(disk.place)
