"""A PIN compared in a process of its own: for a second it takes 8 MB, more than the web has to spare.

The web asks (`compared`); `python -m ampguard.services.web_pin` answers. Only its exit code `FITS` lets anybody in.
"""

from __future__ import annotations

import subprocess
import sys

from ampguard.errors import SetupError
from ampguard.web.access.pin import LONGEST_TYPED, PinHash, read

FITS, DIFFERS = 0, 3
"""Exit codes; all others say that nothing was compared."""
LIMIT_S = 30.0
"""A small Pi that does something else at the same time needs some seconds."""
_COMMAND = (sys.executable, "-m", "ampguard.services.web_pin")
_MOST_BYTES = 1024


def compared(wanted: PinHash, typed: str, command: tuple[str, ...] = _COMMAND) -> bool:
    """Whether that is the PIN. Blocks. Raises SetupError: it cannot be compared now."""
    told = f"{wanted.as_bytes().hex()}\n{typed[:LONGEST_TYPED]}".encode(errors="surrogatepass")
    try:
        done = subprocess.run(command, input=told, capture_output=True, timeout=LIMIT_S, check=False)  # noqa: S603 - ours
    except (OSError, subprocess.TimeoutExpired) as why:
        raise SetupError(f"wanted to compare a PIN, met: {why}") from why
    if done.returncode not in {FITS, DIFFERS}:
        raise SetupError(f"wanted to compare a PIN, met a process that ended with {done.returncode}")
    return done.returncode == FITS


def main() -> int:
    """Of what stands on standard input: the hash, and in the next line what was typed."""
    wanted, _, typed = sys.stdin.buffer.read(_MOST_BYTES).partition(b"\n")
    found = read(bytes.fromhex(wanted.decode("ascii")))
    return FITS if found.is_of(typed.decode(errors="surrogatepass")) else DIFFERS


if __name__ == "__main__":
    raise SystemExit(main())
