"""The load-balancing group's file as those see it who change it: as a whole, told who did it, and undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ampguard.settings.described import GROUP
from ampguard.settings.group import parsed, written
from ampguard.settings.kept import KeptFile, stamped
from ampguard.settings.settings import content, tables
from ampguard.settings.values import edit, mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from ampguard.clock import Stamp
    from ampguard.settings.group import GroupSettings
    from ampguard.settings.history import By, Change
    from ampguard.settings.values import Edit, Value

FOLDER = "group-history"
SECRETS = tuple(key.partition(".")[2] for key, setting in GROUP.items() if setting.secret)
"""Of a charger."""


@dataclass(frozen=True, slots=True)
class SeenGroup:
    """The group as it is now."""

    mark: str
    """Names this version of the file."""
    group: GroupSettings | None
    """None: nobody has set one up."""


class GroupStore(KeptFile):
    """One unit's."""

    def __init__(self, path: Path, check: Callable[[GroupSettings], None], now: Callable[[], Stamp] = stamped) -> None:
        """`path`: of the group's file; `check`: raises SetupError for a group that cannot be balanced."""
        super().__init__(path, FOLDER, values, edits, now)
        self._check = check

    def seen(self) -> SeenGroup:
        """What is set. Raises SetupError."""
        now = content(self._path)
        return SeenGroup(mark(now), parsed(self._path, now))

    def put(self, told: Mapping[str, object], by: By, *, seen: str | None = None) -> Change | None:
        """Have the file say so; None where it does already.

        Args:
            told: as `group.written` takes it. A secret that is not named stays with the charger of that id.
            by: who wants it.
            seen: the mark of the version that they looked at; None: whatever there is.

        Raises:
            Outdated: the file is another one by now.
            SetupError: it would be no group, or cannot be balanced, or cannot be written; it is as before then.
        """
        with self._held() as log:
            before = self._current(seen)
            after = written(_with_secrets(told, parsed(self._path, before)))
            group = parsed(self._path, after)
            if group is not None and group.active:  # to end is always allowed
                self._check(group)
            return self._replace(log, before, after, by)


def values(path: Path, content: bytes) -> dict[str, Value]:
    """What the file says, flat: of chargers as `chargers.<id>.max_a`. Raises SetupError where it is no group."""
    parsed(path, content)
    return dict(_flat(tables(path, content)))


def edits(before: Mapping[str, Value], after: Mapping[str, Value]) -> dict[str, Edit]:
    """What differs, by key, without secrets."""
    keys = [*after, *(key for key in before if key not in after)]
    return {
        key: edit(before.get(key), after.get(key), is_secret=key.rpartition(".")[2] in SECRETS)
        for key in keys
        if before.get(key) != after.get(key)
    }


def _flat(table: Mapping[str, object], within: str = "") -> Iterator[tuple[str, Value]]:
    for key, value in table.items():
        if key == "chargers":
            for one in cast("list[dict[str, object]]", value):
                yield from _flat({name: found for name, found in one.items() if name != "id"}, f"{key}.{one['id']}.")
        else:
            yield f"{within}{key}", tuple(cast("list[str]", value)) if isinstance(value, list) else cast("Value", value)


def _with_secrets(told: Mapping[str, object], before: GroupSettings | None) -> dict[str, object]:
    known = {one.id: one for one in (() if before is None else before.chargers)}
    chargers = [
        {name: getattr(known.get(str(one.get("id"))), name, None) for name in SECRETS if name not in one} | dict(one)
        for one in cast("list[Mapping[str, object]]", told.get("chargers", ()))
    ]
    return {**told, "chargers": chargers}
