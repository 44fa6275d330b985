"""What the place `lab` has of its own: a card that is written through a mux, and a broker that others run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ampguard_hil.places.stages import PlaceError


class CardMux(Protocol):
    """A card that is either at the bench or in the box."""

    def to_bench(self) -> None:
        """Raises PlaceError."""
        ...

    def to_box(self) -> None:
        """Raises PlaceError."""
        ...

    def write(self, image: Path) -> None:
        """While it is at the bench. Raises PlaceError."""
        ...


@dataclass(frozen=True, slots=True)
class Card:
    """`machine.Medium`: written anew for each box that begins at OFF, and never left at the bench."""

    mux: CardMux
    image: Path

    def write(self) -> None:
        """Raises PlaceError."""
        if not self.image.is_file():
            raise PlaceError(f"wanted the image {self.image}, met none: see `images` in the bench's file")
        self.mux.to_bench()
        try:
            self.mux.write(self.image)
        finally:
            self.mux.to_box()


@dataclass(frozen=True, slots=True)
class OthersBroker:
    """`machine.Bearing`: one that box and bench both reach, and that the bench does not run."""

    host: str
    port: int

    def start(self) -> None:
        """It is there."""

    def stop(self) -> None:
        """Raises PlaceError."""
        raise PlaceError(f"wanted the broker at {self.host}:{self.port} gone, met one that the bench does not run")
