"""A command of our own in a process of its own: what is heavy, or seldom wanted, never loads in the one that asks."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from dataclasses import dataclass

from ampguard.errors import SetupError

COMMAND = (sys.executable, "-m", "ampguard.services.cli")
MOST_BYTES = 1 << 16
"""Of what it says; more is read and forgotten."""
_PIECE = 1 << 14


@dataclass(frozen=True, slots=True)
class Said:
    """How it ended."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The last one on standard error, without the command's name."""
        lines = [line.strip() for line in self.err.splitlines() if line.strip()]
        return lines[-1].removeprefix("ampguard: ") if lines else f"it ended with {self.code}"


async def ran(command: tuple[str, ...], limit_s: float, most_bytes: int = MOST_BYTES, *, told: bytes = b"") -> Said:
    """Run to its end, without a shell; killed where it takes too long. Raises SetupError: it did not end by itself.

    `told`: what stands on its standard input.
    """
    try:
        child = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE if told else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except (OSError, ValueError) as why:
        raise SetupError(f"wanted to start {command[0]}, met: {why}") from why
    try:
        async with asyncio.timeout(limit_s):
            out, err, _, code = await asyncio.gather(
                _read(child.stdout, most_bytes), _read(child.stderr, MOST_BYTES), _tell(child.stdin, told), child.wait()
            )
    except TimeoutError as why:
        raise SetupError(f"wanted {command[0]} to end within {limit_s:.0f} s, met a process that runs on") from why
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    return Said(code, out, err)


async def _tell(stream: asyncio.StreamWriter | None, told: bytes) -> None:
    if stream is None:
        return
    with contextlib.suppress(ConnectionError):  # it ended before it had heard all: its words say why
        stream.write(told)
        await stream.drain()
    stream.close()


async def _read(stream: asyncio.StreamReader | None, most_bytes: int) -> str:
    found = b""
    while stream is not None and (piece := await stream.read(_PIECE)):
        found += piece[: max(most_bytes - len(found), 0)]
    return found.decode(errors="replace")
