"""The card of a unit in QEMU as a Pi has it: U-Boot chooses the slot, RAUC is the real one, restarts are restarts.

Only the board is simulated, on this machine (hil/bench-initrd, which each slot's kernel partition gets).
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from tests.conventions.source import ROOT

from ampguard.update.dataform import OWN
from ampguard_hil.places.qemu import BoardOutside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CARD = Path(os.environ.get("CARD", ROOT / ".run/image"))
KEYS = Path(os.environ.get("KEYS", ROOT / ".run/keys"))
UBOOT = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
CARD_BYTES = 4 << 30
BOOT_S = 600.0
"""Of a machine in a machine, with U-Boot."""
PROMPT = "root@unit:"
HOST = "10.0.2.2"
"""This machine, as the guest sees it."""
_PATH = f"{os.environ['PATH']}:/usr/sbin"
_SECTOR = 512


class Guest:
    """A card in a computer of its own."""

    def __init__(self, disk: Path, folder: Path) -> None:
        self._disk = disk
        self._board = BoardOutside(folder)
        self._socket = folder / "serial.sock"
        self._monitor = folder / "monitor.sock"
        self.console = folder / "console.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._count = 0
        self._heard = 0
        """How much its console had said when it was asked last."""

    def power_on(self) -> None:
        """And wait for its shell."""
        command: list[str | Path] = [
            "qemu-system-aarch64", "-accel", "tcg,thread=multi", "-machine", "virt", "-cpu", "cortex-a53", "-smp", "2",
            "-m", "640M", "-display", "none", "-bios", UBOOT, "-device", "virtio-rng-pci",
            "-drive", f"if=none,id=card,format=raw,file={self._disk}", "-device", "virtio-blk-pci,drive=card",
            "-nic", "user,model=virtio-net-pci", "-serial", "chardev:line", "-device", "qemu-xhci",
            "-monitor", f"unix:{self._monitor},server=on,wait=off",
            "-chardev", f"socket,id=line,path={self._socket},server=on,wait=off,logfile={self.console}",
            *self._board.qemu_arguments,
        ]  # fmt: skip
        self._board.start()
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        self._line = None
        self.console.unlink(missing_ok=True)
        self.wait()

    def power_off(self) -> None:
        """As when somebody pulls the plug."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._line = self._process = None
        self._board.stop()

    def wait(self, within_s: float = BOOT_S, since: int = 0) -> None:
        """Until its shell asks; what is typed before stops U-Boot. `since`: how much the console had said before."""
        until_s = time.monotonic() + within_s
        while time.monotonic() < until_s:
            said = self.console.read_text(errors="replace")[since:] if self.console.exists() else ""
            if PROMPT in said.rpartition("Starting kernel")[2] and "Starting kernel" in said:
                return
            time.sleep(1.0)
        raise TimeoutError(self.console.read_text(errors="replace")[-3000:])

    def run(self, command: str, within_s: float = 120.0) -> str:
        """What root's shell answers. Raises TimeoutError."""
        if self._line is None:
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect(os.fspath(self._socket))
            except OSError:
                line.close()
                raise
            self._line = line
        self._count += 1
        begin, end = f"<{self._count}<", f">{self._count}>"
        # what is typed is echoed: in there the marks are cut in two
        typed = f"echo '{begin[:1]}''{begin[1:]}'; {command}; echo '{end[:1]}''{end[1:]}'\n"
        self._line.sendall(typed.encode())
        self._line.settimeout(0.5)
        said, until_s = "", time.monotonic() + within_s
        while time.monotonic() < until_s:
            with contextlib.suppress(TimeoutError):
                said += self._line.recv(1 << 16).decode(errors="replace").replace("\r", "")
            if (found := re.search(f"{re.escape(begin)}\n(.*?){re.escape(end)}", said, re.DOTALL)) is not None:
                self._heard = len(self.console.read_text(errors="replace"))
                return found[1].strip()
        raise TimeoutError(f"{command}: {said[-2000:]}")

    def put_in(self, stick: Path) -> None:
        """A USB stick, which this guest can read only."""
        self._tell(f"drive_add 0 if=none,id=stick,format=raw,readonly=on,file={stick}")
        self._tell("device_add usb-storage,drive=stick,id=stick,removable=on")

    def pull_out(self) -> None:
        """It, without asking anybody."""
        self._tell("device_del stick")

    def _tell(self, command: str) -> None:
        """QEMU's monitor, which complains in what it answers."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(30.0)
            monitor.connect(os.fspath(self._monitor))
            said = _until_prompt(monitor)
            monitor.sendall(f"{command}\n".encode())
            said = _until_prompt(monitor)
        assert "Error" not in said, said

    def restarts(self, within_s: float = BOOT_S) -> None:
        """It was about to, or has begun to: wait until it is there again."""
        self.wait(within_s, self._heard)

    @property
    def slot(self) -> str:
        """The one that runs."""
        found = re.search(r"rauc\.slot=(\w)", self.run("cat /proc/cmdline"))
        return "" if found is None else found[1]


def _until_prompt(monitor: socket.socket) -> str:
    said = ""
    while not said.rstrip().endswith("(qemu)"):
        said += monitor.recv(1 << 16).decode(errors="replace")
    return said


def make_stick(folder: Path, *bundles: Path) -> Path:
    """As it comes out of a shop, with these files in its root."""
    stick = folder / "stick.img"
    stick.unlink(missing_ok=True)
    size_mb = 64 + sum(bundle.stat().st_size for bundle in bundles) // 1_000_000
    start = 2048
    with stick.open("wb") as file:
        file.truncate((size_mb << 20) + start * _SECTOR)
    table = f"label: dos\nstart={start}, type=c\n"
    subprocess.run(["sfdisk", "--quiet", stick], input=table, text=True, check=True, env={"PATH": _PATH})
    making: list[str | Path] = ["mkfs.vfat", "-F", "32", f"--offset={start}", "-n", "STICK", stick]
    subprocess.run([*making, str(size_mb << 10)], check=True, capture_output=True, env={"PATH": _PATH})
    at = f"{stick}@@{start * _SECTOR}"
    subprocess.run(["mcopy", "-i", at, *bundles, "::"], check=True, env={"PATH": _PATH, "MTOOLS_SKIP_CHECK": "1"})
    return stick


def make_card(folder: Path) -> Path:
    """A copy of the built one with the bench in slot A."""
    disk = folder / "card.img"
    subprocess.run(["cp", "--sparse=always", CARD / "card.img", disk], check=True)
    os.truncate(disk, CARD_BYTES)
    _put_bench(disk, _kernel(disk)[0] * _SECTOR, folder)
    return disk


def _put_bench(image: Path, at: int, folder: Path, **units: str) -> None:
    """The bench's initial file system into a kernel partition; `units`: of the guest's service manager, on top."""
    initrd = folder / "initrd"
    subprocess.run([ROOT / "hil/bench-initrd", CARD / "initrd", initrd], check=True)
    if units:
        _add_units(initrd, folder, units)
    copying: list[str | Path] = ["mcopy", "-o", "-i", f"{image}@@{at}", initrd, "::initrd"]
    subprocess.run(copying, check=True, env={"PATH": _PATH, "MTOOLS_SKIP_CHECK": "1"})


def _add_units(initrd: Path, folder: Path, units: dict[str, str]) -> None:
    """One archive more, whose script is run after the bench's."""
    tree = folder / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    scripts = tree / "scripts/init-bottom"
    scripts.mkdir(parents=True)
    order = "".join(f'/scripts/init-bottom/{name} "$@"\n' for name in ("udev", "bench", "more"))
    (scripts / "ORDER").write_text(order)
    lines = [
        f"printf '%s\\n' '{text}' > /run/systemd/system/{name.replace('_', '-')}.service"
        for name, text in units.items()
    ]
    (scripts / "more").write_text("\n".join(["#!/bin/sh", "mkdir -p /run/systemd/system", *lines, ""]))
    (scripts / "more").chmod(0o755)
    packed = subprocess.run(
        "find . | cpio --quiet --create --format=newc", shell=True, check=True, capture_output=True, cwd=tree
    ).stdout  # fmt: skip
    content = initrd.read_bytes()
    initrd.write_bytes(content + bytes(-len(content) % _SECTOR) + packed)


