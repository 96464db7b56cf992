"""``iotscan image`` on updates: the file itself with ``--trust``, inside a gateway with its keyring."""

import base64
import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from iotscan.model.result import Result
from iotscan.store.runs import read_run
from tests.observe.image.looking import a_root
from tests.program import run_iotscan
from tests.wire.signing.signers import Signer, a_signer, run, tool
from tests.wire.signing.test_sysupgrade import piece, with_metadata

CHECKS = ("update-artefact-signature", "signing-key-quality", "update-key-lifetime")


def a_bundle(folder: Path, signer: Signer) -> Path:
    inside, made = folder / "in", folder / "update.raucb"
    inside.mkdir()
    (inside / "rootfs.img").write_bytes(random.Random(5).randbytes(9000))
    (inside / "manifest.raucm").write_text(
        "[update]\ncompatible=gateway\nversion=1.2\n[bundle]\nformat=verity\n[image.rootfs]\nfilename=rootfs.img\n"
    )
    run(tool("rauc", "rauc"), "bundle", "--cert", signer.file, "--key", signer.key_file, inside, made)
    return made


def asked(image: Path, home: Path, *words: str | Path, code: int) -> dict[tuple[str, str], Result]:
    chosen = [word for name in CHECKS for word in ("--check", name)]
    ended = run_iotscan("image", image, "-o", home / "out", *chosen, *words, home=home)
    assert "Traceback" not in ended.stderr
    assert ended.returncode == code, ended.stderr
    return {(r.check, r.subject.path): r for r in read_run("latest", home / "out").results}


@pytest.fixture
def root(tmp_path: Path) -> Signer:
    return a_signer(tmp_path, "root", is_ca=True, days=(-100, 9000))


def test_an_update_and_the_gateway_it_is_for(root: Signer, tmp_path: Path) -> None:
    bundle = a_bundle(tmp_path, a_signer(tmp_path, "release", root, days=(-50, 9000)))
    other = a_signer(tmp_path, "other", is_ca=True, days=(-100, 9000))
    verdict = (CHECKS[0], "")
    alone = asked(bundle, tmp_path, code=0)
    assert alone[verdict].outcome == "not_assessed"
    assert "--trust" in alone[verdict].detail
    assert asked(bundle, tmp_path, "--trust", root.file, code=0)[verdict].outcome == "pass"
    wrong = asked(bundle, tmp_path, "--trust", other.file, "--fail-on", "critical", code=1)[verdict]
    assert (wrong.outcome, wrong.variant) == ("fail", "wrong-signer")

    gateway = tmp_path / "gateway"
    conf = "[system]\ncompatible=gateway\n[keyring]\npath=ca.pem\n"
    a_root(gateway, {"etc/rauc/system.conf": conf, "etc/rauc/ca.pem": root.file.read_bytes()})
    a_root(gateway, {"data/update.raucb": bundle.read_bytes(), "root/ca.key": root.key_file.read_bytes()})
    found = asked(gateway, tmp_path, "--fail-on", "critical", code=1)
    assert found[CHECKS[0], "/data/update.raucb"].outcome == "pass"
    assert found[CHECKS[1], "/etc/rauc/ca.pem"].variant == "private-half"
    assert found[CHECKS[2], ""].outcome == "pass"


def test_a_key_that_was_given_is_tried_where_the_message_lies(tmp_path: Path) -> None:
    """An image of OpenWrt is signed as it is, and too long for a fact: nobody could try the key afterwards."""
    key = ed25519.Ed25519PrivateKey.generate()
    signed = with_metadata()
    made, public = tmp_path / "openwrt-sysupgrade.bin", tmp_path / "key.pub"
    made.write_bytes(piece(signed, 0, usign(key.sign(signed))))
    public.write_bytes(usign(key.public_key().public_bytes_raw()))
    assert asked(made, tmp_path, "--trust", public, code=0)[CHECKS[0], ""].outcome == "pass"


def usign(value: bytes) -> bytes:
    """A file of usign: a key or a signature."""
    return b"untrusted comment: test\n" + base64.b64encode(b"Ed" + bytes(8) + value) + b"\n"
