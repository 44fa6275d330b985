"""What a central system asks of a Halo, one function for each call of OCPP 1.6J that it knows; the answer as JSON."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from ampguard_hil.halo.configuration import MOST_KEYS
from ampguard_hil.halo.installed import NOMINAL_V, ProfileRefusedError, Taken, Wish, read
from ampguard_hil.halo.profiles import Profile, Purpose, composite
from ampguard_hil.halo.transaction import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ampguard_hil.halo.halo import Halo
    from ampguard_hil.halo.outbox import Json

_SOON_S = 1.0
"""A restart waits until its order is answered."""
_CONNECTORS = {0, 1}
ACCEPTED, REJECTED = "Accepted", "Rejected"


class CommandRefusedError(Exception):
    """A call that is answered with an error of OCPP."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def obey(halo: Halo, action: str, asked: Mapping[str, object]) -> Json:
    """The answer, after it was done. Raises CommandRefusedError."""
    if action not in _KNOWN:
        # OCPP-J 1.6, section 4.2.3: of the standard, and not done here; a name that it has not is NotImplemented
        raise CommandRefusedError("NotSupported", f"{action} is none of {', '.join(_KNOWN)}")
    return _KNOWN[action](halo, asked)


def _status(status: str) -> Json:
    return {"status": status}


def _number(asked: Mapping[str, object], name: str) -> int:
    return cast("int", asked[name])


def _change_availability(halo: Halo, asked: Mapping[str, object]) -> Json:
    if _number(asked, "connectorId") not in _CONNECTORS:
        return _status(REJECTED)
    at_once = halo.want_operative(operative=asked["type"] == "Operative")
    return _status(ACCEPTED if at_once else "Scheduled")


def _change_configuration(halo: Halo, asked: Mapping[str, object]) -> Json:
    return _status(halo.configuration.set(str(asked["key"]), str(asked["value"])))


def _get_configuration(halo: Halo, asked: Mapping[str, object]) -> Json:
    names = cast("list[str]", asked.get("key", []))
    if len(names) > MOST_KEYS:
        raise CommandRefusedError("OccurenceConstraintViolation", f"wanted at most {MOST_KEYS} keys, met {len(names)}")
    known, unknown = halo.configuration.told(names)
    return {"configurationKey": known, "unknownKey": unknown}


def _clear_cache(halo: Halo, _asked: Mapping[str, object]) -> Json:
    halo.tags.forget()
    return _status(ACCEPTED if halo.configuration.is_on("AuthorizationCacheEnabled") else REJECTED)


def _data_transfer(_halo: Halo, _asked: Mapping[str, object]) -> Json:
    return _status("UnknownVendorId")


def _remote_start(halo: Halo, asked: Mapping[str, object]) -> Json:
    profile: Profile | None = None
    if "chargingProfile" in asked:
        try:
            profile = read(cast("Json", asked["chargingProfile"]), 1, halo.variant.phases)
        except ProfileRefusedError:
            return _status(REJECTED)
        if profile.purpose is not Purpose.TX or profile.transaction is not None:
            return _status(REJECTED)
    if asked.get("connectorId", 1) != 1:
        return _status(REJECTED)
    return _status(ACCEPTED if halo.charging.ordered(str(asked["idTag"]), profile) else REJECTED)


def _remote_stop(halo: Halo, asked: Mapping[str, object]) -> Json:
    running = halo.charging.transaction
    if running is None or running.number != _number(asked, "transactionId"):
        return _status(REJECTED)
    halo.charging.stop("Remote")
    return _status(ACCEPTED)


def _reset(halo: Halo, asked: Mapping[str, object]) -> Json:
    halo.charging.stop(f"{asked['type']}Reset")
    halo.restart(delay_s=_SOON_S)
    return _status(ACCEPTED)


def _unlock(_halo: Halo, _asked: Mapping[str, object]) -> Json:
    return _status("NotSupported")  # its cable is fixed


def _local_list_version(halo: Halo, _asked: Mapping[str, object]) -> Json:
    return {"listVersion": halo.tags.list_version if halo.configuration.is_on("LocalAuthListEnabled") else -1}


