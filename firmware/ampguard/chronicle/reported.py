"""What the last commissioning report stated of settings and wiring: whether it is still so is seen by that.

No wall clock is asked: a unit's may be wrong when its report is made; what was changed and changed back is as stated.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ampguard.chronicle.configuration import difference, listed
from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard.settings.settings import Settings

FILE = "reported.json"
"""In the folder of what is kept about the wiring."""


@dataclass(frozen=True, slots=True)
class Reported:
    """Of one report."""

    settings: str
    """Names what it stated of them, the assignment of the inputs included (`stated`)."""
    verdict: str | None
    """On the wiring; None: none was known."""


def stated(settings: Settings) -> str:
    """Names all that a report states of them; of secrets only whether they are set."""
    told = difference({}, listed(settings))
    lines = [f"{one.name}={one.after}" for one in (() if told is None else told.changes)]
    return hashlib.sha256("\n".join([*lines, str(settings.assignment)]).encode()).hexdigest()[:16]


def keep(folder: Path, reported: Reported) -> None:
    """The last one's goes. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_whole(folder / FILE, json.dumps(asdict(reported)))


def kept(folder: Path) -> Reported | None:
    """Of the last one; None where there was none, or nobody can tell."""
    try:
        content: object = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    match content:
        case {"settings": str(settings), "verdict": (str() | None) as verdict}:
            return Reported(settings, verdict)
        case _:
            return None
