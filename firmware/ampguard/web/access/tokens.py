"""API tokens: made and revoked by the owner, shown once, and known here by their SHA-256 only.

ampguard_<id>_<secret>        id: 8 hexadecimal digits, to find it; secret: 256 bits, to be compared
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ampguard.errors import SetupError
from ampguard.wholefile import replace_secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOST = 20
LONGEST_NAME = 40
_TOKEN = re.compile(r"ampguard_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")
_LARGEST = 1 << 16


class Scope(StrEnum):
    """What a token is good for."""

    READ = "read"
    CONTROL = "control"
    """Reading too."""


class Token(BaseModel):
    """As its owner sees it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(pattern=r"^[0-9a-f]{8}$")
    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    scope: Scope
    created_utc: str | None = Field(max_length=40)
    """None where the clock was not set."""
    last_used_on: str | None = Field(max_length=10)
    """The day (UTC) it was used last; None: never, or not since the clock is set."""

    def may_control(self) -> bool:
        """Whether it is good for more than reading."""
        return self.scope is Scope.CONTROL


class _Kept(Token):
    secret_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class _File(BaseModel):
    tokens: list[_Kept] = Field(max_length=MOST)


class Tokens:
    """Those of one unit; may be called by several threads."""

    def __init__(self, path: Path, utc: Callable[[], str | None]) -> None:
        self._path = path
        self._utc = utc
        self._lock = threading.Lock()
        self.fault: SetupError | None = None
        """Why none of those that were made is good any more: what cannot be read opens nothing, and may be replaced."""
        self._tokens: dict[str, _Kept] = {}
        try:
            self._tokens = {one.id: one for one in _read(path)}
        except SetupError as why:
            self.fault = why

    def make(self, name: str, scope: Scope) -> tuple[Token, str]:
        """A new one and its text, which is never to be had again. Raises SetupError, OSError."""
        name = name.strip()
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise SetupError(f"a token's name has 1 to {LONGEST_NAME} printable characters")
        with self._lock:
            if len(self._tokens) >= MOST:
                raise SetupError(f"wanted another token, met {MOST}, the most there can be: revoke one first")
            if any(one.name == name for one in self._tokens.values()):
                raise SetupError("wanted a name of its own for the token, met one that another has")
            number = next(one for one in iter(lambda: secrets.token_hex(4), "") if one not in self._tokens)
            secret = secrets.token_urlsafe(32)
            kept = _Kept(
                id=number,
                name=name,
                scope=scope,
                created_utc=self._utc(),
                last_used_on=None,
                secret_sha256=_digest(secret),
            )
            self._replace({**self._tokens, number: kept})
        return _shown(kept), f"ampguard_{number}_{secret}"

    def revoke(self, number: str) -> Token | None:
        """What it was; None where there is none. Raises OSError: it is still good then."""
        with self._lock:
            found = self._tokens.get(number)
            if found is not None:
                self._replace({key: one for key, one in self._tokens.items() if key != number})
        return None if found is None else _shown(found)

    def find(self, text: str) -> Token | None:
        """The token of that text; None where it is none, or revoked."""
        match = _TOKEN.fullmatch(text)
        found = None if match is None else self._tokens.get(match[1])
        if match is None or found is None or not hmac.compare_digest(_digest(match[2]), found.secret_sha256):
            return None
        return _shown(found)

    def is_there(self, token: Token) -> bool:
        """Whether it was not revoked."""
        return token.id in self._tokens

    def is_used_first_today(self, token: Token) -> bool:
        """Whether that day is still to be noted by `note_used`."""
        day = self._today()
        return day is not None and token.last_used_on != day

    def note_used(self, token: Token) -> None:
        """Once a day, so that using a token wears no medium. Raises OSError."""
        day = self._today()
        with self._lock:
            found = self._tokens.get(token.id)
            if found is not None and day is not None and found.last_used_on != day:
                self._replace({**self._tokens, token.id: found.model_copy(update={"last_used_on": day})})

    def all(self) -> tuple[Token, ...]:
        """In the order they were made."""
        return tuple(_shown(one) for one in self._tokens.values())

    def _today(self) -> str | None:
        utc = self._utc()
        return None if utc is None else utc[:10]

    def _replace(self, tokens: dict[str, _Kept]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_secret(self._path, _File(tokens=list(tokens.values())).model_dump_json())
        self._tokens = tokens


def _shown(kept: _Kept) -> Token:
    return Token(**kept.model_dump(exclude={"secret_sha256"}))


def _read(path: Path) -> list[_Kept]:
    try:
        with path.open("rb") as file:
            return _File.model_validate_json(file.read(_LARGEST)).tokens
    except FileNotFoundError:
        return []
    except (OSError, ValidationError) as why:
        raise SetupError(f"{path}: wanted the API tokens, met something else: none of them is good any more") from why


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
