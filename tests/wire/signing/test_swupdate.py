"""SWUpdate's archives, signed by openssl and packed by cpio: the verdicts are those of swupdate itself."""

import contextlib
import fcntl
import hashlib
import json
import os
import random
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st

from iotscan.assess.artefacts import judge_artefact
from iotscan.model.facts import SignedArtefact, TrustedKey
from iotscan.wire.signing.cpio import sum_of
from iotscan.wire.signing.libconfig import NotConfiguration, read_libconfig
from iotscan.wire.signing.public_keys import describe_key
from iotscan.wire.signing.sw_description import read_description
from iotscan.wire.signing.swupdate import read_swupdate, read_swupdate_head
from tests.wire.signing.made import EMAIL, a_key
from tests.wire.signing.signers import NOW, Held, Signer, a_signer, flipped, run, tool

IMAGE = random.Random(4).randbytes(3000)
SCRIPT = b"#!/bin/sh\nexit 0\n"
FILES = {"rootfs.img": IMAGE, "post.sh": SCRIPT}


def description(**changes: str) -> str:
    """A description of an image and a script, with ``images``, ``scripts`` or ``more`` put otherwise."""
    digest, script = hashlib.sha256(IMAGE).hexdigest(), hashlib.sha256(SCRIPT).hexdigest()
    parts = {
        "images": f'{{ filename = "rootfs.img"; path = "/x/y"; type = "rawfile"; sha256 = "{digest}"; }}',
        "scripts": f'{{ filename = "post.sh"; type = "shellscript"; sha256 = "{script}"; }}',
        "more": "",
    } | changes
    return (
        '/* made for a test */\nsoftware = {\n  version = "1.0" ".1"; # two strings are one\n'
        '  hardware-compatibility: [ "1.0", "#RE:^2" ];\n'
        f"  files: ( {parts['images']} );\n  scripts: ( {parts['scripts']} );\n  {parts['more']}\n}}\n"
    )


