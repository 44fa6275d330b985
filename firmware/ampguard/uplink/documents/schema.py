"""The public wire schema as documents, made from the types: JSON Schema of each message, AsyncAPI of all channels.

`make schema` (`python -m ampguard.uplink.documents.schema`) writes them to the folder `uplink/schemas`, with an example
of each message. Channels and what they hold come from the table of `message`, fields from its functions and from the
types. No service imports this.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, cast, get_args, get_origin, get_type_hints

from ampguard import block, events, readings
from ampguard.uplink import balance, message
from ampguard.uplink.commands.chargerlimits import ChargerLimits
from ampguard.uplink.commands.commands import Answer, Command
from ampguard.uplink.commands.limits import Limit
from ampguard.uplink.documents import blockshape, examples
from ampguard.uplink.documents.shapes import Shapes, as_object, in_one_line, optional
from ampguard.uplink.presence import Presence
from ampguard.wiring.verdict import Verdict

if TYPE_CHECKING:
    from ampguard.readings import Json
    from ampguard.uplink.documents.shapes import Schema

FOLDER = Path(__file__).parents[1] / "schemas"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_BODIES: Mapping[str, type] = MappingProxyType({
    "live": readings.Reading, "records": readings.Reading, "event": events.Occurrence, "wiring": Verdict,
    "state": Presence, "command": Command, "response": Answer, "limit": Limit, "refused": message.Refusal,
    "limits": ChargerLimits, "balance": balance.Balance, "why": balance.LimitChange,
})  # fmt: skip
"""What the JSON is made of that `message` is handed."""
_CONDITIONS: Mapping[str, Schema] = MappingProxyType(
    {
        "state": {
            "if": {"properties": {"online": {"const": True}}},
            "then": {"required": [field.name for field in fields(Presence)]},
        },
        "limit": {
            "anyOf": [
                {"properties": {"lease_s": {"type": "number"}}, "required": ["lease_s"]},
                {"properties": {"expires_utc": {"type": "string"}}, "required": ["expires_utc"]},
            ]
        },
    }
)
"""What the types of the fields do not say."""
_OTHERS: Mapping[str, Sequence[str]] = MappingProxyType({"acknowledged": ("acknowledged_event", "refused")})
"""Functions of `message` that make another message of the same lane."""
_NAMES = {"Mapping": Mapping, "Sequence": Sequence, "Json": object}
"""What `message` imports for its type checker only."""
_NAMED = "/<name>"
_SIGNS = in_one_line((readings.__doc__ or "").rpartition("\n\n")[2])


@dataclass(frozen=True, slots=True)
class Lane:
    """A channel, as the table of `message` has it."""

    name: str
    qos: int
    retained: bool
    holds: str

    named: bool = False
    """Whether one level more of the topic names what it is about."""

    @property
    def address(self) -> str:
        """Its topic."""
        return message.topic("{serial}", f"{self.name}/{{name}}" if self.named else self.name)

    @property
    def is_heard(self) -> bool:
        """Whether the unit receives it; it sends the others."""
        return (f"{self.name}/+" if self.named else self.name) in message.HEARD

    @property
    def is_block(self) -> bool:
        """Whether it is compressed, not JSON at once."""
        return get_origin(_parameters(self.name)[-1][1]) is Sequence


def lanes() -> list[Lane]:
    """The rows of the table."""
    rows = [line.strip("|").split("|") for line in (message.__doc__ or "").splitlines() if line.startswith("| `")]
    return [
        Lane(name.strip(" `").removesuffix(_NAMED), int(qos), retained.strip() == "yes", holds.strip(), _NAMED in name)
        for name, qos, retained, holds in rows
    ]


def schema(lane: Lane) -> Schema:
    """The JSON Schema of the messages of a lane."""
    shapes = Shapes(resolved=_BODIES.get(lane.name) is readings.Reading)
    if lane.is_block:
        shape = as_object(blockshape.properties(_BODIES[lane.name], shapes.definitions))
        described = [(block.__doc__ or "").partition("\n\n")[2].strip(), _SIGNS]
    else:
        described, shape = _plain(lane.name, shapes)
        if lane.name in _OTHERS:
            others: list[Json] = [_plain(name, shapes)[1] for name in _OTHERS[lane.name]]
            shape = {"anyOf": [shape, *others]}
    return {
        "$schema": _DRAFT,
        "title": f"Amp Guard, wire version {message.SCHEMA}: {lane.name}",
        "description": " ".join([f"{lane.holds[0].upper()}{lane.holds[1:]}.", *described]),
        **shape,
        **({"$defs": shapes.definitions} if shapes.definitions else {}),
    }


def asyncapi() -> Schema:
    """The AsyncAPI document, from the unit's side: what it sends and receives."""
    every = lanes()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Amp Guard over MQTT",
            "version": str(message.SCHEMA),
            "description": "Operations are the unit's: it sends and receives. "
            + in_one_line((message.__doc__ or "").rpartition("\n\n")[2]),
        },
        "defaultContentType": "application/json",
        "channels": {lane.name: _channel(lane) for lane in every},
        "operations": {lane.name: _operation(lane) for lane in every},
        "components": {"messages": {lane.name: _message(lane) for lane in every}},
    }


