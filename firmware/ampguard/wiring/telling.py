"""The wiring as one JSON object: what `wiring explain --json`, the live feed, the history and the report say alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.readings import Json, as_json
from ampguard.wiring.finding import NAMES
from ampguard.wiring.verdict import Condition

if TYPE_CHECKING:
    from ampguard.phases import Phases
    from ampguard.readings import Measurement
    from ampguard.wiring.finding import Channel, Finding
    from ampguard.wiring.voltages import VoltageFinding

_PHASORS = (
    "voltage_rms_v",
    "voltage_angle_deg",
    "current_fundamental_rms_a",
    "current_angle_deg",
    "active_power_w",
    "power_factor_ratio",
)


def told(finding: Finding, voltage: VoltageFinding, clamps: Phases[bool], latest: Measurement) -> dict[str, Json]:
    """Everything that is known.

    Args:
        finding: of the clamps.
        voltage: of the terminals.
        clamps: those that there are.
        latest: what they show.

    Returns:
        `verdict` is "right", "wrong" or "undecided", of terminals and clamps together. `assignment` says for each input
        on which phase its clamp sits (null: not known) and whether the wrong way round; `channels` what is known of
        each clamp by itself. `decides_with_a` amperes on each phase of `decides_on` for `decides_within_s` would settle
        what is open.
    """
    connection = finding.connection
    places: dict[str, Json] = {}
    for number, there in enumerate(clamps):
        known = connection is not None and there
        place = NAMES[list(connection.phase)[number]] if connection is not None and there else None
        turned = known and connection is not None and list(connection.reversed)[number]
        places[NAMES[number].lower()] = {"phase": None if place is None else place.value, "reversed": turned}
    verdict = whole(finding.condition, voltage.condition)
    sentence = finding.sentence
    if voltage.condition is not Condition.RIGHT:
        clamps_too = connection is not None and finding.sentence != voltage.sentence
        sentence = f"{voltage.sentence}; {finding.sentence}" if clamps_too else voltage.sentence
    is_open = finding.condition is Condition.UNDECIDED or connection is None
    having = tuple(phase for phase, there in zip(NAMES, clamps, strict=True) if there)
    return {
        "verdict": verdict.value,
        "confidence_ratio": round(1.0 if voltage.condition is Condition.WRONG else finding.confidence_ratio, 6),
        "assignment": places,
        "voltage_order": None if voltage.order is None else voltage.order.value,
        "current_order": None if latest.current_order is None else latest.current_order.value,
        "sentence": sentence,
        "decides_with_a": finding.decides_with_a if is_open else None,
        "decides_within_s": finding.decides_within_s if is_open else None,
        "decides_on": [phase.value for phase in finding.decides_on or having] if is_open else [],
        "voltage_verdict": voltage.condition.value,
        "current_verdict": finding.condition.value,
        "channels": {name.lower(): _channel(one) for name, one in zip(NAMES, finding.channels, strict=True)},
        "phasors": {name: as_json(getattr(latest, name)) for name in _PHASORS},
    }


def whole(current: Condition, voltage: Condition) -> Condition:
    """Of terminals and clamps together: wrong if either is, right if both are."""
    if Condition.WRONG in {current, voltage}:
        return Condition.WRONG
    return Condition.RIGHT if current is voltage is Condition.RIGHT else Condition.UNDECIDED


def _channel(channel: Channel | None) -> Json:
    if channel is None:
        return None
    return {
        "verdict": channel.condition.value,
        "phase": None if channel.phase is None else channel.phase.value,
        "reversed": channel.reversed,
        "confidence_ratio": round(channel.confidence_ratio, 6),
        "sentence": channel.sentence,
    }
