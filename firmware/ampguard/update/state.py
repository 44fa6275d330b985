"""Where an update is: a table of what may follow what, and the file in which page, cloud and the next start read it.

    asked ─► fetching ─► checking ─► installing ─► installed ─► on trial ─► kept
      └──────────┴──────────┴───────────┴─► refused      └─────────┴──► returned

Only one is under way at a time; what ended may be followed by another one.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

from ampguard.clock import SystemClock
from ampguard.update.refusal import Kind
from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard.update.refusal import RefusedError


class State(StrEnum):
    """Where it is."""

    NONE = "none"
    """There was none since the unit was new."""
    RECEIVING = "receiving"
    """A bundle comes in by the page; never kept."""
    ASKED = "asked"
    FETCHING = "fetching"
    CHECKING = "checking"
    INSTALLING = "installing"
    INSTALLED = "installed"
    """In the other slot, which the next start tries."""
    ON_TRIAL = "on-trial"
    """It runs, and has to show that it measures right."""
    KEPT = "kept"
    REFUSED = "refused"
    """Nothing has changed."""
    RETURNED = "returned"
    """It ran and was not kept: the slot before it runs again."""


_END = frozenset({State.NONE, State.KEPT, State.REFUSED, State.RETURNED})
FOLLOWS: Mapping[State, frozenset[State]] = MappingProxyType({
    State.ASKED: _END,
    State.FETCHING: frozenset({State.ASKED}),
    State.CHECKING: frozenset({State.ASKED, State.FETCHING}),
    State.INSTALLING: frozenset({State.CHECKING}),
    State.INSTALLED: frozenset({State.INSTALLING}),
    State.ON_TRIAL: frozenset({State.INSTALLED, State.INSTALLING, State.ON_TRIAL}),  # the power may go at any moment
    State.KEPT: frozenset({State.ON_TRIAL}),
    State.RETURNED: frozenset({State.INSTALLED, State.ON_TRIAL}),
    State.REFUSED: frozenset({State.ASKED, State.FETCHING, State.CHECKING, State.INSTALLING}),
})  # fmt: skip
"""After which states each may come."""


class NotNowError(Exception):
    """Something that cannot follow."""


@dataclass(frozen=True, slots=True)
class Told:
    """As everybody may read it."""

    state: State = State.NONE
    version: str | None = None
    """Of the update, as soon as it is known."""
    who: str | None = None
    """Who asked for it."""
    percent: int | None = None
    """How far fetching or installing is."""
    kind: Kind | None = None
    """What is wrong with it, where it is refused."""
    sentence: str | None = None
    """Why it was refused or did not stay."""

    @property
    def is_under_way(self) -> bool:
        """Whether another one has to wait."""
        return self.state not in _END

    @property
    def tried(self) -> str | None:
        """The version that this says was not kept, so that nobody tries it again without being told to."""
        return self.version if self.state is State.RETURNED or self.kind is Kind.TRIED else None

    def after(self, state: State, **changed: str | int | Kind | None) -> Self:
        """The next one. Raises NotNowError."""
        if self.state not in FOLLOWS[state]:
            raise NotNowError(f"an update that is {self.state} cannot be {state} next")
        return replace(self, **{"state": state, "percent": None, **changed})  # type: ignore[arg-type]  # fields by name

    def refused(self, why: RefusedError) -> Self:
        """Ended by that. Raises NotNowError."""
        return self.after(State.REFUSED, kind=why.kind, sentence=str(why))


def read(path: Path) -> Told:
    """What is kept; what cannot be read is as if there had been none."""
    try:
        found = json.loads(path.read_bytes())
        kind = found.get("kind")
        told = {name: found.get(name) for name in ("version", "who", "percent", "sentence")}
        return Told(State(found["state"]), kind=None if kind is None else Kind(kind), **told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Told()


def since(path: Path) -> str | None:
    """When it was kept, as ISO 8601; None where no clock was set, or nothing is kept."""
    try:
        utc = json.loads(path.read_bytes())["utc"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return utc if isinstance(utc, str) else None


def keep(path: Path, told: Told) -> None:
    """With the time. Raises OSError."""
    utc = SystemClock().stamp(time.monotonic_ns()).utc
    replace_whole(path, json.dumps({**asdict(told), "utc": utc}))
