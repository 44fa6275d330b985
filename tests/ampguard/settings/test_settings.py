"""The settings file: every key, right and wrong, and one clear sentence for whoever has to mend it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ampguard.errors import SetupError
from ampguard.phases import Phase, Phases
from ampguard.settings.commands import CommandName
from ampguard.settings.destinations import MqttSettings
from ampguard.settings.places import Places
from ampguard.settings.settings import GridType, Settings, load


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", frozenset()),
        ("[commands]", frozenset()),
        ("[commands]\nallow = []", frozenset()),
        ('[commands]\nallow = ["ping", "resend"]', frozenset({CommandName.PING, CommandName.RESEND})),
    ],
)
def test_commands_are_off_unless_they_are_allowed(path: Path, text: str, allowed: frozenset[CommandName]) -> None:
    assert loaded(path, text).commands == allowed


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("commands = 1", "commands: wanted a table"),
        ("[commands]\nallow = true", "commands.allow: wanted a list of ping, identify, resend, report"),
        ('[commands]\nallow = ["reboot"]', "commands.allow: wanted a list of"),
        ("[commands]\nallow = [[]]", "commands.allow: wanted a list of"),
        ("[commands]\ndeny = []", "commands.deny: no such setting"),
    ],
)
def test_commands_that_are_none(path: Path, text: str, key: str) -> None:
    assert sentence(path, text).startswith(key)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def loaded(path: Path, text: str) -> Settings:
    path.write_text(text, encoding="utf-8")
    return load(path)


def sentence(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SetupError) as caught:
        load(path)
    found = str(caught.value)
    assert found.startswith(f"{path}: ")
    assert "\n" not in found
    return found.removeprefix(f"{path}: ")


def test_no_file_is_a_unit_that_nobody_has_set_up(path: Path) -> None:
    assert load(path) == Settings()
    assert loaded(path, "") == Settings()
    assert Settings() == Settings(None, GridType.THREE_PHASE, None, None, None, None, None)


def test_everything_can_be_said(path: Path) -> None:
    text = """
    main_fuse_a = 63
    grid_type = "it"
    generation_on_site = true
    nominal_voltage_v = 230.0
    nominal_frequency_hz = 50
    voltage_terminals = ["L1", "L2", "L3"]
    [mqtt]
    host = "broker.example"
    port = 8883
    username = "unit"
    password = "sëcret"
    tls_ca_file = "/etc/ca.pem"
    """
    broker = MqttSettings("broker.example", 8883, "unit", "sëcret", "/etc/ca.pem")
    assert loaded(path, text) == Settings(63.0, GridType.IT, True, 230.0, 50.0, frozenset(Phase), broker)  # noqa: FBT003 - all fields


RIGHT = [
    ("main_fuse_a = 1", "main_fuse_a", 1.0),
    ("main_fuse_a = 1000.0", "main_fuse_a", 1000.0),
    ('grid_type = "three-phase"', "grid_type", GridType.THREE_PHASE),
    ('grid_type = "single-phase"', "grid_type", GridType.SINGLE_PHASE),
    ('grid_type = "split-phase"', "grid_type", GridType.SPLIT_PHASE),
    ("generation_on_site = false", "generation_on_site", False),
    ("nominal_voltage_v = 50", "nominal_voltage_v", 50.0),
    ("nominal_voltage_v = 400", "nominal_voltage_v", 400.0),
    ("nominal_frequency_hz = 60", "nominal_frequency_hz", 60.0),
    ('voltage_terminals = ["L1"]', "voltage_terminals", frozenset({Phase.L1})),
    ('voltage_terminals = ["L3", "L1", "L1"]', "voltage_terminals", frozenset({Phase.L1, Phase.L3})),
    ('mqtt = {host = "h"}', "mqtt", MqttSettings("h")),
    ('mqtt = {host = "h", port = 1}', "mqtt", MqttSettings("h", 1)),
    ('mqtt = {host = "h", port = 65535}', "mqtt", MqttSettings("h", 65535)),
]


@pytest.mark.parametrize(("text", "key", "value"), RIGHT)
def test_each_key_right(path: Path, text: str, key: str, value: object) -> None:
    assert getattr(loaded(path, text), key) == value


@pytest.mark.parametrize(
    ("key", "limits"),
    [
        ("main_fuse_a", "from 1 to 1000"),
        ("nominal_voltage_v", "from 50 to 400"),
        ("nominal_frequency_hz", "from 50 to 60"),
    ],
)
@pytest.mark.parametrize(
    "value", ["0", "-1", "1e9", "nan", "inf", "-inf", "true", '"63"', "[63]", "{a = 1}", "2026-01-01"]
)
def test_a_number_that_is_none_or_out_of_its_limits(path: Path, key: str, limits: str, value: str) -> None:
    found = sentence(path, f"{key} = {value}")
    assert found.startswith(f"{key}: wanted a number {limits}, met ")


@pytest.mark.parametrize("value", ['"L1"', "[]", "1", "true", '["L4"]', '["l1"]', "[1]", '[["L1"]]', '["L1", 2]', "{}"])
def test_voltage_terminals_that_are_none(path: Path, value: str) -> None:
    assert sentence(path, f"voltage_terminals = {value}").startswith("voltage_terminals: wanted a list of L1, L2, L3")


@pytest.mark.parametrize(
    ("others", "terminals"),
    [
        ("generation_on_site = true", '["L1"]'),
        ("generation_on_site = true", '["L1", "L2"]'),
        ('grid_type = "it"', '["L1"]'),
        ('grid_type = "it"\ngeneration_on_site = true', '["L1", "L2"]'),
        ('grid_type = "single-phase"', '["L2"]'),
        ('grid_type = "single-phase"', '["L1", "L2"]'),
        ('grid_type = "split-phase"', '["L1"]'),
    ],
)
def test_voltage_terminals_that_do_not_suffice(path: Path, others: str, terminals: str) -> None:
    assert sentence(path, f"{others}\nvoltage_terminals = {terminals}").startswith("voltage_terminals: ")


def test_what_an_installation_has() -> None:
    alone = Settings(grid_type=GridType.SINGLE_PHASE, nominal_voltage_v=230.0)
    assert alone.phases == alone.wired_voltages == Phases(l1=True, l2=False, l3=False)
    assert alone.star_voltage_v == 230.0
    one_wire = Settings(voltage_terminals=frozenset({Phase.L2}))
    assert (one_wire.phases, one_wire.wired_voltages) == (
        Phases.all_of(value=True),
        Phases(l1=False, l2=True, l3=False),
    )
    assert Settings(grid_type=GridType.IT).star_voltage_v is None


def test_without_a_neutral_two_terminals_are_one_voltage(path: Path) -> None:
    text = 'grid_type = "it"\nnominal_voltage_v = 230\n'
    whole, pair = loaded(path, text), loaded(path, f'{text}voltage_terminals = ["L3", "L1"]')
    assert (whole.voltage_pair, pair.voltage_pair) == (None, (Phase.L1, Phase.L3))
    assert pair.wired_voltages == Phases(l1=True, l2=False, l3=True)
    assert whole.star_voltage_v == whole.input_voltage_v == pair.star_voltage_v == pytest.approx(132.79, abs=0.01)
    assert pair.input_voltage_v == 115.0
    mended = f'{text}voltage_terminals = ["L1", "L2"]\n[wiring.voltages]\nl1 = "L1"\nl2 = "L3"\nl3 = "L2"\n'
    clamps = '[wiring.clamps]\nl1 = "L1"\nl2 = "L2"\nl3 = "L3"\n'
    assert loaded(path, mended + clamps).voltage_pair == (Phase.L1, Phase.L3)
    with_neutral = loaded(path, 'voltage_terminals = ["L1", "L2"]')
    assert with_neutral.voltage_pair is None


@pytest.mark.parametrize("value", ["0", "65536", "-1", "1883.5", '"1883"', "true", "nan"])
def test_a_port_that_is_none(path: Path, value: str) -> None:
    found = sentence(path, f'mqtt = {{host = "h", port = {value}}}')
    assert found.startswith("mqtt.port: wanted a ")
    assert found.endswith(f"met {value.replace(chr(34), chr(39)).replace('true', 'True')}")


@pytest.mark.parametrize("value", ['""', '"IT"', '"two-phase"', "1", "true", "[]"])
def test_a_grid_type_that_is_none(path: Path, value: str) -> None:
    assert sentence(path, f"grid_type = {value}").startswith("grid_type: wanted ")


@pytest.mark.parametrize("value", ["0", "1", '"true"', '"yes"', "[]"])
def test_a_yes_or_no_that_is_neither(path: Path, value: str) -> None:
    assert sentence(path, f"generation_on_site = {value}").startswith("generation_on_site: wanted ")


@pytest.mark.parametrize("value", ['"h"', "1", "[]", "false", '[{host = "h"}]', "0.0"])
def test_a_broker_that_is_no_table(path: Path, value: str) -> None:
    assert sentence(path, f"mqtt = {value}").startswith("mqtt: wanted a table [mqtt], met ")


@pytest.mark.parametrize("text", ["[mqtt]", "[mqtt]\nport = 1883", '[mqtt]\nhost = ""', "mqtt = {}"])
def test_a_broker_without_a_name(path: Path, text: str) -> None:
    assert sentence(path, text) == "mqtt.host: wanted the broker's name or address, met nothing"


@pytest.mark.parametrize("key", ["host", "username", "password", "tls_ca_file"])
@pytest.mark.parametrize("value", ["1", "true", "[]", "{}"])
def test_a_text_that_is_none(path: Path, key: str, value: str) -> None:
    others = "" if key == "host" else 'host = "h"\n'
    assert sentence(path, f"[mqtt]\n{others}{key} = {value}").startswith(f"mqtt.{key}: wanted ")


def test_a_key_that_is_none_is_named_with_those_there_are(path: Path) -> None:
    found = sentence(path, "main_fuse = 63")
    assert found.startswith("main_fuse: no such setting; there are ")
    assert "main_fuse_a" in found
    found = sentence(path, '[mqtt]\nhost = "h"\nuser = "x"')
    assert found.startswith("mqtt.user: no such setting; there are ")
    assert "username" in found


def test_a_key_of_several_lines_does_not_break_the_sentence(path: Path) -> None:
    assert "no such setting" in sentence(path, '"a\\nb" = 1')


@pytest.mark.parametrize("text", ["main_fuse_a 63", "= 1", "main_fuse_a = ", "[mqtt", "a = 1\na = 2", "\x00"])
def test_what_is_not_toml_is_said_with_its_line(path: Path, text: str) -> None:
    assert sentence(path, text).startswith("not TOML: ")


@pytest.mark.parametrize("content", [b"\xff\xfe", b"main_fuse_a = 63 # \xe4", b"\x80" * 100])
def test_what_is_not_utf_8(path: Path, content: bytes) -> None:
    assert sentence(path, content).startswith("cannot be read: ")


HUGE = [
    "main_fuse_a = " + "9" * 5000,
    "main_fuse_a = 0x" + "f" * 5000,
    "x = " + "[" * 5000,
    "x = " + "[" * 5000 + "]" * 5000,
]
HUGE += [".".join("a" * 5000) + " = 1", "x = " + "{a=" * 3000, "main_fuse_a = 1e99999", "x = 9999-99-99"]


@pytest.mark.parametrize("text", HUGE, ids=range(len(HUGE)))
def test_absurd_content_is_still_the_owners_error(path: Path, text: str) -> None:
    sentence(path, text)


def test_a_folder_in_its_place(path: Path) -> None:
    path.mkdir()
    with pytest.raises(SetupError, match="cannot be read"):
        load(path)


VALUES = st.sampled_from(
    ["1", "63.0", "nan", '"it"', '"h"', "true", "[1]", "{host = 'h'}", "{}", "07:32:00", "0x1f", "'"]
)
KEYS = st.sampled_from(
    [
        "main_fuse_a",
        "grid_type",
        "generation_on_site",
        "nominal_voltage_v",
        "nominal_frequency_hz",
        "mqtt",
        "mqtt.host",
        "mqtt.port",
        "x",
    ]
)
LINES = st.lists(st.tuples(KEYS, VALUES).map(" = ".join) | st.just("[mqtt]") | st.text(max_size=20), max_size=6)


@settings(deadline=None, max_examples=300)
@given(LINES.map("\n".join) | st.text(max_size=60))
def test_whatever_the_text_it_is_settings_or_the_owners_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("settings") / "settings.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(SetupError):
        found = load(path)
        assert found.main_fuse_a is None or 1.0 <= found.main_fuse_a <= 1000.0
        assert found.mqtt is None or found.mqtt.host


def test_places_come_from_the_environment_or_are_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AMPGUARD_DATA", "AMPGUARD_RUN", "AMPGUARD_BOARD"):
        monkeypatch.delenv(name, raising=False)
    places = Places.from_environment()
    assert (places.settings, places.journal) == (
        Path("/var/lib/ampguard/settings.toml"),
        Path("/var/lib/ampguard/journal.sqlite"),
    )
    assert (places.live_feed, places.board) == (Path("/run/ampguard/live.sock"), None)
    monkeypatch.setenv("AMPGUARD_DATA", "d")
    monkeypatch.setenv("AMPGUARD_RUN", "r")
    monkeypatch.setenv("AMPGUARD_BOARD", "b.toml")
    places = Places.from_environment()
    assert (places.journal, places.uplink_feed) == (Path("d/journal.sqlite"), Path("r/uplink.sock"))
    assert places.board == Path("b.toml")
    monkeypatch.setenv("AMPGUARD_BOARD", "")
    assert Places.from_environment().board is None


def test_a_split_phase_has_two_phases() -> None:
    split = Settings(grid_type=GridType.SPLIT_PHASE, nominal_voltage_v=120.0)
    assert (split.phases, split.wired_voltages) == (Phases(l1=True, l2=True, l3=False),) * 2
    assert split.star_voltage_v == 120.0
