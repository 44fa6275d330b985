"""The record lane: which batches of records are on their way, and up to where everything is committed. No I/O.

A batch counts only when the other side says that it has *committed* it; what a broker acknowledged may be gone with the
broker. Until the first such word of a connection one batch is on its way at a time; then a window of them. A batch
that nobody speaks for is sent again, with all that followed it, and each time later: who gets it twice knows it by
its boot and sequence.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

WINDOW = 20
PATIENCE_S, LONGEST_PATIENCE_S = 20.0, 600.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one boot."""

    boot: str
    first_sequence: int
    last_sequence: int
    position: int
    """Of its last record in the journal."""

    @property
    def name(self) -> tuple[str, int, int]:
        """What an acknowledgement calls it."""
        return self.boot, self.first_sequence, self.last_sequence


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events that go together."""

    first: tuple[str, int]
    """Boot and sequence of the first one."""
    last: tuple[str, int]
    count: int


class RecordLane:
    """Goes through the journal from a position on."""

    def __init__(self, position: int) -> None:
        self.position = position
        """Everything up to there is committed."""
        self.latest: tuple[str, int] | None = None
        """Boot and sequence of the last reading of the batch that moved it."""
        self._under_way: deque[Batch] = deque()
        self._committed: set[tuple[str, int, int]] = set()
        self._window = 1
        self._patience_s = PATIENCE_S
        self._progress_s = 0.0
        """When the oldest batch was sent, or became the oldest."""

    @property
    def next_position(self) -> int:
        """Behind which the next batch begins."""
        return self._under_way[-1].position if self._under_way else self.position

    @property
    def has_room(self) -> bool:
        """Whether another batch may be sent now."""
        return len(self._under_way) < self._window

    def restart(self, position: int) -> None:
        """A new connection, or another journal: nothing is on its way, patience is short again."""
        self._patience_s = PATIENCE_S
        self.begin_again(position)

    def begin_again(self, position: int) -> None:
        """Behind there; what is on its way no longer counts."""
        self.position = position
        self._forget()

    def pass_over(self, position: int) -> None:
        """Nothing up to there can be sent; only while nothing is on its way."""
        if not self._under_way:
            self.position = max(self.position, position)

    def sent(self, batch: Batch, now_s: float) -> None:
        """A batch behind `next_position` is on its way."""
        if batch.position <= self.next_position:
            raise ValueError(f"a batch up to {batch.position} does not follow {self.next_position}")
        if not self._under_way:
            self._progress_s = now_s
        self._under_way.append(batch)

    def committed(self, name: tuple[str, int, int], now_s: float) -> bool:
        """The other side has it; whether that moved the position. What was never sent is nothing."""
        if all(batch.name != name for batch in self._under_way):
            return False
        self._committed.add(name)
        moved = False
        while self._under_way and self._under_way[0].name in self._committed:
            batch = self._under_way.popleft()
            self._committed.discard(batch.name)
            self.position, self._progress_s, moved = batch.position, now_s, True
            self.latest = (batch.boot, batch.last_sequence)
        self._window, self._patience_s = WINDOW, PATIENCE_S
        return moved

    def give_up(self, now_s: float) -> bool:
        """Whether nobody spoke for the oldest batch in time: then everything on its way is to be sent again."""
        if not self._under_way or now_s - self._progress_s < self._patience_s:
            return False
        self._patience_s = min(2.0 * self._patience_s, LONGEST_PATIENCE_S)
        self._forget()
        return True

    def _forget(self) -> None:
        self._under_way.clear()
        self._committed.clear()
        self._window = 1
