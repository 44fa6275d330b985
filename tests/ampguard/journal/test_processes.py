"""The journal between processes: killed writers, readers at the same time, and a medium that is full."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ampguard.journal.reader import JournalReader
from ampguard.journal.writer import JournalWriter

ROOT = Path(__file__).parents[3]
BEGIN = """
import sys, json, random, resource
from pathlib import Path
from ampguard.errors import JournalFault
from ampguard.journal.reader import JournalReader
from ampguard.journal.writer import JournalWriter
from tests.ampguard.journal.made import reading
path = Path(sys.argv[1])
"""
WRITE_FOR_EVER = """
writer, number = JournalWriter(path), 0
while True:
    number += 1
    writer.append([reading(number, boot=sys.argv[2])])
    if number % 40 == 0:
        writer.sync()
    print(number, flush=True)
"""
READ_UNTIL = """
import time
seen = 0
while seen < int(sys.argv[2]):
    try:
        found = [one.sequence for one in JournalReader(path).readings(0, 100000)]
    except JournalFault as fault:
        if "no journal yet" not in str(fault) and "no such table" not in str(fault):
            raise
        time.sleep(0.01)
        continue
    assert found == list(range(1, len(found) + 1)), found
    assert len(found) >= seen
    seen = len(found)
"""
FULL = """
writer = JournalWriter(path)
pages = writer._database.execute("PRAGMA page_count").fetchone()[0]
writer._database.execute(f"PRAGMA max_page_count = {pages}")
kept = list(range(1, 601))
for number in kept:
    writer.append([reading(number)])
    assert [one.sequence for one in JournalReader(path).readings(number - 1, 10)] == [number]
assert writer.trouble is not None
try:
    writer.note("boot", "event", {"long": random.randbytes(50000).hex()})
except JournalFault as fault:
    pass
else:
    sys.exit("no fault")
writer._database.execute("PRAGMA max_page_count = 1000000")
writer.append([reading(601)])
assert writer.trouble is None
writer.close()
print(json.dumps([one.sequence for one in JournalReader(path).readings(0, 1000)]))
"""


def child(script: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BEGIN + script, *(str(one) for one in arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended_well(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


def killed_after(process: subprocess.Popen[str], acknowledged: int) -> int:
    """The last reading whose keeping the process acknowledged before it was killed."""
    assert process.stdout is not None
    last = 0
    while last < acknowledged:
        line = process.stdout.readline()
        assert line, process.stderr and process.stderr.read()
        last = int(line)
    time.sleep(0.003)
    process.send_signal(signal.SIGKILL)
    complete = [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    process.communicate(timeout=10)
    return int(complete[-1]) if complete else last


@pytest.mark.parametrize("acknowledged", [1, 37, 120])
def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path: Path, acknowledged: int) -> None:
    path = tmp_path / "j"
    last = killed_after(child(WRITE_FOR_EVER, path, "one"), acknowledged)
    before_opening = [one.sequence for one in JournalReader(path).readings(0, 100_000)]
    writer = JournalWriter(path)
    assert writer.set_aside is None
    found = [one.sequence for one in JournalReader(path).readings(0, 100_000)]
    writer.close()
    assert found == before_opening == list(range(1, len(found) + 1))
    assert last <= len(found) <= last + 1


def test_killed_again_and_again_all_boots_are_there(tmp_path: Path) -> None:
    path = tmp_path / "j"
    acknowledged = {boot: killed_after(child(WRITE_FOR_EVER, path, boot), 15) for boot in ("one", "two", "three")}
    found = JournalReader(path).readings(0, 100_000)
    for boot, last in acknowledged.items():
        sequences = [one.sequence for one in found if one.boot == boot]
        assert sequences == list(range(1, len(sequences) + 1))
        assert last <= len(sequences) <= last + 1
    assert [one.position for one in found] == sorted(one.position for one in found)
    assert not list(tmp_path.glob("*.damaged*"))


def test_a_half_written_log_of_a_killed_writer_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "j"
    killed_after(child(WRITE_FOR_EVER, path, "one"), 10)
    log = tmp_path / "j-wal"
    os.truncate(log, log.stat().st_size - 1000)
    writer = JournalWriter(path)
    assert writer.set_aside is None
    found = [one.sequence for one in JournalReader(path).readings(0, 100_000)]
    writer.close()
    assert len(found) >= 8
    assert found == list(range(1, len(found) + 1))


def test_processes_read_while_one_writes(tmp_path: Path) -> None:
    path = tmp_path / "j"
    readers = [child(READ_UNTIL, path, 60) for _ in range(2)]
    writer = child(WRITE_FOR_EVER, path, "one")
    try:
        for process in readers:
            ended_well(process)
    finally:
        killed_after(writer, 1)


def test_a_full_medium_is_a_fault_and_afterwards_all_is_well(tmp_path: Path) -> None:
    kept = ended_well(child(FULL, tmp_path / "j"))
    assert json.loads(kept) == list(range(1, 602))
    assert not list(tmp_path.glob("*.damaged*"))


def test_no_room_at_the_start_is_a_fault_and_sets_nothing_aside(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path / "j")
    writer.close()
    before = (tmp_path / "j").read_bytes()
    script = """
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
try:
    writer = JournalWriter(path)
    writer.append([reading(1)])
except JournalFault as fault:
    sys.exit(0)
sys.exit("no fault")
"""
    ended_well(child(script, tmp_path / "j"))
    assert (tmp_path / "j").read_bytes() == before
    assert not list(tmp_path.glob("*.damaged*"))


NO_BLOCKS = """
from ampguard.journal import writer as module
module.MOST_OPEN = 150
writer = JournalWriter(path)
pages = writer._database.execute("PRAGMA page_count").fetchone()[0]
writer._database.execute(f"PRAGMA max_page_count = {pages}")
kept = 0
try:
    for number in range(1, 5001):
        writer.append([reading(number)])
        kept = number
except JournalFault as fault:
    pass
assert kept >= 150, kept
for _ in range(3):
    try:
        writer.append([reading(kept + 1)])
    except JournalFault as fault:
        continue
    sys.exit("no fault")
assert len(writer._open[module.Interval.SECOND]) == 150
writer._database.execute("PRAGMA max_page_count = 1000000")
writer.append([reading(kept + 1)])
writer.append([reading(kept + 2)])
largest = writer._database.execute("SELECT max(last_position - first_position + 1) FROM block").fetchone()
writer.close()
print(json.dumps([largest, [one.sequence for one in JournalReader(path).readings(0, 9000)]]))
"""


def test_a_medium_that_takes_no_block_for_long_is_said_and_bounds_what_is_open(tmp_path: Path) -> None:
    largest, kept = json.loads(ended_well(child(NO_BLOCKS, tmp_path / "j")))
    assert largest == [60]
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) >= 152
