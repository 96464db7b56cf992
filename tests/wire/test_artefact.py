import base64
import io
import json
import shutil
import struct
import subprocess
import tarfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.artefact import Judged, Sample, is_text, judge_image, read_manifest, signature_kind

ED = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNATURE = ED.sign(b"firmware")
SIGNED_DATA = bytes.fromhex("3082010006092a864886f70d010702")
CMS = SIGNED_DATA + bytes(260 - len(SIGNED_DATA))


def whole(data: bytes) -> Judged:
    found = judge_image(Sample(head=data, size=len(data)))
    assert found is not None
    return found


def cut(data: bytes, head: int, tail: int = 0) -> Judged:
    found = judge_image(Sample(head=data[:head], tail=data[-tail:] if tail else b"", size=len(data)))
    assert found is not None
    return found


def squashfs(used: int, size: int) -> bytes:
    return b"hsqs" + bytes(36) + struct.pack("<Q", used) + bytes(size - 48)


def rauc(cms: bytes = CMS) -> bytes:
    return squashfs(4000, 4096) + cms + struct.pack(">Q", len(cms))


def test_rauc_bundle_whole_and_by_its_ends() -> None:
    bundle = squashfs(400_000, 401_408) + CMS + struct.pack(">Q", len(CMS))
    for found in (whole(bundle), cut(bundle, 65536, 16384)):
        assert (found.format, found.signature) == ("rauc", "embedded")
        assert "not verified: no key" in found.detail
    without = cut(bundle, 65536)
    assert (without.signature, without.wants_tail) == ("unknown", True)
    found = judge_image(Sample(head=bundle[:65536]))
    assert found is not None
    assert (found.signature, found.wants_tail) == ("unknown", False)


def test_cms_made_by_openssl_is_seen(tmp_path: Path) -> None:
    openssl = shutil.which("openssl") or pytest.skip("needs openssl: apt install openssl")
    key, cert, out = (str(tmp_path / n) for n in ("key", "cert", "out"))
    make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=s", "-keyout", key, "-out", cert]
    subprocess.run(make, check=True, capture_output=True)
    sign = [openssl, "cms", "-sign", "-binary", "-outform", "DER", "-signer", cert, "-inkey", key, "-out", out]
    subprocess.run(sign, check=True, input=b"firmware")
    cms = Path(out).read_bytes()
    assert signature_kind(cms) == "CMS"
    assert whole(rauc(cms)).signature == "embedded"
    subprocess.run([openssl, "dgst", "-sha256", "-sign", key, "-out", out, cert], check=True)
    assert signature_kind(Path(out).read_bytes()) == "raw"


def test_squashfs_with_nothing_behind_it_is_unsigned() -> None:
    assert whole(squashfs(4000, 4096)).signature == "none"
    assert whole(squashfs(4000, 4000)).signature == "none"


def test_squashfs_with_something_else_behind_it_is_open() -> None:
    assert whole(squashfs(4000, 5003)).signature == "unknown"


def test_encrypted_rauc_is_open() -> None:
    enveloped = CMS.replace(bytes.fromhex("0702"), bytes.fromhex("0703"), 1)
    found = whole(b"\x8f" * 4096 + enveloped + struct.pack(">Q", len(enveloped)))
    assert (found.format, found.signature) == ("rauc-crypt", "unknown")


def cpio(*members: tuple[str, bytes]) -> bytes:
    out = b""
    for name, data in (*members, ("TRAILER!!!", b"")):
        fields = [0] * 13
        fields[6], fields[11] = len(data), len(name) + 1
        out += b"070702" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return out


def test_swupdate() -> None:
    body = ("rootfs.ext4", bytes(5000))
    signed = cpio(("sw-description", b"software = {}"), ("sw-description.sig", SIGNATURE), body)
    unsigned = cpio(("sw-description", b"software = {}"), body)
    assert (whole(signed).format, whole(signed).signature) == ("swupdate", "embedded")
    assert whole(unsigned).signature == "none"
    # The first member alone does not tell what comes behind it.
    assert cut(unsigned, 150).signature == "unknown"


def test_other_cpio() -> None:
    assert whole(cpio(("init", b"#!/bin/sh"))) == Judged(
        format="cpio", signature="none", detail="no member is named like a signature"
    )
    assert whole(cpio(("fw", b"x"), ("fw.sig", b"y"))).signature == "embedded"
    assert cut(cpio(("fw", bytes(9000))), 4096).signature == "unknown"


