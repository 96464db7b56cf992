"""The lab makes what its names say: OpenSSL, which has nothing of ours, reads it so."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.pki_lab.crls import CRLS, MANY
from tests.pki_lab.ocsp import RESPONSES
from tests.pki_lab.pki import Pki
from tests.pki_lab.recipes import SERVERS


def test_everything_in_it_can_be_made(pki: Pki) -> None:
    leaves = [pki.leaf(name) for name in SERVERS]
    assert len({leaf.der for leaf in leaves}) == len(SERVERS)
    for name in CRLS:
        assert pki.crl(name).file.read_bytes() == pki.crl(name).der
    for name in RESPONSES:
        assert pki.ocsp(name).der[:1] == b"\x30"


@pytest.mark.parametrize(
    ("name", "shows"),
    [
        ("md5", "Signature Algorithm: md5WithRSAEncryption"),
        ("sha1", "Signature Algorithm: sha1WithRSAEncryption"),
        ("rsa-pss", "Signature Algorithm: rsassaPss"),
        ("rsa-512", "Public-Key: (512 bit)"),
        ("p-192", "ASN1 OID: prime192v1"),
        ("version-1", "Version: 1 (0x0)"),
        ("no-expiry", "Not After : Dec 31 23:59:59 9999 GMT"),
        ("must-staple", "status_request"),
        ("scts", "Signed Certificate Timestamp:"),
        ("birth", "othername: 1.3.6.1.5.5.7.8.4"),
    ],
)
def test_openssl_sees_what_the_name_says(pki: Pki, name: str, shows: str) -> None:
    said = openssl("x509", "-noout", "-text", "-in", pki.leaf(name).chain)
    assert shows in said


def test_everything_that_is_odd_is_signed_well(pki: Pki) -> None:
    """What was signed by us in place of the library holds, so that only what its name says is wrong with it."""
    for name in ("md5", "sha1", "rsa-512", "version-1", "scts", "sha1-root"):
        chain = pki.leaf(name).chain
        said = openssl("verify", "-auth_level", "0", "-CAfile", pki.store, "-untrusted", chain, chain)
        assert said.endswith(": OK\n"), said


def test_a_list_of_ten_thousand_has_them(pki: Pki) -> None:
    assert openssl("crl", "-noout", "-text", "-in", pki.crl("many").pem).count("Serial Number:") > MANY


def test_another_moment_is_another_lab_with_the_same_keys(pki: Pki, tmp_path: Path) -> None:
    then = Pki(tmp_path, now=datetime(2020, 1, 1, tzinfo=UTC), web="http://127.0.0.1:9")
    assert then.leaf().certificate.not_valid_after_utc.year == 2020
    assert then.issued("good").key is pki.issued("good").key
    assert b"http://127.0.0.1:9/issuing.crl" in then.leaf().der


def openssl(*words: str | Path | None) -> str:
    command = ["openssl", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
