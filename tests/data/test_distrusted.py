"""Authorities that browsers withdrew: the list, and how a chain is looked up in it."""

import warnings
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from iotscan.data.distrusted import DATED, FILE, distrusts, refusal
from iotscan.data.mozilla_roots import mozilla_roots
from iotscan.model.facts import Certificate, Extensions
from iotscan.observe.network.workers.trust import system_file
from iotscan.wire.certificates import read_certificate

LINES = [line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines() if line[0] != "#"][1:]
DIGINOTAR = "CN=DigiNotar Cyber CA,O=DigiNotar,C=NL"
KEY = "abf968dfcf4a37d77b458c5f72de4044c365bbc2"


def signed_by(issuer: str, key: str = "", sha256: str = "a" * 64) -> Certificate:
    extensions = Extensions(version=3, signature_algorithm="ecdsa-with-SHA256", authority_key=key)
    return Certificate(
        subject="CN=gw",
        issuer=issuer,
        serial="1",
        not_before=datetime(2026, 1, 1, tzinfo=UTC),
        not_after=datetime(2027, 1, 1, tzinfo=UTC),
        key_type="ec",
        key_bits=256,
        signature_hash="sha256",
        sha256=sha256,
        spki_sha256="b" * 64,
        extensions=extensions,
    )


def test_every_line_is_whole() -> None:
    for sha256, after, year, by, key, subject in LINES:
        assert len(bytes.fromhex(sha256)) == 32
        assert after == "-" or date(2011, 1, 1) < date.fromisoformat(after) < DATED
        assert 2011 <= int(year) <= DATED.year
        assert by in ("Mozilla", "Chrome")
        assert key == "-" or bytes.fromhex(key)
        assert "=" in subject
    assert len({line[0] for line in LINES}) == len(LINES) > 50


def test_what_is_withdrawn_here_is_so_in_the_list_of_roots() -> None:
    wholly = {line[0] for line in LINES if line[1] == "-"}
    known = mozilla_roots()
    assert not {sha256 for sha256 in wholly if known.get(sha256) == "current"}


@pytest.mark.parametrize(
    ("certificate", "expected"),
    [
        (signed_by(DIGINOTAR, KEY), "key"),
        (signed_by(DIGINOTAR), "name"),
        (signed_by(DIGINOTAR, "00"), ""),  # the same name with another key: not the one that was withdrawn
        (signed_by("CN=Issuing"), ""),
        (signed_by("CN=Issuing", sha256=LINES[0][0]), "certificate"),
    ],
)
def test_an_authority_is_told_by_what_is_known_of_it(certificate: Certificate, expected: str) -> None:
    assert [d.told_by for d in distrusts([certificate])] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("subject", "issued", "expected"),
    [
        ("Entrust Root Certification Authority - G2", date(2024, 11, 30), ""),
        ("Entrust Root Certification Authority - G2", date(2024, 12, 1), "what it issued after 2024-11-30"),
        ("TrustCor RootCert CA-1", date(2020, 1, 1), "Mozilla stopped trusting it (CN=TrustCor"),
    ],
)
def test_the_day_of_issue_decides(subject: str, issued: date, expected: str) -> None:
    sha256 = next(line[0] for line in LINES if subject in line[5])
    told = refusal(sha256, issued)
    assert expected in told
    assert bool(told) == bool(expected)
    assert refusal("0" * 64, issued) == ""


def test_who_signs_himself_with_a_listed_name_is_nobody() -> None:
    own = msgspec.structs.replace(signed_by(DIGINOTAR), subject=DIGINOTAR, is_self_issued=True)
    assert distrusts([own]) == ()


def test_one_authority_is_told_once() -> None:
    root = signed_by("CN=Issuing", sha256=next(line[0] for line in LINES if line[5] == DIGINOTAR))
    root = msgspec.structs.replace(root, subject=DIGINOTAR)
    (one,) = distrusts([signed_by(DIGINOTAR, KEY), root])
    assert (one.subject, one.after, one.by) == (DIGINOTAR, "", "Mozilla")


def test_what_is_only_sent_along_has_to_do_with_nothing() -> None:
    """Some servers send a whole store; an authority counts where names lead up to it."""
    along = msgspec.structs.replace(signed_by(DIGINOTAR, KEY, sha256=LINES[0][0]), subject="CN=Some CA")
    assert distrusts([signed_by("CN=Issuing"), along]) == ()
    between = msgspec.structs.replace(along, subject="CN=Issuing")
    assert distrusts([signed_by("CN=Issuing"), along, between])


def test_the_names_are_written_as_we_read_them() -> None:
    """The list and the reader of certificates must spell a name alike; a machine's own store has a few of them."""
    if not system_file():
        pytest.skip("this machine has no roots to read")
    wanted = {line[0]: line for line in LINES}
    found = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old roots have odd serial numbers
        roots = x509.load_pem_x509_certificates(Path(system_file()).read_bytes())
    for certificate in roots:
        read = read_certificate(certificate.public_bytes(Encoding.DER))
        if line := wanted.get(read.sha256):
            assert read.extensions is not None
            assert (read.subject, read.extensions.subject_key) == (line[5], line[4])
            found += 1
    if not found:
        pytest.skip("this machine's roots are all in good standing: none of the list is among them")
