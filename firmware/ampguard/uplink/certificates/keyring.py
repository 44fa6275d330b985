"""The unit's key and certificates: one folder that is exchanged as a whole, so that key and certificate always match.

`<data>/certificates` is a link to `certificates-<n>`. What is new is written beside it, synced, and then the link is
replaced in one step: whenever the power fails, it leads to a whole set, the new one or the one before. The set before
stays until the next exchange: somebody may be reading it. The key of an enrolment that has no answer yet waits in
`certificates-asked.key`: asked again, the cloud knows it by that key.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
from typing import TYPE_CHECKING, cast

from ampguard.errors import SetupError
from ampguard.settings.places import CERTIFICATES
from ampguard.uplink.certificates.refusal import Kind, NotEnrolledError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

FOLDER = CERTIFICATES
KEY, CERTIFICATE, AUTHORITY, ENROLMENT = "unit.key", "unit.crt", "authority.crt", "enrolment.json"
_SET = re.compile(rf"{FOLDER}-(\d{{1,9}})")


class Keyring:
    """What lies in the data folder."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.folder = data / FOLDER
        """The set in use; not there before the first enrolment."""
        self._asked = data / f"{FOLDER}-asked.key"

    @property
    def certificate(self) -> Path:
        """The unit's own."""
        return self.folder / CERTIFICATE

    @contextlib.contextmanager
    def held(self) -> Generator[None]:
        """Nobody else changes anything meanwhile. Raises SetupError."""
        try:
            lock = os.open(self._data / f"{FOLDER}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as why:
            raise SetupError(f"{self._data}: wanted a folder that can be written, met: {why}") from why
        try:
            self._give_to_owner(lock)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as why:
            sentence = "another enrolment or renewal of this unit is running: wait for its end"
            raise NotEnrolledError(Kind.BUSY, sentence) from why
        finally:
            os.close(lock)

    def enrolment(self) -> Mapping[str, object]:
        """Where the certificate came from. Raises SetupError."""
        try:
            content = json.loads((self.folder / ENROLMENT).read_bytes())
        except (OSError, ValueError) as why:
            raise SetupError(f"{self.folder}: this unit is not enrolled: run `ampguard enrol`") from why
        if not isinstance(content, dict):
            raise SetupError(f"{self.folder}: wanted where this unit is enrolled, met nothing: run `ampguard enrol`")
        return cast("dict[str, object]", content)

    def asked_key(self) -> bytes | None:
        """The key of an enrolment without an answer."""
        try:
            return self._asked.read_bytes()
        except FileNotFoundError:
            return None

    def key_at(self, url: str, serial: str) -> bytes | None:
        """The key in use, where it was made for this cloud and this unit: by it the cloud knows the unit."""
        try:
            known = self.enrolment()
            is_this = (known.get("url"), known.get("serial")) == (url, serial)
            return (self.folder / KEY).read_bytes() if is_this else None
        except (SetupError, OSError):
            return None

    def keep_asked_key(self, key: bytes) -> None:
        """Before it is asked for."""
        partial = self._asked.with_suffix(".new")
        self._write(partial, key)
        partial.replace(self._asked)
        _sync(self._data)

    def put(self, files: Mapping[str, bytes]) -> None:
        """Exchange the set for this one. Raises OSError, SetupError: the one before is in use then."""
        if self.folder.exists() and not self.folder.is_symlink():
            raise SetupError(
                f"{self.folder}: wanted a link that `ampguard enrol` made, met something else: move it away"
            )
        number = max(self._numbers(), default=0) + 1
        made = self._data / f"{FOLDER}-{number}"
        made.mkdir(mode=0o700)
        self._give_to_owner(made)
        for name, content in files.items():
            self._write(made / name, content)
        _sync(made)
        before = self.folder.readlink().name if self.folder.is_symlink() else None
        link = self._data / f"{FOLDER}.new"
        link.unlink(missing_ok=True)
        link.symlink_to(made.name)
        link.replace(self.folder)
        _sync(self._data)
        self._asked.unlink(missing_ok=True)
        for old in self._numbers():
            name = f"{FOLDER}-{old}"
            if name not in {made.name, before}:
                shutil.rmtree(self._data / name, ignore_errors=True)

    def _numbers(self) -> list[int]:
        found = (_SET.fullmatch(one.name) for one in self._data.iterdir())
        return [int(one.group(1)) for one in found if one is not None]

    def _write(self, path: Path, content: bytes) -> None:
        """For its owner's eyes only, from the first byte on."""
        path.unlink(missing_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(file, "wb") as out:
            self._give_to_owner(file)
            out.write(content)
            out.flush()
            os.fsync(file)

    def _give_to_owner(self, made: int | Path) -> None:
        """What root makes belongs to whom the data folder belongs to: the uplink runs as somebody else."""
        if os.geteuid() == 0:
            owner = self._data.stat()
            os.chown(made, owner.st_uid, owner.st_gid)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
