"""Certificates from end to end: units enrol, connect, are refused for what is wrong, and renew meanwhile."""

from __future__ import annotations

import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.ampguard.uplink.killed import killed_at
from tests.system.enrolling import OTHER, PIN, SERIAL, Site, site
from tests.system.lone import Lone, logs, lone_uplink, stored
from tests.system.unit import PATIENCE_S

from ampguard_hil.cloud.authority import Authority
from ampguard_hil.ports import HOST
from ampguard_hil.processes import wait_until

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]
BEFORE = datetime.now(UTC) - timedelta(days=3)
COUNT = 500


def refused(place: Site, lone: Lone, *words: str) -> None:
    """The unit says that, with everything kept, and does not knock all the time."""
    assert wait_until(lambda: all(lone.says(one) for one in words), PATIENCE_S), logs(place.folder)
    assert stored(place.store, SERIAL) == 0
    assert lone.kept == COUNT
    assert lone.process.pid is not None
    before = len(lone.lines)
    wait_until(lambda: False, 1.0)
    assert len(lone.lines) - before < 20, logs(place.folder)


@pytest.mark.parametrize("way", ["mqtt", "https"])
def test_an_enrolled_unit_has_all_its_readings_committed(way: str) -> None:
    with site() as place:
        done = place.enrol()
        assert done.returncode == 0, done.stderr + logs(place.folder)
        assert SERIAL in done.stdout
        assert f"port = {place.units_port}" in done.stdout
        settings = place.mqtt if way == "mqtt" else place.https
        with lone_uplink(place.folder, settings, COUNT, serial=SERIAL) as lone:
            verdict = lone.arrived(place.store, PATIENCE_S)
            assert verdict.good, logs(place.folder)
        assert PIN not in logs(place.folder)


def test_wrong_pins_are_counted_and_lock_the_serial() -> None:
    with site() as place:
        codes = [place.enrol("wr0ngp1n") for _ in range(5)]
        assert [one.returncode for one in codes] == [2] * 5, f"{codes}{logs(place.folder)}"
        assert all("serial or PIN is wrong" in one.stderr for one in codes), codes
        locked = place.enrol()
        assert locked.returncode == 2
        assert "too many wrong PINs" in locked.stderr
        assert place.enrol(serial=OTHER).returncode == 0, "another unit is not concerned"
        assert PIN not in logs(place.folder)
        assert "wr0ngp1n" not in logs(place.folder)


def test_a_unit_with_anothers_serial_is_refused_on_both_ways() -> None:
    with site() as place:
        assert place.enrol(serial=OTHER).returncode == 0
        with lone_uplink(place.folder, place.mqtt + place.https, COUNT, serial=SERIAL) as lone:
            refused(
                place,
                lone,
                f"met one of {OTHER}",
                "does not admit this unit (403)",
                f"Not authorized (certificate {place.data}",
            )


def test_each_certificate_of_the_units_that_is_wrong_is_named() -> None:
    with site() as place:
        expired = place.authority.pair(SERIAL, life=timedelta(days=1), begins_utc=BEFORE)
        rogue = Authority(place.folder / "rogue").pair(SERIAL)
        for pair, words in (
            (expired, "the unit's certificate has expired"),
            (rogue, "of an authority that is not known there"),
            ((None, None), "a certificate is wanted, and none was shown"),
        ):
            with lone_uplink(place.folder, place.mqtt_with(*pair), COUNT, serial=SERIAL) as lone:
                refused(place, lone, "does not admit this unit", words)
                assert not lone.says("MQTT 3.1.1")
            _forget(place)


def test_each_certificate_of_the_brokers_that_is_wrong_is_named() -> None:
    with site() as place:
        mine = place.authority.pair(SERIAL)
        rogue = Authority(place.folder / "rogue")
        with lone_uplink(place.folder, place.mqtt_with(*mine, rogue.file), COUNT, serial=SERIAL) as lone:
            refused(place, lone, "its certificate is not trusted")
        _forget(place)
        for hosts, life, words in (
            ([HOST], timedelta(days=1), "certificate has expired"),
            (["elsewhere.example"], timedelta(days=9), "mismatch"),
        ):
            place.broker.stop()
            place.authority.pair("broker", hosts, life, BEFORE)
            place.broker.start()
            with lone_uplink(place.folder, place.mqtt_with(*mine), COUNT, serial=SERIAL) as lone:
                refused(place, lone, "its certificate is not trusted", words)
            _forget(place)


def _forget(place: Site) -> None:
    """The unit's journal and log are those of a new one."""
    (place.folder / "uplink.log").unlink()
    for one in place.data.glob("*"):
        if one.is_file():
            one.unlink()


