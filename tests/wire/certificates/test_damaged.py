"""Damaged certificates beside OpenSSL, which takes what it can of them: never a pass that it contradicts."""

import re
import shutil
import subprocess
import tracemalloc
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography import x509

from iotscan.assess.assessing import assess
from iotscan.assess.check import Policy
from iotscan.assess.evidence import Evidence
from iotscan.model.answer import Answer
from iotscan.model.device import Device
from iotscan.model.facts import Certificate, CertificateChain, MalformedCertificate, PortSweep
from iotscan.model.observation import observe
from iotscan.model.result import Result
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Outcome, Reason
from iotscan.wire.certificates import read_damaged, sorted_out
from tests.pki_lab.judging import checks

from .corpus import COUNT, START, base, corpus

AS_OF = START + timedelta(days=100)
MEMORY = 8 << 20
"""Bytes that one certificate may take while it is read; the largest of the corpus has 120,000."""
WEAK = ("md2", "md5", "sha1")
CORPUS = dict(corpus())
CERTIFICATES = {"as it should be": base(), "RSA": base("rsa"), **CORPUS}


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """What ``openssl x509`` says; nothing where it refuses the bytes."""

    text: str = ""
    begins: datetime | None = None
    ends: datetime | None = None

    @property
    def bits(self) -> int:
        found = re.search(r"Public-Key: \((\d+) bit", self.text)
        if "ED25519 Public-Key" in self.text:
            return 256
        return int(found[1]) if found else 0

    @property
    def is_weakly_signed(self) -> bool:
        return any(name.lower().startswith(WEAK) for name in self.algorithms)

    @property
    def algorithms(self) -> list[str]:
        return re.findall(r"Signature Algorithm: (\S+)", self.text)

    @property
    def is_authority(self) -> bool:
        return "CA:TRUE" in self.text

    @property
    def may_sign(self) -> bool:
        return self.is_authority and ("X509v3 Key Usage" not in self.text or "Certificate Sign" in self.text)

    @property
    def serves(self) -> bool:
        return "X509v3 Extended Key Usage" not in self.text or "TLS Web Server Authentication" in self.text

    @property
    def is_for_us(self) -> bool:
        return "DNS:cam.example" in self.text


@pytest.fixture(scope="module")
def peers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Peer]:
    if shutil.which("openssl") is None:
        pytest.skip("apt install openssl")
    folder = tmp_path_factory.mktemp("certificates")
    for number, der in enumerate(CERTIFICATES.values()):
        (folder / f"{number:04}").write_bytes(der)
    show = "openssl x509 -inform der -in $f -noout -text -dates -dateopt iso_8601 2>/dev/null"
    script = f"for f in *; do printf '\\035%s' \"$({show})\"; done"
    said = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, check=True).stdout
    texts = said.decode("utf-8", "replace").split("\x1d")[1:]
    return dict(zip(CERTIFICATES, map(_peer, texts), strict=True))


def _peer(text: str) -> Peer:
    dates = dict(re.findall(r"^not(Before|After)=(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)Z$", text, re.MULTILINE))
    read = {
        key: datetime.fromisoformat(value).replace(tzinfo=UTC) for key, value in dates.items() if value[:4] != "0000"
    }
    return Peer(text=text, begins=read.get("Before"), ends=read.get("After"))


def judged(read: Certificate | MalformedCertificate, policy: Policy) -> tuple[Result, ...]:
    certificates, malformed = sorted_out([read])
    open_ = Answer[bool].missing(Reason.NOT_ASKED)
    chain = CertificateChain(
        certificates=certificates,
        malformed=malformed,
        trusted=open_,
        ocsp_stapled=open_,
        engine="hello",
        server_name="cam.example",
    )
    subject = Subject(device="192.0.2.1", address="192.0.2.1", service="tcp/443")
    sweep = observe(PortSweep(open=(443,)), Subject(device="192.0.2.1", address="192.0.2.1"), probe="test/1")
    seen = [observe(chain, subject, probe="test/1"), sweep]
    evidence = Evidence([Device(id="192.0.2.1", addresses=("192.0.2.1",))], [], seen, [], AS_OF)
    return assess(evidence, checks(), policy=policy)


def test_there_are_two_hundred_and_no_two_are_alike() -> None:
    assert len(CORPUS) == len({*CERTIFICATES.values()}) - 2 == COUNT


def test_every_one_is_read_in_little_memory() -> None:
    tracemalloc.start()
    try:
        for name, der in CERTIFICATES.items():
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            read_damaged(der)
            assert tracemalloc.get_traced_memory()[1] - before < MEMORY, name
    finally:
        tracemalloc.stop()


def test_what_is_read_is_what_openssl_reads(peers: dict[str, Peer]) -> None:
    compared = 0
    for name, der in CERTIFICATES.items():
        read, peer = read_damaged(der), peers[name]
        if isinstance(read, Certificate) and peer.text:
            compared += 1
            assert (peer.begins or read.not_before, peer.ends or read.not_after) == (read.not_before, read.not_after), (
                name
            )
            assert not peer.bits or not read.key_bits or read.key_bits == peer.bits, name
            assert not peer.is_weakly_signed or read.signature_hash in WEAK, name
            assert not read.is_whole or read.is_ca == peer.is_authority, name
    assert compared > COUNT // 2


def test_what_openssl_or_the_strict_parser_refuses_is_never_whole(peers: dict[str, Peer]) -> None:
    for name, der in CERTIFICATES.items():
        read = read_damaged(der)
        if isinstance(read, Certificate) and not read.defects:
            assert peers[name].text, name
            x509.load_der_x509_certificate(der).extensions  # noqa: B018  # raises where it refuses them


@pytest.mark.parametrize("kind", ["gateway", "constrained"])
def test_no_check_passes_what_openssl_contradicts(peers: dict[str, Peer], kind: str) -> None:
    policy = Policy(kind="constrained" if kind == "constrained" else "gateway")
    passes = 0
    for name, der in CERTIFICATES.items():
        read, peer = read_damaged(der), peers[name]
        results = judged(read, policy)
        assert not [r for r in results if r.outcome is Outcome.ERROR], name
        passed = {r.check for r in results if r.outcome is Outcome.PASS}
        assert not passed or isinstance(read, Certificate), name
        holds = {
            "certificate-encoding": isinstance(read, Certificate) and not read.defects and bool(peer.text),
            "certificate-key-size": peer.bits >= (2048 if "Modulus" in peer.text else 224),
            "certificate-signature-hash": bool(peer.algorithms) and not peer.is_weakly_signed,
            "certificate-validity": peer.begins is not None
            and peer.ends is not None
            and peer.begins <= AS_OF <= peer.ends,
            "certificate-usage": peer.serves and not peer.may_sign,
            "certificate-name": peer.is_for_us,
        }
        # Where OpenSSL reads nothing it contradicts nothing, but that all is well.
        asked = holds if peer.text else {"certificate-encoding": False}
        assert not {check for check in passed if not asked.get(check, True)}, name
        passes += len(passed)
    assert passes > COUNT


def test_a_good_one_passes() -> None:
    failed = {f"{r.check}/{r.variant}" for r in judged(read_damaged(base()), Policy()) if r.outcome is Outcome.FAIL}
    assert failed == set()
