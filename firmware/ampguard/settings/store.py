"""The settings file as those see it who change it: safely, told who did it, and undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.settings.described import SETTINGS, Setting
from ampguard.settings.history import FOLDER
from ampguard.settings.kept import KeptFile, stamped
from ampguard.settings.settings import content
from ampguard.settings.values import edits, mark, values

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ampguard.clock import Stamp
    from ampguard.settings.history import By, Change
    from ampguard.settings.values import Edit, Value


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


class SettingsStore(KeptFile):
    """One unit's."""

    def __init__(self, path: Path, now: Callable[[], Stamp] = stamped) -> None:
        """`path`: of the settings file."""
        super().__init__(path, FOLDER, values, edits, now)

    def seen(self) -> Seen:
        """What is set, without secrets. Raises SetupError."""
        now = content(self._path)
        found = values(self._path, now)
        return Seen(mark(now), tuple(
            Shown(setting, None if setting.secret else found.get(key), key in found)
            for key, setting in SETTINGS.items()
        ))  # fmt: skip

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

    def would_import(self, text: str, *, seen: str | None = None) -> Mapping[str, Edit]:
        """What `import_` would change, by key; nothing is changed. Raises as that does."""
        from ampguard.settings.editing import changed, imported  # noqa: PLC0415 - as above

        before = self._current(seen)
        after = changed(self._path, before, imported(self._path, before, text))
        return edits(values(self._path, before), values(self._path, after))

    def import_(self, text: str, by: By, *, seen: str | None = None) -> Change | None:
        """Have the file say what another one says; secrets stay where that names none. Raises as `change` does."""
        from ampguard.settings.editing import changed, imported  # noqa: PLC0415 - as above

        with self._held() as log:
            before = self._current(seen)
            return self._replace(log, before, changed(self._path, before, imported(self._path, before, text)), by)
