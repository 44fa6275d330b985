"""What a run of the fleet found: for people, and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from ampguard_hil.fleet.tally import Latency

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_hil.fleet.tally import Tally

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerUse:
    """What our own broker took."""

    processor_ratio: float
    """Of a core, while it was measured."""
    memory_bytes: int
    """Resident, at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Counts are of the whole run, latencies of the measured part."""

    units: int
    tls: bool
    mqtt: str
    connected: int
    """At the end."""
    ramp_s: float
    """Until every unit had been connected, or there was no more time for that."""
    measured_s: float
    made: int
    acknowledged: int
    refused: int
    outstanding: int
    committed: int | None
    """None: that was not waited for."""
    sent_again: int
    live: int
    connects: int
    losses: int
    failures: Mapping[str, int] = field(default_factory=dict[str, int])
    acknowledged_after: Latency
    committed_after: Latency | None
    generator_ratio: float
    """Processor time of the generator in cores, while it was measured."""
    broker: BrokerUse | None
    """None: it is not ours."""
    load_average_ratio: float
    """Of this machine (processes that run or want to), one minute, at the end."""

    @property
    def is_clean(self) -> bool:
        """Everybody connected once and for all, and everything was taken."""
        unsettled = self.made - (self.acknowledged if self.committed is None else self.committed)
        return not (self.losses or self.failures or unsettled) and self.connected == self.units

    def text(self) -> str:
        """For people."""
        way = "TLS 1.3" if self.tls else "plain"
        rate_hz = self.acknowledged_after.count / self.measured_s if self.measured_s > 0.0 else 0.0
        left = f"{self.outstanding} outstanding; {self.sent_again} sent again"
        lines = [
            f"units           {self.connected} of {self.units} connected at the end, MQTT {self.mqtt}, {way}",
            f"time            ramp {self.ramp_s:.0f} s, measured {self.measured_s:.0f} s: {rate_hz:.0f} blocks/s",
            f"blocks          {self.made} made: {self.acknowledged} acknowledged, {self.refused} refused, {left}",
            f"sessions        {self.connects} accepted, {self.losses} lost, {sum(self.failures.values())} tries failed",
            f"acknowledged    {self.acknowledged_after}",
        ]
        if self.committed is not None:
            lines.append(f"committed       {self.committed} blocks; {self.committed_after}")
        if self.live:
            lines.append(f"live            {self.live} readings")
        if self.broker is not None:
            each = self.broker.memory_bytes / max(self.connected, 1) / 1024
            lines.append(
                f"broker          {100.0 * self.broker.processor_ratio:.1f} % of a core, "
                f"{self.broker.memory_bytes / 1e6:.0f} MB, {each:.1f} KiB for each unit"
            )
        load = f"load average {self.load_average_ratio:.1f}"
        lines.append(f"generator       {100.0 * self.generator_ratio:.0f} % of a core; {load}")
        shown = sorted(self.failures.items(), key=lambda one: -one[1])[:_SHOWN]
        lines += [f"failed          {count} x {reason}" for reason, count in shown]
        return "\n".join(lines)

    def json(self) -> str:
        """One object."""
        return json.dumps({**asdict(self), "is_clean": self.is_clean}, separators=(",", ":"))


def report(  # noqa: PLR0913 - a report is what there is to say
    tally: Tally, *, units: int, tls: bool, mqtt: str, ramp_s: float, measured_s: float, waited_for_commit: bool,
    generator_s: float, broker: BrokerUse | None, load_average_ratio: float,
) -> Report:  # fmt: skip
    """Of a tally of all processes; `generator_s`: their processor time while it was measured."""
    return Report(
        units=units,
        tls=tls,
        mqtt=mqtt,
        connected=tally.connected,
        ramp_s=ramp_s,
        measured_s=measured_s,
        made=tally.made,
        acknowledged=tally.acknowledged,
        refused=tally.refused,
        outstanding=tally.outstanding,
        committed=tally.committed if waited_for_commit else None,
        sent_again=tally.sent_again,
        live=tally.live,
        connects=tally.connects,
        losses=tally.losses,
        failures=dict(tally.failures),
        acknowledged_after=Latency.of(tally.acknowledged_after_s),
        committed_after=Latency.of(tally.committed_after_s) if waited_for_commit else None,
        generator_ratio=generator_s / measured_s if measured_s > 0.0 else 0.0,
        broker=broker,
        load_average_ratio=load_average_ratio,
    )
