"""The last result of each charger's stimulus test, kept for reports and the page in one small file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from ampguard.wholefile import replace_whole

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard.readings import Json

FILE = "stimulus.json"
"""In the folder of what the balancer keeps: by charge point id the last result."""


def known(folder: Path) -> Mapping[str, Json]:
    """What is kept; nothing where that cannot be read."""
    try:
        found: object = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return cast("Mapping[str, Json]", found) if isinstance(found, dict) else {}


def keep(folder: Path, charger: str, found: Mapping[str, Json]) -> None:
    """Another one, in the place of the last of that charge point id. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = {**known(folder), charger: found}
    replace_whole(folder / FILE, json.dumps(kept, ensure_ascii=False, indent=1, allow_nan=False))
