"""A unit as its service manager runs it: Debian with the product's units, booted in a container on a simulated board.

All is as on a card: the root is read-only, /var is empty at each boot, only the data folder stays. Other than there,
the board is a socket, and kernel and clock are the host's.
"""

from __future__ import annotations

import json
import os
import signal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.system.container import ALL, SERVICES, Container, asked, booted, resident_mb

from ampguard.identity import read_card
from ampguard.journal.reader import JournalReader
from ampguard_drivers.simulated.board import PIN, SERIAL
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root boots a container"),
]
PATIENCE_S = 30.0
MOST_MEMORY_MB, MOST_BALANCER_MB = 220.0, 60.0
NAME = f"ampguard-{SERIAL.lower()}"
PROBE = Path(__file__).with_name("sandbox_probe.py").read_text()


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    with booted(tmp_path_factory.mktemp("unit")) as found:
        yield found


def kept(unit: Container) -> int:
    """How many readings the journal has."""
    path = unit.data / "journal.sqlite"
    return JournalReader(path).last_position() if path.exists() else 0


def measures(unit: Container) -> bool:
    """Whether further readings are kept."""
    before = kept(unit)
    return wait_until(lambda: kept(unit) > before, PATIENCE_S)


def all_run(unit: Container) -> bool:
    return all(unit.shows(f"ampguard-{one}", "SubState") == "running" for one in SERVICES)


def test_all_is_up_and_nothing_has_failed(unit: Container) -> None:
    assert unit.says("is-system-running") == "running", unit.says("--failed") + unit.console
    for service in SERVICES:
        assert unit.shows(f"ampguard-{service}", "SubState") == "running"
        assert unit.shows(f"ampguard-{service}", "NRestarts") == "0", unit.log(f"ampguard-{service}")
    assert unit.shows("ampguard-factory-reset", "Result") == "success"


def test_readings_are_kept_in_the_data_folder(unit: Container) -> None:
    assert measures(unit), unit.log("ampguard-meter")


def test_the_system_has_the_name_that_the_identity_memory_gives_it(unit: Container) -> None:
    assert wait_until(lambda: unit.shows("ampguard-name", "SubState") == "exited", PATIENCE_S)
    assert unit.run("hostname").stdout.strip() == NAME
    asking = ("busctl", "call", "org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server", "GetHostName")
    assert unit.run(*asking).stdout.strip() == f's "{NAME}"'


def test_the_page_is_reached_by_its_sockets_and_tells_of_the_others_and_of_networkmanager(unit: Container) -> None:
    code, system = asked(unit, "GET", "/api/v1/system")
    assert code == 200
    assert all(system["processes_up_s"][service] > 0 for service in SERVICES), system
    code, lines = asked(unit, "GET", "/api/v1/logs/meter")
    assert code == 200
    assert any("starting the chip" in line["text"] for line in lines), lines
    code, network = asked(unit, "GET", "/api/v1/network")
    assert (code, network["manager"], network["name"]) == (200, True, f"{NAME}.local")


TO_A_BROKER = """
import json, sys, tempfile
from pathlib import Path
from ampguard_hil.broker import Broker
from ampguard_hil.listener import Recorder
from ampguard_hil.places.provisioning import Installation, provision
from ampguard_hil.processes import wait_until
with tempfile.TemporaryDirectory() as folder:
    broker = Broker(Path(folder), 1883)
    broker.start()
    listener = Recorder("127.0.0.1", broker.port)
    provision("https://127.0.0.1", Installation(sys.argv[1], "localhost", broker.port), 30.0)
    wait_until(lambda: listener.tally().readings >= 3, 30.0)
    print(json.dumps(listener.tally().readings))
    listener.close()
    broker.stop()
"""


def test_what_is_set_on_the_page_has_the_readings_at_a_broker(unit: Container) -> None:
    assert unit.from_network(TO_A_BROKER, PIN) >= 3, unit.log("ampguard-uplink")


def test_the_page_has_a_report_made(unit: Container) -> None:
    """By a child, with all that this loads."""
    assert asked(unit, "POST", "/api/v1/report", {"language": "da", "installer": "Somebody"})[0] == 202

    def is_made() -> bool:
        assert asked(unit, "GET", "/api/v1/report")[1]["state"] != "failed", asked(unit, "GET", "/api/v1/report")
        return bool(asked(unit, "GET", "/api/v1/report")[1]["state"] == "done")

    assert wait_until(is_made, PATIENCE_S)


