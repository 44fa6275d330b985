"""The card of a unit, booted in QEMU: all of it runs, and how long it takes beside a bare Debian on the same machine.

The card is as it is built; only the board is simulated, in the guest (hil/bench-initrd).
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from tests.conventions.source import ROOT
from tests.system.container import SERVICES

from ampguard_hil.places.provisioning import answers
from ampguard_hil.places.stages import Stage
from ampguard_hil.places.targets import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ampguard_hil.places.place import Place

pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(3000)]
CARD = ROOT / ".run" / "image"
EPOCH = 1_790_000_000
CARD_BYTES = 4 << 30
"""It is written to a larger one."""
MOST_ROOT_BYTES = 350_000_000
MOST_MEMORY_MB = 220.0
MOST_TIMES_A_BARE_DEBIAN = 1.5
KERNEL_ARGUMENTS = "root=/dev/vda6 rootfstype=squashfs ro quiet systemd.show_status=0 net.ifnames=0 console=ttyAMA0"
"""As the place `image` has them."""
PATIENCE_S = 600.0
"""Of a machine in a machine."""


class Booted:
    """The card, from the moment its power was switched on."""

    def __init__(self, bench: Bench) -> None:
        bench.at(Stage.FLASHED)
        os.truncate(CARD / "disk.img", CARD_BYTES)
        self.began_s = time.monotonic()
        self.place: Place = bench.at(Stage.BOOTED)

    def run(self, command: str) -> str:
        return self.place.run(command).strip()

    def shows(self, unit: str, name: str) -> str:
        return self.run(f"systemctl show {unit} --value --property={name}")

    def after_s(self, unit: str) -> float:
        """From power on until a unit was active."""
        since_s = (
            float(self.run("cut -d ' ' -f 1 /proc/uptime"))
            - int(self.shows(unit, "ActiveEnterTimestampMonotonic")) / 1e6
        )
        return time.monotonic() - self.began_s - since_s


@pytest.fixture(scope="module")
def bare_s() -> float:
    """Of a bare Debian, to its login."""
    return bare_debian_asks_after_s()


@pytest.fixture(scope="module")
def card(bare_s: float) -> Iterator[Booted]:
    """After the bare one, so that each has the machine for itself."""
    assert bare_s > 0
    subprocess.run([ROOT / "hil" / "bench-initrd", CARD / "initrd", CARD / "initrd-bench"], check=True)
    bench = Bench(ROOT / "hil" / "bench.yaml", "image")
    try:
        yield Booted(bench)
    finally:
        bench.close()


@pytest.fixture(scope="module")
def table() -> Iterator[dict[str, str]]:
    """What was measured, told in the end."""
    rows: dict[str, str] = {}
    yield rows
    width = max(map(len, rows), default=0)
    print("\n\n" + "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items()))  # noqa: T201 - the figures


def test_all_of_it_runs(card: Booted, table: dict[str, str]) -> None:
    assert card.run("systemctl is-system-running --wait || systemctl --failed --plain --no-legend") == "running"
    for service in SERVICES:
        assert card.shows(f"ampguard-{service}", "SubState") == "running", service
        assert card.shows(f"ampguard-{service}", "NRestarts") == "0", service
    table["system"] = card.run("uname -srm") + ", " + card.run(". /etc/os-release; echo $PRETTY_NAME")


def test_the_page_answers_over_the_network(card: Booted) -> None:
    assert answers(card.place.page)


def test_nobody_writes_to_the_root_and_only_the_data_partition_stays(card: Booted) -> None:
    mounts = dict(line.split()[1:3] for line in card.run("cat /proc/mounts").splitlines())
    assert {name: mounts[name] for name in ("/", "/var", "/var/lib/ampguard")} == {
        "/": "squashfs", "/var": "tmpfs", "/var/lib/ampguard": "ext4",
    }  # fmt: skip
    assert "Read-only file system" in card.run("touch /etc/written 2>&1 || true")


def test_the_data_partition_grows_to_the_end_of_the_card(card: Booted) -> None:
    size = int(card.run("stat --file-system --format='%b %S' /data | { read blocks size; echo $((blocks * size)); }"))
    assert size > CARD_BYTES - (CARD / "card.img").stat().st_size


def test_nobody_signs_in(card: Booted) -> None:
    listening = card.run("ss --listening --tcp --numeric --no-header | sed 's/.*:\\([0-9]*\\) .*/\\1/' | sort -u")
    assert set(listening.split()) == {"80", "443"}
    assert card.run("systemctl is-active getty.target ssh.service || true").split() == ["inactive"] * 2
    assert card.run("sed -n 's/^root:\\([^:]*\\):.*/\\1/p' /etc/shadow") in {"*", "!", "!*"}
    assert "policy drop" in card.run("nft list chain inet ampguard input")


def test_it_measures_nearly_as_soon_as_a_bare_debian_asks_for_a_name(
    card: Booted, bare_s: float, table: dict[str, str]
) -> None:
    """The meter is active with its first kept reading."""
    first_s = card.after_s("ampguard-meter")
    table["bare Debian to its login"] = f"{bare_s:.0f} s"
    table["card to multi-user"] = f"{card.after_s('multi-user.target'):.0f} s"
    table["card to its page"] = f"{card.after_s('ampguard-web'):.0f} s"
    table["card to its first kept reading"] = f"{first_s:.0f} s = {first_s / bare_s:.2f} x bare Debian"
    assert first_s < MOST_TIMES_A_BARE_DEBIAN * bare_s


def test_its_services_take_little_memory(card: Booted, table: dict[str, str]) -> None:
    found = {}
    for service in SERVICES:
        pid = card.shows(f"ampguard-{service}", "MainPID")
        found[service] = int(card.run(f"sed -n 's/^Pss: *//p' /proc/{pid}/smaps_rollup").split()[0]) / 1000
    table["memory of its services (PSS)"] = (
        ", ".join(f"{one} {mb:.0f}" for one, mb in found.items()) + f", together {sum(found.values()):.0f} MB"
    )
    table["memory that is left of 512 MB"] = card.run("sed -n 's/^MemAvailable: *//p' /proc/meminfo")
    assert sum(found.values()) < MOST_MEMORY_MB


def test_it_is_small(table: dict[str, str]) -> None:
    size = (CARD / "root.squashfs").stat().st_size
    table["root, packed"] = f"{size / 1e6:.0f} MB"
    assert size < MOST_ROOT_BYTES


def test_the_same_root_makes_the_same_card_whenever_it_is_packed(tmp_path: Path) -> None:
    root, boot = tmp_path / "root", tmp_path / "boot"
    for folder in ("boot", "etc", "var/lib/dpkg"):
        (root / folder).mkdir(parents=True)
    boot.mkdir()
    for name in ("boot/vmlinuz-1", "boot/initrd.img-1", "etc/hosts", "var/lib/dpkg/status"):
        (root / name).write_text(name)
    made = []
    for number in range(2):
        (boot / "config.txt").write_text("arm_64bit=1\n")
        os.utime(boot / "config.txt", (EPOCH, EPOCH))
        os.utime(root / "etc/hosts", (EPOCH + 100 + number, EPOCH + 100 + number))
        packing = [ROOT / "image/card-image", root, tmp_path / str(number), boot]
        path = f"{os.environ['PATH']}:/usr/sbin"
        subprocess.run(packing, check=True, env={"PATH": path, "SOURCE_DATE_EPOCH": str(EPOCH)}, capture_output=True)
        made.append(hashlib.sha256((tmp_path / str(number) / "card.img").read_bytes()).hexdigest())
        time.sleep(1.1)  # ext4 and FAT write whole and two seconds
    assert made[0] == made[1]
    listed = subprocess.run(
        ["unsquashfs", "-ls", tmp_path / "0/root.squashfs"], check=True, capture_output=True, text=True
    )
    assert {line.removeprefix("squashfs-root") for line in listed.stdout.split()} == {
        "", "/boot", "/etc", "/etc/hosts", "/var",
    }  # fmt: skip


def bare_debian_asks_after_s() -> float:
    """From power on until the same Debian without a unit asks for a name at its serial line."""
    bare = CARD / "bare"
    command: list[str | Path] = [
        "qemu-system-aarch64", "-accel", "tcg,thread=multi", "-machine", "virt", "-cpu", "cortex-a53", "-smp", "2",
        "-m", "512M", "-nographic", "-no-reboot", "-kernel", bare / "vmlinuz", "-initrd", bare / "initrd",
        "-drive", f"if=virtio,format=raw,snapshot=on,file={bare / 'card.img'}", "-device", "virtio-rng-pci",
        "-nic", "user,model=virtio-net-pci", "-append", f"{KERNEL_ARGUMENTS} systemd.volatile=state",
    ]  # fmt: skip
    said, began_s = b"", time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as guest:
        assert guest.stdout is not None
        try:
            while not re.search(rb" login: $", said):
                letter = guest.stdout.read(1)
                assert letter, said
                assert time.monotonic() - began_s < PATIENCE_S, said
                said += letter
            return time.monotonic() - began_s
        finally:
            guest.kill()
