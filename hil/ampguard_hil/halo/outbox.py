"""What a charger has to say to its central system: in order, one at a time; what may not be lost outlasts an outage.

OCPP 1.6 edition 2, sections 3.7 (messages about transactions) and 4.2 (nothing before BootNotification is accepted).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from ampguard_hil.halo.transaction import Transaction

Json: TypeAlias = "dict[str, object]"


@dataclass(eq=False, slots=True)
class Message:
    """One call."""

    action: str
    payload: Json
    about: Transaction | None = None
    """Its transaction: it is kept while there is no connection, and gets that one's number."""
    answered: Callable[[Json], None] | None = None
    attempts: int = field(default=0)

    @property
    def sent(self) -> Json:
        """As it goes out."""
        if self.about is None or self.about.number is None or self.action == "StartTransaction":
            return self.payload
        return {**self.payload, "transactionId": self.about.number}


class Outbox:
    """Who holds a connection takes `next` and says how it went; one message is on its way at a time."""

    def __init__(self) -> None:
        self._waiting: deque[Message] = deque()
        self._first: Message | None = None
        """BootNotification goes before all others."""
        self._out: Message | None = None
        self.most_attempts = 3
        self.open = False
        """Whether anything but BootNotification may go."""

    def add(self, message: Message) -> None:
        """At the end."""
        if message.action == "BootNotification":
            self._first = message
        elif message.about is None or not message.about.untellable:
            self._waiting.append(message)

    def next(self) -> Message | None:
        """What goes out now."""
        if self._out is not None:
            return None
        if self._first is not None:
            self._out, self._first = self._first, None
        elif self.open and self._waiting:
            self._out = self._waiting.popleft()
        return self._out

    def done(self, answer: Json) -> None:
        """The one on its way was answered."""
        message, self._out = self._out, None
        if message is not None and message.answered is not None:
            message.answered(answer)

    def refused(self) -> None:
        """It was answered with an error: what is about a transaction is tried again, a few times."""
        message, self._out = self._out, None
        if message is None or message.about is None:
            return
        message.attempts += 1
        if message.attempts < self.most_attempts:
            self._waiting.appendleft(message)
        elif message.action == "StartTransaction":
            message.about.untellable = True
            self._waiting = deque(each for each in self._waiting if each.about is not message.about)

    def disconnected(self) -> None:
        """Only what is about a transaction is kept, and the one that had no answer goes first."""
        kept = [message for message in self._waiting if message.about is not None]
        if self._out is not None and self._out.about is not None:
            kept.insert(0, self._out)
        self._waiting, self._out, self._first, self.open = deque(kept), None, None, False

    def __len__(self) -> int:
        return len(self._waiting)