LOCK = Path(tempfile.gettempdir()) / "iotscan-tests-swupdate.lock"


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    signer: Signer
    sound: dict[str, bytes]

    def sign(self, text: str, *signers: Signer) -> bytes:
        (self.folder / "sw-description").write_text(text)
        words: list[str | Path] = [tool("openssl", "openssl"), "cms", "-sign", "-in", "sw-description", "-binary"]
        words += ["-outform", "DER", "-nosmimecap"]
        for signer in signers:
            words += ["-signer", signer.file, "-inkey", signer.key_file]
        return run(*words, cwd=self.folder).stdout

    def pack(self, members: Sequence[tuple[str, bytes]], kind: str = "crc") -> bytes:
        """A cpio archive; a name that stands twice is packed twice."""
        made = b""
        for at, (name, data) in enumerate(members):
            place = self.folder / f"pack-{at}"
            place.mkdir(exist_ok=True)
            (place / name).write_bytes(data)
            one = run(tool("cpio", "cpio"), "-o", "-H", kind, input=name.encode(), cwd=place).stdout
            (place / name).unlink()
            # All but the last: what cpio appends behind the member is its trailer and padding.
            made += one if at == len(members) - 1 else one[: one.rindex(b"0707", 0, one.rindex(b"TRAILER!!!"))]
        return made

    def update(self, text: str = "", *signers: Signer, kind: str = "crc", **files: bytes) -> bytes:
        text = text or description()
        signature = self.sign(text, *(signers or (self.signer,)))
        members = [("sw-description", text.encode()), ("sw-description.sig", signature)]
        return self.pack([*members, *(files or FILES).items()], kind)

    def accepted(self, updates: dict[str, bytes]) -> dict[str, bool]:
        """What swupdate says of each, in a dry run. It waits a second at its end: all at once, in folders apart."""
        running = {}
        # One test at a time: all of them listen on this machine, and the names of their sockets are cut.
        with tempfile.TemporaryDirectory(prefix="s") as short, open(LOCK, "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for at, (name, data) in enumerate(updates.items()):
                place = Path(short) / str(at)
                place.mkdir()
                (place / "x.swu").write_bytes(data)
                words = [tool("swupdate", "swupdate"), "-n", "-l", "3", "-H", "board:1.0", "-k", self.signer.file]
                running[name] = subprocess.Popen(
                    [*words, "-i", "x.swu"],
                    cwd=place,
                    env=os.environ | {"TMPDIR": str(place)},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                )
            # Its exit code is now 0, now 1, after the same success.
            return {name: b"SWUPDATE successful" in p.communicate(timeout=60)[0] for name, p in running.items()}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("swupdate")
    signer = a_signer(folder, "signer", purposes=(EMAIL,), days=(-900, 9000))
    made = Bench(folder=folder, signer=signer, sound={})
    made.sound.update({kind: made.update(kind=kind) for kind in ("crc", "newc")})
    return made


def read(data: bytes, path: str = "") -> SignedArtefact:
    found = read_swupdate(Held(data), path)
    assert found is not None
    return found


def state(data: bytes, signer: Signer) -> str:
    found = read_swupdate(Held(data))
    return "nothing" if found is None else judge_artefact(found, [signer.trusted("swupdate")], NOW).state


@pytest.mark.parametrize("kind", ["crc", "newc"])
def test_an_update(bench: Bench, kind: str) -> None:
    old = a_signer(bench.folder, f"past-{kind}", purposes=(EMAIL,), days=(-900, -800))
    assert state(bench.update("", old, kind=kind), old) == "expired"
    found = read(bench.sound[kind])
    assert (found.damage, found.problem, found.notes, found.protection) == ("", "", (), "signed")
    assert (found.version, found.compatible) == ("1.0.1", ("1.0", "#RE:^2"))
    assert [(p.name, p.size, p.is_covered, p.matches.known) for p in found.payloads] == [
        ("rootfs.img", 3000, True, True),
        ("post.sh", 17, True, True),
    ]
    assert state(bench.sound[kind], bench.signer) == "verified"
    stranger = a_signer(bench.folder, f"stranger-{kind}", purposes=(EMAIL,), days=(-900, 9000))
    assert state(bench.sound[kind], stranger) == "wrong-signer"


def test_the_verdicts_are_those_of_swupdate(bench: Bench) -> None:
    stranger = a_signer(bench.folder, "stranger", purposes=(EMAIL,), days=(-900, 9000))
    old = a_signer(bench.folder, "old", purposes=(EMAIL,), days=(-900, -800))
    no_digest = description(images='{ filename = "rootfs.img"; path = "/x/y"; type = "rawfile"; }')
    text = description()
    members = [("sw-description", text.encode()), *FILES.items()]
    signature = ("sw-description.sig", bench.sign(text, bench.signer))
    crc = bench.sound["crc"]
    at = crc.index(IMAGE)
    updates = {
        "sound": ("verified", crc),
        "newc": ("verified", bench.sound["newc"]),
        "spare": ("verified", bench.pack([members[0], signature, *members[1:], ("spare", b"x")])),
        "two-signers": ("verified", bench.update("", stranger, bench.signer)),
        "stranger": ("wrong-signer", bench.update("", stranger)),
        "expired": ("wrong-signer", bench.update("", old)),
        "unsigned": ("unsigned", bench.pack(members)),
        "late": ("broken", bench.pack([*members, signature])),
        "changed": ("broken", crc.replace(SCRIPT, SCRIPT.replace(b"0", b"1"))),
        "changed-newc": ("broken", bench.sound["newc"].replace(SCRIPT, SCRIPT.replace(b"0", b"1"))),
        "no-digest": ("broken", bench.update(no_digest)),
        "missing": ("broken", bench.update("", **{"post.sh": SCRIPT})),
        "other-text": ("broken", bench.pack([("sw-description", text.encode() + b"\n"), signature, *members[1:]])),
        "truncated": ("broken", crc[: at + 100]),
        "no-trailer": ("broken", crc[: crc.rindex(b"070702")]),
    }  # fmt: skip
    ours = {name: state(data, bench.signer) for name, (_, data) in updates.items()}
    assert ours == {name: said for name, (said, _) in updates.items()}
    theirs = bench.accepted({name: data for name, (_, data) in updates.items()})
    assert theirs == {name: said == "verified" for name, said in ours.items()}
    assert read(updates["spare"][1]).notes == ("1 members that sw-description does not name, spare first",)


def test_checksums_and_numbers(bench: Bench) -> None:
    text = description()
    members = [("sw-description", text.encode()), ("sw-description.sig", bench.sign(text, bench.signer))]
    data = bench.pack([*members, *FILES.items(), ("spare", b"nobody looks at it")])
    assert "spare is wrong" in read(data.replace(b"nobody", b"nobodi")).damage
    newc = bench.sound["newc"]
    assert newc[6:14].isalnum()
    for number in (b"+0000001", b"0x000001", b"00_00001", b" 0000001", b"0000000g"):
        assert "no number" in read(newc[:6] + number + newc[14:], "x.swu").damage


def test_a_digest_of_zeros_is_none(bench: Bench) -> None:
    zeros = "0" * 64
    text = description(images=f'{{ filename = "rootfs.img"; type = "raw"; sha256 = "{zeros}"; }}')
    assert [p.is_covered for p in read(bench.update(text)).payloads] == [False, True]
    assert state(bench.update(text), bench.signer) == "broken"


def test_what_stands_twice_is_refused(bench: Bench) -> None:
    """SWUpdate 2022.12 takes it: its own rules make it harmless, those of the next reader may not."""
    text = description()
    members = [("sw-description", text.encode()), ("sw-description.sig", bench.sign(text, bench.signer))]
    for again in (("sw-description", b"software = {};"), ("rootfs.img", b"another")):
        found = read(bench.pack([*members, *FILES.items(), again]))
        assert found.damage == f"{again[0]} is in it twice"


def test_a_size_that_is_another(bench: Bench) -> None:
    """SWUpdate 2022.12 does not compare them, later ones stop there (``check_if_required``)."""
    digest = hashlib.sha256(IMAGE).hexdigest()
    text = description(images=f'{{ filename = "rootfs.img"; type = "raw"; size = 7; sha256 = "{digest}"; }}')
    assert "not of the size" in read(bench.update(text)).damage


@pytest.mark.parametrize("kind", ["crc", "newc"])
def test_one_flipped_byte_fails(bench: Bench, kind: str) -> None:
    """But where nobody looks: padding, and fields of a header that SWUpdate does not read (inode, owner, times)."""
    data = bench.sound[kind]
    spared = [(at, changed) for at, changed in flipped(data) if state(changed, bench.signer) == "verified"]
    for at, _ in spared:
        assert is_unread(data, at, kind), at
    asked = {str(n): changed for n, (_, changed) in enumerate(spared[:8])}
    assert all(bench.accepted({f"{kind}-{name}": changed for name, changed in asked.items()}).values())


def is_unread(data: bytes, at: int, kind: str) -> bool:
    """True where neither the member's bytes nor a field of its header lie that SWUpdate reads."""
    start = 0
    while True:
        size, length = int(data[start + 54 : start + 62], 16), int(data[start + 94 : start + 102], 16)
        body = -(-(start + 110 + length) // 4) * 4
        behind = -(-(body + size) // 4) * 4
        if at < behind or length == 11:
            break
        start = behind
    inside = at - start
    if inside < 110:
        unread = (6, 54), (62, 94), *(() if kind == "crc" else ((102, 110),))
        return any(a <= inside < b for a, b in unread) or length == 11
    # Behind the name, behind the body, behind the trailer's name; hexadecimal digits may change their case.
    return 110 + length - 1 <= inside < body - start or at >= body + size


@pytest.mark.parametrize("kind", ["crc", "newc"])
def test_truncated(bench: Bench, kind: str) -> None:
    data = bench.sound[kind]
    for length in (0, 5, 6, 109, 124, 128, 300, 900, data.index(IMAGE), data.index(SCRIPT) + 3, data.rindex(b"TRAIL")):
        assert state(data[:length], bench.signer) in ("nothing", "broken")
        assert read(data[:length], "x.swu").damage


def test_a_raw_signature(bench: Bench) -> None:
    key, text = a_key("rsa"), description().encode()
    own = TrustedKey(use="swupdate", path="/etc/swupdate.pem", key=describe_key(key.public_key()))
    other = TrustedKey(use="swupdate", path="/etc/other.pem", key=describe_key(a_key("rsa").public_key()))
    for how, scheme in (
        (padding.PKCS1v15(), "rsa-pkcs1v15"),
        (padding.PSS(padding.MGF1(hashes.SHA256()), 222), "rsa-pss"),
    ):
        value = key.sign(text, how, hashes.SHA256())
        data = bench.pack([("sw-description", text), ("sw-description.sig", value), *FILES.items()])
        found = read(data)
        assert scheme in [s.scheme for s in found.signatures]
        assert judge_artefact(found, [own], NOW).state == "verified"
        assert judge_artefact(found, [other], NOW).state == "wrong-signer"
    for value, said in ((b"", "no signature"), (b"x" * 100, "no signature")):
        data = bench.pack([("sw-description", text), ("sw-description.sig", value), *FILES.items()])
        assert said in read(data).damage
    pgp = b"-----BEGIN PGP SIGNATURE-----\n"
    found = read(bench.pack([("sw-description", text), ("sw-description.sig", pgp), *FILES.items()]))
    authority = a_signer(bench.folder, "authority", is_ca=True).trusted("swupdate")
    assert [judge_artefact(found, [key], NOW).state for key in (own, authority)] == ["present", "present"]


def test_json_and_sets(bench: Bench) -> None:
    digest = hashlib.sha256(IMAGE).hexdigest()
    image: dict[str, Any] = {"filename": "rootfs.img", "type": "rawfile", "path": "/x", "sha256": digest}
    sets = {"copy1": {"images": [image | {"encrypted": True}]}, "copy2": {"images": [{"ref": "#./copy1"}]}}
    text = json.dumps({"software": {"version": "2", "board": {"hardware-compatibility": ["7"], "stable": sets}}})
    found = read(bench.update(text, **{"rootfs.img": IMAGE}))
    assert (found.damage, found.problem, found.version, found.compatible) == ("", "", "2", ("7",))
    assert [(p.is_encrypted, p.matches.known) for p in found.payloads] == [(True, True)]
    # A set whose files all are there is enough.
    sets["copy2"] = {"images": [image | {"filename": "absent"}]}
    text = json.dumps({"software": {"version": "2", "stable": sets}})
    data = bench.update(text, **{"rootfs.img": IMAGE})
    assert read(data).damage == ""
    assert state(data, bench.signer) == "present"


def test_the_head_alone(bench: Bench) -> None:
    data = bench.sound["crc"]
    size = len(data)
    head = data[: data.index(IMAGE) + 10]
    found = read_swupdate_head(head, size)
    assert found is not None
    assert (found.damage, found.protection, found.signatures[0].fits.known) == ("", "signed", True)
    assert [p.is_covered for p in found.payloads] == [True, True]
    assert not any(p.matches.is_answered for p in found.payloads)
    assert judge_artefact(found, [bench.signer.trusted("swupdate")], NOW).state == "present"
    short = read_swupdate_head(data[:700], size)
    assert short is not None
    assert (short.protection, short.damage) == ("unknown", "")
    whole = read_swupdate_head(data, size)
    assert whole is not None
    assert whole == read(data)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "software",
            "software = ",
            "software = {",
            "software = { a = 1; a = 2; };",
            "software = 1; software = 2;",
        ),
        *(
            '@include "x"',
            "software = { a = " + "( " * 40 + ") " * 40 + "; };",
            '{"software": ' * 40,
            '{"software": {}, "software": {}}',
            "[" * 100_000,
        ),
        *("software = { a = " + "9" * 5000 + "; };", "software = 4;", '{"software": 1e9}', "/* open", '"open', "a b"),
        "{" + '"a": {' * 30_000,
    ],
)
def test_descriptions_that_are_none(text: str) -> None:
    assert read_description(text.encode()).problem


