"""The load-balancing group as the other side sets it up: read as the file is, checked as the balancer would, then kept.

How chargers come in stays the unit's: what is not said of ports, RFID tags, keys and the chargers' own clouds is as
before. All else that is not said is not set. No group: the one that there is ends, and stays as it was set up.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from ampguard.settings.commands import CommandName
from ampguard.settings.group import parsed, written
from ampguard.settings.groupstore import GroupStore
from ampguard.settings.history import By, Means
from ampguard.settings.settings import content, tables
from ampguard.settings.values import mark
from ampguard.uplink import heard
from ampguard.uplink.heard import Unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ampguard.readings import Json
    from ampguard.settings.group import GroupSettings

STAYS = ("port", "tls_port", "free", "tags")
STAYS_OF_A_CHARGER = (
    "key", "security", "cloud_url", "cloud_key", "capi_url", "capi_email", "capi_password", "capi_key",
)  # fmt: skip
SAID = Path("group")
"""What a sentence calls it: the other side has no such file."""
BY = By(Means.CLOUD, CommandName.GROUP)
_SCALARS = (str, bool, int, float, type(None))


class GroupFile:
    """Where the group is kept."""

    def __init__(self, path: Path, check: Callable[[GroupSettings], None]) -> None:
        """`check`: raises SetupError for a group that this unit cannot balance."""
        self._path = path
        self._store = GroupStore(path, check)

    def keep(self, told: Mapping[str, object] | None) -> Mapping[str, Json]:
        """Have the file say so; None: nothing is to be balanced. Raises Unusable, SetupError: it is as before then."""
        before = content(self._path)
        parsed(self._path, before)
        standing = tables(self._path, before)
        if told is None and not standing:
            return {"active": False, "chargers": 0}
        wanted = {**standing, "active": False} if told is None else _with_what_stays(_plain(told), standing)
        try:
            group = parsed(SAID, written(wanted))
        except UnicodeEncodeError as why:
            raise Unusable("group: wanted text, met half a character") from why
        if group is None:
            raise Unusable("group: wanted a load-balancing group, met nothing")
        self._store.put(wanted, BY, seen=mark(before))
        return {"active": group.active, "chargers": len(group.chargers)}


def _plain(told: Mapping[str, object]) -> dict[str, object]:
    """What a TOML file can hold. Raises Unusable."""
    chargers = told.get("chargers", [])
    if not isinstance(chargers, list) or not all(isinstance(one, dict) for one in cast("list[object]", chargers)):
        raise Unusable("group: chargers: wanted a list of objects, met another value")
    listed = cast("list[Mapping[str, object]]", chargers)
    for table in (told, *listed):
        for key, value in table.items():
            if key != "chargers" and not _is_plain(value):
                raise Unusable(f"group: {heard.shown(key)}: wanted a text, a number or a list of texts, met another")
    return {**told, "chargers": [dict(one) for one in listed]}


def _is_plain(value: object) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in cast("list[object]", value))
    return isinstance(value, _SCALARS)


def _with_what_stays(told: dict[str, object], before: Mapping[str, object]) -> dict[str, object]:
    known = {str(one["id"]): one for one in cast("list[Mapping[str, object]]", before.get("chargers", []))}
    chargers = [
        _stays(before=known.get(str(one.get("id")), {}), keys=STAYS_OF_A_CHARGER) | one
        for one in cast("list[dict[str, object]]", told["chargers"])
    ]
    return {**_stays(before=before, keys=STAYS), **told, "chargers": chargers}


def _stays(*, before: Mapping[str, object], keys: tuple[str, ...]) -> dict[str, object]:
    return {key: before[key] for key in keys if key in before}
