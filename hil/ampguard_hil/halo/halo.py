"""A Halo: what the manuals 000 and 002 show of it, in time that its owner lets pass; no socket and no clock of its own.

Where they are silent, the specification of OCPP 1.6J is followed. How long a backend must be lost is told by nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from ampguard_hil.halo.charging import Charging, Parts
from ampguard_hil.halo.configuration import Configuration
from ampguard_hil.halo.connector import Connector
from ampguard_hil.halo.installed import Installed, Taken
from ampguard_hil.halo.lights import Lit, Status, lit
from ampguard_hil.halo.outbox import Json, Message, Outbox
from ampguard_hil.halo.pilot import MINIMUM_A
from ampguard_hil.halo.profiles import Limit, Purpose, limit_at
from ampguard_hil.halo.tags import Tags
from ampguard_hil.halo.transaction import Facts, stamp, status_of
from ampguard_hil.halo.variant import Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard_hil.halo.variant import Variant

SELF_TEST_S = 4.0
ACCESS_POINT_S = 600.0
SAVING_S = 10.0
"""A backend is stored so long after it was saved on the page; who restarts before loses it."""
OFFLINE_AFTER_S = 60.0
"""From the loss of the backend to the offline current: no manual says it, the bench's model of a site assumes it."""
STEP_S = 0.1
VENDOR, MODEL = "Charge Amps AB", "HALO"
OLD_FIRMWARE: Mapping[Purpose, Taken] = {
    Purpose.CHARGE_POINT_MAX: Taken.NOT_SUPPORTED,
    Purpose.TX_DEFAULT: Taken.REJECTED,
}
"""What firmware 169 answers (lbbrhzn/ocpp issue 878)."""


@dataclass(slots=True)
class Site:
    """What the page's tabs Wi-Fi and Installation keep."""

    most_a: float
    """Of the fuse before it, per phase."""
    phases: int
    network: str = ""
    """The Wi-Fi that it joined."""
    grid: str = "TN"


@dataclass(slots=True)
class Backend:
    """Where the cloud is: since the last restart, as it is stored, and what was saved and is not stored yet."""

    url: str
    stored_url: str
    saved_url: str | None = None
    saved_s: float = 0.0


