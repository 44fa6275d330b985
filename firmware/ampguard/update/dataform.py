"""The form of what outlasts an update: of all files in the data folder together, a number.

A unit goes back from an update by itself, and then the software before has to understand what the new one wrote. So a
form is written only by software whose predecessor reads it already: one release learns to read the next form, the
release after that writes it. Each bundle says what it writes and reads (`build=` in its manifest), and the software
that runs refuses a bundle with which one of the two directions would fail.

What is added is no other form: a column with a default, a field that need not be there. Another form is what the
release before would refuse or lose: the journal's version, the hot part's magic, a file that is called otherwise. A
settings key that the release before does not know is neither: see `ampguard.update.before`.

| form | since | what it is |
|---|---|---|
| 1 | 0.1.0 | journal of version 3 with a hot part "AGH1" |
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOLD = re.compile(r"data-(\d{1,4})-reads-(\d{1,4})-(\d{1,4})")


@dataclass(frozen=True, slots=True)
class Forms:
    """What a software does."""

    written: int
    oldest: int
    """The oldest that it takes over."""
    newest: int
    """The newest that it goes on with."""

    def __str__(self) -> str:
        """As a manifest says it."""
        return f"data-{self.written}-reads-{self.oldest}-{self.newest}"

    def reads(self, form: int) -> bool:
        """Whether it understands that one."""
        return self.oldest <= form <= self.newest

    def swaps_with(self, other: Forms) -> bool:
        """Whether each goes on with what the other leaves."""
        return self.reads(other.written) and other.reads(self.written)


OWN = Forms(written=1, oldest=1, newest=1)
"""Of this software."""


def told(words: str) -> Forms | None:
    """What a manifest says; None where it does not."""
    found = _TOLD.fullmatch(words)
    return None if found is None else Forms(*map(int, found.groups()))
