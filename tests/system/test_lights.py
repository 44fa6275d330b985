"""The four lights and the button of a unit that works: what somebody at the box sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tests.system.unit import PATIENCE_S, Unit, running

from ampguard.uplink import message
from ampguard_drivers.simulated.board import SERIAL
from ampguard_hil.ports import HOST
from ampguard_hil.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.system, pytest.mark.timeout(180)]
COMMUNICATION, VOLTAGE, CURRENT = "communication_", "voltage_", "current_"


@pytest.fixture(scope="module")
def unit() -> Iterator[Unit]:
    """A steady house without generation; every test brings it back to a scenario of its own."""
    with running("steady") as unit:
        yield unit


def shown(unit: Unit, part: str) -> set[str]:
    """Which colours of one light are lit."""
    return {light for light in unit.lights() if light.startswith(part)}


def test_a_right_installation_is_green_all_over(unit: Unit) -> None:
    assert unit.until(unit.lit("logo", "communication_green", "voltage_green", "current_green")), unit.logs()
    assert unit.listener.tally().online
    assert unit.listener.wiring is not None
    assert (unit.listener.wiring["voltage"], unit.listener.wiring["current"]) == ("right", "right")


@pytest.mark.parametrize(
    ("scenario", "light"),
    [("swapped-cts", "current_red"), ("steady", "current_green"), ("reversed-l2", "current_red")],
)
def test_the_current_light_tells_the_wiring(unit: Unit, scenario: str, light: str) -> None:
    unit.panel.switch(scenario)
    assert unit.until(unit.lit("voltage_green", light)), unit.logs()


def test_the_sentence_names_the_wrong_clamp(unit: Unit) -> None:
    unit.panel.switch("reversed-l2")
    assert unit.until(lambda: "L2" in str((unit.listener.wiring or {}).get("sentence"))), unit.listener.wiring


def test_a_soft_press_where_nobody_can_restart_is_refused_and_everything_goes_on(unit: Unit) -> None:
    assert unit.until(unit.lit("logo", "voltage_green"))
    unit.panel.press_button()
    assert wait_until(lambda: unit.panel.observe()["button"] == "pressed", PATIENCE_S)
    before = {name: process.pid for name, process in unit.box.firmware.items()}
    # held for as long as a finger is: until a few looks at the lights have passed
    wait_until(lambda: False, 0.4)
    unit.panel.release_button()
    assert wait_until(lambda: not unit.lights(), 10.0), "all lights go out"
    assert unit.until(unit.lit("logo", "voltage_green"), 10.0), "and come back"
    assert "reboot: not done: wanted logind on the system's bus to restart the unit, met: " in unit.says("lights")
    assert {name: process.pid for name, process in unit.box.firmware.items()} == before


def test_a_command_makes_all_lights_blink(unit: Unit) -> None:
    unit.panel.switch("steady")
    assert unit.until(unit.lit("logo", "communication_green", "voltage_green", "current_green")), unit.logs()
    uplink = unit.box.firmware["uplink"]
    uplink.stop()
    assert wait_until(lambda: not unit.listener.tally().online, PATIENCE_S)
    unit.box.settings.write_text(unit.box.settings.read_text() + '[commands]\nallow = ["identify"]\n')
    uplink.start()
    assert unit.until(lambda: bool(unit.listener.tally().online)), unit.logs()
    asker = paho.Client(CallbackAPIVersion.VERSION2)
    asker.connect(HOST, unit.broker.port)
    asker.loop_start()
    try:
        order = message.command({"correlation": "which box?", "arguments": {"duration_s": 8}})
        asker.publish(message.topic(SERIAL, "command/identify"), order, 1).wait_for_publish(PATIENCE_S)
    finally:
        asker.disconnect()
        asker.loop_stop()
    for _ in range(2):
        assert wait_until(lambda: not unit.lights(), PATIENCE_S), "all lights go out"
        assert unit.until(unit.lit("logo", "voltage_green", "current_green"), PATIENCE_S), "and come back"
    # steady again: what comes next looks at the lights
    assert wait_until(lambda: not unit.lights(), PATIENCE_S)
    wait_until(lambda: False, 10.0)
    assert unit.until(unit.lit("logo", "communication_green", "voltage_green", "current_green")), unit.logs()


def test_without_a_broker_the_communication_light_is_blue(unit: Unit) -> None:
    assert unit.until(unit.lit("communication_green"))
    unit.broker.stop()
    assert unit.until(unit.lit("communication_blue")), unit.logs()
    assert shown(unit, VOLTAGE) == {"voltage_green"}, "the meter does not care"
    unit.broker.start()
    assert unit.until(unit.lit("communication_green")), unit.logs()


def test_without_an_uplink_the_communication_light_is_dark(unit: Unit) -> None:
    uplink = unit.box.firmware["uplink"]
    unit.watched.discard("uplink")
    uplink.kill()
    assert unit.until(lambda: not shown(unit, COMMUNICATION), 10.0), unit.lights()
    assert unit.until(lambda: unit.listener.tally().online is False), "the broker tells the unit's last will"
    unit.watched.add("uplink")
    assert unit.until(unit.lit("communication_green")), unit.logs()
    assert unit.until(lambda: unit.listener.tally().online is True)


def test_a_dead_meter_makes_its_two_lights_go_out(unit: Unit) -> None:
    unit.panel.switch("steady")
    assert unit.until(unit.lit("voltage_green", "current_green"))
    unit.watched.discard("meter")
    unit.box.firmware["meter"].kill()
    assert unit.until(lambda: not shown(unit, VOLTAGE) and not shown(unit, CURRENT), 6.0), unit.lights()
    assert "logo" in unit.lights()
    unit.watched.add("meter")
    assert unit.until(unit.lit("voltage_green", "current_green")), unit.logs()


def test_lights_that_die_are_started_again_and_show_the_same(unit: Unit) -> None:
    lights = unit.box.firmware["lights"]
    before = lights.pid
    lights.kill()
    assert unit.until(lambda: lights.pid not in {None, before})
    assert unit.until(unit.lit("logo", "communication_green", "voltage_green", "current_green")), unit.logs()


def test_export_at_a_right_installation_is_never_called_wrong() -> None:
    with running("solar", generation_on_site=True) as unit:
        assert unit.until(unit.lit("voltage_green")), unit.logs()
        # two rounds of the story, both clouds in each
        assert not unit.until(lambda: "current_red" in unit.lights()), unit.says("meter")


def test_at_the_end_all_lights_are_dark_and_all_processes_end_well() -> None:
    with running("solar", generation_on_site=True) as unit:
        assert unit.until(unit.lit("communication_green", "voltage_green")), unit.logs()
        assert unit.until(lambda: unit.listener.latest is not None)
        assert unit.listener.latest is not None
        assert unit.listener.latest["total_active_power_w"] < 0.0
        for name in ("meter", "lights", "uplink"):
            assert unit.box.firmware[name].stop() == 0, unit.says(name)
        assert unit.lights() == frozenset()
        assert unit.stop()["board"] == 0