def _kernel(disk: Path) -> tuple[int, int]:
    """First sector and number of sectors of slot A's kernel partition."""
    told = subprocess.run(["sfdisk", "--dump", disk], check=True, capture_output=True, text=True, env={"PATH": _PATH})
    found = re.search(r"img5 : start= *(\d+), size= *(\d+)", told.stdout)
    assert found is not None, told.stdout
    return int(found[1]), int(found[2])


def version() -> str:
    """Of the card that was built."""
    found = re.search(r'"version": "([^"]+)"', (CARD / "unit/usr/lib/ampguard/release.json").read_text())
    assert found is not None
    return found[1]


def later(seconds: int) -> str:
    """A version that is so much newer."""
    package, _, moment = version().partition("-")
    return f"{package}-{int(moment) + seconds}"


class Bundles:
    """Made of the built card."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make(
        self,
        name: str,
        *,
        of: str,
        keys: Path = KEYS,
        says: Mapping[str, str] = MappingProxyType({}),
        boots: bool = True,
        **units: str,
    ) -> Path:
        """`of`: the version that it tells; `says`: what else; `boots`: whether its kernel is one.

        `units`: other ones in its guest.
        """
        content = self._folder / f"{name}-content"
        content.mkdir()
        kernel = content / "kernel.img"
        start, size = _kernel(CARD / "card.img")
        with (CARD / "card.img").open("rb") as card:
            card.seek(start * _SECTOR)
            kernel.write_bytes(card.read(size * _SECTOR))
        if boots:
            _put_bench(kernel, 0, self._folder, **units)
            os.link(CARD / "root.squashfs", content / "root.img")
        else:
            kernel.write_bytes(bytes(1 << 20))
            (content / "root.img").write_bytes(os.urandom(1 << 20))
        told = {"compatible": "ampguard-pi64", "version": of, "build": str(OWN), **says}
        update = "".join(f"{name}={value}\n" for name, value in told.items())
        (content / "manifest.raucm").write_text(
            f"[update]\n{update}[bundle]\nformat=verity\n"
            "[image.kernel]\nfilename=kernel.img\n[image.rootfs]\nfilename=root.img\n"
        )
        bundle = self._folder / f"{name}.raucb"
        subprocess.run(
            [
                "rauc", f"--cert={keys}/update.crt", f"--key={keys}/update.key",
                "--mksquashfs-args=-comp zstd -Xcompression-level 1", "bundle", content, bundle,
            ],
            check=True, capture_output=True,
        )  # fmt: skip
        shutil.rmtree(content)
        return bundle


@contextlib.contextmanager
def guest(folder: Path) -> Iterator[Guest]:
    """Switched on, and off in the end."""
    found = Guest(make_card(folder), folder)
    found.power_on()
    try:
        yield found
    finally:
        found.power_off()
