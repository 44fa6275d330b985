"""Who may charge: offline tags and when they are ignored, the cloud's list, the cache, the cloud's word."""

from __future__ import annotations

import pytest
from tests.ampguard_hil.halo.bench import QUICK, Central, halo

from ampguard_hil.halo.car import Car
from ampguard_hil.halo.lights import Status


def locked(*, backend: str = "ws://central.example", **keys: str) -> Central:
    """One that charges with a tag only."""
    central = Central(halo(backend=backend))
    for name, value in {"RfidLock": "true", **keys}.items():
        assert central.halo.configuration.set(name, value) == "Accepted"
    central.halo.advance(5.0)
    return central


def plugged(central: Central) -> Central:
    central.halo.connector.car = Car(QUICK)
    central.live(2.0)
    return central


def charges(central: Central) -> bool:
    central.live(12.0)
    return central.halo.status is Status.CHARGING


def test_without_a_tag_nobody_charges() -> None:
    central = plugged(locked(backend=""))
    assert not charges(central)
    assert central.halo.status == "Preparing"
    assert central.halo.lights.centre == "white, blinking"


def test_a_tag_of_its_own_page_charges_without_a_cloud_whatever_its_case() -> None:
    central = plugged(locked(backend=""))
    central.halo.tags.offline = {"04AABBCC"}
    central.halo.charging.swipe("04aabbcc")
    assert charges(central)


def test_an_unknown_tag_is_refused_and_shown() -> None:
    central = plugged(locked(backend=""))
    central.halo.tags.offline = {"04AABBCC"}
    central.halo.charging.swipe("DEADBEEF")
    assert central.halo.lights.centre == "red, blinking"
    assert not charges(central)
    assert central.halo.lights.centre == "white, blinking", "for a moment only"


def test_its_own_tags_count_while_the_cloud_was_never_reached() -> None:
    central = plugged(locked())
    central.halo.tags.offline = {"04AABBCC"}
    central.halo.charging.swipe("04AABBCC")
    assert charges(central)


def test_its_own_tags_are_ignored_once_it_was_connected_even_when_it_is_offline_again() -> None:
    central = locked()
    central.halo.tags.offline = {"04AABBCC"}
    central.boot()
    central.halo.disconnected()
    plugged(central).halo.charging.swipe("04AABBCC")
    assert not charges(central)


def test_a_restart_does_not_make_them_count_again() -> None:
    central = locked()
    central.halo.tags.offline = {"04AABBCC"}
    central.boot()
    central.halo.disconnected()
    central.halo.restart()
    central.live(6.0)
    plugged(central).halo.charging.swipe("04AABBCC")
    assert not charges(central)


@pytest.mark.parametrize(
    ("status", "may"), [("Accepted", True), ("Blocked", False), ("Expired", False), ("Invalid", False)]
)
def test_online_the_cloud_says(status: str, *, may: bool) -> None:
    central = locked()
    central.tags["04AABBCC"] = status
    central.boot()
    plugged(central).halo.charging.swipe("04AABBCC")
    assert charges(central) is may
    assert central.said("Authorize") == [{"idTag": "04AABBCC"}]


def test_a_tag_before_the_cable_waits_for_it_so_long_and_no_longer() -> None:
    central = locked()
    central.boot()
    central.halo.charging.swipe("04AABBCC")
    central.live(59.0)
    assert central.halo.status == "Preparing"
    central.live(2.0)
    assert central.halo.status == "Available"
    assert not charges(plugged(central))
    central.halo.unplug()
    central.live(1.0)
    central.halo.charging.swipe("04AABBCC")
    central.live(30.0)
    assert charges(plugged(central))


def test_the_same_tag_ends_it_and_another_does_not() -> None:
    central = locked()
    central.boot()
    plugged(central).halo.charging.swipe("04AABBCC")
    assert charges(central)
    central.halo.charging.swipe("DEADBEEF")
    assert charges(central)
    central.halo.charging.swipe("04aabbcc")
    central.live(5.0)
    assert central.halo.status == "Finishing"
    assert central.said("StopTransaction")[0]["reason"] == "Local"


