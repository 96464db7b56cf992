"""Signed programs and modules in an image, and the certificates of its kernel: from the files to the verdicts."""

import base64
import os
import random
from pathlib import Path

import pytest

from iotscan.model.facts import SignedPrograms
from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.inspectors import signed_programs
from iotscan.observe.image.inspectors.artefacts.kernel_trust import built_in
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.site import Place, Site
from iotscan.store.runs import read_run
from tests.observe.image.looking import a_root, heard_of
from tests.program import run_iotscan
from tests.wire.signing.signers import Signer, a_signer, run, tool


def signed(folder: Path, name: str, signer: Signer) -> None:
    """Give a program its attribute, as evmctl makes it; skips where the file system keeps none."""
    file = folder / name
    run(tool("evmctl", "ima-evm-utils"), "ima_sign", "--sigfile", "--key", signer.key_file, file)
    made = file.with_name(f"{file.name}.sig")
    try:
        os.setxattr(file, "security.ima", made.read_bytes())
    except OSError as error:
        pytest.skip(f"this file system keeps no security.ima, or only for root: {error.strerror}")
    made.unlink()


@pytest.fixture
def gateway(tmp_path: Path) -> tuple[Path, Signer, Signer]:
    """A root file system with two signed programs, the certificate of the first one's signer in /etc/keys."""
    ours, other = a_signer(tmp_path, "ours", kind="rsa"), a_signer(tmp_path, "other", kind="rsa")
    root = tmp_path / "gateway"
    a_root(root, {name: b"\x7fELF" + name.encode() for name in ("usr/bin/a", "usr/lib/b.so.1", "usr/bin/c")})
    a_root(root, {"etc/keys/x509_ima.der": base64.b64decode(ours.certificate.der), "bin/sh": "x"})
    for name in ("usr/bin/a", "usr/bin/c"):
        (root / name).chmod(0o755)
    for name in ("usr/bin/a", "usr/lib/b.so.1"):
        signed(root, name, ours)
    return root, ours, other


def results(root: Path, home: Path, *words: str | Path) -> set[tuple[str, str, str]]:
    ended = run_iotscan("image", root, "-o", home / "out", "--check", "application-signature", *words, home=home)
    assert "Traceback" not in ended.stderr
    return {(r.outcome.value, r.variant, r.subject.path) for r in read_run("latest", home / "out").results}


def test_programs_of_a_gateway(gateway: tuple[Path, Signer, Signer], tmp_path: Path) -> None:
    root, _, other = gateway
    signed(root, "usr/bin/c", other)
    assert results(root, tmp_path, "--trust", other.file) == {("pass", "", "")}
    # The attribute stays with the file: what is written into it later is not what was signed.
    with (root / "usr/bin/a").open("ab") as file:
        file.write(b"changed")
    assert results(root, tmp_path) == {("fail", "broken", "/usr/bin/a"), ("fail", "wrong-signer", "/usr/bin/c")}
    (root / "etc/keys/x509_ima.der").unlink()
    assert results(root, tmp_path) == {("not_assessed", "", "")}


def test_only_programs_and_libraries_are_read(gateway: tuple[Path, Signer, Signer]) -> None:
    root, ours, _ = gateway
    (root / "etc/motd").write_text("hello")
    signed(root, "etc/motd", ours)
    (fact,) = heard_of(signed_programs.INSPECTOR, a_root(root)).facts
    assert isinstance(fact, SignedPrograms)
    assert {(f.path, f.problem) for f in fact.files} == {("/usr/bin/a", ""), ("/usr/lib/b.so.1", "")}


def test_the_certificates_of_a_kernel(tmp_path: Path) -> None:
    noise = random.Random(7)
    signers = [a_signer(tmp_path, name, kind=kind) for name, kind in (("one", "rsa"), ("two", "ec"))]
    ders = [base64.b64decode(s.certificate.der) for s in signers]
    # The second one lies across the border of two pieces that are read.
    gap = (8 << 20) - len(ders[0]) - 5000 - 20
    data = noise.randbytes(5000) + ders[0] + bytes(gap) + ders[1] + ders[1][:200] + noise.randbytes(5000)
    place = Place(path="p1", format="kernel", role="code", blob=Bytes(data))
    keys = list(built_in(Chain(Site(source="test", places=(place,)))))
    assert [k.public and k.public.sha256 for k in keys] == [s.certificate.key.sha256 for s in signers]
    assert {(k.use, k.path) for k in keys} == {("module", "p1")}
