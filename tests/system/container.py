"""A unit's Debian in a container: booted with the product's units from read-only layers, looked at from outside."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conventions.source import ROOT

from ampguard_drivers.simulated.board import PIN
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LAYERS = ROOT / ".run" / "nspawn"
BOOT_S = 60.0
SERVICES = ("meter", "lights", "uplink", "web")
"""Always there."""
ALL = (*SERVICES, "balancer")
DATA = "/var/lib/ampguard"
_REBOOTED = 133
"""How systemd-nspawn ends where the system in it has restarted itself, and it is another one's to begin anew."""

_BROWSER = """
import json, sys
from ampguard_hil.places.provisioning import browser
pin, method, path, body = sys.argv[1:]
with browser("https://127.0.0.1", 50.0) as somebody:
    told = somebody.post("/api/v1/session", json={"pin": pin}).json()
    answer = somebody.request(method, path, json=json.loads(body), headers={"X-CSRF-Token": told["csrf"]})
    print(json.dumps([answer.status_code, answer.json() if answer.content else None]))
"""


class Container:
    """One boot after the other of the same unit; what is in `data` stays."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.data = folder / "data"
        self.data.mkdir()
        self._root = root
        self._log = folder / "console.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._leader: int | None = None

    @property
    def console(self) -> str:
        """The end of what it has said while it booted."""
        return self._log.read_text(errors="replace")[-3000:] if self._log.exists() else ""

    def start(self) -> None:
        """Boot it, and wait until all has been started, whatever came of it."""
        # /var is empty at each boot but for the data: as little as possible is to be kept
        spawn = [
            "systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network",
            "--capability=CAP_BPF", "--system-call-filter=bpf",  # so that DeviceAllow= and IPAddressDeny= hold
            f"--machine=unit-{os.getpid()}", f"--directory={self._root}",
            "--volatile=state", f"--bind={self.data}:{DATA}",
        ]  # fmt: skip
        # without a terminal it says nothing
        command = ["script", "--quiet", "--return", "--flush", "--command", " ".join(spawn), "/dev/null"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )
        assert wait_until(self._is_up, BOOT_S), f"{self.says('list-jobs')}\n{self.console}"

    def restart_as_asked(self) -> None:
        """It restarts itself: wait for that, and do what the machine would do."""
        assert self._process is not None
        assert self._process.wait(BOOT_S) == _REBOOTED, self.console
        self.start()

    def stop(self) -> None:
        """Shut down in order."""
        process, self._process, self._leader = self._process, None, None
        if process is None or process.poll() is not None:
            return
        for spawned in _children(process.pid):
            os.kill(spawned, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def run(self, *command: str, check: bool = True, told: str | None = None) -> subprocess.CompletedProcess[str]:
        """As root inside."""
        entering = ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-n", "-p", "--", *command]
        return subprocess.run(entering, check=check, text=True, capture_output=True, timeout=60, input=told)

    def says(self, *words: str) -> str:
        """What `systemctl` answers."""
        return self.run("systemctl", "--no-pager", *words, check=False).stdout.strip()

    def shows(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.says("show", unit, "--value", f"--property={name}")

    def log(self, unit: str) -> str:
        """What it and the service manager said of it in this boot."""
        return self.run("journalctl", "--quiet", "--boot", "--output=cat", f"--unit={unit}").stdout

    def pids(self, unit: str) -> list[int]:
        """Of all processes of a unit, as this machine numbers them."""
        group = f"/sys/fs/cgroup{self.shows(unit, 'ControlGroup')}/cgroup.procs"
        inside = {int(one) for one in self.run("cat", group).stdout.split()}
        return [pid for pid in _descendants(self._leader) if _inside(pid) in inside]

    def main_pid(self, unit: str) -> int:
        """Of a unit's main process, as this machine numbers it."""
        inside = int(self.shows(unit, "MainPID"))
        return next(pid for pid in _descendants(self._leader) if _inside(pid) == inside)

    def amend(self, unit: str, name: str, content: str) -> None:
        """Some of its settings are others in this boot."""
        self.put(f"/run/systemd/system/{unit}.d/{name}.conf", content)
        self.says("daemon-reload")

    def put(self, path: str, content: str) -> None:
        """A file of this boot."""
        self.run("mkdir", "-p", str(Path(path).parent))
        self.run("tee", path, told=content)

    def from_network(self, program: str, *words: str) -> Any:
        """Run a Python program of the bench as somebody on the unit's network."""
        entering = ["nsenter", "-t", str(self._leader), "-n", "--", sys.executable, "-c", program, *words]
        done = subprocess.run(entering, text=True, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr + self.log("ampguard-web")
        return json.loads(done.stdout)

    def _is_up(self) -> bool:
        self._leader = self._first_process()
        return self._leader is not None and self.says("is-system-running") in {"running", "degraded"}

    def _first_process(self) -> int | None:
        if self._process is None:
            return None
        return next((one for one in _descendants(self._process.pid) if _inside(one) == 1), None)


@contextlib.contextmanager
def booted(folder: Path) -> Iterator[Container]:
    """A unit that nobody has used yet."""
    with mounted(folder) as root:
        container = Container(root, folder)
        try:
            container.start()
            yield container
        finally:
            container.stop()


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Path]:
    """The layers as one root, which nobody can write to; made anew where their recipe has changed."""
    LAYERS.mkdir(parents=True, exist_ok=True)
    with (LAYERS / "lock").open("w") as lock:  # two test files may want them at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["make", "--no-print-directory", "nspawn-root"], cwd=ROOT, check=True)
    place = folder / "root"
    place.mkdir()
    layers = "ro,lowerdir=" + ":".join(str(LAYERS / one) for one in ("unit", "python", "debian"))
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--recursive", place], check=True)


def asked(unit: Container, method: str, path: str, body: object = None) -> Any:
    """Of the unit's page, by somebody on its network who has the PIN; the code first."""
    return unit.from_network(_BROWSER, PIN, method, path, json.dumps(body))


def resident_mb(pid: int) -> float:
    """Its own, and its part of what it shares."""
    line = next(one for one in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if one.startswith("Pss:"))
    return int(line.split()[1]) / 1000


def _children(pid: int) -> Sequence[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return ()


def _descendants(pid: int | None) -> Sequence[int]:
    return [] if pid is None else [one for child in _children(pid) for one in (child, *_descendants(child))]


def _inside(pid: int) -> int:
    """How the container numbers a process of this machine; 0: it is none of it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    numbers = next(line for line in lines if line.startswith("NSpid:")).split()[1:]
    return int(numbers[1]) if len(numbers) > 1 else 0
