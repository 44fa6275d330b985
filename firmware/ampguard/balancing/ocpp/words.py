"""What there is to say about chargers, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.balancing.ocpp.ways import Way
from ampguard.phrase import Number, joined, phrase

if TYPE_CHECKING:
    from ampguard.balancing.ocpp.ways import Ways
    from ampguard.phrase import Phrase


def refuses(way: Way, why: str, left: Ways) -> Phrase:
    """It will not be limited in a way."""
    said = (
        phrase("the charger refuses a limit by {way} ({why})", way=way.value, why=why)
        if why
        else phrase("the charger refuses a limit by {way}", way=way.value)
    )
    return joined("; ", [said, _left(left)])


def holds_more(way: Way, held_a: float, given_a: float) -> Phrase:
    """It accepted a limit and does not keep it."""
    return phrase(
        "the charger accepted {given} A by {way} and says that it holds {held} A",
        given=Number(given_a, ".1f"),
        way=way.value,
        held=Number(held_a, ".1f"),
    )


def holds_whatever() -> Phrase:
    """What it says of what it holds is of no use."""
    return phrase(
        "the charger says that it holds another limit, however it is told; whether it obeys, its current shows"
    )


def not_known(charger: str) -> Phrase:
    """Somebody calls himself what nobody set up."""
    return phrase(
        "a charger that calls itself {charger} wants to connect; it is not set up in this unit", charger=charger
    )


def two_of_one_name(charger: str, address: str) -> Phrase:
    """Two chargers, one name."""
    return phrase(
        "a second charger at {address} calls itself {charger}; it was turned away, since the first one is still there",
        address=address,
        charger=charger,
    )


def cloud_refuses(why: str) -> Phrase:
    """The charger's own cloud does not want it."""
    return phrase("the charger's cloud does not accept it: {why}", why=why)


def cloud_away(why: str) -> Phrase:
    """It cannot be reached."""
    return phrase("the charger's cloud cannot be reached: {why}", why=why)


def _left(left: Ways) -> Phrase:
    match left.charging:
        case None:
            return phrase("no way is left: this charger cannot be limited by this unit")
        case Way.VENDOR_KEY:
            return phrase("only its offline current can be set, and that never ends by itself")
        case Way.TX if left.safe in {None, Way.VENDOR_KEY}:
            return phrase("it can be limited only while it charges")
        case _:
            return phrase("it is limited by {way} instead", way=left.charging.value)
