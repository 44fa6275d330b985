"""What somebody at the unit sees, in a terminal: values, phasors, lights, and what arrives at the broker."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ampguard_hil.phasors import COLOURS, diagram

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_hil.listener import Tally

PHASES = ("l1", "l2", "l3")
LIGHTS = (
    ("logo", {"logo": "white"}),
    ("communication", {"communication_green": "green", "communication_blue": "blue"}),
    ("voltage", {"voltage_green": "green", "voltage_red": "red"}),
    ("current", {"current_green": "green", "current_red": "red"}),
)
STALE_S = 2.5
WHOLE_COLUMNS = 76
"""What the whole picture needs; on less there are the values of the phases only."""
_ROWS = (
    ("U", "V", "voltage_rms_v", "{:.2f}"),
    ("I", "A", "current_rms_a", "{:.3f}"),
    ("P", "W", "active_power_w", "{:.1f}"),
    ("Q1", "var", "reactive_power_var", "{:.1f}"),
    ("PF", "", "power_factor_ratio", "{:.4f}"),
    ("U angle", "deg", "voltage_angle_deg", "{:.2f}"),
    ("I lag", "deg", "current_angle_deg", "{:.2f}"),
    ("I THD", "%", "current_thd_percent", "{:.1f}"),
)
_TOTALS = {
    "active_power_w": "total_active_power_w",
    "reactive_power_var": "total_reactive_power_var",
    "power_factor_ratio": "total_power_factor_ratio",
    "current_rms_a": "neutral_current_rms_a",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that is shown."""

    scenario: str
    story: str
    elapsed_s: float
    reading: Mapping[str, Any] | None
    age_s: float | None
    lit: frozenset[str]
    wiring: Mapping[str, Any] | None
    balance: Mapping[str, Any] | None
    """Of the chargers that share the fuse; None: nothing is told of any."""
    tally: Tally
    ways: tuple[str, ...]
    """Where to look besides, a line each: the unit's page and its PIN first."""
    broker: str
    broker_up: bool
    processes: tuple[tuple[str, bool, int], ...]
    """Name, whether it runs, how often it was started again."""


def picture(shot: Snapshot, columns: int = 80) -> RenderableType:
    """The whole screen, from 80 by 24 on; on fewer columns, down to 40, what matters most."""
    title = Text.assemble(
        ("Amp Guard ", "bold"), (f"{shot.scenario} ", "bold cyan"), (f"{shot.elapsed_s:.0f} s", "dim")
    )
    if columns < WHOLE_COLUMNS:
        heading, values = title, _narrow_values(shot.reading)
    else:
        side_by_side = Table.grid(padding=(0, 2))
        side_by_side.add_row(_values(shot.reading), _phasors(shot.reading))
        heading = Text.assemble(title, "  ", (shot.story, "italic"))
        values = Panel(side_by_side, padding=(0, 1), border_style="dim")
    rows: list[RenderableType] = [
        heading,
        values,
        _summary(shot),
        _lights(shot.lit),
        _wiring(shot.wiring),
        *([] if shot.balance is None else [_balance(shot.balance)]),
        _arrivals(shot),
        _processes(shot),
        Text("\n".join(shot.ways), style="dim", no_wrap=True, overflow="ellipsis"),
    ]
    return Group(*rows)


def line(shot: Snapshot) -> str:
    """The same in one line, for output that is no terminal."""
    reading = shot.reading
    if reading is None:
        values = "no reading yet"
    else:
        values = (
            f"U {_triple(reading['voltage_rms_v'], '{:.1f}')} V  I {_triple(reading['current_rms_a'], '{:.2f}')} A  "
            f"P {_one(reading['total_active_power_w'], '{:.0f}')} W  f {_one(reading['frequency_hz'], '{:.3f}')} Hz"
        )
    lights = " ".join(f"{name}={colour}" for name, colour in shown_lights(shot.lit).items())
    wiring = shot.wiring["current"] if shot.wiring else "?"
    counts = f"received {shot.tally.readings} missing {shot.tally.missing - shot.tally.waiting}"
    broker = "" if shot.broker_up else "  BROKER OFF"
    restarted = "".join(f"  {name} restarted {restarts}" for name, _, restarts in shot.processes if restarts)
    charging = "" if shot.balance is None else f"  {_balance(shot.balance).plain}"
    return f"{shot.elapsed_s:5.1f} s  {values}  {lights}  wiring={wiring}  {counts}{broker}{restarted}{charging}"


def shown_lights(lit: frozenset[str]) -> dict[str, str]:
    """The colour of each of the four lights, "off" or two colours where a board is broken."""
    return {
        name: "+".join(colour for key, colour in colours.items() if key in lit) or "off" for name, colours in LIGHTS
    }


def _values(reading: Mapping[str, Any] | None) -> RenderableType:
    table = Table(box=None, padding=(0, 1), show_edge=False)
    table.add_column("")
    for phase, colour in zip(PHASES, COLOURS, strict=True):
        table.add_column(phase.upper(), justify="right", header_style=f"bold {colour}", min_width=8)
    table.add_column("sum / N", justify="right", min_width=8)
    table.add_column("", style="dim")
    for name, unit, key, form in _ROWS:
        phases = cast("Mapping[str, float | None]", reading[key]) if reading else dict.fromkeys(PHASES)
        total = reading[_TOTALS[key]] if reading and key in _TOTALS else None
        cells = [_one(phases[phase], form) for phase in PHASES]
        table.add_row(name, *cells, "" if key not in _TOTALS else _one(total, form), unit)
    return table