def test_the_meter_comes_before_all_others_on_the_processor_and_goes_last_from_memory(unit: Container) -> None:
    scores = {}
    for service in SERVICES:
        pid = unit.main_pid(f"ampguard-{service}")
        policies = {os.sched_getscheduler(int(thread.name)) for thread in Path(f"/proc/{pid}/task").iterdir()}
        assert policies == {os.SCHED_RR if service == "meter" else os.SCHED_OTHER}
        scores[service] = int(Path(f"/proc/{pid}/oom_score_adj").read_text())
    assert min(SERVICES, key=scores.__getitem__) == "meter", scores


def probed(unit: Container, service: str) -> Mapping[str, Any]:
    """What a process could do with this service's settings."""
    own = unit.run("cat", f"/usr/lib/systemd/system/ampguard-{service}.service").stdout.splitlines()
    other = ("Type=", "Exec", "Watchdog", "Restart", "Sockets=", "Requires=", "Wants=", "PartOf=", "Condition")
    kept = "\n".join(line for line in own if not line.startswith(other))
    probe = (
        "Type=oneshot\nExecStart=/usr/lib/ampguard/bin/python /run/probe.py\nStandardOutput=truncate:/run/probe.json"
    )
    unit.put("/run/probe.py", PROBE)
    unit.put("/run/systemd/system/ampguard-probe.service", f"{kept}\n{probe}\n")
    unit.says("daemon-reload")
    unit.says("restart", "ampguard-probe")
    said = unit.run("cat", "/run/probe.json").stdout
    assert said, unit.log("ampguard-probe")
    found: dict[str, Any] = json.loads(said)
    return found


NOT_ALLOWED, NO_FAMILY, READ_ONLY = (
    "Operation not permitted",
    "Address family not supported by protocol",
    "Read-only file system",
)
NOT_THERE, NO_ACCESS = "No such file or directory", "Permission denied"
FOR_ALL: Mapping[str, object] = {
    "Uid": "885", "CapEff": "0" * 16, "CapPrm": "0" * 16, "CapBnd": "0" * 16, "CapAmb": "0" * 16,
    "NoNewPrivs": "1", "Seccomp": "2",
    "/": READ_ONLY, "/etc": READ_ONLY, "/usr": READ_ONLY, "/var": READ_ONLY, "/sys": READ_ONLY, "/run": NO_ACCESS,
    "/var/lib/ampguard": "done", "/run/ampguard": "done", "kernel": READ_ONLY,
    "mount": NOT_ALLOWED, "namespace": NOT_ALLOWED, "trace": NOT_ALLOWED, "clock": NOT_ALLOWED, "set-uid": NOT_ALLOWED,
    "code": NO_ACCESS, "packet": NO_FAMILY, "netlink": NO_FAMILY,
}  # fmt: skip
NO_NETWORK: dict[str, object] = {"ipv4": NO_FAMILY, "ipv6": NO_FAMILY, "interfaces": 1}
NETWORK: dict[str, object] = {"ipv4": "done", "ipv6": "done"}
NO_DEVICES: dict[str, object] = {"devices": [], "device": NOT_THERE, "/dev": READ_ONLY}
OWN_DEVICES: dict[str, object] = {"devices": ["bench"], "device": NOT_ALLOWED, "/dev": NO_ACCESS}
"""Files of devices are to be seen; but only those of its own kinds open."""
ALONE: dict[str, object] = {"processes": 1}
OF_EACH: Mapping[str, Mapping[str, object]] = {
    "meter": NO_NETWORK | OWN_DEVICES | ALONE
    | {"bus": NO_ACCESS, "identity": "done", "network": NO_ACCESS, "web": NO_ACCESS, "log": NO_ACCESS},
    "lights": NO_NETWORK | OWN_DEVICES | ALONE
    | {"bus": "done", "identity": NO_ACCESS, "network": NO_ACCESS, "web": NO_ACCESS, "log": NO_ACCESS},
    "uplink": NETWORK | NO_DEVICES | ALONE
    | {"bus": NO_ACCESS, "identity": NO_ACCESS, "network": NO_ACCESS, "web": NO_ACCESS, "log": NO_ACCESS},
    "balancer": NETWORK | NO_DEVICES | ALONE
    | {"bus": NO_ACCESS, "identity": "done", "network": NO_ACCESS, "web": NO_ACCESS, "log": NO_ACCESS},
    "web": NETWORK | NO_DEVICES
    | {"bus": "done", "identity": "done", "network": "done", "web": "done", "log": "done"},
}  # fmt: skip


