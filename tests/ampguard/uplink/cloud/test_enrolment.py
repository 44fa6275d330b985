"""The unit's side of enrolment and renewal, against the real cloud's routes and against answers that are wrong."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from fastapi import FastAPI
from tests.ampguard.uplink.entrance import HOST, entrance, said
from tests.ampguard_hil.cloud.secured import secured

from ampguard.errors import SetupError, UplinkFault
from ampguard.uplink.certificates import keyring
from ampguard.uplink.certificates.keyring import Keyring
from ampguard.uplink.certificates.refusal import Kind, NotEnrolledError, kind_of
from ampguard.uplink.cloud.enrolment import Place, enrol, renew
from ampguard_hil.cloud.authority import Authority
from ampguard_hil.cloud.enrolment import Enrolment, Terms, router

SERIAL, PIN = "26110007G", "k3tt1e42"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def place(authority: Authority) -> Iterator[Place]:
    app = FastAPI()
    terms = Terms(timedelta(days=30), ("broker.example", 8883))
    app.include_router(router(Enrolment(authority, terms), lambda serial, pin: (serial, pin) == (SERIAL, PIN)))
    with secured(app, authority) as url:
        yield Place(url, str(authority.file))


@pytest.fixture
def rings(tmp_path: Path) -> Keyring:
    (tmp_path / "data").mkdir()
    return Keyring(tmp_path / "data")


def kept(rings: Keyring) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in rings.folder.iterdir()} if rings.folder.exists() else {}


def test_an_enrolment_leaves_a_pair_that_opens_the_door(rings: Keyring, place: Place) -> None:
    done = enrol(rings, place, SERIAL, PIN)
    assert done.mqtt == ("broker.example", 8883)
    assert done.certificate.name == SERIAL
    assert json.loads(kept(rings)[keyring.ENROLMENT]) == {"url": place.url, "serial": SERIAL, "proxy": None}
    assert PIN.encode() not in b"".join(kept(rings).values())
    before = kept(rings)
    after = renew(rings)
    assert after.certificate.ends_utc >= done.certificate.ends_utc
    assert kept(rings)[keyring.KEY] != before[keyring.KEY]
    assert kept(rings)[keyring.CERTIFICATE] != before[keyring.CERTIFICATE]


def test_a_wrong_pin_is_a_sentence_and_leaves_nothing_but_the_asked_key(rings: Keyring, place: Place) -> None:
    with pytest.raises(NotEnrolledError, match="serial or PIN is wrong"):
        enrol(rings, place, SERIAL, "wr0ngp1n")
    assert kept(rings) == {}
    asked = rings.asked_key()
    assert asked is not None
    enrol(rings, place, SERIAL, PIN)
    assert kept(rings)[keyring.KEY] == asked, "the cloud knows it by this key, had it signed it"


def test_another_key_for_an_enrolled_serial_is_a_sentence(rings: Keyring, place: Place) -> None:
    enrol(rings, place, SERIAL, PIN)
    rings.put(kept(rings) | {keyring.KEY: key_pem()})
    before = kept(rings)
    with pytest.raises(NotEnrolledError, match="operator must release it"):
        enrol(rings, place, SERIAL, PIN)
    assert kept(rings) == before


def test_enrolled_again_at_the_same_cloud_it_is_by_the_key_in_use(rings: Keyring, place: Place) -> None:
    enrol(rings, place, SERIAL, PIN)
    key = kept(rings)[keyring.KEY]
    rings.keep_asked_key(key_pem())  # of another cloud, which did not answer
    enrol(rings, place, SERIAL, PIN)
    assert kept(rings)[keyring.KEY] == key
    assert rings.asked_key() is None


@pytest.mark.parametrize("known", [{"url": "https://other.example"}, {"serial": "26110099G"}])
def test_the_key_in_use_elsewhere_or_of_another_unit_is_not_shown(
    rings: Keyring, place: Place, known: dict[str, str]
) -> None:
    before = {"url": place.url, "serial": SERIAL} | known
    key = key_pem()
    rings.put({keyring.KEY: key, keyring.ENROLMENT: json.dumps(before).encode()})
    enrol(rings, place, SERIAL, PIN)
    assert kept(rings)[keyring.KEY] != key


def key_pem() -> bytes:
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_a_torn_asked_key_is_no_obstacle(rings: Keyring, place: Place) -> None:
    rings.keep_asked_key(b"-----BEGIN PRI")
    enrol(rings, place, SERIAL, PIN)


def test_a_cloud_of_another_authority_learns_no_pin(rings: Keyring, place: Place, tmp_path: Path) -> None:
    with pytest.raises(NotEnrolledError, match="its certificate is not trusted") as met:
        enrol(rings, Place(place.url, str(Authority(tmp_path / "rogue").file)), SERIAL, PIN)
    assert met.value.kind is Kind.MISTRUSTED
    with pytest.raises(NotEnrolledError, match="no certificate authority") as met:
        enrol(rings, Place(place.url, str(tmp_path / "absent.pem")), SERIAL, PIN)
    assert met.value.kind is Kind.AUTHORITY


def test_nobody_there_is_a_sentence(rings: Keyring) -> None:
    with pytest.raises(UplinkFault, match="no answer") as met:
        enrol(rings, Place(f"https://{HOST}:1"), SERIAL, PIN)
    assert kind_of(met.value) is Kind.NOT_REACHED
    with pytest.raises(SetupError, match="ampguard enrol"):
        renew(rings)


def test_an_expired_or_strange_certificate_is_not_renewed_and_stays(
    rings: Keyring, place: Place, authority: Authority, tmp_path: Path
) -> None:
    enrol(rings, place, SERIAL, PIN)
    good = kept(rings)
    long_ago = datetime.now(UTC) - timedelta(days=9)
    for maker, begins in ((authority, long_ago), (Authority(tmp_path / "rogue"), None)):
        certificate, key = maker.pair(SERIAL, (), timedelta(days=1), begins)
        rings.put(good | {keyring.CERTIFICATE: certificate.read_bytes(), keyring.KEY: key.read_bytes()})
        before = kept(rings)
        # that server says no more
        with pytest.raises(UplinkFault, match="hangs up right after the handshake without a word"):
            renew(rings)
        assert kept(rings) == before


def signed(authority: Authority, serial: str, life: timedelta, secret: ec.EllipticCurvePrivateKey) -> str:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, serial)])
    asked = x509.CertificateSigningRequestBuilder().subject_name(name).sign(secret, hashes.SHA256())
    return authority.sign(asked.public_bytes(Encoding.PEM).decode(), serial, life).pem


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (403, b'{"refused": "no", "tries_left": 3}', Kind.PIN, "3 more tries"),
        (403, b"<html>no</html>", Kind.PIN, "is wrong"),
        (429, b"", Kind.TRIES, "wait 840 s"),
        (409, b"", Kind.OTHER_KEY, "operator"),
        (500, b"oh", Kind.NOT_REACHED, "answered 500: oh"),
        (200, b"<html>Welcome</html>", Kind.NOT_REACHED, "answered 200: <html>"),
        (302, b"", Kind.NOT_REACHED, "answered 302"),
        (201, b"<html>Welcome</html>", Kind.NOT_REACHED, "without certificate"),
        (201, b'{"certificate": "x", "authority": "y"}', Kind.NOT_REACHED, "certificate that is none"),
        (201, b'{"certificate": "x"}', Kind.NOT_REACHED, "without certificate and authority"),
    ],
)
def test_any_other_answer_changes_nothing(  # noqa: PLR0913, PLR0917 - a row of a table
    rings: Keyring, authority: Authority, status: int, body: bytes, kind: Kind, words: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.pair("server", [HOST]))
    with entrance(said(status, body, Retry_After="840"), context=context) as heard:
        where = Place(f"https://{HOST}:{heard.port}", str(authority.file))
        with pytest.raises((SetupError, UplinkFault), match=words) as met:
            enrol(rings, where, SERIAL, PIN)
        assert kind_of(met.value) is kind
        assert kept(rings) == {}


def test_a_certificate_for_another_key_is_not_taken(rings: Keyring, authority: Authority) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.pair("server", [HOST]))
    pem = signed(authority, SERIAL, timedelta(days=30), ec.generate_private_key(ec.SECP256R1()))
    content = json.dumps({"certificate": pem, "authority": authority.pem}).encode()
    with entrance(said(201, content), context=context) as heard, pytest.raises(UplinkFault, match="another key"):
        enrol(rings, Place(f"https://{HOST}:{heard.port}", str(authority.file)), SERIAL, PIN)
    assert kept(rings) == {}


def test_a_certificate_that_ends_earlier_is_not_taken(rings: Keyring, place: Place, authority: Authority) -> None:
    rings.put({keyring.CERTIFICATE: b""})
    longer = FastAPI()
    longer.include_router(router(Enrolment(authority, Terms(timedelta(days=300))), lambda _serial, _pin: True))
    with secured(longer, authority) as url:
        enrol(rings, Place(url, str(authority.file)), SERIAL, PIN)
    known = json.dumps({"url": place.url, "serial": SERIAL, "proxy": None}).encode()
    rings.put(kept(rings) | {keyring.ENROLMENT: known})
    before = kept(rings)
    with pytest.raises(UplinkFault, match="before the end of ours"):
        renew(rings)
    assert kept(rings) == before