def documents() -> dict[str, bytes]:
    """All files of the folder by their names in it."""
    made = {f"{lane.name}.schema.json": _text(schema(lane)) for lane in lanes()}
    made["asyncapi.json"] = _text(asyncapi())
    for lane in lanes():
        payload = examples.payload(lane.name)
        made[f"examples/{lane.name}.json"] = zlib.decompress(payload) if lane.is_block else payload
        made |= {f"examples/{name}.json": examples.payload(name) for name in _OTHERS.get(lane.name, ())}
        if lane.is_block:
            made[f"examples/{lane.name}.bin"] = payload
    return made


def is_same(name: str, found: bytes, wanted: bytes) -> bool:
    """Whether a file says what it should. Of a block what it unfolds to: libraries compress differently."""
    if name.endswith(".bin"):
        return zlib.decompress(found) == zlib.decompress(wanted)
    return found == wanted


def write(folder: Path) -> None:
    """Write the files that are not there, or say something else."""
    for name, content in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or not is_same(name, path.read_bytes(), content):
            path.write_bytes(content)


def _parameters(lane: str) -> list[tuple[str, object]]:
    """Names and types of what a message is made of: the names are the keys."""
    hints = get_type_hints(getattr(message, lane), localns=_NAMES)
    return [(name, hint) for name, hint in hints.items() if name != "return"]


def _plain(maker: str, shapes: Shapes) -> tuple[list[str], Schema]:
    properties: Schema = {"schema": {"const": message.SCHEMA, "description": "Version of the wire schema."}}
    described: list[str] = []
    may_be_absent: frozenset[str] = frozenset()
    for name, hint in _parameters(maker):
        if Mapping not in {get_origin(one) for one in (hint, *get_args(hint))}:
            properties[name] = shapes.of(hint, name)
            continue
        body = _BODIES[maker]
        said = shapes.properties(body)
        properties |= said
        may_be_absent = optional(body) if get_origin(hint) is Mapping else frozenset(said)
        described = [in_one_line(body.__doc__), *([_SIGNS] if body is readings.Reading else [])]
    return described, {**as_object(properties, may_be_absent), **_CONDITIONS.get(maker, {})}


def _channel(lane: Lane) -> Schema:
    return {
        "address": lane.address,
        "description": lane.holds,
        "parameters": {
            "serial": {"description": "The unit's serial number."},
            **({"name": {"description": "Of the command."}} if lane.named else {}),
        },
        "messages": {lane.name: {"$ref": f"#/components/messages/{lane.name}"}},
    }


def _operation(lane: Lane) -> Schema:
    retain: Schema = {"retain": lane.retained} if lane.retained or not lane.is_heard else {}
    return {
        "action": "receive" if lane.is_heard else "send",
        "channel": {"$ref": f"#/channels/{lane.name}"},
        "messages": [{"$ref": f"#/channels/{lane.name}/messages/{lane.name}"}],
        "bindings": {"mqtt": {"qos": lane.qos, **retain, "bindingVersion": "0.2.0"}},
    }


def _message(lane: Lane) -> Schema:
    compressed: Schema = {"description": "zlib (RFC 1950) over JSON; the schema is that of the JSON."}
    return {
        "name": lane.name,
        "title": in_one_line(cast("str | None", getattr(message, lane.name).__doc__)),
        **(compressed if lane.is_block else {}),
        "contentType": "application/zlib" if lane.is_block else "application/json",
        "payload": {"$ref": f"./{lane.name}.schema.json"},
    }


def _text(document: Schema) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


if __name__ == "__main__":
    write(FOLDER)
