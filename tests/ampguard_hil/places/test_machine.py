from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ampguard_hil.instruments.protocols import Instruments
from ampguard_hil.places.lab import Card, OthersBroker
from ampguard_hil.places.machine import MachinePlace, Parts
from ampguard_hil.places.place import Ability, Bundle, Kind, has
from ampguard_hil.places.qemu import FileMedium
from ampguard_hil.places.stages import NotReachedError, PlaceError, Stage


@dataclass
class Bare:
    """Power, console and card of a computer without an Amp Guard; what was done to it, in order."""

    done: list[str] = field(default_factory=list)
    is_open: bool = False
    boots: bool = True
    card_breaks: bool = False

    def on(self) -> None:
        self.done.append("on")

    def off(self) -> None:
        self.done.append("off")

    def listen(self) -> None:
        self.done.append("listen")

    def login(self, patience_s: float) -> None:
        if not self.boots:
            raise NotReachedError(f"no prompt at the console: Timeout of {patience_s:.2f} seconds exceeded")
        self.is_open = True

    def leave(self) -> None:
        self.is_open = False

    def run(self, command: str) -> str:
        self.done.append(command)
        return "Debian GNU/Linux 13 (trixie)\n" if "os-release" in command else ""

    def said(self) -> str:
        return "box login: "

    def to_bench(self) -> None:
        self.done.append("card to bench")

    def to_box(self) -> None:
        self.done.append("card to box")

    def write(self, image: Path) -> None:
        self.done.append(f"write {image.name}")
        if self.card_breaks:
            raise PlaceError("the card cannot be written: input/output error")


@pytest.fixture
def bare() -> Bare:
    return Bare()


@pytest.fixture
def place(bare: Bare, tmp_path: Path) -> MachinePlace:
    (tmp_path / "product.img").write_bytes(b"image")
    card, broker = Card(bare, tmp_path / "product.img"), OthersBroker("192.0.2.1", 1883)
    return MachinePlace(
        Parts(
            name="lab", kind=Kind.MEASURED, abilities=frozenset({Ability.SHELL}), power=bare, console=bare,
            medium=card, broker=broker, page="https://192.0.2.20/", pin="PIN", listens_at="192.0.2.1",
            instruments=Instruments(), bundles={Bundle.NEWER: tmp_path / "newer.raucb"},
        )
    )  # fmt: skip


def test_the_card_is_written_without_power_and_goes_back_into_the_box(place: MachinePlace, bare: Bare) -> None:
    place.enter(Stage.FLASHED, 1.0)
    assert bare.done == ["off", "card to bench", "write product.img", "card to box"]


def test_a_card_that_breaks_goes_back_into_the_box(place: MachinePlace, bare: Bare) -> None:
    bare.card_breaks = True
    with pytest.raises(PlaceError, match="input/output error"):
        place.enter(Stage.FLASHED, 1.0)
    assert bare.done[-1] == "card to box"


def test_a_box_without_a_prompt_has_not_booted(place: MachinePlace, bare: Bare) -> None:
    bare.boots = False
    with pytest.raises(NotReachedError, match=r"no prompt at the console: Timeout of 7\.00"):
        place.enter(Stage.BOOTED, 7.0)
    assert place.last_words() == "box login: "


def test_a_bare_system_boots_and_is_not_provisioned(place: MachinePlace, bare: Bare) -> None:
    place.enter(Stage.BOOTED, 1.0)
    assert bare.done[:2] == ["listen", "on"], "nothing that it says is missed"
    with pytest.raises(NotReachedError) as found:
        place.enter(Stage.PROVISIONED, 1.0)
    assert str(found.value) == "the image has no Amp Guard yet: it is a bare Debian GNU/Linux 13 (trixie)"


def test_who_still_hears_writes_all_before_its_power_goes(place: MachinePlace, bare: Bare) -> None:
    place.enter(Stage.BOOTED, 1.0)
    place.shut_down()
    assert bare.done[-2:] == ["sync", "off"]
    place.shut_down()
    assert bare.done[-2:] == ["off", "off"], "nobody is signed in any more"


def test_nobody_listens_before_it_is_provisioned(place: MachinePlace) -> None:
    with pytest.raises(PlaceError, match="at least PROVISIONED"):
        _ = place.heard


def test_what_a_place_has_not_is_refused_and_not_made_up(place: MachinePlace) -> None:
    assert has(place) == {"shell", "newer-bundle"}
    for ask in (place.lights, place.press, place.release, place.broker_off):
        with pytest.raises(PlaceError, match=r"^wanted "):
            ask()
    place.broker_on()


def test_a_bundle_is_a_file_that_the_bench_names(place: MachinePlace, tmp_path: Path) -> None:
    with pytest.raises(PlaceError, match=r"wanted the newer-bundle for the place lab, met .*newer\.raucb"):
        place.bundle(Bundle.NEWER)
    with pytest.raises(PlaceError, match="wanted the forged-bundle for the place lab, met none"):
        place.bundle(Bundle.FORGED)
    (tmp_path / "newer.raucb").write_bytes(b"bundle")
    assert place.bundle(Bundle.NEWER).read_bytes() == b"bundle"


def test_an_image_that_is_not_there_is_named(place: MachinePlace, tmp_path: Path) -> None:
    (tmp_path / "product.img").unlink()
    with pytest.raises(PlaceError, match=r"product\.img, met none"):
        place.enter(Stage.FLASHED, 1.0)
    with pytest.raises(PlaceError, match="make bench-qemu builds it"):
        FileMedium(tmp_path / "factory.img", tmp_path / "disk.img").write()


def test_what_a_guest_wrote_is_gone_with_the_next_flash(tmp_path: Path) -> None:
    medium = FileMedium(tmp_path / "factory.img", tmp_path / "disk.img")
    medium.factory.write_bytes(b"factory")
    medium.write()
    medium.disk.write_bytes(b"the guest was here")
    medium.write()
    assert medium.disk.read_bytes() == b"factory"
    broken = replace(medium, disk=tmp_path / "nowhere" / "disk.img")
    with pytest.raises(PlaceError, match="cannot be copied: "):
        broken.write()
