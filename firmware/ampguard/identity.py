"""Who the unit is and how its channels were calibrated: read from the identity memory, never invented."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from ampguard.errors import SetupError
from ampguard.wholefile import replace_secret
from ampguard_drivers.eeprom.records import Calibration, Identity
from ampguard_drivers.frontend import FRONT_ENDS

if TYPE_CHECKING:
    from pathlib import Path

    from ampguard.readings import Json

CARD = "card.json"
_LARGEST_CARD = 4096


@dataclass(frozen=True, slots=True)
class Unit:
    """What the identity memory says of this unit."""

    identity: Identity
    calibration: Calibration


def as_told(unit: Unit) -> Json:
    """What others may know of it: nothing of the PIN, and of the calibration which one it is."""
    identity, calibration = unit.identity, unit.calibration
    return {
        "serial": identity.serial,
        "variant": identity.variant.value,
        "rated_current_a": FRONT_ENDS[identity.variant].rated_current_a,
        "ct_set": calibration.ct_set,
        "calibration": hashlib.sha256(repr(calibration).encode()).hexdigest()[:16],
    }


@dataclass(frozen=True, slots=True)
class Card:
    """What those must know of the unit that have no way to its memory: the web and the network."""

    serial: str
    variant: str
    pin_hash: bytes = field(repr=False)
    access_point_psk: bytes | None = field(repr=False)


def keep_card(folder: Path, unit: Unit) -> None:
    """Written by the meter, which alone reads the memory; only where it says something else. Raises OSError."""
    identity = unit.identity
    psk = identity.access_point_psk
    content = json.dumps(
        {
            "serial": identity.serial,
            "variant": identity.variant.value,
            "pin_hash": identity.pin_hash.hex(),
            "access_point_psk": None if psk is None else psk.hex(),
        }
    ).encode()
    path = folder / CARD
    with contextlib.suppress(FileNotFoundError):
        if path.read_bytes() == content and path.stat().st_mode & 0o077 == 0:
            return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_secret(path, content)


def read_card(folder: Path) -> Card | None:
    """None before the meter's first start. Raises SetupError: it cannot be read, or is none."""
    path = folder / CARD
    try:
        with path.open("rb") as file:
            found: object = json.loads(file.read(_LARGEST_CARD))
        if isinstance(found, dict):
            card = cast("dict[str, object]", found)
            psk = card["access_point_psk"]
            return Card(
                _text(card["serial"]),
                _text(card["variant"]),
                bytes.fromhex(_text(card["pin_hash"])),
                None if psk is None else bytes.fromhex(_text(psk)),
            )
    except FileNotFoundError:
        return None
    except OSError as why:
        raise SetupError(f"{path}: wanted who this unit is, met: {why}") from why
    except (ValueError, KeyError, RecursionError):
        pass
    raise SetupError(f"{path}: wanted who this unit is, met something else; the meter writes it when it starts")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("wanted a text")  # noqa: TRY004 - as for a text that is not hexadecimal
    return value
