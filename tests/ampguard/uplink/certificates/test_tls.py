"""Why a connection over TLS is refused, as far as it can be known, and which files it is made of."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ampguard.errors import UplinkFault
from ampguard.uplink.certificates import tls
from ampguard.uplink.certificates.tls import SILENT, Trust, asked_why
from ampguard.uplink.faults import NotAdmitted
from ampguard_hil.cloud.authority import Authority

HOST = "127.0.0.1"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@contextlib.contextmanager
def server(context: ssl.SSLContext, behave: Callable[[ssl.SSLSocket], None]) -> Iterator[int]:
    """Takes one connection."""
    with socket.create_server((HOST, 0)) as listening:
        listening.settimeout(5.0)

        def serve() -> None:
            with contextlib.suppress(OSError):
                plain, _ = listening.accept()
                plain.settimeout(5.0)
                with plain, context.wrap_socket(plain, server_side=True) as secured:
                    behave(secured)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(10.0)


def asked(
    authority: Authority, pair: tuple[Path, Path] | None, behave: Callable[[ssl.SSLSocket], None] = lambda _: None
) -> str | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.pair("server", [HOST]))
    context.load_verify_locations(authority.file)
    context.verify_mode = ssl.CERT_REQUIRED
    trust = Trust(str(authority.file), *((None, None) if pair is None else map(str, pair)))
    with server(context, behave) as port:
        return asyncio.run(asked_why(trust.context(ssl.TLSVersion.TLSv1_3), HOST, port))


def test_an_alert_is_put_into_words(authority: Authority, tmp_path: Path) -> None:
    old = datetime.now(UTC) - timedelta(days=9)
    assert asked(authority, None) == "a certificate is wanted, and none was shown"
    assert asked(authority, authority.pair("old", (), timedelta(days=1), old)) == "the unit's certificate has expired"
    rogue = Authority(tmp_path / "rogue").pair("AG1")
    assert asked(authority, rogue) == "the unit's certificate is of an authority that is not known there"


def test_who_hangs_up_without_a_word_is_suspected_and_no_more(authority: Authority) -> None:
    mine = authority.pair("AG1")
    assert asked(authority, mine, lambda one: one.close()) == SILENT
    fault = Trust(str(authority.file), *map(str, mine)).denied(SILENT)
    assert type(fault) is UplinkFault
    assert f"certificate {mine[0]}: AG1, valid from" in str(fault)


def test_who_waits_for_us_or_speaks_has_nothing_against_us(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "LISTEN_S", 0.3)
    mine = authority.pair("AG1")
    assert asked(authority, mine, lambda one: one.sendall(b"hello")) is None

    def wait(one: ssl.SSLSocket) -> None:
        with contextlib.suppress(OSError):
            one.recv(1)

    assert asked(authority, mine, wait) is None


def test_nobody_there_says_nothing(authority: Authority) -> None:
    context = Trust(str(authority.file)).context(ssl.TLSVersion.TLSv1_3)
    assert asyncio.run(asked_why(context, HOST, 1)) is None
    assert asyncio.run(asked_why(context, "nobody.invalid", 1)) is None


def test_with_a_certificate_it_is_tls_1_3_at_least(authority: Authority) -> None:
    mine = tuple(map(str, authority.pair("AG1")))
    assert Trust(str(authority.file)).context(ssl.TLSVersion.TLSv1_2).minimum_version is ssl.TLSVersion.TLSv1_2
    shown = Trust(str(authority.file), *mine).context(ssl.TLSVersion.TLSv1_2)
    assert shown.minimum_version is ssl.TLSVersion.TLSv1_3
    assert shown.check_hostname
    assert shown.verify_mode is ssl.CERT_REQUIRED


def test_a_refusal_names_what_cannot_be_read_and_a_clock_that_is_off(authority: Authority, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.crt"
    nonsense.write_text("nonsense")
    assert "wanted a certificate (PEM), met none" in str(Trust(None, str(nonsense), "k").denied("x"))
    assert "no certificate is set up" in str(Trust(None).denied("x"))
    old = authority.pair("old", (), timedelta(days=1), datetime.now(UTC) - timedelta(days=9))
    fault = Trust(None, *map(str, old)).denied("x")
    assert isinstance(fault, NotAdmitted)
    assert "this unit's clock says 20" in str(fault)


def test_another_set_of_files_has_another_mark(authority: Authority, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for made, file in zip(authority.pair(name), ("unit.crt", "unit.key"), strict=True):
            (tmp_path / name / file).write_bytes(made.read_bytes())
    link = tmp_path / "certificates"
    link.symlink_to("one")
    trust = Trust(str(authority.file), str(link / "unit.crt"), str(link / "unit.key"))
    before = trust.mark()
    assert trust.mark() == before
    link.unlink()
    assert trust.mark() != before, "they are away"
    link.symlink_to("two")
    assert trust.mark() != before
