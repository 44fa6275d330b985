"""Who has shown the PIN, and for how long: sessions in memory, of whose names only hashes are known here.

A session counts for the scheme that it began with: one of the access point's plain HTTP opens nothing over HTTPS, and
the other way round. A restart ends all.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard.web.access.ledger import Since

IDLE_S = 30 * 60.0
ABSOLUTE_S = 12 * 3600.0
MOST = 32
_BYTES = 32
LONGEST_NAME = 64


@dataclass(slots=True, eq=False)
class Session:
    """One browser that has shown the PIN."""

    csrf: str = field(repr=False)
    """What its pages send along with whatever changes something."""
    source: str
    failed_before: Since
    """What its owner is told when it begins."""
    begun_s: float
    """By the monotonic clock, like `seen_s`."""
    seen_s: float


class Sessions:
    """Those of one unit; called by one thread."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._sessions: dict[bytes, Session] = {}

    def begin(self, scheme: str, source: str, failed_before: Since) -> tuple[str, Session]:
        """A new one, always with a name of its own: for the cookie, and known nowhere else."""
        self._end_old()
        while len(self._sessions) >= MOST:
            del self._sessions[min(self._sessions, key=lambda one: self._sessions[one].seen_s)]
        name = base64.urlsafe_b64encode(secrets.token_bytes(_BYTES)).decode().rstrip("=")
        now = self._now_s()
        session = Session(secrets.token_urlsafe(_BYTES), source, failed_before, now, now)
        self._sessions[_key(scheme, name)] = session
        return name, session

    def find(self, scheme: str, name: str, *, is_used: bool = True) -> Session | None:
        """The session of that name; None where there is none any more.

        `is_used`: somebody wants something, which begins its idle time anew; not so where a page asks by itself.
        """
        if not name or len(name) > LONGEST_NAME:
            return None
        session = self._sessions.get(_key(scheme, name))
        if session is None or self.is_over(session):
            return None
        if is_used:
            session.seen_s = self._now_s()
        return session

    def is_over(self, session: Session) -> bool:
        """Whether it has ended, by its owner or by itself; does not use it."""
        self._end_old()
        return not any(one is session for one in self._sessions.values())

    def end(self, session: Session) -> None:
        """Sign out."""
        self._sessions = {key: one for key, one in self._sessions.items() if one is not session}

    def end_all(self) -> int:
        """Sign out everywhere; how many there were."""
        self._end_old()
        ended = len(self._sessions)
        self._sessions = {}
        return ended

    @property
    def count(self) -> int:
        """How many are signed in."""
        self._end_old()
        return len(self._sessions)

    @property
    def sources(self) -> frozenset[str]:
        """Where somebody is signed in from."""
        self._end_old()
        return frozenset(one.source for one in self._sessions.values())

    def _end_old(self) -> None:
        now = self._now_s()
        self._sessions = {
            key: one
            for key, one in self._sessions.items()
            if now - one.seen_s <= IDLE_S and now - one.begun_s <= ABSOLUTE_S
        }


def is_same(told: str, wanted: str) -> bool:
    """Whether two secrets are one, in constant time."""
    return hmac.compare_digest(told.encode(errors="surrogatepass"), wanted.encode())


def _key(scheme: str, name: str) -> bytes:
    return hashlib.sha256(f"{scheme} {name}".encode(errors="surrogatepass")).digest()