@pytest.mark.parametrize("service", ALL)
def test_what_it_does_not_need_is_kept_from_it(unit: Container, service: str) -> None:
    # a device that is there for all, and none of the board's
    unit.run("sh", "-c", "test -e /dev/bench || mknod -m 666 /dev/bench c 10 200")
    found = probed(unit, service)
    wanted = {**FOR_ALL, **OF_EACH[service]}
    assert {key: found[key] for key in wanted} == wanted


def test_all_services_together_take_little_memory(unit: Container, capsys: pytest.CaptureFixture[str]) -> None:
    found = {one: sum(map(resident_mb, unit.pids(f"ampguard-{one}"))) for one in SERVICES}
    each = ", ".join(f"{one} {mb:.0f} MB" for one, mb in found.items())
    with capsys.disabled():
        print(f" memory (PSS): {each}, together {sum(found.values()):.0f} MB ", end="")  # noqa: T201 - it is wanted
    assert 20.0 < sum(found.values()) < MOST_MEMORY_MB, found


def is_another(unit: Container, service: str, pid: str) -> bool:
    """Whether it runs again, after the process of that number."""
    return unit.shows(f"ampguard-{service}", "MainPID") not in {pid, "0"}


@pytest.mark.parametrize("service", SERVICES)
def test_who_is_killed_is_started_again(unit: Container, service: str) -> None:
    name, before = f"ampguard-{service}", unit.shows(f"ampguard-{service}", "MainPID")
    starts = int(unit.shows(name, "NRestarts"))
    unit.says("kill", "--signal=KILL", name)
    # whoever asks meanwhile waits: the sockets are not the web's
    assert asked(unit, "GET", "/api/v1/system")[0] == 200
    assert wait_until(lambda: is_another(unit, service, before) and all_run(unit), PATIENCE_S)
    assert int(unit.shows(name, "NRestarts")) == starts + 1, unit.log(name)
    assert measures(unit)


GROUP = """
name = "Garage"
active = true
device = "gG"
max_offline_a = 20.0
[[chargers]]
id = "2611100001M"
max_a = 16.0
offline_a = 6.0
phases = ["L1", "L2", "L3"]
"""


def test_the_balancer_begins_with_the_first_group_and_is_started_again(
    unit: Container, capsys: pytest.CaptureFixture[str]
) -> None:
    def is_open() -> bool:
        return unit.run("sh", "-c", "ss -ltn | grep -q :9000", check=False).returncode == 0

    assert unit.shows("ampguard-balancer", "SubState") == "dead"
    settings = {"main_fuse_a": 63.0, "nominal_voltage_v": 230.0}
    assert asked(unit, "PATCH", "/api/v1/settings", {"changes": settings})[0] == 200
    group = unit.data / "group.toml"
    try:
        group.write_text(GROUP)
        os.chown(group, 885, 885)
        assert wait_until(is_open, PATIENCE_S), unit.log("ampguard-balancer")
        before = unit.shows("ampguard-balancer", "MainPID")
        memory_mb = sum(map(resident_mb, unit.pids("ampguard-balancer")))
        with capsys.disabled():
            print(f" balancer: {memory_mb:.0f} MB (PSS) ", end="")  # noqa: T201 - it is wanted
        assert memory_mb < MOST_BALANCER_MB
        unit.says("kill", "--signal=KILL", "ampguard-balancer")
        assert wait_until(lambda: is_another(unit, "balancer", before) and is_open(), PATIENCE_S)
    finally:
        group.unlink()
        unit.says("stop", "ampguard-balancer")


