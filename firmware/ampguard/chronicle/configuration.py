"""What is set otherwise than before: settings as a flat list of names and texts, without secrets; their difference."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, cast

from ampguard.events import Configuration, SettingChange
from ampguard.settings.described import is_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ampguard.settings.settings import Settings

SECRET = "(secret)"  # noqa: S105 - stands for one


def listed(settings: Settings) -> dict[str, str]:
    """Each setting that is there, by its dotted name. Of a secret a salted digest, so that a change is noticed.

    Not the wiring: it can change while the meter runs, and its changes are events of their own.
    """
    return dict(_listed(replace(settings, wiring=None), ""))


def difference(before: Mapping[str, str], after: Mapping[str, str]) -> Configuration | None:
    """What changed; None where nothing did."""
    changes = tuple(
        SettingChange(name=name, before=_told(name, before), after=_told(name, after))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )
    return Configuration(changes=changes) if changes else None


def _listed(value: object, above: str) -> Iterator[tuple[str, str]]:
    if is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _listed(getattr(value, field.name), f"{above}.{field.name}" if above else field.name)
    elif value is not None:
        yield above, _text(value) if not is_secret(above) else _digest(above, str(value))


def _text(value: object) -> str:
    match value:
        case Enum():
            return str(value.value)
        case frozenset() | tuple() | list():
            return ", ".join(sorted(_text(one) for one in cast("frozenset[object]", value)))
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _digest(name: str, value: str) -> str:
    return hashlib.scrypt(value.encode(), salt=name.encode(), n=1024, r=8, p=1, dklen=16).hex()


def _told(name: str, where: Mapping[str, str]) -> str | None:
    found = where.get(name)
    return SECRET if found is not None and is_secret(name) else found
