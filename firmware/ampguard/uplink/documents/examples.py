"""An example of every message, made as the unit makes it, of fixed values. No service imports this."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from ampguard.clock import ClockQuality
from ampguard.events import Occurrence, What
from ampguard.phases import LinePairs, PhaseOrder, Phases
from ampguard.readings import (
    Energy,
    EventKind,
    Health,
    Interval,
    Quality,
    Reading,
    VoltageEvent,
    as_json,
    recorded,
)
from ampguard.settings.commands import CommandName
from ampguard.uplink import message
from ampguard.uplink.balance import Balance, Charger, LimitChange
from ampguard.uplink.commands.commands import Answer, Status
from ampguard.uplink.presence import Presence
from ampguard.wiring.verdict import Condition, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ampguard.readings import Json

SERIAL = "AG0001"
_BOOT = "0123456789abcdef"

READING = Reading(
    interval=Interval.SECOND,
    boot=_BOOT,
    sequence=17,
    end_utc="2026-11-21T10:00:17.012+00:00",
    monotonic_ns=17_012_345_678,
    clock_quality=ClockQuality.SYNCHRONISED,
    duration_s=0.999987,
    windows=5,
    frequency_hz=50.01234,
    voltage_rms_v=Phases(231.2741, 229.8702, 230.5013),
    voltage_fundamental_rms_v=Phases(231.2214, 229.8195, 230.4506),
    voltage_angle_deg=Phases(0.0, -120.1017, 119.8988),
    voltage_thd_percent=Phases(2.131, 2.102, 2.093),
    voltage_order=PhaseOrder.L1_L2_L3,
    line_voltage_rms_v=LinePairs(399.6341, 398.7172, 400.0553),
    current_rms_a=Phases(11.28614, 1.43205, 3.77496),
    current_fundamental_rms_a=Phases(11.28101, 1.39992, 3.10283),
    current_angle_deg=Phases(1.8414, 24.0025, -12.0036),
    current_thd_percent=Phases(3.104, 21.505, 69.306),
    current_order=PhaseOrder.L1_L2_L3,
    neutral_current_rms_a=8.49917,
    active_power_w=Phases(2607.148, 294.009, 699.331),
    reactive_power_var=Phases(83.811, 130.922, -148.633),
    apparent_power_va=Phases(2610.191, 329.186, 870.132),
    power_factor_ratio=Phases(0.99883, 0.89314, 0.80371),
    total_active_power_w=3600.488,
    total_reactive_power_var=66.1,
    total_apparent_power_va=3809.509,
    total_power_factor_ratio=0.94513,
    voltage_unbalance_percent=0.124,
    current_unbalance_percent=54.328,
    energy=Energy(
        import_wh=Phases(1_234_567.8901, 345_678.9012, 456_789.0123),
        export_wh=Phases(0.0, 12.3456, 0.0),
        total_import_wh=2_037_023.4571,
        total_export_wh=0.0,
    ),
    health=Health(
        selfcheck_percent=0.0012,
        temperature_degc=31.27,
        clipped_samples=0,
        lost_samples=0,
        corrupt_frames=1,
        missed_interrupts=0,
    ),
    quality=frozenset(),
)
FOLLOWING = (
    READING,
    replace(
        READING,
        sequence=18,
        end_utc="2026-11-21T10:00:18.012+00:00",
        monotonic_ns=18_012_345_678,
        voltage_rms_v=Phases(231.2774, None, 198.1025),
        quality=frozenset({Quality.MISSING_PHASE, Quality.EVENT}),
    ),
    replace(
        READING,
        sequence=19,
        end_utc="2026-11-21T10:00:19.013+00:00",
        monotonic_ns=19_013_345_678,
        voltage_rms_v=Phases(231.2698, 229.8814, 230.5102),
    ),
)
"""Three seconds with all five kinds of column: a voltage is lost in the second of them."""
DIP = Occurrence(
    boot=_BOOT,
    sequence=3,
    kind=What.VOLTAGE,
    start_utc="2026-11-21T10:00:17.512+00:00",
    start_monotonic_ns=17_512_345_678,
    clock_quality=ClockQuality.SYNCHRONISED,
    event=VoltageEvent(
        kind=EventKind.DIP,
        start_s=17.5123,
        duration_s=0.08,
        extreme_v=Phases(229.9041, None, 161.0032),
        reference_v=230.0,
    ),
)
UNDECIDED = Verdict(
    voltage=Condition.RIGHT,
    current=Condition.UNDECIDED,
    sentence="undecided: each phase needs 0.5 A before its angle is known",
    decides_with_a=0.5,
)

PRESENCE = Presence(
    version="1.0.0",
    boot="fedcba9876543210",
    since_utc="2026-11-21T09:58:02.118+00:00",
    clock_quality=ClockQuality.SYNCHRONISED,
    mqtt_version="5",
    commands=frozenset({CommandName.PING, CommandName.RESEND}),
)
ASKED: Mapping[str, Json] = MappingProxyType({
    "correlation": "resend-4711",
    "expires_utc": "2026-11-21T10:05:00Z",
    "arguments": {"boot": _BOOT, "first_sequence": 17, "last_sequence": 76},
})  # fmt: skip
TOLD = Answer(
    correlation="resend-4711",
    status=Status.DONE,
    reason=None,
    result={"readings": 60, "blocks": 1, "first_sequence": 17, "last_sequence": 76, "all_of_them": True},
)
LIMIT: Mapping[str, Json] = MappingProxyType({
    "correlation": "limit-4712",
    "issued_utc": "2026-11-21T10:00:00Z",
    "expires_utc": "2026-11-21T10:15:00Z",
    "lease_s": 900.0,
    "limit_a": {"l1": 16.0, "l2": 20.5, "l3": None},
})  # fmt: skip

LIMITS: Mapping[str, Json] = MappingProxyType({
    "issued_utc": "2026-11-21T10:00:00Z", "valid_s": 15.0, "limits_a": {"2611100001M": 13.2, "2611100002M": 0.0},
})  # fmt: skip
BALANCE = Balance(
    name="Garage",
    active=True,
    fault=None,
    rung="fresh",
    leader="cloud",
    budget_used_ratio=0.012,
    supply_max_a=63.0,
    grid="three-phase",
    meter_age_s=0.21,
    meter_a=Phases(58.2, 41.03, 39.9),
    base_a=Phases(45.1, 28.0, 26.71),
    chargers=(
        Charger(
            id="2611100001M",
            name="Place 1",
            online=True,
            status="Charging",
            has_car=True,
            wants=True,
            current_a=Phases(13.1, 13.0, 13.2),
            power_w=9040.0,
            energy_wh=1_204_551.0,
            limit_a=13.2,
            held_a=13.2,
            lease_left_s=24.1,
            offline_a=6.0,
            cloud_a=None,
            why="16.0 -> 13.2 A: for 0 s L1 would have carried more than it may.",
            warnings=(),
        ),
    ),
)
CHANGE = LimitChange(
    utc="2026-11-21T10:00:17+00:00",
    charger="Place 1",
    before_a=16.0,
    after_a=13.2,
    rule="over",
    phase="L1",
    since_s=0.0,
    sentence="16.0 -> 13.2 A: for 0 s L1 would have carried more than it may.",
)


REFUSAL = message.Refusal(
    id="no-block",
    refused="no block of readings: wanted a number, met one that is none",
    digest=message.digest(b"a block"),
)


def payload(lane: str) -> bytes:
    """The example of a lane, or of another message of it, as it goes over the wire. ValueError where there is none."""
    made = {
        "state": message.state(SERIAL, online=True, presence=PRESENCE.body()),
        "live": message.live(SERIAL, _body(recorded(READING))),
        "records": message.records([_body(recorded(one)) for one in FOLLOWING]),
        "acknowledged": message.acknowledged(_BOOT, FOLLOWING[0].sequence, FOLLOWING[-1].sequence),
        "acknowledged_event": message.acknowledged_event(_BOOT, DIP.sequence),
        "refused": message.refused(REFUSAL.body()),
        "event": message.event(SERIAL, _body(DIP)),
        "wiring": message.wiring(SERIAL, _body(UNDECIDED)),
        "command": message.command(ASKED),
        "response": message.response(SERIAL, TOLD.body()),
        "limit": message.limit(LIMIT),
        "limits": message.limits(LIMITS),
        "balance": message.balance(SERIAL, _body(BALANCE)),
        "why": message.why(SERIAL, _body(CHANGE)),
    }
    if lane not in made:
        raise ValueError(f"no example of {lane}")
    return made[lane]


def _body(value: object) -> Mapping[str, Json]:
    return cast("Mapping[str, Json]", as_json(value))
