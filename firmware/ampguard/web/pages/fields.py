"""One setting in a form: what it is called, and by which control it is set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ampguard.settings.described import Kind

if TYPE_CHECKING:
    from ampguard.settings.described import Setting
    from ampguard.web.pages.labels import Label


@dataclass(frozen=True, slots=True)
class Field:
    """One of them."""

    setting: Setting
    label: Label
    control: str
    """What `fields.html` makes of it."""
    offered: tuple[tuple[str, str], ...] = ()
    """Usual values, and the grid types that they are usual for; "": for all. Nothing is filled in by itself."""

    @property
    def id(self) -> str:
        """In the page."""
        return "set-" + self.setting.key.replace(".", "-").replace("_", "-")


_CONTROLS = {
    "grid_type": "grids",
    "generation_on_site": "answer",
    "voltage_terminals": "some",
    "chargers.phases": "order",
}
"""Where the kind alone does not tell."""
_OF_KINDS = {
    Kind.NUMBER: "number",
    Kind.WHOLE: "number",
    Kind.FLAG: "flag",
    Kind.TEXT: "text",
    Kind.FILE: "file",
    Kind.CHOICE: "choice",
    Kind.CHOICES: "words",
    Kind.TEXTS: "texts",
}


def field(setting: Setting, label: Label, offered: tuple[tuple[str, str], ...] = ()) -> Field:
    """As its kind wants it."""
    control = "secret" if setting.secret else _CONTROLS.get(setting.key) or _OF_KINDS[setting.kind]
    return Field(setting, label, control, offered)
