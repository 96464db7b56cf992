"""The rules of a chain are those of rauc, which has OpenSSL follow them: same verdict on every certificate."""

import random
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from iotscan.assess.artefacts import judge_artefact
from iotscan.model.answer import Answer
from iotscan.model.facts import Payload, SignedArtefact, SigningCertificate, TrustedKey
from iotscan.wire.signed_data import read_signed_data
from iotscan.wire.signing.chain import trace
from iotscan.wire.signing.chain_rules import refusal
from iotscan.wire.signing.public_keys import describe_certificate
from iotscan.wire.signing.rauc import read_rauc
from tests.wire.signing.made import CODE_SIGNING, EMAIL, NOW, a_certificate, a_key, a_signature
from tests.wire.signing.signers import Held, a_signer, run, tool

CONTENT = random.Random(9).randbytes(9000)
ANY = x509.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
SERVER = x509.ExtendedKeyUsageOID.SERVER_AUTH
USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
CA = x509.BasicConstraints(ca=True, path_length=None)
LAST_CA = x509.BasicConstraints(ca=True, path_length=0)
NO_CA = x509.BasicConstraints(ca=False, path_length=None)


def usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in names for name in USES})


def purposes(*oids: x509.ObjectIdentifier) -> x509.ExtendedKeyUsage:
    return x509.ExtendedKeyUsage(oids)


class Unknown(msgspec.Struct, frozen=True):
    """An extension that nobody knows, critical."""


