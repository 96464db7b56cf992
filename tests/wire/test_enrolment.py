"""What EST, SCEP and ACME answer, and everything else that is not it."""

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.enrolment import (
    cleartext_resources,
    is_acme_directory,
    read_ca_certificates,
    read_capabilities,
)
from tests.observe.network.webserver import make_certificate


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[x509.Certificate]:
    paths = [make_certificate(tmp_path_factory.mktemp("ca"))[1] for _ in range(2)]
    return [x509.load_pem_x509_certificate(Path(path).read_bytes()) for path in paths]


def test_what_openssl_makes(two: list[x509.Certificate], tmp_path: Path) -> None:
    pem = b"".join(cert.public_bytes(Encoding.PEM) for cert in two)
    command = ["openssl", "crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", "-outform", "DER"]
    der = subprocess.run(command, input=pem, capture_output=True, check=True).stdout
    wanted = tuple(cert.fingerprint(hashes.SHA256()).hex() for cert in two)
    assert read_ca_certificates(der) == wanted
    assert read_ca_certificates(base64.encodebytes(der)) == wanted
    assert read_ca_certificates(der + b"\0") is None


def test_what_a_library_makes(two: list[x509.Certificate]) -> None:
    found = read_ca_certificates(pkcs7.serialize_certificates(two, Encoding.DER))
    assert found is not None
    assert set(found) == {cert.fingerprint(hashes.SHA256()).hex() for cert in two}


def test_one_certificate(two: list[x509.Certificate]) -> None:
    assert read_ca_certificates(two[0].public_bytes(Encoding.DER)) == (two[0].fingerprint(hashes.SHA256()).hex(),)


@pytest.mark.parametrize("body", [b"", b"<html>ok</html>", b"{}", b"T0s=", b"\x30\x03\x02\x01\x01"])
def test_no_certificates(body: bytes) -> None:
    assert read_ca_certificates(body) is None


def test_capabilities() -> None:
    assert read_capabilities(b"Renewal\nSHA-1\r\nsha-256\nDES3\nPOSTPKIOperation\nmade-up") == (
        *("Renewal", "SHA-1", "SHA-256", "DES3"),
        "POSTPKIOperation",
    )
    assert read_capabilities(b"<html>\nAES\n</html>") == ()
    assert read_capabilities(b"") == ()


def test_acme() -> None:
    directory = {name: f"https://ca/{name}" for name in ("newNonce", "newAccount", "newOrder")}
    assert is_acme_directory(directory)
    assert not is_acme_directory(directory | {"newOrder": 1})
    assert list(cleartext_resources(directory | {"newOrder": "HTTP://ca/x"})) == ["newOrder"]


@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    for data in (body, b"\x30\x80" + body, base64.b64encode(body)):
        assert read_ca_certificates(data) is None or isinstance(read_ca_certificates(data), tuple)
    assert isinstance(read_capabilities(body), tuple)
