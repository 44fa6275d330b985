"""The place `simulated`: the product's own processes on this machine, with a simulated board below them."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ampguard_drivers.errors import BusFault
from ampguard_drivers.simulated.board import PIN
from ampguard_drivers.simulated.client import BenchPanel
from ampguard_hil.box import BATCH_S, Box
from ampguard_hil.broker import Broker
from ampguard_hil.instruments.protocols import Instruments
from ampguard_hil.instruments.simulated import (
    SimulatedDrift,
    SimulatedLoads,
    SimulatedMatrix,
    SimulatedPower,
    SimulatedReference,
    SimulatedSource,
)
from ampguard_hil.places import bundles, vitals
from ampguard_hil.places.committing import Committing
from ampguard_hil.places.place import Ability, Bundle, Kind
from ampguard_hil.places.provisioning import Installation, answers, provision
from ampguard_hil.places.slotted import SlottedBox
from ampguard_hil.places.stages import FIRST_READINGS, NotReachedError, PlaceError, Stage
from ampguard_hil.ports import HOST, free_port
from ampguard_hil.processes import ProcessError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ampguard_hil.listener import Recorder
    from ampguard_hil.places.vitals import Vitals

LAST_CHARACTERS = 1500
_Part = TypeVar("_Part")


class SimulatedPlace:
    """A box in a folder of its own, which goes when the next box comes."""

    kind = Kind.SIMULATED
    recorder: type[Recorder] = Committing
    """Who listens at its broker."""
    abilities = frozenset({Ability.METERS, Ability.LIGHTS, Ability.BUTTON, Ability.BROKER, Ability.VITALS})
    bundles: frozenset[Bundle] = frozenset()

    def __init__(
        self,
        scenario: str = "steady",
        *,
        name: str = "simulated",
        generation_on_site: bool = False,
        variant: str | None = None,
    ) -> None:
        """`variant`: which CT set its board has; None: the usual one."""
        self.name = name
        self._scenario = scenario
        self._variant = variant
        self._generation_on_site = generation_on_site
        self._folder: Path | None = None
        self._broker: Broker | None = None
        self._box: Box | None = None
        self._panel: BenchPanel | None = None
        self._heard: Recorder | None = None
        self._bundles_made = 0
        if shutil.which("dbus-daemon"):  # which RAUC speaks over
            self.abilities |= {Ability.UPDATES}
            self.bundles = frozenset(Bundle)
        source = SimulatedSource(lambda: self.panel)
        self.instruments = Instruments(
            source=source,
            reference=SimulatedReference(source),
            loads=SimulatedLoads(lambda: self.panel),
            power=SimulatedPower(self.power_off, self.power_on),
            wiring=SimulatedMatrix(lambda: self.panel),
            drift=SimulatedDrift(lambda: self.panel),
        )

    # ------------------------------------------------------------- stages

    def enter(self, stage: Stage, patience_s: float) -> None:
        """See `stages.Staged`."""
        try:
            match stage:
                case Stage.FLASHED:
                    self._flash()
                case Stage.BOOTED:
                    self.power_on()
                    if not self.until(lambda: answers(self.page), patience_s):
                        raise NotReachedError(f"nobody asks for the PIN at {self.page}")
                case Stage.PROVISIONED:
                    provision(self.page, self.installation, patience_s)
                case Stage.METERING:
                    heard = self.heard
                    if not self.until(lambda: heard.tally().readings >= FIRST_READINGS, patience_s):
                        raise NotReachedError(f"{heard.tally().readings} readings at the broker")
                case Stage.OFF:
                    self.shut_down()
        except (ProcessError, BusFault) as why:
            raise NotReachedError(str(why)) from why

    def shut_down(self) -> None:
        """In order, as with the button; what it has logged stays until the next box comes."""
        if self._box is not None:
            self._box.stop()
        self._let_go()
        if self._heard is not None:
            self._heard.close()
            self._heard = None
        if self._broker is not None:
            self._broker.stop()

    def last_words(self) -> str:
        """The end of every log."""
        return "\n".join(f"--- {name}\n{text[-LAST_CHARACTERS:]}" for name, text in self.logs().items() if text)

    def close(self) -> None:
        """Leave nothing behind."""
        self.shut_down()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _flash(self) -> None:
        self.close()
        # Unix sockets want short paths
        self._folder = Path(tempfile.mkdtemp(prefix="ampguard-place-"))
        self._broker = Broker(self._folder, free_port())
        self._broker.start()
        self._heard = self.recorder(HOST, self._broker.port)
        if Ability.UPDATES in self.abilities:
            self._box = SlottedBox(self._folder, self._scenario, self._variant)
        else:
            self._box = Box(self._folder, self._scenario, pages=True, variant=self._variant)

    # -------------------------------------------------- what a check sees

    @property
    def page(self) -> str:
        """As on a LAN."""
        return self.box.secure_page

    @property
    def installation(self) -> Installation:
        """Of the simulated board: its PIN is public."""
        return Installation(
            PIN, HOST, self._brought(self._broker).port, generation_on_site=self._generation_on_site, batch_s=BATCH_S
        )

    @property
    def heard(self) -> Recorder:
        """Who listens at the broker."""
        return self._brought(self._heard)

    @property
    def box(self) -> Box:
        """Its processes; only for those who torture it. Raises PlaceError."""
        return self._brought(self._box)

    @property
    def panel(self) -> BenchPanel:
        """What is simulated around its board. Raises PlaceError."""
        return self._brought(self._panel)

    def bundle(self, what: Bundle) -> Path:
        """Each is newer than the one before."""
        if what not in self.bundles:
            raise PlaceError(f"wanted the {what}, met a box without slots, as this machine has no dbus-daemon")
        self._bundles_made += 1
        return bundles.write(self._brought(self._folder), what, self._bundles_made)

    def power_off(self) -> None:
        """All of its processes die at once. The board stays, as instruments and supply do."""
        self.box.cut()

    def power_on(self) -> None:
        """The firmware; the first time the board before it."""
        if self._panel is None:
            self._panel = self.box.power_on()
        self.box.boot()

    def broker_off(self) -> None:
        """What it has acknowledged it keeps."""
        self._brought(self._broker).stop()

    def broker_on(self) -> None:
        """At the same port."""
        self._brought(self._broker).start()

    def lights(self) -> frozenset[str]:
        """As the pins of the board have them; none while the board is away."""
        try:
            return self.panel.lit_lights()
        except BusFault:
            return frozenset()

    def press(self) -> None:
        """A finger."""
        self.panel.press_button()

    def release(self) -> None:
        """No finger."""
        self.panel.release_button()

    def run(self, command: str) -> str:
        """There is no shell."""
        raise PlaceError(f"{command}: wanted a shell in the box, met processes on this machine")

    def vitals(self) -> Mapping[str, Vitals]:
        """Of those that run."""
        pids = {name: process.pid for name, process in self.box.firmware.items()}
        asked = vitals.command({name: pid for name, pid in pids.items() if pid is not None})
        said = subprocess.run(["/bin/sh", "-c", asked], capture_output=True, text=True, check=False)  # noqa: S603 - ours
        try:
            return vitals.read(said.stdout)
        except ValueError as why:
            raise PlaceError(f"{why}: {said.stderr}") from why

    def logs(self) -> Mapping[str, str]:
        """Of each process."""
        if self._folder is None:
            return {}
        return {log.stem: log.read_text(errors="replace") for log in sorted(self._folder.glob("*.log"))}

    def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Meanwhile what died is started again, as systemd does."""

        def watched() -> bool:
            self.box.watch()
            return condition()

        return wait_until(watched, timeout_s)

    def _let_go(self) -> None:
        if self._panel is not None:
            with contextlib.suppress(BusFault):
                self._panel.close()
            self._panel = None

    def _brought(self, part: _Part | None) -> _Part:
        if part is None:
            raise PlaceError(f"{self.name}: wanted a box that is at least {Stage.FLASHED.name}, met none")
        return part
