"""`ampguard-bench`: the bench's command line. `run` shows one unit, `fleet` sends thousands to a broker."""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ampguard.uplink import message
from ampguard_drivers.simulated.scenarios import SCENARIOS
from ampguard_hil.fleet.command import VERSIONS, fleet
from ampguard_hil.fleet.command import Wishes as FleetWishes
from ampguard_hil.fleet.fleet import Wish
from ampguard_hil.run import Wishes, run

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE_ERROR, UNHEARD = 2, 1
HIGHEST_PORT = 65535
MQTT_PORT, MQTTS_PORT = 1883, 8883
MOST_UNITS = 1_000_000
PLAIN_CONNECTS_PER_S, TLS_CONNECTS_PER_S = 500.0, 80.0
"""How fast units come by default: a handshake of TLS takes broker and generator some milliseconds of a core."""


def _above_zero(text: str, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"wanted {what} above 0, met {text}")
    return value


def _time(text: str) -> float:
    return _above_zero(text, "seconds")


def _rate(text: str) -> float:
    return _above_zero(text, "a number")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"wanted a port from 1 to {HIGHEST_PORT}, met {text}")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"wanted a whole number from 0 on, met {text}")
    return int(text)


def _up_to(text: str, most: int) -> int:
    if not text.isdecimal() or not 0 < int(text) <= most:
        raise argparse.ArgumentTypeError(f"wanted a whole number from 1 to {most}, met {text}")
    return int(text)


def _units(text: str) -> int:
    return _up_to(text, MOST_UNITS)


def _batch(text: str) -> int:
    return _up_to(text, message.RECORDS_AT_ONCE)


def _processes(text: str) -> int:
    return _up_to(text, 64)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ampguard-bench",
        description="The bench around a unit.",
        epilog="'run' can be left out: --list names the stories, --scenario solar tells one, run --help says the rest.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    _add_run(commands.add_parser("run", help="a working Amp Guard on simulated hardware, in this terminal"))
    _add_fleet(commands.add_parser("fleet", help="thousands of simulated units at a broker, and what that does to it"))
    return parser


def _add_run(running: argparse.ArgumentParser) -> None:
    running.add_argument(
        "--scenario", default="kettle", metavar="NAME", help="which story to tell (default: kettle; see --list)"
    )
    running.add_argument("--list", action="store_true", help="name the stories and end")
    running.add_argument("--run-s", type=_time, metavar="SECONDS", help="stop after so long (default: Ctrl-C)")
    running.add_argument("--port", type=_port, help="of the broker (default: 1883, or a free one where that is taken)")
    running.add_argument("--plain", action="store_true", help="one line a second instead of a full screen")
    running.add_argument("--seed", type=_seed, default=0, help="another seed is another unit with other tolerances")


def _add_fleet(many: argparse.ArgumentParser) -> None:
    many.description = (
        "Units that send what real ones send: blocks of records in the real form with QoS 1, a last will, keepalive, "
        "and reconnection after a random time. Exit code 0: nobody was lost and everything was acknowledged."
    )
    many.add_argument("units", type=_units, metavar="N", help="how many")
    many.add_argument("--broker", metavar="HOST[:PORT]", help="whose (default: a Mosquitto that is started for it)")
    many.add_argument("--every-s", type=_time, default=10.0, metavar="SECONDS", help="a block of each (default: 10)")
    many.add_argument("--batch", type=_batch, default=10, metavar="N", help="readings in a block (default: 10)")
    many.add_argument(
        "--duration-s", type=_time, default=60.0, metavar="SECONDS", help="measured, once all are there (60)"
    )
    many.add_argument("--mqtt", choices=VERSIONS, default="5", help="version (default: 5)")
    many.add_argument("--live", action="store_true", help="also the newest reading beside each block")
    many.add_argument(
        "--acknowledged", action="store_true", help="also wait for the cloud's word that a block is committed"
    )
    many.add_argument("--tls", action="store_true", help="TLS 1.3, with a certificate and a key for each unit")
    many.add_argument("--ca", type=Path, metavar="FILE", help="of the broker's authority (DIR/authority.crt)")
    many.add_argument(
        "--certificates", type=Path, metavar="DIR",
        help="the units' certificates; made there where they are not (default: only for this run)",
    )  # fmt: skip
    many.add_argument(
        "--connects-per-s", type=_rate, metavar="N",
        help=f"how fast they come (default: {PLAIN_CONNECTS_PER_S:g}, with TLS {TLS_CONNECTS_PER_S:g})",
    )  # fmt: skip
    many.add_argument(
        "--patience-s",
        type=_time,
        default=20.0,
        metavar="SECONDS",
        help="waited for who is late at the beginning, and for what is on its way at the end (default: 20)",
    )
    many.add_argument("--processes", type=_processes, default=2, metavar="N", help="that they live in (default: 2)")
    many.add_argument("--json", action="store_true", help="the report as one JSON object")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0].startswith("-") and words[0] not in {"-h", "--help"}:
        words.insert(0, "run")
    parser = _parser()
    chosen = parser.parse_args(words)
    try:
        code = _fleet(parser, chosen) if chosen.command == "fleet" else _run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output is gone: `head`, for instance
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return UNHEARD
    return code


def _run(chosen: argparse.Namespace) -> int:
    if chosen.list:
        for name in sorted(SCENARIOS):
            print(f"{name:<15} {SCENARIOS[name]().story}")  # noqa: T201 - the program's output
        return 0
    if chosen.scenario not in SCENARIOS:
        print(f"no scenario {chosen.scenario}; there are {', '.join(sorted(SCENARIOS))}", file=sys.stderr)  # noqa: T201 - likewise
        return USAGE_ERROR
    return run(Wishes(chosen.scenario, chosen.run_s, chosen.port, plain=chosen.plain, seed=chosen.seed))


def _fleet(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> int:
    if not chosen.tls and (chosen.ca is not None or chosen.certificates is not None):
        parser.error("--ca and --certificates want --tls")
    if chosen.ca is not None and chosen.broker is None:
        parser.error("--ca wants --broker: our own broker is believed anyway")
    connects_per_s = chosen.connects_per_s or (TLS_CONNECTS_PER_S if chosen.tls else PLAIN_CONNECTS_PER_S)
    wish = Wish(
        units=chosen.units,
        every_s=chosen.every_s,
        batch=chosen.batch,
        committed=chosen.acknowledged,
        live=chosen.live,
        connects_per_s=connects_per_s,
        processes=chosen.processes,
        patience_s=chosen.patience_s,
    )
    return fleet(
        FleetWishes(
            wish=wish,
            duration_s=chosen.duration_s,
            where=None if chosen.broker is None else _where(parser, chosen.broker, tls=chosen.tls),
            mqtt=chosen.mqtt,
            tls=chosen.tls,
            authority=chosen.ca,
            certificates=chosen.certificates,
            as_json=chosen.json,
        )
    )


def _where(parser: argparse.ArgumentParser, text: str, *, tls: bool) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon:
        return text, MQTTS_PORT if tls else MQTT_PORT
    if not host or not port.isdecimal() or not 0 < int(port) <= HIGHEST_PORT:
        parser.error(f"argument --broker: wanted host:port with a port from 1 to {HIGHEST_PORT}, met {text}")
    return host.strip("[]"), int(port)


if __name__ == "__main__":
    raise SystemExit(main())
