"""Firmware of a bootloader's formats, encrypted bundles, and what only looks like an update."""

import tempfile
from pathlib import Path

import pytest

from iotscan.assess.artefacts import judge_artefact
from iotscan.model.facts import TrustedKey, TrustedKeys, UpdateArtefacts
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspectors.artefacts import INSPECTOR
from iotscan.observe.image.opening import BadImage, open_image
from iotscan.scan.trusted_keys import read_trusted_keys
from iotscan.wire import fdt
from iotscan.wire.signing.fit import control_keys
from iotscan.wire.signing.public_keys import describe_key
from tests.observe.image.boot.making import fit, signature
from tests.observe.image.looking import a_root
from tests.wire.signing import test_avb as avb
from tests.wire.signing import test_suit as suit
from tests.wire.signing.made import NOW
from tests.wire.signing.openpgp_made import Gnupg
from tests.wire.signing.signers import a_signer, run, tool
from tests.wire.signing.test_opkg_feed import Signer
from tests.wire.signing.test_rauc import Bench


def asked(image: Path) -> Heard:
    assert INSPECTOR.survey is not None
    return INSPECTOR.survey(open_image(image))


def said(image: Path, *given: TrustedKey) -> dict[str, str]:
    artefacts = next((f.artefacts for f in asked(image).facts if isinstance(f, UpdateArtefacts)), ())
    return {f"{a.format} {a.path}": judge_artefact(a, given, NOW).state for a in artefacts}


def test_a_fit(tmp_path: Path) -> None:
    """Given, or among the data of a system; in /boot it is the boot chain, which others judge."""
    image, control = fit(tmp_path, "signed", signed=signature("sha256,rsa2048"))
    (key,) = control_keys(fdt.read_bytes(control.read_bytes()).root, "u-boot.dtb")
    given = TrustedKey(use="given", path="dev.pub", key=key.key)
    assert said(image, given) == {"fit ": "verified"}
    root = tmp_path / "root"
    a_root(root, {"data/update.itb": image.read_bytes(), "boot/fitImage": image.read_bytes()})
    assert said(root, given) == {"fit /data/update.itb": "verified"}
    a_root(root, {"boot/u-boot.dtb": control.read_bytes()})
    heard = asked(root)
    (keys,) = (f.keys for f in heard.facts if isinstance(f, TrustedKeys))
    assert [(k.use, k.name, k.public) for k in keys] == [("fit", "dev", key.key)]


def test_a_vbmeta(tmp_path: Path) -> None:
    given = TrustedKey(use="given", path="key", key=describe_key(avb.KEY.public_key()))
    (tmp_path / "vbmeta.img").write_bytes(avb.vbmeta())
    assert said(tmp_path / "vbmeta.img", given) == {"avb ": "verified"}
    (tmp_path / "none.img").write_bytes(avb.vbmeta(algorithm=0))
    assert said(tmp_path / "none.img", given) == {"avb ": "unsigned"}


def test_an_encrypted_bundle(tmp_path: Path) -> None:
    """Nothing of it can be opened, and yet it is an update to be told of."""
    root = a_signer(tmp_path, "root", is_ca=True, days=(-1000, 9000))
    signer = a_signer(tmp_path, "signer", root, days=(-900, 9000))
    receiver = a_signer(tmp_path, "receiver", kind="rsa", days=(-900, 9000))
    bench = Bench(folder=tmp_path, root=root, signer=signer, bundles={})
    bench.bundle("crypt", "crypt", signer)
    made = tmp_path / "made.raucb"
    words = ("encrypt", f"--keyring={root.file}", "--to", receiver.file, tmp_path / "crypt.raucb", made)
    run(tool("rauc", "rauc"), *words)
    assert said(made, root.trusted("given")) == {"rauc ": "encrypted"}
    assert [(p.format, p.role, p.problem) for p in open_image(made).places] == [("rauc", "sealed", "")]


def test_an_envelope(tmp_path: Path) -> None:
    (tmp_path / "firmware.suit").write_bytes(suit.envelope())
    assert said(tmp_path / "firmware.suit") == {"suit ": "present"}
    assert [(p.format, p.role, p.problem) for p in open_image(tmp_path / "firmware.suit").places] == [
        ("suit", "code", "")
    ]