def tar(*names: str) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name in names:
            data = b'{"format":"mender","version":3}' if name == "version" else bytes(700)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def test_mender() -> None:
    signed = tar("version", "manifest", "manifest.sig", "header.tar.gz", "data/0000.tar.gz")
    unsigned = tar("version", "manifest", "header.tar.gz", "data/0000.tar.gz")
    assert (whole(signed).format, whole(signed).signature) == ("mender", "embedded")
    assert whole(unsigned).signature == "none"
    assert cut(unsigned, 1024 + 700).signature == "unknown"


def test_other_tar() -> None:
    assert whole(tar("rootfs.img")).signature == "none"
    assert whole(tar("rootfs.img", "rootfs.img.asc")).signature == "embedded"


def fit(*, value: bool, node: str = "signature-1", blob: int = 64) -> bytes:
    strings = b"data\0algo\0value\0"
    names = {"data": 0, "algo": 5, "value": 10}

    def begin(name: str) -> bytes:
        raw = name.encode() + b"\0"
        return struct.pack(">I", 1) + raw + bytes(-len(raw) % 4)

    def prop(name: str, data: bytes) -> bytes:
        return struct.pack(">III", 3, len(data), names[name]) + data + bytes(-len(data) % 4)

    end = struct.pack(">I", 2)
    signature = begin(node) + prop("algo", b"sha256,rsa2048\0") + (prop("value", bytes(256)) if value else b"") + end
    tree = begin("") + begin("images") + begin("kernel") + prop("data", bytes(blob)) + end + end
    tree += begin("configurations") + begin("conf-1") + signature + end + end + end + struct.pack(">I", 9)
    total = 40 + len(tree) + len(strings)
    return (
        struct.pack(">10I", 0xD00DFEED, total, 40, 40 + len(tree), 0, 17, 16, 0, len(strings), len(tree))
        + tree
        + strings
    )


def test_fit() -> None:
    assert (whole(fit(value=True)).format, whole(fit(value=True)).signature) == ("fit", "embedded")
    # mkimage without a key leaves the node, but no value.
    assert whole(fit(value=False)).signature == "none"
    assert whole(fit(value=True, node="hash-1")).signature == "none"


def test_a_large_fit_is_read_by_its_ends() -> None:
    image = fit(value=True, blob=200_000)
    assert cut(image, 65536).wants_tail
    assert cut(image, 65536, 16384).signature == "embedded"


def test_uimage_and_trx() -> None:
    uimage = b"\x27\x05\x19\x56" + bytes(8) + struct.pack(">I", 1000) + bytes(48) + bytes(1000)
    trx = b"HDR0" + struct.pack("<I", 2000) + bytes(1992)
    for name, data in (("uimage", uimage), ("trx", trx)):
        assert (whole(data).format, whole(data).signature) == (name, "none")
        assert whole(data + b"something").signature == "unknown"


def test_openwrt_trailer() -> None:
    image = b"\x27\x05\x19\x56" + bytes(5000)
    metadata = b"{}" + struct.pack(">4sIB3xI", b"FWx0", 0, 1, 18)
    signature = bytes(90) + struct.pack(">4sIB3xI", b"FWx0", 0, 0, 106)
    assert whole(image + metadata).signature == "none"
    assert whole(image + metadata + signature).signature == "embedded"


def mcuboot(*kinds: int, size: int = 200) -> bytes:
    tlvs = b"".join(struct.pack("<HH", kind, 32) + bytes(32) for kind in kinds)
    header = struct.pack("<IIHHI", 0x96F3B83D, 0, 32, 0, size) + bytes(16)
    return header + bytes(size) + struct.pack("<HH", 0x6907, 4 + len(tlvs)) + tlvs


def test_mcuboot() -> None:
    assert whole(mcuboot(0x10, 0x01, 0x22)).signature == "embedded"
    assert whole(mcuboot(0x10)).signature == "none"
    large = mcuboot(0x10, 0x24, size=300_000)
    assert cut(large, 65536).wants_tail
    assert cut(large, 65536, 16384).signature == "embedded"


def test_esp32() -> None:
    image = b"\xe9\x01" + bytes(30) + struct.pack("<I", 0xABCD5432) + bytes(8192 - 36)
    assert whole(image).signature == "none"
    assert whole(image + b"\xe7\x02" + bytes(4094)).signature == "embedded"
    assert whole(image + bytes(68)).signature == "unknown"
    assert cut(image + bytes(100_000), 65536).wants_tail


def test_vbmeta() -> None:
    assert whole(b"AVB0" + bytes(24) + struct.pack(">I", 1) + bytes(300)).signature == "embedded"
    assert whole(b"AVB0" + bytes(300)).signature == "none"


