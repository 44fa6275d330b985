"""Compiling the preloaded library (`shim.c`) with the machine's C compiler, once for each version of it."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from importlib import resources
from pathlib import Path

FLAGS = (
    "-std=gnu11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-shared",
    "-fPIC",
    "-U_FORTIFY_SOURCE",  # its inline open() and read() would stand in the way of ours
    "-D_FORTIFY_SOURCE=0",
)
LIBRARIES = ("-ldl", "-lpthread")


class BuildError(Exception):
    """The library cannot be compiled; the sentence says what to do."""


def cache() -> Path:
    """Where compiled things are kept: outside of the tree, `$XDG_CACHE_HOME/ampguard/wire`."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "ampguard" / "wire"


def build(folder: Path | None = None, package: str = "ampguard_hil.wire", name: str = "shim") -> Path:
    """The compiled library, from the cache if this version was compiled before. Raises BuildError.

    `package`, `name`: where else a library to be preloaded has its source.
    """
    source = resources.files(package).joinpath(f"{name}.c").read_bytes()
    mark = hashlib.sha256(b"\0".join([source, " ".join(FLAGS).encode(), platform.machine().encode()])).hexdigest()[:16]
    folder = cache() if folder is None else folder
    library = folder / f"{name}-{mark}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _compile(source, library)
    return library


def _compile(source: bytes, library: Path) -> None:
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise BuildError('a C compiler ("cc") is needed to put a simulated board behind device files: apt install gcc')
    with tempfile.TemporaryDirectory(dir=library.parent) as workshop:
        text, made = Path(workshop, "shim.c"), Path(workshop, "shim.so")
        text.write_bytes(source)
        command = [compiler, *FLAGS, "-o", str(made), str(text), *LIBRARIES]
        compiled = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell, own words
        if compiled.returncode:
            raise BuildError(f"{' '.join(command)} failed:\n{compiled.stderr}")
        made.replace(library)  # at once, so that two who build at the same time both find a whole one
