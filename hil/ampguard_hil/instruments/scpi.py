"""A line to an instrument that speaks SCPI (IEEE 488.2), over VISA: every refusal and every silence is told."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pyvisa
from pyvisa.constants import StatusCode
from pyvisa.resources import MessageBasedResource

from ampguard_hil.instruments.protocols import InstrumentError

if TYPE_CHECKING:
    from collections.abc import Generator

TIMEOUT_S = 5.0
MOST_ERRORS = 20
"""A queue that does not end is broken."""
ERROR_QUERY = "SYST:ERR?"


class Line:
    """One instrument. It asks for errors after each command, so that a refusal names the command that it is of."""

    def __init__(self, name: str, resource: MessageBasedResource, error_query: str = ERROR_QUERY) -> None:
        self.name = name
        self._resource = resource
        self._error_query = error_query

    def tell(self, command: str) -> None:
        """Raises InstrumentError."""
        with self._in_words(command):
            self._resource.write(command)
        self._refuse(command)

    def ask(self, query: str) -> str:
        """What it answers, without what ends a line. Raises InstrumentError."""
        with self._in_words(query):
            answer = self._resource.query(query).strip()
        self._refuse(query)
        return answer

    def number(self, query: str) -> float:
        """Raises InstrumentError."""
        answer = self.ask(query)
        try:
            return float(answer)
        except ValueError:
            raise InstrumentError(f"{self.name}: {query}: wanted a number, met {answer!r}") from None

    def close(self) -> None:
        """Let it go."""
        self._resource.close()

    def _refuse(self, said: str) -> None:
        found: list[str] = []
        for _ in range(MOST_ERRORS):
            with self._in_words(self._error_query):
                error = self._resource.query(self._error_query).strip()
            number, _, words = error.partition(",")
            if number.strip() in {"0", "+0"}:
                break
            found.append(f"{words.strip().strip(chr(34))} ({number.strip()})")
        if found:
            raise InstrumentError(f"{self.name} refused {said!r}: {'; '.join(found)}")

    @contextlib.contextmanager
    def _in_words(self, said: str) -> Generator[None]:
        try:
            yield
        except pyvisa.VisaIOError as why:
            if why.error_code == StatusCode.error_timeout:
                timeout_s = float(self._resource.timeout) / 1000.0
                raise InstrumentError(
                    f"{self.name}: wanted an answer to {said!r} in {timeout_s:g} s, met none"
                ) from why
            raise InstrumentError(f"{self.name}: {said!r} could not be said: {why.description}") from why
        except OSError as why:  # of pyvisa-py's sockets
            raise InstrumentError(f"{self.name}: {said!r} could not be said: {why.strerror or why}") from why


def opened(
    name: str, address: str, library: str = "@py", error_query: str = ERROR_QUERY, timeout_s: float = TIMEOUT_S
) -> Line:
    """Connect to a VISA address such as TCPIP::192.0.2.30::INSTR; `name` is in what it says it is, as "WT5000" is.

    Raises InstrumentError.
    """
    try:
        resource = pyvisa.ResourceManager(library).open_resource(
            address, resource_pyclass=MessageBasedResource, read_termination="\n", write_termination="\n"
        )
    except (pyvisa.Error, OSError, ValueError) as why:
        raise InstrumentError(f"{name}: wanted an instrument at {address}, met: {why}") from why
    if not isinstance(resource, MessageBasedResource):
        raise InstrumentError(f"{name}: wanted an instrument at {address} that speaks, met {type(resource).__name__}")
    resource.timeout = 1000.0 * timeout_s
    line = Line(name, resource, error_query)
    try:
        _introduce(line, address)
    except InstrumentError:
        line.close()
        raise
    return line


def _introduce(line: Line, address: str) -> None:
    identity = line.ask("*IDN?")
    if line.name.upper() not in identity.upper():
        raise InstrumentError(f"{line.name}: wanted it at {address}, met {identity}")
