"""What the other side, broker or cloud, may have against the unit or a block of it; each is an `UplinkFault`."""

from __future__ import annotations

from ampguard.errors import UplinkFault


class NotAdmitted(UplinkFault):
    """Token or certificate are missing, wrong or not accepted: the owner must act."""


class BlockRefused(UplinkFault):
    """The other side will not have this block as it is."""


class NeverTaken(BlockRefused):
    """The cloud names what was sent, and can never store it."""

    def __init__(self, sentence: str, why: str) -> None:
        super().__init__(sentence)
        self.why = why
        """In the cloud's words."""


class BlockTooLarge(UplinkFault):
    """The other side would take a smaller one."""


class Busy(UplinkFault):
    """The other side asks for patience."""

    def __init__(self, sentence: str, retry_after_s: float | None) -> None:
        super().__init__(sentence)
        self.retry_after_s = retry_after_s
        """None: it did not say how long."""
