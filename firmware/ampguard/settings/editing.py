"""Changes the wiring in the settings file and leaves everything else in it as it is: comments, order, blanks."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.settings.assignment import AS_LABELLED
from ampguard.settings.settings import load

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ampguard.settings.assignment import Assignment

_Content = MutableMapping[str, object]


def set_wiring(path: Path, wanted: Assignment) -> None:
    """Have the file say so. What it becomes is read as the meter would before it takes the file's place.

    Raises:
        SetupError: the file cannot be read or written, or it would say something else; it is as before then.
    """
    real = path.resolve()  # what a link leads to is replaced, not the link
    before = load(real)
    try:
        text = real.read_bytes().decode() if real.exists() else ""
        partial = real.with_name(f"{real.name}.new")
        _write(partial, edited(text, wanted), like=real)
        try:
            found = load(partial)
            if found.assignment != wanted or replace(found, wiring=before.wiring) != before:
                raise SetupError(f"{path}: its table [wiring] cannot be changed without changing more: edit it by hand")
            partial.replace(real)
        finally:
            partial.unlink(missing_ok=True)
        _sync(real.parent)
    except OSError as why:
        raise SetupError(f"{path}: cannot be changed: {why.strerror or why}") from why
    except (TOMLKitError, ValueError, TypeError) as why:
        raise SetupError(f"{path}: [wiring] must be edited by hand: {why}") from why


def edited(text: str, wanted: Assignment) -> str:
    """The text of a settings file with this wiring; without a table for it where nothing needs to be said.

    What goes takes no comment with it: a table with comments, which may be about the next one, stays and says it all.
    """
    if wanted == AS_LABELLED:
        document = cast("_Content", tomlkit.parse(text))
        document.pop("wiring", None)
        without = tomlkit.dumps(document)
        if without.count("#") == text.count("#"):
            return without
    document = cast("_Content", tomlkit.parse(text))
    wiring = _table(document, "wiring", is_super_table=True)
    _edit(wiring, "clamps", wanted.clamps, AS_LABELLED.clamps)
    _edit(wiring, "voltages", wanted.voltages, AS_LABELLED.voltages)
    return tomlkit.dumps(document)


def _edit(wiring: _Content, name: str, wanted: Iterable[object], usual: Iterable[object]) -> None:
    """The table of one kind of input: all three, so that a reader sees them all."""
    texts = [str(one) for one in wanted]
    if name not in wiring and texts == [str(one) for one in usual]:
        return
    table = _table(wiring, name, is_super_table=False)
    for phase, text in zip(Phase, texts, strict=True):
        if str(table.get(phase.lower())) != text:
            table[phase.lower()] = text


def _table(within: _Content, name: str, *, is_super_table: bool) -> _Content:
    if name not in within:
        in_line = any(isinstance(one, InlineTable) for one in (within, *within.values()))  # as what is there
        within[name] = tomlkit.inline_table() if in_line else tomlkit.table(is_super_table=is_super_table)
    return cast("_Content", within[name])


def _write(path: Path, text: str, *, like: Path) -> None:
    """With the other file's owner and mode: it may hold passwords. A new one is for its owner's eyes only."""
    path.unlink(missing_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8", newline="") as out:
        out.write(text)
        out.flush()
        owner = like if like.exists() else like.parent
        if os.geteuid() == 0:
            os.fchown(file, owner.stat().st_uid, owner.stat().st_gid)
        if like.exists():
            os.fchmod(file, like.stat().st_mode & 0o777)
        os.fsync(file)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
