"""RAUC as far as a unit needs it: two slots in a file, bundles that are JSON and say themselves what is wrong.

Interface: de.pengutronix.rauc.Installer of RAUC 1.13; the words of its refusals are those of the real one.
`python -m ampguard_hil.rauc --bus ADDRESS --slots FILE`; SIGTERM ends it.
"""

import argparse
import asyncio
import json
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, TypeAlias, cast

from dbus_fast import DBusError, PropertyAccess, Variant
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusDict, DBusInt32, DBusSignature, DBusStr
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal

NAME, PATH = "de.pengutronix.rauc", "/"
_FAILED = "org.gtk.GDBus.UnmappedGError.Quark._r_2dbundle_2derror_2dquark.Code0"
_DAMAGED = "Invalid bundle format: Signature size (2664469741501826601) exceeds bundle size"
_STEPS = (0, 20, 40, 60, 80, 100)
_STEP_S = 0.05
BUILD = "data-1-reads-1-1"
"""What data a bundle of the bench writes and reads that does not say so (`ampguard.update.dataform`)."""
_TRIES = 3
"""Of a slot that was installed or found good."""
DBusNothing: TypeAlias = Annotated[None, DBusSignature("")]
DBusProgress: TypeAlias = Annotated[list[object], DBusSignature("(isi)")]
DBusMarked: TypeAlias = Annotated[list[str], DBusSignature("ss")]
DBusSlots: TypeAlias = Annotated[list[object], DBusSignature("a(sa{sv})")]


class Bundle:
    """A file of the bench."""

    def __init__(self, path: Path) -> None:
        """Raises DBusError as RAUC does."""
        try:
            found = json.loads(path.read_text())
        except (OSError, ValueError) as why:
            raise DBusError(_FAILED, _DAMAGED) from why
        told = cast("Mapping[str, object]", found)
        if told.get("forged"):
            raise DBusError(_FAILED, "signature verification failed: Verify error: self-signed certificate")
        self.version, self.compatible = str(told["version"]), str(told["compatible"])
        self.build = str(told.get("build", BUILD))
        self.fails = cast("str | None", told.get("fails"))
        """What its installation ends with."""
        self.software = told.get("software")
        """What a bench's slot holds then (`places.slots`)."""


class Installer(ServiceInterface):
    """The interface."""

    def __init__(self, slots: Path) -> None:
        """`slots`: {"booted": "A", "primary": "A", "marked": [], "holds": {"A": version, "B": None}}.

        Where there is a boot loader that counts: "left": {"A": tries, "B": tries}, and "software" by slot.
        """
        super().__init__(f"{NAME}.Installer")
        self._slots = slots
        self._percent = 0
        self._last_error = ""
        self._work: asyncio.Task[None] | None = None

    @dbus_method(name="InspectBundle")
    def inspect(self, source: DBusStr, _arguments: DBusDict) -> DBusDict:
        """What it says of itself."""
        bundle = Bundle(Path(source))
        told = {"compatible": bundle.compatible, "version": bundle.version, "build": bundle.build}
        update = {name: Variant("s", value) for name, value in told.items()}
        return {"manifest-hash": Variant("s", "0"), "update": Variant("a{sv}", update)}

    @dbus_method(name="InstallBundle")
    async def install(self, source: DBusStr, _arguments: DBusDict) -> DBusNothing:
        """Begins it."""
        if self._work is not None and not self._work.done():
            raise DBusError("org.gtk.GDBus.UnmappedGError", "Already processing a different method")
        self._work = asyncio.create_task(self._install(Bundle(Path(source))))

    @dbus_method(name="Mark")
    def mark(self, state: DBusStr, which: DBusStr) -> DBusMarked:
        """The slot that runs."""
        found = self._read()
        booted = str(found["booted"])
        found["marked"] = [*cast("list[str]", found["marked"]), f"{booted} {state}"]
        _put(found, "left", booted, 0 if state == "bad" else _TRIES)
        if state == "bad":
            found["primary"] = _other(booted)
        self._write(found)
        return [which, f"marked slot {booted} as {state}"]

    @dbus_method(name="GetSlotStatus")
    def status(self) -> DBusSlots:
        """Both."""
        booted = str(self._read()["booted"])
        return [
            [
                f"rootfs.{number}",
                {"bootname": Variant("s", name), "state": Variant("s", "booted" if name == booted else "inactive")},
            ]
            for number, name in enumerate("AB")
        ]

    @dbus_property(access=PropertyAccess.READ, name="Progress")
    def progress(self) -> DBusProgress:
        """How far."""
        return [self._percent, "Installing", 1]

    @dbus_property(access=PropertyAccess.READ, name="LastError")
    def last_error(self) -> DBusStr:
        """What went wrong."""
        return self._last_error

    @dbus_signal(name="Completed")
    def completed(self, code: int) -> DBusInt32:
        """It has ended."""
        return code

    async def _install(self, bundle: Bundle) -> None:
        self._last_error = ""
        for self._percent in _STEPS:
            await asyncio.sleep(_STEP_S)
        if bundle.fails:
            self._last_error = bundle.fails
        else:
            found = self._read()
            other = _other(str(found["booted"]))
            found["primary"] = other
            for what, value in {"holds": bundle.version, "left": _TRIES, "software": bundle.software}.items():
                _put(found, what, other, value)
            self._write(found)
        self.completed(1 if bundle.fails else 0)

    def _read(self) -> dict[str, object]:
        return cast("dict[str, object]", json.loads(self._slots.read_text()))

    def _write(self, found: Mapping[str, object]) -> None:
        """As a whole: its power may go."""
        partial = self._slots.with_name(f"{self._slots.name}.new")
        partial.write_text(json.dumps(found))
        partial.replace(self._slots)


def _put(found: dict[str, object], what: str, slot: str, value: object) -> None:
    """Of one slot."""
    found[what] = {**cast("Mapping[str, object]", found.get(what, {})), slot: value}


def _other(slot: str) -> str:
    return "B" if slot == "A" else "A"


async def serve(address: str, slots: Path) -> None:
    """Until a signal ends it."""
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    bus = await MessageBus(bus_address=address).connect()
    bus.export(PATH, Installer(slots))
    await bus.request_name(NAME)
    await asked.wait()
    bus.disconnect()


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m ampguard_hil.rauc", description="RAUC for a bench.")
    parser.add_argument("--bus", required=True, help="address of the bus")
    parser.add_argument("--slots", required=True, type=Path, help="file that tells of the slots")
    chosen = parser.parse_args(arguments)
    asyncio.run(serve(chosen.bus, chosen.slots))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