def test_offline_the_cache_knows_who_was_accepted() -> None:
    central = locked()
    central.tags["DEADBEEF"] = "Blocked"
    central.boot()
    for tag in ("04AABBCC", "DEADBEEF"):
        central.halo.charging.swipe(tag)
        central.live(70.0)
    central.halo.disconnected()
    plugged(central).halo.charging.swipe("DEADBEEF")
    assert not charges(central)
    central.halo.charging.swipe("04AABBCC")
    assert charges(central)


@pytest.mark.parametrize(
    "keys",
    [{"AuthorizationCacheEnabled": "false"}, {"LocalAuthorizeOffline": "false"}],
    ids=lambda keys: next(iter(keys)),
)
def test_offline_it_does_not_where_it_may_not(keys: dict[str, str]) -> None:
    central = locked(**keys)
    central.boot()
    central.halo.charging.swipe("04AABBCC")
    central.live(70.0)
    central.halo.disconnected()
    plugged(central).halo.charging.swipe("04AABBCC")
    assert not charges(central)


def test_offline_an_unknown_tag_charges_only_where_that_is_allowed() -> None:
    for allowed in ("false", "true"):
        central = locked(AllowOfflineTxForUnknownId=allowed)
        central.boot()
        central.halo.disconnected()
        plugged(central).halo.charging.swipe("04AABBCC")
        assert charges(central) is (allowed == "true")


def entries(*tags: str, status: str | None = "Accepted") -> list[dict[str, object]]:
    about = {} if status is None else {"idTagInfo": {"status": status}}
    return [{"idTag": tag, **about} for tag in tags]


def send(central: Central, version: int, tags: list[dict[str, object]], kind: str = "Full") -> str:
    answer = central.call("SendLocalList", listVersion=version, localAuthorizationList=tags, updateType=kind)
    return str(answer["status"])


def test_the_list_of_the_cloud_is_kept_by_its_version() -> None:
    central = locked(LocalAuthListEnabled="true", AuthorizationCacheEnabled="false")
    central.boot()
    assert central.call("GetLocalListVersion") == {"listVersion": 0}
    assert send(central, 3, entries("A1", "B2")) == "Accepted"
    assert send(central, 3, entries("C3"), "Differential") == "VersionMismatch"
    assert send(central, 4, entries("C3") + entries("A1", status=None), "Differential") == "Accepted"
    assert set(central.halo.tags.listed) == {"B2", "C3"}
    assert central.call("GetLocalListVersion") == {"listVersion": 4}
    central.halo.disconnected()
    plugged(central).halo.charging.swipe("A1")
    assert not charges(central)
    central.halo.charging.swipe("b2")
    assert charges(central)


def test_a_list_that_cannot_be_is_refused_whole() -> None:
    central = locked(LocalAuthListEnabled="true")
    central.boot()
    assert send(central, 1, entries("A1")) == "Accepted"
    assert send(central, 2, entries(*(f"T{n}" for n in range(11)))) == "Failed", "more than ten at a time"
    assert send(central, 2, entries("A1", status=None)) == "Failed", "a full list says what each is"
    for part in range(6):
        tags = entries(*(f"T{part}{n}" for n in range(10)))
        found = send(central, 2 + part, tags, "Differential")
        assert found == ("Failed" if part == 5 else "Accepted"), "sixty at most, and one is there"
    assert central.halo.tags.list_version == 6


def test_a_list_that_is_not_enabled_is_not_there() -> None:
    central = locked()
    central.boot()
    assert send(central, 1, entries("A1")) == "NotSupported"
    assert central.call("GetLocalListVersion") == {"listVersion": -1}


def test_what_is_listed_may_go_first_where_it_is_told_so() -> None:
    central = locked(LocalAuthListEnabled="true", LocalPreAuthorize="true")
    central.boot()
    send(central, 1, entries("A1"))
    plugged(central).halo.charging.swipe("A1")
    assert charges(central)
    assert central.said("Authorize") == []


def test_a_cleared_cache_knows_nobody() -> None:
    central = locked()
    central.boot()
    central.halo.charging.swipe("04AABBCC")
    central.live(70.0)
    assert central.call("ClearCache") == {"status": "Accepted"}
    central.halo.disconnected()
    plugged(central).halo.charging.swipe("04AABBCC")
    assert not charges(central)