class Halo:
    """One charger. `advance` lets time pass; whoever has a connection takes its messages from `outbox`."""

    def __init__(  # noqa: PLR0913 - what a charger can be is named, and nothing else
        self,
        variant: Variant,
        begin_utc: datetime,
        *,
        backend: str = "",
        offline_after_s: float = OFFLINE_AFTER_S,
        plugged_ethernet: bool = False,
        refused: Mapping[Purpose, Taken] | None = None,
    ) -> None:
        self.variant = variant
        self.now_s = 0.0
        self.configuration = Configuration(variant)
        self.tags = Tags(self.configuration)
        self.installed = Installed(refused=refused)
        self.connector = Connector(variant.phases)
        self.outbox = Outbox()
        self.charging = Charging(
            Parts(variant.phases, self.configuration, self.tags, self.connector, self.installed, self.outbox)
        )
        self.site = Site(variant.rated_a, variant.phases)
        self.backend = Backend(backend, backend)
        self.plugged_ethernet = plugged_ethernet and variant.has_ethernet
        self.user_a = variant.rated_a
        """What the maker's cloud has set for it (CAPI)."""
        self.fault: str | None = None
        """An error code of OCPP."""
        self.operative = True
        self._wanted_operative = True
        self.boots = 0
        self._begin_utc = begin_utc
        self._offline_after_s = offline_after_s
        self._restart_s: float | None = None
        self.powered = False
        self.connect_power()

    # ---------------------------------------------------------------- life

    def connect_power(self) -> None:
        """The main switch; also what a restart does. What is stored stays, a connection does not."""
        self.powered = self.connector.powered = True
        self.boots += 1
        self._on_s = self.now_s
        self._lost_s = self.now_s
        self._restart_s = None
        self.online = False
        self._status: Status | None = None
        self._told: Status | None = None
        self._heartbeat_s: float | None = None
        self._boot_due_s: float | None = None
        self.backend.url, self.backend.saved_url = self.backend.stored_url, None
        self.outbox.disconnected()
        self.charging.online = False
        if self.charging.transaction is not None:
            self.charging.stop("PowerLoss")
        self.charging.ended = False

    def cut_power(self) -> None:
        """Nothing is left of it but what is stored."""
        self.powered = self.connector.powered = False
        self.connector.cut()
        self.disconnected()

    def restart(self, *, delay_s: float = 0.0) -> None:
        """As Reset or the page asks for it."""
        self._restart_s = self.now_s + delay_s

    @property
    def utc(self) -> datetime:
        """Its clock, which the backend has set."""
        return self._begin_utc + timedelta(seconds=self.now_s)

    @property
    def is_ready(self) -> bool:
        """The self-test is over."""
        return self.powered and self.now_s - self._on_s >= SELF_TEST_S

    @property
    def access_point(self) -> str | None:
        """The name of its own network while it is up: 10 minutes from power-on, and never beside a cable."""
        up = self.powered and self.now_s - self._on_s < ACCESS_POINT_S and not self.plugged_ethernet
        return self.variant.access_point if up else None

    @property
    def is_reachable(self) -> bool:
        """Whether somebody can see its page."""
        joined = bool(self.site.network) or self.plugged_ethernet
        return self.powered and (joined or self.access_point is not None)

    def advance(self, now_s: float) -> None:
        """Let time pass until then."""
        while self.now_s < now_s - 1e-9:
            duration_s = min(STEP_S, now_s - self.now_s)
            self.now_s += duration_s
            self._live(duration_s)

    def _live(self, duration_s: float) -> None:
        if not self.powered:
            self.connector.live(0.0, (0,), duration_s)
            return
        if self._restart_s is not None and self.now_s >= self._restart_s:
            self.connector.cut()
            self.connect_power()
        self._store(duration_s)
        if self.charging.transaction is None:
            self.operative = self._wanted_operative
        self.connector.enabled = self.is_ready and self.operative and self.fault is None
        limit, terminals = self.allowed()
        offered_a = limit.current_a if self.charging.transaction is not None else 0.0
        self.connector.live(offered_a, terminals, duration_s)
        if self.is_ready:
            self.charging.may_begin = self.operative and self.fault is None
            self.charging.live(self.utc, duration_s)
            self._say()

    def _store(self, duration_s: float) -> None:
        """The backend is stored 10 s after it was saved; used from the next restart on, lost by one before."""
        if self.backend.saved_url is not None and self.now_s - self.backend.saved_s >= SAVING_S - duration_s / 2:
            self.backend.stored_url, self.backend.saved_url = self.backend.saved_url, None

    # ---------------------------------------------------------------- what may flow

    @property
    def is_offline(self) -> bool:
        """It has a backend and has lost it for so long that the offline current holds."""
        lost = bool(self.backend.url) and not self.online
        return lost and self.now_s - self._lost_s >= self._offline_after_s

    def allowed(self) -> tuple[Limit, tuple[int, ...]]:
        """The limit at this moment from all that limits it, 0 for less than 6 A, and the terminals that are used."""
        transaction = self.charging.transaction
        since_utc = None if transaction is None else transaction.begin_utc
        limit = self.most.lower(limit_at(self.installed.profiles, self.utc, since_utc))
        terminals = tuple(range(limit.phases))
        if self.is_offline:
            chosen = self.configuration.offline_terminals
            limit = limit.lower(Limit(self.configuration.offline_a, len(chosen)))
            terminals = chosen[: limit.phases]
        if limit.current_a < MINIMUM_A:
            limit = Limit(0.0, limit.phases)
        return limit, terminals

    @property
    def most(self) -> Limit:
        """What the charger itself, its installation and the maker's cloud let it do."""
        own = Limit(min(self.variant.rated_a, self.site.most_a), min(self.variant.phases, self.site.phases))
        return own if self.variant.protocol is Protocol.OCPP else own.lower(Limit(self.user_a))

    # ---------------------------------------------------------------- what it shows and says

    @property
    def status(self) -> Status | None:
        """Of its connector; None: the self-test runs, or it is dark."""
        if not self.is_ready:
            return None
        return status_of(
            Facts(
                pilot=self.connector.pilot,
                offered_a=self.connector.offered_a,
                closed=self.connector.closed,
                operative=self.operative,
                faulted=self.fault is not None,
                running=self.charging.transaction is not None,
                allowed=self.charging.is_allowed,
                ended=self.charging.ended,
            )
        )

    @property
    def lights(self) -> Lit:
        """Ring and centre."""
        return lit(
            self.status,
            waits_for_tag=self.charging.waits_for_tag,
            refused_tag=self.charging.refused_left_s > 0.0,
            online=self.online,
        )

    def connected(self) -> None:
        """A connection to the backend stands: it introduces itself."""
        self._boot_due_s = self.now_s
        self.introduce()

    def disconnected(self) -> None:
        """The connection is gone."""
        if self.online:
            self._lost_s = self.now_s
        self.online = self.charging.online = False
        self._heartbeat_s = self._boot_due_s = None
        self.outbox.disconnected()

    def introduce(self) -> None:
        """BootNotification."""
        self._boot_due_s = None
        about: Json = {
            "chargePointVendor": VENDOR,
            "chargePointModel": MODEL,
            "chargePointSerialNumber": self.variant.serial,
            "chargeBoxSerialNumber": self.variant.serial,
            "firmwareVersion": self.variant.firmware,
        }
        self.outbox.add(Message("BootNotification", about, answered=self._introduced))

    def _introduced(self, answer: Json) -> None:
        interval_s = float(cast("int", answer["interval"]))
        if answer["status"] != "Accepted":
            self._boot_due_s = self.now_s + (interval_s or self.configuration.seconds("HeartbeatInterval"))
            self.outbox.open = False
            return
        if interval_s:
            self.configuration.set("HeartbeatInterval", f"{interval_s:.0f}")
        self._set_clock(str(answer["currentTime"]))
        self.online = self.charging.online = self.tags.cloud_seen = True
        self.outbox.open = True
        self.outbox.most_attempts = int(self.configuration["TransactionMessageAttempts"])
        self._heartbeat_s, self._told = self.now_s, None
        self.report_status(0)

    def _set_clock(self, told: str) -> None:
        """The backend's time is its time, from BootNotification and Heartbeat on."""
        try:
            moment_utc = datetime.fromisoformat(told)
        except ValueError:
            return
        if moment_utc.tzinfo is not None:
            self._begin_utc = moment_utc - timedelta(seconds=self.now_s)

    def _say(self) -> None:
        """What is due."""
        if self._boot_due_s is not None and self.now_s >= self._boot_due_s:
            self.introduce()
        status = self.status
        if self.online and status is not self._told:
            self._told = status
            self.report_status(1)
        interval_s = self.configuration.seconds("HeartbeatInterval")
        if self._heartbeat_s is not None and interval_s and self.now_s - self._heartbeat_s >= interval_s:
            self.beat()

    def beat(self) -> None:
        """Heartbeat."""
        self._heartbeat_s = self.now_s
        self.outbox.add(Message("Heartbeat", {}, answered=lambda answer: self._set_clock(str(answer["currentTime"]))))

    def report_status(self, connector: int) -> None:
        """StatusNotification; connector 0 is the charge point, which is available, unavailable or faulted."""
        status = self.status
        if connector == 0:
            status = Status.FAULTED if self.fault else Status.AVAILABLE if self.operative else Status.UNAVAILABLE
        payload: Json = {
            "connectorId": connector,
            "errorCode": self.fault or "NoError",
            "status": str(status or Status.UNAVAILABLE),
            "timestamp": stamp(self.utc),
        }
        self.outbox.add(Message("StatusNotification", payload))

    def save_backend(self, url: str) -> None:
        """From the page: it is stored 10 s later."""
        self.backend.saved_url, self.backend.saved_s = url, self.now_s

    def unplug(self) -> None:
        """The driver takes the cable; a plug under load arcs, so the contactor opens first."""
        self.connector.cut()
        self.connector.car = None

    def break_down(self, code: str | None) -> None:
        """A fault with that error code of OCPP, or none any more: what flows is cut at once."""
        self.fault = code
        if code is not None:
            self.charging.stop("Other")
            self.connector.cut()

    def want_operative(self, *, operative: bool) -> bool:
        """ChangeAvailability; whether it holds at once: a transaction ends first."""
        self._wanted_operative = operative
        at_once = operative or self.charging.transaction is None
        if at_once:
            self.operative = operative
        return at_once
