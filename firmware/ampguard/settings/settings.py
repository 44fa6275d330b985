"""What the owner and the installer decided, from a TOML file.

Nothing physical is assumed: what nobody told is None. Whoever needs it says so.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path

from ampguard.errors import SetupError
from ampguard.phases import Phase, Phases
from ampguard.settings import destinations
from ampguard.settings.assignment import AS_LABELLED, Assignment, assignment
from ampguard.settings.commands import CommandName
from ampguard.settings.destinations import HttpsSettings, MqttSettings
from ampguard.settings.grid import GridType
from ampguard.settings.table import Table

__all__ = ["GridType", "Settings", "content", "load", "parsed", "tables"]


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it."""

    main_fuse_a: float | None = None
    """Rated current of the main fuse."""
    grid_type: GridType = GridType.THREE_PHASE
    generation_on_site: bool | None = None
    """Whether the building may export; None: nobody told."""
    nominal_voltage_v: float | None = None
    """Between a phase and the neutral; where there is none (IT), between two phases."""
    nominal_frequency_hz: float | None = None
    voltage_terminals: frozenset[Phase] | None = None
    """Which voltage terminals are wired, by their own names; None = one for each phase of the grid."""
    mqtt: MqttSettings | None = None
    https: HttpsSettings | None = None
    commands: frozenset[CommandName] = frozenset()
    """What the other side may ask of the unit: nothing, unless the owner says so."""
    wiring: Assignment | None = None
    """What the inputs measure, where somebody set it."""

    @property
    def assignment(self) -> Assignment:
        """What the inputs measure."""
        return AS_LABELLED if self.wiring is None else self.wiring

    @property
    def phases(self) -> Phases[bool]:
        """Which phases the grid connection has: those a clamp belongs to."""
        return Phases(l1=True, l2=self.grid_type is not GridType.SINGLE_PHASE, l3=self.has_three_phases)

    @property
    def wired_voltages(self) -> Phases[bool]:
        """Which phases' voltages are measured; the others, where the grid has them, are inferred."""
        wired = self.voltage_terminals
        if wired is None:
            return self.phases
        there = {self.assignment.voltages[terminal] for terminal in wired}
        return Phases.of(phase in there for phase in Phase)

    @property
    def voltage_pair(self) -> tuple[Phase, Phase] | None:
        """Without a neutral and with two voltages wired: the phases between which alone a voltage is measured."""
        there = [phase for phase in Phase if self.wired_voltages[phase]]
        if self.grid_type is not GridType.IT or len(there) != 2:  # noqa: PLR2004 - a pair
            return None
        return there[0], there[1]

    @property
    def has_three_phases(self) -> bool:
        """Whether the building is connected to all phases."""
        return self.grid_type in {GridType.THREE_PHASE, GridType.IT}

    @property
    def star_voltage_v(self) -> float | None:
        """Nominal voltage of a phase against the neutral or, without one, against the artificial star point."""
        if self.nominal_voltage_v is None or self.grid_type is not GridType.IT:
            return self.nominal_voltage_v
        return self.nominal_voltage_v / math.sqrt(3.0)

    @property
    def input_voltage_v(self) -> float | None:
        """Nominal voltage at an input: without a neutral N is open, and floats in the middle of what is wired."""
        if self.nominal_voltage_v is None or self.voltage_pair is None:
            return self.star_voltage_v
        return self.nominal_voltage_v / 2.0


def load(path: Path) -> Settings:
    """Read the file; a missing one is a unit that nobody has set up. Raises SetupError with one sentence."""
    return parsed(path, content(path))


def content(path: Path) -> bytes:
    """What the file holds; a missing one holds nothing. Raises SetupError."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as why:
        raise SetupError(f"{path}: cannot be read: {why}") from why


def parsed(path: Path, content: bytes) -> Settings:
    """What a settings file says that holds this. Raises SetupError with one sentence, which names `path`."""
    table = Table(path, "", tables(path, content))
    broker, cloud, wiring = table.content.get("mqtt"), table.content.get("https"), table.content.get("wiring")
    asked = table.table("commands")
    settings = Settings(
        main_fuse_a=table.number("main_fuse_a"),
        grid_type=GridType(table.choice("grid_type") or GridType.THREE_PHASE),
        generation_on_site=table.flag("generation_on_site"),
        nominal_voltage_v=table.number("nominal_voltage_v"),
        nominal_frequency_hz=table.number("nominal_frequency_hz"),
        voltage_terminals=table.choices("voltage_terminals", Phase),
        mqtt=None if broker is None else destinations.mqtt(path, broker),
        https=None if cloud is None else destinations.https(path, cloud),
        commands=(None if asked is None else asked.choices("allow", CommandName)) or frozenset(),
        wiring=None if wiring is None else assignment(path, wiring),
    )
    _check_terminals(path, settings)
    return settings


def tables(path: Path, content: bytes) -> dict[str, object]:
    """The file's content as TOML has it. Raises SetupError."""
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as why:
        raise SetupError(f"{path}: cannot be read: {why}") from why
    except (ValueError, RecursionError) as why:  # TOMLDecodeError, endless digits, nesting without end
        raise SetupError(f"{path}: not TOML: {why}") from why


def _check_terminals(path: Path, settings: Settings) -> None:
    """Only where nothing generates can the other voltages be inferred: from one, or where there is no neutral from two.

    Without a neutral two wires are one voltage, that between them.
    """
    wired = settings.voltage_terminals
    if wired is None:
        return
    if not settings.has_three_phases and settings.wired_voltages != settings.phases:
        behind = "" if settings.wiring is None else " (with what [wiring] says of them)"
        grid, to = settings.grid_type.value, " and ".join(phase for phase in Phase if settings.phases[phase])
        raise SetupError(f"{path}: voltage_terminals: a {grid} grid is wired to {to}, met {_named(wired)}{behind}")
    if settings.wired_voltages == settings.phases:
        return
    if settings.generation_on_site:
        raise SetupError(
            f"{path}: voltage_terminals: with generation on site all phases must be wired, met {_named(wired)}"
        )
    if settings.grid_type is GridType.IT and settings.voltage_pair is None:
        raise SetupError(
            f"{path}: voltage_terminals: without a neutral at least two phases must be wired, met {_named(wired)}"
        )


def _named(phases: frozenset[Phase]) -> str:
    return ", ".join(sorted(phases))
