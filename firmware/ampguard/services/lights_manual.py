"""`python -m ampguard.services.lights_manual` prints `firmware/LIGHTS.md`: lights, button, factory reset."""

from __future__ import annotations

import sys

from ampguard.indication.manual import button, lights
from ampguard.services.factory_reset_table import as_markdown

TEXT = """\
# Lights, button, factory reset

Made from the tables that the firmware runs by: `python -m ampguard.services.lights_manual > firmware/LIGHTS.md`.

## Lights

{lights}
## Button

Nothing happens before the button is let go. A hold shows what is to come; who went too far holds on until the way out.

{button}
## Factory reset

Asked for at the button or on the page, done while the unit starts. After a power cut on the way it is begun anew.

{reset}"""


def text() -> str:
    """The whole file."""
    return TEXT.format(lights=lights(), button=button(), reset=as_markdown())


if __name__ == "__main__":
    sys.stdout.write(text())
