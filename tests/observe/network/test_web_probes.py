import base64
import gzip
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from iotscan.model.facts import HttpServer, UpdateServer, UploadForm, WellKnown
from iotscan.model.scope import Pace
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Door, Heard, Probe
from iotscan.observe.network.probes import http, update, well_known
from iotscan.observe.network.probes.web import ask_all, get
from iotscan.observe.network.web_session import Ask
from iotscan.wire.http import HttpResponse
from tests.observe.network.daemons import door, free_port, serving
from tests.observe.network.webserver import make_certificate, nginx

FAST = Pace(attempts_per_second=2000, accepted_per_second=2000, connections=1000, conversation_timeout=3)
HURRIED = Pace(attempts_per_second=2000, accepted_per_second=2000, connections=1000, conversation_timeout=1)

LOGIN = b"<html><title>Cam</title><form action=/login><input type=password></form></html>"
UPLOAD = b"<form action=/do enctype=multipart/form-data method=post><input type=file name=f></form>"
IMAGE = b"\x27\x05\x19\x56" + bytes(8) + (1000).to_bytes(4, "big") + bytes(48) + bytes(range(250)) * 4
RELEASE = {"version": "2", "url": "fw-2.img", "sha256": hashlib.sha256(IMAGE).hexdigest()}
MANIFEST = json.dumps(RELEASE).encode()
SIGNATURE = Ed25519PrivateKey.from_private_bytes(bytes(32)).sign(MANIFEST)
SIGNIFY = b"untrusted comment: x\n" + base64.b64encode(b"Ed" + bytes(8) + SIGNATURE) + b"\n"

Page = bytes | tuple[int, dict[str, str], bytes]


def ask(probe: Probe, port: int, protocol: str = "http", *, pace: Pace = FAST, way: Door | None = None) -> Heard:
    return anyio.run(probe.ask, way or door(port, protocol, pace=pace))


def front(port: int, protocol: str = "http") -> HttpServer:
    (fact,) = ask(http.PROBE, port, protocol).facts
    assert isinstance(fact, HttpServer)
    return fact


def updates(port: int) -> UpdateServer:
    (fact,) = ask(update.PROBE, port).facts
    assert isinstance(fact, UpdateServer)
    return fact


def known(port: int) -> WellKnown:
    (fact,) = ask(well_known.PROBE, port).facts
    assert isinstance(fact, WellKnown)
    return fact


def end(heard: Heard) -> tuple[AttemptStatus, Reason | None]:
    assert heard.facts == ()
    return heard.missed[0].status, heard.missed[0].reason


