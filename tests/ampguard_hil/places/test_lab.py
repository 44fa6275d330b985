"""The place `lab` through labgrid's own drivers for power and serial line; the box behind them is processes.

Never met: a real relay, a real serial adapter, a card in a mux (both drivers of the card are replaced), SSH.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.ampguard_hil.places.bystanders import Relay, SerialLine

from ampguard_drivers.simulated.board import PIN
from ampguard_hil.box import Box
from ampguard_hil.broker import Broker
from ampguard_hil.places.provisioning import provision
from ampguard_hil.places.stages import NotReachedError, Stage, StageFailure
from ampguard_hil.places.targets import Bench
from ampguard_hil.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.system, pytest.mark.full, pytest.mark.timeout(180)]
YAML = """\
imports: [tests.ampguard_hil.places.bystanders]
images: {{product: product.img}}
targets:
  lab:
    resources:
      NetworkPowerPort: {{model: shelly_gen2, host: '{relay}', index: 0}}
      NetworkSerialPort: {{host: 127.0.0.1, port: {console}, protocol: raw}}
    drivers:
      NetworkPowerDriver: {{}}
      SerialDriver: {{}}
      ShellDriver: {{prompt: 'root@[\\w-]+:[^ ]+# ', login_prompt: ' login: ', username: root}}
      CardlessMuxDriver: {{}}
      CardlessStorageDriver: {{}}
      LabPlaceDriver:
        abilities: [shell, meters]
        page: {page}
        pin: {pin}
        broker_host: 127.0.0.1
        broker_port: {broker}
      StageStrategy:
        within_s: {{FLASHED: 15, BOOTED: 30, PROVISIONED: 15, METERING: 20}}
"""


class Laboratory:
    """A box as processes, behind a relay and a serial line."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.box = Box(folder, "steady", pages=True)
        self.board_up = self.up = False
        self.broker = Broker(folder, free_port())
        self.broker.start()
        (folder / "bin").mkdir()
        self.program("dmesg")  # labgrid quiets the kernel of the box: not that of this machine
        self.line, self.relay = SerialLine(folder / "bin"), Relay(self.switch)
        (folder / "product.img").write_bytes(b"image")
        monkeypatch.setenv("LG_NOTES", str(folder / "notes"))
        (folder / "bench.yaml").write_text(
            YAML.format(
                relay=self.relay.address, console=self.line.port, page=self.box.secure_page, pin=PIN,
                broker=self.broker.port,
            )
        )  # fmt: skip

    def has_amp_guard(self) -> None:
        """As far as somebody at the console can see."""
        self.program("ampguard-meter")

    def program(self, name: str) -> None:
        found = self.folder / "bin" / name
        found.write_text("#!/bin/sh\n")
        found.chmod(0o755)

    def switch(self, on: bool) -> None:  # noqa: FBT001 - as the relay tells it
        self.line.switch(on=on)
        if on and not self.up:
            if not self.board_up:
                self.panel, self.board_up = self.box.power_on(), True
            self.box.boot()
        if not on and self.up:
            for process in self.box.firmware.values():
                process.kill()
        self.up = on

    def close(self) -> None:
        self.relay.close()
        self.line.close()
        self.box.stop()
        if self.board_up:
            self.panel.close()
        self.broker.stop()


@pytest.fixture
def laboratory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Laboratory]:
    found = Laboratory(tmp_path_factory.mktemp("lab"), monkeypatch)
    yield found
    found.close()


@pytest.fixture
def bench(laboratory: Laboratory) -> Iterator[Bench]:
    found = Bench(laboratory.folder / "bench.yaml", "lab")
    yield found
    found.close()


def test_a_box_with_an_amp_guard_comes_to_meter_and_outlives_a_power_cut(laboratory: Laboratory, bench: Bench) -> None:
    laboratory.has_amp_guard()
    place = bench.at(Stage.BOOTED)
    assert (laboratory.folder / "notes").read_text().split("\n") == ["host", "write product.img", "dut", ""]
    assert place.run("echo $((6 * 7))") == "42"
    assert "Starting kernel" in place.logs()["console"]
    with pytest.raises(NotReachedError, match=r"the box refused the PIN: 403 .*wrong-pin"):
        provision(place.page, replace(place.installation, pin="WRONGPIN"), 5.0)

    assert bench.at(Stage.METERING) is place
    assert place.heard.tally().readings >= 2
    assert set(bench.took_s) == {Stage.FLASHED, Stage.BOOTED, Stage.PROVISIONED, Stage.METERING}

    place.power_off()
    assert not any(process.pid for process in laboratory.box.firmware.values())
    place.power_on()
    assert place.until(lambda: place.heard.tally().boots == 2, 60.0), place.last_words()
    assert place.run("echo again") == "again", "signed in anew"
    assert place.heard.lost() == set()


def test_a_bare_box_and_one_that_is_dead_are_told_apart(laboratory: Laboratory, bench: Bench) -> None:
    laboratory.up = True  # whoever switches it on finds only the console
    with pytest.raises(StageFailure, match=r"^PROVISIONED: .*the image has no Amp Guard yet: it is a bare Debian"):
        bench.at(Stage.METERING)
    bench.at(Stage.OFF)
    laboratory.relay.broken = True
    with pytest.raises(StageFailure, match=r"^FLASHED: .*the power switch does not go off: 503"):
        bench.at(Stage.BOOTED)
    laboratory.relay.broken = False
