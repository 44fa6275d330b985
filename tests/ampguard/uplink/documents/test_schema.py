"""The published schema says what is on the wire: of real messages, and of nothing else."""

from __future__ import annotations

import ast
import copy
import json
import re
import zlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types of its own
from tests.ampguard.test_block import bodies, readings
from tests.conventions.source import sources

from ampguard import block
from ampguard.phases import Phases
from ampguard.readings import RESOLUTION, Json, Reading
from ampguard.uplink import message
from ampguard.uplink.documents import examples, schema, shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

CHANNELS = {  # name: QoS, retained, what the unit does
    "state": (1, True, "send"),
    "live": (1, False, "send"),
    "records": (1, False, "send"),
    "acknowledged": (1, None, "receive"),
    "event": (1, False, "send"),
    "wiring": (1, True, "send"),
    "command": (1, None, "receive"),
    "response": (1, False, "send"),
    "limit": (1, True, "receive"),
    "limits": (1, None, "receive"),
    "balance": (1, False, "send"),
    "why": (1, False, "send"),
}
NAMED = {"command", "response"}
OPTIONAL = {("command", "expires_utc"), ("command", "arguments")} | {
    ("limit", name) for name in ("correlation", "expires_utc", "lease_s")
}
FREE = {("command", "arguments"), ("response", "result"), ("limits", "limits_a")}
"""What is in these differs from command to command, or is named by who sends it."""
OF_NO_SERVICE = "ampguard.uplink.documents"
NOTHING_LIKE_IT: Json = {"no": [None]}


@cache
def published(lane: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((schema.FOLDER / f"{lane}.schema.json").read_bytes()))


@cache
def closed(lane: str) -> Draft202012Validator:
    """As published, but without room for fields that the schema does not know."""
    return Draft202012Validator(_closed(published(lane).schema))


def _closed(value: Json) -> Json:
    if isinstance(value, list):
        return [_closed(one) for one in value]
    if not isinstance(value, dict):
        return value
    inner = {key: _closed(one) for key, one in value.items()}
    return {"additionalProperties": False, **inner} if value.get("type") == "object" else inner


def example(lane: str) -> dict[str, Json]:
    found: dict[str, Json] = json.loads((schema.FOLDER / "examples" / f"{lane}.json").read_bytes())
    return found


def unfolded(payload: bytes) -> dict[str, Json]:
    found: dict[str, Json] = json.loads(zlib.decompress(payload))
    return found


# ---------------------------------------------------------------- the files


def test_the_folder_holds_what_is_generated_and_nothing_else() -> None:
    found = {str(path.relative_to(schema.FOLDER)) for path in schema.FOLDER.rglob("*") if path.is_file()}
    assert found == set(schema.documents()), "make schema"


@pytest.mark.parametrize("name", list(schema.documents()))
def test_a_file_in_the_tree_is_what_is_generated(name: str) -> None:
    assert schema.is_same(name, (schema.FOLDER / name).read_bytes(), schema.documents()[name]), "make schema"


def test_what_is_written_is_written_once(tmp_path: Path) -> None:
    schema.write(tmp_path)
    (tmp_path / "state.schema.json").write_text("{}")
    otherwise = zlib.compress(example_bytes("records.json"), 1)
    (tmp_path / "examples/records.bin").write_bytes(otherwise)
    schema.write(tmp_path)
    assert (tmp_path / "state.schema.json").read_bytes() == schema.documents()["state.schema.json"]
    assert (tmp_path / "examples/records.bin").read_bytes() == otherwise, "it says the same"


def example_bytes(name: str) -> bytes:
    return (schema.FOLDER / "examples" / name).read_bytes()


@pytest.mark.parametrize("lane", CHANNELS)
def test_a_schema_is_one(lane: str) -> None:
    Draft202012Validator.check_schema(published(lane).schema)


