"""Why a network was not joined, in words that an installer can act on."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.network.numbers import StateReason

if TYPE_CHECKING:
    from collections.abc import Mapping


class Reason(StrEnum):
    """Why it failed; `WEAK_SIGNAL` is a warning beside a success or a failure."""

    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a reason, no password
    NOT_FOUND = "not_found"
    NO_DHCP = "no_dhcp"
    NO_GATEWAY = "no_gateway"
    """There is an address, but the router that it names is not there."""
    ADDRESS_TAKEN = "address_taken"
    """Somebody else has the fixed address."""
    ONLY_UPPER_BAND = "only_5_ghz"
    WEAK_SIGNAL = "weak_signal"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    """By the network, or by what drives the radio."""
    NO_MANAGER = "no_manager"
    """NetworkManager does not answer."""
    INTERRUPTED = "interrupted"
    """The unit was switched off, or its software ended, while it joined."""


SENTENCES: Mapping[Reason, str] = MappingProxyType({
    Reason.WRONG_PASSWORD: "The password is wrong for this network.",
    Reason.NOT_FOUND: "The network was not heard. Is it in range, and does its router have 2.4 GHz switched on?",
    Reason.NO_DHCP: "The network gave no address. Switch on DHCP in its router, or set a fixed address.",
    Reason.NO_GATEWAY: "The network was joined, but its router does not answer at the gateway's address.",
    Reason.ADDRESS_TAKEN: "Another device in this network has the fixed address already.",
    Reason.ONLY_UPPER_BAND: "This network is on 5 GHz only; the unit needs 2.4 GHz. Switch that on in the router.",
    Reason.WEAK_SIGNAL: "The signal is weaker than -80 dBm: expect interruptions. An outside antenna or a cable helps.",
    Reason.TIMEOUT: "The network did not answer in time.",
    Reason.REFUSED: "The network refused the unit.",
    Reason.NO_MANAGER: "The unit's network service does not answer. It is started again by itself; try once more.",
    Reason.INTERRUPTED: "The unit was restarted while it joined the network. Try once more.",
})  # fmt: skip

_BY_STATE_REASON: Mapping[StateReason, Reason] = MappingProxyType({
    StateReason.NO_SECRETS: Reason.WRONG_PASSWORD,
    StateReason.SUPPLICANT_DISCONNECT: Reason.WRONG_PASSWORD,
    StateReason.SUPPLICANT_CONFIG_FAILED: Reason.WRONG_PASSWORD,
    StateReason.SUPPLICANT_TIMEOUT: Reason.TIMEOUT,
    StateReason.SSID_NOT_FOUND: Reason.NOT_FOUND,
    StateReason.IP_CONFIG_UNAVAILABLE: Reason.NO_DHCP,
    StateReason.IP_CONFIG_EXPIRED: Reason.NO_DHCP,
    StateReason.DHCP_START_FAILED: Reason.NO_DHCP,
    StateReason.DHCP_ERROR: Reason.NO_DHCP,
    StateReason.DHCP_FAILED: Reason.NO_DHCP,
    StateReason.IP_ADDRESS_DUPLICATE: Reason.ADDRESS_TAKEN,
})  # fmt: skip


def of_failure(why: StateReason, *, has_password: bool, has_dhcp: bool) -> Reason:
    """What a failed activation means, given how it was tried.

    A network without a password cannot have got a wrong one, and a fixed address needs no DHCP.
    """
    reason = _BY_STATE_REASON.get(why, Reason.REFUSED)
    if reason is Reason.WRONG_PASSWORD and not has_password:
        return Reason.REFUSED
    if reason is Reason.NO_DHCP and not has_dhcp:
        return Reason.ADDRESS_TAKEN
    return reason
