"""Getting in: the PIN is compared by one thread, one after the other, each guess paid for beforehand."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.errors import HardwareFault, SetupError
from ampguard.web.access import pin
from ampguard.web.access.accesslog import AccessLog, Happened
from ampguard.web.access.ledger import Ledger
from ampguard.web.access.lockout import LOCKED_FROM, Attempt, Lockout, Wait, wait_after
from ampguard.web.access.sessions import Sessions
from ampguard.web.access.tokens import Tokens
from ampguard.web.refusal import RefusedError

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable
    from pathlib import Path

    from starlette.requests import Request

    from ampguard.identity import Card
    from ampguard.web.access.ledger import Since
    from ampguard.web.access.sessions import Session
    from ampguard.web.access.tokens import Token
    from ampguard.web.access.visit import Visit

MOST_WAITING = 4
"""PINs that wait for the one thread; each takes about a second on a small Pi."""
BY_ITSELF = "x-background"
"""A header of what a page asks while nobody touches it."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Somebody has signed in."""

    name: str
    """For the cookie."""
    session: Session


class Access:
    """Of one unit: what the guard asks, and what the API of sessions and tokens does."""

    def __init__(
        self,
        folder: Path,
        card: Callable[[], Card | None],
        now_s: Callable[[], float],
        utc: Callable[[], str | None],
        logger: logging.Logger,
    ) -> None:
        """Begins with what the folder holds; nobody is signed in.

        Args:
            folder: where sessions' failures, tokens and the log are kept.
            card: who the unit is; None until its meter has told.
            now_s: the monotonic clock.
            utc: the wall clock's word, ISO 8601; None where it was never set.
            logger: for what the owner cannot be told otherwise.
        """
        self._card = card
        self._log = logger
        self.compare: Callable[[pin.PinHash, str], bool] = pin.PinHash.is_of
        """A PIN's hash with what was typed: here, or where somebody has more memory. Raises SetupError: not now."""
        self.lockout = Lockout(Ledger(folder / "failures.json"), now_s, utc)
        self.sessions = Sessions(now_s)
        self.tokens = Tokens(folder / "tokens.json", utc)
        if self.tokens.fault is not None:
            logger.error("%s %s", self.tokens.fault.code, self.tokens.fault)
        self.log = AccessLog(folder / "access.jsonl", utc)
        self._thread = ThreadPoolExecutor(1, "pin")
        self._trying: set[str] = set()

    async def sign_in(self, typed: str, visit: Visit) -> Begun:
        """Raises RefusedError: wrong-pin, wait, busy, no-meter."""
        self._refuse_early(visit)
        self._trying.add(visit.source)
        try:
            since = await asyncio.get_running_loop().run_in_executor(self._thread, self._tried, typed, visit)
        finally:
            self._trying.discard(visit.source)
        name, session = self.sessions.begin(visit.scheme, visit.source, since)
        return Begun(name, session)

    def session_of(self, request: Request) -> Session | None:
        """The session that a request belongs to; None where it is none, or over."""
        scheme: str = request.scope["scheme"]
        name = request.cookies.get(cookie_name(scheme), "")
        return self.sessions.find(scheme, name, is_used=not _by_itself(request))

    def note(self, what: Happened, source: str, **more: str | int | None) -> None:
        """In the access log; a medium that takes nothing keeps nobody out. Blocks."""
        try:
            self.log.note(what, source, **more)
        except OSError as why:
            self._log.warning("the access log cannot be written: %s", why)

    def note_used(self, token: Token) -> None:
        """The day a token was used. Blocks."""
        try:
            self.tokens.note_used(token)
        except OSError as why:
            self._log.warning("the day on which a token was used cannot be noted: %s", why)

    def close(self) -> None:
        """Nobody comes in any more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _refuse_early(self, visit: Visit) -> None:
        """Whoever must wait costs nothing."""
        if (wait_s := self.lockout.wait_s(visit)) > 0.0:
            raise _wait(wait_s)
        if visit.source in self._trying or len(self._trying) >= MOST_WAITING:
            raise RefusedError(429, "busy", "wanted one PIN after the other, met several at once", 1.0)

    def _tried(self, typed: str, visit: Visit) -> Since:
        wanted = self._pin()
        begun = self.lockout.begin(visit)
        if isinstance(begun, Wait):
            raise _wait(begun.wait_s)
        if self.lockout.fault is not None:
            self._log.warning("wrong PINs cannot be counted on the medium: %s", self.lockout.fault)
        try:
            fits = self._fits(wanted, typed)
        except RefusedError:
            self.lockout.give_back(begun)
            raise
        if not fits:
            raise self._wrong(begun, visit)
        since = self.lockout.succeeded(begun)
        self.note(Happened.SIGNED_IN, visit.source, lane=begun.lane, failed_before=since.count)
        return since

    def _fits(self, wanted: pin.PinHash, typed: str) -> bool:
        try:
            return self.compare(wanted, typed)
        except SetupError as fault:
            self._log.warning("a PIN was not compared: %s", fault)
            raise RefusedError(503, "busy", str(fault), 5.0) from fault

    def _wrong(self, attempt: Attempt, visit: Visit) -> RefusedError:
        self.note(Happened.WRONG_PIN, visit.source, lane=attempt.lane, failures=attempt.failures)
        if attempt.failures == LOCKED_FROM:
            self.note(Happened.LOCKED_OUT, visit.source, lane=attempt.lane)
            self._log.warning("%s is locked out after %d wrong PINs", visit.source, attempt.failures)
        wait_s = wait_after(attempt.failures)
        return RefusedError(403, "wrong-pin", "this is not the PIN on the unit's label", wait_s or None)

    def _pin(self) -> pin.PinHash:
        try:
            card = self._card()
            if card is not None:
                return pin.read(card.pin_hash)
        except (SetupError, HardwareFault) as fault:
            raise RefusedError(503, "no-meter", str(fault)) from fault
        raise RefusedError(503, "no-meter", "the unit does not know its PIN yet: its meter has not started", 5.0)


def cookie_name(scheme: str) -> str:
    """One for each scheme, so that neither takes the other's place. With the prefix no other host can set it."""
    return "__Host-ampguard" if scheme == "https" else "ampguard"


def _by_itself(request: Request) -> bool:
    """Whether a page asks, and nobody at it: that keeps nobody signed in, and neither does a stream that begins again.

    Whoever says so falsely is signed out sooner, and never later.
    """
    return BY_ITSELF in request.headers or "text/event-stream" in request.headers.get("accept", "")


def _wait(wait_s: float) -> RefusedError:
    return RefusedError(429, "wait", f"too many wrong PINs: wait {wait_s:.0f} s", wait_s)