def suit(*blocks: bytes) -> bytes:
    wrapper = bytes([0x80 | len(blocks)]) + b"".join(bytes([0x58, len(b)]) + b for b in blocks)
    return b"\xd8\x6b\xa2\x02\x58" + bytes([len(wrapper)]) + wrapper + b"\x03\x41\xa0"


def test_suit() -> None:
    assert whole(suit(bytes(36), bytes(80))).signature == "embedded"
    assert whole(suit(bytes(36))).signature == "none"
    assert whole(b"\xd8\x6b\xa1\x03\x41\xa0").signature == "none"
    assert whole(suit(bytes(36), bytes(80))[:20]).signature == "unknown"


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b"not found\n", b"{}", b":10010000214601360121470136007EFE09D2190140\r\n"]
)
def test_text_is_no_image(data: bytes) -> None:
    assert judge_image(Sample(head=data, size=len(data))) is None
    assert is_text(data)


def test_formats_without_a_known_place_are_open() -> None:
    assert (whole(b"\x1f\x8b\x08" + bytes(900)).format, whole(b"\x8f\x01\x00" * 90).format) == ("gzip", "binary")
    assert whole(b"\x8f\x01\x00" * 90).signature == "unknown"


_MAGICS = [
    b"hsqs",
    b"070701",
    b"\xd0\x0d\xfe\xed",
    b"\x3d\xb8\xf3\x96",
    b"\xd8\x6b\xa2",
    b"AVB0",
    b"\x27\x05\x19\x56",
    b"",
]


@given(st.sampled_from(_MAGICS), st.binary(max_size=600), st.binary(max_size=80), st.none() | st.integers(0, 10**12))
def test_any_bytes_can_be_judged(magic: bytes, head: bytes, tail: bytes, size: int | None) -> None:
    judge_image(Sample(head=magic + head, tail=tail, size=size))
    judge_image(Sample(head=magic + head, size=len(magic + head)))


@given(st.sampled_from([fit(value=True), mcuboot(0x22), cpio(("a", b"b")), suit(bytes(36), bytes(9))]), st.data())
def test_damaged_images_can_be_judged(image: bytes, data: st.DataObject) -> None:
    broken = bytearray(image)
    for _ in range(3):
        broken[data.draw(st.integers(0, len(image) - 1))] = data.draw(st.integers(0, 255))
    judge_image(Sample(head=bytes(broken), size=len(broken)))


# Detached signatures


def signify(blob: bytes = b"Ed" + bytes(8) + SIGNATURE) -> bytes:
    return b"untrusted comment: signature from key\n" + base64.b64encode(blob) + b"\n"


def test_detached_signatures() -> None:
    ecdsa = ec.derive_private_key(7, ec.SECP256R1()).sign(b"x", ec.ECDSA(hashes.SHA256()))
    assert signature_kind(signify()) == "signify"
    assert signature_kind(SIGNATURE) == "raw"
    assert signature_kind(ecdsa) == "ECDSA"
    assert signature_kind(base64.b64encode(ecdsa)) == "ECDSA"
    assert signature_kind(base64.encodebytes(bytes(range(256)))) == "raw"
    assert signature_kind(b"-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n") == "OpenPGP"


def test_a_gpg_signature(tmp_path: Path) -> None:
    gpg = shutil.which("gpg") or pytest.skip("needs gpg: apt install gpg")
    home = ["--homedir", str(tmp_path), "--batch", "--pinentry-mode", "loopback", "--passphrase", ""]
    tmp_path.chmod(0o700)
    made = subprocess.run([gpg, *home, "--quick-gen-key", "me", "ed25519", "sign"], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"gpg cannot make a key here: {made.stderr.decode()[:100]}")
    for armour in ([], ["--armor"]):
        out = subprocess.run([gpg, *home, *armour, "--detach-sign"], input=b"fw", capture_output=True, check=True)
        assert signature_kind(out.stdout) == "OpenPGP"
    out = subprocess.run([gpg, *home, "--clearsign"], input=MANIFEST, capture_output=True, check=True)
    found = read_manifest(out.stdout)
    assert found is not None
    assert (found.format, found.signature, found.images[0].url) == ("pgp-clearsigned", "embedded", "/fw.bin")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><body>not found</body></html>",
        b"0" * 64,
        b"d" * 128 + b"\n",
        b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  firmware.bin\n",
        b'{"error": 404}',
        b"untrusted comment: x\nbm90IGEgc2lnbmF0dXJl\n",
        b"a" * 64 + b" is what a text of this length would be" + b"b" * 25,
        b"Not Found",
        bytes(100),
    ],
)
def test_what_is_no_signature(data: bytes) -> None:
    assert signature_kind(data) == ""


