# pyright: basic, reportAttributeAccessIssue=false, reportCallIssue=false, reportGeneralTypeIssues=false
"""The places as labgrid has them: targets of an environment file, brought from stage to stage by a strategy.

The only module that touches labgrid, which has no types: what leaves it is a `Bench`.
"""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attr
import pexpect
from labgrid import Environment, target_factory
from labgrid.binding import BindingState
from labgrid.driver import Driver, ExecutionError, QEMUDriver, ShellDriver, SSHDriver, USBSDMuxDriver, USBStorageDriver
from labgrid.protocol import ConsoleProtocol, PowerProtocol
from labgrid.step import steps
from labgrid.strategy import Strategy, StrategyError, never_retry
from labgrid.util import re_vt100

from ampguard_hil.instruments.protocols import Instruments
from ampguard_hil.instruments.rack import Rack
from ampguard_hil.places.lab import Card, OthersBroker
from ampguard_hil.places.machine import MachinePlace, Parts
from ampguard_hil.places.place import Ability, Bundle, Kind
from ampguard_hil.places.qemu import BoardOutside, FileMedium, OwnBroker
from ampguard_hil.places.simulated import SimulatedPlace
from ampguard_hil.places.stages import Limits, NotReachedError, PlaceError, Stage, entered
from ampguard_hil.ports import HOST, free_port

if TYPE_CHECKING:
    from ampguard_hil.places.place import Place

HTTPS_PORT = 443
COMMAND_TIMEOUT_S = 60.0


class PlaceDriver(Driver):
    """A driver that has a place."""

    target: Any
    place: Any


class InstrumentRack(Driver):
    """A driver that has the instruments around a real box."""

    instruments: Instruments


@target_factory.reg_driver
@attr.s(eq=False)
class ScpiRack(InstrumentRack):
    """Of a laboratory: the fields of `instruments.rack.Rack`."""

    rack: dict[str, Any] = attr.ib(validator=attr.validators.instance_of(dict))

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.instruments = Rack(**self.rack).open()


@target_factory.reg_driver
@attr.s(eq=False)
class SimulatedDriver(PlaceDriver):
    """Processes on this machine."""

    scenario: str = attr.ib(default="steady", validator=attr.validators.instance_of(str))
    variant: str = attr.ib(default="one_module", validator=attr.validators.instance_of(str))

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.place = SimulatedPlace(self.scenario, name=self.target.name, variant=self.variant)


@target_factory.reg_driver
@attr.s(eq=False)
class QemuPlaceDriver(PlaceDriver):
    """A guest of QEMU, whose serial line is its console. `factory` and `disk` are names of `images`.

    `scenario`: what its simulated board plays, which runs on this machine; without, the guest has none.
    """

    bindings = {"qemu": QEMUDriver, "shell": ShellDriver}  # noqa: RUF012 - labgrid's way

    abilities: list[str] = attr.ib(validator=attr.validators.instance_of(list))
    pin: str = attr.ib(default="", validator=attr.validators.instance_of(str))
    factory: str = attr.ib(default="factory", validator=attr.validators.instance_of(str))
    disk: str = attr.ib(default="disk", validator=attr.validators.instance_of(str))
    scenario: str = attr.ib(default="", validator=attr.validators.instance_of(str))

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        config, port = self.target.env.config, free_port()
        board = None
        if self.scenario:
            board = BoardOutside(Path(tempfile.mkdtemp(prefix="ampguard-board-")), self.scenario)
            self.qemu.extra_args += f" {shlex.join(board.qemu_arguments)}"
        self.place = MachinePlace(
            Parts(
                name=self.target.name,
                kind=Kind.EMULATED,
                abilities=frozenset(Ability(one) for one in self.abilities),
                power=_QemuPower(self.target, self.qemu, port, board),
                console=_Line(self.target, self.qemu, self.shell, self.shell),
                medium=FileMedium(Path(config.get_image_path(self.factory)), Path(config.get_image_path(self.disk))),
                broker=OwnBroker(),
                page=f"https://{HOST}:{port}/",
                pin=self.pin,
                listens_at=HOST,
                instruments=Instruments(),
            )
        )


