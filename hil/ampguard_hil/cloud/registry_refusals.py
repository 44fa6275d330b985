"""Why the registry does not do what it is asked: a word for programs, a sentence for people.

Refused ── NotThere        what is named does not exist, or not for whoever asks
        ├─ NotAllowed      it exists, and whoever asks may not
        ├─ SignInWanted    nobody knows who asks
        ├─ Conflict        the state it is in forbids it
        ├─ Unfit           a value outside its limits
        └─ LockedOut       too many wrong tries; says how long
"""

from __future__ import annotations


class Refused(Exception):
    """Base of all; `word` is one of a fixed set, `sentence` says what was wanted, what was met and the limit."""

    status = 400

    def __init__(self, word: str, sentence: str) -> None:
        super().__init__(sentence)
        self.word = word
        self.sentence = sentence


class NotThere(Refused):
    """What is named does not exist, or not for whoever asks: which of the two is not told."""

    status = 404

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"no-such-{kind}", f"there is no {kind} {name} that you may see")


class NotAllowed(Refused):
    """It exists, and whoever asks may not."""

    status = 403


class SignInWanted(Refused):
    """Nobody knows who asks."""

    status = 401


class Conflict(Refused):
    """The state it is in forbids it."""

    status = 409


class Unfit(Refused):
    """A value outside its limits."""

    status = 422


class LockedOut(Refused):
    """Too many wrong tries in a row."""

    status = 429

    def __init__(self, retry_after_s: float) -> None:
        minutes = max(1, round(retry_after_s / 60.0))
        super().__init__("locked-out", f"too many wrong tries in a row; try again in {minutes} min")
        self.retry_after_s = retry_after_s
