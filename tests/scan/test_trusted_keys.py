"""Keys that the user gives: read whole or refused, with one line that says what to do."""

import base64
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from iotscan.model.errors import BadInput
from iotscan.scan.trusted_keys import LIMIT, read_trusted_keys
from tests.wire.signing.made import a_certificate, a_key


def pem(label: str, der: str) -> bytes:
    lines = [der[at : at + 64] for at in range(0, len(der), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def test_certificates_and_keys(tmp_path: Path) -> None:
    key = a_key("rsa")
    certificate = a_certificate("maker", key, is_ca=True)
    (tmp_path / "both.pem").write_bytes(pem("CERTIFICATE", certificate.der) + pem("PUBLIC KEY", certificate.key.spki))
    (tmp_path / "one.der").write_bytes(base64.b64decode(certificate.der))
    (tmp_path / "pkcs1.pem").write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
    )
    found = read_trusted_keys([tmp_path / name for name in ("both.pem", "one.der", "pkcs1.pem")])
    assert [(k.certificate, k.public) for k in found] == [
        (certificate, certificate.key),
        (None, certificate.key),
        (certificate, certificate.key),
        (None, certificate.key),
    ]
    assert {k.use for k in found} == {"given"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no certificate and no public key"),
        (b"no key\n", "give a certificate or a public key"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "private key"),
        (b"x" * (LIMIT + 1), "larger than 1 MiB"),
        (pem("CERTIFICATE", "QUJD" * 20), "damaged"),
        (b"untrusted comment: maker\nRWRU\n", "--trust"),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n", "--trust"),
        (b"\x99" + bytes(40), "--trust"),
    ],
)
def test_what_holds_none(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "key").write_bytes(data)
    with pytest.raises(BadInput, match=why):
        read_trusted_keys([tmp_path / "key"])
    with pytest.raises(BadInput, match="cannot be read: No such file"):
        read_trusted_keys([tmp_path / "none"])
