"""NetworkManager's interfaces, properties with their types, and numbers, as its introspection files have them (1.42).

Written from those files and not from the client's, so that the two can disagree.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "org.freedesktop.NetworkManager"
ROOT = "/org/freedesktop/NetworkManager"
SETTINGS_PATH = f"{ROOT}/Settings"
OBJECT_MANAGER = "/org/freedesktop"

DEVICE = f"{NAME}.Device"
WIRED = f"{NAME}.Device.Wired"
WIRELESS = f"{NAME}.Device.Wireless"
ACCESS_POINT = f"{NAME}.AccessPoint"
ACTIVE = f"{NAME}.Connection.Active"
IP4 = f"{NAME}.IP4Config"
SETTINGS = f"{NAME}.Settings"
CONNECTION = f"{NAME}.Settings.Connection"

PROPERTIES: Mapping[str, Mapping[str, str]] = MappingProxyType({
    NAME: {
        "Devices": "ao", "AllDevices": "ao", "NetworkingEnabled": "b", "WirelessEnabled": "b",
        "WirelessHardwareEnabled": "b", "ActiveConnections": "ao", "PrimaryConnection": "o",
        "PrimaryConnectionType": "s", "Startup": "b", "Version": "s", "State": "u", "Connectivity": "u",
    },
    DEVICE: {
        "Udi": "s", "Interface": "s", "IpInterface": "s", "Driver": "s", "Capabilities": "u", "State": "u",
        "StateReason": "(uu)", "ActiveConnection": "o", "Ip4Config": "o", "Managed": "b", "Autoconnect": "b",
        "DeviceType": "u", "AvailableConnections": "ao", "Mtu": "u", "Real": "b", "HwAddress": "s",
    },
    WIRED: {"HwAddress": "s", "PermHwAddress": "s", "Speed": "u", "Carrier": "b"},
    WIRELESS: {
        "HwAddress": "s", "PermHwAddress": "s", "Mode": "u", "Bitrate": "u", "AccessPoints": "ao",
        "ActiveAccessPoint": "o", "WirelessCapabilities": "u", "LastScan": "x",
    },
    ACCESS_POINT: {
        "Flags": "u", "WpaFlags": "u", "RsnFlags": "u", "Ssid": "ay", "Frequency": "u", "HwAddress": "s", "Mode": "u",
        "MaxBitrate": "u", "Strength": "y", "LastSeen": "i",
    },
    ACTIVE: {
        "Connection": "o", "SpecificObject": "o", "Id": "s", "Uuid": "s", "Type": "s", "Devices": "ao", "State": "u",
        "StateFlags": "u", "Default": "b", "Ip4Config": "o", "Default6": "b", "Vpn": "b",
    },
    IP4: {"Addresses": "aau", "AddressData": "aa{sv}", "Gateway": "s", "NameserverData": "aa{sv}", "Domains": "as"},
    SETTINGS: {"Connections": "ao", "Hostname": "s", "CanModify": "b"},
    CONNECTION: {"Unsaved": "b", "Flags": "u", "Filename": "s"},
})  # fmt: skip

ETHERNET_TYPE, WIFI_TYPE = 1, 2
UNAVAILABLE, DISCONNECTED, PREPARE, CONFIG, NEED_AUTH = 20, 30, 40, 50, 60
IP_CONFIG, IP_CHECK, SECONDARIES, ACTIVATED, DEACTIVATING, FAILED = 70, 80, 90, 100, 110, 120

NO_REASON, NOW_MANAGED, ADDRESS_UNAVAILABLE, NO_SECRETS, SUPPLICANT_DISCONNECT = 0, 2, 5, 7, 8
SUPPLICANT_TIMEOUT, CONNECTION_REMOVED, USER_REQUESTED, CARRIER, SSID_NOT_FOUND = 11, 38, 39, 40, 53
NEW_ACTIVATION, ADDRESS_DUPLICATE = 60, 64

ACTIVATING, ACTIVE_ACTIVATED, ACTIVE_DEACTIVATED = 1, 2, 4
INFRASTRUCTURE, AS_ACCESS_POINT = 2, 3
PRIVACY, PSK, SAE, CCMP = 0x1, 0x100, 0x400, 0x88
CAN_BE_ACCESS_POINT, HEARS_2_4, HEARS_UPPER = 0x40, 0x200, 0x400
FREQUENCIES_KNOWN, RSN, WPA, CIPHERS = 0x100, 0x20, 0x10, 0x0C
UNSAVED, VOLATILE = 0x1, 0x4
"""NM_SETTINGS_CONNECTION_FLAG."""

PERMISSION_DENIED = f"{NAME}.PermissionDenied"
UNKNOWN_CONNECTION = f"{NAME}.UnknownConnection"
UNKNOWN_DEVICE = f"{NAME}.UnknownDevice"
NOT_ACTIVE = f"{NAME}.ConnectionNotActive"
INVALID_CONNECTION = f"{NAME}.Settings.InvalidConnection"
NOT_ALLOWED = f"{NAME}.Device.NotAllowed"
