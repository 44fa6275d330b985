"""Small files that are replaced as a whole: whatever happens meanwhile, the old content or the new one stands there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def replace_whole(path: Path, content: str | bytes) -> None:
    """Write it beside, synced, and rename it. Raises OSError; the old content stands then."""
    partial = path.with_name(f"{path.name}.new")
    with partial.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
