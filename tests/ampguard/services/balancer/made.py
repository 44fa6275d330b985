"""Reports, windows and groups for tests of the balancer's process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.ampguard.journal.made import measurement

from ampguard.balancing.ocpp.report import ConnectorStatus, Report
from ampguard.phases import Phases
from ampguard.readings import Quality
from ampguard.settings.group import GroupSettings, parsed
from ampguard.settings.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard.readings import Measurement

SETTINGS = Settings(main_fuse_a=25.0, nominal_voltage_v=230.0)
WINDOW_S = 0.2


def window(
    start_s: float,
    current_a: tuple[float | None, float | None, float | None],
    factors: tuple[float | None, float | None, float | None] = (1.0, 1.0, 1.0),
    *,
    duration_s: float = WINDOW_S,
    is_clipped: bool = False,
) -> Measurement:
    return measurement(
        duration_s,
        start_s=start_s,
        current_rms_a=Phases(*current_a),
        power_factor_ratio=Phases(*factors),
        quality=frozenset({Quality.CLIPPED} if is_clipped else ()),
    )


def report(**changed: Any) -> Report:
    """A charger that charges with 10 A."""
    told: dict[str, Any] = {
        "charger": "CP1", "is_online": True, "asked_s": 50.0, "heard_s": 100.0, "status": ConnectorStatus.CHARGING,
        "has_car": True, "wants": True, "current_a": Phases(10.0, 10.0, 10.0), "unphased_a": None, "drawn_s": 99.0,
        "is_inferred": False, "power_w": 6900.0, "energy_wh": 100.0, "limit_a": 10.0, "limit_ends_s": 130.0,
        "is_confirmed": True, "way": None, "safe_a": 6.0, "is_leased": True, "cloud": None, "cloud_a": None,
        "unsent": 0, "told": (),
    }  # fmt: skip
    return Report(**(told | changed))


def file(count: int = 1, port: int = 9000, *, head: str = "", each: str = "", **changed: object) -> str:
    """A group that is active, as its file says it."""
    told: dict[str, object] = {"active": "true", "device": '"gG"', "max_offline_a": "20.0", "free": "true", **changed}
    lines = [f"{key} = {value}" for key, value in told.items()] + [f"port = {port}", head]
    for number in range(1, count + 1):
        lines += ["[[chargers]]", f'id = "CP{number}"', 'phases = ["L1", "L2", "L3"]', "max_a = 16.0"]
        lines += [f"offline_a = {6.0 if number < 4 else 0.0}", each]
    return "\n".join(lines) + "\n"


def group(folder: Path, text: str | None = None) -> GroupSettings:
    """That group."""
    found = parsed(folder / "group.toml", (text or file()).encode())
    assert found is not None
    return found
