"""What is heard: percents as levels, bars, bands, and one line for a name that many access points carry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ampguard.network.air import Security, Station, merged, security_of
from ampguard.network.profile import channel_of
from ampguard.network.signal import WEAK_DBM, bars_of, dbm_of

STATIONS = st.builds(
    Station,
    ssid=st.binary(max_size=3),
    bssid=st.just("02:00:00:00:00:01"),
    frequency_hz=st.sampled_from([2_412_000_000, 2_472_000_000, 5_180_000_000]),
    strength_percent=st.integers(0, 100),
    security=st.sampled_from(Security),
)


@given(st.integers(-100, -40))
def test_the_level_is_the_one_that_networkmanager_made_a_percentage_of(level_dbm: int) -> None:
    percent = 100 - int(100.0 * abs(level_dbm + 40) / 60.0)
    assert abs(dbm_of(percent) - level_dbm) <= 1


@given(st.integers(-40, 140))
def test_what_is_no_percentage_is_taken_for_the_nearest(percent: int) -> None:
    assert -100 <= dbm_of(percent) <= -40


def test_two_bars_begin_where_the_manual_is_content() -> None:
    assert (bars_of(WEAK_DBM), bars_of(WEAK_DBM - 1)) == (2, 1)
    assert (bars_of(-30), bars_of(-100)) == (4, 0)


@given(st.lists(STATIONS, max_size=12))
def test_each_name_is_told_once_with_its_best_usable_access_point(stations: list[Station]) -> None:
    found = merged(stations)
    assert {one.ssid for one in found} == {one.ssid for one in stations if any(one.ssid)}
    assert len(found) == len({one.ssid for one in found})
    for one in found:
        group = [station for station in stations if station.ssid == one.ssid]
        usable = [station for station in group if station.in_band]
        assert one.access_points == len(group)
        assert one.out_of_band == (not usable)
        assert one.level_dbm == max(dbm_of(station.strength_percent) for station in usable or group)


@given(st.lists(STATIONS, max_size=12))
def test_what_can_be_joined_comes_first_and_the_strongest_of_it(stations: list[Station]) -> None:
    order = [(not one.usable, -one.level_dbm) for one in merged(stations)]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("flags", "wpa", "rsn", "kind"),
    [
        (0, 0, 0, Security.OPEN),
        (1, 0, 0x188, Security.PERSONAL),
        (1, 0x144, 0, Security.PERSONAL),
        (1, 0, 0x488, Security.PERSONAL),
        (1, 0, 0x288, Security.ENTERPRISE),
        (1, 0, 0x2088, Security.ENTERPRISE),
        (1, 0, 0x888, Security.ENHANCED_OPEN),
        (0, 0, 0x1000, Security.OPEN),
        (1, 0, 0, Security.WEP),
    ],
)
def test_security_is_read_off_the_beacon(flags: int, wpa: int, rsn: int, kind: Security) -> None:
    assert security_of(flags, wpa, rsn) is kind


@pytest.mark.parametrize(
    ("frequency_hz", "channel"),
    [(2_412_000_000, 1), (2_437_000_000, 6), (2_472_000_000, 13), (5_180_000_000, None), (2_484_000_000, None)],
)
def test_the_access_point_can_take_the_channel_of_the_network(frequency_hz: int, channel: int | None) -> None:
    assert channel_of(frequency_hz) == channel
