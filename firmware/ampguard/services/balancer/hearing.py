"""What the central system tells of a charger, in the core's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.balancing.drawing import FLOWS_A
from ampguard.balancing.observation import Heard
from ampguard.balancing.ocpp.report import ConnectorStatus
from ampguard.phases import Phase

if TYPE_CHECKING:
    from ampguard.balancing.capi import SlowReport
    from ampguard.balancing.observation import Triple
    from ampguard.balancing.ocpp.report import Report


TELLS_S = 3.0
"""A charger that was asked what it draws and has said nothing for so long will not."""


def heard(report: Report, known: Heard | None) -> Heard | None:
    """The last that is known of it; None: nothing was ever heard.

    One that has just come in is not heard before it was asked what it holds, and not before it has had time to say
    whether a car is there, and what that draws: the core would take what it does not know for nothing.

    One that charges and tells no currents draws anything up to its limit, and the core reckons with that; where it has
    told any before, what it told last.
    """
    if report.heard_s is None or not _is_through(report, is_new=known is None):
        return known
    drawn_a, drawn_s = _drawn(report), report.drawn_s
    if drawn_a is None or drawn_s is None:
        drawn_a = (0.0, 0.0, 0.0) if known is None else known.drawn_a
        drawn_s = report.heard_s if known is None else known.drawn_s
        if report.status is ConnectorStatus.CHARGING and max(drawn_a or (0.0,)) < FLOWS_A:
            drawn_a = None
    return Heard(
        heard_s=report.heard_s,
        drawn_s=drawn_s,
        drawn_a=drawn_a,
        is_connected=bool(report.has_car),
        wants=bool(report.wants),
        limit_a=report.limit_a,
    )


def slow(report: SlowReport) -> Heard | None:
    """Of one that is reached over its makers' cloud; None: nothing was ever heard."""
    if report.heard_s is None:
        return None
    told_a = [report.current_a[phase] for phase in Phase]
    is_told = any(one is not None for one in told_a)
    return Heard(
        heard_s=report.heard_s,
        drawn_s=report.heard_s,
        drawn_a=(told_a[0] or 0.0, told_a[1] or 0.0, told_a[2] or 0.0) if is_told else None,
        is_connected=bool(report.has_car),
        wants=bool(report.wants),
        limit_a=report.limit_a,
    )


def _is_through(report: Report, *, is_new: bool) -> bool:
    """What there is to know of it after it came in is known."""
    if report.asked_s is None or report.heard_s is None or (is_new and report.has_car is None):
        return False
    has_told = report.drawn_s is not None and report.drawn_s >= report.asked_s
    return has_told or not report.wants or report.heard_s - report.asked_s > TELLS_S


def _drawn(report: Report) -> Triple | None:
    """At its terminals; a current of which it does not say the phase flows on all of them."""
    if report.unphased_a is not None:
        return report.unphased_a, report.unphased_a, report.unphased_a
    told_a = [report.current_a[phase] for phase in Phase]
    if all(one is None for one in told_a):
        return None
    return told_a[0] or 0.0, told_a[1] or 0.0, told_a[2] or 0.0
