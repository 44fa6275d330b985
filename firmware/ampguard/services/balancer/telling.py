"""What the balancer tells on its feed: the group as it stands, and each change with its reason.

{"kind": "balance", "body": {...}} once a second and at each change; {"kind": "why", "body": {...}} for each change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ampguard.phases import Phase
from ampguard.phrase import as_told
from ampguard.readings import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ampguard.balancing.allocation import Balancer
    from ampguard.balancing.decision import Decision, Reason
    from ampguard.balancing.ocpp.report import Report
    from ampguard.balancing.place import Place
    from ampguard.readings import Json
    from ampguard.settings.group import ChargerSettings, GroupSettings


def state(
    group: GroupSettings,
    balancer: Balancer,
    decision: Decision,
    reports: Mapping[str, Report],
    latest: Sequence[Reason | None],
) -> dict[str, Json]:
    """The group now. `latest`: why each charger has the limit that it has."""
    now_s = decision.now_s
    meter = balancer.supply
    return {
        "name": group.name,
        "active": group.active,
        "rung": decision.rung.name.lower(),
        "leader": decision.leader.value,
        "budget_used_ratio": round(decision.budget_used_ratio, 3),
        "supply_max_a": balancer.group.supply_max_a,
        "meter_age_s": None if meter.meter_s is None else round(now_s - meter.meter_s, 2),
        "meter_a": None if meter.meter_a is None else _phases(meter.meter_a),
        "base_a": _phases([meter.base_a(number, decision.rung) for number in range(3)]),
        "chargers": [
            _charger(setup, place, reports[setup.id], reason, now_s)
            for setup, place, reason in zip(group.chargers, balancer.places, latest, strict=True)
        ],
    }


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
        "said": cast("Json", as_told(reason.sentence)),
    }


def _charger(
    setup: ChargerSettings, place: Place, report: Report, latest: Reason | None, now_s: float
) -> dict[str, Json]:
    return {
        "id": setup.id,
        "name": setup.name,
        "phases": [phase.value for phase in setup.phases],
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
        "told": [cast("Json", as_told(one)) for one in report.told],
        "why": None if latest is None else cast("Json", as_told(latest.sentence)),
    }


def _phases(values_a: Sequence[float | None]) -> dict[str, Json]:
    return {
        phase.value.lower(): None if one is None else round(one, 2) for phase, one in zip(Phase, values_a, strict=True)
    }