def _send_local_list(halo: Halo, asked: Mapping[str, object]) -> Json:
    entries = [
        (str(entry["idTag"]), _tag_status(entry))
        for entry in cast("list[Json]", asked.get("localAuthorizationList", []))
    ]
    return _status(halo.tags.update(_number(asked, "listVersion"), entries, full=asked["updateType"] == "Full"))


def _tag_status(entry: Json) -> str | None:
    about = cast("Json | None", entry.get("idTagInfo"))
    return None if about is None else str(about["status"])


def _set_profile(halo: Halo, asked: Mapping[str, object]) -> Json:
    running = halo.charging.transaction
    try:
        profile = read(cast("Json", asked["csChargingProfiles"]), _number(asked, "connectorId"), halo.variant.phases)
    except ProfileRefusedError:
        return _status(Taken.REJECTED)
    return _status(halo.installed.set(profile, None if running is None else running.number))


def _clear_profile(halo: Halo, asked: Mapping[str, object]) -> Json:
    purpose = asked.get("chargingProfilePurpose")
    wish = Wish(
        cast("int | None", asked.get("id")),
        cast("int | None", asked.get("connectorId")),
        None if purpose is None else Purpose(str(purpose)),
        cast("int | None", asked.get("stackLevel")),
    )
    return _status(ACCEPTED if halo.installed.clear(wish) else "Unknown")


def _composite(halo: Halo, asked: Mapping[str, object]) -> Json:
    connector, duration_s = _number(asked, "connectorId"), _number(asked, "duration")
    if connector not in _CONNECTORS or duration_s <= 0:
        return _status(REJECTED)
    begin_utc = halo.utc.replace(microsecond=0)
    running = halo.charging.transaction
    since_utc = None if running is None else running.begin_utc
    as_power = asked.get("chargingRateUnit") == "W"
    periods = composite(halo.installed.profiles, begin_utc, duration_s, halo.most, since_utc)
    told: list[Json] = [
        {
            "startPeriod": period.start_s,
            "limit": round(period.limit.current_a * (NOMINAL_V * period.limit.phases if as_power else 1.0), 1),
            "numberPhases": period.limit.phases,
        }
        for period in periods
    ]
    schedule: Json = {
        "chargingRateUnit": "W" if as_power else "A",
        "chargingSchedulePeriod": told,
        "duration": duration_s,
        "startSchedule": stamp(begin_utc),
    }
    return {
        "status": ACCEPTED, "connectorId": connector, "scheduleStart": stamp(begin_utc), "chargingSchedule": schedule
    }  # fmt: skip


def _trigger(halo: Halo, asked: Mapping[str, object]) -> Json:
    connector = cast("int", asked.get("connectorId", 1))
    if connector not in _CONNECTORS:
        return _status(REJECTED)
    match asked["requestedMessage"]:
        case "BootNotification":
            halo.introduce()
        case "Heartbeat":
            halo.beat()
        case "StatusNotification":
            halo.report_status(connector)
        case "MeterValues":
            halo.charging.sample("Trigger")
        case _:
            return _status("NotImplemented")
    return _status(ACCEPTED)


_KNOWN: Mapping[str, Callable[[Halo, Mapping[str, object]], Json]] = MappingProxyType({
    "ChangeAvailability": _change_availability,
    "ChangeConfiguration": _change_configuration,
    "ClearCache": _clear_cache,
    "ClearChargingProfile": _clear_profile,
    "DataTransfer": _data_transfer,
    "GetCompositeSchedule": _composite,
    "GetConfiguration": _get_configuration,
    "GetLocalListVersion": _local_list_version,
    "RemoteStartTransaction": _remote_start,
    "RemoteStopTransaction": _remote_stop,
    "Reset": _reset,
    "SendLocalList": _send_local_list,
    "SetChargingProfile": _set_profile,
    "TriggerMessage": _trigger,
    "UnlockConnector": _unlock,
})  # fmt: skip