@target_factory.reg_driver
@attr.s(eq=False)
class LabPlaceDriver(PlaceDriver):
    """A real box. Commands go over SSH where there is a driver for it, else over the console. `images`: `product`.

    `bundles`: files by what each is (`place.Bundle`), where the box has two slots.
    """

    bindings = {  # noqa: RUF012 - labgrid's way
        "power": PowerProtocol,
        "console": ConsoleProtocol,
        "shell": ShellDriver,
        "ssh": {SSHDriver, None},
        "mux": USBSDMuxDriver,
        "storage": USBStorageDriver,
        "rack": {InstrumentRack, None},
    }

    abilities: list[str] = attr.ib(validator=attr.validators.instance_of(list))
    page: str = attr.ib(validator=attr.validators.instance_of(str))
    pin: str = attr.ib(validator=attr.validators.instance_of(str))
    broker_host: str = attr.ib(validator=attr.validators.instance_of(str))
    broker_port: int = attr.ib(default=1883, validator=attr.validators.instance_of(int))
    bundles: dict[str, str] = attr.ib(factory=dict, validator=attr.validators.instance_of(dict))

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        config = self.target.env.config
        image = Path(config.get_image_path("product"))
        self.place = MachinePlace(
            Parts(
                name=self.target.name,
                kind=Kind.MEASURED,
                abilities=frozenset(Ability(one) for one in self.abilities),
                power=_Switch(self.target, self.power),
                console=_Line(self.target, self.console, self.shell, self.ssh or self.shell),
                medium=Card(_SdMux(self.target, self.mux, self.storage), image),
                broker=OthersBroker(self.broker_host, self.broker_port),
                page=self.page,
                pin=self.pin,
                listens_at=self.broker_host,
                instruments=Instruments() if self.rack is None else self.rack.instruments,
                bundles={Bundle(one): Path(config.resolve_path(file)) for one, file in self.bundles.items()},
            )
        )


class _Switch:
    """`machine.PowerSwitch` of any driver for power."""

    def __init__(self, target: Any, driver: Any) -> None:
        self._target, self._driver = target, driver

    def on(self) -> None:
        self._do("on")

    def off(self) -> None:
        self._do("off")

    def _do(self, what: str) -> None:
        try:
            self._target.activate(self._driver)
            getattr(self._driver, what)()
        except (ExecutionError, OSError) as why:  # requests' errors are such, too
            raise PlaceError(f"the power switch does not go {what}: {why}") from why


class _QemuPower(_Switch):
    """With the page of the guest at a port of this machine, and its board, if that is here."""

    def __init__(self, target: Any, driver: Any, page_port: int, board: BoardOutside | None) -> None:
        super().__init__(target, driver)
        self._page_port, self._board = page_port, board

    def on(self) -> None:
        if self._board is not None and not self._driver.status:
            self._board.start()
        super().on()
        self._driver.add_port_forward("tcp", HOST, self._page_port, "", HTTPS_PORT)

    def off(self) -> None:
        if self._driver.status:
            driver, child = self._driver, self._driver._child  # noqa: SLF001 - it has no other name
            # as power goes: labgrid would have it end in order
            child.kill()
            child.wait()
            # which labgrid leaves open when the power comes again
            for end in (child.stdin, child.stdout, driver._clientsocket):  # noqa: SLF001 - likewise
                end.close()
            driver.status, driver._child, driver._clientsocket = 0, None, None  # noqa: SLF001 - likewise
            driver._forwarded_ports.clear()  # noqa: SLF001 - likewise
        if self._board is not None:
            self._board.stop()


