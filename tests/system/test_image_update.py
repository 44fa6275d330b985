"""Updates of the card, with all that belongs to them: U-Boot, two slots, the real RAUC, the gate, power that goes.

`make image-update`. Bundles come from a server on this machine, as from a cloud.
"""

from __future__ import annotations

import functools
import http.server
import json
import re
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.conventions.source import ROOT
from tests.system.booted_card import HOST, Bundles, Guest, guest, later, make_stick, version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(3000)]
TRIAL_S = 900.0
MOST_TO_INSTALL_S = 90.0
RAUC = "busctl call de.pengutronix.rauc / de.pengutronix.rauc.Installer"
BY_HAND = f"{RAUC} InstallBundle 'sa{{sv}}' /var/lib/ampguard/update/hand.raucb 0"
LAST = "busctl get-property de.pengutronix.rauc / de.pengutronix.rauc.Installer LastError"
IDLE = "busctl get-property de.pengutronix.rauc / de.pengutronix.rauc.Installer Operation"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("card")


@pytest.fixture(scope="module")
def unit(folder: Path) -> Iterator[Guest]:
    with guest(folder) as found:
        yield found


@pytest.fixture(scope="module")
def bundles(folder: Path) -> Bundles:
    return Bundles(folder)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def shop(folder: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://{HOST}:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def words(unit: Guest) -> dict[str, str]:
    """What U-Boot chooses by."""
    said = unit.run("fw_printenv BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT")
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def state(unit: Guest) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(unit.run("cat /var/lib/ampguard/update/state.json"))
    return found


def until(unit: Guest, wanted: set[str], within_s: float) -> dict[str, Any]:
    """The state, as soon as it is one of these."""
    until_s, found = time.monotonic() + within_s, {}
    while time.monotonic() < until_s:
        found = state(unit)
        if found["state"] in wanted:
            return found
        time.sleep(2.0)
    raise TimeoutError(f"{found}\n{unit.console.read_text(errors='replace')[-2000:]}")


def test_u_boot_starts_slot_a_and_the_gate_calls_it_good(unit: Guest) -> None:
    assert unit.slot == "A"
    assert unit.run("systemctl is-system-running --wait", 600.0) == "running", unit.run("systemctl --failed")
    assert words(unit) == {"BOOT_ORDER": "A B", "BOOT_A_LEFT": "3", "BOOT_B_LEFT": "3"}
    assert unit.run("grep /boot/firmware /proc/mounts").split()[3].startswith("ro,")
    assert unit.run("ampguard update").splitlines()[0] == f"runs:    {version()}"


def test_what_is_forged_damaged_old_or_for_another_board_is_refused_with_a_sentence(
    unit: Guest, bundles: Bundles, shop: str, folder: Path
) -> None:
    subprocess.run([ROOT / "image/keys", folder / "theirs"], check=True)
    good = bundles.make("small", of=later(1), boots=False)
    bundles.make("forged", of=later(1), keys=folder / "theirs", boots=False)
    bundles.make("toaster", of=later(1), says={"compatible": "toaster"}, boots=False)
    bundles.make("old", of=later(-1), boots=False)
    bundles.make("far", of=later(1), says={"build": "data-9-reads-8-9"}, boots=False)
    (folder / "part.raucb").write_bytes(good.read_bytes()[:-5000])
    for name, wanted in {
        "forged": "not signed by anybody this unit trusts",
        "part": "no update, or a part of it is missing",
        "toaster": "for another kind of unit",
        "old": "older than what runs",
        "far": "another update has to be installed before this one",
    }.items():
        said = unit.run(f"ampguard update {shop}/{name}.raucb", 300.0)
        assert wanted in said, said
        assert state(unit)["state"] == "refused"
    assert words(unit)["BOOT_ORDER"] == "A B"


@pytest.mark.parametrize(("name", "wanted"), [("old", "Version mismatch"), ("toaster", "Compatible mismatch")])
def test_rauc_refuses_by_itself_whatever_was_compared_before(unit: Guest, shop: str, name: str, wanted: str) -> None:
    unit.run(
        "/usr/lib/ampguard/bin/python -c 'import sys, httpx, pathlib;"
        f' pathlib.Path("/var/lib/ampguard/update/hand.raucb").write_bytes(httpx.get("{shop}/{name}.raucb").content)\'',
        300.0,
    )
    unit.run(BY_HAND)
    for _ in range(60):
        if "idle" in unit.run(IDLE):
            break
        time.sleep(1.0)
    assert wanted in unit.run(LAST)
    unit.run("rm /var/lib/ampguard/update/hand.raucb")


def test_an_update_is_installed_while_it_measures_and_kept(unit: Guest, bundles: Bundles, shop: str) -> None:
    bundles.make("good", of=later(1))
    said = unit.run(f"ampguard update {shop}/good.raucb", 900.0)
    assert "installed" in said, said
    installed = unit.run("journalctl -u ampguard-update -o short-monotonic --no-pager | tail -n 40")
    unit.restarts()
    assert unit.slot == "B"
    found = until(unit, {"kept", "returned"}, TRIAL_S)
    assert (found["state"], found["version"]) == ("kept", later(1)), unit.run("journalctl -u ampguard-gate --no-pager")
    assert words(unit) == {"BOOT_ORDER": "B A", "BOOT_A_LEFT": "3", "BOOT_B_LEFT": "3"}
    print(f"\n{installed}")  # noqa: T201 - the times
    seconds = [float(one) for one in re.findall(r"^\[ *([\d.]+)\].*update (?:of|installed)", installed, re.MULTILINE)]
    print(f"installing: {seconds[-1] - seconds[0]:.0f} s")  # noqa: T201 - the figure
    assert seconds[-1] - seconds[0] < MOST_TO_INSTALL_S
    assert unit.run("ls /var/lib/ampguard/update") in {"state.json", "news.json\nstate.json"}


def test_one_whose_page_does_not_answer_goes_back_by_itself_and_says_why(
    unit: Guest, bundles: Bundles, shop: str
) -> None:
    bundles.make("mute", of=later(2), ampguard_web="[Service]\nType=exec\nExecStart=/bin/sleep infinity")
    assert "installed" in unit.run(f"ampguard update {shop}/mute.raucb", 900.0)
    unit.restarts()
    assert unit.slot == "A"
    unit.restarts(TRIAL_S)
    found = until(unit, {"kept", "returned"}, TRIAL_S)
    assert found["state"] == "returned"
    assert found["sentence"].startswith("page: not within 240 s")
    assert unit.slot == "B"
    assert words(unit)["BOOT_B_LEFT"] == "3"


def test_one_that_does_not_start_is_given_up_by_the_boot_loader(unit: Guest, shop: str) -> None:
    assert "installed" in unit.run(f"ampguard update {shop}/small.raucb", 900.0)
    unit.restarts()
    found = until(unit, {"kept", "returned"}, TRIAL_S)
    assert (found["state"], unit.slot) == ("returned", "B")
    assert "the boot loader went back" in found["sentence"]


def test_power_that_goes_while_it_is_installed_changes_nothing(unit: Guest, shop: str) -> None:
    unit.run(f"ampguard update {shop}/good.raucb >/run/said 2>&1 &")
    until(unit, {"installing"}, 300.0)
    time.sleep(5.0)
    unit.power_off()
    unit.power_on()
    found = until(unit, {"refused", "returned", "kept"}, TRIAL_S)
    assert (found["state"], found["kind"], unit.slot) == ("refused", "interrupted", "B")


def stick_is_done(unit: Guest) -> bool:
    """Whether nobody has anything to do with a stick any more."""
    return unit.run("grep -c ampguard-stick /proc/mounts; systemctl list-units --no-legend 'ampguard-stick@*'") == "0"


def test_a_stick_without_anything_newer_is_read_only_and_said(unit: Guest, folder: Path) -> None:
    unit.run("mkdir -p /run/systemd/system/ampguard-stick@.service.d")
    look = "[Service]\\nExecStartPre=+/bin/cp /proc/mounts /run/stick\\n"
    unit.run(f"printf '{look}' > /run/systemd/system/ampguard-stick@.service.d/look.conf; systemctl daemon-reload")
    unit.put_in(make_stick(folder, folder / "old.raucb"))
    until_s = time.monotonic() + 120.0
    while (found := state(unit))["kind"] != "not-newer" and time.monotonic() < until_s:
        time.sleep(2.0)
    assert (found["state"], found["kind"], found["who"]) == ("refused", "not-newer", "usb-stick")
    device, place, kind, options, *_ = unit.run("grep ^/dev/sd /run/stick").split()
    assert (device, place, kind) == ("/dev/sda1", "/run/ampguard-stick/sda1", "vfat")
    assert {"ro", "nosuid", "nodev", "noexec", "gid=883", "fmask=0337", "dmask=0227"} <= set(options.split(","))
    while not stick_is_done(unit) and time.monotonic() < until_s:
        time.sleep(1.0)
    assert stick_is_done(unit), unit.run("grep stick /proc/mounts; systemctl --no-pager status 'ampguard-stick@*'")
    unit.pull_out()
    assert unit.run("systemctl is-system-running") == "running", unit.run("systemctl --failed")


def test_an_update_on_a_stick_is_installed_as_one_from_the_page(unit: Guest, bundles: Bundles, folder: Path) -> None:
    runs = unit.slot
    bundles.make("next", of=later(3))
    unit.put_in(make_stick(folder, folder / "old.raucb", folder / "next.raucb"))
    until(unit, {"checking", "installing", "installed"}, 600.0)
    unit.pull_out()  # it is not needed any more
    unit.restarts(900.0)
    found = until(unit, {"kept", "returned"}, TRIAL_S)
    assert (found["state"], found["version"], found["who"]) == ("kept", later(3), "usb-stick")
    assert unit.slot != runs


def test_all_of_it_runs_after_that(unit: Guest) -> None:
    assert unit.run("systemctl is-system-running --wait", 600.0) == "running", unit.run("systemctl --failed")
