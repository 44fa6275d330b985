"""Whether a payload is what the standard has: its own JSON schemas, as the `ocpp` library has them.

The code of a violation is the one that OCPP-J 1.6 has for it. Three kinds of it are let pass, since chargers in the
field are full of them and none makes a payload unusable: a property that the standard does not know, a text that is too
long, a limit with more than one decimal.
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from jsonschema import Draft4Validator

from ampguard.balancing.ocpp.frame import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ampguard.balancing.ocpp.frame import Payload

LET_PASS = frozenset({"additionalProperties", "maxLength", "multipleOf"})
_CODES: Mapping[str, ErrorCode] = MappingProxyType({
    "type": ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    "required": ErrorCode.PROTOCOL_ERROR,
    "enum": ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
    "minItems": ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION,
    "maxItems": ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION,
})  # fmt: skip
_LONGEST_WORDS = 200


class _Found(Protocol):
    """What a validator has against a payload."""

    validator: str
    message: str


class _Validator(Protocol):
    def iter_errors(self, instance: object) -> Iterator[_Found]: ...


@dataclass(frozen=True, slots=True)
class Violation:
    """What a payload is not."""

    code: ErrorCode
    words: str


def violation(action: str, payload: Payload, *, is_answer: bool = False) -> Violation | None:
    """What is wrong with a payload; None where nothing is that matters. Of actions of the standard only."""
    found = next(_validator(f"{action}Response" if is_answer else action).iter_errors(payload), None)
    if found is None:
        return None
    return Violation(_CODES.get(found.validator, ErrorCode.FORMATION_VIOLATION), found.message[:_LONGEST_WORDS])


@functools.cache
def _validator(name: str) -> _Validator:
    text = (files("ocpp") / "v16" / "schemas" / f"{name}.json").read_text("utf-8")
    return cast("_Validator", Draft4Validator(json.loads(text, object_hook=_without)))


def _without(schema: dict[str, object]) -> dict[str, object]:
    return {name: one for name, one in schema.items() if name not in LET_PASS}
