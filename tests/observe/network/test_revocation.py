"""What a scan knows of revocation: staples, files of the user, and what is fetched with a grant and in scope."""

import base64
import contextlib
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import anyio
import msgspec
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from iotscan.model.facts.certificate import CertificateChain, RevocationAnswer, RevocationStatus
from iotscan.model.scope import Pace, Scope
from iotscan.observe.given_file import GivenFile
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes import certificate, dtls_endpoint
from iotscan.observe.network.revocation_fetch import CAP, LOOKUPS, MOST_OF_HOST, MOST_URLS, Fetcher, place_of
from iotscan.observe.network.revocations import MEMORY, MOST_OF_CHAIN, WORKER, Revocation
from iotscan.observe.network.workers.worker import Worker
from iotscan.wire.certificates import read_certificate
from tests.observe.network.daemons import door as service_door
from tests.observe.network.daemons import free_port
from tests.observe.network.datagrams import dtls_server
from tests.observe.network.tls_probes.servers import HOST, door, openssl
from tests.pki_lab.pki import Leaf, Pki

PACE = Pace(attempts_per_second=5000, accepted_per_second=5000, connections=5000)


class Web:
    """A web server that notes what it is asked; ``pages`` are bodies, or statuses, by path."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.pages: dict[str, bytes | int] = {}
        self.ocsp: Callable[[bytes], bytes] = lambda request: b""

    def page(self, path: str) -> bytes | int:
        self.asked.append(path)
        if path.startswith("/ocsp/"):
            return self.ocsp(base64.b64decode(urllib.parse.unquote(path.rpartition("/")[2])))
        return self.pages.get(path, 404)


@contextlib.contextmanager
def serving(web: Web) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = web.page(self.path)
            self.send_response(page if isinstance(page, int) else 200)
            body = page if isinstance(page, bytes) else b""
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Location", "/issuing.crl")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def web() -> Iterator[tuple[Web, str]]:
    made = Web()
    with serving(made) as at:
        yield made, at


async def never(name: str) -> tuple[str, ...]:
    raise AssertionError(f"{name} was looked up")


def fetcher(*networks: str, look_up: Callable[[str], object] = never) -> Fetcher:
    scope = Scope(include=networks or ("127.0.0.0/8",), pace=PACE)
    return Fetcher(Dialer(scope), {}, look_up)  # type: ignore[arg-type]  # an async function


async def status_of(revocation: Revocation, leaf: Leaf, staple: bytes = b"") -> RevocationStatus:
    facts = {n: read_certificate(der) for n, der in enumerate(leaf.ders)}
    return await revocation.status(door(1), leaf.ders, facts, staple)


def told(status: RevocationStatus) -> set[tuple[int, str, str]]:
    return {(a.position, a.source, a.status or a.problem) for a in status.answers}


def test_a_list_is_fetched_once_for_all_devices(tmp_path: Path, web: tuple[Web, str]) -> None:
    server, at = web
    pki = Pki(tmp_path, web=at)
    server.pages["/issuing.crl"] = pki.crl("issuing").der
    server.ocsp = lambda request: pki.ocsp("good", "good").der

    async def go() -> list[RevocationStatus]:
        revocation = Revocation(stores=[str(pki.store)], fetcher=fetcher())
        return [await status_of(revocation, pki.leaf(name)) for name in ("good", "revoked-by-crl", "good")]

    good, revoked, again = anyio.run(go)
    assert (0, "crl", "good") in told(good)
    assert (0, "crl", "revoked") in told(revoked)
    assert told(again) == told(good)
    assert server.asked.count("/issuing.crl") == 1
    assert len(server.asked) == len(set(server.asked))
    assert not any(a.source == "ocsp" and a.position == 0 for a in good.answers), "a list does for all"


def test_without_a_list_the_responder_is_asked_once_for_each_certificate(tmp_path: Path, web: tuple[Web, str]) -> None:
    server, at = web
    pki = Pki(tmp_path, web=at)
    server.ocsp = lambda request: pki.ocsp("good", "good").der

    async def go() -> list[RevocationStatus]:
        revocation = Revocation(stores=[str(pki.store)], fetcher=fetcher())
        return [await status_of(revocation, pki.leaf(name)) for name in ("good", "expires-soon", "good")]

    good, other, again = anyio.run(go)
    assert (0, "ocsp", "good") in told(good)
    assert (0, "ocsp", f"it is about another serial number ({pki.serial('good'):x})") in told(other)
    assert told(again) == told(good)
    assert len(server.asked) == len(set(server.asked))


REFUSED = {
    "a redirect": (302, "answered 302"),
    "nothing there": (404, "answered 404"),
    "too large": (b"x" * (CAP + 1), "sent more than"),
    "no list": (b"<html>", "no readable CRL"),
    "another's list": ("twin", "its signature is not by the key of the issuer"),
    "cut short": ("issuing", "no readable CRL"),
}


@pytest.mark.parametrize(("page", "problem"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_list_is_no_answer(
    page: bytes | int | str, problem: str, tmp_path: Path, web: tuple[Web, str]
) -> None:
    server, at = web
    pki = Pki(tmp_path, web=at)
    made = pki.crl(page).der if isinstance(page, str) else page
    server.pages["/issuing.crl"] = made[:-9] if page == "issuing" and isinstance(made, bytes) else made
    status = anyio.run(status_of, Revocation(stores=[str(pki.store)], fetcher=fetcher()), pki.leaf("good"))
    (answer,) = (a for a in status.answers if a.source == "crl" and a.position == 0)
    assert (answer.status, problem in answer.problem, answer.where) == ("", True, f"{at}/issuing.crl")
    assert server.asked.count("/issuing.crl") == 1


def test_without_the_grant_nothing_is_looked_up_or_sent(tmp_path: Path, web: tuple[Web, str]) -> None:
    server, at = web
    pki = Pki(tmp_path, web=at)
    status = anyio.run(status_of, Revocation(stores=[str(pki.store)]), pki.leaf("good"))
    assert (status.answers, server.asked) == ((), [])
    assert f"{at}/issuing.crl" in status.unfetched
    assert status.unfetched_because == "--fetch-revocation was not given"


def test_what_is_out_of_scope_is_not_asked(tmp_path: Path, web: tuple[Web, str]) -> None:
    server, at = web
    pki = Pki(tmp_path, web=at)
    status = anyio.run(
        status_of, Revocation(stores=[str(pki.store)], fetcher=fetcher("127.0.0.2/32")), pki.leaf("good")
    )
    assert (status.answers, server.asked) == ((), [])
    assert f"{at}/issuing.crl" in status.unfetched
    assert f"{HOST} is not in scope" in status.unfetched_because


def test_a_name_is_looked_up_once_and_asked_only_where_that_is_in_scope(tmp_path: Path, web: tuple[Web, str]) -> None:
    server, at = web
    port = at.rpartition(":")[2]
    pki = Pki(tmp_path, web=f"http://ca.example:{port}")
    server.pages["/issuing.crl"] = pki.crl("issuing").der
    asked: list[str] = []

    async def look_up(name: str) -> tuple[str, ...]:
        asked.append(name)
        return ("192.0.2.9", HOST)

    status = anyio.run(
        status_of, Revocation(stores=[str(pki.store)], fetcher=fetcher(look_up=look_up)), pki.leaf("good")
    )
    assert (0, "crl", "good") in told(status)
    assert asked == ["ca.example"]


def test_one_host_is_not_asked_for_ever(web: tuple[Web, str]) -> None:
    server, at = web

    async def go() -> list[str]:
        one = fetcher()
        return [(await one.crl(f"{at}/{n}")).why for n in range(MOST_OF_HOST + 3)]

    assert "was asked" in anyio.run(go)[-1]
    assert len(server.asked) == MOST_OF_HOST


def test_one_host_does_not_send_for_ever(web: tuple[Web, str]) -> None:
    server, at = web
    server.pages = {f"/{n}": bytes(CAP - 1000) for n in range(4)}

    async def go() -> list[str]:
        one = fetcher()
        return [(await one.crl(f"{at}/{n}")).why for n in range(4)]

    assert anyio.run(go) == ["", "", "", "127.0.0.1 sent 512 KiB before"]
    assert len(server.asked) == 3


def test_nobody_is_given_up_for_closed_ports_that_another_device_named(web: tuple[Web, str]) -> None:
    server, at = web
    server.pages["/a.crl"] = b"x"

    async def go() -> tuple[list[str], bytes]:
        one = fetcher()
        said = [(await one.crl(f"http://{HOST}:{free_port()}/a.crl")).why for _ in range(3)]
        return said, (await one.crl(f"{at}/a.crl")).data

    said, data = anyio.run(go)
    assert all("is closed" in why for why in said), said
    assert data == b"x"


def test_one_chain_does_not_use_up_what_there_is_for_all(tmp_path: Path, web: tuple[Web, str]) -> None:
    server, at = web
    pki = Pki(tmp_path, web=at)
    chain = pki.leaf("good").ders
    facts = {
        n: msgspec.structs.replace(
            read_certificate(der),
            crl_urls=tuple(f"{at}/{n}/{i}.crl" for i in range(4)),
            ocsp_urls=tuple(f"{at}/{n}/ocsp/{i}" for i in range(4)),
        )
        for n, der in enumerate(chain)
    }

    async def go() -> RevocationStatus:
        revocation = Revocation(stores=[str(pki.store)], fetcher=fetcher())
        return await revocation.status(door(1), chain, facts, b"")

    status = anyio.run(go)
    assert len(server.asked) == MOST_OF_CHAIN
    assert f"the chain names more than {MOST_OF_CHAIN} URLs" in status.unfetched_because


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://ca.example/a.crl", "no plain http URL"),
        ("ldap://ca.example/cn=a", "no plain http URL"),
        ("http://user@ca.example/a", "no plain http URL"),
        ("http:///a", "no plain http URL"),
        ("http://[::1/a", "no readable URL"),
        ("http://ca.example:99999/a", "no readable URL"),
        ("http://ca.example:502/a", "harm"),
        ("http://ca.example:9100/a", "harm"),
        ("http://ca.example:23/a", "harm"),
        ("http://ca example/a", "no readable host name"),
        ("http://ca.example/" + "a" * 2000, "no plain http URL"),
        ("http://ca.example/reboot", "reads like a command"),
        ("http://ca.example/%72eboot", "reads like a command"),
        ("http://ca.example/goform/ca.crl", "reads like a command"),
        ("http://ca.example/crl?x=1&reboot", "reads like a command"),
        ("http://ca.example/ca?cmd=factory-reset", "reads like a command"),
    ],
)
def test_what_nobody_is_asked(url: str, why: str) -> None:
    said = place_of(url)
    assert isinstance(said, str)
    assert why in said


def test_a_query_may_say_which_list_is_wanted() -> None:
    place = place_of("http://ca.example:8080/ejbca/publicweb/webdist/certdist?cmd=crl&issuer=CN=Factory CA")
    assert not isinstance(place, str)
    assert place.target.endswith("/certdist?cmd=crl&issuer=CN=Factory%20CA")


def test_names_that_are_not_looked_up_any_more_are_not_said_to_have_no_address() -> None:
    asked: list[str] = []

    async def look_up(host: str) -> tuple[str, ...]:
        asked.append(host)
        return ()

    async def go() -> list[str]:
        one = Fetcher(Dialer(Scope(include=(HOST,), pace=PACE)), {}, look_up)
        return [(await one.crl(f"http://h{n}.example/a.crl")).why for n in range(MOST_URLS + 9)]

    said = anyio.run(go)
    assert len(asked) == LOOKUPS
    assert "has no address" in said[LOOKUPS - 1]
    assert all("was not looked up" in why for why in said[LOOKUPS:])


def test_what_a_certificate_says_goes_onto_the_wire_encoded() -> None:
    place = place_of("http://ca.example/a b\t?x=1 2", b"\r\nQUIT\r\n")
    assert not isinstance(place, str)
    assert place.target == "/a%20b/DQpRVUlUDQo%3D?x=1%202"


async def _probed(port: int, *, with_worker: bool) -> Heard:
    async with Worker() as worker:
        return await certificate.PROBE.ask(door(port, worker=worker if with_worker else None))


@pytest.mark.parametrize(
    ("version", "with_worker", "staple"),
    [
        ("tls1_3", True, "good"),
        ("tls1_3", True, "other-serial"),
        ("tls1_2", False, "good"),
        ("tls1_2", False, "stranger"),
    ],
)
def test_a_staple_is_kept_and_judged(version: str, with_worker: bool, staple: str, pki: Pki) -> None:
    """By sslyze in TLS 1.3, where it is encrypted; by a hello of our own before."""
    leaf, given = pki.leaf("good"), pki.ocsp(staple, about="good")
    files = ("-cert", str(leaf.chain), "-cert_chain", str(leaf.chain), "-key", str(leaf.key_file))
    with openssl(*files, f"-{version}", "-status_file", str(given.file)) as port:
        heard = anyio.run(lambda: _probed(port, with_worker=with_worker))
    (status,) = (f for f in heard.facts if isinstance(f, RevocationStatus))
    (chain,) = (f for f in heard.facts if isinstance(f, CertificateChain))
    (answer,) = status.answers
    is_good = staple == "good"
    assert (answer.source, answer.status, bool(answer.problem)) == ("staple", "good" * is_good, not is_good)
    assert chain.ocsp_stapled.known is True


def test_a_staple_over_datagrams(pki: Pki, tmp_path: Path) -> None:
    leaf, given = pki.leaf("good"), pki.ocsp("good", about="good")
    words = ("openssl", "s_server", "-quiet", "-dtls1_2", "-listen", "-status_file", str(given.file))
    files = ("-cert", str(leaf.chain), "-cert_chain", str(leaf.chain), "-key", str(leaf.key_file))
    with dtls_server(tmp_path, lambda port: (*words, *files, "-accept", f"{HOST}:{port}")) as port:
        heard = anyio.run(dtls_endpoint.PROBE.ask, service_door(port, "coaps", transport="udp"))
    (status,) = (f for f in heard.facts if isinstance(f, RevocationStatus))
    assert told(status) == {(0, "staple", "good")}


def test_a_staple_that_is_none_is_bad_and_no_gap(pki: Pki, tmp_path: Path) -> None:
    leaf, garbage = pki.leaf("good"), b"HTTP/1.1 200 OK"
    answers = anyio.run(lambda: status_of(Revocation(), leaf, garbage)).answers
    assert [(a.source, a.problem, a.is_open) for a in answers] == [("staple", "no readable OCSP response", False)]


def test_files_are_read_in_a_process_of_their_own(pki: Pki) -> None:
    files = [
        GivenFile(kind="crl", name="a.crl", path=str(pki.crl("many").file)),
        GivenFile(kind="ocsp", name="b.der", path=str(pki.ocsp("revoked", about="revoked-by-ocsp").file)),
    ]

    async def go() -> list[RevocationStatus]:
        async with Worker(WORKER, memory=MEMORY) as worker:
            revocation = Revocation(files=files, stores=[str(pki.store)], worker=worker)
            return [await status_of(revocation, pki.leaf(n)) for n in ("good", "revoked-by-crl", "revoked-by-ocsp")]

    good, by_list, by_response = anyio.run(go)
    assert told(good) == {(0, "crl", "good")}
    assert told(by_list) == {(0, "crl", "revoked")}
    assert (0, "ocsp", "revoked") in told(by_response)


def test_a_list_of_fifty_megabytes_is_judged(tmp_path: Path) -> None:
    """1.4 million entries, in the worker."""
    pki = Pki(tmp_path)
    issuer = pki.issued("issuing")
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    der = huge(issuer.key, issuer.subject.public_bytes(), 1_400_000)
    (tmp_path / "huge.crl").write_bytes(der)
    files = [GivenFile(kind="crl", name="huge.crl", path=str(tmp_path / "huge.crl"))]

    async def go() -> list[RevocationStatus]:
        async with Worker(WORKER, memory=MEMORY) as worker:
            revocation = Revocation(files=files, stores=[str(pki.store)], worker=worker)
            return [await status_of(revocation, pki.leaf(name)) for name in ("good", "held")]

    assert len(der) > 45_000_000
    assert [told(status) for status in anyio.run(go)] == [{(0, "crl", "good")}] * 2


def test_a_file_that_is_gone_is_no_answer(pki: Pki, tmp_path: Path) -> None:
    gone = [GivenFile(kind="crl", name="gone.crl", path=str(tmp_path / "gone.crl"))]

    async def go() -> list[RevocationStatus]:
        async with Worker(WORKER, memory=MEMORY) as worker:
            return [
                await status_of(Revocation(files=gone, worker=with_worker), pki.leaf("good"))
                for with_worker in (worker, None)
            ]

    for status in anyio.run(go):
        (answer,) = status.answers
        assert (answer.status, "cannot be read any more" in answer.problem) == ("", True)


def test_what_was_said_of_revocation_is_asked_anew_by_a_later_scan() -> None:
    said = RevocationAnswer(position=0, source="staple", where="handshake", status="good")
    assert certificate.PROBE.holds_on is not None
    assert certificate.PROBE.holds_on(RevocationStatus())
    assert not certificate.PROBE.holds_on(RevocationStatus(answers=(said,)))


def huge(key: ec.EllipticCurvePrivateKey, issuer: bytes, entries: int) -> bytes:
    def element(tag: int, body: bytes) -> bytes:
        size = len(body).to_bytes((len(body).bit_length() + 7) // 8 or 1, "big")
        return bytes([tag]) + (size if len(body) < 128 else bytes([0x80 | len(size)]) + size) + body

    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    times = element(0x17, b"260101000000Z") + element(0x17, b"491231235959Z")
    head, tail = bytes.fromhex("3021021001"), b"\x17\x0d260101000000Z"
    listed = b"".join(head + n.to_bytes(15, "big") + tail for n in range(entries))
    body = element(0x30, b"\x02\x01\x01" + algorithm + issuer + times + element(0x30, listed))
    return element(0x30, body + algorithm + element(3, b"\0" + key.sign(body, ec.ECDSA(hashes.SHA256()))))
