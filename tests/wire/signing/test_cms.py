"""CMS messages: what RFC 5652 demands is demanded, and OpenSSL says the same of each of them."""

import hashlib
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.ber import Malformed, element, integer
from iotscan.wire.signed_data import read_signed_data
from iotscan.wire.signing.cms import Hashed, Signatures, kind_of, of_bytes, read_signatures, recipients_of
from tests.wire.signing.messages import (
    CONTENT_TYPE,
    DATA,
    MESSAGE_DIGEST,
    SIGNING_TIME,
    STAMP,
    STAMP_INFO,
    a_message,
    a_signer_info,
    algorithm,
    attribute,
    attributes,
    oid,
    sequence,
)
from tests.wire.signing.signers import Held, Signer, a_signer, tool

CONTENT = b"what is installed"
KINDS = ("ec", "rsa", "ed25519")


class People(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    root: Signer
    by_kind: dict[str, Signer]
    stamper: Signer

    @property
    def ec(self) -> Signer:
        return self.by_kind["ec"]

    def openssl_accepts(self, der: bytes) -> bool:
        (self.folder / "message").write_bytes(der)
        (self.folder / "content").write_bytes(CONTENT)
        words = [tool("openssl", "openssl"), "cms", "-verify", "-inform", "DER", "-binary", "-in", "message"]
        words += ["-content", "content", "-CAfile", str(self.root.file), "-purpose", "any", "-out", "/dev/null"]
        return subprocess.run(words, cwd=self.folder, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    folder = tmp_path_factory.mktemp("cms")
    years: Any = {"days": (-900, 9000)}
    root = a_signer(folder, "root", is_ca=True, **years)
    by_kind = {kind: a_signer(folder, kind, root, kind, **years) for kind in KINDS}
    stamper = a_signer(folder, "stamper", root, purposes=(ExtendedKeyUsageOID.TIME_STAMPING,), **years)
    return People(folder=folder, root=root, by_kind=by_kind, stamper=stamper)


def read(der: bytes, content: bytes = CONTENT) -> Signatures:
    return read_signatures(read_signed_data(der), of_bytes(content), content)


def holds(found: Signatures) -> bool:
    return not found.flaw and all(s.fits.known is True for s in found.signatures)


@pytest.mark.parametrize("with_attributes", [True, False])
@pytest.mark.parametrize("names_key", [True, False])
@pytest.mark.parametrize(("kind", "pss"), [("ec", False), ("rsa", False), ("rsa", True), ("ed25519", False)])
def test_every_scheme(people: People, kind: str, pss: bool, names_key: bool, with_attributes: bool) -> None:
    signer, digest = people.by_kind[kind], "sha512" if kind == "ed25519" else "sha256"
    made = a_signer_info(
        signer,
        CONTENT,
        attributes=attributes(CONTENT, digest=digest) if with_attributes else (),
        digest=digest,
        pss=pss,
        names_key=names_key,
    )
    der = a_message([made], [signer], digests=[digest], version=3 if names_key else 1)
    found = read(der)
    assert holds(found)
    scheme = {"ec": "ecdsa", "ed25519": "ed25519", "rsa": "rsa-pss" if pss else "rsa-pkcs1v15"}[kind]
    assert [(s.scheme, s.digest) for s in found.signatures] == [(scheme, "" if kind == "ed25519" else digest)]
    assert found.signatures[0].certificate == signer.certificate
    assert bool(found.notes) != with_attributes
    assert read(der, b"something else").signatures[0].fits.known is False
    if kind != "ed25519":
        # OpenSSL 3.0 has no Ed25519 in CMS for every one of these.
        assert people.openssl_accepts(der)


TYPE, DIGEST = attributes(CONTENT)
OTHER = attribute(MESSAGE_DIGEST, element(4, bytes(32)))


@pytest.mark.parametrize(
    ("given", "flaw"),
    [
        ([TYPE, DIGEST], ""),
        ([DIGEST, TYPE, attribute(SIGNING_TIME, element(0x17, b"260102030405Z"))], ""),
        ([DIGEST], "one content type"),
        ([TYPE], "one message digest"),
        ([TYPE, TYPE, DIGEST], "one content type"),
        ([TYPE, DIGEST, OTHER], "one message digest"),
        ([TYPE, OTHER, DIGEST], "one message digest"),
        ([TYPE, attribute(MESSAGE_DIGEST, element(4, bytes(32)), DIGEST)], "one message digest"),
        ([attribute(CONTENT_TYPE, oid(STAMP_INFO)), DIGEST], "another type"),
    ],
)
def test_rules_of_signed_attributes(people: People, given: list[bytes], flaw: str) -> None:
    der = a_message([a_signer_info(people.ec, CONTENT, attributes=given)], [people.ec])
    found = read(der)
    assert flaw in found.flaw
    assert bool(found.flaw) == bool(flaw)
    assert people.openssl_accepts(der) == holds(found) or "another type" in flaw
    if len(given) == 3 and not flaw:
        assert found.signatures[0].claimed_time == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_the_digest_is_not_that_of_the_content(people: People) -> None:
    der = a_message([a_signer_info(people.ec, CONTENT, attributes=[TYPE, OTHER])], [people.ec])
    assert read(der).signatures[0].fits.known is False
    assert not people.openssl_accepts(der)


def test_structures_that_are_refused(people: People) -> None:
    sound = a_signer_info(people.ec, CONTENT, attributes=[TYPE, DIGEST])
    wrong: dict[str, Callable[[], bytes]] = {
        "certificate of its signer": lambda: a_message([sound], []),
        "no signer": lambda: a_message([], [people.ec]),
        "does not announce": lambda: a_message([sound], [people.ec], digests=["sha512"]),
        "something follows": lambda: a_message([sound], [people.ec]) + b"\0",
        "its version": lambda: a_message([sound], [people.ec], version=7),
        "version of its signer": lambda: a_message([a_signer_info(people.ec, CONTENT, version=2)], [people.ec]),
        "typed": lambda: a_message([a_signer_info(people.ec, CONTENT)], [people.ec], kind=STAMP_INFO),
    }
    for flaw, make in wrong.items():
        assert flaw in read(make()).flaw
    empty = sound.replace(element(0xA0, TYPE + DIGEST), b"\xa0\x00")
    with pytest.raises(Malformed):
        read(a_message([sequence(empty[3:])], [people.ec]))
    with pytest.raises(Malformed):
        read(a_message([sound] * 65, [people.ec]))


def test_a_padding_of_another_digest(people: People) -> None:
    """RFC 4056 section 3: the digest of the padding is that of the message."""
    made = a_signer_info(people.by_kind["rsa"], CONTENT, attributes=[TYPE, DIGEST], pss=True)
    sha256, sha512 = algorithm("sha256"), algorithm("sha512")
    for times, scheme in ((0, "rsa-pss"), (1, "other"), (2, "other")):
        # The first names the digest of the message itself.
        head, rest = made[: made.index(sha256) + len(sha256)], made[made.index(sha256) + len(sha256) :]
        info = head + rest.replace(sha256, sha512, times)
        found = read(a_message([info], [people.by_kind["rsa"]]))
        assert found.signatures[0].scheme == scheme
        assert found.signatures[0].fits.known is (True if scheme == "rsa-pss" else None)


def test_several_signers(people: People) -> None:
    ec, rsa = people.ec, people.by_kind["rsa"]
    infos = [a_signer_info(s, CONTENT, attributes=[TYPE, DIGEST]) for s in (ec, rsa)]
    found = read(a_message(infos, [ec, rsa]))
    assert [s.certificate for s in found.signatures] == [ec.certificate, rsa.certificate]
    assert [s.intermediates for s in found.signatures] == [(rsa.certificate,), (ec.certificate,)]
    assert holds(found)
    assert people.openssl_accepts(a_message(infos, [ec, rsa]))
    one_wrong = [infos[0], a_signer_info(rsa, CONTENT, attributes=[TYPE, OTHER])]
    assert not holds(read(a_message(one_wrong, [ec, rsa])))
    assert not people.openssl_accepts(a_message(one_wrong, [ec, rsa]))


def a_stamp(stamper: Signer, value: bytes) -> bytes:
    imprint = sequence(algorithm("sha256"), element(4, hashlib.sha256(value).digest()))
    info = sequence(integer(1), oid(b"\x2a\x03"), imprint, integer(5), element(0x18, b"20260304050607Z"))
    signed = a_signer_info(stamper, info, attributes=attributes(info, STAMP_INFO))
    return a_message([signed], [stamper], content=info, kind=STAMP_INFO, version=3)


def test_time_stamps(people: People) -> None:
    def stamped(token: Callable[[bytes], bytes]) -> Signatures:
        bare = a_signer_info(people.ec, CONTENT, attributes=[TYPE, DIGEST])
        value = read_signed_data(a_message([bare], [people.ec])).signers[0].signature
        whole = sequence(bare[4 if bare[1] == 0x82 else 3 :], element(0xA1, attribute(STAMP, token(value))))
        return read(a_message([whole], [people.ec]))

    found = stamped(lambda value: a_stamp(people.stamper, value))
    assert holds(found)
    assert found.signatures[0].stamped_time == datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert found.signatures[0].stamped_by == "CN=stamper"
    for token, said in (
        (lambda value: a_stamp(people.stamper, b"another" + value), "does not hold"),
        (lambda value: a_stamp(people.ec, value), "does not hold"),
        (lambda value: sequence(b"\x01"), "cannot be read"),
    ):
        found = stamped(token)
        assert found.signatures[0].stamped_time is None
        assert said in found.notes[0]
        # A stamp is not signed by the signer: OpenSSL does not look at it either.
        assert holds(found)


def test_kinds() -> None:
    enveloped = oid(bytes.fromhex("2a864886f70d010703"))
    assert kind_of(sequence(enveloped, bytes(200))[:20]) == "enveloped"
    assert kind_of(sequence(oid(DATA))) == "other"
    assert kind_of(b"hsqs" * 8) is None
    for damaged in (b"", sequence(enveloped), sequence(oid(DATA)), sequence(enveloped, element(0xA0, b""))):
        with pytest.raises(Malformed):
            recipients_of(damaged)


def test_digests_are_made_once() -> None:
    source = Held(CONTENT)
    hashed = Hashed(source, 2, 4)
    first = hashed("sha256")
    source.data = b""
    assert hashed("sha256") == first


@given(st.binary(max_size=200), st.integers(0, 2000), st.integers(0, 9))
def test_mutated_messages(people: People, piece: bytes, at: int, gone: int) -> None:
    der = a_message([a_signer_info(people.ec, CONTENT, attributes=[TYPE, DIGEST])], [people.ec])
    at %= len(der)
    changed = der[:at] + piece + der[at + gone :]
    for data in (piece, changed):
        kind_of(data)
        try:
            found = read(data)
        except Malformed:
            continue
        trusted = [s for s in found.signatures if s.certificate == people.ec.certificate]
        assert changed == der or not (holds(found) and trusted)
