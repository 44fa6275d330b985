"""What NetworkManager's numbers mean. Source: its `nm-dbus-interface.h`, 1.42; they are part of its API."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class DeviceKind(IntEnum):
    """NM_DEVICE_TYPE: what a device is; others are of no interest here."""

    ETHERNET = 1
    WIFI = 2


class DeviceState(IntEnum):
    """NM_DEVICE_STATE: where a device is on its way to a network."""

    UNKNOWN = 0
    UNMANAGED = 10
    UNAVAILABLE = 20
    DISCONNECTED = 30
    PREPARE = 40
    CONFIG = 50
    NEED_AUTH = 60
    IP_CONFIG = 70
    IP_CHECK = 80
    SECONDARIES = 90
    ACTIVATED = 100
    DEACTIVATING = 110
    FAILED = 120


class StateReason(IntEnum):
    """NM_DEVICE_STATE_REASON: why a device changed its state. Those of modems, bridges and the like are left out."""

    NONE = 0
    UNKNOWN = 1
    NOW_MANAGED = 2
    NOW_UNMANAGED = 3
    CONFIG_FAILED = 4
    IP_CONFIG_UNAVAILABLE = 5
    """No address: what a DHCP server that does not answer ends in since 1.36."""
    IP_CONFIG_EXPIRED = 6
    NO_SECRETS = 7
    """A new key would be needed and nobody is there to ask: what a wrong one ends in."""
    SUPPLICANT_DISCONNECT = 8
    SUPPLICANT_CONFIG_FAILED = 9
    SUPPLICANT_FAILED = 10
    SUPPLICANT_TIMEOUT = 11
    DHCP_START_FAILED = 15
    DHCP_ERROR = 16
    DHCP_FAILED = 17
    SHARED_START_FAILED = 18
    SHARED_FAILED = 19
    FIRMWARE_MISSING = 35
    REMOVED = 36
    SLEEPING = 37
    CONNECTION_REMOVED = 38
    USER_REQUESTED = 39
    CARRIER = 40
    SUPPLICANT_AVAILABLE = 42
    DEPENDENCY_FAILED = 50
    SSID_NOT_FOUND = 53
    NEW_ACTIVATION = 60
    IP_ADDRESS_DUPLICATE = 64
    IP_METHOD_UNSUPPORTED = 65


class ActiveState(IntEnum):
    """NM_ACTIVE_CONNECTION_STATE."""

    UNKNOWN = 0
    ACTIVATING = 1
    ACTIVATED = 2
    DEACTIVATING = 3
    DEACTIVATED = 4


class WifiMode(IntEnum):
    """NM_802_11_MODE: what a Wi-Fi device does."""

    UNKNOWN = 0
    ADHOC = 1
    INFRASTRUCTURE = 2
    ACCESS_POINT = 3
    MESH = 4


class KeyManagement(IntFlag):
    """NM_802_11_AP_SEC: how an access point wants to be asked; the ciphers are left out."""

    PSK = 0x100
    ENTERPRISE = 0x200
    SAE = 0x400
    OWE = 0x800
    OWE_TRANSITION = 0x1000
    SUITE_B = 0x2000


PRIVACY = 0x1
"""NM_802_11_AP_FLAGS_PRIVACY: it wants a key of some kind."""


def device_state(number: int) -> DeviceState:
    """What a number means; one that a newer NetworkManager may have is unknown."""
    try:
        return DeviceState(number)
    except ValueError:
        return DeviceState.UNKNOWN


def state_reason(number: int) -> StateReason:
    """What a number means; one that is not listed here is unknown."""
    try:
        return StateReason(number)
    except ValueError:
        return StateReason.UNKNOWN
