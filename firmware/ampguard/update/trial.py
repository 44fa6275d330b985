"""What the old slot leaves for the new one, and both for whoever tells of it: files in the data folder's `update`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.events import Update, UpdateEnd
from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from pathlib import Path

BUNDLE, WISH, STATE, TRIAL, NEWS = "bundle.raucb", "wish.json", "state.json", "trial.json", "news.json"
"""In the folder."""
STICK = "usb-stick"
"""Who wants an update that was put into the unit."""
GONE = "it did not start: the boot loader went back to the slot before"
"""Why a slot is not kept that has not said why."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants installed."""

    source: str
    """A file in the folder, a URL, or STICK: whatever is on the sticks in the unit."""
    who: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What the new slot is judged by."""

    slot: str
    """Where it is: what the boot loader calls it."""
    version: str
    former: str
    """What ran before, and runs again if it is not kept."""
    uplink: bool
    """Whether the unit reached its broker or cloud before: if not, nobody expects it afterwards."""
    reason: str | None = None
    """Why it is not kept; None until that is known."""


def ask(folder: Path, wish: Wish) -> None:
    """Raises OSError."""
    replace_whole(folder / WISH, json.dumps(asdict(wish)))


def asked(folder: Path) -> Wish | None:
    """What is wanted, until it is `taken`; None: nothing. Raises OSError."""
    try:
        found = json.loads((folder / WISH).read_bytes())
        return Wish(str(found["source"]), str(found["who"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def taken(folder: Path) -> None:
    """Nothing is wanted any more: somebody sees to it. Raises OSError."""
    (folder / WISH).unlink(missing_ok=True)


def keep(folder: Path, trial: Trial) -> None:
    """Raises OSError."""
    replace_whole(folder / TRIAL, json.dumps(asdict(trial)))


def read(folder: Path) -> Trial | None:
    """None where nothing is on trial. Raises SetupError."""
    path = folder / TRIAL
    try:
        found = json.loads(path.read_bytes())
        reason = found["reason"]
        return Trial(
            str(found["slot"]), str(found["version"]), str(found["former"]), uplink=found["uplink"] is True,
            reason=None if reason is None else str(reason),
        )  # fmt: skip
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise SetupError(f"wanted what the new software is judged by, met: {why}", path) from why


def end(folder: Path) -> None:
    """Nothing is on trial any more. Raises OSError."""
    (folder / TRIAL).unlink(missing_ok=True)


def tell(folder: Path, news: Update) -> None:
    """Leave it for the meter, which numbers all events. Raises OSError."""
    replace_whole(folder / NEWS, json.dumps(asdict(news)))


def news(folder: Path) -> Update | None:
    """What is to be told; it stays until `told`."""
    try:
        found = json.loads((folder / NEWS).read_bytes())
        version, reason = found["version"], found["reason"]
        return Update(
            end=UpdateEnd(found["end"]), version=None if version is None else str(version),
            former=str(found["former"]), from_stick=found.get("from_stick") is True,
            reason=None if reason is None else str(reason),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None


def told(folder: Path) -> None:
    """It has been. Raises OSError."""
    (folder / NEWS).unlink(missing_ok=True)
