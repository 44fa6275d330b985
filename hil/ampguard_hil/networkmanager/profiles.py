"""Connection profiles as the fake keeps them: on disk or in memory, and what one says of how to connect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from dbus_fast.signature import Variant

if TYPE_CHECKING:
    from ampguard_hil.networkmanager.air import Router

SECRETS = {"802-11-wireless-security": ("psk",)}
"""What GetSettings leaves out."""

Settings = dict[str, dict[str, Variant]]


@dataclass(slots=True)
class Profile:
    """One of them."""

    path: str
    settings: Settings
    persist: str
    """disk, memory or volatile."""
    blocked: bool = False
    """Not connected by itself any more, until somebody asks: a person ended it, or its key was wrong."""

    def value(self, setting: str, name: str) -> object:
        """What it says there; None: nothing."""
        found = self.settings.get(setting, {}).get(name)
        return None if found is None else found.value

    def text(self, setting: str, name: str) -> str:
        """A text that it says; "" where it says none."""
        return str(self.value(setting, name) or "")

    @property
    def ssid(self) -> bytes | None:
        """Of Wi-Fi profiles."""
        value = self.value("802-11-wireless", "ssid")
        return value if isinstance(value, bytes) else None

    @property
    def makes_access_point(self) -> bool:
        """Rather than joining one."""
        return self.value("802-11-wireless", "mode") == "ap"

    @property
    def connects_itself(self) -> bool:
        """Whether it is used without being asked for."""
        return self.value("connection", "autoconnect") is not False and not self.blocked

    @property
    def fixed(self) -> tuple[str, int, str] | None:
        """Address, prefix and gateway where it does not ask DHCP."""
        if self.text("ipv4", "method") not in {"manual", "shared"}:
            return None
        entries = cast("list[dict[str, Variant]]", self.value("ipv4", "address-data"))
        return str(entries[0]["address"].value), int(entries[0]["prefix"].value), self.text("ipv4", "gateway")

    def opens(self, router: Router) -> bool:
        """Whether its key fits."""
        return router.password == (self.value("802-11-wireless-security", "psk") or None)

    def without_secrets(self) -> Settings:
        """What everybody may read."""
        return {
            setting: {name: value for name, value in values.items() if name not in SECRETS.get(setting, ())}
            for setting, values in self.settings.items()
        }
