"""What became of the last try to join a network: kept on disk, because the phone that asked is away meanwhile."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from ampguard.network.credentials import shown
from ampguard.network.reason import SENTENCES, Reason
from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard.readings import Json

FILE = "last_join.json"


class Outcome(StrEnum):
    """How it ended."""

    UNDER_WAY = "under_way"
    JOINED = "joined"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LastJoin:
    """One try."""

    ssid: bytes
    outcome: Outcome
    reason: Reason | None
    """Of a failure."""
    weak: bool
    """The signal was below what the manual calls enough."""

    def as_json(self) -> dict[str, Json]:
        """For people and programs, and as it is kept."""
        return {
            "ssid": shown(self.ssid),
            "ssid_hex": self.ssid.hex(),
            "outcome": self.outcome.value,
            "reason": None if self.reason is None else self.reason.value,
            "sentence": None if self.reason is None else SENTENCES[self.reason],
            "weak": self.weak,
        }


class LastJoinFile:
    """Where it is kept."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def read(self) -> LastJoin | None:
        """The last try; None where there was none, or nobody can read it. One that was under way was interrupted."""
        try:
            told = cast("object", json.loads(self._path.read_bytes()))
        except (OSError, ValueError, RecursionError):
            return None
        found = _read(cast("dict[str, object]", told)) if isinstance(told, dict) else None
        if found is not None and found.outcome is Outcome.UNDER_WAY:
            return replace(found, outcome=Outcome.FAILED, reason=Reason.INTERRUPTED)
        return found

    def write(self, last: LastJoin) -> None:
        """Keep it. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        replace_whole(self._path, json.dumps(last.as_json()))


def _read(told: dict[str, object]) -> LastJoin | None:
    try:
        reason = told["reason"]
        found = LastJoin(
            ssid=bytes.fromhex(str(told["ssid_hex"])),
            outcome=Outcome(str(told["outcome"])),
            reason=None if reason is None else Reason(str(reason)),
            weak=told["weak"] is True,
        )
    except (KeyError, ValueError):
        return None
    # a failure always has a reason, and nothing else has one
    return found if (found.outcome is Outcome.FAILED) == (found.reason is not None) else None
