"""The table [https]: where records go encrypted, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from ampguard.errors import SetupError
from ampguard.settings.destinations import HttpsSettings
from ampguard.settings.settings import load


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def loaded(path: Path, text: str) -> HttpsSettings | None:
    path.write_text(f"[https]\n{text}")
    return load(path).https


def sentence(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(SetupError) as caught:
        load(path)
    found = str(caught.value)
    assert found.startswith(f"{path}: https")
    assert "\n" not in found
    return found.removeprefix(f"{path}: ")


def test_everything_can_be_said(path: Path) -> None:
    text = """
    url = "https://cloud.example:8443/units/"
    token = "t0ken"
    ca_file = "/etc/ca.pem"
    client_certificate_file = "/etc/unit.pem"
    client_key_file = "/etc/unit.key"
    proxy = "http://name:word@proxy.example:3128"
    batch_s = 10
    """
    assert loaded(path, text) == HttpsSettings(
        "https://cloud.example:8443/units",
        "t0ken",
        "/etc/ca.pem",
        "/etc/unit.pem",
        "/etc/unit.key",
        "http://name:word@proxy.example:3128",
        10.0,
    )
    found = loaded(path, 'url = "https://cloud.example"')
    assert found == HttpsSettings("https://cloud.example")
    assert found.batch_s == 60.0


def test_secrets_are_not_shown() -> None:
    shown = repr(HttpsSettings("https://c", "t0ken", proxy="http://name:word@p"))
    assert "t0ken" not in shown
    assert "word" not in shown


@pytest.mark.parametrize(
    "url",
    [
        "https://c",
        "https://[2001:db8::1]:443",
        "HTTPS://c.example/a/b",
        "http://localhost:8080",
        "http://127.0.0.1",
        "http://LOCALHOST/x",
    ],
)
def test_an_address_that_will_do(path: Path, url: str) -> None:
    assert loaded(path, f'url = "{url}"') == HttpsSettings(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://cloud.example",
        "http://127.0.0.2",
        "http://localhost.example",
        "http://127.0.0.1.nip.example",
        "http://[::1]",
        "ftp://c",
        "cloud.example",
        "//c",
        "https://",
        "https:///x",
        "https://c:99999",
        "https://c:0",
        "https://c:x",
        "https://[c",
        "https://c d",
        "https://c\\\\td",
        "https://ü.example",
        "https://c/?q",
        "https://c?",
        "https://c/#x",
        "https://user:word@c",
        "http://localhost\\\\@evil.example",
        "http://localhost@evil.example",
        "http://evil.example@localhost",
    ],
)
def test_an_address_that_will_not(path: Path, url: str) -> None:
    found = sentence(path, f'[https]\nurl = "{url}"')
    assert found.startswith("https.url: wanted ")
    assert "word" not in found.replace("password", "")


@pytest.mark.parametrize("text", ["[https]", '[https]\ntoken = "t"', '[https]\nurl = ""', "https = {}"])
def test_without_an_address(path: Path, text: str) -> None:
    assert sentence(path, text) == "https.url: wanted the cloud's address, https://..., met nothing"


@pytest.mark.parametrize("value", ['"https://c"', "1", "[]", "false"])
def test_what_is_no_table(path: Path, value: str) -> None:
    assert sentence(path, f"https = {value}").startswith("https: wanted a table [https], met ")


@pytest.mark.parametrize("token", ["", "a b", "ä", "a\\nX-Other: 1", "\\u0000"])
def test_a_token_that_is_none_is_not_shown(path: Path, token: str) -> None:
    found = sentence(path, f'[https]\nurl = "https://c"\ntoken = "{token}"')
    assert found == "https.token: wanted letters, digits and signs without blanks, met something else"


@pytest.mark.parametrize(
    "proxy", ["", "proxy:3128", "socks5://p", "http://p/x", "http://", "http://p:x", "http://p?q", "http://n:word@p/x"]
)
def test_a_proxy_that_is_none_is_not_shown(path: Path, proxy: str) -> None:
    found = sentence(path, f'[https]\nurl = "https://c"\nproxy = "{proxy}"')
    assert found.startswith("https.proxy: wanted ")
    assert found.endswith("met something else")


@pytest.mark.parametrize("key", ["client_certificate_file", "client_key_file"])
def test_a_certificate_has_a_key(path: Path, key: str) -> None:
    assert "together, met one of them" in sentence(path, f'[https]\nurl = "https://c"\n{key} = "x"')


def test_certificates_need_tls(path: Path) -> None:
    found = sentence(path, '[https]\nurl = "http://localhost"\nca_file = "x"')
    assert found.startswith("https: wanted certificates only with https://")


@pytest.mark.parametrize("key", ["verify", "insecure", "tls"])
def test_verification_cannot_be_switched_off(path: Path, key: str) -> None:
    found = sentence(path, f'[https]\nurl = "https://c"\n{key} = false')
    assert found.startswith(f"https.{key}: no such setting; there are ")


@pytest.mark.parametrize("key", ["url", "token", "ca_file", "client_certificate_file", "client_key_file", "proxy"])
@pytest.mark.parametrize("value", ["1", "true", "[]", "{}"])
def test_a_text_that_is_none(path: Path, key: str, value: str) -> None:
    others = "" if key == "url" else 'url = "https://c"\n'
    assert sentence(path, f"[https]\n{others}{key} = {value}").startswith(f"https.{key}: wanted ")
