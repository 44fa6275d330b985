"""The instruments that a bench's file names are opened, those that it does not name are not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from labgrid import Environment
from tests.ampguard_hil.instruments import bench_of_scpi as sim

from ampguard_hil.instruments.protocols import InstrumentError
from ampguard_hil.instruments.rack import Rack, channels

if TYPE_CHECKING:
    from pathlib import Path

VALUES = ",".join(["5.0E+01", *["1.0E+00"] * 24])


def test_a_rack_has_what_it_is_told_and_nothing_else(tmp_path: Path) -> None:
    switches = sim.device([sim.text("a", "A")], name="34980A")
    library = sim.written(tmp_path, [sim.fluke([0.0] * 6), sim.wt5000(VALUES), switches])
    found = Rack(
        library=library,
        source="TCPIP::sim-0::INSTR",
        reference="TCPIP::sim-1::INSTR",
        matrix="TCPIP::sim-2::INSTR",
        crosspoints={"1L1": 1101},
        device="lab0",
        timeout_s=0.2,
    ).open(lambda command: command)
    assert found.names == {"source", "reference", "loads", "wiring", "network", "clock"}
    assert Rack().open().names == set()


def test_a_bench_s_file_names_a_rack(tmp_path: Path) -> None:
    library = sim.written(tmp_path, [sim.fluke([0.0] * 6)])
    file = tmp_path / "bench.yaml"
    file.write_text(
        "imports: [ampguard_hil.places.targets]\n"
        "targets: {lab: {drivers: {ScpiRack: {rack: "
        f"{{library: '{library}', source: 'TCPIP::sim-0::INSTR', timeout_s: 0.2}}}}}}}}}}\n"
    )
    rack = Environment(str(file)).get_target("lab").get_driver("ScpiRack", activate=False)
    assert rack.instruments.names == {"source", "loads"}


def test_a_matrix_wants_a_source_beside_it(tmp_path: Path) -> None:
    with pytest.raises(InstrumentError, match="matrix: wanted a source beside it"):
        Rack(library=sim.written(tmp_path, []), matrix="TCPIP::sim-0::INSTR").open()


def test_crosspoints_are_named_by_clamp_and_phase() -> None:
    assert channels({"1L2": 1201, "3L1-": 1303}) == {(0, 1, False): 1201, (2, 0, True): 1303}
    for wrong in ("L2", "1L4", "4L1", "1L2+"):
        with pytest.raises(InstrumentError, match=r'matrix: wanted crosspoints such as "1L2" and "1L2-", met'):
            channels({wrong: 1})
