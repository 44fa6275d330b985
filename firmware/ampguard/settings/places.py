"""Where a unit keeps its things."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CERTIFICATES = "certificates"
"""The folder beside the settings file that `ampguard enrol` keeps (`ampguard.uplink.certificates.keyring`)."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where a process finds what it shares with others."""

    data: Path
    run: Path
    board: Path | None

    @staticmethod
    def from_environment() -> Places:
        """AMPGUARD_DATA, AMPGUARD_RUN and AMPGUARD_BOARD, or the system's folders and the reference board."""
        board = os.environ.get("AMPGUARD_BOARD")
        return Places(
            data=Path(os.environ.get("AMPGUARD_DATA", "/var/lib/ampguard")),
            run=Path(os.environ.get("AMPGUARD_RUN", "/run/ampguard")),
            board=Path(board) if board else None,
        )

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.data / "settings.toml"

    @property
    def group(self) -> Path:
        """The load-balancing group: what shares the main fuse."""
        return self.data / "group.toml"

    @property
    def balancing(self) -> Path:
        """The folder of what the balancer keeps: transactions, tags, the why-log."""
        return self.data / "balancing"

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.data / "journal.sqlite"

    @property
    def counters(self) -> Path:
        """The energy counters' second copy."""
        return self.data / "counters.json"

    @property
    def wiring(self) -> Path:
        """The folder of what is kept about the wiring."""
        return self.data / "wiring"

    @property
    def identity(self) -> Path:
        """The folder of what the unit is, whoever owns it: its card, its own keys."""
        return self.data / "identity"

    @property
    def web(self) -> Path:
        """The folder of what the web keeps: tokens, wrong PINs, who came in."""
        return self.data / "web"

    @property
    def network(self) -> Path:
        """The folder of what is kept about joining networks."""
        return self.data / "network"

    @property
    def update(self) -> Path:
        """The folder of what an update leaves for the next start, and of the bundle itself."""
        return self.data / "update"

    @property
    def live_feed(self) -> Path:
        """The meter's feed."""
        return self.run / "live.sock"

    @property
    def uplink_feed(self) -> Path:
        """The uplink's feed."""
        return self.run / "uplink.sock"

    @property
    def balancer_feed(self) -> Path:
        """What the balancer does, and why."""
        return self.run / "balancer.sock"

    @property
    def stimulus_wish(self) -> Path:
        """What a stimulus test asks of the balancer."""
        return self.run / "stimulus.json"

    @property
    def lights_feed(self) -> Path:
        """What the lights show, and what somebody at the button wants."""
        return self.run / "lights.sock"
