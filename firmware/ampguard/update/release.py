"""What software a slot holds: the file that the image's recipe leaves in the root, and which of two is older."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from ampguard.errors import SetupError

PLACE = Path("/usr/lib/ampguard/release.json")
"""Only a card has it: where it is not there is no other slot, either."""
_FORM = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-(\d+))?")


@dataclass(frozen=True, slots=True)
class Release:
    """The software of a slot."""

    version: str
    """The package's, and behind it when its sources were last changed: 0.1.0-20260131120000."""
    compatible: str
    """What kind of computer it is for."""


def here(path: Path = PLACE) -> Release | None:
    """What runs; None where the unit has no slots. Raises SetupError."""
    try:
        match json.loads(path.read_bytes()):
            case {"version": str(version), "compatible": str(compatible)}:
                order(version)
                return Release(version, compatible)
            case other:
                raise SetupError(f"wanted version and compatible, met {str(other)[:80]}", path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as why:
        raise SetupError(f"wanted what software this is, met: {why}", path) from why


def order(version: str) -> tuple[int, int, int, bool, int]:
    """What versions are compared by, as RAUC does it: without a time it is newer than with one. Raises SetupError."""
    found = _FORM.fullmatch(version)
    if found is None:
        raise SetupError(f"wanted a version like 0.1.0-20260131120000, met {version[:80]!a}")
    major, minor, patch, time = found.groups()
    return int(major), int(minor or 0), int(patch or 0), time is None, int(time or 0)
