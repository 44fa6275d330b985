"""Whoever connects and does not ask takes nobody's place: what uvicorn does not limit by itself.

A connection has some seconds for a whole request, and for each piece of one that may be large: a bundle comes over a
slow line. Where all places are taken, whoever has waited longest with nothing asked goes first: so nobody who merely
connects, however often, keeps out somebody who has something to ask.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from ampguard.web.api.update import LARGE

if TYPE_CHECKING:
    import asyncio

REQUEST_S = 20.0
"""For head and body, which have 64 kB at most; between two pieces of what is `LARGE`."""
_ASKED = (h11.DONE, h11.MUST_CLOSE, h11.CLOSED, h11.ERROR)


class Patience(H11Protocol):
    """One connection."""

    begun_s = 0.0
    """By the monotonic clock: when it began to wait for a request."""
    _timer: asyncio.TimerHandle | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether a request is not there yet, or not the whole of it."""
        return self.conn.their_state not in _ASKED

    @property
    def is_sending(self) -> bool:
        """Whether a large request comes in that has not been refused yet, as a stranger's is at once."""
        states = self.conn.their_state, self.conn.our_state
        return states == (h11.SEND_BODY, h11.SEND_RESPONSE) and self.scope["path"] in LARGE

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as below it
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._wait()
        if self.limit_concurrency is not None and len(self.connections) >= self.limit_concurrency:
            waiting = [one for one in self.connections if isinstance(one, Patience) and one.is_waiting]
            min(waiting, key=lambda one: (one.is_sending, one.begun_s)).hang_up()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        if not self.is_waiting:
            self._stop()
        elif self._timer is None or self.is_sending:  # another request on the same connection, another piece
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._stop()
        super().connection_lost(exc)

    def hang_up(self) -> None:
        """At once."""
        self._stop()
        self.connections.discard(self)
        self.transport.abort()

    def _wait(self) -> None:
        self._stop()
        self.begun_s = time.monotonic()
        self._timer = self.loop.call_later(REQUEST_S, self._late)

    def _late(self) -> None:
        """Nobody can send what the medium is too slow to take."""
        if self.is_sending and self.flow.read_paused:
            self._wait()
        else:
            self.hang_up()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
