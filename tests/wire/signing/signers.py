"""Signers whose keys lie in files, for the tools that make artefacts; and bytes as a source."""

import base64
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from iotscan.model.facts import SigningCertificate, TrustedKey
from tests.wire.signing.made import NOW, a_certificate, a_key

FLIPS = 200


class Held:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """A key, its certificate, and the files that hold them (PEM)."""

    key: Any
    certificate: SigningCertificate
    key_file: Path
    file: Path

    def trusted(self, use: str) -> TrustedKey:
        return TrustedKey(use=use, path=self.file.name, certificate=self.certificate)  # type: ignore[arg-type]


def a_signer(folder: Path, name: str, issuer: Signer | None = None, kind: str = "ec", **more: Any) -> Signer:
    key = a_key(kind)
    given = (name_of(issuer.certificate), issuer.key) if issuer else None
    certificate = a_certificate(name, key, issuer=given, **more)
    key_file, file = folder / f"{name}.key", folder / f"{name}.pem"
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    text = base64.encodebytes(base64.b64decode(certificate.der)).decode()
    file.write_text(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")
    return Signer(key=key, certificate=certificate, key_file=key_file, file=file)


def name_of(certificate: SigningCertificate) -> str:
    return certificate.subject.removeprefix("CN=")


def tool(name: str, package: str) -> str:
    """The path of a program, or a loud skip that names its Debian package."""
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        pytest.skip(f"needs {name}: apt install {package}")
    return path


def run(*words: str | Path, **more: Any) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(words, capture_output=True, check=False, **more)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done


def flipped(data: bytes, count: int = FLIPS) -> Iterator[tuple[int, bytes]]:
    """Copies with one changed byte each, spread over the whole; the same ones in every run."""
    chosen = random.Random(6)
    for _ in range(count):
        at = chosen.randrange(len(data))
        changed = bytearray(data)
        changed[at] ^= chosen.randrange(1, 256)
        yield at, bytes(changed)


__all__ = ["NOW", "Held", "Signer", "a_signer", "flipped", "run", "tool"]
