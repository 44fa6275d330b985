"""Two places with a network between them, on this machine: a unit's and a cloud's, and all that can go wrong between.

Each place is a Linux network namespace (and a mount namespace, for a resolv.conf of its own) that lives as long as a
process of ours does, so nothing is left behind. The wire between them is a pair of TUN devices: what one place sends is
read here as IP packets, delayed, lost and slowed as it is told, and given to the other one. The kernel's own `netem`
would do the same, but not every kernel has it. Wants root. What runs in a place still shares files and Unix sockets.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import os
import random
import select
import shutil
import struct
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ampguard_hil.processes import Process, ProcessError, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WANTED = ("unshare", "nsenter", "ip", "iptables", "mount")
DEVICE = "wire"
START_TIMEOUT_S = 10.0
LONGEST_PACKET = 65_536
_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x1001
_TURN_S = 0.05
"""How long the wire may sleep before it looks whether it is to end."""


class NetworkError(ProcessError):
    """A place cannot be had; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What the wire does to packets, in each direction."""

    delay_s: float = 0.0
    """One way."""
    loss_ratio: float = 0.0
    bytes_per_s: float | None = None
    """None: as fast as it can."""
    queue_bytes: int = 64_000
    """What may wait because of that speed; more is dropped, as in a router."""


class Place:
    """A network namespace, and what must be put before a command to run it there."""

    def __init__(self, name: str, folder: Path, address: str) -> None:
        """Raises NetworkError."""
        missing = [one for one in WANTED if shutil.which(one) is None]
        if missing or os.geteuid() != 0:
            raise NetworkError(
                f"network namespaces: wanted root and {', '.join(WANTED)}, met user {os.geteuid()}"
                + (f" without {', '.join(missing)}" if missing else "")
            )
        self.name = name
        self.address = address
        self.resolver = folder / f"{name}.resolv.conf"
        """Which name servers programs here ask; it may be changed at any time."""
        self.resolver.write_text("")
        hold = f"mount --bind '{self.resolver}' /etc/resolv.conf && echo ready && exec sleep infinity"
        # slave: what is mounted outside is seen inside, what is mounted inside is nobody else's
        apart = ["unshare", "--net", "--mount", "--propagation", "slave"]
        self._holder = Process(name, [*apart, "sh", "-c", hold], folder / f"{name}.log", {})
        self._holder.start()
        if not wait_until(lambda: "ready" in self._holder.last_words() or self._holder.pid is None, START_TIMEOUT_S):
            self._holder.end()
        if self._holder.pid is None:
            raise NetworkError(f"{name}: wanted a network namespace, met a refusal", self._holder.last_words())
        self.do("ip", "link", "set", "lo", "up")

    @property
    def within(self) -> list[str]:
        """What a command begins with that is to run here."""
        return ["nsenter", "--net", "--mount", "--target", str(self._holder.pid), "--"]

    @property
    def namespace(self) -> str:
        """The file that stands for it."""
        return f"/proc/{self._holder.pid}/ns/net"

    def do(self, *words: str) -> str:
        """Run something short here; what it printed. Raises NetworkError."""
        done = subprocess.run([*self.within, *words], capture_output=True, text=True, check=False)  # noqa: S603 - ours
        if done.returncode != 0:
            raise NetworkError(f"{self.name}: {' '.join(words)}: ended with {done.returncode}", done.stderr)
        return done.stdout

    def link(self, *, up: bool) -> None:
        """Take the wire's end down, or up again with the way out that it had."""
        self.do("ip", "link", "set", DEVICE, "up" if up else "down")
        if up:
            self.do("ip", "route", "replace", "default", "dev", DEVICE)

    def drop_all(self, *, on: bool) -> None:
        """Drop every packet that comes or goes on the wire, without a word: a black hole."""
        for chain, side in (("INPUT", "-i"), ("OUTPUT", "-o")):
            self.do("iptables", "-w", "-I" if on else "-D", chain, side, DEVICE, "-j", "DROP")

    def stop(self) -> None:
        """It is gone with the last process in it."""
        self._holder.end()
        self._holder.stop()


