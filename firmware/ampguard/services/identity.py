"""`ampguard identity`: who this unit is, by the card that its meter keeps; the system takes its name from it."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.identity import read_card
from ampguard.network.mdns import host_name
from ampguard.settings.places import Places

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments behind "identity"; raises SetupError with one sentence."""
    parser = argparse.ArgumentParser(prog="ampguard identity", description="Who this unit is, as its meter has told.")
    parser.add_argument("--host-name", action="store_true", help="only the name that its system has to have")
    chosen = parser.parse_args(arguments)
    folder = Places.from_environment().identity
    card = read_card(folder)
    if card is None:
        raise SetupError(f"{folder}: wanted who this unit is, met nothing: its meter has not told yet")
    name = host_name(card.serial)
    sys.stdout.write(f"{name}\n" if chosen.host_name else f"{card.serial}  {card.variant}  {name}.local\n")
    return 0
