"""Small files that would cost a reader hours or gigabytes: each is given up, and what was not read is named.

A server on the network may send any of them, and its answers are read where everything else waits.
"""

import gzip
import hashlib
import json
import struct
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from iotscan.model.facts import SignedArtefact
from iotscan.wire.ber import Malformed
from iotscan.wire.signed_data import read_signed_data
from iotscan.wire.signing.apk_adb import Values
from iotscan.wire.signing.apk_feed import read_apk_feed
from iotscan.wire.signing.apk_v3 import read_apk_v3_feed
from iotscan.wire.signing.apt_feed import read_apt_feed
from iotscan.wire.signing.cms import of_bytes, read_signatures
from iotscan.wire.signing.feed import MOST_LINES, lines_of
from iotscan.wire.signing.fit import read_fit
from iotscan.wire.signing.libconfig import NotConfiguration, read_libconfig
from iotscan.wire.signing.mcuboot import read_mcuboot
from iotscan.wire.signing.oci import read_oci
from iotscan.wire.signing.openpgp.keyring import read_keyring
from iotscan.wire.signing.opkg_feed import read_opkg_feed
from iotscan.wire.signing.ostree_objects import read_tree
from iotscan.wire.signing.public_keys import NoPublicKey
from iotscan.wire.signing.rpm_package import read_rpm
from iotscan.wire.signing.suit import read_suit
from iotscan.wire.signing.sw_description import read_description
from iotscan.wire.signing.tuf import read_tuf
from iotscan.wire.signing.tuf_metadata import canonical
from iotscan.wire.signing.unpacking import NotRead, unpacked
from tests.wire.signing.messages import a_message, a_signer_info, attributes
from tests.wire.signing.repositories import named
from tests.wire.signing.signers import a_signer
from tests.wire.signing.trying import memory


def said(found: SignedArtefact | None) -> str:
    """Why it is not called anything; the test fails where it is called signed without a word."""
    assert found is not None
    assert found.damage or found.problem
    return found.damage or found.problem


def test_an_index_in_many_packed_pieces() -> None:
    packed = gzip.compress(b"") * 100_001
    assert said(read_opkg_feed(named({"Packages.gz": packed}))) == "a part is packed in more than 100,000 pieces"


def test_a_megabyte_that_unpacks_to_a_gigabyte() -> None:
    stream = unpacked(memory(gzip.compress(bytes(100 << 20)) + bytes(10_000)), "gz")
    with pytest.raises(NotRead, match="a part unpacks to more than 21 MiB"):
        stream.drain()


def test_an_index_of_empty_lines() -> None:
    index = b"\n" * (MOST_LINES + 1)
    assert (
        said(read_opkg_feed(named({"Packages.gz": gzip.compress(index)}))) == "its index has more than 2,500,000 lines"
    )
    assert [*lines_of(b"a\r\n\n\xff")] == ["a\r", "", "\ufffd"]


def test_a_release_of_many_lines() -> None:
    text = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nCodename: x\n" + b" a\n" * 200_000
    assert said(read_apt_feed(named({"InRelease": text}))) == "its release file has more than 200,000 lines"


def a_block(schema: bytes, *objects: list[int]) -> bytes:
    """An ADB file whose objects stand one behind the other, the last of them the root. Numbers name their kind."""
    body, places = bytearray(8), []
    for entries in objects:
        places.append(len(body))
        values = [entry if entry <= 0 else 0xE0000000 | places[entry - 1] for entry in entries]
        body += struct.pack(f"<I{len(values)}I", len(values) + 1, *values)
    body[4:8] = struct.pack("<I", 0xE0000000 | places[-1])
    block = struct.pack("<I", len(body) + 4) + body
    return b"ADB." + schema + block + bytes(-len(block) % 8)


def test_objects_that_stand_in_many_places() -> None:
    """Folders with the same files, packages that are one."""
    files: list[int] = [0] * 1000
    package = a_block(b"pckg", files, [0, 0, 1], [2] * 600, [0, 3])
    index = a_block(b"indx", files, [1] * 600, [0, 2])
    for data in (package, index):
        assert said(read_apk_v3_feed(named({"packages.adb": data}))) == "it has more than 500,000 values"


def test_values_are_counted_over_all_objects() -> None:
    values = Values(struct.pack("<II", 0, 0) + struct.pack("<I", 50_000) + bytes(4 * 49_999))
    for _ in range(10):
        assert len(values.entries(0xD0000008)) == 50_000
    with pytest.raises(NotRead):
        values.entries(0xD0000008)


