"""What people have set, kept aside while an update is tried: for a software that does not know what was set since.

A settings file that has one key too many is refused as a whole, and a meter without settings does not start. So where a
unit has gone back and cannot read such a file any more, the file of before is put back; what was set since stays beside
it (`.newer`), and in the history of changes. A file that can be read stays as it is, whoever has written it.
"""

from __future__ import annotations

import contextlib
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.settings import group, settings
from ampguard.settings.sole import replace_alike
from ampguard.wholefile import replace_secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

FOLDER = "settings-before"
"""In the data folder; by its name a factory reset wipes it, as it has passwords in it."""
_READERS: Mapping[str, Callable[[Path], object]] = MappingProxyType({
    "settings.toml": settings.load,
    "group.toml": group.load,
})  # fmt: skip


def keep(data: Path) -> None:
    """As they are now; each as a whole, whenever the power goes. Raises OSError."""
    (data / FOLDER).mkdir(mode=0o700, exist_ok=True)
    for name in _READERS:
        try:
            replace_secret(data / FOLDER / name, (data / name).read_bytes())
        except FileNotFoundError:
            (data / FOLDER / name).unlink(missing_ok=True)


def put_back(data: Path) -> list[str]:
    """Those that this software cannot read any more, if it could before; their names. Raises OSError."""
    return [name for name, reader in _READERS.items() if _is_put_back(data / name, data / FOLDER / name, reader)]


def forget(data: Path) -> None:
    """They are not needed any more. Raises OSError."""
    for name in _READERS:
        (data / FOLDER / name).unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        (data / FOLDER).rmdir()


def _is_put_back(path: Path, image: Path, reader: Callable[[Path], object]) -> bool:
    if _reads(reader, path) or not image.parent.is_dir() or not _reads(reader, image):
        return False
    replace_secret(path.with_name(f"{path.name}.newer"), path.read_bytes())
    if image.exists():
        replace_alike(path.resolve(), image.read_bytes())
    else:  # there was none
        path.unlink()
    return True


def _reads(reader: Callable[[Path], object], path: Path) -> bool:
    try:
        reader(path)
    except SetupError:
        return False
    return True
