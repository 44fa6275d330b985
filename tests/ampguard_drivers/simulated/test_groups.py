"""The result registers once more, grouped for bursts (section 12)."""

from __future__ import annotations

import pytest
from tests.ampguard_drivers.simulated.rig import BURST_EN, CONFIG1, LIST, MS, NO_LIST, Rig, Sines, crc16, rows

QUANTITIES = (
    *("AV_PCF", "BV_PCF", "CV_PCF", "NI_PCF", "AI_PCF", "BI_PCF", "CI_PCF", "AIRMS", "BIRMS", "CIRMS"),
    *("AVRMS", "BVRMS", "CVRMS", "NIRMS", "AWATT", "BWATT", "CWATT", "AVA", "BVA", "CVA", "AVAR", "BVAR", "CVAR"),
    *("AFVAR", "BFVAR", "CFVAR", "APF", "BPF", "CPF", "AVTHD", "BVTHD", "CVTHD", "AITHD", "BITHD", "CITHD"),
    *("AFWATT", "BFWATT", "CFWATT", "AFVA", "BFVA", "CFVA", "AIFRMS", "BIFRMS", "CIFRMS"),
    *("AVFRMS", "BVFRMS", "CVFRMS", "AIRMSONE", "BIRMSONE", "CIRMSONE", "AVRMSONE", "BVRMSONE", "CVRMSONE"),
    *("NIRMSONE", "AIRMS1012", "BIRMS1012", "CIRMS1012", "AVRMS1012", "BVRMS1012", "CVRMS1012", "NIRMS1012"),
)
"""12: from 0x600."""
OF_A_PHASE = (
    *("V_PCF", "I_PCF", "IRMS", "VRMS", "WATT", "VA", "VAR", "FVAR", "PF", "VTHD", "ITHD", "FWATT", "FVA"),
    *("IFRMS", "VFRMS", "IRMSONE", "VRMSONE", "IRMS1012", "VRMS1012"),
)
PHASES = (
    *(f"{phase}{name}" for phase in "ABC" for name in OF_A_PHASE),
    *("NI_PCF", "NIRMS", "NIRMSONE", "NIRMS1012"),
)
"""12: from 0x680."""
GROUPS = [(0x600, QUANTITIES), (0x680, PHASES)]
UNEVEN = Sines(50.3, (0.7, 0.6, 0.5), (0.1, 0.2, 0.3), 0.05, (0.0, -118.0, 123.0), (10.0, 100.0, -20.0))


def addresses() -> dict[str, int]:
    return {row.name: row.address for row in rows()}


@pytest.mark.skipif(not LIST.exists(), reason=NO_LIST)
@pytest.mark.parametrize(("first", "names"), GROUPS)
def test_12_each_copy_holds_what_its_original_holds(first: int, names: tuple[str, ...]) -> None:
    rig = Rig(UNEVEN)
    rig.run()
    where = addresses()
    copies = [rig.read(first + index) for index in range(len(names))]
    assert copies == [rig.read(where[name]) for name in names]
    assert len({*copies}) > 50


@pytest.mark.parametrize(("first", "names"), GROUPS)
def test_12_a_burst_reads_the_group_in_its_order(first: int, names: tuple[str, ...]) -> None:
    rig = Rig(UNEVEN)
    rig.run()
    single = [rig.read(first + index) for index in range(len(names))]
    rig.write(CONFIG1, BURST_EN)
    burst = rig.words(first, len(names))
    assert [int(word) & 0xFFFFFFFF for word in burst] == single


def test_12_the_groups_end_at_63c_and_6bc() -> None:
    assert 0x600 + len(QUANTITIES) - 1 == 0x63C
    assert 0x680 + len(PHASES) - 1 == 0x6BC


@pytest.mark.parametrize(("first", "names"), GROUPS)
def test_12_copies_are_read_only(first: int, names: tuple[str, ...]) -> None:
    rig = Rig(UNEVEN)
    rig.run()
    for address in range(first, first + len(names)):
        before = rig.read(address)
        rig.write(address, 0x55AA55AA)
        assert rig.read(address) == before


@pytest.mark.parametrize("address", [0x20D, 0x210, 0x60A, 0x684, 0x41B, 0x482])
def test_2_4_single_reads_of_results_carry_a_checksum(address: int) -> None:
    rig = Rig(UNEVEN)
    rig.run()
    width = 2 if address == 0x482 else 4
    answer = rig.read_bytes(address, width + 2)
    assert any(answer[:width])
    assert crc16(answer[:width]) == int.from_bytes(answer[width:], "big")


@pytest.mark.parametrize("address", [0x630, 0x690, 0x6A0])
def test_2_3_a_burst_may_end_anywhere(address: int) -> None:
    rig = Rig(UNEVEN)
    rig.run(500 * MS)
    rig.write(CONFIG1, BURST_EN)
    whole = rig.read_bytes(address, 40)
    for length in range(40):
        assert rig.read_bytes(address, length) == whole[:length]
