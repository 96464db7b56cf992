"""Feeds and repositories in folders of an image, and firmware in files, with the keys that a root file system keeps."""

import base64
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from iotscan.assess.artefacts import judge_artefact
from iotscan.model.facts import SignedArtefact, TrustedKey, TrustedKeys, UpdateArtefacts
from iotscan.observe.image import published
from iotscan.observe.image.inspectors.artefacts import INSPECTOR
from iotscan.observe.image.opening import open_image
from tests.observe.image.looking import a_root
from tests.wire.signing import test_apk_feed as apk
from tests.wire.signing import test_oci as oci
from tests.wire.signing import test_suit as suit
from tests.wire.signing import test_sysupgrade as sysupgrade
from tests.wire.signing import test_tuf as tuf
from tests.wire.signing.made import NOW, a_certificate, a_key
from tests.wire.signing.repositories import Contents, write
from tests.wire.signing.test_apt_feed import SUITE, Archive
from tests.wire.signing.test_opkg_feed import PACKAGES, Signer, index
from tests.wire.signing.test_ostree_repo import Repository

KEY = a_key()
Told = tuple[tuple[SignedArtefact, ...], tuple[TrustedKey, ...]]


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path is short: a socket of GnuPG's agent lies in it."""
    folder = Path(tempfile.mkdtemp())
    (folder / "a").mkdir()
    yield folder / "a"
    shutil.rmtree(folder, ignore_errors=True)


def looked_at(image: Path) -> Told:
    assert INSPECTOR.survey is not None
    heard = INSPECTOR.survey(open_image(image))
    assert heard.missed == ()
    artefacts = next((f.artefacts for f in heard.facts if isinstance(f, UpdateArtefacts)), ())
    return artefacts, next(f.keys for f in heard.facts if isinstance(f, TrustedKeys))


def said(image: Path) -> dict[str, str]:
    artefacts, keys = looked_at(image)
    return {f"{a.format} {a.path}": judge_artefact(a, keys, NOW).state for a in artefacts}


def below(folder: str, files: Contents) -> dict[str, str | bytes]:
    return {f"{folder}/{name}": data for name, data in files.items()}


