"""Keys that the user gives: read whole or refused, with one line that says what to do."""

import base64
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from iotscan.model.errors import BadInput
from iotscan.scan import trusted_keys
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
        (b"untrusted comment: maker\nRWRU\n", "no public key of signify: give .* signify, usign or minisign"),
        (b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n", "gpg --export"),
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


@pytest.mark.parametrize(
    "how", [serialization.NoEncryption(), serialization.BestAvailableEncryption(b"secret")], ids=["open", "encrypted"]
)
@pytest.mark.parametrize("kind", ["ec", "rsa", "ed25519"])
def test_a_private_key_without_a_word(tmp_path: Path, kind: str, how: serialization.KeySerializationEncryption) -> None:
    data = a_key(kind).private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, how)
    (tmp_path / "key").write_bytes(data)
    with pytest.raises(BadInput, match="holds a private key: give the public half"):
        read_trusted_keys([tmp_path / "key"])


def test_what_another_program_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe is read while somebody writes into it, and no longer waited for than that takes."""
    monkeypatch.setattr(trusted_keys, "PATIENCE", 0.01)
    certificate = a_certificate("maker", a_key())
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(BadInput, match=r"nothing came for 0\.01 s"):
        read_trusted_keys([pipe])
    ours, theirs = os.pipe()
    given = pem("CERTIFICATE", certificate.der)
    os.write(theirs, given)
    os.close(theirs)
    (found,) = read_trusted_keys([Path(f"/dev/fd/{ours}")])
    assert found.certificate == certificate
    os.close(ours)
