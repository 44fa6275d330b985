"""Whatever is in a payload, whoever sends it: it is understood, refused or passed over; nothing else happens."""

from __future__ import annotations

import contextlib
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ocpp.v16 import call
from tests.ampguard.balancing.ocpp.central import charger, configuration, run, unit
from tests.ampguard.balancing.ocpp.charger import connected
from tests.ampguard.balancing.ocpp.test_cloudprofiles import NOW
from tests.ampguard.balancing.ocpp.test_frame import json_values
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from ampguard.balancing.ocpp import rules, schema
from ampguard.balancing.ocpp.abilities import Abilities, questions
from ampguard.balancing.ocpp.cloudprofiles import CloudProfiles, Running
from ampguard.balancing.ocpp.observed import Observed
from ampguard.balancing.ocpp.tags import Tags

NAMES = (
    "connectorId", "status", "errorCode", "timestamp", "meterValue", "sampledValue", "value", "measurand", "phase",
    "unit",    "idTag", "idTagInfo", "transactionId", "meterStart", "meterStop", "configurationKey", "key", "readonly",
    "csChargingProfiles", "chargingProfileId", "stackLevel", "chargingProfilePurpose", "chargingProfileKind",
    "chargingSchedule", "chargingRateUnit", "chargingSchedulePeriod", "startPeriod", "limit", "duration",
    "startSchedule", "validFrom", "validTo", "recurrencyKind", "numberPhases", "localAuthorizationList", "updateType",
)  # fmt: skip
WORDS = (
    "Charging", "Available", "NoError", "L1", "A", "W", "TxProfile", "TxDefaultProfile", "ChargePointMaxProfile",
    "Absolute", "Recurring", "Relative", "Daily", "Full", "Accepted", "16", "1e400", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00",    "2026-11-22T12:00:00", "Current.Import",
)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**400), 10**400) | st.integers(-3, 40) | st.floats(allow_nan=False)
    | st.sampled_from(WORDS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=15,
)  # fmt: skip
payloads = st.dictionaries(st.sampled_from(NAMES), values, max_size=8)
actions = st.sampled_from(sorted(rules.STANDARD))


@given(actions, payloads)
def test_messages_of_a_charger(action: str, payload: dict[str, Any]) -> None:
    observed = Observed()
    schema.violation(action, payload)
    observed.note(action, payload, 5.0)
    observed.drawn(5.0)
    assert observed.clock(5.0, NOW).tzinfo is UTC
    observed.status()
    known = Abilities().with_answer(payload)
    assert 1 <= known.connectors <= 8
    assert known.most_periods >= 1
    assert all(questions(known))


limits = st.floats(allow_nan=False) | st.integers(-(10**400), 10**400)
profiles = st.fixed_dictionaries(
    {
        "chargingProfileId": st.integers(-5, 5) | st.integers(),
        "stackLevel": st.integers(),
        "chargingProfilePurpose": st.sampled_from(["TxProfile", "TxDefaultProfile", "ChargePointMaxProfile"]),
        "chargingProfileKind": st.sampled_from(["Absolute", "Recurring", "Relative"]),
        "chargingSchedule": st.fixed_dictionaries(
            {
                "chargingRateUnit": st.sampled_from("AW"),
                "chargingSchedulePeriod": st.lists(
                    st.fixed_dictionaries(
                        {"startPeriod": st.integers(), "limit": limits},
                        optional={"numberPhases": st.integers()},
                    ),
                    max_size=4,
                ),
            },
            optional={"duration": st.integers(), "startSchedule": st.sampled_from(WORDS), "minChargingRate": values},
        ),
    },
    optional={
        "validFrom": st.sampled_from(WORDS), "validTo": st.sampled_from(WORDS), "transactionId": st.integers(0, 3),
        "recurrencyKind": st.sampled_from(["Daily", "Weekly"]),
    },
)  # fmt: skip
moments = st.none() | st.datetimes(datetime(1, 1, 2), timezones=st.just(UTC))  # noqa: DTZ001 - it has one then


@given(st.lists(st.tuples(st.integers(), profiles), max_size=4), moments)
def test_profiles_of_a_cloud(told: list[tuple[int, dict[str, Any]]], at: datetime | None) -> None:
    running = {1: Running(1, NOW)}
    kept = CloudProfiles(230.0)
    for connector, profile in told:
        asked = {"connectorId": connector, "csChargingProfiles": profile}
        if schema.violation("SetChargingProfile", asked) is None:
            kept.put(connector, profile, running)
    for of in ({}, running):
        limit_a = kept.limit_a(at, of)
        assert limit_a is None or limit_a >= 0.0


@given(payloads)
def test_a_local_list_of_a_cloud(payload: dict[str, Any]) -> None:
    tags = Tags(Path("nowhere"), frozenset(), is_free=False)
    tags.listed_by_cloud(payload)
    tags.status("16", NOW)


frames = st.lists(
    st.one_of(
        st.tuples(st.just(2), st.text(max_size=3), actions | st.text(max_size=3), payloads).map(list),
        st.tuples(st.just(3), st.text(max_size=3), payloads).map(list),
        json_values,
    ),
    max_size=8,
)


@settings(max_examples=25, deadline=None)
@given(frames)
def test_frames_at_a_real_door(sent: list[Any]) -> None:
    """And the neighbour goes on charging."""

    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            wanted = configuration(charger("CP1"), charger("CP2"))
            async with unit(Path(folder), wanted) as central, connected(central.ports[0]) as one:
                address = f"ws://127.0.0.1:{central.ports[0]}/CP2"
                with contextlib.suppress(ConnectionClosed):
                    async with connect(address, subprotocols=[Subprotocol("ocpp1.6")], close_timeout=0.1) as socket:
                        for frame in sent:
                            await socket.send(json.dumps(frame))
                        await socket.send('[2,"the last","Heartbeat",{}]')
                        while json.loads(await socket.recv())[1:2] != ["the last"]:
                            pass
                assert (await one.call(call.BootNotification("M", "V"), suppress=False)).status == "Accepted"
                central.reports()

    run(story)
