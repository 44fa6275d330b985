"""What a service can do, tried from within: run in its place, with its settings. Prints what came of each, as JSON."""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import socket
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LIBRARY = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH, CLONE_NEWUSER = 16, 0x10000000
FAMILIES = {"ipv4": socket.AF_INET, "ipv6": socket.AF_INET6, "netlink": socket.AF_NETLINK, "packet": socket.AF_PACKET}


def tried(what: Callable[[], object]) -> str:
    try:
        what()
    except OSError as why:
        return os.strerror(why.errno or 0)
    return "done"


def called(name: str, *words: object) -> Callable[[], None]:
    def call() -> None:
        if getattr(LIBRARY, name)(*words) < 0:
            raise OSError(ctypes.get_errno(), name)

    return call


def opened(family: int) -> Callable[[], None]:
    return lambda: socket.socket(family, socket.SOCK_RAW if family == socket.AF_PACKET else socket.SOCK_DGRAM).close()


def connected(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(path)


def written(folder: str) -> None:
    path = Path(folder, "probe")
    path.touch()
    path.unlink()


def executable_memory() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def set_uid() -> None:
    path = Path("/tmp/probe")
    path.touch()
    path.chmod(0o4755)


def main() -> None:
    lines = [line.partition(":") for line in Path("/proc/self/status").read_text().splitlines()]
    status = {key: value.split() for key, _, value in lines if value.strip()}
    kept = ("Uid", "CapEff", "CapPrm", "CapBnd", "CapAmb", "Seccomp", "NoNewPrivs")
    found: dict[str, object] = {name: status[name][0] for name in kept}
    found["devices"] = sorted(path.name for path in Path("/dev").iterdir() if path.name.startswith("bench"))
    found["interfaces"] = Path("/proc/self/net/dev").read_text().count(":")
    found["processes"] = sum(path.name.isdecimal() for path in Path("/proc").iterdir())
    found |= {name: tried(opened(family)) for name, family in FAMILIES.items()}
    for folder in ("/", "/etc", "/usr", "/var", "/run", "/dev", "/sys", "/var/lib/ampguard", "/run/ampguard"):
        found[folder] = tried(partial(written, folder))
    for folder in ("certificates", "identity", "network", "web"):
        found[folder] = tried(partial(os.listdir, f"/var/lib/ampguard/{folder}"))
    found["log"] = tried(lambda: next(Path("/").glob("*/log/journal/*/system.journal")).open("rb").close())
    found["bus"] = tried(lambda: connected("/run/dbus/system_bus_socket"))
    found["device"] = tried(lambda: Path("/dev/bench").open("rb").close())
    found["kernel"] = tried(lambda: Path("/proc/sys/kernel/panic").open("w").close())
    found["mount"] = tried(called("mount", b"none", b"/tmp", b"tmpfs", 0, None))
    found["namespace"] = tried(called("unshare", CLONE_NEWUSER))
    found["trace"] = tried(called("ptrace", PTRACE_ATTACH, os.getppid(), None, None))
    found["clock"] = tried(called("settimeofday", ctypes.create_string_buffer(16), None))
    found["code"] = tried(executable_memory)
    found["set-uid"] = tried(set_uid)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
