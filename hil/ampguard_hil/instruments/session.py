"""A session with instruments, written down as JSON lines and played again: who was told what, what it said, and when.

A line: `{"at_s": 3.2, "who": "source", "what": "apply", "with": {...}, "said": ...}`; `"failed"` where it failed.
Played again, the same check runs without instruments and box; a check that asks something else is refused.
"""

from __future__ import annotations

import json
import time
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from ampguard_drivers.simulated import statement
from ampguard_hil.accuracy.run import UnsettledError
from ampguard_hil.instruments.protocols import Function, InstrumentError, Known, Spot

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ampguard_drivers.simulated.front_end import Tolerances
    from ampguard_drivers.simulated.supply import State
    from ampguard_hil.accuracy.run import AReading, Readings
    from ampguard_hil.instruments.protocols import Drift, ReferenceMeter, ThreePhaseSource, Truth


class OtherSessionError(Exception):
    """What is played was another session; a sentence for people."""


class Tape(Protocol):
    """Between a check and whoever answers it."""

    def ask(self, who: str, what: str, told: object, do: Callable[[], object]) -> Any:
        """What it says: by doing it, or as it said once. Raises what doing it raises, and OtherSessionError."""
        ...


_FAILURES: dict[str, type[Exception]] = {each.__name__: each for each in (InstrumentError, UnsettledError)}


class Recording:
    """Writes down."""

    def __init__(self, file: IO[str], now_s: Callable[[], float] = time.monotonic) -> None:
        self._file, self._now_s = file, now_s
        self._began_s = now_s()

    def ask(self, who: str, what: str, told: object, do: Callable[[], object]) -> Any:
        """See `Tape`."""
        line: dict[str, object] = {"who": who, "what": what, "with": told}
        try:
            line["said"] = do()
        except (InstrumentError, UnsettledError) as why:
            line["failed"] = [type(why).__name__, str(why)]
            raise
        finally:
            self._file.write(json.dumps({"at_s": round(self._now_s() - self._began_s, 3), **line}) + "\n")
            self._file.flush()
        return line["said"]


class Replay:
    """Plays again."""

    def __init__(self, file: Path) -> None:
        """Raises OtherSessionError for a file that is no session."""
        self._name = file.name
        self._lines: list[dict[str, Any]] = []
        for number, text in enumerate(file.read_text().splitlines(), 1):
            line = _line(text)
            if line is None:
                raise OtherSessionError(f"{file.name}, line {number}: wanted a line of a session, met {text[:80]}")
            self._lines.append(line)
        self._next = 0

    @property
    def left(self) -> int:
        """Lines that were not asked for."""
        return len(self._lines) - self._next

    def ask(self, who: str, what: str, told: object, do: Callable[[], object]) -> Any:
        """See `Tape`; nothing is done."""
        del do
        asked = f"{who} {what} {json.dumps(told)}"
        if self._next == len(self._lines):
            raise OtherSessionError(f"{self._name}: it ends after {self._next} lines; the check asks for {asked[:200]}")
        line = self._lines[self._next]
        self._next += 1
        known = f"{line['who']} {line['what']} {json.dumps(line['with'])}"
        if known != asked:
            raise OtherSessionError(
                f"{self._name}, line {self._next}: it has {known[:200]}; the check asks for {asked[:200]}"
            )
        if "failed" in line:
            name, sentence = line["failed"]
            raise _FAILURES[name](sentence)
        return line["said"]


class TapedSource:
    """`protocols.ThreePhaseSource` on a tape; without a source it can only be played."""

    def __init__(self, tape: Tape, source: ThreePhaseSource | None = None) -> None:
        self._tape, self._source = tape, source
        self._told: State | None = None

    def apply(self, state: State) -> None:
        """See `protocols.ThreePhaseSource`."""
        self._tape.ask("source", "apply", _plain(statement.as_json(state)), lambda: _there(self._source).apply(state))
        self._told = state

    def output(self, *, on: bool) -> None:
        """See `protocols.ThreePhaseSource`."""
        self._tape.ask("source", "output", on, lambda: _there(self._source).output(on=on))

    @property
    def told(self) -> State:
        """See `protocols.ThreePhaseSource`."""
        if self._told is None:
            raise InstrumentError("taped source: wanted to know what it was told, met nothing told yet")
        return self._told


class TapedDrift:
    """`protocols.Drift` on a tape."""

    def __init__(self, tape: Tape, drift: Drift | None = None) -> None:
        self._tape, self._drift = tape, drift

    def deviate(self, by: Tolerances) -> None:
        """See `protocols.Drift`."""
        self._tape.ask("drift", "deviate", _plain(statement.as_json(by)), lambda: _there(self._drift).deviate(by))


class TapedReference:
    """`protocols.ReferenceMeter` on a tape."""

    def __init__(self, tape: Tape, reference: ReferenceMeter | None = None) -> None:
        self._tape, self._reference = tape, reference

    def read(self) -> Truth:
        """See `protocols.ReferenceMeter`."""
        said = self._tape.ask("reference", "read", None, self._said)
        return {
            Spot(Function(function), phase): Known(value, uncertainty) for function, phase, value, uncertainty in said
        }

    def _said(self) -> list[tuple[str, str, float, float]]:
        read = _there(self._reference).read()
        return [(spot.function.value, spot.phase, each.value, each.uncertainty) for spot, each in read.items()]


class TapedReadings:
    """`run.Readings` on a tape: what the box said."""

    def __init__(self, tape: Tape, readings: Readings | None = None) -> None:
        self._tape, self._readings = tape, readings

    def settled(self, count: int) -> Sequence[AReading]:
        """See `run.Readings`."""
        said = self._tape.ask("box", "settled", count, lambda: list(_there(self._readings).settled(count)))
        return cast("Sequence[AReading]", said)


def _line(text: str) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    if not isinstance(line, dict):
        return None
    found = cast("dict[str, Any]", line)
    return found if {"who", "what", "with"} <= found.keys() and found.keys() & {"said", "failed"} else None


def _there(instrument: Any) -> Any:
    if instrument is None:
        raise InstrumentError("wanted an instrument, met a session that is only played")
    return instrument


def _plain(value: object) -> object:
    """As JSON has it: tuples are lists."""
    return json.loads(json.dumps(value))
