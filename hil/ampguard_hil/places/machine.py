"""A place with a whole computer in it: a power switch, a console, a medium that can be written, and its page."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from ampguard_hil.places import vitals
from ampguard_hil.places.committing import Committing
from ampguard_hil.places.place import Ability, Bundle, Kind
from ampguard_hil.places.provisioning import Installation, answers, provision
from ampguard_hil.places.stages import FIRST_READINGS, NotReachedError, PlaceError, Stage
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from ampguard_hil.instruments.protocols import Instruments
    from ampguard_hil.listener import Recorder
    from ampguard_hil.places.vitals import Vitals

LAST_CHARACTERS = 3000


class PowerSwitch(Protocol):
    """Of the box."""

    def on(self) -> None:
        """Raises PlaceError."""
        ...

    def off(self) -> None:
        """At once. Raises PlaceError."""
        ...


class Console(Protocol):
    """A serial line, and a shell behind it."""

    def listen(self) -> None:
        """Hear what comes from now on. Raises PlaceError."""
        ...

    def login(self, patience_s: float) -> None:
        """Wait for the prompt and sign in. Raises NotReachedError."""
        ...

    def leave(self) -> None:
        """Before the power goes: what comes then is another shell."""
        ...

    def run(self, command: str) -> str:
        """Raises PlaceError, also where the command fails."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether somebody is signed in."""
        ...

    def said(self) -> str:
        """All that came over the line since the box had power last."""
        ...


class Medium(Protocol):
    """What the box starts from."""

    def write(self) -> None:
        """As it leaves the factory; the box has no power. Raises PlaceError."""
        ...


class Bearing(Protocol):
    """The broker that the readings go to."""

    @property
    def host(self) -> str:
        """As the box reaches it."""
        ...

    @property
    def port(self) -> int:
        """The same for the box and for the bench."""
        ...

    def start(self) -> None:
        """Be there. Raises PlaceError where it is not ours and was stopped."""
        ...

    def stop(self) -> None:
        """Be gone. Raises PlaceError where it is not ours."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What such a place consists of."""

    name: str
    kind: Kind
    abilities: frozenset[Ability]
    power: PowerSwitch
    console: Console
    medium: Medium
    broker: Bearing
    page: str
    pin: str
    listens_at: str
    """Where the bench reaches the broker."""
    instruments: Instruments
    bundles: Mapping[Bundle, Path] = field(default_factory=dict[Bundle, "Path"])
    """Software for it that is not what it comes with."""


class MachinePlace:
    """See `place.Place` and `stages.Staged`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._heard: Recorder | None = None
        self.name, self.kind, self.abilities, self.page = parts.name, parts.kind, parts.abilities, parts.page
        self.instruments = parts.instruments
        self.bundles = frozenset(parts.bundles)

    def enter(self, stage: Stage, patience_s: float) -> None:
        """See `stages.Staged`."""
        deadline_s = time.monotonic() + patience_s
        match stage:
            case Stage.OFF:
                self.shut_down()
            case Stage.FLASHED:
                self._parts.power.off()
                self._parts.medium.write()
            case Stage.BOOTED:
                self.power_on()
                self._parts.console.login(patience_s)
                if self._has_amp_guard() and not wait_until(lambda: answers(self.page), deadline_s - time.monotonic()):
                    raise NotReachedError(f"there is a shell, and nobody asks for the PIN at {self.page}")
            case Stage.PROVISIONED:
                if not self._has_amp_guard():
                    raise NotReachedError(f"the image has no Amp Guard yet: it is a bare {self._system()}")
                self._listen()
                provision(self.page, self.installation, patience_s)
            case Stage.METERING:
                heard = self.heard
                if not wait_until(lambda: heard.tally().readings >= FIRST_READINGS, patience_s):
                    raise NotReachedError(f"{heard.tally().readings} readings at the broker")

    def shut_down(self) -> None:
        """What it has written is on its medium, as far as it still hears; then its power goes."""
        if self._parts.console.is_open:
            with contextlib.suppress(PlaceError):
                self._parts.console.run("sync")
        try:
            self.power_off()
        finally:
            self.close()

    def last_words(self) -> str:
        """Of the console."""
        return self._parts.console.said()[-LAST_CHARACTERS:]

    def close(self) -> None:
        """Nobody listens any more."""
        if self._heard is not None:
            self._heard.close()
            self._heard = None

    @property
    def installation(self) -> Installation:
        """With the bench's broker."""
        return Installation(self._parts.pin, self._parts.broker.host, self._parts.broker.port)

    @property
    def heard(self) -> Recorder:
        """Since it was provisioned."""
        if self._heard is None:
            raise PlaceError(f"{self.name}: wanted a box that is at least {Stage.PROVISIONED.name}")
        return self._heard

    def bundle(self, what: Bundle) -> Path:
        """As the bench's file names it."""
        found = self._parts.bundles.get(what)
        if found is None or not found.is_file():
            raise PlaceError(f"wanted the {what} for the place {self.name}, met {found or 'none'}")
        return found

    def power_off(self) -> None:
        """The switch."""
        self._parts.console.leave()
        self._parts.power.off()

    def power_on(self) -> None:
        """The switch; what it says while it boots is heard."""
        self._parts.console.listen()
        self._parts.power.on()

    def broker_off(self) -> None:
        """Where it is ours."""
        self._parts.broker.stop()

    def broker_on(self) -> None:
        """Where it is ours."""
        self._parts.broker.start()

    def lights(self) -> frozenset[str]:
        """Nobody looks."""
        raise PlaceError(f"wanted somebody who sees the lights at the place {self.name}, met none")

    def press(self) -> None:
        """Nobody is there."""
        raise PlaceError(f"wanted a finger at the place {self.name}, met none")

    def release(self) -> None:
        """See `press`."""
        self.press()

    def run(self, command: str) -> str:
        """At its console."""
        return self._parts.console.run(command)

    def vitals(self) -> Mapping[str, Vitals]:
        """As its shell sees them."""
        try:
            return vitals.read(self.run(vitals.of_services()))
        except ValueError as why:
            raise PlaceError(str(why)) from why

    def logs(self) -> Mapping[str, str]:
        """What the console said; and the journal of the system where there is a shell."""
        found = {"console": self._parts.console.said()}
        with contextlib.suppress(PlaceError):
            found["journal"] = self.run("journalctl --boot --no-pager --lines 500")
        return found

    def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """It has a service manager of its own."""
        return wait_until(condition, timeout_s)

    def _has_amp_guard(self) -> bool:
        return bool(self.run("command -v ampguard-meter || true").strip())

    def _system(self) -> str:
        return self.run('. /etc/os-release; echo "$PRETTY_NAME"').strip()

    def _listen(self) -> None:
        self._parts.broker.start()
        self.close()
        self._heard = Committing(self._parts.listens_at, self._parts.broker.port)
