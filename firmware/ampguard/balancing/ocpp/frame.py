"""Frames of OCPP-J 1.6: a call, its result or its error, each an array of JSON. No I/O.

What cannot be read raises `Unreadable`. The standard has whatever is no frame ignored; only of a call whose id can be
read anybody can be told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias, cast

Payload: TypeAlias = Mapping[str, object]
LONGEST_ID, LONGEST_ACTION = 255, 64
"""The standard has 36 for an id; whoever has longer ones is understood all the same."""
_CALL, _RESULT, _ERROR = 2, 3, 4
_CALL_PARTS, _RESULT_PARTS, _LEAST_ERROR_PARTS = 4, 3, 3


class ErrorCode(StrEnum):
    """Of a call that cannot be answered, as OCPP-J 1.6 spells them."""

    NOT_IMPLEMENTED = "NotImplemented"
    """No such action is known here."""
    NOT_SUPPORTED = "NotSupported"
    """The action is known, and not done here."""
    INTERNAL_ERROR = "InternalError"
    PROTOCOL_ERROR = "ProtocolError"
    """The payload is incomplete."""
    SECURITY_ERROR = "SecurityError"
    FORMATION_VIOLATION = "FormationViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    OCCURENCE_CONSTRAINT_VIOLATION = "OccurenceConstraintViolation"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    GENERIC_ERROR = "GenericError"


@dataclass(frozen=True, slots=True)
class Call:
    """One side asks."""

    id: str
    action: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Result:
    """The other side answers."""

    id: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Error:
    """The other side cannot answer."""

    id: str
    code: str
    description: str = ""


Frame: TypeAlias = "Call | Result | Error"


class Unreadable(Exception):
    """It is no frame; `id` where it is a call whose sender can be told so."""

    def __init__(self, sentence: str, call_id: str | None = None) -> None:
        super().__init__(sentence)
        self.id = call_id


def read(text: str | bytes) -> Frame:
    """The frame in a message. Raises Unreadable."""
    if isinstance(text, bytes):
        raise Unreadable("wanted text, met a binary message")
    try:
        found: object = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as why:  # a number of thousands of digits is a ValueError, too
        raise Unreadable(f"wanted JSON, met something else: {str(why)[:100]}") from None
    if not isinstance(found, list) or not found:
        raise Unreadable("wanted an array of three to five, met something else")
    parts = cast("list[object]", found)
    named = parts[1] if len(parts) > 1 else None
    if not isinstance(named, str) or not 0 < len(named) <= LONGEST_ID:
        raise Unreadable("wanted an id as the second part, met none")
    match parts[0]:
        case int(2):
            return _call(named, parts)
        case int(3):
            return _result(named, parts)
        case int(4):
            return _error(named, parts)
        case _:
            raise Unreadable("wanted 2, 3 or 4 as the first part, met another")


def write(frame: Frame) -> str:
    """The message for a frame."""
    parts: list[object]
    match frame:
        case Call():
            parts = [_CALL, frame.id, frame.action, frame.payload]
        case Result():
            parts = [_RESULT, frame.id, frame.payload]
        case Error():
            parts = [_ERROR, frame.id, frame.code, frame.description, {}]
    return json.dumps(parts, separators=(",", ":"), allow_nan=False)


def _call(named: str, parts: list[object]) -> Call:
    if len(parts) != _CALL_PARTS:
        raise Unreadable(f"wanted a call of {_CALL_PARTS} parts, met {len(parts)}", named)
    action = parts[2]
    if not isinstance(action, str) or not 0 < len(action) <= LONGEST_ACTION:
        raise Unreadable("wanted an action's name, met none", named)
    return Call(named, action, _object(parts[3], named))


def _result(named: str, parts: list[object]) -> Result:
    if len(parts) != _RESULT_PARTS:
        raise Unreadable(f"wanted a result of {_RESULT_PARTS} parts, met {len(parts)}")
    return Result(named, _object(parts[2], None))


def _error(named: str, parts: list[object]) -> Error:
    """Many leave the last parts out."""
    if len(parts) < _LEAST_ERROR_PARTS:
        raise Unreadable(f"wanted an error of at least {_LEAST_ERROR_PARTS} parts, met {len(parts)}")
    description = parts[3] if len(parts) > _LEAST_ERROR_PARTS else ""
    return Error(named, str(parts[2])[:50], str(description)[:255])


def _object(found: object, call_id: str | None) -> Payload:
    if not isinstance(found, dict):
        raise Unreadable("wanted an object as payload, met something else", call_id)
    return cast("Payload", found)


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no number")
