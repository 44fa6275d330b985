"""Instruments as PyVISA-sim has them: what the drivers may say to them, and what they refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

HEAD = """\
spec: "1.1"
devices:
"""
DEVICE = """\
  {name}:
    eom:
      TCPIP INSTR: {{q: "\\n", r: "\\n"}}
    error:
      error_queue:
        - q: '{error_query}'
          default: '0,"No error"'
          command_error: '-113,"Undefined header"'
    dialogues: {dialogues}
    properties:
{properties}
"""
PROPERTY = """\
      {name}:
        default: '{default}'
        getter: {{q: '{query}', r: '{{:s}}'}}
        setter: {{q: '{setter} {{:s}}'}}
"""
NUMBER = """\
      {name}:
        default: {default}
        getter: {{q: '{query}', r: '{{:.6E}}'}}
        setter: {{q: '{setter} {{:f}}'}}
        specs: {{type: float, min: {low}, max: {high}}}
"""


def written(folder: Path, devices: Sequence[str]) -> str:
    """A file of instruments at TCPIP::sim-0::INSTR, TCPIP::sim-1::INSTR ..., as a VISA library."""
    places = "".join(f"  TCPIP::sim-{number}::INSTR:\n    device: d{number}\n" for number in range(len(devices)))
    named = "".join(device.replace("@NAME@", f"d{number}") for number, device in enumerate(devices))
    file = folder / "instruments.yaml"
    file.write_text(f"{HEAD}{named}resources:\n{places}")
    return f"{file}@sim"


def device(
    properties: Sequence[str],
    dialogues: Sequence[tuple[str, str | None]] = (),
    error_query: str = "SYST:ERR?",
    name: str = "THE ONE",
) -> str:
    """One of them."""
    said = ", ".join(
        f"{{q: '{query}'}}" if answer is None else f"{{q: '{query}', r: '{answer}'}}"
        for query, answer in (("*IDN?", f"MAKER,{name},1,1.0"), *dialogues)
    )
    return DEVICE.format(
        name="@NAME@", error_query=error_query, dialogues=f"[{said}]", properties="".join(properties) or "      {}"
    )


def text(name: str, header: str, default: str = "") -> str:
    """A property of any text."""
    return PROPERTY.format(name=name, default=default, query=f"{header}?", setter=header)


def number(name: str, header: str, low: float, high: float, default: float) -> str:
    """A property with a range."""
    return NUMBER.format(name=name, default=default, query=f"{header}?", setter=header, low=low, high=high)


def fluke(amplitudes: Sequence[float]) -> str:
    """As much of a 6105A as is spoken to; `amplitudes`: the RMS values that it reads back, U1, I1, U2 ..."""
    properties = [number("frequency", "SOUR:FREQ", 16.0, 850.0, 50.0), text("output", "OUTP:STAT", "OFF")]
    dialogues: list[tuple[str, str | None]] = []
    channels = [(phase, kind) for phase in (1, 2, 3) for kind in ("VOLT", "CURR")]
    for (phase, kind), amplitude in zip(channels, amplitudes, strict=True):
        channel = f"SOUR:PHAS{phase}:{kind}"
        dialogues += [(f"{channel}:MHAR:CLE", None), (f"{channel}:MHAR:AMPL?", f"{amplitude:.6E}")]
        properties += [
            text(f"s{phase}{kind}", f"{channel}:STAT", "OFF"),
            text(f"m{phase}{kind}", f"{channel}:MHAR:STAT", "OFF"),
            *(text(f"h{order}_{phase}{kind}", f"{channel}:MHAR:HARM{order}", "0.0,0.0") for order in (1, 3, 5)),
        ]
    return device(properties, dialogues, name="THE ONE, A 6105A")


def wt5000(values: str, items: int = 25) -> str:
    """As much of a WT5000 as is spoken to."""
    properties = [
        text("header", ":COMMunicate:HEADer"),
        text("format", ":NUMeric:FORMat"),
        text("count", ":NUMeric:NORMal:NUMber"),
        *(text(f"item{each}", f":NUMeric:NORMal:ITEM{each}") for each in range(1, items + 1)),
    ]
    return device(properties, [(":NUMeric:NORMal:VALue?", values)], ":STATus:ERRor?", "THE ONE, A WT5000")
