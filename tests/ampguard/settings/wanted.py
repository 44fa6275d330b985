"""Settings files as owners write them, and what is wanted of them."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from ampguard.phases import Phase
from ampguard.settings.commands import CommandName
from ampguard.settings.described import SETTINGS, Kind, Setting
from ampguard.settings.values import Value

OWNERS = """\
# Smith, cellar

main_fuse_a    = 63.0 # as on the fuse
generation_on_site = false
[mqtt]   # ours
host = "broker.example"
# password = "old one"
password = "secret"

[commands]
allow = [
  "ping",   # they ask every hour
]
"""
WIRINGS = [
    "",
    "[wiring]\n",
    '[wiring.clamps]\nl1 = "L2"\nl2 = "L1"\n',
    '[wiring]\nclamps = {l1 = "L2", l2 = "L1"}\n',
    '[wiring.voltages]\nl3 = "L3"\n\n[wiring.clamps]\n',
    '[wiring] # why: see the letter\n# moved\nclamps.l1 = "L2"\nclamps.l2 = "L1" # swapped\n',
    '[wiring]\nclamps = {l1 = "L2", l2 = "L1"} # swapped\n\n# what comes now:\n',
]


def _with(wiring: str, newline: str) -> str:
    return OWNERS.replace("[mqtt]", f"{wiring}[mqtt]").replace("\n", newline)


texts = st.one_of(
    st.sampled_from(["", "# nothing yet\n", 'grid_type = "it"', "main_fuse_a = 25\n\n\n# the end"]),
    st.builds(_with, st.sampled_from(WIRINGS), st.sampled_from(["\n", "\r\n"])),
)


def _rounded(value: float) -> float:
    return round(value, 3)


def _values(setting: Setting) -> st.SearchStrategy[Value]:
    match setting.kind:
        case Kind.NUMBER:
            return st.floats(setting.least, setting.most).map(_rounded)
        case Kind.WHOLE:
            return st.integers(round(setting.least or 0), round(setting.most or 0))
        case Kind.FLAG:
            return st.booleans()
        case Kind.CHOICE:
            return st.sampled_from(setting.choices)
        case Kind.CHOICES:
            least = 0 if setting.may_be_empty else 1
            return st.lists(st.sampled_from(setting.choices), min_size=least, unique=True).map(tuple)
        case _:
            return st.text("abc ë\\\"'=[]\n\t", min_size=1, max_size=8)


def _wired(order: list[Phase], turned: tuple[bool, ...], host: str) -> dict[str, Value | None]:
    clamps = zip(Phase, order, turned, strict=True)
    wired: dict[str, Value | None] = {
        f"wiring.clamps.{phase.lower()}": f"{other} reversed" if turn else other.value for phase, other, turn in clamps
    }
    return wired | {"mqtt.host": host, "commands.allow": (CommandName.PING.value,)}


def _one(setting: Setting) -> st.SearchStrategy[dict[str, Value | None]]:
    return st.fixed_dictionaries({setting.key: st.one_of(st.none(), _values(setting))})


_none: st.SearchStrategy[Value | None] = st.none()
changes: st.SearchStrategy[Mapping[str, Value | None]] = st.one_of(
    st.dictionaries(st.sampled_from(list(SETTINGS)), _none, min_size=1, max_size=3),
    st.sampled_from(list(SETTINGS.values())).flatmap(_one),
    st.builds(
        _wired, st.permutations(list(Phase)), st.tuples(*[st.booleans()] * 3), st.sampled_from(["a", "b.example"])
    ),
)
"""Most of them can be made, some cannot."""
