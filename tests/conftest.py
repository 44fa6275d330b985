"""For all tests: where CI is set, properties are tried on the same examples each time; elsewhere on new ones."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same-examples", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("same-examples")
