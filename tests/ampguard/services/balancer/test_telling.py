"""What the balancer tells on its feed: all of it fits into a packet, whatever there is to say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import pytest
from tests.ampguard.balancing.made import group as shared
from tests.ampguard.services.balancer.made import SETTINGS, file, group, report

from ampguard.balancing.allocation import Balancer
from ampguard.balancing.decision import Reason, Rule
from ampguard.balancing.observation import Observation
from ampguard.balancing.ocpp import words
from ampguard.balancing.ocpp.report import CloudState
from ampguard.balancing.ocpp.ways import Way, Ways
from ampguard.live.publisher import LONGEST_PACKET
from ampguard.phases import Phase, Phases
from ampguard.phrase import as_heard, phrase
from ampguard.readings import Json
from ampguard.services.balancer import setup, telling
from ampguard.settings.group import MOST_CHARGERS

THIRD = 1.0 / 3.0


def reason(charger: str) -> Reason:
    return Reason(
        charger=charger, before_a=16.0, after_a=12.3, rule=Rule.CLOUD, phase=Phase.L2, since_s=THIRD, room_a=10 * THIRD,
        base_a=40 * THIRD, meter_a=(THIRD, THIRD, THIRD), meter_age_s=THIRD,
    )  # fmt: skip


def whole(name: str = "Place {number:02} of the house at the lake") -> dict[str, Json]:
    """The largest group that can be, each charger with all there is to say."""
    text = file(MOST_CHARGERS, name=f'"{"G" * 60}"')
    for number in range(1, MOST_CHARGERS + 1):
        text = text.replace(f'id = "CP{number}"\n', f'id = "{number:048}"\nname = "{name.format(number=number)}"\n')
    setup_of_it = group(Path(), text.replace("offline_a = 6.0", "offline_a = 0.0"))
    balancer = Balancer(setup.shared(SETTINGS, setup_of_it))
    said = (
        words.refuses(Way.TX_DEFAULT, "x" * 100, Ways(Way.CHARGE_POINT_MAX, Way.CHARGE_POINT_MAX)),
        words.two_of_one_name("x" * 48, "x" * 39),
        words.cloud_away("x" * 200),
    )
    reports = {
        one.id: report(
            charger=one.id, current_a=Phases(THIRD, THIRD, THIRD), power_w=THIRD, energy_wh=1e6 * THIRD, way=Way.TX,
            cloud=CloudState.THROUGH, cloud_a=THIRD, told=said,
        )
        for one in setup_of_it.chargers
    }  # fmt: skip
    seen = Observation(1000.0, 999.0 + THIRD, (THIRD, THIRD, THIRD), (None,) * MOST_CHARGERS)
    beside = telling.Beside(
        {one.name: reason(one.name) for one in setup_of_it.chargers},
        phrase("{path}", path="x" * 200),
        [phrase("{path}", path="x" * 200)] * 2,
        [f"{number:048}" for number in range(20)],
    )
    return telling.state(setup_of_it, balancer, balancer.decide(seen), reports, beside)


@pytest.mark.parametrize(
    "name", ["{number}", "Place {number:02} of the house at the lake", "\U0001f697" * 58 + "{number:02}"]
)
def test_the_largest_group_fits_into_a_packet(name: str) -> None:
    body = whole(name)
    packet = json.dumps({"kind": "balance", "body": body}, separators=(",", ":"), allow_nan=False)
    assert len(packet.encode()) <= LONGEST_PACKET
    chargers = cast("list[dict[str, Json]]", body["chargers"])
    assert len(chargers) == MOST_CHARGERS
    assert all("limit_a" in one and "why" in one for one in chargers)
    assert chargers[0]["why"] is not None
    if "Place" in name:
        assert all(one["why"] is not None for one in chargers), "what is left out first are the warnings"


def test_what_is_told_can_be_heard() -> None:
    body = json.loads(json.dumps(whole()))
    one = body["chargers"][0]
    heard = as_heard(one["why"])
    assert str(heard) == str(reason(one["name"]).sentence)
    assert all(as_heard(said) is not None for said in [body["fault"], *body["told"], *one["told"]])
    assert len(body["chargers"]) == MOST_CHARGERS
    assert (one["lease"], one["limit_a"], one["held_a"]) == ("ended", 0.0, 10.0)


def test_a_change() -> None:
    told = telling.why(reason("a"), "2026-11-22T12:00:00+00:00")
    assert told["sentence"] == str(as_heard(told["said"])) == str(reason("a").sentence)
    assert (told["charger"], told["rule"], told["phase"], told["since_s"]) == ("a", "cloud", "L2", 0.3)


def test_a_group_that_knows_nothing_yet() -> None:
    balancer = Balancer(shared())
    decision = balancer.decide(Observation(1.0, None, None, (None,)))
    none = report(
        status=None, has_car=None, wants=None, current_a=Phases(None, None, None), power_w=None, energy_wh=None,
        limit_a=None, safe_a=None, heard_s=None, is_online=False,
    )  # fmt: skip
    body = telling.state(group(Path()), balancer, decision, {"CP1": none}, telling.Beside({}, None, [], []))
    assert (body["rung"], body["leader"], body["fault"], body["meter_age_s"]) == ("lost", "unit", None, None)
    json.dumps(body, allow_nan=False)
