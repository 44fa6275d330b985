"""The file of the load-balancing group: every key, right and wrong, and one sentence for whoever has to mend it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.errors import SetupError
from ampguard.phases import Phase
from ampguard.settings.described import GROUP, Kind, Setting
from ampguard.settings.grid import Device
from ampguard.settings.group import MOST_CHARGERS, GroupSettings, load, parsed, written

PATH = Path("group.toml")
LEAST = 'device = "gG"\nmax_offline_a = 20\n'
ONE = '[[chargers]]\nid = "CP1"\nmax_a = 16\nphases = ["L1", "L2", "L3"]\noffline_a = 6\n'
WHOLE = """
name = "Garage"
description = "Six places"
active = true
supply_max_a = 63
device = "B"
max_online_a = 60.0
max_offline_a = 20
min_a = 8
unbalance_a = 20
dimmable = true
surplus_only = true
port = 9001
tls_port = 9002
free = true
tags = ["04A1B2C3", "x"]

[[chargers]]
id = "2611100001M"
name = "Place 1"
max_a = 16
phases = ["L2", "L3", "L1"]
offline_a = 6
offline_phase = "L3"
included = false
socket = true
priority = 3
key = "secret of the charger"
security = 2
cloud_url = "wss://cloud.example/ocpp"
cloud_key = "secret of the cloud"