def test_bytes_that_nobody_knows(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(bytes(range(256)) * 40)
    with pytest.raises(BadImage):
        open_image(tmp_path / "x.bin")
    # The name says that it should have been one: an updater refuses it.
    (tmp_path / "x.raucb").write_bytes(bytes(range(256)) * 40)
    assert said(tmp_path / "x.raucb") == {"rauc ": "broken"}


def test_what_only_looks_like_an_update(tmp_path: Path) -> None:
    """Names that any program may use for something else, and bytes that begin as an envelope does by chance."""
    files = {
        "opt/a/root.json": '{"a": 1}',
        "opt/b/root.json": "[1, 2]",
        "opt/c/Release": "Release notes of the product\n\nVersion 3 is out.\n",
        "opt/d/config": "[core]\nrepo=1\n",
        "opt/d/summary": "what it is about",
        "lib/firmware/a.bin": b"\xd8\x6b\x00" + bytes(200),
        "lib/firmware/b.bin": b"\xd8\x6b\xa2\x07" + bytes(200),
        "lib/firmware/c.bin": b"\xa2\x02\x58" + bytes(200),
        "opt/e.apk": b"PK\x03\x04" + bytes(200),
        "opt/f.tar.gz.sha256": "digest",
        "opt/f.tar.gz": b"data",
        "usr/lib/python3/x.py": "",
        "usr/lib/python3/x.py.asc": "-----BEGIN PGP SIGNATURE-----\n",
    }
    a_root(tmp_path, files)
    assert said(tmp_path) == {}


def test_a_signature_of_another_file(tmp_path: Path) -> None:
    """OpenPGP, signify and CMS beside firmware, with keys as --trust takes them; a form that nobody reads is told."""
    (tmp_path / "keys").mkdir()
    signer = Signer(tmp_path / "keys", "maker")
    (tmp_path / "keys" / "a.bin").write_bytes(b"firmware")
    words = ("-S", "-s", "maker.sec", "-m", "a.bin", "-x", "a.bin.sig")
    run(tool("signify-openbsd", "signify-openbsd"), *words, cwd=tmp_path / "keys")
    made = (tmp_path / "keys" / "a.bin.sig").read_bytes()
    files = {"opt/a.bin": b"firmware", "opt/a.bin.sig": made, "opt/b.bin": b"changed", "opt/b.bin.sig": made}
    a_root(tmp_path / "root", files | {"opt/c.bin": b"firmware", "opt/c.bin.sig": b"something"})
    given = read_trusted_keys([tmp_path / "keys" / "maker.pub"])
    assert said(tmp_path / "root", *given) == {
        "other /opt/a.bin": "verified",
        "other /opt/b.bin": "wrong-signer",
        "other /opt/c.bin": "unknown",
    }
    assert signer.key.public == given[0].public


def test_openpgp_beside_firmware(tmp_path: Path) -> None:
    # A socket of GnuPG's agent lies in it: the path must be short.
    with tempfile.TemporaryDirectory() as place:
        gnupg = Gnupg(Path(place) / "home")
        gnupg.make("maker")
        signature = gnupg.sign("maker", b"firmware", "--armor", "--detach-sign")
        (tmp_path / "ring.gpg").write_bytes(gnupg.ring("maker"))
        (tmp_path / "ring.asc").write_bytes(gnupg.ring("maker", armour=True))
        gnupg.close()
    a_root(tmp_path / "root", {"data/fw.img": b"firmware", "data/fw.img.asc": signature})
    for ring in ("ring.gpg", "ring.asc"):
        assert said(tmp_path / "root", *read_trusted_keys([tmp_path / ring])) == {"other /data/fw.img": "verified"}
    a_root(tmp_path / "root", {"data/fw.img": b"firmwarf"})
    assert said(tmp_path / "root", *read_trusted_keys([tmp_path / ring])) != {"other /data/fw.img": "verified"}


def test_more_than_there_is_time_for(tmp_path: Path) -> None:
    """What was found until then is told, and that there is more."""
    a_root(tmp_path, {"data/a.swu": b"070701 cut", "data/b.bin": b"x" * 99})
    assert INSPECTOR.survey is not None
    site = open_image(tmp_path)
    site.budget._ends = site.places[0].tree.budget._ends = 0  # type: ignore[union-attr]  # it has one
    heard = INSPECTOR.survey(site)
    assert [(m.need, m.status.value) for m in heard.missed] == [("update-artefacts", "unreadable")]


@pytest.mark.parametrize(
    "data", [b"", b"hsqs", b"070701", b"\xd8\x6b\xa2", b"FWx0" + bytes(12), b"\x3d\xb8\xf3\x96" * 9]
)
@pytest.mark.parametrize("name", ["a.raucb", "a.swu", "a.mender", "a.suit", "a.bin", "a.apk", "a.rpm", "root.json"])
def test_scraps(tmp_path: Path, data: bytes, name: str) -> None:
    a_root(tmp_path, {f"data/{name}": data, "data/summary": data, "data/InRelease": data, "data/oci-layout": data})
    a_root(tmp_path, {f"data/{folder}": data for folder in ("APKINDEX.tar.gz", "packages.adb", "Packages.sig")})
    assert "verified" not in said(tmp_path).values()
