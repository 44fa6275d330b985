"""The units by themselves: the service manager of the unit's own Debian finds nothing wrong, and little to attack."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from configparser import ConfigParser, SectionProxy
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.conventions.source import ROOT
from tests.system.container import ALL, Container, booted

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root boots a container"),
]
UNITS = ROOT / "systemd" / "system"
VERIFY = ("systemd-analyze", "verify", "--recursive-errors=yes", "--man=no")
MOST_EXPOSED = 2.0


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    with booted(tmp_path_factory.mktemp("units")) as found:
        yield found


def told(unit: str, section: str) -> SectionProxy:
    """What a unit's own file says; of a key that stands twice the last."""
    found = ConfigParser(strict=False, interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    found.optionxform = str  # type: ignore[assignment,method-assign]  # the library's way to keep capital letters
    found.read(UNITS / unit)
    return found[section]


def test_nothing_is_wrong_with_them(unit: Container) -> None:
    names = [path.name.replace("@.", "@meter.") for path in sorted(UNITS.iterdir()) if path.is_file()]
    said = unit.run(*VERIFY, *names, check=False)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_what_would_be_wrong_is_found(unit: Container) -> None:
    unit.put("/run/systemd/system/ampguard-typo.service", "[Service]\nExecStart=/bin/true\nWatchdogSecs=3\n")
    said = unit.run(*VERIFY, "ampguard-typo.service", check=False)
    assert said.returncode == 1
    assert "WatchdogSecs" in said.stderr


@pytest.mark.parametrize("name", sorted(path.name for path in UNITS.glob("*.service")))
def test_little_of_the_system_is_open_to_them(unit: Container, name: str) -> None:
    said = unit.run("systemd-analyze", "security", "--offline=yes", "--no-pager", name.replace("@.", "@sda1.")).stdout
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found is not None, said
    print(name, found[1])  # noqa: T201 - the figure
    assert float(found[1]) <= MOST_EXPOSED, said


def test_the_other_files_beside_them_are_understood(unit: Container) -> None:
    unit.run("udevadm", "verify", "/usr/lib/udev/rules.d/60-ampguard.rules")
    unit.run("systemd-tmpfiles", "--dry-run", "--create", "ampguard.conf")
    assert "hostname-mode=none" in unit.run("NetworkManager", "--print-config").stdout
    assert "SaveIntervalSec=10min" in unit.run("systemd-analyze", "cat-config", "systemd/timesyncd.conf").stdout


def test_all_files_belong_to_the_same_numbers_in_each_version(unit: Container) -> None:
    """What is on the data partition outlives the system that made it."""
    for name, number in {"spi": 880, "i2c": 881, "gpio": 882, "ampguard": 885}.items():
        assert unit.run("getent", "group", name).stdout.split(":")[2] == str(number)
    assert unit.run("id", "-u", "ampguard").stdout == "885\n"


def test_its_packages_are_from_where_this_machine_takes_its_own(unit: Container) -> None:
    told = subprocess.run([ROOT / "image" / "sources", "trixie"], check=True, capture_output=True, text=True).stdout
    assert unit.run("cat", "/etc/apt/sources.list").stdout.split() == told.split()


def test_the_pinned_packages_are_what_the_wheel_needs() -> None:
    """`make pins` after a change of the dependencies."""
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ]+) ", (ROOT / "image/wheels.txt").read_text(), re.MULTILINE)
    pinned = {canonicalize_name(name): version for name, version in pins}
    for one in map(Requirement, tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]):
        assert pinned.get(canonicalize_name(one.name), "none") in one.specifier, one


@pytest.mark.parametrize("service", ALL)
def test_who_fails_is_started_again_for_ever_but_not_in_circles(service: str) -> None:
    own, common = told(f"ampguard-{service}.service", "Service"), told("ampguard-.service.d/10-sandbox.conf", "Unit")
    assert own["Restart"] == "always"
    within_s, most = seconds(common["StartLimitIntervalSec"]), int(common["StartLimitBurst"])
    assert starts(within_s, own) < most
    assert f"ampguard-again@{service}.timer" in (UNITS / "ampguard.target").read_text()


def starts(within_s: float, own: SectionProxy) -> int:
    """How often one that ends at once is started in that time (service_restart_usec_next in systemd's service.c)."""
    first_s, last_s, steps = seconds(own["RestartSec"]), seconds(own["RestartMaxDelaySec"]), int(own["RestartSteps"])
    at_s, count = 0.0, 1
    while at_s <= within_s:
        at_s += first_s * (last_s / first_s) ** (min(count - 1, steps) / steps)
        count += 1
    return count


def seconds(text: str) -> float:
    found = re.fullmatch(r"([\d.]+)(ms|s|min)", text)
    assert found is not None
    return float(found[1]) * {"ms": 0.001, "s": 1.0, "min": 60.0}[found[2]]


def test_a_watchdog_waits_longer_than_who_feeds_it_may_take() -> None:
    """The web answers itself for up to 10 s at each door, three times, before it ends by itself."""
    least_s = {"meter": 10.0, "lights": 10.0, "uplink": 30.0, "web": 60.0, "balancer": 10.0}
    for service, least in least_s.items():
        assert seconds(told(f"ampguard-{service}.service", "Service")["WatchdogSec"]) >= least


def test_none_may_fill_the_memory_of_a_small_computer() -> None:
    """Of 512 MB the radio's and the GPU's part, kernel and system take up to 200."""
    most = {one: told(f"ampguard-{one}.service", "Service")["MemoryMax"] for one in ALL}
    assert all(re.fullmatch(r"\d+M", one) for one in most.values())
    assert max(int(one[:-1]) for one in most.values()) <= 256


def test_a_usb_stick_is_read_only_and_nobodys_but_who_installs() -> None:
    mounted = told("ampguard-stick@.service", "Service")["ExecStartPre"].split()
    assert mounted[mounted.index("/usr/bin/mount") + 1 :][:2] == ["--types", "vfat,exfat"]
    options = set(mounted[mounted.index("--options") + 1].split(","))
    assert {"ro", "nosuid", "nodev", "noexec", "uid=0", "gid=883", "fmask=0337", "dmask=0227"} <= options
    assert mounted[-2:] == ["/dev/%i", "/run/ampguard-stick/%i"], "both are named by the kernel"
    groups = {path.name: path.read_text() for path in UNITS.glob("*.service")}
    assert {name for name, text in groups.items() if "ampguard-install" in text.partition("[Service]")[2]} == {
        "ampguard-stick@.service", "ampguard-update.service",
    }  # fmt: skip
    packages = "".join((ROOT / "image" / one).read_text() for one in ("packages", "card/packages"))
    assert not re.search("^(udisks|usbmount|autofs)", packages, re.MULTILINE), "who would mount it as well"


def test_a_stick_is_known_before_its_update_is_looked_for(unit: Container) -> None:
    """Of what kind its file system is, another rule finds out."""
    [rules] = (ROOT / "image/card/files/usr/lib/udev/rules.d").glob("*")
    assert rules.name > "60-persistent-storage.rules"
    unit.put(f"/run/udev/rules.d/{rules.name}", rules.read_text())
    unit.run("udevadm", "verify", f"/run/udev/rules.d/{rules.name}")
