"""What the balancer tells on its feed: the group as it stands, and each change with its reason.

{"kind": "balance", "body": {...}} once a second and at each change; {"kind": "why", "body": {...}} for each change.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from ampguard.balancing.capi import SlowReport
from ampguard.live.publisher import LONGEST_PACKET
from ampguard.phases import Phase
from ampguard.phrase import as_told
from ampguard.readings import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ampguard.balancing.allocation import Balancer
    from ampguard.balancing.decision import Decision, Reason
    from ampguard.balancing.ocpp.report import Report
    from ampguard.balancing.place import Place
    from ampguard.readings import Json
    from ampguard.settings.group import ChargerSettings, GroupSettings


NO_LEASE = "none"
"""Of a charger that keeps what it was told last, whatever happens."""
MOST_BYTES = LONGEST_PACKET - 256
_LEAST: tuple[tuple[str, Json], ...] = (("told", []), ("why", None))


@dataclass(frozen=True, slots=True)
class Beside:
    """What else there is to know of the group."""

    latest: Mapping[str, Reason]
    """Why each charger has the limit that it has, by its name."""
    fault: str | None
    """What cannot be of its newest setup: the one before counts on."""
    told: Sequence[str]
    strangers: Iterable[str]
    """Ids of chargers that came and are not set up."""


def state(
    group: GroupSettings,
    balancer: Balancer,
    decision: Decision,
    reports: Mapping[str, Report | SlowReport],
    beside: Beside,
) -> dict[str, Json]:
    """The group now."""
    now_s = decision.now_s
    meter = balancer.supply
    places, limits_a = iter(balancer.places), iter(balancer.slow.limits_a)
    chargers: list[dict[str, Json]] = []
    for one in group.chargers:
        report, latest = reports[one.id], beside.latest.get(one.name)
        if isinstance(report, SlowReport):
            chargers.append(_slow(one, next(limits_a), report, latest, now_s))
        else:
            chargers.append(_charger(one, next(places), report, latest, now_s))
    body: dict[str, Json] = {
        "name": group.name,
        "active": group.active,
        "fault": _told(beside.fault),
        "told": [_told(one) for one in beside.told],
        "strangers": list(beside.strangers),
        "rung": decision.rung.name.lower(),
        "leader": decision.leader.value,
        "budget_used_ratio": round(decision.budget_used_ratio, 3),
        "supply_max_a": balancer.group.supply_max_a,
        "grid": balancer.group.grid.value,
        "meter_age_s": None if meter.meter_s is None else round(now_s - meter.meter_s, 2),
        "meter_a": None if meter.meter_a is None else _phases(meter.meter_a),
        "base_a": _phases([meter.base_a(number, decision.rung) for number in range(3)]),
        "chargers": [*chargers],
    }
    _fit(chargers, _length(body) - MOST_BYTES)
    return body


def _fit(chargers: Sequence[dict[str, Json]], surplus: int) -> None:
    """With very many chargers there is no room for all that there is to say: what the last of them have is left out."""
    for key, nothing in _LEAST:
        for one in reversed(chargers):
            if surplus <= 0:
                return
            surplus -= _length(one[key])
            one[key] = nothing


def _length(content: Json) -> int:
    return len(json.dumps(content, separators=(",", ":")))


def why(reason: Reason, utc: str | None) -> dict[str, Json]:
    """One change."""
    return {
        "utc": utc,
        "charger": reason.charger,
        "before_a": reason.before_a,
        "after_a": reason.after_a,
        "rule": reason.rule.value,
        "phase": None if reason.phase is None else reason.phase.value,
        "since_s": round(reason.since_s, 1),
        "sentence": str(reason.sentence),
        "said": _told(reason.sentence),
    }


def _charger(
    setup: ChargerSettings, place: Place, report: Report, latest: Reason | None, now_s: float
) -> dict[str, Json]:
    return {
        "id": setup.id,
        "name": setup.name,
        "phases": [phase.value for phase in setup.phases],
        "slow": False,
        "online": report.is_online,
        "status": None if report.status is None else report.status.value,
        "has_car": report.has_car,
        "wants": report.wants,
        "current_a": as_json(report.current_a),
        "drawn_age_s": None if report.drawn_s is None else round(max(0.0, now_s - report.drawn_s), 2),
        "power_w": report.power_w,
        "energy_wh": report.energy_wh,
        "limit_a": place.lease.limit_a,
        "held_a": report.limit_a,
        "confirmed": report.is_confirmed,
        "lease": place.lease_state(now_s).value,
        "lease_left_s": round(max(0.0, place.lease.until_s - now_s), 1),
        "offline_a": setup.offline_a,
        "safe_a": report.safe_a,
        "way": None if report.way is None else report.way.value,
        "cloud": None if report.cloud is None else report.cloud.value,
        "cloud_a": report.cloud_a,
        "told": [_told(one) for one in report.told],
        "why": None if latest is None else _told(latest.sentence),
    }


def _slow(
    setup: ChargerSettings, limit_a: float | None, report: SlowReport, latest: Reason | None, now_s: float
) -> dict[str, Json]:
    """One that is reached over its makers' cloud: what it was told last stays, and it falls back to nothing."""
    return {
        "id": setup.id,
        "name": setup.name,
        "phases": [phase.value for phase in setup.phases],
        "slow": True,
        "online": report.is_online,
        "status": report.status,
        "has_car": report.has_car,
        "wants": report.wants,
        "current_a": as_json(report.current_a),
        "drawn_age_s": None if report.heard_s is None else round(max(0.0, now_s - report.heard_s), 2),
        "power_w": None,
        "energy_wh": None,
        "limit_a": setup.max_a if limit_a is None else limit_a,
        "held_a": report.limit_a,
        "confirmed": report.limit_a is not None,
        "lease": NO_LEASE,
        "lease_left_s": None,
        "offline_a": setup.offline_a,
        "safe_a": None,
        "way": "CAPI",
        "cloud": None,
        "cloud_a": None,
        "told": [_told(one) for one in report.told],
        "why": None if latest is None else _told(latest.sentence),
    }


def _told(said: str | None) -> Json:
    return None if said is None else cast("Json", as_told(said))


def _phases(values_a: Sequence[float | None]) -> dict[str, Json]:
    return {
        phase.value.lower(): None if one is None else round(one, 2) for phase, one in zip(Phase, values_a, strict=True)
    }
