"""The command `ampguard wiring`: finds the action and hands over to its module."""

from __future__ import annotations

import argparse
from types import MappingProxyType
from typing import TYPE_CHECKING

from ampguard.services import wiring_check, wiring_explain, wiring_mend

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ACTIONS: Mapping[str, tuple[Callable[[Sequence[str]], int], str]] = MappingProxyType(
    {
        # name: (what runs it, one line of help)
        "explain": (wiring_explain.main, "say of a recording (COMTRADE or CSV) which clamp sits where"),
        "check": (wiring_check.main, "guided: switch on one appliance at a time, see which clamp answers"),
        "show": (wiring_mend.show, "what is set, what the running meter finds, what it proposes"),
        "accept": (wiring_mend.accept, "mend wrong clamps in software: take what the meter proposes"),
        "set": (wiring_mend.put, "say what inputs measure"),
        "undo": (wiring_mend.undo, "set again what was set before the last change"),
        "clear": (wiring_mend.clear, "take every input for the phase whose name it bears"),
    }
)


def main(arguments: Sequence[str]) -> int:
    """Run with the arguments behind "wiring"; raises SetupError with one sentence."""
    wanted = _parser().parse_args(arguments[:1])
    action, _ = ACTIONS[wanted.action]
    return action(arguments[1:])


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:<10} {what}" for name, (_, what) in ACTIONS.items())
    parser = argparse.ArgumentParser(
        prog="ampguard wiring",
        description="What is wired how.",
        epilog=f"actions:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="ampguard wiring [-h] ACTION ...",
    )
    parser.add_argument("action", choices=list(ACTIONS), metavar="ACTION", help="one of the list below")
    return parser
