"""The drivers of real instruments, against PyVISA-sim: what they say, and how they speak of what goes wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.ampguard_hil.instruments import bench_of_scpi as sim

from ampguard_drivers.simulated.front_end import RIGHT_CLAMPS, Clamp, Wiring
from ampguard_drivers.simulated.supply import Harmonic, Load, State
from ampguard_hil.instruments.protocols import Function, InstrumentError, Spot
from ampguard_hil.instruments.scpi import Line, opened
from ampguard_hil.instruments.scpi_fluke6105a import Fluke6105A
from ampguard_hil.instruments.scpi_switches import ScpiMatrix, ScpiPower
from ampguard_hil.instruments.scpi_wt5000 import ERROR_QUERY, Uncertainty, Wt5000

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STATE = State(
    voltage_v=(230.0, 231.0, 229.0),
    frequency_hz=50.5,
    voltage_harmonics=(Harmonic(5, 0.1, 10.0),),
    loads=(Load(10.0, 60.0), Load(20.0, 0.0, (Harmonic(3, 0.5),)), Load(0.0)),
)
RMS = (231.1471, 5.0, 232.1521, 11.18034, 230.1421, 0.0)
"""What that is, with two turns through each clamp."""


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[..., Line]]:
    lines: list[Line] = []

    def to(device: str, error_query: str = "SYST:ERR?", timeout_s: float = 0.2) -> Line:
        library = sim.written(tmp_path, [device])
        lines.append(opened("the one", "TCPIP::sim-0::INSTR", library, error_query, timeout_s))
        return lines[-1]

    yield to
    for line in lines:
        line.close()


def test_a_source_is_told_each_phase_with_its_harmonics(connect: Callable[..., Line]) -> None:
    line = connect(sim.fluke(RMS))
    source = Fluke6105A(line, turns=2)
    source.apply(STATE)
    source.output(on=True)
    assert line.number("SOUR:FREQ?") == 50.5
    assert line.ask("SOUR:PHAS1:VOLT:MHAR:HARM1?") == "2.300000E+02,0.0000"
    assert line.ask("SOUR:PHAS1:VOLT:MHAR:HARM5?") == "2.300000E+01,10.0000"
    assert line.ask("SOUR:PHAS2:VOLT:MHAR:HARM1?") == "2.310000E+02,-120.0000"
    # a fifth of L2 stands at five times its angle: -600 is 120 degrees, and 10 more
    assert line.ask("SOUR:PHAS2:VOLT:MHAR:HARM5?") == "2.310000E+01,130.0000"
    assert line.ask("SOUR:PHAS1:CURR:MHAR:HARM1?") == "5.000000E+00,-60.0000"
    assert line.ask("SOUR:PHAS2:CURR:MHAR:HARM3?") == "5.000000E+00,0.0000"
    assert line.ask("SOUR:PHAS3:CURR:STAT?") == "OFF"
    assert line.ask("OUTP:STAT?") == "ON"
    assert source.told == STATE


def test_a_source_in_other_units_is_found(connect: Callable[..., Line]) -> None:
    source = Fluke6105A(connect(sim.fluke((100.0, *RMS[1:]))), turns=2)
    with pytest.raises(InstrumentError, match=r"SOUR:PHAS1:VOLT: wanted 231.147 RMS, met 100: is its unit V and A"):
        source.apply(STATE)


def test_what_an_instrument_refuses_is_told_with_the_command(connect: Callable[..., Line]) -> None:
    source = Fluke6105A(connect(sim.fluke(RMS)), turns=2)
    harmonics = replace(STATE, voltage_harmonics=(Harmonic(7, 0.1),))
    with pytest.raises(
        InstrumentError, match=r"the one refused 'SOUR:PHAS1:VOLT:MHAR:HARM7 .*': Undefined header \(-113\)"
    ):
        source.apply(harmonics)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (replace(STATE, frequency_hz=10.0), "the one refused 'SOUR:FREQ 10.000000': Undefined header"),
        (replace(STATE, voltage_harmonics=(Harmonic(1.5, 0.1),)), "wanted whole orders up to 100"),
        (replace(STATE, voltage_dc_v=1.0), "not used for direct current"),
        (replace(STATE, noise_a=0.1), "no ramps and no noise"),
    ],
)
def test_a_source_says_what_it_cannot_make(connect: Callable[..., Line], state: State, words: str) -> None:
    with pytest.raises(InstrumentError, match=words):
        Fluke6105A(connect(sim.fluke(RMS))).apply(state)


def test_silence_is_told_with_how_long_it_was(connect: Callable[..., Line]) -> None:
    line = connect(sim.device([sim.text("a", "A")]))
    with pytest.raises(InstrumentError, match=r"the one: wanted an answer to 'NOTHING\?' in 0.2 s, met none"):
        line.ask("NOTHING?")


def test_another_instrument_at_the_address_is_told(tmp_path: Path) -> None:
    library = sim.written(tmp_path, [sim.device([sim.text("a", "A")])])
    with pytest.raises(InstrumentError, match="WT5000: wanted it at TCPIP::sim-0::INSTR, met MAKER,THE ONE"):
        opened("WT5000", "TCPIP::sim-0::INSTR", library)


def test_an_instrument_that_is_not_there_is_told() -> None:
    # a socket of this machine at which nobody listens, with the library that is used in a laboratory
    with pytest.raises(InstrumentError, match=r"WT5000: '\*IDN\?' could not be said: Connection refused"):
        opened("WT5000", "TCPIP::127.0.0.1::9::SOCKET", timeout_s=0.5)


PHASE = "2.300E+02,5.000E+00,5.750E+02,9.959E+02,1.150E+03,5.000E-01,1.0E-01,2.0E-01"


def test_a_reference_tells_its_values_and_how_well_it_knows_them(connect: Callable[..., Line]) -> None:
    line = connect(sim.wt5000(f"5.0E+01,{PHASE},{PHASE},{PHASE}"), ERROR_QUERY)
    found = Wt5000(line, Uncertainty(), turns=2).read()
    assert line.ask(":NUMeric:NORMal:ITEM1?") == "FU,1"
    assert line.ask(":NUMeric:NORMal:ITEM25?") == "ITHD,3"
    assert line.ask(":NUMeric:NORMal:ITEM5?") == "Q,1,1"
    assert found[Spot(Function.VOLTAGE, "l2")].value == 230.0
    assert found[Spot(Function.VOLTAGE, "l2")].uncertainty == pytest.approx(230.0 * 0.0002 + 300.0 * 0.0002)
    assert found[Spot(Function.CURRENT, "l1")].value == 10.0
    assert found[Spot(Function.ACTIVE_POWER, "l3")].value == 1150.0
    assert found[Spot(Function.ACTIVE_POWER, "l3")].uncertainty == pytest.approx(2300.0 * 0.0003 + 12000.0 * 0.0002)
    assert found[Spot(Function.POWER_FACTOR, "l3")].value == 0.5
    assert found[Spot(Function.FREQUENCY)].value == 50.0


def test_what_a_reference_has_no_value_for_is_absent(connect: Callable[..., Line]) -> None:
    nothing = PHASE.replace("5.000E-01", "NAN")
    found = Wt5000(connect(sim.wt5000(f"5.0E+01,{PHASE},{PHASE},{nothing}"), ERROR_QUERY)).read()
    assert Spot(Function.POWER_FACTOR, "l3") not in found
    assert Spot(Function.POWER_FACTOR, "l2") in found


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (f"5.0E+01,{PHASE},{PHASE}", "wanted 25 values, met 17"),
        (
            f"5.0E+01,{PHASE},{PHASE},{PHASE}".replace("2.300E+02", "INF"),
            "U L1: wanted a value in range, met an overflow",
        ),
        (f"5.0E+01,{PHASE},{PHASE},{PHASE}".replace("2.300E+02", "OOPS"), "U L1: wanted a number, met 'OOPS'"),
    ],
)
def test_a_reference_that_cannot_tell_says_so(connect: Callable[..., Line], values: str, words: str) -> None:
    reference = Wt5000(connect(sim.wt5000(values), ERROR_QUERY))
    with pytest.raises(InstrumentError, match=words):
        reference.read()


def test_a_relay_is_asked_whether_it_did(connect: Callable[..., Line]) -> None:
    commands = [("OUTP OFF,(@1)", None), ("OUTP ON,(@1)", None), ("OUTP? (@1)", "1")]
    power = ScpiPower(connect(sim.device([sim.text("a", "A")], commands)))
    power.on()
    with pytest.raises(InstrumentError, match="wanted output 1 OFF, met 1"):
        power.off()


class Quiet:
    """A source that notes whether its output is on."""

    def __init__(self) -> None:
        self.outputs: list[bool] = []

    @property
    def told(self) -> State:
        return STATE

    def apply(self, state: State) -> None:
        raise AssertionError(state)

    def output(self, *, on: bool) -> None:
        self.outputs.append(on)


CHANNELS = {(0, 0, False): 1101, (1, 1, False): 1102, (2, 2, False): 1103, (0, 1, False): 1201, (1, 0, True): 1302}


def test_a_matrix_switches_clamps_while_no_current_flows(connect: Callable[..., Line]) -> None:
    everything = ",".join(str(each) for each in sorted(CHANNELS.values()))
    swapped = "1103,1201,1302"
    commands = [
        (f"ROUT:OPEN (@{everything})", None),
        (f"ROUT:CLOS (@{swapped})", None),
        (f"ROUT:CLOS? (@{swapped})", "1,1,1"),
        ("ROUT:CLOS (@1101,1103)", None),
        ("ROUT:CLOS? (@1101,1103)", "1,0"),
    ]
    source = Quiet()
    matrix = ScpiMatrix(connect(sim.device([sim.text("a", "A")], commands)), CHANNELS, source)
    matrix.connect(Wiring(clamps=(Clamp(1), Clamp(0, reversed=True), Clamp(2))))
    assert source.outputs == [False]
    with pytest.raises(InstrumentError, match="wanted 1101,1103 closed, met 1,0"):
        matrix.connect(Wiring(clamps=(RIGHT_CLAMPS[0], Clamp(None), RIGHT_CLAMPS[2])))
    with pytest.raises(InstrumentError, match="no relay puts clamp 3 on L1, reversed"):
        matrix.connect(Wiring(clamps=(Clamp(0), Clamp(1), Clamp(0, reversed=True))))
    with pytest.raises(InstrumentError, match="it switches clamps, not the voltages"):
        matrix.connect(Wiring(terminals=(1, 0, 2)))
    with pytest.raises(InstrumentError, match=r"not the voltages .* without N"):
        matrix.connect(Wiring(neutral=False))
    with pytest.raises(InstrumentError, match=r"cannot open a clamp by 0\.5"):
        matrix.connect(Wiring(clamps=(Clamp(0, coupling_ratio=0.5), Clamp(1), Clamp(2))))