def pem(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_opkg(tmp_path: Path) -> None:
    for name in ("maker", "image"):
        (tmp_path / name).mkdir()
    signer, image = Signer(tmp_path / "maker", "feed"), tmp_path / "image"
    public = (tmp_path / "maker/feed.pub").read_bytes()
    files = below("opt/feed", signer.feed(index(PACKAGES)))
    a_root(image, files)
    assert said(image) == {"opkg-feed /opt/feed": "present"}
    a_root(image, {f"etc/opkg/keys/{signer.key.name}": public})
    assert said(image) == {"opkg-feed /opt/feed": "verified"}
    a_root(image, {"opt/feed/a.ipk": b"another"})
    assert said(image) == {"opkg-feed /opt/feed": "broken"}


def test_apk(tmp_path: Path) -> None:
    a_root(tmp_path, below("srv/apk/x86_64", apk.feed(apk.package())) | {f"etc/apk/keys/{apk.NAME}": pem(apk.KEY)})
    found = said(tmp_path)
    assert found.pop("apk-feed /srv/apk/x86_64") == "verified"
    # Packages of the feed are told by themselves, too.
    assert set(found.values()) == {"verified"}


def test_apt(short: Path, tmp_path: Path) -> None:
    archive = Archive(short)
    files = below("opt/repository", archive.signed())
    ring, armoured = archive.gnupg.ring("feed"), archive.gnupg.ring("feed", armour=True)
    archive.gnupg.close()
    inline = "".join(f" {line or '.'}\n" for line in armoured.decode().strip().split("\n"))
    a_root(tmp_path / "inline", files | {"etc/apt/sources.list.d/m.sources": f"Types: deb\nSigned-By:\n{inline}"})
    assert said(tmp_path / "inline") == {f"apt-feed /opt/repository/{SUITE}": "verified"}
    tmp_path /= "named"
    a_root(tmp_path, files | {"etc/apt/sources.list": "deb [signed-by=/usr/share/keyrings/m.gpg] file:/opt x y\n"})
    assert said(tmp_path) == {f"apt-feed /opt/repository/{SUITE}": "present"}
    a_root(tmp_path, {"usr/share/keyrings/m.gpg": ring})
    assert said(tmp_path) == {f"apt-feed /opt/repository/{SUITE}": "verified"}


def test_ostree(short: Path, tmp_path: Path) -> None:
    made = Repository(short)
    ring = made.gnupg.ring("feed")
    made.gnupg.close()
    a_root(tmp_path, below("data/repo", made.signed) | {"usr/share/ostree/trusted.gpg.d/m.gpg": ring})
    artefacts, keys = looked_at(tmp_path)
    assert {(a.format, a.path) for a in artefacts} == {("ostree", "/data/repo")}
    assert {judge_artefact(a, keys, NOW).state for a in artefacts} == {"verified"}
    # A remote may name a folder of keyrings, as Fedora's does.
    (tmp_path / "usr/share/ostree/trusted.gpg.d/m.gpg").unlink()
    remote = '[remote "r"]\nurl=https://o.example\ngpgkeypath=/etc/pki/rings/\n'
    a_root(tmp_path, {"etc/pki/rings/m.gpg": ring, "etc/ostree/remotes.d/r.conf": remote})
    artefacts, keys = looked_at(tmp_path)
    assert {judge_artefact(a, keys, NOW).state for a in artefacts} == {"verified"}


def test_tuf(tmp_path: Path) -> None:
    metadata = tuf.Repository().write()
    a_root(tmp_path, below("opt/tuf/metadata", metadata) | below("opt/tuf/targets", tuf.TARGETS))
    assert said(tmp_path) == {"tuf /opt/tuf/metadata": "present"}
    a_root(tmp_path, {"etc/tuf/root.json": metadata["1.root.json"]})
    # The root that a client has is no repository, and misses nothing.
    assert said(tmp_path) == {"tuf /opt/tuf/metadata": "verified"}


@pytest.mark.parametrize("how", ["keyPath", "keyData"])
def test_container_images(tmp_path: Path, how: str) -> None:
    key = oci.KEYS["ec"]
    given = "/etc/containers/m.pub" if how == "keyPath" else base64.b64encode(pem(key)).decode()
    policy = {
        "default": [{"type": "reject"}],
        "transports": {"docker": {"x": [{"type": "sigstoreSigned", how: given}]}},
    }
    a_root(tmp_path, below("opt/app", oci.a_layout().write()) | {"etc/containers/policy.json": json.dumps(policy)})
    a_root(tmp_path, {"etc/containers/m.pub": pem(key)} if how == "keyPath" else {})
    assert said(tmp_path) == {"oci /opt/app": "verified"}


def test_a_layout_that_is_the_image(tmp_path: Path) -> None:
    """It is asked about as a container; its signatures are told besides. One without any is no update."""
    signed, bare = oci.a_layout(), oci.Layout()
    bare.add(bare.image(), "1.0")
    for name, layout in (("signed", signed), ("bare", bare)):
        write(tmp_path / name, layout.write())
    assert said(tmp_path / "signed") == {"oci ": "present"}
    assert said(tmp_path / "bare") == {}


def test_firmware(tmp_path: Path) -> None:
    files = {
        "lib/firmware/sensor.suit": suit.envelope(),
        "data/new-sysupgrade.bin": sysupgrade.with_metadata(),
        "lib/firmware/other.bin": b"\xa3\x02\x58\x00 nothing that anybody knows" * 20,
        "usr/share/doc/x/update.suit": suit.envelope(),
    }
    a_root(tmp_path, files)
    assert said(tmp_path) == {
        "suit /lib/firmware/sensor.suit": "present",
        "openwrt-sysupgrade /data/new-sysupgrade.bin": "unsigned",
    }


def test_kernels_certificates(tmp_path: Path) -> None:
    key = a_key()
    der = base64.b64decode(a_certificate("ima", key).der)
    a_root(tmp_path, {"etc/keys/x509_ima.der": der, "etc/keys/ima/bad.der": b"no certificate"})
    _, keys = looked_at(tmp_path)
    assert [(k.use, k.path, k.public is not None, bool(k.problem)) for k in keys] == [
        ("ima", "/etc/keys/x509_ima.der", True, False),
        ("ima", "/etc/keys/ima/bad.der", False, True),
    ]


def test_a_keyring_that_is_not_there(tmp_path: Path) -> None:
    conf = "[keyring]\npath=/etc/rauc/gone.pem\ncheck-purpose=codesign\n"
    a_root(tmp_path, {"etc/rauc/system.conf": conf, "etc/mender/mender.conf": '{"ArtifactVerifyKey": "/etc/m.pem"}'})
    _, keys = looked_at(tmp_path)
    assert [(k.use, k.path, k.purposes, k.public) for k in keys] == [
        ("rauc", "/etc/rauc/gone.pem", ("codeSigning",), None),
        ("mender", "/etc/m.pem", (), None),
    ]
    assert all("not in the image" in k.problem for k in keys)


@pytest.mark.parametrize(
    ("files", "path", "purposes"),
    [
        ({"etc/swupdate.cfg": 'globals : { public-key-file = "/a.pem"; };'}, "/a.pem", ("emailProtection",)),
        (
            {"etc/swupdate.cfg": 'globals : { ca-path = "/a.pem"; cert-purpose = "codeSigning"; };'},
            "/a.pem",
            ("codeSigning",),
        ),
        ({"etc/swupdate/conf.d/09-args": 'SWUPDATE_ARGS="-v -k /b.pem"\n'}, "/b.pem", ("emailProtection",)),
        ({"etc/swupdate/conf.d/09-args": '# SWUPDATE_ARGS="-v -k /b.pem"\n'}, "", ()),
        ({"etc/swupdate.cfg": '# globals : { public-key-file = "/a.pem"; };'}, "", ()),
        ({"etc/rc.local": "#!/bin/sh\nswupdate -w -k /a.pem &\n"}, "/a.pem", ("emailProtection",)),
        ({"etc/rc.local": "#!/bin/sh\nswupdate -k /a.pem --cert-purpose codeSigning\n"}, "/a.pem", ("codeSigning",)),
    ],
)
def test_where_swupdate_is_told_its_key(
    tmp_path: Path, files: dict[str, str], path: str, purposes: tuple[str, ...]
) -> None:
    a_root(tmp_path, files | {"a.pem": pem(KEY), "b.pem": pem(KEY)})
    _, keys = looked_at(tmp_path)
    assert [(k.path, k.purposes, k.key is not None) for k in keys] == ([(path, purposes, True)] if path else [])


@pytest.mark.parametrize(
    "files",
    [
        {"etc/swupdate.cfg": 'globals : { public-key-file = "/a.pem"; forced-signer-name = "release"; };'},
        {"etc/swupdate/conf.d/09-args": "SWUPDATE_ARGS=\"-k /a.pem --forced-signer-name 'release' -v\"\n"},
    ],
)
def test_whom_swupdate_asks_for(tmp_path: Path, files: dict[str, str]) -> None:
    a_root(tmp_path, files | {"a.pem": pem(KEY)})
    _, keys = looked_at(tmp_path)
    assert [k.signer for k in keys] == ["release"]


def test_keys_that_everybody_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = a_key("rsa")
    certificate = a_certificate("test", key, is_ca=True)
    monkeypatch.setattr(published, "_records", lambda: {certificate.key.sha256: "rauc-test-root"})
    text = base64.encodebytes(base64.b64decode(certificate.der)).decode()
    ring = f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"
    a_root(tmp_path, {"usr/lib/rauc/system.conf": "[keyring]\npath=ca.pem\n", "usr/lib/rauc/ca.pem": ring})
    _, (found,) = looked_at(tmp_path)
    assert found.public is not None
    assert found.public.known_leaked == "rauc-test-root"
