"""The card of a unit, booted in QEMU: all of it runs; how long that takes beside a bare Debian on the same machine."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from tests.conventions.source import ROOT
from tests.system.card import CARD, CARD_BYTES, Card, booted, table
from tests.system.container import SERVICES

from ampguard_hil.places.provisioning import answers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import IO

pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(3000)]
EPOCH = 1_790_000_000
MOST_ROOT_BYTES = 350_000_000
MOST_MEMORY_MB = 220.0
MOST_TIMES_A_BARE_DEBIAN = 1.5
KERNEL_ARGUMENTS = "root=/dev/vda6 rootfstype=squashfs ro quiet systemd.show_status=0 net.ifnames=0 console=ttyAMA0"
"""As the place `image` has them."""
PATIENCE_S = 600.0
"""Of a machine in a machine."""


@pytest.fixture(scope="module")
def bare_s() -> float:
    """Of a bare Debian, to its login."""
    return bare_debian_asks_after_s()


@pytest.fixture(scope="module")
def card(bare_s: float) -> Iterator[Card]:
    """After the bare one, so that each has the machine for itself."""
    assert bare_s > 0
    with booted() as found:
        yield found


@pytest.fixture(scope="module")
def rows() -> Iterator[dict[str, str]]:
    with table() as found:
        yield found


def test_all_of_it_runs(card: Card, rows: dict[str, str]) -> None:
    assert card.place.until(lambda: card.run("systemctl is-system-running || true") != "starting", PATIENCE_S)
    assert card.run("systemctl --failed --plain --no-legend") == ""
    assert card.run("systemctl is-system-running || true") == "running"
    for service in SERVICES:
        assert card.shows(f"ampguard-{service}", "SubState") == "running", service
        assert card.shows(f"ampguard-{service}", "NRestarts") == "0", service
    rows["system"] = card.run("uname -srm") + ", " + card.run(". /etc/os-release; echo $PRETTY_NAME")


def test_the_page_answers_over_the_network(card: Card) -> None:
    assert answers(card.place.page)


def test_nobody_writes_to_the_root_and_only_the_data_partition_stays(card: Card) -> None:
    mounts = dict(line.split()[1:3] for line in card.run("cat /proc/mounts").splitlines())
    assert {name: mounts[name] for name in ("/", "/var", "/var/lib/ampguard")} == {
        "/": "squashfs", "/var": "tmpfs", "/var/lib/ampguard": "ext4",
    }  # fmt: skip
    assert "Read-only file system" in card.run("touch /etc/written 2>&1 || true")


def test_nothing_is_skipped_at_the_start_and_what_is_mounted_stays(card: Card) -> None:
    """Where units wait for each other in a circle one is left out; a partition that goes takes its mount with it."""
    said = card.run("journalctl --quiet --boot --no-pager --output=cat _PID=1")
    assert "Mounted data.mount" in said
    assert "cycle" not in said
    assert "Unmounted data.mount" not in said


def test_the_data_partition_grows_to_the_end_of_the_card(card: Card) -> None:
    size = int(card.run("stat --file-system --format='%b %S' /data | { read blocks size; echo $((blocks * size)); }"))
    assert size > CARD_BYTES - (CARD / "card.img").stat().st_size


def test_nobody_signs_in(card: Card) -> None:
    listening = card.run("ss --listening --tcp --numeric --no-header | sed 's/.*:\\([0-9]*\\) .*/\\1/' | sort -u")
    assert set(listening.split()) <= {"53", "80", "443"}  # 53: while its own access point is open, and only there
    assert {"80", "443"} <= set(listening.split())
    assert card.run("systemctl is-active getty.target ssh.service || true").split() == ["inactive"] * 2
    assert card.run("sed -n 's/^root:\\([^:]*\\):.*/\\1/p' /etc/shadow") in {"*", "!", "!*"}
    assert "policy drop" in card.run("nft list chain inet ampguard input")


def test_it_measures_nearly_as_soon_as_a_bare_debian_asks_for_a_name(
    card: Card, bare_s: float, rows: dict[str, str]
) -> None:
    """The meter is active with its first kept reading."""
    first_s = card.after_s("ampguard-meter")
    rows["bare Debian to its login"] = f"{bare_s:.0f} s"
    rows["card to multi-user"] = f"{card.after_s('multi-user.target'):.0f} s"
    rows["card to its page"] = f"{card.after_s('ampguard-web'):.0f} s"
    rows["card to its first kept reading"] = f"{first_s:.0f} s = {first_s / bare_s:.2f} x bare Debian"
    assert first_s < MOST_TIMES_A_BARE_DEBIAN * bare_s


def test_its_services_take_little_memory(card: Card, rows: dict[str, str]) -> None:
    found = {}
    for service in SERVICES:
        pid = card.shows(f"ampguard-{service}", "MainPID")
        found[service] = int(card.run(f"sed -n 's/^Pss: *//p' /proc/{pid}/smaps_rollup").split()[0]) / 1000
    rows["memory of its services (PSS)"] = (
        ", ".join(f"{one} {mb:.0f}" for one, mb in found.items()) + f", together {sum(found.values()):.0f} MB"
    )
    rows["memory that is left of 512 MB"] = card.run("sed -n 's/^MemAvailable: *//p' /proc/meminfo")
    assert sum(found.values()) < MOST_MEMORY_MB


def test_it_is_small(rows: dict[str, str]) -> None:
    size = (CARD / "root.squashfs").stat().st_size
    rows["root, packed"] = f"{size / 1e6:.0f} MB"
    assert size < MOST_ROOT_BYTES


def test_what_finds_the_card_on_a_board_is_in_its_initial_file_system() -> None:
    """No board was there to try: QEMU has neither the slot of a Pi 4 nor what switches its power."""
    at_start = {line.rpartition("/")[2].partition(".ko")[0].replace("-", "_") for line in in_initial_file_system()}
    drivers = drivers_by_kind()
    trees = sorted((CARD / "boot").glob("*.dtb"))
    assert len(trees) == 6
    for tree in trees:
        lacking = {kind for kind in kinds_at_the_slot(tree) if drivers[kind] not in at_start}
        assert lacking == set(), tree.stem


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


def kinds_at_the_slot(tree: Path) -> set[str]:
    """What a device tree calls the slot of the card, and what it has its power from."""

    def of(node: str, name: str, kind: str) -> str:
        return told(["fdtget", "-d", "", "-t", kind, tree, node, name])

    slot = of("/aliases", "mmc0", "s")
    wanted = {of(slot, name, "i") for name in told(["fdtget", "-p", tree, slot]).split() if name.endswith("-supply")}
    nodes = [f"/{name}" for name in told(["fdtget", "-l", tree, "/"]).split()]
    supplies = [node for node in nodes if of(node, "phandle", "i") in wanted]
    assert len(supplies) == len(wanted)
    return {of(node, "compatible", "s") for node in (slot, *supplies)}


def drivers_by_kind() -> dict[str, str]:
    """The kernel's module for each `compatible` of a device tree."""
    (aliases,) = (CARD / "debian/usr/lib/modules").glob("*/modules.alias")
    return dict(re.findall(r"^alias of:N\*T\*C(\S+) (\S+)$", aliases.read_text(), re.MULTILINE))


def in_initial_file_system() -> list[str]:
    """Names in the first archive: Debian puts the modules there, as they are packed already."""
    with (CARD / "initrd").open("rb") as archive:
        return told(["cpio", "--quiet", "--list"], archive).split()


def told(command: Sequence[str | Path], given: IO[bytes] | None = None) -> str:
    """What a program prints."""
    return subprocess.run(command, stdin=given, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


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
