"""What a check sees of a box, wherever it stands."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ampguard_hil.instruments.protocols import Instruments
    from ampguard_hil.listener import Recorder
    from ampguard_hil.places.provisioning import Installation
    from ampguard_hil.places.vitals import Vitals


class Kind(StrEnum):
    """What a result of a place is worth: a report says it beside each figure."""

    SIMULATED = "simulated"
    """The product's processes on a simulated board: physics and chip are models."""
    EMULATED = "emulated"
    """The product's image on emulated hardware."""
    MEASURED = "measured"
    """A real box with real instruments."""


class Ability(StrEnum):
    """What not every place has, beside its instruments. A check is not judged where what it needs is missing."""

    METERS = "meters"
    """There is an Amp Guard in it."""
    LIGHTS = "lights"
    """Somebody sees its lights."""
    BUTTON = "button"
    BROKER = "broker"
    """Its broker can be switched off and on."""
    SHELL = "shell"
    """Commands can be run in it."""
    VITALS = "vitals"
    """What its processes take can be looked up."""
    UPDATES = "updates"
    """It has two slots, and the bench has bundles for it: `Bundle` says which."""


class Bundle(StrEnum):
    """Software that a bench may have for its box, signed as the box wants it unless it says otherwise."""

    NEWER = "newer-bundle"
    """Nothing is wrong with it; as new as what runs, or newer."""
    FORGED = "forged-bundle"
    """Somebody else has signed it."""
    OLDER = "older-bundle"
    OTHER_BOARD = "other-board-bundle"
    MEASURES_WRONG = "measures-wrong-bundle"
    """A hundredth too much, of voltages and currents."""
    WITHOUT_PAGE = "without-page-bundle"
    WITHOUT_UPLINK = "without-uplink-bundle"
    """It reaches neither broker nor cloud."""
    DEAD = "dead-bundle"
    """Its kernel does not start."""


def has(place: Place) -> frozenset[str]:
    """What checks may need of it: its abilities, bundles for it, and its instruments by their names."""
    return frozenset(place.abilities) | place.bundles | place.instruments.names


class Place(Protocol):
    """A box and what is around it."""

    @property
    def name(self) -> str:
        """In the bench's file."""
        ...

    @property
    def kind(self) -> Kind:
        """What its results are worth."""
        ...

    @property
    def abilities(self) -> frozenset[Ability]:
        """What it has."""
        ...

    @property
    def instruments(self) -> Instruments:
        """What stands around the box."""
        ...

    @property
    def bundles(self) -> frozenset[Bundle]:
        """Which there are for it."""
        ...

    def bundle(self, what: Bundle) -> Path:
        """A file that its page takes. Raises PlaceError where there is none."""
        ...

    @property
    def page(self) -> str:
        """Where the management interface is."""
        ...

    @property
    def installation(self) -> Installation:
        """What an installer tells this box."""
        ...

    @property
    def heard(self) -> Recorder:
        """Who listens at the bench's broker. Raises PlaceError where nobody does yet."""
        ...

    def power_off(self) -> None:
        """Cut its power, without a word to it."""
        ...

    def power_on(self) -> None:
        """Give it power; it boots by itself. What it has kept is still there."""
        ...

    def broker_off(self) -> None:
        """The broker is gone. Raises PlaceError where it is not ours."""
        ...

    def broker_on(self) -> None:
        """It is there again."""
        ...

    def lights(self) -> frozenset[str]:
        """Those that are lit, by the names of `ampguard_drivers.board.LIGHT_LINES`. Raises PlaceError."""
        ...

    def press(self) -> None:
        """Press the button and hold it. Raises PlaceError."""
        ...

    def release(self) -> None:
        """Let the button go. Raises PlaceError."""
        ...

    def run(self, command: str) -> str:
        """What a command says in a shell of the box. Raises PlaceError, also where it fails."""
        ...

    def vitals(self) -> Mapping[str, Vitals]:
        """What each of the unit's processes takes now, by its name. Raises PlaceError."""
        ...

    def logs(self) -> Mapping[str, str]:
        """All that was logged, by the name of who did it."""
        ...

    def last_words(self) -> str:
        """The end of every log, for the message of a check that failed."""
        ...

    def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Whether it came true in that time; meanwhile the place does what a service manager does."""
        ...
