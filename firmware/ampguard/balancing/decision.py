"""What the balancer decides: orders for chargers, and the reason of each change in one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from ampguard.phases import Phase
from ampguard.phrase import Number, Phrase, joined, phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.balancing.ladder import Leader, Rung
    from ampguard.balancing.observation import Triple


class Rule(StrEnum):
    """Why a limit changes."""

    ADOPTED = "adopted"
    """The unit has started: what the charger obeys already is kept."""
    OVER = "over"
    """A phase would carry more than it may."""
    OFFLINE = "offline"
    """The meter is lost."""
    BLIND = "blind"
    """The meter is late: its base load is estimated."""
    PAUSED = "paused"
    """All are at their least, and it is still too much."""
    STARTED = "started"
    """There is room for one more."""
    TURN = "turn"
    """Somebody who got less waits for the place."""
    ROOM = "room"
    """There is more than was given."""
    FAIR = "fair"
    """Others have got less."""
    STANDBY = "standby"
    """The car wants nothing; it may wake."""
    GONE = "gone"
    """No car is there."""
    DIMMED = "dimmed"
    """The grid operator limits the chargers' power."""
    SURPLUS = "surplus"
    """Only what would be exported may be used."""
    UNBALANCE = "unbalance"
    """One phase may not be loaded so much more than another."""
    CLOUD = "cloud"
    """The cloud allows no more."""
    RETURNED = "returned"
    """The charger was out of reach; it obeys this."""
    TESTED = "tested"
    """A stimulus test is under way."""
    SLOW = "slow"
    """It is reached over its makers' cloud alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why one charger's limit changed."""

    charger: str
    before_a: float
    after_a: float
    rule: Rule
    phase: Phase | None
    """That decided."""
    since_s: float
    """For how long what decided had been so."""
    room_a: float | None
    """What all chargers together may draw on that phase."""
    base_a: float | None
    """What else flows on that phase."""
    meter_a: Triple | None
    meter_age_s: float | None

    @property
    def sentence(self) -> Phrase:
        """For people."""
        message = MESSAGES[self.rule]
        said = Phrase(message, {
            "charger": self.charger, "phase": "" if self.phase is None else self.phase.value,
            "since": Number(self.since_s, ".0f"),
        })  # fmt: skip
        change = _change(self.before_a, self.after_a)
        if self.room_a is None or self.base_a is None or self.phase is None:
            return joined(" ", (change, said))
        left = phrase(
            "{phase} carries {base} A besides, {room} A are left for charging.",
            phase=self.phase.value, base=Number(self.base_a, ".1f"), room=Number(max(0.0, self.room_a), ".1f"),
        )  # fmt: skip
        return joined(" ", (change, said, left))


def _change(before_a: float, after_a: float) -> Phrase:
    if after_a <= 0.0:
        return phrase("{before} A -> pause:", before=Number(before_a, ".1f"))
    return phrase("{before} -> {after} A:", before=Number(before_a, ".1f"), after=Number(after_a, ".1f"))


MESSAGES: Mapping[Rule, str] = {
    Rule.ADOPTED: phrase("the unit has started and keeps what {charger} obeys already.").message,
    Rule.OVER: phrase("for {since} s {phase} would have carried more than it may.").message,
    Rule.OFFLINE: phrase(
        "the meter has said nothing for {since} s, and all chargers share the group's offline current."
    ).message,
    Rule.BLIND: phrase(
        "the meter has said nothing for {since} s, and {phase} is taken to carry what it usually does."
    ).message,
    Rule.PAUSED: phrase(
        "for {since} s {phase} has been overloaded with every car at its least; {charger} was served best."
    ).message,
    Rule.STARTED: phrase("there is room for {charger}, which has waited for {since} s.").message,
    Rule.TURN: phrase("{charger} has charged for {since} s; another car, which got less, takes its turn.").message,
    Rule.ROOM: phrase("there has been room for {since} s.").message,
    Rule.FAIR: phrase("other cars have got less for {since} s.").message,
    Rule.STANDBY: phrase("the car wants nothing now; it may wake with the least current.").message,
    Rule.GONE: phrase("no car is plugged in.").message,
    Rule.DIMMED: phrase("the grid operator limits the chargers' power.").message,
    Rule.SURPLUS: phrase("only what the building would feed in is charged with.").message,
    Rule.UNBALANCE: phrase("the chargers may not load {phase} so much more than another phase.").message,
    Rule.CLOUD: phrase("the cloud allows {charger} no more.").message,
    Rule.RETURNED: phrase("{charger} was out of reach for {since} s and has fallen back by itself.").message,
    Rule.SLOW: phrase(
        "{charger} is reached over its makers' cloud alone: it is limited slowly, with a margin, and does not protect "
        "the fuse."
    ).message,
    Rule.TESTED: phrase("{charger} is being tested: its current steps up and down for some minutes.").message,
}


@dataclass(frozen=True, slots=True)
class Order:
    """What one charger is told."""

    charger: int
    """Its place in the group."""
    limit_a: float
    """0: pause; else 6 A and more."""
    valid_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What follows from one observation."""

    now_s: float
    orders: tuple[Order, ...]
    """Changes and renewals; whoever is not in it keeps what he has."""
    reasons: tuple[Reason, ...]
    """Of the changes."""
    slow: tuple[Order, ...] = ()
    """The same as `orders` for those that are reached over their makers' cloud; no leases, whatever they say."""
    rung: Rung
    leader: Leader
    budget_used_ratio: float
    """The most of all phases: 1 = the main fuse goes."""
