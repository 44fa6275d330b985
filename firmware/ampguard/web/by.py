"""Who changes a setting, as its history says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.settings.history import By, Means

if TYPE_CHECKING:
    from ampguard.web.access.guard import Caller


def by(caller: Caller) -> By:
    """A session by where it came from, a token by its name."""
    kind, _, name = caller.name.partition(" ")
    return By(Means.TOKEN if kind == "token" else Means.PAGE, name)
