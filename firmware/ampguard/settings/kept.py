"""A file that people set a unit up with: changed safely, told who did it, and undone.

One at a time, whatever process: a lock. A change is announced, the file is replaced as a whole, the change is kept;
whatever comes between, the file is as before or as wanted, and the history says which.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from ampguard.clock import Stamp, SystemClock
from ampguard.errors import SetupError
from ampguard.phrase import phrase
from ampguard.settings.history import By, Change, Folder, Log, Means
from ampguard.settings.settings import content
from ampguard.settings.sole import replace_alike, sole
from ampguard.settings.values import mark

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path
    from typing import TypeAlias

    from ampguard.settings.values import Edit, Value

    Reads: TypeAlias = Callable[[Path, bytes], dict[str, Value]]
    """What such a file says that holds this, by key. Raises SetupError where the unit would not take it."""
    Compares: TypeAlias = Callable[[Mapping[str, Value], Mapping[str, Value]], dict[str, Edit]]
    """What differs between two of them, without secrets."""

PATIENCE_S = 5.0
BY_HAND = By(Means.HAND)


class Outdated(SetupError):
    """The file is another one than whoever wants to change it has seen: look again."""


def stamped() -> Stamp:
    """Now, as far as anybody has set the clock."""
    return SystemClock().stamp(time.monotonic_ns())


class KeptFile:
    """One file, with its versions and who made them in a folder beside it."""

    def __init__(
        self, path: Path, folder: str, reads: Reads, compares: Compares, now: Callable[[], Stamp] = stamped
    ) -> None:
        """`folder`: its name."""
        self._path, self._reads, self._compares, self._now = path, reads, compares, now
        self._folder = Folder(path.parent / folder)

    def history(self) -> tuple[Change, ...]:
        """The changes that are kept, the oldest first. Raises SetupError."""
        return self._folder.log().changes

    def undo(self, by: By, *, seen: str | None = None) -> Change:
        """Take back the last change that is not taken back, exactly; also a file that its editor left broken.

        Raises SetupError where there is none, or its version is not kept any more; and as `change` does.
        """
        with self._held() as log:
            before = self._current(seen)
            try:
                self._reads(self._path, before)
            except SetupError:
                undone, wanted = None, log.latest
            else:
                undone = log.to_undo
                wanted = None if undone is None else undone.before
            if wanted is None:
                raise SetupError(phrase("wanted a change to undo, met none"), self._path)
            if (content := self._folder.version(wanted)) is None:
                raise SetupError(phrase("the version before the last change is not kept any more"), self._path)
            number = 0 if undone is None else undone.number
            found = self._replace(log, before, content, by, undoes=number)
            if found is None:
                raise SetupError(phrase("wanted a change to undo, met none"), self._path)
            return found

    def notice(self) -> None:
        """Keep in the history that somebody edited the file by hand, if so; not now where somebody is changing it.

        A file that cannot be read is no version: nothing is kept of it.
        """
        with contextlib.suppress(SetupError), self._held(patience_s=0.0):
            pass

    def _current(self, seen: str | None) -> bytes:
        now = content(self._path)
        if seen is not None and seen != mark(now):
            raise Outdated(phrase("somebody else has changed the settings meanwhile: look at them again"), self._path)
        return now

    def _replace(self, log: Log, before: bytes, after: bytes, by: By, *, undoes: int | None = None) -> Change | None:
        if after == before:
            return None
        found = self._reads(self._path, after)
        try:
            was = self._reads(self._path, before)
        except SetupError:  # its editor left it broken: what was known before is there again
            was = found
        made = self._change(log, by, mark(before), mark(after), self._compares(was, found))
        change = replace(made, undoes=undoes)
        try:
            self._folder.keep_version(change.before, before)
            self._folder.keep_version(change.after, after)
            self._folder.announce(change)
            replace_alike(self._path.resolve(), after)  # what a link leads to is replaced, not the link
            self._folder.keep(log.with_change(change))
        except OSError as why:
            raise SetupError(phrase("cannot be changed: {why}", why=why.strerror or str(why)), self._path) from why
        return change

    def _change(self, log: Log, by: By, before: str, after: str, edits: Mapping[str, Edit]) -> Change:
        stamp = self._now()
        return Change(
            number=log.next_number,
            by=by,
            utc=stamp.utc,
            clock_quality=stamp.quality.value,
            before=before,
            after=after,
            edits=edits,
        )

    @contextlib.contextmanager
    def _held(self, patience_s: float = PATIENCE_S) -> Generator[Log]:
        """Nobody else changes anything meanwhile; the log, with what happened since."""
        with sole(self._folder.path, patience_s):
            try:
                log = self._caught_up()
            except OSError as why:
                raise SetupError(phrase("cannot be changed: {why}", why=why.strerror or str(why)), self._path) from why
            yield log

    def _caught_up(self) -> Log:
        """What was cut off is finished or forgotten; what somebody edited by hand is kept as that."""
        try:
            log = self._folder.log()
        except SetupError:
            self._folder.set_aside()
            log = Log()
        now = content(self._path)
        here = mark(now)
        cut_off = self._folder.announced()
        if cut_off is not None and cut_off.after == here and cut_off.before == log.latest:
            log = log.with_change(cut_off)
            self._folder.keep(log)
        if cut_off is not None:
            self._folder.forget_announced()
        if here == log.latest:
            return log
        try:
            found = self._reads(self._path, now)
        except SetupError:
            return log
        before = b"" if log.latest is None else self._folder.version(log.latest)
        self._folder.keep_version(here, now)
        if log.latest is None or before is None:
            log = Log(here, log.changes)
        else:
            by_hand = self._compares(self._reads(self._path, before), found)
            log = log.with_change(self._change(log, BY_HAND, log.latest, here, by_hand))
        self._folder.keep(log)
        return log
