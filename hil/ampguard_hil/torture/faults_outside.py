"""Faults of what is around a unit: broker, network, names, certificates, the clock; and of its electronics."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ampguard_hil.torture.fault import BACKOFF_S, NOTICED_S, PATIENCE_S, Fault, Terms
from ampguard_hil.torture.lights import Broken
from ampguard_hil.torture.world import CLOUD, NOBODY

if TYPE_CHECKING:
    from random import Random

    from ampguard_hil.torture.unit import TorturedUnit

KEEPALIVE_S, CONNECTING_S = 20.0, 10.0
"""Of the uplink: a connection that nobody answers on is given up after two of the first; a try takes so long."""
_DAY_S = 86_400
_CLOUD = frozenset((Broken.CLOUD,))
_MEASURING = frozenset((Broken.MEASURING,))
_METER = frozenset(("meter",))
_ALL = 1_000_000
"""More frames or interrupts than a fault lasts."""


class BrokerDown(Fault):
    """Nobody takes connections."""

    kind = "broker-down"
    terms = Terms((2.0, 25.0), delivers_s=PATIENCE_S + BACKOFF_S, breaks=_CLOUD)

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.kill(("broker",))

    def heal(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.victims["broker"].start()


class HalfOpen(Fault):
    """Every packet is dropped without a word."""

    kind = "half-open-tcp"
    terms = Terms(
        (5.0, 70.0), PATIENCE_S + BACKOFF_S + 2 * KEEPALIVE_S, breaks=_CLOUD, shows_s=2 * KEEPALIVE_S + NOTICED_S
    )

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.world.unit.drop_all(on=True)

    def heal(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.world.unit.drop_all(on=False)


class Expired(Fault):
    """The broker's certificate has expired."""

    kind = "tls-expiry"
    terms = BrokerDown.terms

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.world.certify(expired=True)
        _start_again(unit)

    def heal(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.world.certify(expired=False)
        _start_again(unit)


class DnsLies(Fault):
    """The name leads to nobody, or is unknown; the connection that there was is lost."""

    kind = "dns-lies"
    terms = Terms((4.0, 25.0), PATIENCE_S + BACKOFF_S + CONNECTING_S, breaks=_CLOUD)

    def __init__(self, chance: Random) -> None:
        """Which of the two is chance."""
        super().__init__(chance)
        self._said = chance.choice((NOBODY, None))

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.world.resolve_to(self._said)
        _start_again(unit)

    def heal(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.world.resolve_to(CLOUD)


class ClockAhead(Fault):
    """The wall clock jumps a day ahead, and back."""

    kind = "clock-ahead"
    days: ClassVar[int] = 1
    terms = Terms((3.0, 15.0))

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.clock.jump_to(self.days * _DAY_S)

    def heal(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.clock.jump_to(0)


class ClockBehind(ClockAhead):
    """The wall clock jumps a day back, and ahead again."""

    kind, days = "clock-behind", -1


class _OnBoard(Fault):
    """A fault that the simulated electronics has on request."""

    name: ClassVar[str]
    value: ClassVar[int | bool]

    def strike(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.inject(self.name, self.value)

    def heal(self, unit: TorturedUnit) -> None:
        """See `Fault`."""
        unit.inject(self.name, type(self.value)(0))


class ChipReset(_OnBoard):
    """The metering IC restarts by itself: what was configured is gone."""

    kind, name, value = "chip-reset", "brown_out", True
    terms = Terms()

    def heal(self, unit: TorturedUnit) -> None:
        """It is over at once."""


class ChipAbsent(_OnBoard):
    """Nothing answers on the bus."""

    kind, name, value = "chip-absent", "chip_absent", True
    terms = Terms((2.0, 12.0), breaks=_MEASURING, may_end=_METER)


class CrcStorm(_OnBoard):
    """Every reply has a bit turned round."""

    kind, name, value = "crc-storm", "corrupt_frames", _ALL
    terms = Terms((1.0, 12.0), breaks=_MEASURING, may_end=_METER)


class InterruptLoss(_OnBoard):
    """The chip's interrupts do not reach the processor, which looks by itself when one is late: it measures on."""

    kind, name, value = "interrupt-loss", "lost_interrupts", _ALL
    terms = Terms((1.0, 12.0))


class InterruptStuck(_OnBoard):
    """The line of the chip's interrupts stays low."""

    kind, name, value = "interrupt-stuck", "irq0_stuck_low", True
    terms = Terms((1.0, 12.0), breaks=_MEASURING, may_end=_METER)


def _start_again(unit: TorturedUnit) -> None:
    unit.kill(("broker",))
    unit.victims["broker"].start()