def test_a_description_that_nests() -> None:
    deep: dict[str, Any] = {}
    for _ in range(20):
        deep = {"a": deep}
    assert "too deep" in read_description(json.dumps({"software": deep}).encode()).problem
    assert "encrypted" in read_description(bytes(range(128, 256))).problem


def test_libconfig() -> None:
    text = 'a = 0x1F; b: 1.5, c = TRUE\nd = "x\\x41\\n\\"" "y"; // e\ne = ( 1L, [ "p", "q" ], { f = -2; } );'
    assert read_libconfig(text) == {"a": 31, "b": 1.5, "c": True, "d": 'xA\n"y', "e": [1, ["p", "q"], {"f": -2}]}


@given(st.text(alphabet='ab={}()[]";:,#/*\\ \n01.xL-@', max_size=80))
def test_arbitrary_configurations(text: str) -> None:
    with contextlib.suppress(NotConfiguration):
        read_libconfig(text)
    read_description(text.encode())


@given(st.binary(max_size=3000))
def test_sums(data: bytes) -> None:
    assert sum_of(data) == sum(data)


@given(st.binary(max_size=400), st.integers(0, 10_000), st.integers(0, 8))
def test_mutated_updates_never_raise(bench: Bench, piece: bytes, at: int, gone: int) -> None:
    data = bench.sound["newc"]
    at %= len(data)
    for changed in (piece, b"070701" + piece, data[:at] + piece + data[at + gone :]):
        for path in ("", "x.swu"):
            read_swupdate(Held(changed), path)
        read_swupdate_head(changed[:at], len(changed))
