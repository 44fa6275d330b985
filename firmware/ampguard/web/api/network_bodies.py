"""What the API says of the network and takes for it; words as `ampguard.network` has them, which a test compares."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json
    from ampguard.web.network import Air

SSID_DIGITS = r"^([0-9a-fA-F]{2}){1,32}$"
LONGEST_PASSWORD = 256
"""Of what is looked at; the unit takes 30 characters and says so."""
LONGEST_ADDRESS = 40
MOST_NAME_SERVERS = 4


class LinkState(StrEnum):
    """Of a cable or a radio."""

    ABSENT = "absent"
    UNPLUGGED = "unplugged"
    IDLE = "idle"
    JOINING = "joining"
    JOINED = "joined"
    ACCESS_POINT = "access_point"
    """It makes the unit's own access point, and cannot be in a network."""


class JoinState(StrEnum):
    """Where joining is; under way but for idle, joined and failed."""

    IDLE = "idle"
    LEAVING = "leaving"
    ASSOCIATING = "associating"
    ADDRESSING = "addressing"
    CHECKING = "checking"
    KEEPING = "keeping"
    JOINED = "joined"
    RESTORING = "restoring"
    FAILED = "failed"


class FailReason(StrEnum):
    """Why a network was not joined."""

    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a reason, no password
    NOT_FOUND = "not_found"
    NO_DHCP = "no_dhcp"
    NO_GATEWAY = "no_gateway"
    ADDRESS_TAKEN = "address_taken"
    ONLY_UPPER_BAND = "only_5_ghz"
    WEAK_SIGNAL = "weak_signal"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    NO_MANAGER = "no_manager"
    INTERRUPTED = "interrupted"


class NetworkName(BaseModel):
    """Of a network."""

    ssid: str
    """For people; what cannot be shown is written as \\xNN."""
    ssid_hex: str
    """The name itself, whatever its bytes."""


class SavedNetwork(NetworkName):
    """One that the unit joins by itself."""

    in_reach: bool
    """Whether the radio has heard it when it listened last: before the access point opened, where that takes it."""


class Reception(NetworkName):
    """The network that the radio is in."""

    signal_dbm: int
    bars: int
    """0 to 4; 2 and more are good enough."""
    weak: bool
    """Below -80 dBm."""


class Link(BaseModel):
    """The cable."""

    state: LinkState
    interface: str
    address: str | None
    """With its prefix, as in 192.168.1.20/24."""
    gateway: str | None


class RadioLink(Link):
    """The radio."""

    reception: Reception | None


class AccessPointNow(BaseModel):
    """The unit's own."""

    ssid: str
    address: str
    open: bool
    closes_in_s: float | None
    beside_network: bool
    """Whether it stays open while the radio is in a network."""
    is_yours: bool
    """Whether this request has come over it."""


class LastJoin(NetworkName):
    """What became of the last try to join one."""

    outcome: Literal["under_way", "joined", "failed"]
    reason: FailReason | None
    sentence: str | None
    """The reason, in English."""
    weak: bool


class NetworkNow(BaseModel):
    """How the unit is connected."""

    manager: bool
    """Whether the unit's network service answers; if not, the rest is what was known last, or nothing."""
    connected: bool
    """Whether the unit is in a network that somebody else makes."""
    lan: Link
    wifi: RadioLink
    access_point: AccessPointNow
    join: JoinState
    last_join: LastJoin | None
    saved: list[SavedNetwork]
    name: str
    """By which the unit is found in its network."""


class Heard(Reception):
    """A network in the air."""

    security: Literal["open", "enhanced_open", "personal", "enterprise", "wep"]
    only_upper_band: bool = Field(alias="only_5_ghz")
    """Only on 5 GHz or above, which the unit does not use."""
    usable: bool
    """Whether the unit can join it at all: 2.4 GHz, no password or one for all."""
    access_points: int
    known: bool
    """Whether it is saved."""


class AirNow(BaseModel):
    """What was heard."""

    networks: list[Heard]
    """The best first."""
    age_s: float | None
    """null: the radio has not listened yet."""


class WantedScan(BaseModel):
    """How to listen."""

    model_config = ConfigDict(extra="forbid")

    close_access_point: bool = False
    """Whoever is on the access point is thrown off for some seconds. Needed where it takes the radio."""


class FixedAddress(BaseModel):
    """Instead of DHCP."""

    model_config = ConfigDict(extra="forbid")

    address: str = Field(max_length=LONGEST_ADDRESS)
    """With its prefix, as in 192.168.1.20/24."""
    gateway: str | None = Field(None, max_length=LONGEST_ADDRESS)
    name_servers: list[Annotated[str, Field(max_length=LONGEST_ADDRESS)]] = Field([], max_length=MOST_NAME_SERVERS)


class WantedJoin(BaseModel):
    """Which network; its name in one of two ways."""

    model_config = ConfigDict(extra="forbid")

    ssid: str | None = Field(None, max_length=32)
    ssid_hex: str | None = Field(None, pattern=SSID_DIGITS)
    password: str | None = Field(None, max_length=LONGEST_PASSWORD)
    """At most 30 printable characters of ASCII; null or "" where it has none."""
    fixed: FixedAddress | None = None


def state(told: Mapping[str, Json], *, is_yours: bool) -> NetworkNow:
    """As it is answered."""
    own = told["access_point"]
    if not isinstance(own, dict):
        raise TypeError("access_point: wanted an object")
    return NetworkNow.model_validate({**told, "access_point": {**own, "is_yours": is_yours}})


def air(heard: Air, told: Mapping[str, Json]) -> AirNow:
    """As it is answered: what is known among it is said."""
    known = {one.ssid_hex for one in state(told, is_yours=False).saved}
    return AirNow(
        networks=[Heard.model_validate({**one, "known": one["ssid_hex"] in known}) for one in heard.networks],
        age_s=heard.age_s,
    )
