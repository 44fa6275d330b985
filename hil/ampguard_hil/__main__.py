"""`python -m ampguard_hil`: the bench's command line, `ampguard-bench`."""

from __future__ import annotations

from ampguard_hil.bench import main

__all__ = ["main"]

if __name__ == "__main__":
    raise SystemExit(main())
