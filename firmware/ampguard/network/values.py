"""Values that came over the bus, taken out by the type that the interface promises. Raises ManagerUnclear otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from ampguard.network.faults import ManagerUnclear

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")

Objects = dict[str, dict[str, dict[str, object]]]
"""Properties by object and interface."""


def taken(properties: Mapping[str, object], name: str, kind: type[T]) -> T:
    """A property of that type."""
    value = properties.get(name)
    # a D-Bus boolean is no number, although Python's is
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ManagerUnclear(f"{name}: wanted {kind.__name__}, met {type(value).__name__}")
    return value


def paths(properties: Mapping[str, object], name: str) -> tuple[str, ...]:
    """A list of object paths."""
    return tuple(text(one, name) for one in listed(properties, name))


def listed(properties: Mapping[str, object], name: str) -> list[object]:
    """A list of whatever."""
    value = properties.get(name)
    if not isinstance(value, list):
        raise ManagerUnclear(f"{name}: wanted a list, met {type(value).__name__}")
    return cast("list[object]", value)


def text(value: object, name: str) -> str:
    """A text, or an object's path."""
    if not isinstance(value, str):
        raise ManagerUnclear(f"{name}: wanted a text, met {type(value).__name__}")
    return value


def number(value: object, name: str) -> int:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ManagerUnclear(f"{name}: wanted a number, met {type(value).__name__}")
    return value


def mapping(value: object, name: str) -> dict[str, object]:
    """Values by name."""
    if not isinstance(value, dict):
        raise ManagerUnclear(f"{name}: wanted values by name, met {type(value).__name__}")
    return {text(key, name): one for key, one in cast("dict[object, object]", value).items()}


def objects(value: object) -> Objects:
    """What GetManagedObjects answers."""
    return {
        path: {interface: mapping(properties, interface) for interface, properties in mapping(interfaces, path).items()}
        for path, interfaces in mapping(value, "objects").items()
    }
