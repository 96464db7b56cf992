"""The server of CRLs and OCSP answers: what OpenSSL's own client is told."""

import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from tests.pki_lab.responding import Revocation, revocation


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Revocation]:
    folder = tmp_path_factory.mktemp("revocation")
    # nginx gives up its rights and must still find its files.
    folder.chmod(0o755)
    with revocation(folder, "issuing", "root", "delta") as one:
        yield one


@pytest.mark.parametrize(("name", "status"), [("good", "good"), ("revoked-by-ocsp", "revoked"), ("wildcard", "good")])
def test_the_responder_answers_openssl(served: Revocation, name: str, status: str) -> None:
    leaf = served.pki.leaf(name)
    issuer = served.pki.folder / "issuer.pem"
    url = f"http://127.0.0.1:{served.port}/ocsp/issuing"
    words = ("ocsp", "-issuer", issuer, "-cert", leaf.chain, "-url", url, "-CAfile", served.pki.store, "-no_nonce")
    said = subprocess.run(
        ["openssl", *map(str, words), "-verify_other", str(issuer)], capture_output=True, text=True, timeout=20
    )
    assert "Response verify OK" in said.stderr, said.stderr
    assert f": {status}\n" in said.stdout
    assert served.asked[-1] == "POST /ocsp/issuing"


def test_certificates_say_where_their_list_is(served: Revocation) -> None:
    said = served.pki.leaf("good").der
    url = f"http://127.0.0.1:{served.port}/issuing.crl"
    assert url.encode() in said
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read() == served.pki.crl("issuing").der
    assert served.asked[-1] == "GET /issuing.crl"
