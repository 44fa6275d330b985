"""The settings file as those see it who change it: safely, told who did it, and undone.

One at a time, whatever process: a lock. A change is announced, the file is replaced as a whole, the change is kept;
whatever comes between, the file is as before or as wanted, and the history says which.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ampguard.clock import Stamp, SystemClock
from ampguard.errors import SetupError
from ampguard.phrase import phrase
from ampguard.settings.described import SETTINGS, Setting
from ampguard.settings.history import FOLDER, By, Change, Folder, Log, Means
from ampguard.settings.settings import content
from ampguard.settings.sole import replace_alike, sole
from ampguard.settings.values import edits, mark, values

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from ampguard.settings.values import Edit, Value

PATIENCE_S = 5.0
BY_HAND = By(Means.HAND)


class Outdated(SetupError):
    """The file is another one than whoever wants to change it has seen: look again."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One setting for people."""

    setting: Setting
    value: Value | None
    """None where it is not set, and of every secret."""
    is_set: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """All of them, as they are now."""

    mark: str
    """Names this version of the file; given back with a change, it keeps two browsers from each other's throat."""
    settings: tuple[Shown, ...]


def _now() -> Stamp:
    return SystemClock().stamp(time.monotonic_ns())


class SettingsStore:
    """One unit's."""

    def __init__(self, path: Path, now: Callable[[], Stamp] = _now) -> None:
        """`path`: of the settings file."""
        self._path, self._now = path, now
        self._folder = Folder(path.parent / FOLDER)

    def seen(self) -> Seen:
        """What is set, without secrets. Raises SetupError."""
        now = content(self._path)
        found = values(self._path, now)
        return Seen(mark(now), tuple(
            Shown(setting, None if setting.secret else found.get(key), key in found)
            for key, setting in SETTINGS.items()
        ))  # fmt: skip

    def history(self) -> tuple[Change, ...]:
        """The changes that are kept, the oldest first. Raises SetupError."""
        return self._folder.log().changes

    def exported(self) -> str:
        """A settings file that says the same, without secrets. Raises SetupError."""
        from ampguard.settings.editing import exported  # noqa: PLC0415 - its library is wanted for a change only

        return exported(values(self._path, content(self._path)))

    def change(self, wanted: Mapping[str, Value | None], by: By, *, seen: str | None = None) -> Change | None:
        """Have the file say so; None of a value: it is not set. None where there is nothing to change.

        Args:
            wanted: by dotted key; what is not named stays.
            by: who wants it.
            seen: the mark of the version that they looked at; None: whatever there is.

        Raises:
            Outdated: the file is another one by now.
            SetupError: it would be no settings file, or cannot be written; it is as before then.
        """
        from ampguard.settings.editing import changed  # noqa: PLC0415 - its library is wanted for a change only

        with self._held() as log:
            before = self._current(seen)
            return self._replace(log, before, changed(self._path, before, wanted), by)

    def import_(self, text: str, by: By, *, seen: str | None = None) -> Change | None:
        """Have the file say what another one says; secrets stay where that names none. Raises as `change` does."""
        from ampguard.settings.editing import changed, imported  # noqa: PLC0415 - as above

        with self._held() as log:
            before = self._current(seen)
            return self._replace(log, before, changed(self._path, before, imported(self._path, before, text)), by)

    def undo(self, by: By, *, seen: str | None = None) -> Change:
        """Take back the last change that is not taken back, exactly; also a file that its editor left broken.

        Raises SetupError where there is none, or its version is not kept any more; and as `change` does.
        """
        with self._held() as log:
            before = self._current(seen)
            try:
                values(self._path, before)
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
        found = values(self._path, after)
        try:
            was = values(self._path, before)
        except SetupError:  # its editor left it broken: what was known before is there again
            was = found
        made = self._change(log, by, mark(before), mark(after), edits(was, found))
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
            found = values(self._path, now)
        except SetupError:
            return log
        before = b"" if log.latest is None else self._folder.version(log.latest)
        self._folder.keep_version(here, now)
        if log.latest is None or before is None:
            log = Log(here, log.changes)
        else:
            by_hand = edits(values(self._path, before), found)
            log = log.with_change(self._change(log, BY_HAND, log.latest, here, by_hand))
        self._folder.keep(log)
        return log
