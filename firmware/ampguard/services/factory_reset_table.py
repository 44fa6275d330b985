"""What a factory reset wipes and what stays, as a table: the only place that says so.

Paths are of the data folder. What is not in the table is wiped: what nobody named may be somebody's.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ampguard.indication.manual import table


class Fate(StrEnum):
    """What becomes of it."""

    WIPED = "wiped"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    paths: tuple[str, ...]
    """Patterns (fnmatch) for each part of a path; none: not in the data folder at all."""
    what: str
    """In the owner's words."""
    fate: Fate
    why: str


ROWS: tuple[Row, ...] = (
    Row(
        ("settings*",),
        "settings, with the passwords of brokers and clouds, and what was set before",
        Fate.WIPED,
        "they are the owner's; the next one begins with the first visit",
    ),
    Row(
        ("network",),
        "Wi-Fi networks with their passwords, static addresses, how joining went",
        Fate.WIPED,
        "the unit joins nothing any more and opens its access point",
    ),
    Row(
        ("web",),
        "sessions, access tokens, failed sign-ins, who signed in when",
        Fate.WIPED,
        "nobody who was let in before gets in without the PIN",
    ),
    Row(
        ("certificates*",),
        "key and certificate of the enrolment at a cloud",
        Fate.WIPED,
        "the unit cannot speak for its former owner; it has to be enrolled anew",
    ),
    Row(
        ("journal*",),
        "readings, events and history",
        Fate.WIPED,
        "a load profile tells how people live",
    ),
    Row(("uplink*",), "how far clouds and brokers have got", Fate.WIPED, "it counts in the journal that is gone"),
    Row(
        ("wiring",),
        "what was found of the wiring, and its changes",
        Fate.WIPED,
        "the unit may be mounted somewhere else",
    ),
    Row(
        ("group.toml", "balancing"),
        "the load-balancing group, passwords of chargers, who charged and why limits changed",
        Fate.WIPED,
        "chargers go on with what they fall back to by themselves",
    ),
    Row(
        ("counters.json",),
        "the energy counters",
        Fate.KEPT,
        "the meter's register counts its whole life, as a utility's does",
    ),
    Row(
        ("identity/report.key",),
        "the key that signs reports",
        Fate.KEPT,
        "it is the unit's name: reports of before can still be compared with it",
    ),
    Row(
        ("identity/card.json",),
        "serial and the hash of the PIN, as the identity memory has them",
        Fate.KEPT,
        "a copy: the memory itself is untouched",
    ),
    Row(
        ("identity/web-own.pem",),
        "the page's own certificate",
        Fate.KEPT,
        "its fingerprint stands on the label",
    ),
    Row(
        ("identity/web-installed.pem",),
        "a certificate for the page that its owner has installed",
        Fate.WIPED,
        "its key is the owner's",
    ),
    Row(
        ("update",),
        "how the last update ended, and what a new version must still show",
        Fate.KEPT,
        "the software stays, and one on trial is still judged",
    ),
    Row(("lost+found",), "what the file system found", Fate.KEPT, "it belongs to the file system"),
    Row((), "identity and calibration in the unit's memory chip", Fate.KEPT, "made in the factory"),
    Row((), "the installed software", Fate.KEPT, "the newest one that was committed"),
)
ANYTHING_ELSE = Row(("*",), "whatever else lies in the data folder", Fate.WIPED, "it may be somebody's")
KEPT_PATHS: tuple[str, ...] = tuple(path for row in ROWS if row.fate is Fate.KEPT for path in row.paths)


def as_markdown() -> str:
    """For the manual."""
    rows = [(row.what, row.fate.value, row.why) for row in (*ROWS, ANYTHING_ELSE)]
    return table(("what", "becomes", "because"), rows)