LIMITED = x509.NameConstraints(
    [x509.DirectoryName(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "elsewhere")]))], None
)


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate with its key, and the extensions that it has."""

    name: str
    key: Any
    certificate: x509.Certificate

    @property
    def fact(self) -> SigningCertificate:
        return describe_certificate(self.certificate.public_bytes(Encoding.DER))

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def made(name: str, issuer: Made | None, extensions: Sequence[Any]) -> Made:
    key = a_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer.certificate.subject if issuer else subject,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=NOW - timedelta(days=900),
        not_valid_after=NOW + timedelta(days=9000),
    )
    for one in extensions:
        if isinstance(one, Unknown):
            one = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
        builder = builder.add_extension(one, critical=not isinstance(one, x509.ExtendedKeyUsage))
    return Made(name=name, key=key, certificate=builder.sign(issuer.key if issuer else key, hashes.SHA256()))


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    head: bytes
    manifest: bytes

    def bundle(self, chain: Sequence[Made]) -> bytes:
        """A bundle that the first one has signed, with the others in it."""
        (self.folder / "manifest").write_bytes(self.manifest)
        (self.folder / "signer.pem").write_bytes(chain[0].pem)
        pem = chain[0].key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "signer.key").write_bytes(pem)
        (self.folder / "others.pem").write_bytes(b"".join(one.pem for one in chain[1:]))
        others = ("-certfile", "others.pem") if chain[1:] else ()
        words = "cms -sign -in manifest -binary -nodetach -nosmimecap -outform DER -signer signer.pem -inkey signer.key"
        done = run(tool("openssl", "openssl"), *words.split(), *others, cwd=self.folder)
        return self.head + done.stdout + len(done.stdout).to_bytes(8, "big")

    def accepts(self, data: bytes, anchor: Made, purpose: str) -> bool:
        file = self.folder / "asked.raucb"
        file.unlink(missing_ok=True)
        file.write_bytes(data)
        file.chmod(0o400)
        (self.folder / "ring.pem").write_bytes(anchor.pem)
        (self.folder / "system.conf").write_text(
            "[system]\ncompatible=gateway\nbootloader=noop\n[slot.rootfs.0]\ndevice=/dev/null\n"
            "[keyring]\npath=ring.pem\n" + (f"check-purpose={purpose}\n" if purpose else "")
        )
        words = [tool("rauc", "rauc"), "-c", "system.conf", "info", "asked.raucb"]
        return subprocess.run(words, cwd=self.folder, capture_output=True).returncode == 0


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    tool("mksquashfs", "squashfs-tools")
    folder = tmp_path_factory.mktemp("chain")
    root = a_signer(folder, "root", is_ca=True, days=(-1000, 9000))
    content = folder / "in"
    content.mkdir()
    (content / "rootfs.img").write_bytes(CONTENT)
    (content / "manifest.raucm").write_text(
        "[update]\ncompatible=gateway\n[bundle]\nformat=verity\n[image.rootfs]\nfilename=rootfs.img\n"
    )
    file = folder / "made.raucb"
    run(tool("rauc", "rauc"), "bundle", "--cert", root.file, "--key", root.key_file, content, file)
    data = file.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:], "big")
    return Bench(folder=folder, head=data[:start], manifest=read_signed_data(data[start:-8]).content)


BOTH = purposes(CODE_SIGNING, EMAIL)
CHAINS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "nothing said": ((), (CA,)),
    "for any purpose": ((purposes(ANY),), (CA,)),
    "for code and any": ((purposes(CODE_SIGNING, ANY),), (CA,)),
    "for mail": ((purposes(EMAIL),), (CA,)),
    "for servers": ((purposes(SERVER),), (CA,)),
    "a key for signatures": ((BOTH, usage("digital_signature")), (CA,)),
    "a key against denial": ((purposes(EMAIL), usage("content_commitment")), (CA,)),
    "a key for encryption": ((BOTH, usage("key_encipherment")), (CA,)),
    "an unknown extension": ((BOTH, Unknown()), (CA,)),
    "an unknown extension of the root": ((BOTH,), (CA, Unknown())),
    "a root for certificates": ((BOTH,), (CA, usage("key_cert_sign"))),
    "a root not for certificates": ((BOTH,), (CA, usage("digital_signature"))),
    "a root for code": ((BOTH,), (CA, purposes(CODE_SIGNING))),
    "a root for mail": ((BOTH,), (CA, purposes(EMAIL))),
    "a root that is none": ((BOTH,), (NO_CA,)),
    "a root that says nothing": ((BOTH,), ()),
    "a root by its key": ((BOTH,), (usage("key_cert_sign"),)),
    "an authority between": ((BOTH,), (CA,), (CA,)),
    "none between": ((BOTH,), (NO_CA,), (CA,)),
    "one by its key between": ((BOTH,), (usage("key_cert_sign"),), (CA,)),
    "one not for certificates between": ((BOTH,), (CA, usage("digital_signature")), (CA,)),
    "one for servers between": ((BOTH,), (CA, purposes(SERVER)), (CA,)),
    "a root that takes none below": ((BOTH,), (CA,), (LAST_CA,)),
    "a root that takes signers": ((BOTH,), (LAST_CA,)),
    "one too many": ((BOTH,), (CA,), (LAST_CA,), (CA,)),
    "as many as it takes": ((BOTH,), (LAST_CA,), (CA,), (CA,)),
    "itself": ((NO_CA,),),
    "itself, for certificates": ((CA, usage("key_cert_sign")),),
}


@pytest.mark.parametrize("name", CHAINS)
def test_as_rauc_says(bench: Bench, name: str) -> None:
    chain: list[Made] = []
    for at, extensions in reversed(list(enumerate(CHAINS[name]))):
        chain.insert(0, made(f"number {at}", chain[0] if chain else None, extensions))
    data = bench.bundle(chain)
    found = read_rauc(Held(data), "x.raucb")
    assert found is not None
    asked = {"": ("emailProtection",), "codesign": ("codeSigning",), "any": ()}
    for purpose, needed in asked.items():
        ring = TrustedKey(use="rauc", path="ring.pem", certificate=chain[-1].fact, purposes=needed)
        verdict = judge_artefact(found, [ring], NOW)
        assert (verdict.state == "verified") is bench.accepts(data, chain[-1], purpose), f"{purpose}: {verdict.why}"


def test_limits_of_names_leave_it_open(bench: Bench) -> None:
    """rauc refuses this one, and would take one whose names fit: they are not compared here."""
    root = made("root", None, (CA, LIMITED))
    signer = made("signer", root, (BOTH,))
    data = bench.bundle((signer,))
    assert not bench.accepts(data, root, "")
    found = read_rauc(Held(data), "x.raucb")
    assert found is not None
    assert judge_artefact(found, [TrustedKey(use="rauc", path="r", certificate=root.fact)], NOW).state == "present"


def test_each_keyring_has_its_own_rules() -> None:
    """A certificate of a keyring that ends no chain does not end one because another's would."""
    root, between, signer, other = a_key(), a_key(), a_key(), a_key()
    middle = a_certificate("middle", between, issuer=("root", root), is_ca=True)
    last = a_certificate("signer", signer, issuer=("middle", between))
    given = a_certificate("given", other, is_ca=True)
    covered = Payload(name="rootfs", digest="sha256", is_covered=True, matches=Answer.of(True))
    found = SignedArtefact(
        path="x",
        format="rauc",
        protection="signed",
        signatures=(a_signature(signer, certificate=last),),
        payloads=(covered,),
    )
    ring = TrustedKey(use="rauc", path="ring", certificate=middle)
    user = TrustedKey(use="given", path="given", certificate=given, ends_chains=True)

    def state(*keys: TrustedKey) -> str:
        return judge_artefact(found, keys, NOW).state

    assert state(ring) == "wrong-signer"
    assert state(ring, user) == "wrong-signer"
    assert state(msgspec.structs.replace(ring, ends_chains=True), user) == "verified"


def test_bytes_that_are_no_certificate_leave_it_open() -> None:
    broken = msgspec.structs.replace(a_certificate("root", a_key(), is_ca=True), der="AAAA")
    found = refusal([broken], frozenset())
    assert found is not None
    assert found.why == "unclear"
    assert not trace(broken, [], [broken], NOW).is_trusted
