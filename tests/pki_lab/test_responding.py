"""The server of CRLs and OCSP answers: what OpenSSL's own client is told, and a scan with the grant to fetch."""

import subprocess
import urllib.request
from collections.abc import Iterator

import anyio
import pytest

from iotscan.model.facts import RevocationStatus
from iotscan.model.scope import Scope
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.revocation_fetch import Fetcher
from tests.pki_lab.judging import PACE, Seen, door, read, status
from tests.pki_lab.responding import Revocation, revocation


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Revocation]:
    folder = tmp_path_factory.mktemp("revocation")
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
    assert served.was_asked("POST /ocsp/issuing")


def test_certificates_say_where_their_list_is(served: Revocation) -> None:
    said = served.pki.leaf("good").der
    url = f"http://127.0.0.1:{served.port}/issuing.crl"
    assert url.encode() in said
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read() == served.pki.crl("issuing").der
    assert served.was_asked("GET /issuing.crl")


@pytest.mark.parametrize(
    ("name", "says", "asked"),
    [
        ("good", "good", ["issuing.crl"]),
        ("revoked-by-ocsp", "revoked", ["ocsp/issuing"]),
        ("revoked-by-crl", "revoked", ["issuing.crl"]),
        ("revoked-by-delta", "revoked", ["issuing.crl", "delta.crl"]),
        ("released", "good", ["issuing.crl", "delta.crl"]),
        ("revoked-intermediate", "revoked", ["root.crl"]),
    ],
)
def test_a_scan_with_the_grant_asks_whom_the_certificates_name(
    served: Revocation, name: str, says: str, asked: list[str]
) -> None:
    """By plain GETs, and of every certificate whose issuer is known."""

    async def go() -> Seen:
        fetcher = Fetcher(Dialer(Scope(include=("127.0.0.0/8",), pace=PACE)), {})
        way = door(1, None, [("lab", served.pki.store)], fetcher=fetcher)
        return await read(way, served.pki.leaf(name).ders)

    seen = anyio.run(go)
    assert status(seen.results("gateway", served.pki.now)) == says
    (fact,) = (f for f in seen.facts if isinstance(f, RevocationStatus))
    answered = {a.where.partition(f":{served.port}/")[2] for a in fact.answers if not a.problem}
    assert set(asked) <= answered, fact
    assert fact.unfetched == ()
    assert all(served.was_asked(f"GET /{place}") for place in asked)
