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


def replace_secret(path: Path, content: str | bytes) -> None:
    """For its owner's eyes only from the first byte on; on the medium for good when this returns. Raises OSError."""
    partial = path.with_name(f"{path.name}.new")
    partial.unlink(missing_ok=True)
    opened = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(opened, "wb") as file:
        if os.geteuid() == 0:  # what root makes belongs to whom its folder belongs to
            owner = path.parent.stat()
            os.fchown(opened, owner.st_uid, owner.st_gid)
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(opened)
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