@given(st.binary(max_size=700))
def test_any_bytes_may_stand_beside(data: bytes) -> None:
    signature_kind(data)
    signature_kind(b"0" + data)
    signature_kind(b"\x88" + data)


# Manifests

DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
RELEASE = {"version": "1.2", "url": "/fw.bin", "sha256": DIGEST}
MANIFEST = json.dumps(RELEASE).encode()
B64 = base64.b64encode(SIGNATURE).decode()


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.parametrize(
    ("document", "signature"),
    [
        (RELEASE, "none"),
        (RELEASE | {"signature": B64}, "embedded"),
        (RELEASE | {"sig": SIGNATURE.hex()}, "embedded"),
        (RELEASE | {"signatures": [{"keyid": "x", "sig": SIGNATURE.hex()}]}, "embedded"),
        (RELEASE | {"signature": {"alg": "ed25519", "value": B64}}, "embedded"),
        (RELEASE | {"signature": ""}, "none"),
        (RELEASE | {"signature": None}, "none"),
        (RELEASE | {"signature": "none"}, "none"),
        (RELEASE | {"signatures": []}, "none"),
        (RELEASE | {"signature": DIGEST}, "unknown"),
        (RELEASE | {"signature": True}, "unknown"),
        (RELEASE | {"signature": "/fw.bin.sig"}, "none"),
        ({"manifest": RELEASE, "signature": B64}, "embedded"),
        ({"files": [RELEASE | {"signature": B64}]}, "none"),
        (
            {
                "signed": {"_type": "targets", "targets": {"fw.bin": {"length": 3, "hashes": {}}}},
                "signatures": [{"sig": B64}],
            },
            "embedded",
        ),
    ],
)
def test_json_manifests(document: dict[str, object], signature: str) -> None:
    found = read_manifest(json.dumps(document).encode())
    assert found is not None
    assert found.signature == signature
    assert found.images


def test_signatures_of_images_stand_with_them() -> None:
    found = read_manifest(json.dumps({"files": [RELEASE | {"signature": B64}, {"file": "b.img"}]}).encode())
    assert found is not None
    assert [(i.url, i.has_signature) for i in found.images] == [("/fw.bin", True), ("b.img", False)]
    found = read_manifest(json.dumps(RELEASE | {"signatureUrl": "/fw.bin.p7s"}).encode())
    assert found is not None
    assert found.images[0].signature_url == "/fw.bin.p7s"


def test_jws() -> None:
    compact = ".".join((b64url(b'{"alg":"ES256"}'), b64url(MANIFEST), b64url(SIGNATURE)))
    none = ".".join((b64url(b'{"alg":"none"}'), b64url(MANIFEST), b64url(SIGNATURE)))
    whole_json = json.dumps({"payload": b64url(MANIFEST), "protected": "x", "signature": b64url(SIGNATURE)})
    for text, signature in ((compact, "embedded"), (none, "none"), (whole_json, "embedded")):
        found = read_manifest(text.encode())
        assert found is not None
        assert (found.format, found.signature, found.images[0].url) == ("jws", signature, "/fw.bin")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"[]",
        b"{}",
        b'"text"',
        b'{"error": "not found", "path": "/firmware.json"}',
        b'{"model": "cam", "version": "1.0", "uptime": 12}',
        b'{"name": "App", "short_name": "A", "start_url": "/", "display": "standalone", "version": "1.0",'
        b' "icons": [{"src": "/icon.png", "sizes": "192x192"}]}',
        b"[" * 5000,
        b'{"a":' * 5000,
    ],
)
def test_what_is_no_manifest(body: bytes) -> None:
    assert read_manifest(body) is None


def test_esp_web_tools_manifest() -> None:
    body = b'{"name":"x","builds":[{"chipFamily":"ESP32","parts":[{"path":"app.bin","offset":65536}]}]}'
    found = read_manifest(body)
    assert found is not None
    assert (found.signature, found.images[0].url) == ("none", "app.bin")


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.just(B64),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["url", "signature", "signatures", "payload", "version", "sha256", "sig", "fw.bin", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_any_document_can_be_read(document: object) -> None:
    read_manifest(json.dumps(document).encode())


@given(st.binary(max_size=300), st.sampled_from([b"", b"eyJ", b"{", b"-----BEGIN PGP SIGNED MESSAGE-----\n"]))
def test_any_bytes_may_be_a_manifest(body: bytes, start: bytes) -> None:
    read_manifest(start + body)