def test_no_service_needs_it() -> None:
    for source in sources("firmware", "hil"):
        if "/uplink/documents/" in source.name:
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom):
                named = {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
                assert not any(f"{name}.".startswith(f"{OF_NO_SERVICE}.") for name in named), (
                    f"{source.name}:{node.lineno}"
                )


# ---------------------------------------------------------------- the channels


def table() -> dict[str, tuple[int, bool]]:
    """Of `message`, read in another way than the generator does."""
    rows = re.findall(r"^\| `(\w+)(?:/<name>)?` *\| (\d) +\| (yes|no) +\|", message.__doc__ or "", re.MULTILINE)
    return {name: (int(qos), retained == "yes") for name, qos, retained in rows}


def test_the_channels_are_those_of_the_table() -> None:
    assert {lane.name: (lane.qos, lane.retained) for lane in schema.lanes()} == table()
    assert table() == {name: (qos, bool(retained)) for name, (qos, retained, _) in CHANNELS.items()}


def test_the_document_has_the_channels_with_qos_retention_and_direction() -> None:
    document = json.loads((schema.FOLDER / "asyncapi.json").read_bytes())
    assert {name: one["address"] for name, one in document["channels"].items()} == {
        name: message.topic("{serial}", f"{name}/{{name}}" if name in NAMED else name) for name in table()
    }
    found = {
        name: (one["bindings"]["mqtt"]["qos"], one["bindings"]["mqtt"].get("retain"), one["action"])
        for name, one in document["operations"].items()
    }
    assert found == CHANNELS


def test_every_reference_of_the_document_leads_somewhere() -> None:
    document = json.loads((schema.FOLDER / "asyncapi.json").read_bytes())
    for reference in re.findall(r'"\$ref": "([^"]+)"', json.dumps(document)):
        if reference.startswith("#/"):
            place = document
            for part in reference[2:].split("/"):
                place = place[part]
        else:
            assert (schema.FOLDER / reference).is_file()


# ---------------------------------------------------------------- the messages


@pytest.mark.parametrize("name", ["acknowledged_event", "refused"])
def test_what_else_a_cloud_answers_is_valid_and_complete(name: str) -> None:
    for validator in (published("acknowledged"), closed("acknowledged")):
        validator.validate(example(name))
        for path in places(example(name)):
            assert not validator.is_valid(mutilated(example(name), path, lose)), path


@pytest.mark.parametrize("lane", CHANNELS)
def test_an_example_is_valid_and_complete(lane: str) -> None:
    published(lane).validate(example(lane))
    closed(lane).validate(example(lane))


def test_the_block_is_the_example_and_has_every_kind_of_column() -> None:
    content = example_bytes("records.bin")
    assert zlib.decompress(content) == example_bytes("records.json")
    assert [one["sequence"] for one in block.decoded(content)] == [one.sequence for one in examples.FOLLOWING]
    columns = cast("dict[str, dict[str, Json]]", example("records")["columns"])
    kinds = {tuple(column) for column in columns.values()}
    assert kinds == {("is",), ("steps",), ("steps", "decimals"), ("utc_steps",), ("each",)}


def test_there_is_no_example_of_another_lane() -> None:
    with pytest.raises(ValueError, match="no example"):
        examples.payload("firmware")


@settings(deadline=None)
@given(st.text(max_size=8), readings())
def test_any_reading_is_valid(serial: str, reading: Reading) -> None:
    said = json.loads(message.live(serial, bodies([reading])[0]))
    published("live").validate(said)
    closed("live").validate(said)


@settings(deadline=None)
@given(st.lists(readings(), min_size=1, max_size=8))
def test_any_block_is_valid(made: list[Reading]) -> None:
    said = unfolded(message.records(bodies(made)))
    published("records").validate(said)
    closed("records").validate(said)


@settings(deadline=None)
@given(st.booleans(), st.text(), st.integers(0, 2**63), st.integers(0, 2**63))
def test_any_state_and_acknowledgement_is_valid(online: bool, name: str, first: int, last: int) -> None:  # noqa: FBT001 - drawn by name
    presence = examples.PRESENCE.body() if online else None
    published("state").validate(json.loads(message.state(name, online=online, presence=presence)))
    published("acknowledged").validate(json.loads(message.acknowledged(name, first, last)))


def places(value: Json, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every field of a message."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*above, key)
            yield from places(inner, (*above, key))


def mutilated(
    whole: dict[str, Json], path: tuple[str, ...], change: Callable[[dict[str, Json], str], object]
) -> dict[str, Json]:
    found = copy.deepcopy(whole)
    inner = found
    for key in path[:-1]:
        inner = cast("dict[str, Json]", inner[key])
    change(inner, path[-1])
    return found


def lose(inner: dict[str, Json], key: str) -> None:
    del inner[key]


def rename(inner: dict[str, Json], key: str) -> None:
    inner[f"{key}_"] = inner.pop(key)


def spoil(inner: dict[str, Json], key: str) -> None:
    inner[key] = NOTHING_LIKE_IT


@pytest.mark.parametrize("change", [lose, rename, spoil])
@pytest.mark.parametrize("lane", CHANNELS)
def test_a_mutilated_example_is_not_valid(lane: str, change: Callable[[dict[str, Json], str], object]) -> None:
    whole = example(lane)
    for path in places(whole):
        if (lane, path[0]) in FREE and (len(path) > 1 or change is spoil):
            continue
        if change is not spoil and (lane, path[0]) in OPTIONAL and len(path) == 1:
            assert published(lane).is_valid(mutilated(whole, path, change)), path
            continue
        assert not published(lane).is_valid(mutilated(whole, path, change)), path


@settings(deadline=None)
@given(st.data())
def test_a_mutilated_reading_is_not_valid(data: st.DataObject) -> None:
    whole = json.loads(message.live("AG1", bodies([data.draw(readings())])[0]))
    path = data.draw(st.sampled_from(list(places(whole))))
    change = data.draw(st.sampled_from([lose, rename, spoil]))
    assert not published("live").is_valid(mutilated(whole, path, change))


@settings(deadline=None)
@given(st.data())
def test_a_mutilated_block_is_not_valid(data: st.DataObject) -> None:
    whole = unfolded(message.records(bodies(data.draw(st.lists(readings(), min_size=1, max_size=4)))))
    path = data.draw(st.sampled_from(list(places(whole))))
    change = data.draw(st.sampled_from([lose, rename, spoil]))
    assert not published("records").is_valid(mutilated(whole, path, change))


@pytest.mark.parametrize(
    ("path", "column"),
    [
        ("voltage_rms_v.l1", {"steps": [231274, 3, -7]}),  # where is the point?
        ("voltage_rms_v.l1", {"steps": [231274, 3, -7], "decimals": 2}),
        ("voltage_rms_v.l1", {"steps": [231.274, 3, -7], "decimals": 3}),
        ("voltage_rms_v.l1", {"steps": ["231274", 3, -7], "decimals": 3}),
        ("voltage_rms_v.l1", {"is": 231.274, "each": []}),
        ("sequence", {"steps": [17, 1, 1], "decimals": 0}),
        ("sequence", {"is": None}),
        ("end_utc", {"steps": [1795255217012, 1000, 1001]}),
        ("quality", {"each": [[], ["unheard_of"], []]}),
        ("interval", {"is": "2s"}),
        ("energy.import_wh.l1", {"is": None}),
    ],
)
def test_a_column_of_the_wrong_kind_is_not_valid(path: str, column: dict[str, Json]) -> None:
    def change(inner: dict[str, Json], key: str) -> None:
        inner[key] = column

    assert not published("records").is_valid(mutilated(example("records"), ("columns", path), change))


@pytest.mark.parametrize("count", [0, message.RECORDS_AT_ONCE + 1, "3"])
def test_a_block_of_too_few_or_too_many_is_not_valid(count: Json) -> None:
    assert not published("records").is_valid(example("records") | {"count": count})


# ---------------------------------------------------------------- what the fields are said to be


def test_every_unit_has_a_symbol() -> None:
    assert set(RESOLUTION) <= set(shapes.SYMBOLS)


def test_numbers_carry_unit_and_decimals_and_fields_what_their_source_says() -> None:
    live = published("live").schema
    volts = live["$defs"]["Phases_v_or_null"]["properties"]["l2"]
    assert volts == {"type": ["number", "null"], "x-unit": "V", "x-decimals": RESOLUTION["v"]}
    assert live["properties"]["boot"]["description"] == "Names one uninterrupted run of the meter."
    assert live["properties"]["end_utc"]["format"] == "date-time"
    assert "null where no clock" in live["properties"]["end_utc"]["description"]
    assert live["properties"]["reactive_power_var"]["description"].startswith("Of the fundamental (Q1)")
    assert "x-decimals" not in json.dumps(published("event").schema), "events are not rounded"


@dataclass(frozen=True)
class _Inner:
    """Something."""

    power_w: float


@dataclass(frozen=True)
class _Outer:
    """Something around it."""

    by_name: dict[str, int]
    inner: _Inner | None
    pairs: Phases[bool]


def test_types_that_no_message_has_yet() -> None:
    found = shapes.Shapes(resolved=True)
    properties = found.properties(_Outer)
    assert properties["by_name"] == {"type": "object", "additionalProperties": {"type": "integer"}}
    assert properties["inner"] == {"anyOf": [{"$ref": "#/$defs/_Inner"}, {"type": "null"}]}
    assert properties["pairs"] == {"$ref": "#/$defs/Phases_boolean"}
    assert set(found.definitions) == {"_Inner", "Phases_boolean"}


def test_one_name_has_one_meaning() -> None:
    found = shapes.Shapes(resolved=True)
    found.of(Phases[int], "some_ns")
    with pytest.raises(TypeError, match="two meanings"):
        found.of(Phases[float], "some_ns")


@pytest.mark.parametrize("kind", [bytes, complex, object])
def test_a_type_without_json_form_is_refused(kind: object) -> None:
    with pytest.raises(TypeError, match="no JSON Schema"):
        shapes.Shapes(resolved=True).of(kind)


@dataclass(frozen=True)
class _Grown(Reading):
    """A reading with one field more."""

    surprise_v: float


def test_a_changed_shape_changes_the_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    before = schema.documents()
    bodies_of: Mapping[str, type] = {**schema._BODIES, "live": _Grown}
    monkeypatch.setattr(schema, "_BODIES", bodies_of)
    after = schema.documents()
    assert {name for name in before if before[name] != after[name]} == {"live.schema.json"}
    assert b"surprise_v" in after["live.schema.json"]