def test_an_index_that_says_nothing() -> None:
    content = b"ab\n\n" * 100_002
    header = b"APKINDEX".ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % len(content) + b"0" * 11
    header = (header + b"\0" + b" " * 8 + b"0").ljust(512, b"\0")
    summed = header[:148] + b"%06o\0 " % sum(header) + header[156:]
    packed = gzip.compress(summed + content + bytes(-len(content) % 512 + 1024))
    assert "more than 100000 packages" in said(read_apk_feed(named({"APKINDEX.tar.gz": packed})))


def a_fit(signatures: int, nodes: int) -> bytes:
    strings = b"value\0hashed-nodes\0"

    def a_property(name: bytes, value: bytes) -> bytes:
        return struct.pack(">III", 3, len(value), strings.index(name)) + value + bytes(-len(value) % 4)

    def node(name: bytes, *inside: bytes) -> bytes:
        padded = name + bytes(4 - len(name) % 4)
        return struct.pack(">I", 1) + padded + b"".join(inside) + struct.pack(">I", 2)

    signed = a_property(b"value", b"s" * 8), a_property(b"hashed-nodes", b"/\0")
    conf = node(b"conf", *(node(b"signature-%d" % n, *signed) for n in range(signatures)))
    filling = (node(b"x%d" % n) for n in range(nodes))
    tree = node(b"", node(b"images", node(b"kernel")), node(b"configurations", conf), *filling) + struct.pack(">I", 9)
    head = struct.pack(
        ">10I", 0xD00DFEED, 56 + len(tree) + len(strings), 56, 56 + len(tree), 40, 17, 16, 0, len(strings), len(tree)
    )
    return head + bytes(16) + tree + strings


def test_signatures_over_a_tree_without_end() -> None:
    assert said(read_fit(memory(a_fit(200, 6000)))) == "it has more signatures than are tried"
    few = read_fit(memory(a_fit(2, 6000)))
    assert few is not None
    assert len(few.signatures) == 2


def test_thousands_of_signatures_of_one_image() -> None:
    head = struct.pack("<IIHHIIBBHI4x", 0x96F3B83D, 0, 32, 0, 0, 0, 1, 0, 0, 0)
    entries = struct.pack("<HH32x", 0x10, 32) + struct.pack("<HHB", 0x20, 1, 7) * 5000
    found = read_mcuboot(memory(head + struct.pack("<HH", 0x6907, len(entries) + 4) + entries))
    assert found is not None
    assert len(found.signatures) == 16
    assert found.problem == "it has more than 16 signatures"


def test_a_signature_header_full_of_texts() -> None:
    count, size = 40, 40 * 100 + 16
    entries = [(62, 7, size - 16, 16), *((1000 + n, 8, n * 100, 100) for n in range(count - 1))]
    head = b"\xed\xab\xee\xdb\x03\0" + bytes(72) + b"\0\5" + bytes(16)
    index = struct.pack(">4s4sII", b"\x8e\xad\xe8\x01", bytes(4), count, size)
    index += b"".join(struct.pack(">IIII", *entry) for entry in entries)
    assert said(read_rpm(memory(head + index + bytes(size)))) == "its signature header is larger than is read"


def cbor(major: int, number: int, inside: bytes = b"") -> bytes:
    return bytes([major << 5 | 26]) + number.to_bytes(4, "big") + inside


def test_digests_of_all_components_again_and_again() -> None:
    def text(data: bytes) -> bytes:
        return cbor(2, len(data), data)

    digest = text(cbor(4, 2, b"\x2f" + text(bytes(32))))
    setting = cbor(0, 20) + cbor(5, 1, cbor(0, 3) + digest)
    commands = cbor(4, 2 + 2 * 500, cbor(0, 12) + b"\xf5" + setting * 500)
    common = cbor(5, 2, cbor(0, 2) + cbor(4, 256, b"\x80" * 256) + cbor(0, 4) + text(commands))
    manifest = text(cbor(5, 1, cbor(0, 3) + text(common)))
    assert "parameters of components" in said(read_suit(memory(b"\xd8\x6b" + cbor(5, 1, cbor(0, 3) + manifest))))


def test_descriptions_without_end() -> None:
    files = ",".join('{filename = "f%d";}' % n for n in range(2001))  # noqa: UP031  # braces are libconfig's own
    many = read_description(f'software = {{version = "1"; images: ({files});}}'.encode())
    assert (many.entries, many.version) == ((), "1")
    assert many.problem == "sw-description names more than 2,000 files"
    huge = read_description(b'{"software": {"images": [{"filename": "a", "size": ' + b"9" * 400 + b"}]}}")
    assert huge.entries[0].size == (1 << 63) - 1
    with pytest.raises(NotConfiguration, match="too long"):
        read_libconfig('a = "' + "x" * 70_000 + '" "y" "z";')


