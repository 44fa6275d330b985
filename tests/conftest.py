"""For all tests: where CI is set, properties are tried on the same examples each time; elsewhere on new ones.

AMPGUARD_FEW_EXAMPLES is for a second run of the same tests, on another Python: that is looked at, not the property.
"""

from __future__ import annotations

import os
import signal

from hypothesis import settings

# Whoever is started in the background of a shell ignores Ctrl-C, and so do all processes that it starts: those that are
# tested are to obey it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
FEW = 10
settings.register_profile("examples", deadline=None)  # a machine that others use is slow at any time
settings.register_profile("same-examples", derandomize=True, deadline=None)
settings.register_profile("few-examples", derandomize=True, deadline=None, max_examples=FEW)
if os.environ.get("AMPGUARD_FEW_EXAMPLES"):
    settings.load_profile("few-examples")
else:
    settings.load_profile("same-examples" if os.environ.get("CI") else "examples")
