"""Whether a bundle is one for this unit: what RAUC compares again, for the sentence; and what data it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ampguard.errors import SetupError
from ampguard.update import dataform
from ampguard.update.refusal import Kind, RefusedError
from ampguard.update.release import order

if TYPE_CHECKING:
    from ampguard.update.rauc import Bundle
    from ampguard.update.release import Release


def check(bundle: Bundle, release: Release, own: dataform.Forms = dataform.OWN) -> None:
    """`own`: what the software that runs writes and reads. Raises RefusedError."""
    if bundle.compatible != release.compatible:
        raise RefusedError(Kind.OTHER_BOARD, f"wanted {release.compatible}, met {bundle.compatible[:80]}")
    if is_older(bundle, release):
        raise RefusedError(Kind.OLDER, f"{bundle.version}, and {release.version} runs")
    forms = dataform.told(bundle.build)
    if forms is None:
        raise RefusedError(Kind.DAMAGED, f"wanted what data it writes and reads, met {bundle.build[:80]!a}")
    if not own.swaps_with(forms):
        raise RefusedError(Kind.BETWEEN, f"it: {forms}, what runs: {own}")


def is_older(bundle: Bundle, release: Release) -> bool:
    """Than what runs. Raises RefusedError."""
    try:
        return order(bundle.version) < order(release.version)
    except SetupError as why:
        raise RefusedError(Kind.DAMAGED, str(why)) from why