[[chargers]]
id = "CP 2"
max_a = 32
phases = ["L1"]
offline_a = 0
"""


def read(text: str) -> GroupSettings:
    found = parsed(PATH, text.encode())
    assert found is not None
    return found


def sentence(text: str | bytes) -> str:
    with pytest.raises(SetupError) as caught:
        parsed(PATH, text if isinstance(text, bytes) else text.encode())
    found = str(caught.value)
    assert found.startswith("group.toml: ")
    assert "\n" not in found
    return found.removeprefix("group.toml: ")


def test_no_file_and_an_empty_one_are_no_group(tmp_path: Path) -> None:
    assert load(tmp_path / "group.toml") is None
    (tmp_path / "group.toml").write_text("\n")
    assert load(tmp_path / "group.toml") is None


def test_everything_can_be_said() -> None:
    found = read(WHOLE)
    assert (found.name, found.description, found.active) == ("Garage", "Six places", True)
    assert (found.supply_max_a, found.device, found.max_online_a, found.max_offline_a) == (63.0, Device.MCB_B, 60.0, 20)
    assert (found.min_a, found.unbalance_a, found.dimmable, found.surplus_only) == (8.0, 20.0, True, True)
    assert (found.port, found.tls_port, found.free, found.tags) == (9001, 9002, True, ("04A1B2C3", "x"))
    one, other = found.chargers
    assert (one.id, one.name, one.max_a, one.phases) == (
        "2611100001M",
        "Place 1",
        16.0,
        (Phase.L2, Phase.L3, Phase.L1),
    )
    assert (one.offline_a, one.offline_phase, one.included, one.socket, one.priority) == (6, Phase.L3, False, True, 3)
    assert (one.key, one.security) == ("secret of the charger", 2)
    assert (one.cloud_url, one.cloud_key) == ("wss://cloud.example/ocpp", "secret of the cloud")
    assert (other.name, other.offline_phase, other.included, other.priority) == ("CP 2", None, True, 1)


def test_what_is_not_told_is_not_assumed() -> None:
    found = read(LEAST)
    assert (found.active, found.supply_max_a, found.max_online_a, found.min_a) == (False, None, None, 6.0)
    assert (found.port, found.tls_port, found.free, found.chargers) == (9000, None, False, ())


def test_secrets_are_not_shown() -> None:
    found = read(WHOLE)
    assert "secret" not in repr(found)
    assert "secret" not in repr(found.chargers[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("max_offline_a = 20", "device: wanted what kind of fuse or circuit breaker the group shares"),
        ('device = "D"\nmax_offline_a = 2', "device: wanted one of gG, B, C, met 'D'"),
        ('device = "gG"', "max_offline_a: wanted what all chargers may draw together while the meter is offline"),
        (LEAST + "phases = 3", "phases: no such setting; there are active, chargers, "),
        (LEAST + 'active = "yes"', "active: wanted true or false, met 'yes'"),
        (LEAST + "supply_max_a = nan", "supply_max_a: wanted a number from 6 to 1000, met nan"),
        (LEAST + "supply_max_a = 5", "supply_max_a: wanted a number from 6 to 1000, met 5"),
        (LEAST + "min_a = 5.9", "min_a: wanted a number from 6 to 32, met 5.9"),
        (LEAST + "max_online_a = inf", "max_online_a: wanted a number from 0 to 1000, met inf"),
        (LEAST + "max_online_a = true", "max_online_a: wanted a number from 0 to 1000, met True"),
        (LEAST + "port = 0", "port: wanted a number from 1 to 65535, met 0"),
        (LEAST + "port = 9000.5", "port: wanted a whole number from 1 to 65535, met 9000.5"),
        (LEAST + "tls_port = 9000", "tls_port: wanted another port than the other one, met 9000"),
        (LEAST + 'tags = "x"', "tags: wanted a list of texts of at most 20 characters, met 'x'"),
        (LEAST + 'tags = ["' + "x" * 21 + '"]', "tags: wanted a list of texts of at most 20 characters"),
        (LEAST + 'name = "a\\nb"', "name: wanted a text of one line, met 'a\\nb'"),
        (LEAST + f'name = "{"x" * 61}"', "name: wanted at most 60 characters, met 61"),
        (LEAST + "chargers = 1", "chargers: wanted tables [[chargers]], met 1"),
        (LEAST + "chargers = [1]", "chargers: wanted a table"),
        (LEAST + ONE * 2, "chargers.id: wanted each once, met 'CP1' twice"),
        (LEAST + ONE + ONE.replace("CP1", "CP2") + 'name = "CP1"', "chargers.name: wanted each once, met 'CP1' twice"),
        (LEAST + "[[chargers]]\nmax_a = 16", "chargers[1].id: wanted the charge point id"),
        (LEAST + '[[chargers]]\nid = "CP1"', "chargers[1].max_a: wanted what charger 'CP1' and its cable may carry"),
        (LEAST + '[[chargers]]\nid = "CP1"\nmax_a = 16', "chargers[1].phases: wanted the phases of charger 'CP1'"),
        (
            LEAST + '[[chargers]]\nid = "CP1"\nmax_a = 16\nphases = ["L1"]',
            "chargers[1].offline_a: wanted what charger 'CP1' falls back to by itself",
        ),
        (LEAST + ONE.replace("CP1", "a/b"), "chargers[1].id: wanted 1 to 48 letters, digits, blanks and *-_=:+|@."),
        (LEAST + ONE.replace("CP1", ".."), "chargers[1].id: wanted 1 to 48 letters"),
        (LEAST + ONE.replace("CP1", "x" * 49), "chargers[1].id: wanted 1 to 48 letters"),
        (LEAST + ONE.replace("CP1", "a\\nb"), "chargers[1].name: wanted a text of one line, met 'a\\nb'"),
        (LEAST + ONE + "max_a = 5", "not TOML: Cannot overwrite a value"),
        (LEAST + ONE.replace("16", "5"), "chargers[1].max_a: wanted a number from 6 to 1000, met 5"),
        (LEAST + ONE.replace('"L2"', '"L4"'), "chargers[1].phases: wanted a list of L1, L2, L3, met"),
        (LEAST + ONE.replace('"L1", "L2", "L3"', ""), "chargers[1].phases: wanted a list of L1, L2, L3, met []"),
        (LEAST + ONE + "priority = 0", "chargers[1].priority: wanted a number from 1 to 10, met 0"),
        (LEAST + ONE + 'key = ""', "chargers[1].key: wanted a password, or nothing at all, met an empty one"),
        (LEAST + ONE + "key = 1", "chargers[1].key: wanted a text in quotation marks, met something else"),
        (LEAST + ONE + "security = 1", "chargers[1].key: wanted a password, which security 1 asks for, met none"),
        (LEAST + ONE + "security = 3", "chargers[1].security: wanted a number from 0 to 2, met 3"),
        (
            LEAST + ONE + 'security = 2\nkey = "x"',
            "tls_port: wanted a port for charger CP1, whose security is 2, met none",
        ),
        (
            LEAST + ONE.replace("CP1", "a:b") + 'key = "x"',
            "chargers[1].id: wanted none with a colon where there is a key",
        ),
        (
            LEAST + ONE + 'cloud_url = "https://cloud.example"',
            "chargers[1].cloud_url: wanted an address, ws://... or wss://..., met 'https://cloud.example'",
        ),
        (LEAST + ONE + 'offline_phase = "N"', "chargers[1].offline_phase: wanted one of L1, L2, L3, met 'N'"),
        (b"\xff", "cannot be read: 'utf-8' codec"),
        ("name = [", "not TOML: "),
    ],
)
def test_each_wrong_value_is_answered_with_one_sentence(text: str | bytes, said: str) -> None:
    assert sentence(text).startswith(said)


@pytest.mark.parametrize("url", ["ws://", "ws:///x", "wss://h:0", "wss://h:x", "ws://[", "ws://h?x=1", "ws://h#x",
                                 "ws://a@h", "ws://h h", "ws://ë", "h", ""])  # fmt: skip
def test_addresses_of_clouds_that_are_none(url: str) -> None:
    assert sentence(LEAST + ONE + f'cloud_url = "{url}"').startswith("chargers[1].cloud_url: ")


def test_there_is_an_end_of_chargers() -> None:
    many = "".join(ONE.replace("CP1", f"CP{number}") for number in range(MOST_CHARGERS))
    assert len(read(LEAST + many).chargers) == MOST_CHARGERS
    assert sentence(LEAST + many + ONE.replace("CP1", "X")) == "chargers: wanted at most 50, met 51"


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_became_of_the_file_there_is_a_group_or_one_sentence(data: st.DataObject) -> None:
    whole = WHOLE.encode()
    place = data.draw(st.integers(0, len(whole)))
    gone = data.draw(st.integers(0, 30))
    put = data.draw(st.one_of(
        st.binary(max_size=8), st.text(max_size=8).map(lambda text: text.encode(errors="replace")),
        st.sampled_from([b"1e999", b"nan", b"-", b"[[", b'""', b"9" * 5000, b"\\n", b"[]", b"{}", b"\n[x]\n"]),
    ))  # fmt: skip
    content = whole[:place] + put + whole[place + gone :]
    with contextlib.suppress(SetupError):
        assert parsed(PATH, content) is not None
        return
    sentence(content)


LINES = st.text(st.characters(codec="utf-8").filter(str.isprintable), max_size=12)


def _values(one: Setting) -> st.SearchStrategy[object]:
    return {
        Kind.NUMBER: st.floats(one.least, one.most),
        Kind.WHOLE: st.integers(round(one.least or 0), round(one.most or 0)),
        Kind.FLAG: st.booleans(),
        Kind.TEXT: LINES,
        Kind.CHOICE: st.sampled_from(one.choices or ("",)),
        Kind.CHOICES: st.lists(st.sampled_from(one.choices or ("",)), min_size=1, unique=True),
        Kind.TEXTS: st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=20), max_size=3),
    }[one.kind]


SPECIAL: dict[str, st.SearchStrategy[object]] = {
    "description": st.text(st.characters(codec="utf-8"), max_size=20),
    "chargers.key": st.text(st.characters(codec="utf-8"), min_size=1, max_size=20),
    "chargers.cloud_url": st.sampled_from(["ws://h", "wss://h:9/x"]),
    "chargers.security": st.sampled_from([0]),
    "chargers.capi_url": st.sampled_from(["https://h", "http://127.0.0.1:9/x"]),
    **dict.fromkeys(("chargers.capi_email", "chargers.capi_password", "chargers.capi_key"), LINES.filter(bool)),
}


def _tables(within: str, least: set[str]) -> st.SearchStrategy[dict[str, object]]:
    found: dict[str, st.SearchStrategy[object]] = {}
    for key, one in GROUP.items():
        if key.rpartition(".")[0] == within:
            values = SPECIAL.get(key, _values(one))
            found[key.rpartition(".")[2]] = values if key in least else st.one_of(st.none(), values)
    return st.fixed_dictionaries(found)


@settings(max_examples=150, deadline=None)
@given(
    _tables("", {"device", "max_offline_a"}),
    st.lists(_tables("chargers", {"chargers.max_a", "chargers.phases", "chargers.offline_a"}), max_size=3),
)
def test_what_is_written_is_read_again(told: dict[str, object], chargers: list[dict[str, object]]) -> None:
    for number, one in enumerate(chargers, 1):
        one.update(id=f"CP{number}", name=None)
        if one["capi_url"] is not None:
            one.update(key=None, cloud_url=None)
            one.update({key: one[key] or "x" for key in ("capi_email", "capi_password", "capi_key")})
    if told["tls_port"] == (told["port"] or 9000):
        told["tls_port"] = None
    found = parsed(PATH, written({**told, "chargers": chargers}))
    assert found is not None
    defaults = read(LEAST)
    for key, value in told.items():
        met = getattr(found, key)
        assert met == (getattr(defaults, key) if value is None else tuple(value) if isinstance(value, list) else value)
    assert len(found.chargers) == len(chargers)
    for one, charger in zip(chargers, found.chargers, strict=True):
        for key, value in one.items():
            if value is not None:
                assert getattr(charger, key) == (tuple(cast("list[str]", value)) if isinstance(value, list) else value)


API = {"capi_url": "https://api.example", "capi_email": "a@b", "capi_password": "p", "capi_key": "k"}


@pytest.mark.parametrize(("changed", "said"), [
    ({"capi_url": "http://api.example"}, "chargers[1].capi_url: wanted an address, https://..."),
    ({"capi_url": "https://a:b@api.example"}, "chargers[1].capi_url: wanted an address"),
    ({"capi_key": None}, "chargers[1].capi_key: wanted what the makers' API asks for"),
    ({"capi_email": ""}, "chargers[1].capi_email: wanted"),
    ({"key": "secret"}, "chargers[1].capi_url: wanted either the makers' API or OCPP, met both"),
    ({"cloud_url": "wss://h"}, "chargers[1].capi_url: wanted either the makers' API or OCPP, met both"),
])  # fmt: skip
def test_the_makers_api_gets_passwords_only_where_nobody_else_reads_them(changed: dict[str, object], said: str) -> None:
    one = {"id": "1M", "max_a": 16.0, "phases": ["L1"], "offline_a": 6.0, **API}
    told = {"device": "gG", "max_offline_a": 20.0}
    for url in (API["capi_url"], "http://127.0.0.1:80", "http://localhost"):
        found = parsed(PATH, written({**told, "chargers": [one | {"capi_url": url}]}))
        assert found is not None
        assert found.chargers[0].capi_url == url
        assert "'p'" not in repr(found)
    with pytest.raises(SetupError) as why:
        parsed(PATH, written({**told, "chargers": [one | changed]}))
    assert said in str(why.value)