@contextmanager
def site(
    pages: Mapping[str, Page],
    *,
    other: Callable[[str], Page] = lambda path: (404, {}, b"not found"),
    keep_alive: bool = True,
    seen: list[str] | None = None,
) -> Iterator[int]:
    """A web server of Python's own: what it serves, and what it gives for every other path."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if keep_alive else "HTTP/1.0"
        wbufsize = 1 << 20  # header and body in one segment: nobody waits for a delayed acknowledgement

        def page(self) -> Page:
            if seen is not None:
                seen.append(f"{self.command} {self.path}")
            return pages.get(self.path) or other(self.path)

        def do_GET(self) -> None:
            page = self.page()
            status, headers, body = page if isinstance(page, tuple) else (200, {}, page)
            piece = self.headers.get("Range", "").removeprefix("bytes=").partition("-")
            if status == 200 and piece[0] and "X-No-Ranges" not in headers:
                first, last = int(piece[0]), min(int(piece[2]), len(body) - 1)
                headers = headers | {"Content-Range": f"bytes {first}-{last}/{len(body)}"}
                status, body = 206, body[first : last + 1]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


HTML = {"Content-Type": "text/html"}


def redirect(target: str, status: int = 302) -> Page:
    return status, {"Location": target}, b""


# The client


def test_several_gets_share_a_connection() -> None:
    with site({"/a": b"1", "/b": b"2"}) as port:
        way = door(port, "http", pace=FAST)
        replies = anyio.run(ask_all, way, [Ask(path=p, cap=100) for p in ("/a", "/b", "/c")])
    assert [r.status for r in replies if isinstance(r, HttpResponse)] == [200, 200, 404]
    assert way.line.connections == 1


def test_a_server_that_closes_is_asked_again() -> None:
    with site({"/a": b"1", "/b": b"2"}, keep_alive=False) as port:
        way = door(port, "http", pace=FAST)
        replies = anyio.run(ask_all, way, [Ask(path=p, cap=100) for p in ("/a", "/b")])
    assert [r.body for r in replies if isinstance(r, HttpResponse)] == [b"1", b"2"]
    assert way.line.connections == 2


def test_a_server_that_breaks_its_promise_is_asked_again() -> None:
    def talk(guest: socket.socket) -> None:
        guest.recv(4096)
        guest.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with serving(talk) as port:
        replies = anyio.run(ask_all, door(port, "http", pace=FAST), [Ask(path=p, cap=100) for p in ("/a", "/b", "/c")])
    assert [r.body for r in replies if isinstance(r, HttpResponse)] == [b"ok"] * 3


def test_two_lost_connections_end_the_asking() -> None:
    def swallow(guest: socket.socket) -> None:
        while guest.recv(4096):
            pass

    with serving(swallow) as port:
        way = door(port, "http", pace=HURRIED)
        replies = anyio.run(ask_all, way, [Ask(path=f"/{n}", cap=100) for n in range(9)])
    assert len(replies) == 9
    assert {type(r).__name__ for r in replies} == {"TimedOut"}
    assert way.line.connections == 2


def test_redirects_are_followed_once_and_only_here() -> None:
    pages = {"/a": redirect("/b"), "/b": b"here", "/x": redirect("/y"), "/y": redirect("/b")}
    with site(pages | {"/away": redirect("http://198.51.100.1/"), "/port": redirect("http://127.0.0.1:1/")}) as port:
        way = door(port, "http", pace=FAST)
        asks = [Ask(path=p, cap=100, follow=True) for p in ("/a", "/x", "/away", "/port")]
        a, x, away, other = anyio.run(ask_all, way, asks)
        plain = anyio.run(partial(get, way, "/a", cap=100))
    assert isinstance(a, HttpResponse)
    assert (a.status, a.body, a.path) == (200, b"here", "/b")
    assert [r.status for r in (x, away, other) if isinstance(r, HttpResponse)] == [302, 302, 302]
    assert plain.status == 302


# The front page


def test_front_page_of_nginx(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_bytes(LOGIN)
    hsts, cookie = "Strict-Transport-Security max-age=1", 'Set-Cookie "sid=secret; HttpOnly"'
    with nginx(tmp_path, f"listen 127.0.0.1:PORT; add_header {hsts}; add_header {cookie};") as port:
        fact = front(port)
        gone = ask(update.PROBE, port)
    assert (fact.status, fact.title, fact.tls, fact.has_login_form) == (200, "Cam", False, True)
    assert fact.server.startswith("nginx/")
    assert fact.strict_transport_security == "max-age=1"
    assert [(c.name, c.secure, c.http_only) for c in fact.cookies] == [("sid", False, True)]
    assert "secret" not in repr(fact)
    assert fact.body_sha256 == hashlib.sha256(LOGIN).hexdigest()
    assert (gone.facts, gone.missed) == ((), ())


def test_front_page_behind_tls(tmp_path: Path) -> None:
    key, cert = make_certificate(tmp_path)
    (tmp_path / "index.html").write_bytes(b"<title>Safe</title>")
    with nginx(tmp_path, f"listen 127.0.0.1:PORT ssl; ssl_certificate {cert}; ssl_certificate_key {key};") as port:
        fact = front(port, "https")
    assert (fact.tls, fact.status, fact.title, fact.asks_credentials) == (True, 200, "Safe", False)


def test_basic_and_digest_are_challenges() -> None:
    asks = 'Digest realm="Cam", nonce="1", Basic realm="Cam"'
    with site({"/": (401, {"WWW-Authenticate": asks}, b"no")}) as port:
        fact = front(port)
    assert [(c.scheme, c.realm) for c in fact.challenges] == [("digest", "Cam"), ("basic", "Cam")]
    assert fact.asks_credentials


def test_redirect_to_https_is_told_and_not_followed() -> None:
    with site({"/": redirect("https://127.0.0.1/")}) as port:
        way = door(port, "http", pace=FAST)
        (fact,) = ask(http.PROBE, port, way=way).facts
    assert isinstance(fact, HttpServer)
    assert fact.redirects_to_https
    assert not fact.asks_credentials
    assert way.line.connections == 1


@pytest.mark.parametrize(
    "page",
    [
        redirect("/login.html"),
        redirect("login.html", 301),
        (200, HTML, b'<meta http-equiv="refresh" content="0; url=/login.html">'),
        (200, HTML, b"<frameset><frame src=login.html></frameset>"),
    ],
)
def test_the_login_page_behind_the_front_page_counts(page: Page) -> None:
    with site({"/": page, "/login.html": (200, HTML, LOGIN)}) as port:
        fact = front(port)
    assert fact.has_login_form
    assert fact.title == "Cam"
    assert isinstance(page, tuple)
    assert fact.status == page[0]


def test_a_login_page_that_cannot_be_had_leaves_it_open() -> None:
    def talk(guest: socket.socket) -> None:
        if guest.recv(4096).startswith(b"GET / "):
            guest.sendall(b"HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n")
        else:
            guest.recv(4096)

    with serving(talk) as port:
        assert end(ask(http.PROBE, port, pace=HURRIED)) == (AttemptStatus.TIMED_OUT, Reason.TIMEOUT)


def test_hostile_text_is_safe() -> None:
    headers = {"Server": "x\x1b]0;owned\x07", "Content-Type": "text/html"}
    with site({"/": (200, headers, "<title>\u202egnp\x1b[2J</title>".encode())}) as port:
        fact = front(port)
    assert "\x1b" not in repr((fact.server, fact.title)).replace("\\x1b", "")
    assert "\u202e" not in fact.title


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def endless(start: bytes, piece: bytes) -> Callable[[socket.socket], None]:
    def talk(guest: socket.socket) -> None:
        guest.recv(4096)
        guest.sendall(start)
        with suppress(OSError):
            while True:
                guest.sendall(piece)

    return talk


def drip(start: bytes) -> Callable[[socket.socket], None]:
    def talk(guest: socket.socket) -> None:
        guest.recv(4096)
        guest.sendall(start)
        guest.settimeout(0.1)
        while True:
            with suppress(TimeoutError):
                if not guest.recv(10):
                    return
            guest.sendall(b"x")

    return talk


def once(answer: bytes, *, reset: bool = False) -> Callable[[socket.socket], None]:
    def talk(guest: socket.socket) -> None:
        guest.recv(4096)
        guest.sendall(answer)
        if reset:
            guest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    return talk


BOMB = gzip.compress(bytes(20_000_000))
GAP = (AttemptStatus.UNREADABLE, Reason.UNREADABLE)
SILENT = (AttemptStatus.TIMED_OUT, Reason.TIMEOUT)


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        (endless(HEAD, b"A: b\r\n" * 100), GAP),
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), GAP),
        (endless(HEAD + b"\r\n", b"<p>" * 10000), GAP),
        (once(HEAD + b"Content-Encoding: gzip\r\n\r\n" + BOMB), GAP),
        (once(HEAD + b"Content-Encoding: br\r\n\r\nxxxx"), GAP),
        (once(HEAD + b"Content-Length: 500\r\n\r\n<p>half"), GAP),
        (once(HEAD + b"\r\n<p>half", reset=True), GAP),
        (once(b"SSH-2.0-x\r\n"), GAP),
        (once(b""), GAP),
        (once(b"HTTP/1.1 200", reset=True), GAP),
        (drip(b"HTTP/1.1 200 OK\r\n"), SILENT),
        (drip(b""), SILENT),
        (drip(HEAD + b"\r\n"), GAP),
    ],
)
def test_what_was_not_read_is_no_statement(
    talk: Callable[[socket.socket], None], expected: tuple[AttemptStatus, Reason | None]
) -> None:
    with serving(talk) as port:
        heard = ask(http.PROBE, port, pace=HURRIED)
    assert end(heard) == expected


def test_a_form_seen_in_a_page_without_end_is_a_form() -> None:
    with serving(drip(HEAD + b"\r\n" + LOGIN)) as port:
        (fact,) = ask(http.PROBE, port, pace=HURRIED).facts
    assert isinstance(fact, HttpServer)
    assert fact.has_login_form


def test_a_service_that_is_gone_is_not_absent() -> None:
    for probe in (http.PROBE, well_known.PROBE, update.PROBE):
        assert end(ask(probe, free_port())) == (AttemptStatus.UNREADABLE, Reason.UNREACHABLE)


def test_get_is_capped_on_the_wire() -> None:
    with serving(endless(HEAD + b"\r\n", b"x" * 4096)) as port:
        way = door(port, "http", pace=FAST)
        found = anyio.run(partial(get, way, "/", cap=10_000))
    assert (len(found.body), found.is_truncated) == (10_000, True)
    assert way.line.bytes_received < 10_000 + 3 * 64 * 1024


# Well-known documents

SECURITY = b"# hello\nContact: mailto:psirt@example.com\nExpires: 2030-01-01T00:00:00Z\n"
METADATA = {
    "issuer": "https://id.example",
    "token_endpoint": "http://id.example/token",
    "authorization_endpoint": "https://id.example/auth",
    "grant_types_supported": ["authorization_code", "password"],
    "code_challenge_methods_supported": ["S256"],
}


def test_documents_at_their_places() -> None:
    places = {
        "/.well-known/security.txt": SECURITY,
        "/.well-known/openid-configuration": json.dumps(METADATA).encode(),
    }
    with site(places) as port:
        fact = known(port)
    assert fact.security_txt.value
    assert fact.security_txt_expires == "2030-01-01T00:00:00Z"
    assert fact.oauth_metadata.value
    assert fact.oauth_issuer == "https://id.example"
    assert fact.oauth_insecure_endpoints == ("token_endpoint",)
    assert fact.oauth_grants == ("authorization_code", "password")
    assert fact.oauth_challenge_methods == ("S256",)


def test_none_of_them() -> None:
    with site({}) as port:
        way = door(port, "http", pace=FAST)
        (fact,) = ask(well_known.PROBE, port, way=way).facts
    assert isinstance(fact, WellKnown)
    assert (fact.security_txt.value, fact.oauth_metadata.value) == (False, False)
    assert way.line.connections == 1


def test_the_old_place_of_security_txt_counts() -> None:
    with site({"/security.txt": SECURITY}) as port:
        assert known(port).security_txt.value


@pytest.mark.parametrize(
    "body", [b"<html>Contact: us</html>", b"Expires: 2030\n", b'{"Contact": "x"}', b"\xff\xfe\x00"]
)
def test_a_page_for_everything_but_the_front_is_no_document(body: bytes) -> None:
    with site({"/": b"<h1>Gateway</h1>"}, other=lambda path: body) as port:
        fact = known(port)
    assert (fact.security_txt.value, fact.oauth_metadata.value) == (False, False)


def wall(path: str) -> Page:
    """What a filter gives who runs no scripts, with a number of this answer and the path that was asked."""
    page = f"<title>Checking</title><script src=/check.js></script>{path}: support id {hash(path) % 10**12}"
    return 202, HTML, page.encode()


def test_a_filter_that_gives_its_page_for_everything_hides_what_is_behind_it() -> None:
    with site({}, other=wall) as port:
        fact = known(port)
    assert (fact.security_txt.reason, fact.oauth_metadata.reason) == (Reason.NOT_OBSERVABLE, Reason.NOT_OBSERVABLE)
    assert "every path" in fact.security_txt.detail


def test_an_application_that_gives_its_page_for_everything_gives_its_scripts_too() -> None:
    page = b"<div id=root></div><script src=/app.js></script>"
    with site({"/app.js": b"let x = 1"}, other=lambda path: (200, HTML, page)) as port:
        fact = known(port)
    assert (fact.security_txt.value, fact.oauth_metadata.value) == (False, False)


def test_who_has_no_page_at_all_has_none_of_them() -> None:
    with site({}, other=lambda path: (404, HTML, b"Not Found")) as port:
        fact = known(port)
    assert (fact.security_txt.value, fact.oauth_metadata.value) == (False, False)


@pytest.mark.parametrize("body", [SECURITY, json.dumps(METADATA).encode()])
def test_a_document_for_everything_proves_nothing(body: bytes) -> None:
    with site({}, other=lambda path: body) as port:
        fact = known(port)
    assert [fact.security_txt.known, fact.oauth_metadata.known].count(True) == 0
    assert None in (fact.security_txt.known, fact.oauth_metadata.known)


@pytest.mark.parametrize(
    "other", [(401, {}, b""), (403, {}, b""), (503, {}, b""), (301, {"Location": "https://x/"}, b"")]
)
def test_a_closed_door_tells_nothing(other: Page) -> None:
    with site({}, other=lambda path: other) as port:
        fact = known(port)
    assert not fact.security_txt.is_answered
    assert not fact.oauth_metadata.is_answered


def test_silence_after_the_control_leaves_the_answers_open() -> None:
    def talk(guest: socket.socket) -> None:
        if b"security" not in (asked := guest.recv(4096)) and b"oauth" not in asked and b"openid" not in asked:
            guest.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")
        else:
            guest.recv(4096)

    with serving(talk) as port:
        (fact,) = ask(well_known.PROBE, port, pace=HURRIED).facts
    assert isinstance(fact, WellKnown)
    assert (fact.security_txt.reason, fact.oauth_metadata.reason) == (Reason.TIMEOUT, Reason.TIMEOUT)


# Updates


def by_path(fact: UpdateServer) -> dict[str, str]:
    return {a.path: a.signature for a in fact.artefacts}


@pytest.mark.parametrize("keep_alive", [True, False])
def test_unsigned_manifest_and_the_image_it_names(keep_alive: bool) -> None:
    seen: list[str] = []
    places = {"/firmware/manifest.json": MANIFEST, "/firmware/fw-2.img": IMAGE}
    with site(places, keep_alive=keep_alive, seen=seen) as port:
        way = door(port, "http", pace=FAST)
        (fact,) = ask(update.PROBE, port, way=way).facts
    assert isinstance(fact, UpdateServer)
    assert by_path(fact) == {"/firmware/manifest.json": "none", "/firmware/fw-2.img": "none"}
    assert [(a.role, a.format) for a in fact.artefacts] == [("manifest", "json"), ("image", "uimage")]
    assert all("no signature beside it" in a.detail for a in fact.artefacts)
    assert {entry.partition(" ")[0] for entry in seen} == {"GET"}
    assert way.line.connections <= (3 if keep_alive else 28)


def test_signed_manifest_with_unsigned_image() -> None:
    signed = json.dumps(RELEASE | {"signature": base64.b64encode(SIGNATURE).decode()}).encode()
    listed = json.dumps(
        {"manifest": {"version": "2", "sha256": "x"}, "signature": base64.b64encode(SIGNATURE).decode()}
    )
    with site({"/ota/manifest.json": signed, "/ota/fw-2.img": IMAGE, "/latest.json": listed.encode()}) as port:
        fact = updates(port)
    # In one flat object the signature may be either's; what stands for both is there for both.
    assert by_path(fact) == {"/ota/manifest.json": "embedded", "/latest.json": "embedded", "/ota/fw-2.img": "detached"}
    assert all("not verified: no key" in a.detail for a in fact.artefacts)


@pytest.mark.parametrize("suffix", [".sig", ".asc", ".minisig", ".p7s", ".sign"])
def test_detached_signatures(suffix: str) -> None:
    places = {"/firmware/manifest.json": MANIFEST, "/firmware/fw-2.img": IMAGE}
    with site(places | {"/firmware/manifest.json" + suffix: SIGNIFY}) as port:
        fact = updates(port)
    assert by_path(fact) == {"/firmware/manifest.json": "detached", "/firmware/fw-2.img": "none"}
    assert f"signify signature at /firmware/manifest.json{suffix}; not verified: no key" in fact.artefacts[0].detail


def test_a_signature_that_the_manifest_points_to() -> None:
    manifest = json.dumps(RELEASE | {"signature": "keys/fw.signature"}).encode()
    with site({"/firmware.json": manifest, "/fw-2.img": IMAGE, "/keys/fw.signature": SIGNATURE}) as port:
        fact = updates(port)
    assert by_path(fact) == {"/firmware.json": "none", "/fw-2.img": "detached"}


def test_a_page_beside_is_no_signature() -> None:
    def other(path: str) -> Page:
        return (200, HTML, f"<h1>Welcome to {path}</h1>".encode())

    with site({"/firmware/manifest.json": MANIFEST, "/firmware/fw-2.img": IMAGE}, other=other) as port:
        fact = updates(port)
    assert by_path(fact) == {"/firmware/manifest.json": "none", "/firmware/fw-2.img": "none"}


@pytest.mark.parametrize("status", [401, 403, 500])
def test_signatures_that_cannot_be_asked_for_leave_it_open(status: int) -> None:
    def other(path: str) -> Page:
        return (status if ".json." in path else 404, {}, b"")

    with site({"/firmware/manifest.json": MANIFEST}, other=other) as port:
        (fact,) = updates(port).artefacts
    assert fact.signature == "unknown"


def rauc(signature: bool) -> bytes:
    head = b"hsqs" + bytes(36) + (2_000_000).to_bytes(8, "little")
    cms = bytes.fromhex("3082010006092a864886f70d010702") + bytes(245)
    return head.ljust(2_002_944, b"\x5a") + ((cms + len(cms).to_bytes(8, "big")) if signature else b"")


@pytest.mark.parametrize(("signed", "expected"), [(True, "embedded"), (False, "none")])
def test_a_bundle_linked_on_the_front_page_is_read_at_both_ends(signed: bool, expected: str) -> None:
    pages = {"/": (200, HTML, b"<a href='/files/x.raucb?v=1'>firmware</a>"), "/files/x.raucb?v=1": rauc(signed)}
    with site(pages) as port:
        way = door(port, "http", pace=FAST)
        (fact,) = ask(update.PROBE, port, way=way).facts
    assert isinstance(fact, UpdateServer)
    (artefact,) = fact.artefacts
    assert (artefact.path, artefact.signature, artefact.is_truncated) == ("/files/x.raucb?v=1", expected, True)
    assert artefact.bytes_read == 128 * 1024
    assert way.line.bytes_received < 180 * 1024


def test_without_ranges_the_end_stays_unknown() -> None:
    with site({"/firmware.bin": (200, {"X-No-Ranges": "1"}, rauc(True))}) as port:
        (artefact,) = updates(port).artefacts
    assert (artefact.signature, artefact.bytes_read) == ("unknown", 64 * 1024)


def test_open_upload_pages() -> None:
    with site({"/update": (200, HTML, UPLOAD), "/upgrade": (200, HTML, UPLOAD)}) as port:
        fact = updates(port)
    assert fact.open_uploads == (UploadForm(path="/update", action="/do"),)


@pytest.mark.parametrize(
    "page",
    [
        (401, HTML | {"WWW-Authenticate": "Basic"}, UPLOAD),
        redirect("/login"),
        (200, HTML, UPLOAD + b"<input type=password>"),
        (200, HTML, b"<form><input type=file></form>"),
        (200, {"Content-Type": "text/plain"}, UPLOAD),
    ],
)
def test_pages_that_are_not_open(page: Page) -> None:
    with site({"/update": page, "/login": (200, HTML, LOGIN + UPLOAD)}) as port:
        heard = ask(update.PROBE, port)
    assert (heard.facts, heard.missed) == ((), ())


def test_a_form_on_every_page_counts_once_and_only_for_updates() -> None:
    rescue = UPLOAD.replace(b"/do", b"/flash.cgi")
    for form, expected in ((UPLOAD, ()), (rescue, (UploadForm(path="/", action="/flash.cgi"),))):
        with site({}, other=lambda path, form=form: (200, HTML, form)) as port:  # type: ignore[misc]
            heard = ask(update.PROBE, port)
        assert (heard.facts[0].open_uploads if heard.facts else ()) == expected  # type: ignore[union-attr]


@pytest.mark.parametrize("body", [MANIFEST, IMAGE, b'{"status": "ok"}', b"<html></html>", b"ok"])
def test_the_same_for_everything_proves_nothing(body: bytes) -> None:
    with site({}, other=lambda path: body) as port:
        heard = ask(update.PROBE, port)
    assert (heard.facts, heard.missed) == ((), ())


def test_a_web_apps_manifest_is_no_update_manifest() -> None:
    body = b'{"name":"x","short_name":"x","start_url":"/","icons":[{"src":"/i.png"}]}'
    with site({"/manifest.json": body}) as port:
        heard = ask(update.PROBE, port)
    assert (heard.facts, heard.missed) == ((), ())


def test_images_elsewhere_are_not_asked_for() -> None:
    manifest = json.dumps(RELEASE | {"url": "http://198.51.100.7/fw.bin"}).encode()
    with site({"/firmware.json": manifest}) as port:
        fact = updates(port)
    assert by_path(fact) == {"/firmware.json": "none"}


@pytest.mark.parametrize(("status", "reason"), [(401, Reason.NOT_OBSERVABLE), (503, Reason.UNREADABLE)])
def test_everything_behind_a_closed_door_is_not_absent(status: int, reason: Reason) -> None:
    with site({}, other=lambda path: (status, {}, b"")) as port:
        assert end(ask(update.PROBE, port)) == (AttemptStatus.UNREADABLE, reason)


def test_a_page_that_hangs_is_not_absent() -> None:
    def talk(guest: socket.socket) -> None:
        if guest.recv(4096).startswith(b"GET /upgrade "):
            guest.recv(4096)
        else:
            guest.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")

    with serving(talk) as port:
        assert end(ask(update.PROBE, port, pace=HURRIED)) == SILENT


def test_a_spent_budget_is_not_absent() -> None:
    pace = Pace(attempts_per_second=2000, accepted_per_second=2000, connections=3, conversation_timeout=2)
    with site({}, keep_alive=False) as port:
        assert end(ask(update.PROBE, port, pace=pace)) == (AttemptStatus.NOT_TRIED, Reason.BUDGET)


@pytest.mark.parametrize("action", ["/do", "{path}", "http://127.0.0.1{path}", ""])
def test_one_upload_page_for_every_path_is_no_update_page(action: str) -> None:
    def page(path: str) -> Page:
        form = UPLOAD.replace(b"/do", action.format(path=path).encode())
        return 200, HTML, form

    with site({"/": (200, HTML, b"<p>welcome")}, other=page) as port:
        heard = ask(update.PROBE, port)
    assert (heard.facts, heard.missed) == ((), ())
