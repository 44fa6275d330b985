"""Frames of OCPP-J and the schemas of their payloads: the library `ocpp`, which has no types."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ocpp import messages
from ocpp.exceptions import OCPPError

if TYPE_CHECKING:
    from ampguard_hil.halo.outbox import Json

_LIBRARY: Any = messages
_VERSION = "1.6"


class FrameError(Exception):
    """What is no OCPP, or none of that call; with the code that OCPP has for it."""

    def __init__(self, sentence: str, code: str = "FormationViolation") -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Heard:
    """One frame."""

    identity: str
    action: str | None = None
    """Of a call; else it answers one."""
    payload: Json | None = None
    """None: an error in place of an answer."""


def read(frame: str | bytes) -> Heard:
    """Raises FrameError."""
    try:
        heard = _LIBRARY.unpack(frame)
    except OCPPError as why:
        raise _as_ours(why) from why
    identity = str(heard.unique_id)
    if isinstance(heard, _LIBRARY.CallError):
        return Heard(identity)
    action = str(heard.action) if isinstance(heard, _LIBRARY.Call) else None
    payload = cast("object", heard.payload)
    if not isinstance(payload, dict):
        raise FrameError(f"wanted an object in frame {identity}, met {payload!r}")
    return Heard(identity, action, cast("Json", payload))


async def check_call(action: str, payload: Json) -> None:
    """Whether it is one by the schema. Raises FrameError."""
    await _check(_LIBRARY.Call("", action, payload))


async def check_answer(action: str, payload: Json) -> None:
    """Likewise of an answer to it."""
    await _check(_LIBRARY.CallResult("", payload, action))


def call(identity: str, action: str, payload: Json) -> str:
    """As it is sent."""
    return _frame(2, identity, action, payload)


def answer(identity: str, payload: Json) -> str:
    """To a call of that identity."""
    return _frame(3, identity, payload)


def error(identity: str, code: str, sentence: str) -> str:
    """In place of an answer."""
    return _frame(4, identity, code, sentence[:255], {})


async def _check(message: object) -> None:
    try:
        await _LIBRARY.validate_payload(message, _VERSION)
    except OCPPError as why:
        raise _as_ours(why) from why


def _as_ours(why: OCPPError) -> FrameError:
    told = cast("Any", why)
    code = str(told.code)
    if code == "FormatViolation":  # OCPP 1.6 misspells it, and everybody with it
        code = "FormationViolation"
    return FrameError(f"{told.description}: {told.details.get('cause', '')}", code)


def _frame(*parts: object) -> str:
    return json.dumps(parts, separators=(",", ":"))