def a_tuf_repository(targets: dict[str, Any], patterns: list[str], version: int = 1) -> dict[str, bytes]:
    """One key for all; what is delegated is named by ``patterns``."""
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
    public = {
        "keytype": "ed25519",
        "scheme": "ed25519",
        "keyval": {"public": key.public_key().public_bytes_raw().hex()},
    }
    role = {"keyids": ["k"], "threshold": 1}

    def signed(kind: str, **more: Any) -> bytes:
        said = {"_type": kind, "version": 1, "expires": "2036-01-01T00:00:00Z", **more}
        value = {"keyid": "k", "sig": key.sign(canonical(said)).hex()}
        return json.dumps({"signed": said, "signatures": [value]}).encode()

    delegated = {"keys": {"k": public}, "roles": [{"name": "d", "paths": patterns, **role}]}
    meta = {"targets.json": {"version": version}, "d.json": {"version": 1}}
    roles = dict.fromkeys(("root", "timestamp", "snapshot", "targets"), role)
    return {
        "root.json": signed("root", keys={"k": public}, roles=roles),
        "timestamp.json": signed("timestamp", meta={"snapshot.json": {"version": 1}}),
        "snapshot.json": signed("snapshot", meta=meta),
        "targets.json": signed("targets", version=version, targets={}, delegations=delegated),
        "d.json": signed("targets", targets=targets),
    }


def test_targets_against_patterns() -> None:
    target = {"length": 1, "hashes": {"sha256": "0" * 64}}
    sound = read_tuf(named(a_tuf_repository({"a/b": target}, ["a/*"])))
    assert sound is not None
    assert (sound.problem, sound.damage, len(sound.payloads)) == ("", "", 1)
    many = a_tuf_repository({f"b{n}": target for n in range(1001)}, [f"a{n}" for n in range(100)])
    assert said(read_tuf(named(many))) == "more than 100,000 comparisons of targets with delegations"
    stars = a_tuf_repository({"a" * 200: target}, ["*a" * 90 + "b"])
    assert said(read_tuf(named(stars))) == "a pattern of a delegation has more than 8 stars"


@pytest.mark.parametrize("version", [1 << 63, 10**200])
def test_a_version_that_no_run_file_can_hold(version: int) -> None:
    assert "no version that is one" in said(read_tuf(named(a_tuf_repository({}, [], version))))


def a_layout(images: int, layers: int, filling: str = "") -> dict[str, bytes]:
    """Images of the same layers, none of which is there."""
    kind = "application/vnd.oci.image.{}.v1+json"
    parts = [{"mediaType": kind.format("layer"), "digest": f"sha256:{n:064x}", "size": 10**30} for n in range(layers)]
    files, entries = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}, []
    for number in range(images):
        manifest = json.dumps({"layers": parts, "filling": f"{number}{filling}"}).encode()
        digest = hashlib.sha256(manifest).hexdigest()
        files[f"blobs/sha256/{digest}"] = manifest
        entries.append({"mediaType": kind.format("manifest"), "digest": f"sha256:{digest}", "size": len(manifest)})
    return {**files, "index.json": json.dumps({"manifests": entries}).encode()}


def test_images_of_thousands_of_parts() -> None:
    first, *_, last = read_oci(named(a_layout(40, 200)))
    assert first.problem == ""
    assert first.payloads[-1].size == (1 << 63) - 1
    assert said(last) == "its images have more than 5,000 parts together"
    *_, last = read_oci(named(a_layout(5, 1, "x" * 4_000_000)))
    assert said(last) == "its manifests are longer than 16 MiB together"


def test_a_message_of_many_signers(tmp_path: Path) -> None:
    signer = a_signer(tmp_path, "maker")
    infos = [a_signer_info(signer, b"content", attributes=attributes(b"content"))] * 17
    message = read_signed_data(a_message(infos, [signer], content=b"content"))
    found = read_signatures(message, of_bytes(b"content"))
    assert (found.flaw, found.signatures) == ("it has more than 16 signers", ())


def test_a_key_with_a_name_without_end() -> None:
    key = b"\x04\0\0\0\1\x16\x09" + bytes.fromhex("2b06010401da470f01") + b"\x01\x07\x40" + bytes(32)
    packets = b"\xc6\xff" + struct.pack(">I", len(key)) + key + b"\xcd\xff" + struct.pack(">I", 9000) + b"n" * 9000
    with pytest.raises(NoPublicKey, match="a name in it is longer than any"):
        read_keyring(packets)


def test_a_name_that_no_file_can_have() -> None:
    for length, is_one in ((255, True), (256, False)):
        entry = b"n" * length + bytes(33)
        files = entry + struct.pack("<HH", length + 1, len(entry) + 2)
        tree = files + struct.pack("<H", len(files))
        if is_one:
            assert read_tree(tree)[0][0][0] == "n" * length
            continue
        with pytest.raises(Malformed, match="a name that no file can have"):
            read_tree(tree)
