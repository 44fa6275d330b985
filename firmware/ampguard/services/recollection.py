"""What the meter knows of the wiring when it starts again: a small file, believed for the same installation only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from ampguard.wholefile import replace_whole
from ampguard.wiring import memory

if TYPE_CHECKING:
    import logging
    from collections.abc import Mapping
    from pathlib import Path

    from ampguard.readings import Json
    from ampguard.settings.assignment import Assignment
    from ampguard.wiring.hypotheses import Look
    from ampguard.wiring.installation import Installation

FILE = "evidence.json"
EVERY_S = 600.0
"""New looks are kept at most so often: they come with every load that is switched, and what flows now is another mean
each second. Some 10 kB each time: a megabyte or two a day."""


class Recollection:
    """One run of the meter's: read once, written now and then."""

    def __init__(self, folder: Path, logger: logging.Logger) -> None:
        self._path = folder / FILE
        self._log = logger
        self._kept: tuple[str, tuple[Look, ...]] | None = None
        """Verdict and looks as they are kept."""
        self._kept_s = 0.0
        self._complained = False

    def looks(self, of: str) -> list[Look]:
        """What was seen in the run before; nothing where that was of another installation, or cannot be read."""
        try:
            content: object = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return []
        except (OSError, ValueError, RecursionError) as why:
            self._log.warning("%s: what was seen of the clamps cannot be read: %s", self._path, why)
            return []
        known: Mapping[str, object] = cast("Mapping[str, object]", content) if isinstance(content, dict) else {}
        if known.get("of") != of:
            self._log.info("what was seen of the clamps before was of another installation")
            return []
        try:
            return memory.looks(known.get("looks"))
        except ValueError as why:
            self._log.warning("%s: what was seen of the clamps is damaged: %s", self._path, why)
            return []

    def keep(self, now_s: float, of: str, looks: list[Look], found: Mapping[str, Json]) -> None:
        """Once a second: keeps what is new, another verdict at once. `now_s`: monotonic."""
        latest = (str(found.get("current_verdict")), tuple(looks))
        is_due = self._kept is None or self._kept[0] != latest[0] or now_s - self._kept_s >= EVERY_S
        if latest == self._kept or not is_due:
            return
        content = {"of": of, "looks": memory.as_json(looks), "finding": found}
        self._kept_s = now_s
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            replace_whole(self._path, json.dumps(content, ensure_ascii=False))
        except OSError as why:
            if not self._complained:
                self._log.warning("%s: what was seen of the clamps could not be kept: %s", self._path, why)
            self._complained = True
            return
        self._kept, self._complained = latest, False


def named(installation: Installation, assignment: Assignment) -> str:
    """By what an installation is known again: evidence of another one says nothing of this."""
    return f"{installation}; {assignment}"