def test_who_hangs_is_killed_and_started_again(unit: Container) -> None:
    """By its watchdog; nobody waits for the real ones, of up to 90 s."""
    quick = {"meter": 4, "lights": 4, "uplink": 4, "web": 12}
    for service, watchdog_s in quick.items():
        unit.amend(f"ampguard-{service}.service", "90-quick", f"[Service]\nWatchdogSec={watchdog_s}\n")
    unit.says("restart", *(f"ampguard-{one}" for one in quick))
    assert wait_until(lambda: all_run(unit), PATIENCE_S)
    before = {one: unit.shows(f"ampguard-{one}", "MainPID") for one in quick}
    for service in quick:
        for process in unit.pids(f"ampguard-{service}"):
            os.kill(process, signal.SIGSTOP)
    for service, pid in before.items():
        assert wait_until(partial(is_another, unit, service, pid), PATIENCE_S)
        assert "Watchdog timeout" in unit.log(f"ampguard-{service}")
    assert wait_until(lambda: all_run(unit), PATIENCE_S)
    assert measures(unit)
    assert asked(unit, "GET", "/api/v1/system")[0] == 200


def test_where_the_board_falls_silent_the_meter_comes_back_with_it_and_nobody_else_ends(unit: Container) -> None:
    before = [unit.shows(f"ampguard-{one}", "MainPID") for one in ("uplink", "web")]
    unit.says("stop", "bench-board")
    assert wait_until(lambda: unit.shows("ampguard-meter", "Result") != "success", PATIENCE_S)
    assert asked(unit, "GET", "/api/v1/system")[0] == 200
    unit.says("start", "bench-board")
    assert measures(unit), unit.log("ampguard-meter")
    assert [unit.shows(f"ampguard-{one}", "MainPID") for one in ("uplink", "web")] == before


def test_who_has_given_up_is_started_again_later(unit: Container) -> None:
    lights, timer = "ampguard-lights.service", "ampguard-again@lights.timer"
    unit.amend(timer, "90-quick", "[Timer]\nOnActiveSec=\nOnUnitInactiveSec=\nOnActiveSec=3s\nOnUnitInactiveSec=3s\n"
                                  "AccuracySec=100ms\n")  # fmt: skip
    unit.amend(lights, "90-quick", "[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=2s\n"
                                   "[Service]\nRestartSec=100ms\nRestartMaxDelaySec=200ms\n")  # fmt: skip
    unit.amend(lights, "91-broken", "[Service]\nExecStart=\nExecStart=/bin/false\n")
    unit.says("restart", timer)
    unit.says("restart", "--no-block", lights)
    assert wait_until(lambda: "Start request repeated too quickly" in unit.log(lights), PATIENCE_S)
    unit.amend(lights, "91-broken", "")
    assert wait_until(lambda: unit.shows(lights, "SubState") == "running", PATIENCE_S)


def test_a_restart_is_asked_of_the_page_and_done_by_the_system(unit: Container) -> None:
    before = kept(unit)
    assert asked(unit, "POST", "/api/v1/system/reboot")[0] == 202
    unit.restart_as_asked()
    assert measures(unit)
    assert unit.says("is-system-running") == "running", unit.says("--failed")
    assert kept(unit) > before
    assert unit.run("hostname").stdout.strip() == NAME
    assert "skipped" not in unit.log("ampguard-name"), "the name was not there before the meter"


def test_a_factory_reset_is_done_before_anything_else_starts(unit: Container) -> None:
    (unit.data / "somebody-s").write_text("left behind")
    assert measures(unit)
    code, said = asked(unit, "POST", "/api/v1/system/factory-reset", {"serial": SERIAL})
    assert code == 202, said
    unit.restart_as_asked()
    assert "factory reset: done" in unit.log("ampguard-factory-reset")
    assert measures(unit)
    assert "the journal is empty" in unit.log("ampguard-meter")
    assert not [path.name for path in unit.data.iterdir() if path.name.startswith(("somebody", "wiped", "settings"))]
    assert read_card(unit.data / "identity") is not None
    assert (unit.data / "counters.json").exists()
    assert unit.says("is-system-running") == "running", unit.says("--failed")


def test_what_is_left_of_a_reset_goes_at_the_next_start_and_what_cannot_go_hinders_nobody(unit: Container) -> None:
    unit.stop()
    (unit.data / "wiped.7").mkdir()
    (unit.data / "wiped.8").mkdir()
    (unit.data / "wiped.8" / "root-s").touch()
    unit.start()
    assert not (unit.data / "wiped.7").exists()
    assert unit.shows("ampguard-factory-reset", "Result") == "exit-code"
    assert "cannot delete wiped.8" in unit.log("ampguard-factory-reset")
    assert all_run(unit)
    assert measures(unit)
