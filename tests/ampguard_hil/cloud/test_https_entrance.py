"""The HTTPS entrance of the reference cloud: what it answers is what the store has."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.ampguard_hil.cloud.served import serving
from tests.ampguard_hil.cloud.test_store import block

from ampguard.uplink import message
from ampguard_hil.cloud.account import Account
from ampguard_hil.cloud.app import application
from ampguard_hil.cloud.bounded import LARGEST_BYTES
from ampguard_hil.cloud.sqlite import SqliteStore
from ampguard_hil.cloud.store import StoreError, open_store

TOKEN = "a-t0ken"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "cloud.sqlite"


@pytest.fixture
def client(store: Path) -> Iterator[httpx.Client]:
    with (
        serving(application(store, TOKEN)) as url,
        httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=60.0
        ) as client,
    ):
        yield client


def post(client: httpx.Client, content: bytes, serial: str = "AG1", **headers: str) -> httpx.Response:
    return client.post(f"/v1/units/{serial}/records", content=content, headers=headers)


def stored(path: Path, serial: str = "AG1") -> int:
    store = open_store(path)
    try:
        return sum(boot.readings for boot in store.completeness(serial))
    finally:
        store.close()


def test_an_answer_names_what_is_committed(client: httpx.Client, store: Path) -> None:
    for _ in range(3):  # the same block again changes nothing
        answer = post(client, block(1, 2, 3))
        assert answer.status_code == 200
        assert answer.json() == {"committed": {"boot": "boot", "first_sequence": 1, "last_sequence": 3}}
        assert stored(store) == 3


def test_completeness_says_what_is_missing(client: httpx.Client) -> None:
    post(client, block(1, 2))
    post(client, block(5, 6))
    report = client.get("/v1/units/AG1/completeness").json()
    assert report["serial"] == "AG1"
    (boot,) = report["boots"]
    assert (boot["boot"], boot["readings"], boot["missing"]) == ("boot", 4, [[3, 4]])
    assert (report["complete"], [one["missing"] for one in report["breaks"]]) == (False, [2])
    nobody = client.get("/v1/units/nobody/completeness").json()
    assert (nobody["boots"], nobody["sentence"]) == ([], "nobody: nothing is stored")


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x78\x9c\x00", block(1)[:-3]])
def test_what_is_no_block_is_refused(client: httpx.Client, store: Path, content: bytes) -> None:
    answer = post(client, content)
    assert answer.status_code == 400
    assert "no block" in answer.json()["refused"]
    assert answer.json()["digest"] == message.digest(content), "so that the unit knows whose word it is"
    assert stored(store) == 0


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer \xe4"])
def test_without_the_token_nothing_is_told_or_taken(client: httpx.Client, store: Path, given: str) -> None:
    headers = {b"Authorization": given.encode("latin-1")}
    for method, lane in (("POST", "records"), ("GET", "completeness")):
        answer = client.request(method, f"/v1/units/AG1/{lane}", headers=headers, content=block(1))
        assert answer.status_code == 401
        assert TOKEN not in answer.text
    assert stored(store) == 0


@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_too_large_is_refused_before_it_is_all_there(client: httpx.Client, *, chunked: bool) -> None:
    body = bytes(LARGEST_BYTES + 1)
    answer = client.post("/v1/units/AG1/records", content=iter([body]) if chunked else body)
    assert answer.status_code == 413
    assert post(client, body[:-1]).status_code == 400
    assert post(client, block(1)).status_code == 200


def test_a_store_that_takes_nothing_asks_for_patience(
    client: httpx.Client, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: SqliteStore, _blocks: object) -> None:
        raise StoreError("database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(SqliteStore, "commit", full)
        answer = post(client, block(1))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert post(client, block(1)).status_code == 200
    assert stored(store) == 1


def test_a_store_that_cannot_be_opened_asks_for_patience_until_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    with serving(application(folder / "cloud.sqlite", None)) as url, httpx.Client(base_url=url, timeout=60.0) as client:
        assert post(client, block(1)).status_code == 503
        folder.mkdir()
        assert post(client, block(1)).status_code == 200
    assert stored(folder / "cloud.sqlite") == 1


def test_a_store_that_cannot_be_looked_through_for_dates_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        serving(application(tmp_path / "later" / "cloud.sqlite", None)) as url,
        httpx.Client(base_url=url, timeout=60.0) as client,
    ):
        assert post(client, block(1)).status_code == 503  # it waits behind the dating, which begins at once
        assert post(client, block(1)).status_code == 503
    assert "nothing can be dated now: " in caplog.text


def test_who_asks_what_is_missing_keeps_no_block_waiting(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, enough = threading.Event(), threading.Event()
    account = SqliteStore.account

    def slowly(self: SqliteStore, serial: str, *, since_utc: str) -> Account:
        asked.set()
        assert enough.wait(30.0)
        return account(self, serial, since_utc=since_utc)

    monkeypatch.setattr(SqliteStore, "account", slowly)
    with ThreadPoolExecutor(1) as unit:
        answer = unit.submit(client.get, "/v1/units/AG1/completeness", timeout=30.0)
        try:
            assert asked.wait(10.0)
            assert post(client, block(1)).status_code == 200
        finally:
            enough.set()
        assert answer.result().json()["readings"] == 1


def test_many_at_once_are_stored_each(client: httpx.Client, store: Path) -> None:
    with ThreadPoolExecutor(8) as units:
        answers = list(units.map(lambda number: post(client, block(number, number + 1)).status_code, range(1, 60)))
    assert set(answers) == {200}
    assert stored(store) == 60


def test_other_places_and_methods_are_none(client: httpx.Client) -> None:
    assert client.get("/v1/units/AG1/records").status_code == 405
    assert client.get("/nonesuch").status_code == 404
    assert client.post("/v1/units/A/B/records", content=block(1)).status_code == 404


def happened(*numbers: int, serial: str = "AG1") -> bytes:
    return message.events(serial, [{"boot": "boot", "sequence": number, "kind": "gap"} for number in numbers])


def test_events_are_acknowledged_after_the_commit_and_kept_once(client: httpx.Client) -> None:
    for _ in range(2):
        answer = client.post("/v1/units/AG1/events", content=happened(1, 2))
        assert (answer.status_code, answer.json()) == (200, {"committed": {"events": 2}})
    assert client.post("/v1/units/AG1/events", content=happened()).json() == {"committed": {"events": 0}}


@pytest.mark.parametrize("content", [b"", b"[]", happened(1, serial="AG2"), happened(0), happened(1)[:-2]])
def test_events_that_are_none_are_refused(client: httpx.Client, content: bytes) -> None:
    answer = client.post("/v1/units/AG1/events", content=content)
    assert (answer.status_code, answer.json()["id"]) == (400, "no-events")


@pytest.mark.parametrize("path", ["/v1/session", "/v1/units/AG1/events"])
def test_no_request_may_go_on_and_on(client: httpx.Client, path: str) -> None:
    answer = client.post(path, content=(b"x" * 65536 for _ in range(20)))
    assert answer.status_code == 413
