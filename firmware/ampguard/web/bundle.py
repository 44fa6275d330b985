"""What a support bundle is made of: pieces with a word on each, packed, with no secret of the settings in any."""

from __future__ import annotations

import contextlib
import json
import zipfile
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING

from ampguard.errors import JournalFault, SetupError
from ampguard.journal.reader import JournalReader
from ampguard.settings.described import is_secret
from ampguard.settings.settings import content
from ampguard.settings.values import values
from ampguard.web.api.balancing_bodies import group_now
from ampguard.web.api.settings import told_history
from ampguard.web.api.system import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from ampguard.web.parts import Parts

MOST_NOTES = 500
LARGEST_PIECE = 1 << 19
HIDDEN = b"(secret)"
NOTES = ("event", "run", "fault", "chip")
"""Of the journal."""
LIVE = ("status", "condition", "wiring", "chip", "measurement", "reading", "uplink", "lights", "network", "balance")
"""What the processes said last."""
_HEAD = """\
Support bundle of the Amp Guard {serial}, version {version}, made {utc}.

It is for whoever looks for a fault. No password, token or key is in it; but who reads it learns names and addresses of
brokers and clouds, how much power the building takes now, and what was switched when.

"""


@dataclass(frozen=True, slots=True)
class Piece:
    """One file."""

    name: str
    says: str
    content: str


@dataclass(frozen=True, slots=True)
class Absence:
    """What should be in it and is not."""

    what: str
    why: str


def pieces(parts: Parts, logs: Iterable[Piece | Absence]) -> Iterator[Piece | Absence]:
    """All that the web itself can find out; `logs`: what was fetched before. Blocks."""
    yield _told("unit.json", "who the unit is, and what runs on it for how long", lambda: _unit(parts))
    yield _told("settings.toml", "the settings, without secrets", parts.settings.exported)
    yield _told("settings-history.json", "who changed which setting when", lambda: _history(parts))
    yield _told("group.json", "the load-balancing group, without secrets", lambda: _group(parts))
    yield _told("group-history.json", "who changed the group when", lambda: _group_history(parts))
    yield _told("live.json", "what the unit's processes said last, health and network too", lambda: _live(parts))
    for name in ("history.json", "evidence.json"):
        says = "what was set and found of the wiring" if name == "history.json" else "the wiring as it was found last"
        yield _told(f"wiring-{name}", says, partial(_file, parts.places.wiring / name))
    journal = JournalReader(parts.places.journal)
    for kind in NOTES:
        says = f"the last {MOST_NOTES} of the journal's {kind}s, one a line"
        yield _told(f"journal-{kind}s.jsonl", says, partial(_notes, journal, kind))
    yield from logs


def packed(parts: Parts, found: Iterable[Piece | Absence], utc: str | None, into: IO[bytes]) -> None:
    """As a ZIP file with a README. Blocks."""
    secrets = _secrets(parts)
    serial, at = parts.serial or "of unknown serial", utc or "at no known time"
    lines = [_HEAD.format(serial=serial, version=parts.version, utc=at)]
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in found:
            if isinstance(one, Absence):
                lines.append(f"not in it: {one.what}: {one.why}\n")
                continue
            held = one.content.encode(errors="replace")
            cut = f" (its last {LARGEST_PIECE} bytes)" if len(held) > LARGEST_PIECE else ""
            archive.writestr(one.name, _without(secrets, held[-LARGEST_PIECE:]))
            lines.append(f"{one.name:<26} {one.says}{cut}\n")
        archive.writestr("README.txt", _without(secrets, "".join(lines).encode(errors="replace")))


def _told(name: str, says: str, made: Callable[[], str]) -> Piece | Absence:
    try:
        return Piece(name, says, made())
    except FileNotFoundError:
        return Absence(name, "there is none yet")
    except (SetupError, JournalFault, OSError, ValueError) as why:
        return Absence(name, str(why))


def _unit(parts: Parts) -> str:
    running = parts.system.running()
    told = {
        "identity": identity(parts).model_dump(),
        "software": dict(parts.system.software),
        "boot": parts.system.boot,
        "unit_up_s": running.unit_s,
        "processes_up_s": dict(running.processes_s),
        "certificate": {"fingerprint": parts.certificate.fingerprint, "is_own": parts.certificate.is_own},
    }
    return json.dumps(told, indent=1)


def _history(parts: Parts) -> str:
    return told_history(parts.settings.history()).model_dump_json(indent=1)


def _group(parts: Parts) -> str:
    return group_now(parts.balancing.store.seen()).model_dump_json(indent=1)


def _group_history(parts: Parts) -> str:
    return told_history(parts.balancing.store.history()).model_dump_json(indent=1)


def _live(parts: Parts) -> str:
    return json.dumps({kind: parts.hub.latest(kind) for kind in LIVE}, indent=1)


def _file(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(LARGEST_PIECE).decode(errors="replace")


def _notes(journal: JournalReader, kind: str) -> str:
    stored = journal.newest_notes(MOST_NOTES, kind)
    return "".join(f"{json.dumps({'position': one.position, 'boot': one.boot, 'body': one.body})}\n" for one in stored)


def _secrets(parts: Parts) -> tuple[bytes, ...]:
    """Those that are set: whatever wrote one where it does not belong, it does not leave with this."""
    told = [*_settings_secrets(parts), *_group_secrets(parts)]
    forms = {form.encode() for text in told for form in (text, json.dumps(text)[1:-1])}
    return tuple(sorted(forms, key=len, reverse=True))


def _settings_secrets(parts: Parts) -> Iterator[str]:
    path = parts.places.settings
    with contextlib.suppress(SetupError):
        for key, value in values(path, content(path)).items():
            if is_secret(key) and isinstance(value, str) and value:
                yield value


def _group_secrets(parts: Parts) -> Iterator[str]:
    with contextlib.suppress(SetupError):
        group = parts.balancing.store.seen().group
        for one in () if group is None else group.chargers:
            yield from (secret for secret in (one.key, one.cloud_key, one.capi_password, one.capi_key) if secret)


def _without(secrets: tuple[bytes, ...], held: bytes) -> bytes:
    for one in secrets:
        held = held.replace(one, HIDDEN)
    return held
