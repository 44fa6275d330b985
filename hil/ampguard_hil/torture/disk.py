"""A unit's medium: a file system of its own (ext4 on a loop device), which can lose its power, fill up and fail.

What a power cut takes is not invented: the image file holds what the kernel has written through, and nothing else. A
copy of it, taken at the instant of the cut and mounted again, is what a unit finds when the power comes back. It wants
root.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from ampguard_hil.processes import ProcessError, wait_until

SIZE_BYTES = 48 * 1024 * 1024
WANTED = ("mkfs.ext4", "e2fsck", "mount", "umount", "findmnt")
_SEARCHED = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
_OPTIONS = "loop,errors=remount-ro,noatime"
_MENDED = 1
"""What e2fsck ends with where it found something and put it right."""
_UNMOUNT_S = 10.0


class DiskError(ProcessError):
    """The medium cannot be had; the sentence says why."""


class Disk:
    """Mounted at `place` from the beginning until `close`."""

    def __init__(self, folder: Path, size_bytes: int = SIZE_BYTES) -> None:
        """At `folder`/data. Raises DiskError."""
        missing = [one for one in WANTED if shutil.which(one, path=_SEARCHED) is None]
        if missing or os.geteuid() != 0:
            without = f" without {', '.join(missing)}" if missing else ""
            raise DiskError(f"a file system of its own: wanted root and e2fsprogs, met user {os.geteuid()}{without}")
        self.place = folder / "data"
        self._image = folder / "medium.img"
        self._at_the_cut = folder / "medium.cut"
        self.place.mkdir(parents=True)
        with self._image.open("wb") as file:
            file.truncate(size_bytes)
        _do("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=0", "-J", "size=4", str(self._image))
        self._mount()

    def cut(self) -> None:
        """The power is gone now: what is on the medium at this instant is all there will be. Kill who writes before."""
        shutil.copyfile(self._image, self._at_the_cut)

    def come_back(self) -> None:
        """As it was at the cut. Raises DiskError where somebody still has a file open."""
        self._unmount()
        self._at_the_cut.replace(self._image)
        self._mount()

    def fill(self) -> None:
        """Not a byte is left."""
        with contextlib.suppress(OSError), self._filling.open("ab", buffering=0) as file:
            for size in (1024 * 1024, 4096, 1024, 1):
                with contextlib.suppress(OSError):
                    while file.write(bytes(size)):
                        pass

    def empty(self) -> None:
        """What filled it is gone."""
        self._filling.unlink(missing_ok=True)

    def fail(self) -> None:
        """The file system finds an error, and from then on takes nothing more, as it was told when it was mounted."""
        device = Path(_do("findmnt", "--noheadings", "--output", "SOURCE", str(self.place)).strip()).name
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")

    def check(self) -> None:
        """Looked through and put right, as at a start after an error. Raises DiskError."""
        self._unmount()
        _do("e2fsck", "-p", str(self._image), good=(0, _MENDED))
        self._mount()

    def close(self) -> None:
        """Nothing of it stays mounted."""
        if os.path.ismount(self.place):
            self._unmount()

    @property
    def _filling(self) -> Path:
        return self.place / "filling"

    def _mount(self) -> None:
        _do("mount", "-o", _OPTIONS, str(self._image), str(self.place))

    def _unmount(self) -> None:
        """Whoever was killed a moment ago may still hold a file."""
        why: list[DiskError] = []

        def gone() -> bool:
            try:
                _do("umount", str(self.place))
            except DiskError as refused:
                why[:] = [refused]
                return False
            return True

        if not wait_until(gone, _UNMOUNT_S):
            raise why[0]


def _do(*words: str, good: tuple[int, ...] = (0,)) -> str:
    """What it printed. Raises DiskError."""
    program = shutil.which(words[0], path=_SEARCHED) or words[0]
    done = subprocess.run([program, *words[1:]], capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode not in good:
        raise DiskError(f"{' '.join(words)}: ended with {done.returncode}", done.stderr)
    return done.stdout
