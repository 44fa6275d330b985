"""A fleet that this system does not allow is refused in a sentence that says how many would go."""

from __future__ import annotations

import resource

import pytest

from ampguard_hil.fleet.limits import OWN_FILES, LimitError, check, local_ports, raise_file_limit

PLENTY = 1_000_000


def test_our_own_broker_has_a_file_for_each_unit() -> None:
    check(900, 1000, processes=4, own_broker=True, ports=PLENTY)
    said = r"^901 units: wanted 1001 open files in the broker, met a limit of 1000 \(ulimit -Hn\): 900 units would go$"
    with pytest.raises(LimitError, match=said):
        check(901, 1000, processes=4, own_broker=True, ports=PLENTY)


def test_at_another_broker_the_processes_share_the_units() -> None:
    check(3600, 1000, processes=4, own_broker=False, ports=PLENTY)
    with pytest.raises(LimitError, match=r"in each of the 4 processes, .*: 3600 units would go$"):
        check(3601, 1000, processes=4, own_broker=False, ports=PLENTY)


def test_each_unit_has_a_local_port() -> None:
    with pytest.raises(LimitError, match=r"met 800 \(net.ipv4.ip_local_port_range\): 800 units would go$"):
        check(801, PLENTY, processes=4, own_broker=True, ports=800)


def test_where_there_are_hardly_any_files_nobody_would_go() -> None:
    with pytest.raises(LimitError, match=r": 0 units would go$"):
        check(1, OWN_FILES // 2, processes=1, own_broker=True, ports=PLENTY)


def test_the_soft_limit_becomes_the_hard_one() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        assert raise_file_limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_this_system_says_how_many_ports_it_has() -> None:
    assert 1 < local_ports() < 65536
