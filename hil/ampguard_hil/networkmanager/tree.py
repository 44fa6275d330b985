"""Objects on a message bus: their properties, methods and signals, told as the D-Bus specification wants it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbus_fast.constants import ErrorType, MessageType
from dbus_fast.errors import DBusError
from dbus_fast.message import Message
from dbus_fast.signature import Variant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dbus_fast.aio.message_bus import MessageBus

PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECTS = "org.freedesktop.DBus.ObjectManager"
INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"


@dataclass(frozen=True, slots=True)
class Method:
    """What can be asked of all objects with an interface: types that come and go, and who does it."""

    takes: str
    gives: str
    perform: Callable[[str, list[object]], list[object]]
    """Given the object and what came."""


class Tree:
    """Objects below a root, which alone is an object manager."""

    def __init__(self, bus: MessageBus, root: str) -> None:
        self._bus = bus
        self._root = root
        self._objects: dict[str, dict[str, dict[str, Variant]]] = {}
        self._methods: dict[tuple[str, str], Method] = {}
        bus.add_message_handler(self._asked)

    def offer(self, interface: str, methods: Mapping[str, Method]) -> None:
        """Have methods, at every object with that interface."""
        for member, method in methods.items():
            self._methods[interface, member] = method

    def put(self, path: str, interface: str, signatures: Mapping[str, str], values: Mapping[str, object]) -> None:
        """Have an object, or one more interface of it: every property with its type, which must be named."""
        wanting = signatures.keys() ^ values.keys()
        if wanting:
            raise ValueError(f"{path}: {interface}: wanted values for all properties and no others, met {wanting}")
        new = {name: Variant(signature, values[name]) for name, signature in signatures.items()}
        self._objects.setdefault(path, {})[interface] = new
        self.signal(self._root, OBJECTS, "InterfacesAdded", "oa{sa{sv}}", path, {interface: new})

    def remove(self, path: str) -> None:
        """Have it no longer."""
        interfaces = self._objects.pop(path, None)
        if interfaces is not None:
            self.signal(self._root, OBJECTS, "InterfacesRemoved", "oas", path, list(interfaces))

    def clear(self) -> None:
        """Have nothing, and say nothing."""
        self._objects.clear()

    def get(self, path: str, interface: str, name: str) -> object:
        """What a property is."""
        return self._objects[path][interface][name].value

    def set(self, path: str, interface: str, changes: Mapping[str, object]) -> None:
        """Change properties, and say so."""
        known = self._objects[path][interface]
        new = {name: Variant(known[name].signature, value) for name, value in changes.items()}
        known.update(new)
        self.signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", interface, new, [])

    def lie(self, path: str, interface: str, name: str, value: Variant) -> None:
        """Have a property of another type than promised, as a broken or newer service might."""
        self._objects[path][interface][name] = value

    def signal(self, path: str, interface: str, member: str, signature: str, *body: object) -> None:
        """Say something to whoever listens."""
        self._bus.send(  # pyright: ignore[reportUnknownMemberType] - a future of nothing in particular
            Message(
                message_type=MessageType.SIGNAL,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=list(body),
            )
        )

    def _asked(self, message: Message) -> Message | None:
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        path, interface, member = message.path or "", message.interface or "", message.member or ""
        if interface == INTROSPECTABLE or path == "/org/freedesktop/DBus":
            return None
        if (path, interface, member) == (self._root, OBJECTS, "GetManagedObjects"):
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [self._objects])
        if path not in self._objects:
            raise DBusError(ErrorType.UNKNOWN_OBJECT, f"No such object path '{path}'")
        if interface == PROPERTIES:
            return self._told(message, self._objects[path])
        method = self._methods.get((interface, member))
        if method is None or interface not in self._objects[path]:
            raise DBusError(ErrorType.UNKNOWN_METHOD, f"No such method '{member}'")
        if message.signature != method.takes:
            raise DBusError(
                ErrorType.INVALID_ARGS, f"Type of message, '({message.signature})', does not match '({method.takes})'"
            )
        return Message.new_method_return(message, method.gives, method.perform(path, list(message.body)))

    @staticmethod
    def _told(message: Message, interfaces: Mapping[str, Mapping[str, Variant]]) -> Message:
        found = interfaces.get(str(message.body[0]), {})
        if message.member == "GetAll":
            return Message.new_method_return(message, "a{sv}", [dict(found)])
        if message.member == "Get" and str(message.body[1]) in found:
            return Message.new_method_return(message, "v", [found[str(message.body[1])]])
        raise DBusError(ErrorType.UNKNOWN_PROPERTY, "No such property")