def test_a_certificate_is_renewed_in_the_middle_of_a_stream() -> None:
    life_s = 45.0
    with site(life_s / 86400.0) as place:
        assert place.enrol().returncode == 0
        first = place.certificate()
        with lone_uplink(place.folder, place.mqtt + place.https, COUNT, serial=SERIAL, live_s=0.2) as lone:
            assert wait_until(lambda: place.certificate().ends_utc > first.ends_utc, life_s + PATIENCE_S), logs(
                place.folder
            )
            # what was good before is over: whoever still gets in has the new one
            assert wait_until(lambda: datetime.now(UTC) > first.ends_utc, life_s)
            place.broker.stop()
            place.broker.start()
            known = stored(place.store, SERIAL)
            assert wait_until(lambda: stored(place.store, SERIAL) > known + 20, PATIENCE_S), logs(place.folder)
            assert wait_until(lambda: sum("connected to" in line for line in lone.lines) >= 2, PATIENCE_S)
            assert lone.arrived(place.store, PATIENCE_S).good, logs(place.folder)


def test_an_expired_certificate_is_said_and_the_unit_can_enrol_again() -> None:
    with site(4.0 / 86400.0) as place:
        assert place.enrol().returncode == 0
        first = place.certificate()
        assert wait_until(lambda: datetime.now(UTC) > first.ends_utc, 10.0)
        with lone_uplink(place.folder, place.mqtt, COUNT, serial=SERIAL) as lone:
            refused(place, lone, "has expired", "run `ampguard enrol`")
        assert place.certificate() == first, "nothing was destroyed"
        assert place.enrol().returncode == 0
        assert place.certificate().ends_utc > first.ends_utc


def test_a_unit_enrols_again_with_the_key_that_its_cloud_knows() -> None:
    with site() as place:
        assert place.enrol().returncode == 0
        key = (place.data / "certificates" / "unit.key").read_bytes()
        assert place.enrol().returncode == 0
        assert (place.data / "certificates" / "unit.key").read_bytes() == key


def test_another_key_is_signed_only_when_the_operator_released_the_serial() -> None:
    with site() as place:
        assert place.enrol().returncode == 0
        (place.data / "certificates").unlink()  # a link: its key is lost
        again = place.enrol()
        assert again.returncode == 2
        assert "enrolled already with another key" in again.stderr
        folder = str(place.authority.folder)
        words = ["-m", "ampguard_hil.cloud.enrolment", "--authority", folder, "--release", SERIAL]
        subprocess.run([sys.executable, *words], check=True, timeout=60)
        assert place.enrol().returncode == 0


RENEW = "from ampguard.services.enrol import main; raise SystemExit(0 if main(['--renew']) == 0 else 9)"


def test_a_renewal_that_is_killed_leaves_a_pair_that_opens_the_door() -> None:
    with site() as place:
        assert place.enrol().returncode == 0
        places = {"AMPGUARD_DATA": str(place.data), "AMPGUARD_RUN": str(place.folder / "run")}
        folder = place.data / "certificates"
        kills = 0
        while killed_at(kills, place.data, RENEW, **places):
            kills += 1
            context = ssl.create_default_context(cafile=folder / "authority.crt")
            context.load_cert_chain(folder / "unit.crt", folder / "unit.key")
            with httpx.Client(verify=context, trust_env=False, timeout=60.0) as client:
                answer = client.get(f"{place.url}/v1/units/{SERIAL}/completeness")
            assert answer.status_code == 200, f"after kill {kills}"
        assert kills > 10, "it was killed at every step"
        with lone_uplink(place.folder, place.mqtt, COUNT, serial=SERIAL) as lone:
            assert lone.arrived(place.store, PATIENCE_S).good, logs(place.folder)


def test_a_broker_that_takes_small_messages_only_gets_everything_in_small_blocks() -> None:
    with site() as place:
        assert place.enrol().returncode == 0
        place.broker.stop()
        configuration = place.folder / "broker.conf"
        configuration.write_text(f"{configuration.read_text()}max_packet_size 2600\n")
        place.broker.start()
        with lone_uplink(place.folder, place.mqtt, COUNT, serial=SERIAL) as lone:
            verdict = lone.arrived(place.store, PATIENCE_S)
            assert verdict.good, logs(place.folder)
            assert lone.says("half of them next")
            assert sum("connected to" in line for line in lone.lines) == 1, "nothing that is too large was sent"


def test_the_uplink_of_an_enrolled_unit_stays_small() -> None:
    with site() as place:
        assert place.enrol().returncode == 0
        with lone_uplink(place.folder, place.mqtt + place.https, COUNT, serial=SERIAL, live_s=0.2) as lone:
            assert lone.arrived(place.store, PATIENCE_S).good, logs(place.folder)
            status = Path(f"/proc/{lone.process.pid}/status").read_text()
            (resident,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
            assert int(resident) <= 45_000 * 1.3, "45 MB, and room for what another Python takes"


def test_a_unit_that_is_enrolled_while_its_uplink_runs_needs_no_restart() -> None:
    with site() as place, lone_uplink(place.folder, place.mqtt, COUNT, serial=SERIAL) as lone:
        refused(place, lone, "authority.crt: no certificate authority", "run `ampguard enrol`")
        assert place.enrol().returncode == 0
        assert lone.arrived(place.store, 2 * PATIENCE_S).good, logs(place.folder)
