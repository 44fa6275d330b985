"""Certificates in [mqtt] and [https]: files of the owner's, or those of the unit's enrolment, never half of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ampguard.errors import SetupError
from ampguard.settings.settings import Settings, load

MQTT, HTTPS = '[mqtt]\nhost = "b"\n', '[https]\nurl = "https://c"\n'


def loaded(folder: Path, text: str) -> Settings:
    (folder / "settings.toml").write_text(text)
    return load(folder / "settings.toml")


def test_enrolled_stands_for_the_files_beside_the_settings(tmp_path: Path) -> None:
    found = loaded(tmp_path, f"{MQTT}enrolled = true\n{HTTPS}enrolled = true\n")
    files = tuple(str(tmp_path / "certificates" / name) for name in ("authority.crt", "unit.crt", "unit.key"))
    assert found.mqtt is not None
    assert found.https is not None
    assert (found.mqtt.tls_ca_file, found.mqtt.client_certificate_file, found.mqtt.client_key_file) == files
    assert (found.https.ca_file, found.https.client_certificate_file, found.https.client_key_file) == files
    assert found.mqtt.enrolled
    assert found.https.enrolled


def test_the_usual_port_is_that_of_the_way(tmp_path: Path) -> None:
    for text, port in (("", 1883), ('tls_ca_file = "/ca"\n', 8883), ("enrolled = true\n", 8883), ("port = 7\n", 7)):
        found = loaded(tmp_path, MQTT + text).mqtt
        assert found is not None
        assert found.port == port


def test_files_of_the_owners_are_taken_as_they_are(tmp_path: Path) -> None:
    text = 'tls_ca_file = "/ca"\nclient_certificate_file = "/c"\nclient_key_file = "/k"\n'
    found = loaded(tmp_path, MQTT + text).mqtt
    assert found is not None
    assert (found.tls_ca_file, found.client_certificate_file, found.client_key_file) == ("/ca", "/c", "/k")
    assert not found.enrolled


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f'{MQTT}tls_ca_file = "/a"\nclient_key_file = "/k"\n', "mqtt: wanted client_certificate_file and client_key"),
        (f'{MQTT}tls_ca_file = "/a"\nclient_certificate_file = "/c"\n', "together, met one of them"),
        (f'{MQTT}client_certificate_file = "/c"\nclient_key_file = "/k"\n', "mqtt: wanted tls_ca_file beside"),
        (f'{MQTT}enrolled = true\ntls_ca_file = "/a"\n', "mqtt: wanted enrolled = true or tls_ca_file, client_cer"),
        (f'{HTTPS}enrolled = true\nclient_key_file = "/k"\n', "https: wanted enrolled = true or ca_file, client_cer"),
        ('[https]\nurl = "http://localhost"\nenrolled = true\n', "https: wanted certificates only with https://"),
        (f"{MQTT}enrolled = 1\n", "mqtt.enrolled: wanted true or false, met 1"),
        (f'{HTTPS}enrolled = "yes"\n', "https.enrolled: wanted true or false, met 'yes'"),
        (f"{MQTT}tls_ca_file = 1\n", "mqtt.tls_ca_file: wanted a text"),
    ],
)
def test_half_of_it_is_answered_with_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(SetupError) as caught:
        loaded(tmp_path, text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
