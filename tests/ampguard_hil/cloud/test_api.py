"""The REST API: what it gives, what it refuses and how, and that its published document is current."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ampguard.journal.made import reading
from tests.ampguard_hil.cloud.served import serving
from tests.ampguard_hil.cloud.test_store import body
from tests.ampguard_hil.cloud.world import SERIAL, Cloud, bring, cloud

from ampguard.block import encoded
from ampguard_hil.cloud import api_schema
from ampguard_hil.cloud.app import application
from ampguard_hil.cloud.demonstration import OPERATOR, OWNER, PARTNER
from ampguard_hil.cloud.store import open_store, received


@pytest.fixture(scope="module")
def served(shared: str) -> Iterator[Cloud]:
    with cloud(shared) as found:
        yield found


@pytest.fixture
def owner(served: Cloud) -> Iterator[httpx.Client]:
    with served.client(OWNER) as client:
        yield client


@pytest.fixture
def operator(served: Cloud) -> Iterator[httpx.Client]:
    with served.client(OPERATOR) as client:
        yield client


def test_the_published_document_is_current() -> None:
    assert api_schema.FILE.read_text() == api_schema.document(), "python -m ampguard_hil.cloud.api_schema makes it"


def test_the_document_is_served_and_says_how_a_refusal_looks(owner: httpx.Client) -> None:
    document = owner.get("/v1/openapi.json").json()
    published = json.loads(api_schema.FILE.read_text())
    enrolling = {"/v1/enrolment", "/v1/units/{serial}/certificate"}  # only where there is an authority
    assert document["paths"] == {place: way for place, way in published["paths"].items() if place not in enrolling}
    assert enrolling < set(published["paths"])
    assert document["components"]["schemas"].items() <= published["components"]["schemas"].items()
    for place, methods in document["paths"].items():
        for method, operation in methods.items():
            if "units" not in operation["tags"]:
                refusal = operation["responses"]["422"]["content"]["application/json"]["schema"]
                assert refusal == {"$ref": "#/components/schemas/Refusal"}, (method, place)


@pytest.mark.parametrize("given_", ["", "Bearer", "Bearer wrong", "Basic x", "Bearer \xe4"])
def test_without_a_session_nothing_is_told(served: Cloud, given_: str) -> None:
    headers = {b"Authorization": given_.encode("latin-1")}
    for place in ("/v1/me", "/v1/devices", f"/v1/devices/{SERIAL}/latest", "/v1/audit"):
        answer = httpx.get(served.url + place, headers=headers, trust_env=False, timeout=60.0)
        assert (answer.status_code, answer.json()["id"]) == (401, "sign-in-wanted")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_cookie_may_look_and_nothing_more(served: Cloud, owner: httpx.Client) -> None:
    cookies = {"ampguard_session": owner.headers["authorization"].removeprefix("Bearer ")}
    with httpx.Client(base_url=served.url, cookies=cookies, trust_env=False, timeout=60.0) as browser:
        assert browser.get("/v1/me").json()["email"] == OWNER
        refused = browser.put(f"/v1/devices/{SERIAL}", json={"name": "from another site"})
        assert refused.status_code == 401


def test_who_asks_is_told_and_a_session_ends(served: Cloud) -> None:
    with served.client(PARTNER) as partner:
        assert partner.get("/v1/me").json()["role"] == "partner"
        assert partner.delete("/v1/session").status_code == 204
        assert partner.get("/v1/me").status_code == 401


def test_a_wrong_password_is_one_sentence(served: Cloud) -> None:
    body = {"email": "nobody@example.org", "password": "wrong"}
    answer = httpx.post(f"{served.url}/v1/session", json=body, trust_env=False, timeout=60.0)
    assert answer.status_code == 401
    assert answer.json() == {"id": "wrong-password", "refused": "the e-mail address or the password is wrong"}


def test_a_misspelt_parameter_is_refused_and_not_passed_over(owner: httpx.Client) -> None:
    group = owner.get("/v1/groups").json()[0]["id"]
    answer = owner.put(f"/v1/groups/{group}", json={"name": "x", "max_curent_online_a": 10})
    assert answer.status_code == 422
    assert answer.json()["id"] == "malformed"
    assert "max_curent_online_a" in answer.json()["refused"]


def test_wrong_pins_lock_and_say_for_how_long(served: Cloud) -> None:
    with served.client(OPERATOR) as operator, served.client(OWNER) as client:
        new = {"serial": "2611000077G", "pin": "12345678", "model": "home"}
        assert operator.post("/v1/devices", json=new).status_code == 201
        assert client.post("/v1/devices", json=new).status_code == 403
        claim = {"serial": "2611000077G", "pin": "87654321", "organisation_id": served.world.owner_id}
        claim |= {"settings": {"name": "Garage"}}  # type: ignore[dict-item]  # JSON nests
        for _ in range(5):
            answer = client.post("/v1/devices/claim", json=claim)
            assert (answer.status_code, answer.json()["id"]) == (422, "wrong-secret")
        answer = client.post("/v1/devices/claim", json=claim | {"pin": "12345678"})
        assert (answer.status_code, answer.json()["id"]) == (429, "locked-out")
        assert 0 < int(answer.headers["retry-after"]) <= 900


def test_a_group_lives_through_the_api(served: Cloud, owner: httpx.Client) -> None:
    made = owner.post("/v1/groups", json={"organisation_id": served.world.owner_id, "settings": {"name": "Yard"}})
    assert made.status_code == 201
    group = made.json()
    assert (group["state"], group["max_current_online_a"]) == ("draft", None)
    refused = owner.post(f"/v1/groups/{group['id']}/activate")
    assert (refused.status_code, refused.json()["id"]) == (409, "incomplete")
    assert "no measurement device is chosen" in refused.json()["refused"]
    assert owner.delete(f"/v1/groups/{group['id']}").status_code == 204
    assert owner.get(f"/v1/groups/{group['id']}").status_code == 404


def test_readings_come_page_by_page_as_json_and_as_csv(served: Cloud, operator: httpx.Client) -> None:
    ends = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    bring(served.where, 1, 100, ends=ends)
    bring(served.where, 1, 50, boot="next", ends=ends + timedelta(seconds=90))
    span = {"from_utc": (ends - timedelta(seconds=20)).isoformat(), "to_utc": (ends + timedelta(hours=1)).isoformat()}
    found, cursor = [], ""
    while cursor is not None:
        query = {**span, "fields": "current_rms_a.l1,current_rms_a.l3", "limit": "7", "cursor": cursor}
        answer = operator.get(f"/v1/devices/{SERIAL}/history", params=query).json()
        found += answer["readings"]
        cursor = answer["cursor"]
    assert [(one["boot"], one["sequence"]) for one in found] == [
        *(("boot", number) for number in range(81, 101)),
        *(("next", number) for number in range(1, 51)),
    ]
    assert (found[0]["current_rms_a.l1"], found[0]["current_rms_a.l3"]) == (0.81, None)
    answer = operator.get(f"/v1/devices/{SERIAL}/history", params=span | {"format": "csv", "limit": 30})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cursor"] == "next:10"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert (len(rows), rows[0]["current_rms_a.l1"], rows[0]["current_rms_a.l3"]) == (30, "0.81", "")


def test_a_curve_has_means_and_leaves_holes(served: Cloud, operator: httpx.Client) -> None:
    ends = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
    bring(served.where, 1, 300, boot="april", ends=ends)
    bring(served.where, 1, 300, boot="later", ends=ends + timedelta(seconds=1000))
    span = {
        "from_utc": (ends - timedelta(seconds=300)).isoformat(),
        "to_utc": (ends + timedelta(seconds=1100)).isoformat(),
    }
    curve = operator.get(
        f"/v1/devices/{SERIAL}/curve", params=span | {"fields": "current_rms_a.l1", "points": 140}
    ).json()
    assert curve["step_s"] == 10.0
    assert 60 <= len(curve["end_utc"]) <= 62
    values = curve["values"]["current_rms_a.l1"]
    assert values[1] == pytest.approx(0.145)
    moments = [datetime.fromisoformat(stamp) for stamp in curve["end_utc"]]
    assert sum(after - before > timedelta(seconds=300) for before, after in itertools.pairwise(moments)) == 1


def test_the_latest_reading_and_completeness_are_told(
    served: Cloud, owner: httpx.Client, operator: httpx.Client
) -> None:
    bring(served.where, 1, 10, boot="now")
    bring(served.where, 21, 30, boot="now")
    latest = owner.get(f"/v1/devices/{SERIAL}/latest").json()
    assert (latest["reading"]["boot"], latest["reading"]["sequence"]) == ("now", 30)
    assert 0 <= latest["age_s"] < 120
    told = operator.get(f"/v1/devices/{SERIAL}/completeness").json()
    assert "s, 10 readings: UNEXPLAINED" in told["sentence"]
    here = [one for one in told["breaks"] if one["before"]["boot"] == "now" == (one["after"] or {}).get("boot")]
    assert [(one["missing"], one["reason"]) for one in here] == [(10, None)]
    assert owner.get(f"/v1/devices/{SERIAL}/events").json() == []


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"fields": "nonesuch"}, "no-such-field"),
        ({"from_utc": "2026-01-01T00:00:00Z"}, "no-span"),
        ({"from_utc": "2026-01-02T00:00:00Z", "to_utc": "2026-01-01T00:00:00Z"}, "no-span"),
        ({"limit": "0"}, "malformed"),
        ({"cursor": "nonsense"}, "malformed"),
        ({"interval": "1h"}, "malformed"),
    ],
)
def test_a_wrong_question_is_refused_in_a_sentence(owner: httpx.Client, query: dict[str, str], word: str) -> None:
    answer = owner.get(f"/v1/devices/{SERIAL}/history", params=query)
    assert (answer.status_code, answer.json()["id"]) == (422, word)
    assert answer.json()["refused"]


def test_another_ones_device_is_not_there(served: Cloud) -> None:
    with served.client(PARTNER) as partner:
        assert partner.get("/v1/devices/NONESUCHG/latest").status_code == 404


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
_PLACES = st.sampled_from(
    [
        (method, place)
        for place, methods in json.loads(api_schema.FILE.read_text())["paths"].items()
        for method in methods
        if "session" not in place and not place.startswith("/v1/units")
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=_PLACES, name=st.text(st.characters(codec="utf-8"), max_size=12), body=_JSON, query=st.text(max_size=12))
def test_whatever_is_asked_is_answered_or_refused_in_a_sentence(
    owner: httpx.Client, where: tuple[str, str], name: str, body: object, query: str
) -> None:
    method, place = where
    escaped = "".join(f"%{byte:02X}" for byte in name.encode())
    for part in ("serial", "organisation_id", "partner_id", "person_id", "group_id"):
        place = place.replace(f"{{{part}}}", escaped or SERIAL)
    params = {"fields": query, "cursor": query, "from_utc": query, "before": query} if query else {}
    answer = owner.request(method, place, json=body, params=params)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert set(answer.json()) == {"id", "refused"}


def test_a_nul_is_the_askers_fault_whatever_the_store(owner: httpx.Client) -> None:
    answer = owner.post("/v1/chargers/%00/release")
    assert answer.status_code in {404, 422}, answer.text
    assert set(answer.json()) == {"id", "refused"}
    assert owner.get("/v1/units/%00/completeness").status_code < 500


def test_a_store_that_cannot_be_opened_asks_for_patience(tmp_path: Path) -> None:

    with serving(application(tmp_path / "absent" / "cloud.sqlite", None)) as url:
        answer = httpx.post(f"{url}/v1/session", json={"email": "a@b", "password": "x"}, trust_env=False, timeout=60.0)
    assert (answer.status_code, answer.json()["id"]) == (503, "store-takes-nothing")
    assert answer.headers["retry-after"] == "5"


def test_what_was_undated_is_said_and_appears_once_its_time_is_known(where: str) -> None:
    began = datetime(2026, 3, 1, 10, tzinfo=UTC)
    made = [replace(reading(n), monotonic_ns=n * 10**9, duration_s=1.0, end_utc=None) for n in range(1, 5)]
    dated = replace(made[-1], end_utc=(began + timedelta(seconds=4)).isoformat(timespec="milliseconds"))
    span = {"from_utc": began.isoformat(), "to_utc": (began + timedelta(hours=1)).isoformat()}
    with cloud(where) as found, found.client(OPERATOR) as operator, contextlib.closing(open_store(where)) as store:
        assert operator.get(f"/v1/devices/{SERIAL}/history", params=span).json() == {
            "readings": [],
            "cursor": None,
            "undated": 0,
        }
        store.commit([received(SERIAL, encoded([body(one) for one in made[:-1]]))])
        told = operator.get(f"/v1/devices/{SERIAL}/history", params=span).json()
        assert (told["readings"], told["undated"]) == ([], 3)
        assert operator.get(f"/v1/devices/{SERIAL}/history", params={**span, "format": "csv"}).headers["undated"] == "3"
        store.commit([received(SERIAL, encoded([body(dated)]))])
        assert store.date() == 3
        told = operator.get(f"/v1/devices/{SERIAL}/history", params=span).json()
        assert [one["sequence"] for one in told["readings"]] == [1, 2, 3, 4]
        assert [one["end_utc"][17:19] for one in told["readings"]] == ["01", "02", "03", "04"]
        assert told["undated"] == 0


def test_nobody_gives_anything_to_an_organisation_that_is_none(served: Cloud) -> None:
    with served.client(OPERATOR) as operator:
        new = {"serial": "26119999G", "pin": "12345678"}
        assert operator.post("/v1/devices", json={**new, "model": "home"}).status_code == 201
        claim = {**new, "organisation_id": "nonesuch", "settings": {"name": "x"}}
        assert operator.post("/v1/devices/claim", json=claim).status_code == 404
        group = {"organisation_id": "nonesuch", "settings": {"name": "x"}}
        assert operator.post("/v1/groups", json=group).status_code == 404


def test_nobody_sees_what_a_device_measured_before_it_was_theirs(
    served: Cloud, owner: httpx.Client, operator: httpx.Client
) -> None:
    long_ago = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
    bring(served.where, 1, 30, boot="earlier", ends=long_ago)
    moments = {"from_utc": "2026-02-01T00:00:00Z", "to_utc": "2026-02-02T00:00:00Z"}
    for path in ("history", "curve"):
        answers = [one.get(f"/v1/devices/{SERIAL}/{path}", params=moments) for one in (owner, operator)]
        assert [one.status_code for one in answers] == [200, 200]
        found = [one.json().get("readings", one.json().get("end_utc")) for one in answers]
        assert [bool(one) for one in found] == [False, True]
