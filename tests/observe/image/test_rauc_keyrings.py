"""What RAUC trusts by its configuration: the same bundle, the same configuration, the verdict of rauc itself."""

import subprocess
from pathlib import Path

import pytest

from iotscan.assess.artefacts import judge_artefact
from iotscan.model.facts import TrustedKeys, UpdateArtefacts
from iotscan.observe.image.inspectors.artefacts import INSPECTOR
from iotscan.observe.image.opening import open_image
from tests.observe.image.looking import a_root
from tests.wire.signing.made import CODE_SIGNING, EMAIL
from tests.wire.signing.signers import NOW, Signer, a_signer, run, tool
from tests.wire.signing.test_rauc import Bench

PURPOSES = {"none": (), "code": (CODE_SIGNING,), "email": (EMAIL,)}
LONG = (-900, 9000)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A bundle by a signer of each purpose, and by one below an authority that is itself below the root."""
    folder = tmp_path_factory.mktemp("rauc")
    root = a_signer(folder, "root", is_ca=True, days=(-1000, 9000))
    middle = a_signer(folder, "middle", root, is_ca=True, days=(-950, 9000))
    signers = {name: a_signer(folder, name, root, days=LONG, purposes=PURPOSES[name]) for name in PURPOSES}
    signers["below"] = a_signer(folder, "below", middle, days=LONG)
    made = Bench(folder=folder, root=root, signer=middle, bundles={})
    made.bundles.update({name: made.bundle(name, "verity", signer) for name, signer in signers.items()})
    return made


def said(gateway: Path) -> str:
    assert INSPECTOR.survey is not None
    heard = INSPECTOR.survey(open_image(gateway))
    (artefact,) = next(f.artefacts for f in heard.facts if isinstance(f, UpdateArtefacts))
    keys = next(f.keys for f in heard.facts if isinstance(f, TrustedKeys))
    return judge_artefact(artefact, keys, NOW).state


def rauc_takes(gateway: Path) -> bool:
    conf = gateway / "etc/rauc/system.conf"
    words = (tool("rauc", "rauc"), f"--conf={conf}", "info", gateway / "data/update.raucb")
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def a_gateway(folder: Path, bundle: bytes, settings: str) -> Path:
    conf = f"[system]\ncompatible=gateway\nbootloader=noop\n[keyring]\n{settings}\n"
    a_root(folder, {"etc/rauc/system.conf": conf, "data/update.raucb": bundle})
    return folder


@pytest.mark.parametrize("purpose", ["", "smimesign", "codesign", "any"])
@pytest.mark.parametrize("signer", list(PURPOSES))
def test_purposes(bench: Bench, tmp_path: Path, signer: str, purpose: str) -> None:
    settings = "path=ca.pem" + (f"\ncheck-purpose={purpose}" if purpose else "")
    gateway = a_gateway(tmp_path, bench.bundles[signer], settings)
    a_root(gateway, {"etc/rauc/ca.pem": bench.root.file.read_bytes()})
    assert said(gateway) == ("verified" if rauc_takes(gateway) else "wrong-signer")


@pytest.mark.parametrize("partial", ["true", "false"])
def test_partial_chains(bench: Bench, tmp_path: Path, partial: str) -> None:
    gateway = a_gateway(tmp_path, bench.bundles["below"], f"path=ca.pem\nallow-partial-chain={partial}")
    a_root(gateway, {"etc/rauc/ca.pem": bench.signer.file.read_bytes()})
    taken = rauc_takes(gateway)
    assert said(gateway) == ("verified" if taken else "wrong-signer")
    assert taken == (partial == "true")


@pytest.mark.parametrize("is_hashed", [True, False])
def test_a_folder_of_certificates(bench: Bench, tmp_path: Path, *, is_hashed: bool) -> None:
    """OpenSSL finds a certificate by the hash of its subject in its name: another name is as good as none."""
    name = f"{hash_of(bench.root)}.0" if is_hashed else "root.pem"
    gateway = a_gateway(tmp_path, bench.bundles["email"], "directory=ring")
    a_root(gateway, {f"etc/rauc/ring/{name}": bench.root.file.read_bytes()})
    assert rauc_takes(gateway) == is_hashed
    assert said(gateway) == ("verified" if is_hashed else "present")


def hash_of(signer: Signer) -> str:
    return (
        run(tool("openssl", "openssl"), "x509", "-noout", "-subject_hash", "-in", signer.file).stdout.decode().strip()
    )


@pytest.mark.parametrize(("value", "said"), [("true", True), ("false", False)])
def test_the_time_that_validity_is_judged_by(bench: Bench, tmp_path: Path, value: str, said: bool) -> None:
    gateway = a_gateway(tmp_path, b"", f"path=ca.pem\nuse-bundle-signing-time={value}")
    a_root(gateway, {"etc/rauc/ca.pem": bench.root.file.read_bytes()})
    assert INSPECTOR.survey is not None
    heard = INSPECTOR.survey(open_image(gateway))
    keys = next(f.keys for f in heard.facts if isinstance(f, TrustedKeys))
    assert [key.by_signing_time for key in keys] == [said]
