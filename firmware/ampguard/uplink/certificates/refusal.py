"""Why a unit is not enrolled, by kind: its page has a sentence for each of them."""

from __future__ import annotations

from enum import StrEnum

from ampguard.errors import HardwareFault, SetupError, UplinkFault


class Kind(StrEnum):
    """What is wrong."""

    ADDRESS = "wrong-address"
    AUTHORITY = "no-authority"
    """What should be a certificate of one is none."""
    MISTRUSTED = "mistrusted"
    NOT_REACHED = "not-reached"
    PIN = "pin-refused"
    TRIES = "too-many-tries"
    OTHER_KEY = "other-key"
    """The cloud knows the unit by another one."""
    NO_METER = "no-meter"
    """Nobody knows the unit's serial."""
    BUSY = "busy"


class NotEnrolledError(SetupError):
    """Raised wherever it is the owner's to set right."""

    def __init__(self, kind: Kind, said: str) -> None:
        """`said`: what was met, for who looks closer."""
        super().__init__(said)
        self.kind = kind


def kind_of(why: Exception) -> Kind | None:
    """Of what an enrolment raised; None: of no usual kind."""
    match why:
        case NotEnrolledError():
            return why.kind
        case UplinkFault():
            return Kind.NOT_REACHED
        case HardwareFault():
            return Kind.NO_METER
        case _:
            return None
