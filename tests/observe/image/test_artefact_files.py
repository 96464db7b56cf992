"""Firmware of a bootloader's formats, encrypted bundles, and what only looks like an update."""

from pathlib import Path

import pytest

from iotscan.assess.artefacts import judge_artefact
from iotscan.model.facts import TrustedKey, TrustedKeys, UpdateArtefacts
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspectors.artefacts import INSPECTOR
from iotscan.observe.image.opening import BadImage, open_image
from iotscan.wire import fdt
from iotscan.wire.signing.fit import control_keys
from iotscan.wire.signing.public_keys import describe_key
from tests.observe.image.boot.making import fit, signature
from tests.observe.image.looking import a_root
from tests.wire.signing import test_avb as avb
from tests.wire.signing import test_suit as suit
from tests.wire.signing.made import NOW
from tests.wire.signing.signers import a_signer, run, tool
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