class _OnItsWay(NamedTuple):
    """A packet, in the order in which it arrives."""

    due_s: float
    number: int
    end: int
    packet: bytes


class Wire:
    """Carries packets between two places until it is stopped."""

    def __init__(self, one: Place, other: Place, *, seed: int = 0) -> None:
        """Raises NetworkError."""
        self.quality = Quality()
        """May be changed at any time; what is on its way stays as it was."""
        self.lost = 0
        """Packets that it lost by chance or for want of room."""
        self._chance = random.Random(seed)  # noqa: S311 - losses, not secrets
        self._ends: tuple[int, ...] = ()
        self._free_s = [0.0, 0.0]
        self._ended = threading.Event()
        self._failed: OSError | None = None
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=((one.namespace, other.namespace), ready), name="wire")
        self._thread.start()
        ready.wait(START_TIMEOUT_S)
        if self._failed is not None:
            raise NetworkError(f"wanted a TUN device, met: {self._failed}") from self._failed
        for place in (one, other):
            place.do("ip", "address", "add", f"{place.address}/24", "dev", DEVICE)
            place.link(up=True)

    def stop(self) -> None:
        """Cut it."""
        self._ended.set()
        self._thread.join()

    def _run(self, namespaces: Sequence[str], ready: threading.Event) -> None:
        # this thread alone enters the places, and ends there
        try:
            self._ends = tuple(_tun(namespace) for namespace in namespaces)
        except OSError as why:
            self._failed = why
            return
        finally:
            ready.set()
        try:
            self._carry()
        finally:
            for end in self._ends:
                os.close(end)

    def _carry(self) -> None:
        waiting: list[_OnItsWay] = []
        number = 0
        while not self._ended.is_set():
            now_s = time.monotonic()
            while waiting and waiting[0].due_s <= now_s:
                arrived = heapq.heappop(waiting)
                _give(self._ends[arrived.end], arrived.packet)
            patience_s = min(_TURN_S, waiting[0].due_s - now_s) if waiting else _TURN_S
            for side in select.select(self._ends, (), (), patience_s)[0]:
                taken, end = _take(side), 1 - self._ends.index(side)
                due_s = None if taken is None else self._due_s(end, len(taken))
                if taken is not None and due_s is not None:
                    number += 1
                    heapq.heappush(waiting, _OnItsWay(due_s, number, end, taken))

    def _due_s(self, end: int, length: int) -> float | None:
        """When a packet that came now arrives; None: never."""
        quality, now_s = self.quality, time.monotonic()
        begin_s = max(now_s, self._free_s[end])
        rate = quality.bytes_per_s
        full = rate is not None and (begin_s - now_s) * rate + length > quality.queue_bytes
        if full or self._chance.random() < quality.loss_ratio:
            self.lost += 1
            return None
        self._free_s[end] = begin_s + (0.0 if rate is None else length / rate)
        return self._free_s[end] + quality.delay_s


def _tun(namespace: str) -> int:
    """The calling thread goes to that namespace and opens the wire's end there. Raises OSError."""
    with open(namespace, "rb") as file:  # noqa: PTH123 - a descriptor is what is wanted
        library = ctypes.CDLL(None, use_errno=True)
        if library.setns(file.fileno(), _CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, f"{namespace}: {os.strerror(code)}")
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(end, _TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), _IFF_TUN_NO_PI))
    except OSError:
        os.close(end)
        raise
    return end


def _take(end: int) -> bytes | None:
    try:
        return os.read(end, LONGEST_PACKET)
    except OSError:  # it is down, or somebody was quicker
        return None


def _give(end: int, packet: bytes) -> None:
    try:
        os.write(end, packet)
    except OSError:  # it is down: nobody gets this one
        return