def _narrow_values(reading: Mapping[str, Any] | None) -> RenderableType:
    table = Table(box=None, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("", no_wrap=True)
    for phase, colour in zip(PHASES, COLOURS, strict=True):
        table.add_column(phase.upper(), justify="right", header_style=f"bold {colour}", min_width=8)
    for name, unit, key, form in _ROWS:
        phases = cast("Mapping[str, float | None]", reading[key]) if reading else dict.fromkeys(PHASES)
        table.add_row(f"{name} {unit}", *(_one(phases[phase], form) for phase in PHASES))
    return table


def _phasors(reading: Mapping[str, Any] | None) -> RenderableType:
    if reading is None:
        return Text("\n\n  waiting for the\n  first reading", style="dim")
    voltages: list[complex | None] = []
    currents: list[complex | None] = []
    for phase in PHASES:
        u_v, u_deg = reading["voltage_fundamental_rms_v"][phase], reading["voltage_angle_deg"][phase]
        i_a, lag_deg = reading["current_fundamental_rms_a"][phase], reading["current_angle_deg"][phase]
        voltages.append(None if u_v is None or u_deg is None else cmath.rect(u_v, math.radians(u_deg)))
        if i_a is None or u_deg is None or lag_deg is None:
            currents.append(None)
        else:
            currents.append(cmath.rect(i_a, math.radians(u_deg - lag_deg)))
    return diagram(voltages, currents, rows=10)


def _summary(shot: Snapshot) -> Text:
    reading = shot.reading
    if reading is None:
        return Text(" ")
    energy, health = reading["energy"], reading["health"]
    check = health["selfcheck_percent"]
    late = shot.age_s is not None and shot.age_s > STALE_S
    parts = [
        f"f {_one(reading['frequency_hz'], '{:.4f}')} Hz",
        f"unbalance {_one(reading['voltage_unbalance_percent'], '{:.2f}')} %",
        f"self-check {'-' if check is None else f'{check:.3f} %'}",
        f"chip {_one(health['temperature_degc'], '{:.0f}')} °C",
    ]
    counters = f"import {energy['total_import_wh']:.3f} Wh   export {energy['total_export_wh']:.3f} Wh, phase-summed"
    text = Text("   ".join(parts) + "\n" + counters, no_wrap=True, overflow="ellipsis")
    if late:
        text = Text(f"last reading {shot.age_s:.0f} s ago   ", style="yellow") + text
    return text


def _lights(lit: frozenset[str]) -> Text:
    text = Text("lights   ")
    for name, colour in shown_lights(lit).items():
        style = {"off": "grey30", "white": "bold white", "blue": "bold dodger_blue1"}.get(colour, f"bold {colour}")
        text.append("● " if colour != "off" else "○ ", style=style if "+" not in colour else "bold magenta")
        text.append(f"{name} {colour}   ")
    return text


def _wiring(wiring: Mapping[str, Any] | None) -> Text:
    if wiring is None:
        return Text("wiring   not told yet", style="dim")
    wrong = "wrong" in {wiring["voltage"], wiring["current"]}
    return Text(f"wiring   {wiring['sentence']}", style="red" if wrong else "", no_wrap=True, overflow="ellipsis")


def _balance(balance: Mapping[str, Any]) -> Text:
    """What each charger draws on its strongest phase, of what it may."""
    if not balance["active"]:
        return Text(f"charging {balance['fault'] or 'nothing is balanced'}", style="red" if balance["fault"] else "dim")
    parts = [
        f"{one['name']} {max((value or 0.0) for value in one['current_a'].values()):.0f}/{one['limit_a'] or 0.0:.0f} A"
        for one in balance["chargers"]
    ]
    text = f"charging {'  '.join(parts)}  (meter {balance['rung']}, led by the {balance['leader']})"
    return Text(text, style="" if balance["rung"] in {"fresh", "late"} else "red", no_wrap=True, overflow="ellipsis")


def _arrivals(shot: Snapshot) -> Text:
    tally = shot.tally
    text = Text(f"readings {tally.readings} received, ")
    lost = tally.missing - tally.waiting
    text.append(f"{lost} missing", style="yellow" if lost else "green")
    if tally.waiting:
        text.append(f", {tally.waiting} on their way")
    state = {True: "unit online", False: "unit offline", None: "unit not heard of"}[tally.online]
    text.append(f"   {shot.broker} ")
    text.append("up" if shot.broker_up else "AWAY", style="green" if shot.broker_up else "bold yellow")
    text.append(f"   {state}")
    return text


def _processes(shot: Snapshot) -> Text:
    text = Text("processes ")
    for name, runs, restarts in shot.processes:
        text.append(f"{name} ", style="green" if runs else "bold red")
        if restarts:
            text.append(f"(restarted {restarts}) ", style="yellow")
    return text


def _one(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _triple(values: Mapping[str, float | None], form: str) -> str:
    return "/".join(_one(values[phase], form) for phase in PHASES)
