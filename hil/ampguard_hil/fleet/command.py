"""`ampguard-bench fleet N`: so many units at a broker, ours or somebody else's, and what that did to it."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from paho.mqtt.enums import MQTTProtocolVersion

from ampguard_hil.cloud.place import Cloud
from ampguard_hil.fleet import limits
from ampguard_hil.fleet.broker import FleetBroker, two_ports
from ampguard_hil.fleet.certificates import CertificateError, prepare
from ampguard_hil.fleet.fleet import Fleet, FleetError
from ampguard_hil.fleet.limits import LimitError
from ampguard_hil.fleet.report import BrokerUse, Report, report
from ampguard_hil.fleet.session import Broker
from ampguard_hil.fleet.unit import serial_of
from ampguard_hil.ports import HOST
from ampguard_hil.processes import ProcessError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ampguard_hil.fleet.fleet import Wish
    from ampguard_hil.fleet.tally import Tally
    from ampguard_hil.processes import Process

VERSIONS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}
CLEAN, UNCLEAN, IMPOSSIBLE = 0, 1, 2
CLOUD_START_S = 20.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_LINE_S = 10.0
"""Between two lines of progress where the output is no terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the person asked for."""

    wish: Wish
    duration_s: float = 60.0
    where: tuple[str, int] | None = None
    """Somebody else's broker; None: our own."""
    mqtt: str = "5"
    tls: bool = False
    authority: Path | None = None
    certificates: Path | None = None
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the fleet connects; the broker's process where it is ours."""

    broker: Broker
    process: Process | None = None


class Progress:
    """A line that changes, or a line now and then where nobody looks at a terminal; to standard error."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._said_s = -_LINE_S
        self._begin_s = time.monotonic()

    def __call__(self, tally: Tally) -> None:
        """Say how it goes."""
        now_s = time.monotonic()
        if not self._is_terminal and now_s - self._said_s < _LINE_S:
            return
        self._said_s = now_s
        text = (
            f"{now_s - self._begin_s:5.0f} s  {tally.connected} connected, {tally.losses} lost, "
            f"{sum(tally.failures.values())} tries failed; {tally.acknowledged} of {tally.made} blocks acknowledged"
        )
        sys.stderr.write(f"\r{text}\x1b[K" if self._is_terminal else f"{text}\n")
        sys.stderr.flush()

    def end(self) -> None:
        """The line is finished."""
        if self._is_terminal:
            sys.stderr.write("\n")


def fleet(wishes: Wishes) -> int:
    """Run it and print; the exit code."""
    progress = Progress()
    try:
        found = run(wishes, progress)
    except (LimitError, CertificateError, FleetError, ProcessError) as why:
        print(why, file=sys.stderr)  # noqa: T201 - a sentence for people
        return IMPOSSIBLE
    finally:
        progress.end()
    print(found.json() if wishes.as_json else found.text())  # noqa: T201 - the program's output
    return CLEAN if found.is_clean else UNCLEAN


def run(wishes: Wishes, watch: Callable[[Tally], None]) -> Report:
    """Ctrl-C ends it early. Raises LimitError, CertificateError, FleetError, ProcessError."""
    wish = wishes.wish
    limits.check(wish.units, limits.raise_file_limit(), processes=wish.processes, own_broker=wishes.where is None)
    with tempfile.TemporaryDirectory(prefix="ag-fleet-") as place, _place(wishes, Path(place)) as found:
        many = Fleet(wish, found.broker)
        try:
            return _measured(wishes, many, found.process, watch)
        finally:
            many.close()


def _measured(wishes: Wishes, many: Fleet, process: Process | None, watch: Callable[[Tally], None]) -> Report:
    begin_s = measured_from_s = time.monotonic()
    generator_s = broker_s = 0.0
    with contextlib.suppress(KeyboardInterrupt):
        many.ramp(watch)
        measured_from_s = time.monotonic()
        generator_s, broker_s = many.tally.processor_s, _processor_s(process)
        many.measure(wishes.duration_s, watch)
    measured_s = time.monotonic() - measured_from_s
    generator_s = many.tally.processor_s - generator_s
    use = None
    if process is not None and process.pid is not None:
        use = BrokerUse(
            processor_ratio=(_processor_s(process) - broker_s) / max(measured_s, 1e-3),
            memory_bytes=_resident_bytes(process.pid),
        )
    load_average_ratio = os.getloadavg()[0]
    return report(
        many.finish(watch),
        units=wishes.wish.units,
        tls=wishes.tls,
        mqtt=wishes.mqtt,
        ramp_s=measured_from_s - begin_s,
        measured_s=measured_s,
        waited_for_commit=wishes.wish.committed,
        generator_s=generator_s,
        broker=use,
        load_average_ratio=load_average_ratio,
    )


@contextlib.contextmanager
def _place(wishes: Wishes, folder: Path) -> Generator[_Place]:
    """The broker, and whoever else is needed, for as long as it is used."""
    made = authority = None
    if wishes.tls:
        serials = (serial_of(number) for number in range(wishes.wish.units))
        made = prepare(wishes.certificates or folder / "certificates", serials)
        authority = wishes.authority or made.authority
    version = VERSIONS[wishes.mqtt]
    if wishes.where is not None:
        yield _Place(Broker(*wishes.where, version, authority, made))
        return
    port, tls_port = two_ports()
    own = FleetBroker(folder, port, None if made is None else tls_port, made)
    own.start()
    cloud = Cloud(folder, own) if wishes.wish.committed else None
    try:
        if cloud is not None:
            cloud.process.start()
            if not wait_until(lambda: "connected" in cloud.process.last_words(), CLOUD_START_S):
                raise ProcessError("the reference cloud does not start", cloud.process.last_words())
        at = port if own.tls_port is None else own.tls_port
        yield _Place(Broker(HOST, at, version, authority, made), own.process)
    finally:
        if cloud is not None:
            cloud.process.stop()
        own.stop()


def _processor_s(process: Process | None) -> float:
    """Processor time of a process so far; 0 where there is none."""
    if process is None or process.pid is None:
        return 0.0
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def _resident_bytes(pid: int) -> int:
    (line,) = (one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024
