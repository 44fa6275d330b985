"""`ampguard settings show|set|undo|export|import|history`: the unit's settings, changed safely and told who did it.

Whatever runs takes a change up by itself, within seconds and without a restart. Passwords and tokens are never shown.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.live.subscriber import Subscriber
from ampguard.settings.described import SETTINGS, Kind, Setting
from ampguard.settings.history import By, Means
from ampguard.settings.places import Places
from ampguard.settings.store import SettingsStore
from ampguard.settings.values import read, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ampguard.settings.history import Change
    from ampguard.settings.values import Value

BY = By(Means.COMMAND)
LONGEST_FILE = 1 << 20
"""Bytes; more are no settings."""
TAKEN_UP_S = 10.0


def main(arguments: Sequence[str]) -> int:
    """Run the subcommand; the exit code."""
    parser = argparse.ArgumentParser(
        prog="ampguard settings",
        description="Show and change the unit's settings. What runs takes a change up without a restart.",
        epilog=_listed(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=list(ACTIONS), help="what to do; each has a --help of its own")
    parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    wanted = parser.parse_args(arguments)
    return ACTIONS[wanted.action](wanted.rest)


def show(arguments: Sequence[str]) -> int:
    """What is set."""
    parser = _parser("show", "Say what is set. Of passwords and tokens, whether they are.")
    parser.add_argument("keys", nargs="*", metavar="KEY", help="these only")
    keys = parser.parse_args(arguments).keys
    for key in keys:
        _setting(key)
    for one in _store().seen().settings:
        if one.setting.key in keys or (not keys and one.is_set):
            text = "(set)" if one.value is None and one.is_set else "-" if one.value is None else written(one.value)
            unit = f" {one.setting.unit}" if one.setting.unit and one.value is not None else ""
            sys.stdout.write(f"{one.setting.key:<32} {text}{unit}\n")
    return 0


def put(arguments: Sequence[str]) -> int:
    """Change some; the others stay."""
    parser = _parser("set", "Change settings; those that are not named stay as they are.")
    parser.add_argument(
        "words", nargs="+", metavar="KEY=VALUE", help="KEY= alone: not set any more; KEY=- : from standard input"
    )
    wanted: dict[str, Value | None] = {}
    for word in parser.parse_args(arguments).words:
        key, sign, text = word.partition("=")
        if not sign:
            raise SetupError(f"wanted KEY=VALUE, as in main_fuse_a=35, met {word}")
        setting = _setting(key.strip())
        text = sys.stdin.readline().rstrip("\n") if text == "-" else text.strip()
        empty = not text and not (setting.kind is Kind.CHOICES and setting.may_be_empty)
        wanted[setting.key] = None if empty else read(setting.key, text)
    return _told(_store().change(wanted, BY))


def undo(arguments: Sequence[str]) -> int:
    """What was set before the last change."""
    _parser("undo", "Take back the last change that is not taken back.").parse_args(arguments)
    change = _store().undo(BY)
    sys.stdout.write("taken back" + (f": change {change.undoes}\n" if change.undoes else "\n"))
    return _told(change)


def export(arguments: Sequence[str]) -> int:
    """A settings file that says the same, without secrets."""
    parser = _parser("export", "Write a settings file that says the same, without passwords and tokens.")
    parser.add_argument("file", nargs="?", type=Path, help="without it: to standard output")
    path: Path | None = parser.parse_args(arguments).file
    text = _store().exported()
    if path is None:
        sys.stdout.write(text)
        return 0
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as why:
        raise SetupError(f"{path}: cannot be written: {why.strerror or why}") from why
    return 0


def import_(arguments: Sequence[str]) -> int:
    """Say what another settings file says; secrets stay."""
    parser = _parser(
        "import", "Have the settings say what a file says; passwords and tokens that it does not name stay."
    )
    parser.add_argument("file", type=Path)
    path: Path = parser.parse_args(arguments).file
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST_FILE + 1)
        text = content.decode()
    except (OSError, UnicodeDecodeError) as why:
        raise SetupError(f"{path}: cannot be read: {why}") from why
    if len(content) > LONGEST_FILE:
        raise SetupError(f"{path}: wanted at most {LONGEST_FILE} bytes, met more")
    return _told(_store().import_(text, BY))


def history(arguments: Sequence[str]) -> int:
    """Who changed what when."""
    _parser("history", "Say who changed which setting when, the latest change last.").parse_args(arguments)
    store = _store()
    store.notice()
    for change in store.history():
        who = change.by.means.value if change.by.name is None else f"{change.by.means.value} {change.by.name}"
        undoes = f", takes back {change.undoes}" if change.undoes else ""
        sys.stdout.write(f"{change.number:>4}  {change.utc or 'at a time not known'}  by {who}{undoes}\n")
        _write_edits(change)
    return 0


ACTIONS: Mapping[str, Callable[[Sequence[str]], int]] = MappingProxyType({
    "show": show, "set": put, "undo": undo, "export": export, "import": import_, "history": history,
})  # fmt: skip


def _store() -> SettingsStore:
    return SettingsStore(Places.from_environment().settings)


def _told(change: Change | None) -> int:
    if change is None:
        sys.stdout.write("nothing to change\n")
        return 0
    _write_edits(change)
    sys.stdout.write(f"{asyncio.run(_taken_up(Places.from_environment().live_feed, change.after))}\n")
    if change.undoes is None:
        sys.stdout.write("`ampguard settings undo` takes it back.\n")
    return 0


async def _taken_up(feed: Path, mark: str) -> str:
    """A sentence on what the meter makes of it; it takes a change up within some three seconds."""
    try:
        async with asyncio.timeout(TAKEN_UP_S):
            async for message in Subscriber(feed).messages():
                if message is None:
                    return "The meter does not run: it counts from its next start on."
                if message.kind == "status" and message.body.get("settings") == mark:
                    return "The meter has taken it up."
    except TimeoutError:
        pass
    return "The meter has not taken it up yet; its log says why."


def _write_edits(change: Change) -> None:
    for key, (before, after) in change.edits.items():
        sys.stdout.write(f"      {key}: {before or '-'} -> {after or '-'}\n")


def _setting(key: str) -> Setting:
    if key not in SETTINGS:
        raise SetupError(f"{key}: no such setting; `ampguard settings --help` lists them")
    return SETTINGS[key]


def _listed() -> str:
    lines = [f"  {one.key:<32} {one.sentence}{_limits(one)}" for one in SETTINGS.values()]
    return "settings:\n" + "\n".join(lines)


def _limits(setting: Setting) -> str:
    if setting.least is not None:
        return f" ({setting.least:g} to {setting.most:g}{f' {setting.unit}' if setting.unit else ''})"
    return f" ({', '.join(setting.choices)})" if setting.choices else ""


def _parser(action: str, description: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(prog=f"ampguard settings {action}", description=description)
