"""What is seen of a charger in the messages that it sends: its state, what it draws, what its clock says. No I/O."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ampguard.balancing.ocpp import metervalues, taken
from ampguard.balancing.ocpp.report import ConnectorStatus
from ampguard.phases import Phase, Phases

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ampguard.balancing.ocpp.frame import Payload
    from ampguard.balancing.ocpp.metervalues import Metered

_OPEN = frozenset({
    ConnectorStatus.AVAILABLE, ConnectorStatus.PREPARING, ConnectorStatus.RESERVED, ConnectorStatus.UNAVAILABLE,
})  # fmt: skip
"""Nothing is switched on."""
_CAR = frozenset({
    ConnectorStatus.PREPARING, ConnectorStatus.CHARGING, ConnectorStatus.SUSPENDED_EV, ConnectorStatus.SUSPENDED_EVSE,
    ConnectorStatus.FINISHING,
})  # fmt: skip
_WANTING = frozenset({ConnectorStatus.CHARGING, ConnectorStatus.SUSPENDED_EVSE})
_MOST = (
    ConnectorStatus.CHARGING, ConnectorStatus.SUSPENDED_EVSE, ConnectorStatus.SUSPENDED_EV, ConnectorStatus.FINISHING,
    ConnectorStatus.PREPARING, ConnectorStatus.FAULTED, ConnectorStatus.RESERVED, ConnectorStatus.AVAILABLE,
    ConnectorStatus.UNAVAILABLE,
)  # fmt: skip
"""The one that does most first."""
_CLOCKS_HEARD = 8
_FIRST_YEAR, _LAST_YEAR = 1970, 2100
"""A clock that nobody has set begins somewhere; one that says anything else is none."""
IN_USE_A = 1.0


@dataclass(frozen=True, slots=True)
class _Came:
    """What a connector measured."""

    came_s: float
    metered: Metered


@dataclass(frozen=True, slots=True)
class Drawn:
    """All connectors together."""

    current_a: Phases[float | None]
    unphased_a: float | None
    drawn_s: float | None
    is_inferred: bool
    power_w: float | None
    energy_wh: float | None


NOTHING = Drawn(Phases.all_of(None), None, None, is_inferred=False, power_w=None, energy_wh=None)


class Observed:
    """Of one charger."""

    def __init__(self) -> None:
        self.boot: Payload | None = None
        self.statuses: dict[int, Payload] = {}
        """The latest StatusNotification.req of each connector."""
        self._status_s: dict[int, float] = {}
        self._begun_s: dict[int, float] = {}
        self._metered: dict[int, _Came] = {}
        self._ahead_s: deque[float] = deque(maxlen=_CLOCKS_HEARD)
        """What its clock said, less ours of that moment (monotonic): the largest had the shortest way."""

    def note(self, action: str, payload: Payload, now_s: float) -> None:
        """A message of the charger's, before anybody answers it."""
        match action:
            case "BootNotification":
                self.boot = payload
                self._metered.clear()
                self._ahead_s.clear()
            case "StatusNotification":
                connector = taken.whole(payload, "connectorId")
                if connector is not None and taken.text(payload, "status") in set(ConnectorStatus):
                    self.statuses[connector], self._status_s[connector] = payload, now_s
                self._clock(taken.moment(payload, "timestamp"), now_s)
            case "MeterValues":
                found = metervalues.metered(payload)
                if found is not None:
                    self._metered[taken.whole(payload, "connectorId") or 0] = _Came(now_s, found)
                    self._clock(found.stamped_utc, now_s)
            case "StartTransaction" | "StopTransaction":
                if action == "StartTransaction":
                    self._begun_s[taken.whole(payload, "connectorId") or 0] = now_s
                self._clock(taken.moment(payload, "timestamp"), now_s)
            case _:
                pass

    def clock(self, now_s: float, otherwise: datetime) -> datetime:
        """What the charger's own clock says now; `otherwise` where it never said anything."""
        if not self._ahead_s:
            return otherwise
        return datetime.fromtimestamp(0, UTC) + timedelta(seconds=max(self._ahead_s) + now_s)

    def status(self) -> ConnectorStatus | None:
        """Of the connector that does most."""
        found = set(self._of_connectors())
        return next((one for one in _MOST if one in found), None)

    def is_over(self, connector: int) -> bool:
        """It says that nothing goes on there, and has not begun anything since."""
        said = self.statuses.get(connector, {}).get("status") in {
            ConnectorStatus.AVAILABLE,
            ConnectorStatus.UNAVAILABLE,
        }
        return said and self._status_s[connector] >= self._begun_s.get(connector, 0.0)

    def has_car(self) -> bool | None:
        """None: it has not said yet."""
        found = self._telling()
        return any(one in _CAR for one in found) if found else None

    def wants(self) -> bool | None:
        """None: it has not said yet."""
        found = self._telling()
        return any(one in _WANTING for one in found) if found else None

    def drawn(self, heard_s: float | None) -> Drawn:
        """The last that it measured; nothing at all where nothing is switched on."""
        found = self._telling()
        if found and all(one in _OPEN for one in found):
            return Drawn(Phases.all_of(0.0), None, heard_s, is_inferred=True, power_w=None, energy_wh=self._energy_wh())
        came = self._counting()
        if not came:
            return NOTHING
        of_each = [one.metered for one in came]
        return Drawn(
            Phases.of(_sum(one.current_a[phase] for one in of_each) for phase in Phase),
            _sum(one.unphased_a for one in of_each),
            min(one.came_s for one in came),
            is_inferred=any(one.is_inferred for one in of_each),
            power_w=_sum(one.power_w for one in of_each),
            energy_wh=self._energy_wh(),
        )

    def phases_in_use(self) -> int:
        """How many carry a current; one where nobody knows."""
        current_a = self.drawn(None).current_a
        return max(1, sum(one is not None and one > IN_USE_A for one in current_a))

    def _of_connectors(self) -> Iterable[ConnectorStatus]:
        """Connector 0 is the charger as a whole: it says something only where the others do not."""
        each = {number: ConnectorStatus(str(one["status"])) for number, one in self.statuses.items()}
        return [one for number, one in each.items() if number] or list(each.values())

    def _telling(self) -> Sequence[ConnectorStatus]:
        """What says something of cars: that a charger as a whole is available is also said while one charges there."""
        if set(self.statuses) == {0} and self.status() is ConnectorStatus.AVAILABLE:
            return []
        return list(self._of_connectors())

    def _energy_wh(self) -> float | None:
        return _sum(one.metered.energy_wh for one in self._counting())

    def _counting(self) -> list[_Came]:
        """What each connector measured; what is said of the whole charger (0) only where no connector says anything."""
        of_each = {number: one for number, one in self._metered.items() if number} or self._metered
        return list(of_each.values())

    def _clock(self, said: datetime | None, now_s: float) -> None:
        if said is not None and _FIRST_YEAR <= said.year < _LAST_YEAR:
            self._ahead_s.append(said.timestamp() - now_s)


def _sum(values: Iterable[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return sum(known) if known else None
