"""Enrolment over HTTP: the command is a child, what it says is told, and only the owner may ask."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.ampguard.web.unit import Unit, refusal, unit_at

from ampguard.services.web_enrolment import OwnEnrolment
from ampguard.settings.history import Means
from ampguard.settings.places import Places
from ampguard.settings.settings import load
from ampguard.uplink.certificates import keyring
from ampguard.uplink.certificates.keyring import Keyring
from ampguard.web.access.tokens import Scope
from ampguard_hil.cloud.authority import Authority

URL = "/api/v1/enrolment"
WANTED: dict[str, Any] = {"url": "https://cloud.example:8443/", "pin": "k3tt1e42"}
CHILD = """
import json, pathlib, sys
asked = sys.argv[1:]
file = pathlib.Path(asked[asked.index("--ca-file") + 1]) if "--ca-file" in asked else None
told = {"asked": asked, "pin": sys.stdin.read(), "authority": file and file.read_text()}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(told))
if told["pin"] == "wr0ngp1n":
    print('{"kind": "pin-refused"}')
    print("ampguard: not enrolled: /tmp/of/ours: https://c.example/v1 knows no such unit", file=sys.stderr)
    raise SystemExit(2)
if told["pin"] == "unheard0f":
    print("ampguard: wanted room, met none in /var/lib/ampguard", file=sys.stderr)
    raise SystemExit(2)
"""


@pytest.fixture
def child(tmp_path: Path) -> Path:
    """Instead of the command: notes what it was asked."""
    script = tmp_path / "child.py"
    script.write_text(CHILD)
    return script


@pytest.fixture
def unit(tmp_path: Path, child: Path) -> Iterator[Unit]:
    places = Places(tmp_path / "data", tmp_path / "run", None)
    with unit_at(tmp_path, enrolment=OwnEnrolment(places, (sys.executable, str(child)))) as made:
        yield made


def asked(child: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(child.with_suffix(".json").read_text())
    return found


def test_it_is_asked_for_and_counts_as_a_change_that_can_be_undone(unit: Unit, child: Path) -> None:
    unit.owner.patch(
        "/api/v1/settings", json={"changes": {"https.url": "https://before.example", "https.token": "t0ken"}}
    )
    answer = unit.owner.post(URL, json=WANTED)
    assert (answer.status_code, answer.json()) == (200, {"enrolled": None}), answer.text  # the child here makes nothing
    told = asked(child)
    assert told["asked"] == ["enrol", "--url", WANTED["url"], "--pin-file", "-", "--kind"]
    assert (told["pin"], told["authority"]) == (WANTED["pin"], None)
    found = load(unit.places.settings).https
    assert found is not None
    assert (found.url, found.enrolled, found.token) == ("https://cloud.example:8443", True, None)
    change = unit.owner.get("/api/v1/settings/history").json()["changes"][0]
    assert (change["means"], change["name"]) == (Means.PAGE, "192.0.2.7")
    assert WANTED["pin"] not in json.dumps(change)
    assert unit.owner.post("/api/v1/settings/undo", json={}).status_code == 200
    assert not (before := load(unit.places.settings).https) or before.url == "https://before.example"


def test_an_authority_is_a_file_for_as_long_as_it_is_asked(unit: Unit, child: Path) -> None:
    answer = unit.owner.post(URL, json=WANTED | {"authority": "PEM\nlines", "proxy": "http://proxy:3128"})
    assert answer.status_code == 200, answer.text
    told = asked(child)
    assert told["authority"] == "PEM\nlines"
    assert told["asked"][-2:] == ["--proxy", "http://proxy:3128"]
    assert not Path(told["asked"][told["asked"].index("--ca-file") + 1]).exists()
    found = load(unit.places.settings).https
    assert found is not None
    assert found.proxy == "http://proxy:3128"


def test_a_proxy_that_is_set_stays_and_is_in_no_list_of_processes(unit: Unit, child: Path) -> None:
    proxy = "http://me:s3cret@proxy:3128"
    before = {"https.url": "https://before.example", "https.proxy": proxy}
    assert unit.owner.patch("/api/v1/settings", json={"changes": before}).status_code == 200
    assert unit.owner.post(URL, json=WANTED).status_code == 200
    assert "s3cret" not in json.dumps(asked(child)["asked"]), "the child takes it from the settings"
    found = load(unit.places.settings).https
    assert found is not None
    assert (found.url, found.proxy) == ("https://cloud.example:8443", proxy)


def test_a_certificate_that_nothing_is_sent_with_is_said_to_be_unused(unit: Unit, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.pair("26110007G", ())
    rings = Keyring(unit.places.data)
    known = {"url": "https://cloud.example:8443", "serial": "26110007G", "proxy": None}
    rings.put({
        keyring.KEY: key.read_bytes(), keyring.CERTIFICATE: certificate.read_bytes(),
        keyring.ENROLMENT: json.dumps(known).encode(),
    })  # fmt: skip
    assert unit.owner.post(URL, json=WANTED).json()["enrolled"]["used"] is True
    every = dict.fromkeys(("https.url", "https.enrolled"))
    assert unit.owner.patch("/api/v1/settings", json={"changes": every}).status_code == 200
    found = unit.owner.get(URL).json()["enrolled"]
    assert (found["url"], found["used"]) == (known["url"], False)


def test_why_it_was_refused_is_told_and_nothing_changes(unit: Unit) -> None:
    answer = unit.owner.post(URL, json=WANTED | {"pin": "wr0ngp1n"})
    assert refusal(answer) == (422, "pin-refused")
    assert answer.json()["sentence"] == "not enrolled: https://c.example/v1 knows no such unit", "and no path"
    answer = unit.owner.post(URL, json=WANTED | {"pin": "unheard0f"})
    assert refusal(answer) == (422, "unfit")
    assert answer.json()["sentence"] == "wanted room, met none in "
    assert load(unit.places.settings).https is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://a b"},
        {"url": ""},
        {"pin": ""},
        {"pin": "a\nb"},
        {"pin": 7},
        {"authority": "x" * 40000},
        {"x": 1},
    ],
)
def test_what_cannot_be_is_refused_before_anybody_is_asked(unit: Unit, child: Path, wrong: dict[str, Any]) -> None:
    assert refusal(unit.owner.post(URL, json=WANTED | wrong)) == (422, "malformed")
    assert not child.with_suffix(".json").exists()


def test_settings_that_cannot_be_read_are_said_before_anybody_is_asked(unit: Unit, child: Path) -> None:
    unit.places.settings.write_text("main_fuse_a = [")
    answer = unit.owner.post(URL, json=WANTED)
    assert refusal(answer) == (422, "unfit")
    assert str(unit.places.data) not in answer.json()["sentence"]
    assert not child.with_suffix(".json").exists()


def test_one_at_a_time(unit: Unit) -> None:
    async def both() -> list[int]:
        answers = await asyncio.gather(*(unit.owner.client.post(URL, json=WANTED) for _ in range(2)))
        return sorted(one.status_code for one in answers)

    assert unit.run(both()) == [200, 409]


def test_no_token_enrols_or_sees_where(unit: Unit, child: Path) -> None:
    for scope in Scope:
        holder = unit.with_token(scope)
        assert (holder.post(URL, json=WANTED).status_code, holder.get(URL).status_code) == (401, 401)
    assert unit.stranger.post(URL, json=WANTED).status_code == 401
    assert not child.with_suffix(".json").exists()