class _Line:
    """`machine.Console`; whatever comes over the line is kept."""

    def __init__(self, target: Any, console: Any, shell: Any, commands: Any) -> None:
        self._target, self._console, self._shell, self._commands = target, console, shell, commands
        self._said = bytearray()
        steps.subscribe(self._notice)

    def listen(self) -> None:
        try:
            self._target.activate(self._console)
        except OSError as why:
            raise PlaceError(f"the serial line cannot be opened: {why}") from why

    def login(self, patience_s: float) -> None:
        self._shell.login_timeout = max(1, int(patience_s))
        try:
            self._target.activate(self._shell)
        except (pexpect.TIMEOUT, pexpect.EOF, ExecutionError, OSError) as why:
            raise NotReachedError(f"no prompt at the console: {str(why).splitlines()[0]}") from why

    def leave(self) -> None:
        for driver in {self._commands, self._shell}:
            self._target.deactivate(driver)
        self._said.clear()

    def run(self, command: str) -> str:
        try:
            self._target.activate(self._commands)
            out, _, code = self._commands.run(command, timeout=COMMAND_TIMEOUT_S)
        except (pexpect.TIMEOUT, pexpect.EOF, ExecutionError, OSError) as why:
            raise PlaceError(f"{command}: no answer: {str(why).splitlines()[0]}") from why
        text = "\n".join(out)
        if code:
            raise PlaceError(f"{command}: wanted 0, met {code}: {text[-300:]}")
        return text

    @property
    def is_open(self) -> bool:
        return self._shell.state is BindingState.active

    def said(self) -> str:
        plain: str = re_vt100.sub("", self._said.decode(errors="replace"))
        return plain.replace("\r", "")

    def _notice(self, event: Any) -> None:
        step = event.step
        if step.source is self._console and step.title == "read" and event.data.get("state") == "stop" and step.result:
            self._said += step.result


class _SdMux:
    """`lab.CardMux`: a USB-SD-Mux of Linux Automation."""

    def __init__(self, target: Any, mux: Any, storage: Any) -> None:
        self._target, self._mux, self._storage = target, mux, storage

    def to_bench(self) -> None:
        self._turn("host")

    def to_box(self) -> None:
        self._turn("dut")

    def write(self, image: Path) -> None:
        try:
            self._target.activate(self._storage)
            self._storage.write_image(str(image))
        except (ExecutionError, OSError) as why:
            raise PlaceError(f"the card cannot be written: {why}") from why

    def _turn(self, mode: str) -> None:
        try:
            self._target.activate(self._mux)
            self._mux.set_mode(mode)
        except (ExecutionError, OSError) as why:
            raise PlaceError(f"the card's mux does not turn to {mode}: {why}") from why


@target_factory.reg_driver
@attr.s(eq=False)
class StageStrategy(Strategy):
    """OFF, FLASHED, BOOTED, PROVISIONED, METERING. What failed stays failed until the place is switched OFF."""

    bindings = {"box": PlaceDriver}  # noqa: RUF012 - labgrid's way

    within_s: dict[str, float] = attr.ib(validator=attr.validators.instance_of(dict))

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self.limits = Limits.told(self.within_s)
        self.stage = Stage.OFF
        self.took_s: dict[Stage, float] = {}

    def transition(self, status: Stage) -> None:
        """Come to a stage, up or down; the way down is through OFF."""
        if status is Stage.OFF:
            self.box.place.shut_down()
            self.stage, self.broken = Stage.OFF, None
            self.took_s.clear()
            return
        if status < self.stage and not self.broken:
            self.transition(Stage.OFF)
        self._climb(status)

    @never_retry
    def _climb(self, status: Stage) -> None:
        while self.stage < status:
            following = Stage(self.stage + 1)
            self.took_s[following] = entered(self.box.place, following, self.limits.within_s[following])
            self.stage = following


class Bench:
    """One place of an environment file."""

    def __init__(self, file: Path, name: str) -> None:
        """Raises PlaceError."""
        self._environment = Environment(str(file))
        target = self._environment.get_target(name)
        if target is None:
            names = ", ".join(self._environment.config.get_targets())
            raise PlaceError(f"{file}: wanted the place {name}, met {names}")
        self._strategy: Any = target.get_strategy()
        self.place: Place = self._strategy.box.place

    @property
    def stage(self) -> Stage:
        """Where the box is."""
        found: Stage = self._strategy.stage
        return found

    @property
    def limits(self) -> Limits:
        """What each stage may take."""
        found: Limits = self._strategy.limits
        return found

    @property
    def took_s(self) -> dict[Stage, float]:
        """Of each stage that it came through since it was OFF."""
        return dict(self._strategy.took_s)

    def at(self, stage: Stage) -> Place:
        """The place, at that stage. Raises StageFailure: the first one, until it was OFF."""
        try:
            self._strategy.transition(stage)
        except StrategyError as stuck:
            raise stuck.__cause__ or stuck from None
        return self.place

    def close(self) -> None:
        """OFF, and nothing left behind."""
        self._strategy.transition(Stage.OFF)
        self._strategy.box.place.close()
        self._environment.cleanup()
