"""Where the unit sends to: the tables [mqtt] and [https]."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from ampguard.errors import SetupError
from ampguard.settings.places import CERTIFICATES
from ampguard.settings.table import Table, shown

BATCH_S = 60.0
_THIS_MACHINE = frozenset(("127.0.0.1", "localhost"))
_PROXY_SCHEMES = frozenset(("http", "https"))


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """The owner's broker, or the cloud's."""

    host: str
    port: int = 1883
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls_ca_file: str | None = None
    """Set: TLS 1.3, with this authority and no other one; None: plain."""
    client_certificate_file: str | None = None
    client_key_file: str | None = None
    enrolled: bool = False
    """The three files are those of `ampguard enrol`."""
    batch_s: float = BATCH_S
    """A batch of records waits so long to become full."""


@dataclass(frozen=True, slots=True)
class HttpsSettings:
    """A cloud's HTTPS entrance. Its certificate is always verified."""

    url: str
    """Up to where `/v1/units/...` begins, without a slash at its end."""
    token: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    """Set: only this authority is trusted; None: those of the system."""
    client_certificate_file: str | None = None
    client_key_file: str | None = None
    proxy: str | None = field(default=None, repr=False)
    """Only this one; those of the environment do not count."""
    batch_s: float = BATCH_S
    """A batch of records waits so long to become full."""
    enrolled: bool = False
    """The three files are those of `ampguard enrol`."""


def mqtt(path: Path, content: object) -> MqttSettings:
    """The table [mqtt]. Raises SetupError."""
    table = Table(path, "mqtt", content)
    host = table.text("host")
    if not host:
        raise SetupError(f"{path}: mqtt.host: wanted the broker's name or address, met nothing")
    authority, certificate, key = _certificates(path, table, "tls_ca_file")
    if authority is None and certificate is not None:
        raise SetupError(f"{path}: mqtt: wanted tls_ca_file beside client_certificate_file, met none: there is no TLS")
    return MqttSettings(
        host=host,
        port=table.whole("port") or (1883 if authority is None else 8883),
        username=table.text("username"),
        password=table.text("password"),
        tls_ca_file=authority,
        client_certificate_file=certificate,
        client_key_file=key,
        enrolled=table.flag("enrolled") or False,
        batch_s=table.number("batch_s") or BATCH_S,
    )


def https(path: Path, content: object) -> HttpsSettings:
    """The table [https]. Raises SetupError."""
    table = Table(path, "https", content)
    authority, certificate, key = _certificates(path, table, "ca_file")
    settings = HttpsSettings(
        url=_cloud(path, table.text("url")),
        token=table.text("token"),
        ca_file=authority,
        client_certificate_file=certificate,
        client_key_file=key,
        enrolled=table.flag("enrolled") or False,
        proxy=table.text("proxy"),
        batch_s=table.number("batch_s") or BATCH_S,
    )
    files = (settings.ca_file, settings.client_certificate_file, settings.client_key_file)
    if settings.url.lower().startswith("http:") and any(one is not None for one in files):
        raise SetupError(f"{path}: https: wanted certificates only with https://, met {shown(settings.url)}")
    if settings.token is not None and re.fullmatch(r"[!-~]+", settings.token) is None:
        # never shown: it is a secret
        raise SetupError(f"{path}: https.token: wanted letters, digits and signs without blanks, met something else")
    if settings.proxy is not None:
        proxy = _split(path, "proxy", settings.proxy, shown="something else")
        if proxy.scheme not in _PROXY_SCHEMES or proxy.path not in {"", "/"} or proxy.query or proxy.fragment:
            raise SetupError(f"{path}: https.proxy: wanted http://name:port, met something else")
    return settings


def _certificates(path: Path, table: Table, authority_key: str) -> tuple[str | None, str | None, str | None]:
    """Authority, certificate and key of a table: those that it names, or those of the unit's enrolment."""
    keys = (authority_key, "client_certificate_file", "client_key_file")
    authority, certificate, key = (table.text(one) for one in keys)
    if table.flag("enrolled"):
        if (authority, certificate, key) != (None, None, None):
            raise SetupError(f"{path}: {table.name}: wanted enrolled = true or {', '.join(keys)}, met both")
        folder = path.parent / CERTIFICATES
        return str(folder / "authority.crt"), str(folder / "unit.crt"), str(folder / "unit.key")
    if (certificate is None) != (key is None):
        raise SetupError(
            f"{path}: {table.name}: wanted client_certificate_file and client_key_file together, met one of them"
        )
    return authority, certificate, key


def _cloud(path: Path, url: str | None) -> str:
    """The address records go to: encrypted, unless it is this machine's own."""
    if not url:
        raise SetupError(f"{path}: https.url: wanted the cloud's address, https://..., met nothing")
    parts = _split(path, "url", url, shown=shown(url))
    if parts.username is not None or parts.password is not None:
        raise SetupError(f"{path}: https.url: wanted an address without name and password; there is https.token")
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise SetupError(f"{path}: https.url: wanted an address without ? and #, met {shown(url)}")
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _THIS_MACHINE):
        raise SetupError(
            f"{path}: https.url: wanted https://..., or http:// with {' or '.join(sorted(_THIS_MACHINE))}, "
            f"met {shown(url)}"
        )
    return url.rstrip("/")


def _split(path: Path, key: str, url: str, *, shown: str) -> SplitResult:
    """The parts of an address with a host. Raises SetupError."""
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.port != 0 and re.fullmatch(r"[!-\[\]-~]+", url) is not None
    except ValueError:  # a port that is none, brackets without end
        usable, parts = False, SplitResult("", "", "", "", "")
    if not usable:
        raise SetupError(f"{path}: https.{key}: wanted an address such as https://cloud.example:443, met {shown}")
    return parts
