"""Another value in the text of a settings file; all else in it stays as its owner wrote it: comments, order, blanks."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, TypeAlias, cast

import tomlkit
from tomlkit.container import Container
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable, Item, Table, Whitespace

from ampguard.errors import SetupError
from ampguard.settings.described import SETTINGS
from ampguard.settings.values import known, values

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard.settings.values import Value

_Content: TypeAlias = MutableMapping[str, object]
_PIECES = re.compile(r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|(#[^\r\n]*)', re.DOTALL)
"""Texts, in which nothing is a comment, and comments."""
HEAD = "# Settings of an Amp Guard, without passwords and tokens.\n"


def changed(path: Path, content: bytes, wanted: Mapping[str, Value | None]) -> bytes:
    """The file's content with these values; None: not set.

    Raises:
        SetupError: it would be no settings file, with the key and what is wrong with it; or it is written in such a
            way that it cannot be changed without changing more.
    """
    before = values(path, content)
    after = before | {known(key): value for key, value in wanted.items() if value is not None}
    for key in (key for key, value in wanted.items() if value is None):
        after.pop(known(key), None)
    try:
        new = edited(content.decode(), {key: wanted[key] for key in wanted if before.get(key) != after.get(key)})
    except (TOMLKitError, ValueError, TypeError, KeyError, AttributeError) as why:
        raise SetupError(f"{path}: must be edited by hand: {why}") from why
    found = values(path, new.encode())
    if found != after:
        other = next(key for key in SETTINGS if found.get(key) != after.get(key))
        raise SetupError(f"{path}: {other}: cannot be changed without changing more: edit the file by hand")
    return new.encode()


def edited(text: str, wanted: Mapping[str, Value | None]) -> str:
    """The text with these values, unchecked; what goes leaves its comments, and a table without settings goes, too."""
    for key, value in wanted.items():
        document = tomlkit.parse(text)
        *tables, name = key.split(".")
        if value is None:
            _remove(document, tables, name)
        else:
            within = cast("_Content", document)
            for number, table in enumerate(tables):
                within = _table(within, table, is_super_table=number + 1 < len(tables))
            _put(within, name, value)
        text = tomlkit.dumps(document)
    return text


def exported(found: Mapping[str, Value]) -> str:
    """A file of its own that says the same, without secrets and comments (which may hold some)."""
    told = {key: found[key] for key, setting in SETTINGS.items() if key in found and not setting.secret}
    return HEAD + edited("", told)


def imported(path: Path, content: bytes, text: str) -> dict[str, Value | None]:
    """What must be changed so that a file says what the other one says; secrets that it does not name stay.

    Those of a table that goes go with it. Raises SetupError where the other one is no settings file.
    """
    before, wanted = values(path, content), values(path, text.encode())
    kept = {SETTINGS[key].table for key in wanted}
    return {
        key: wanted.get(key)
        for key, setting in SETTINGS.items()
        if key in wanted or (key in before and not (setting.secret and setting.table in kept))
    }


def _put(within: _Content, name: str, value: Value) -> None:
    """In its place, if it has one; comments within a list stand before it then."""
    container = within.value if isinstance(within, Table) else within
    inner = ""
    if isinstance(value, tuple) and name in within:
        inner = "".join(f"{comment}\n" for comment in _comments(cast("Item", within[name]).as_string()))
    within[name] = list(value) if isinstance(value, tuple) else value
    if inner and isinstance(container, Container):
        place = next(number for number, (key, _) in enumerate(container.body) if key is not None and key.key == name)
        container.body.insert(place, (None, Whitespace(inner, fixed=True)))


def _remove(container: Container, tables: list[str], name: str) -> None:
    """Out of the table that is so far within, in all its pieces; one that is empty then goes, too."""
    for place, (key, item) in enumerate(container.body):
        if key is None or key.key != (tables[0] if tables else name):
            continue
        if not tables:
            _drop(container, place)
        elif isinstance(item, InlineTable) and len(tables) == 1:
            cast("_Content", item).pop(name, None)
        elif isinstance(item, (Table, InlineTable)):
            _remove(item.value, tables[1:], name)
        if tables and isinstance(item, (Table, InlineTable)) and all(inner is None for inner, _ in item.value.body):
            _drop(container, place)


def _drop(container: Container, place: int) -> None:
    item = container.body[place][1]
    texts = [item.as_string(), item.trivia.comment]
    left = "".join(f"{one}\n" for one in _comments("\n".join(texts[::-1] if isinstance(item, Table) else texts)))
    container.body[place] = (None, Whitespace(left, fixed=True))


def _comments(text: str) -> list[str]:
    return [found.group(1) for found in _PIECES.finditer(text) if found.group(1)]


def _table(within: _Content, name: str, *, is_super_table: bool) -> _Content:
    if name not in within:
        in_line = any(isinstance(one, InlineTable) for one in (within, *within.values()))  # as what is there
        within[name] = tomlkit.inline_table() if in_line else tomlkit.table(is_super_table=is_super_table)
    return cast("_Content", within[name])
