"""Two devices whose certificates, by one CA, are for one identity: as real servers send them, and as anybody sees."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from iotscan.assess.check import Fleet, Seen, Verdict
from iotscan.assess.registry import load_checks
from iotscan.model.facts import CertificateChain
from iotscan.model.subject import Subject
from iotscan.observe.network.probes import certificate

from .servers import HOST, door, openssl


def name(text: str, serial: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, text)]
    return x509.Name(parts + ([x509.NameAttribute(NameOID.SERIAL_NUMBER, serial)] if serial else []))


def issue(folder: Path, subject: x509.Name, number: int) -> tuple[str, ...]:
    """A key of its own and a certificate of one CA, as arguments of OpenSSL's server."""
    key, authority = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name("Acme CA"), subject, key.public_key(), number, now, now + timedelta(30))
    signed = made.add_extension(x509.SubjectAlternativeName([x509.DNSName("meter.local")]), critical=False)
    pem = signed.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    no_word = serialization.NoEncryption()
    (folder / f"{number}.pem").write_bytes(
        pem + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_word)
    )
    return ("-cert", str(folder / f"{number}.pem"), "-key", str(folder / f"{number}.pem"), "-tls1_2")


def chain(port: int) -> CertificateChain:
    heard = anyio.run(certificate.PROBE.ask, door(port))
    (fact,) = (f for f in heard.facts if isinstance(f, CertificateChain))
    return fact


def judge(*ports: int) -> list[Verdict]:
    check = next(c for c in load_checks().checks if c.info.id == "certificate-identity")
    subjects = (Subject(device=f"dev-{port}", address=HOST, service=f"tcp/{port}") for port in ports)
    seen = tuple(Seen(fact=chain(s.port), subject=s) for s in subjects)
    said: Any = check.question(Fleet(seen=seen))
    return said if isinstance(said, list) else [said]


@pytest.mark.parametrize(("serials", "expected"), [(("", ""), ["shared", "shared"]), (("A1", "A2"), [""])])
def test_two_meters(tmp_path: Path, serials: tuple[str, str], expected: list[str]) -> None:
    first, second = (issue(tmp_path, name("meter", serial), at) for at, serial in enumerate(serials, 1))
    with openssl(*first) as one, openssl(*second) as two:
        said = judge(one, two)
        assert [v.variant for v in said] == expected
        if said[0].reproduce:
            done = subprocess.run(["bash", "-c", said[0].reproduce], capture_output=True, text=True, timeout=25)
            assert done.stdout.count("CN = meter") == 2
            assert said[0].shows in done.stdout
