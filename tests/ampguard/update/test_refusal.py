"""What RAUC says of a bundle becomes a kind and a sentence; versions are compared as RAUC does it."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.conventions.source import ROOT

from ampguard.errors import SetupError
from ampguard.update.refusal import Kind, refused
from ampguard.update.release import Release, here, order

MANIFEST = """\
[update]
compatible=ampguard-pi64
version=0.1.0-20261122143206
[bundle]
format=verity
[image.rootfs]
filename=root.img
"""


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("signature verification failed: Verify error: self-signed certificate", Kind.FORGED),
        ("signature verification failed: Verify error: unable to get local issuer certificate", Kind.FORGED),
        ("Invalid bundle format: Signature size (2664469741501826601) exceeds bundle size", Kind.DAMAGED),
        ("Invalid bundle format: Signature data is no valid CMS", Kind.DAMAGED),
        ("Invalid bundle format: Failed to seek to end of bundle: Error seeking in file", Kind.DAMAGED),
        ("Version mismatch: Expected at least '0.2.0-1' but bundle manifest has '0.1.0-9'", Kind.OLDER),
        ("Compatible mismatch: Expected 'ampguard-pi64' but bundle manifest has 'toaster'", Kind.OTHER_BOARD),
        ("Failed updating slot rootfs.1: Failed to copy data: No space left on device", Kind.NO_ROOM),
        ("Failed updating slot rootfs.1: Failed to copy data: Input/output error", Kind.MEDIUM),
        ("Check read from dm-0 device failed: Input/output error", Kind.MEDIUM),
        ("Already processing a different method", Kind.BUSY),
        ("something nobody has heard of", Kind.FAILED),
    ],
)
def test_each_of_raucs_words_has_its_kind(said: str, kind: Kind) -> None:
    why = refused(said)
    assert (why.kind, str(why).endswith(f"({said})")) == (kind, True)


def test_versions_are_ordered_by_number_and_then_by_time() -> None:
    rising = ["0.1.0-1", "0.1.0-20261101000000", "0.1.0-20261122143206", "0.1.0", "0.2.0-20250101000000", "0.10", "1"]
    assert rising == sorted(rising, key=order)


@pytest.mark.parametrize("version", ["", "x", "1.2.3.4", "1.0-rc1", "1.0-1.2", "-1"])
def test_what_is_no_version_is_said(version: str) -> None:
    with pytest.raises(SetupError, match="wanted a version like"):
        order(version)


def test_what_runs_is_what_the_image_says(tmp_path: Path) -> None:
    path = tmp_path / "release.json"
    assert here(path) is None
    path.write_text('{"version": "0.1.0-20261122143206", "compatible": "ampguard-pi64"}')
    assert here(path) == Release("0.1.0-20261122143206", "ampguard-pi64")
    for wrong in ("", "[]", '{"version": "new", "compatible": "x"}', '{"version": 1}'):
        path.write_text(wrong)
        with pytest.raises(SetupError):
            here(path)


needs_rauc = pytest.mark.skipif(shutil.which("rauc") is None, reason="this machine has no rauc")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "next", "theirs"):
        subprocess.run([ROOT / "image/keys", folder / name], check=True)
    return folder


@pytest.fixture(scope="module")
def bundle(keys: Path) -> Path:
    return signed(keys, "ours")


@needs_rauc
def test_a_bundle_that_is_ours_is_believed(keys: Path, bundle: Path) -> None:
    assert told(bundle, keys / "ours/keyring.pem") is None


@needs_rauc
def test_one_that_somebody_else_signed_is_not(keys: Path, bundle: Path) -> None:
    assert told(bundle, keys / "theirs/keyring.pem") is Kind.FORGED


@needs_rauc
def test_keys_are_changed_by_a_keyring_that_has_both(keys: Path, bundle: Path) -> None:
    both = keys / "both.pem"
    both.write_text("".join((keys / name / "update.crt").read_text() for name in ("ours", "next")))
    assert told(bundle, both) is None
    assert told(signed(keys, "next"), both) is None
    assert told(signed(keys, "theirs"), both) is Kind.FORGED


@needs_rauc
@pytest.mark.parametrize("size", [0, 100, 30_000])
def test_a_part_of_one_is_damaged(keys: Path, bundle: Path, tmp_path: Path, size: int) -> None:
    part = tmp_path / "part.raucb"
    part.write_bytes(bundle.read_bytes()[:size])
    assert told(part, keys / "ours/keyring.pem") is Kind.DAMAGED


@needs_rauc
def test_a_changed_signature_is_damaged_or_forged(keys: Path, bundle: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.raucb"
    for place in (-40, -200, -400, -600):
        content = bytearray(bundle.read_bytes())
        content[place] ^= 1
        changed.write_bytes(content)
        assert told(changed, keys / "ours/keyring.pem") in {Kind.DAMAGED, Kind.FORGED}


def signed(keys: Path, name: str) -> Path:
    content, bundle = keys / f"{name}-content", keys / f"{name}.raucb"
    content.mkdir()
    (content / "root.img").write_bytes(random.Random(1).randbytes(100_000))
    (content / "manifest.raucm").write_text(MANIFEST)
    own = keys / name
    subprocess.run(
        ["rauc", f"--cert={own}/update.crt", f"--key={own}/update.key", "bundle", content, bundle],
        check=True, capture_output=True,
    )  # fmt: skip
    return bundle


def told(bundle: Path, keyring: Path) -> Kind | None:
    """What becomes of RAUC's words; None: it has nothing against it."""
    done = subprocess.run(["rauc", f"--keyring={keyring}", "info", bundle], check=False, capture_output=True, text=True)
    return None if done.returncode == 0 else refused(done.stderr.splitlines()[-1]).kind
