"""The web pages: who gets in, forms of this site only, nothing from elsewhere, and values that are shown as text."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from tests.ampguard_hil.cloud.world import SERIAL, Cloud, bring, cloud

from ampguard_hil.cloud.demonstration import OPERATOR, OWNER, PARTNER
from ampguard_hil.cloud.pages_frame import FOLDER
from ampguard_hil.cloud.registry_mounted import DeviceSettings

EVERY_FILE = sorted([*(FOLDER / "templates").iterdir(), *(FOLDER / "static").iterdir()])
OWNERS = ("/devices", "/devices/add", f"/devices/{SERIAL}", "/chargers", "/chargers/add", "/chargers/2611000001M")
SHARED = ("/groups", "/groups/add", "/organisation", "/changes")
PARTNERS = ("/customers", "/customers/add", "/attention")


class Page(HTMLParser):
    """What a screen reader and a security audit look at."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.labels: set[str] = set()
        self.fields: list[str] = []
        self.landmarks: list[str] = []
        self.outside: list[str] = []
        self.inline: list[str] = []
        self.levels: list[int] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        if tag == "label":
            self.labels.add(found.get("for", ""))
        if tag in {"select", "input"} and found.get("type") not in {"hidden", "checkbox"}:
            self.fields.append(found.get("id", "nameless"))
        if tag in {"header", "nav", "main", "footer"}:
            self.landmarks.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        self.outside += [found[key] for key in ("href", "src", "action") if "//" in found.get(key, "")]
        self.inline += [key for key in found if key == "style" or key.startswith("on")]
        if tag == "script" and "src" not in found:
            self.inline.append("script")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with cloud(tmp_path_factory.mktemp("pages") / "cloud.sqlite") as found:
        bring(found.where, 1, 30)
        yield found


@contextlib.contextmanager
def browser(served: Cloud, email: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60.0, follow_redirects=True) as client:
        client.post("/sign-in", data={"email": email, "password": served.world.password, "next": "/"})
        yield client


def form_token(client: httpx.Client) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', client.get("/organisation").text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("file", EVERY_FILE, ids=lambda file: file.name)
def test_no_file_of_a_page_names_another_place(file: Path) -> None:
    text = file.read_text()
    places = set(re.findall(r"(?:https?:)?//[a-z0-9][^\s\"']+", text)) - {"http://www.w3.org/2000/svg"}
    assert places == set()


@pytest.mark.parametrize("who", [OWNER, PARTNER, OPERATOR])
def test_every_page_is_whole_labelled_and_from_here_alone(served: Cloud, who: str) -> None:
    with browser(served, who) as client:
        group = re.search(r"/groups/[0-9a-f]{16}", client.get("/groups").text)
        assert group is not None
        customer = f"/customers/{served.world.owner_id}"
        theirs = (*PARTNERS, customer) if who != OWNER else ()
        for place in (*OWNERS, *SHARED, group[0], *theirs):
            answer = client.get(place)
            assert answer.status_code == 200, place
            page = Page(answer.text)
            assert [field for field in page.fields if field not in page.labels] == [], place
            assert page.landmarks == ["header", "nav", "main", "footer"], place
            assert (page.outside, page.inline) == ([], []), place
            assert page.levels.count(1) == 1, place
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy


def test_who_is_not_signed_in_is_asked_to_and_comes_back(served: Cloud) -> None:
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60.0) as client:
        answer = client.get("/devices")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/devices")
        body = {"email": OWNER, "password": served.world.password, "next": "/devices"}
        answer = client.post("/sign-in", data=body)
        assert (answer.status_code, answer.headers["location"]) == (303, "/devices")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=lax" in cookie
        assert client.get("/devices").status_code == 200


@pytest.mark.parametrize("where", ["//evil.example", "https://evil.example", "/\\evil.example", "/\n/evil.example"])
def test_after_signing_in_nobody_is_sent_elsewhere(served: Cloud, where: str) -> None:
    body = {"email": OWNER, "password": served.world.password, "next": where}
    answer = httpx.post(f"{served.url}/sign-in", data=body, trust_env=False, timeout=60.0)
    assert answer.headers["location"] == "/"


def test_a_wrong_password_is_said_and_does_not_come_back(served: Cloud) -> None:
    body = {"email": "nobody@example.org", "password": "s3cret-typo", "next": "/"}
    answer = httpx.post(f"{served.url}/sign-in", data=body, trust_env=False, timeout=60.0)
    assert answer.status_code == 401
    assert "the e-mail address or the password is wrong" in answer.text
    assert "s3cret-typo" not in answer.text


def test_a_form_without_its_token_or_from_another_site_changes_nothing(served: Cloud) -> None:
    with browser(served, OWNER) as client:
        filled = {"name": "Changed", "place": "", "main_fuse_a": "16"}
        place = f"/devices/{SERIAL}"
        assert client.post(place, data=filled).status_code == 403
        assert client.post(place, data=filled | {"form_token": "wrong"}).status_code == 403
        good = filled | {"form_token": form_token(client)}
        assert client.post(place, data=good, headers={"Origin": "https://evil.example"}).status_code == 403
        with served.client(OWNER) as api:
            assert api.get(f"/v1{place}").json()["name"] == "Main switch"
        assert client.post("/sign-in", data={}, headers={"Origin": "https://evil.example"}).status_code == 403


def test_what_is_refused_is_said_and_what_was_typed_is_still_there(served: Cloud) -> None:
    with browser(served, OWNER) as client:
        filled = {"form_token": form_token(client), "name": "Typed name", "place": "here", "main_fuse_a": "999"}
        answer = client.post(f"/devices/{SERIAL}", data=filled)
        assert answer.status_code == 422
        assert "main_fuse_a: wanted 6 to 63 A, met 999 A" in answer.text
        assert 'value="Typed name"' in answer.text
        answer = client.post(f"/devices/{SERIAL}", data=filled | {"main_fuse_a": "many"})
        assert "wanted a number, met many" in answer.text


def test_names_are_shown_as_text_and_never_as_markup(served: Cloud) -> None:
    owner = served.actor(OWNER)
    served.registry.equipment.change_device(owner, SERIAL, DeviceSettings("<script>alert(1)</script>", '"><b>', 25.0))
    with browser(served, PARTNER) as client:
        for place in ("/devices", f"/devices/{SERIAL}", "/changes", f"/customers/{served.world.owner_id}"):
            text = client.get(place).text
            assert "<script>alert" not in text
            assert '"><b>' not in text
            assert "&lt;script&gt;" in text
    served.registry.equipment.change_device(owner, SERIAL, DeviceSettings("Main switch", "", 25.0))


def test_a_page_that_is_none_is_a_page_and_a_foreign_device_is_not_there(served: Cloud) -> None:
    with browser(served, OWNER) as client:
        for place in ("/nonesuch", "/devices/NONESUCHG", "/groups/nonesuch"):
            answer = client.get(place)
            assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_a_form_that_is_too_large_is_refused(served: Cloud) -> None:
    answer = httpx.post(f"{served.url}/sign-in", content=b"a=" + b"b" * (1 << 17), trust_env=False, timeout=60.0)
    assert answer.status_code == 422
