"""The command `ampguard`: finds the subcommand and hands over to its module."""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import os
import signal
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

from ampguard.errors import HardwareFault, JournalFault, SetupError, UplinkFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXIT_SETUP, EXIT_FAULT = 2, 1
"""What the owner must set right (a file, an argument); what failed although everything asked for was right."""

COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        # name: (module with `main`, one line of help); a module is imported only when its command is called
        "measure": ("ampguard.services.measure", "measure a recording (COMTRADE or CSV) as the meter would"),
        "wiring": ("ampguard.services.wiring", "say which clamp sits where"),
        "settings": ("ampguard.services.settings", "show and change the unit's settings"),
        "balance": (
            "ampguard.services.balancer.command",
            "what each charger may draw, and why; decisions again",
        ),
        "report": ("ampguard.services.report", "make the signed commissioning report, or check one"),
        "enrol": ("ampguard.services.enrol", "have the unit's own certificate signed by a cloud"),
        "web": ("ampguard.services.web_command", "the local page's certificate: show, install, reset"),
        "identity": ("ampguard.services.identity", "say who this unit is, as its meter has told"),
        "update": ("ampguard.services.update", "install other software, signed, and say how that goes"),
        "factory-reset": ("ampguard.services.factory_reset", "wipe what is the owner's, when the unit starts"),
    }
)

EXAMPLES = """\
examples:
  ampguard measure fault.cfg                     a table for each window of 10 cycles (12 at 60 Hz)
  ampguard measure wave.csv --json | jq .        one JSON object for each window, one a line
  ampguard measure wave.csv --plot picture.svg   waveforms, phasors, half-cycle RMS
  ampguard wiring explain wave.csv               which clamp sits where, and how sure that is
  ampguard wiring accept                         mend wrong clamps in software, as the running meter proposes
  ampguard settings set main_fuse_a=35           counts within seconds, without a restart; `settings undo` takes it back
  ampguard balance why                           why each charger may draw what it may; `balance replay` proves it
  ampguard report make --language da             the commissioning report as PDF and JSON, signed by the unit
  ampguard report verify report.pdf              whether a report is as the unit signed it
  ampguard update ampguard-0.2.0.raucb           installs it, restarts, and goes back if it does not measure as before
  ampguard enrol --url https://cloud.example     asks for the PIN on the unit's label
  ampguard measure --help                        everything about one command

exit codes: 0 done, 1 failed, 2 a file or an argument must be set right (one sentence on standard error says what)
"""


class Command(Protocol):
    """A module that serves one subcommand."""

    def main(self, arguments: Sequence[str]) -> int:
        """Run with the arguments behind the subcommand's name; returns the exit code. May raise SetupError."""
        ...


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `ampguard`; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] not in COMMANDS:
        parser = _parser()
        parser.parse_args(words)
        parser.print_help()
        return EXIT_SETUP
    try:
        command = cast("Command", importlib.import_module(COMMANDS[words[0]][0]))
        code = command.main(words[1:])
        sys.stdout.flush()
    except SetupError as why:
        return _failed(str(why), EXIT_SETUP)
    except (HardwareFault, JournalFault, UplinkFault) as why:
        return _failed(f"{why.code}: {why}", EXIT_FAULT)
    except BrokenPipeError:
        # `| head` has seen enough. The interpreter flushes stdout once more at exit: give it somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return code


def _failed(sentence: str, code: int) -> int:
    sys.stderr.write(f"ampguard: {' '.join(sentence.split())}\n")
    return code


def _parser() -> argparse.ArgumentParser:
    listed = "\n".join(f"  {name:<14} {what}" for name, (_, what) in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="ampguard",
        description="The open Amp Guard: measures the grid connection of a building.",
        epilog=f"commands:\n{listed}\n\n{EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="ampguard [-h] [--version] COMMAND ...",
    )
    version = importlib.metadata.version("ampguard")
    parser.add_argument("--version", action="version", version=f"ampguard {version}")
    parser.add_argument("command", nargs="?", choices=list(COMMANDS), metavar="COMMAND", help="one of the list below")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
