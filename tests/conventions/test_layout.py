"""The house stays as it was planned: rooms, sizes, and what is refused at sight."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from statistics import median

from tests.conventions.source import PRODUCT, ROOT, Source, sources

EVERYWHERE = {"/", "/data", "/etc", "/home", "/mnt", "/opt", "/proc", "/run", "/srv", "/sys", "/tmp", "/usr", "/var"}
"""Where a checkout may lie, and what files may name all the same."""
TOP_LEVEL = {
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "firmware",
    "drivers",
    "systemd",
    "image",
    "tests",
    "hil",
}
SOFT_LIMIT, HARD_LIMIT = 250, 400
TABLES = {  # data, not logic: as long as the data are
    "drivers/ampguard_drivers/ade9000/registers.py",
    "drivers/ampguard_drivers/simulated/ade9000/registers.py",
}
REFUSED_MODULES = {"utils", "util", "helpers", "helper", "common", "misc"}


def tracked() -> list[str]:
    return subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()


def test_the_top_level_holds_only_the_planned_rooms() -> None:
    found = {name.split("/", 1)[0] for name in tracked()}
    assert {name for name in found if not name.startswith(".")} <= TOP_LEVEL


def test_unit_files_and_image_are_no_python_packages() -> None:
    assert [name for name in tracked() if re.match(r"(systemd|image)/.*__init__\.py$", name)] == []


def test_half_of_the_modules_are_short() -> None:
    lengths = [len(source.text.splitlines()) for source in sources(*PRODUCT) if source.path.name != "__init__.py"]
    assert median(lengths) <= 160


def test_no_module_outgrows_the_hard_limit() -> None:
    lengths = {source.name: len(source.text.splitlines()) for source in sources(*PRODUCT) if source.name not in TABLES}
    assert {name: lines for name, lines in lengths.items() if lines > HARD_LIMIT} == {}


def test_every_module_says_what_it_is() -> None:
    assert [source.name for source in sources(*PRODUCT) if not (ast.get_docstring(source.tree) or "").strip()] == []


def test_a_package_file_holds_only_its_docstring() -> None:
    packages = [source for source in sources(*PRODUCT) if source.path.name == "__init__.py"]
    assert [source.name for source in packages if len(source.tree.body) != 1] == []


def refused(source: Source) -> list[str]:
    found: list[str] = []
    if source.path.stem in REFUSED_MODULES:
        found.append(f"module name {source.path.stem}")
    for node in ast.walk(source.tree):
        match node:
            case ast.ClassDef(name=name) if name.endswith(("Manager", "Handler")):
                found.append(f"{node.lineno}: class {name}")
            case ast.Assert() if not source.name.startswith("hil/checks/"):  # they are pytest's
                found.append(f"{node.lineno}: assert")
            case ast.Global():
                found.append(f"{node.lineno}: global")
            case ast.FunctionDef(name="__del__"):
                found.append(f"{node.lineno}: __del__")
            case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
                found.append(f"{node.lineno}: time.sleep")
            case ast.Import(names=names) if any(alias.name in {"atexit", "unittest.mock"} for alias in names):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
            case ast.ImportFrom(module=module) if module in {"atexit", "unittest.mock"}:
                found.append(f"{node.lineno}: {ast.unparse(node)}")
            case _:
                pass
    return [f"{source.name}: {one}" for one in found]


def test_nothing_refused_at_sight() -> None:
    assert [one for source in sources(*PRODUCT) for one in refused(source)] == []


def test_what_is_refused_is_seen() -> None:
    text = "import atexit\nclass LineHandler:\n    def __del__(self): time.sleep(1)\n"
    found = refused(Source(ROOT / "firmware" / "utils.py", text, ast.parse(text)))
    assert [one.rpartition(": ")[2] for one in found] == [
        "module name utils", "import atexit", "class LineHandler", "__del__", "time.sleep",
    ]  # fmt: skip


def broad(source: Source) -> int:
    """How often it catches everything."""
    return sum(
        isinstance(node, ast.ExceptHandler) and (node.type is None or "Exception" in ast.unparse(node.type).split("."))
        for node in ast.walk(source.tree)
    )


def test_only_a_service_catches_everything_and_only_once() -> None:
    most = {source.name: 1 if "/services/" in source.name else 0 for source in sources(*PRODUCT)}
    assert [source.name for source in sources(*PRODUCT) if broad(source) > most[source.name]] == []


def test_the_arithmetic_on_arrays_needs_numpy_and_nothing_else() -> None:
    allowed = {"__future__", "typing", "collections", "dataclasses", "functools", "cmath", "math", "numpy"}
    for source in sources("firmware/ampguard/metering/dsp"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or ""]
            else:
                continue
            for module in modules:
                assert module.split(".")[0] in allowed or module.startswith("ampguard.metering.dsp"), (
                    f"{source.name}:{node.lineno}: {module}"
                )


def test_every_dependency_says_who_uses_it() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"]
    named = {entry for entries in [project["dependencies"], *extras.values()] for entry in entries}
    lines = text.splitlines()
    silent = []
    for entry in sorted(named):
        if entry.startswith("ampguard["):
            continue
        index = next(number for number, line in enumerate(lines) if f'"{entry}"' in line)
        if "#" not in lines[index] and "#" not in lines[index - 1]:
            silent.append(entry)
    assert silent == []


def test_every_lint_exception_says_why() -> None:
    pattern = re.compile(r"#\s*(noqa|type:\s*ignore|pyright:\s*ignore)(:?\s*\[[^\]]*\]|:\s*[A-Z0-9, ]+)?\s*$")
    silent = [
        f"{source.name}:{number}"
        for source in sources(*PRODUCT, "tests")
        for number, line in enumerate(source.text.splitlines(), 1)
        if pattern.search(line) and not line.lstrip().startswith('r"')
    ]
    assert silent == []


BINARY = {".png", ".gz", ".xz", ".bin", ".ttf", ".mo"}


def test_no_file_names_a_machine() -> None:
    # where this checkout lies, but for what every system has; and anybody's home
    here = [re.escape(f"{place}/") for place in (ROOT, *ROOT.parents) if str(place) not in EVERYWHERE]
    machine = re.compile("|".join([*here, r"/root/", r"/home/[a-z]+/"]))
    guilty = []
    for name in tracked():
        path = ROOT / name
        if path == ROOT / "tests/conventions/test_layout.py" or path.suffix in BINARY:
            continue
        guilty += [
            f"{name}:{number}" for number, line in enumerate(path.read_text().splitlines(), 1) if machine.search(line)
        ]
    assert guilty == []
