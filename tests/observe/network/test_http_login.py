import hashlib
import re
import ssl
import subprocess
import threading
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import anyio
import pytest

from iotscan.model.facts import Challenge, DefaultLogin, HttpServer
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.probe import Missed
from iotscan.observe.network.probes.login import PROBE
from tests.observe.network.acme import PASSWORD, USER, notes, record, tools, verdict
from tests.observe.network.daemons import HOST, door, tool

REALM = "Acme Cam 100"
ASKS = HttpServer(tls=False, status=401, challenges=(Challenge(scheme="basic", realm=REALM),))


class Site:
    """A web server: what each GET is answered with, and what was tried."""

    def __init__(self, password: str = PASSWORD) -> None:
        self.password = password
        self.requests: list[tuple[str, str]] = []
        self.failures: Counter[str] = Counter()

    def answer(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
        self.requests.append((path, authorization))
        return self.judge(path, authorization)

    def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
        if self.login(authorization) == (USER, self.password):
            return 200, [], "<title>Live view</title>"
        return self.refuse()

    def login(self, authorization: str) -> tuple[str, str]:
        user, _, password = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        return user, password

    def refuse(self) -> tuple[int, list[tuple[str, str]], str]:
        return 401, [("WWW-Authenticate", f'Basic realm="{REALM}"')], "401"

    @property
    def users(self) -> list[str]:
        return [self.login(a)[0] for _, a in self.requests if a.startswith("Basic ")]


@contextmanager
def web(site: Site, context: ssl.SSLContext | None = None) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = site.answer(self.path, self.headers.get("Authorization", ""))
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            for header in headers:
                self.send_header(*header)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_a_true_default_is_found(tmp_path: Path) -> None:
    site = Site()
    with web(site) as port:
        found = verdict(tmp_path, port, "http", [ASKS])
    assert found == DefaultLogin(
        protocol="http",
        outcome="accepted",
        product="Acme Cam",
        record="acme-cam",
        account=USER,
        source="Acme Cam manual",
        tries=3,
    )
    assert [bool(a) for _, a in site.requests] == [False, True, True, True]
    before, known, after = site.users
    assert known == USER
    assert before.startswith("iotscan-")
    assert after.startswith("iotscan-")
    assert before != after


def test_a_changed_password_is_not_claimed(tmp_path: Path) -> None:
    with web(Site("changed")) as port:
        found = verdict(tmp_path, port, "http", [ASKS])
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, found.account, found.tries) == ("rejected", "", 2)


def test_the_second_pair_is_tried_and_then_no_more(tmp_path: Path) -> None:
    site = Site()
    with web(site) as port:
        found = verdict(tmp_path, port, "http", [ASKS], record(("root", "x"), (USER, PASSWORD), ("third", "y")))
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, found.account, found.tries) == ("accepted", USER, 4)
    assert site.users[1:-1] == ["root", USER]


def test_every_try_is_in_the_ledger_before_it_is_made(tmp_path: Path) -> None:
    class Watching(Site):
        def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
            if authorization:
                assert f'"{self.login(authorization)[0]}"' in notes(tmp_path)
                noted.append(notes(tmp_path).count("\n"))
            return super().judge(path, authorization)

    noted: list[int] = []
    with web(Watching()) as port:
        verdict(tmp_path, port, "http", [ASKS])
    assert noted == [1, 2, 4], "the third line says that the second try was let in"


def test_whoever_is_let_in_proves_nothing(tmp_path: Path) -> None:
    class Open(Site):
        def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
            return (200, [], "welcome") if authorization else self.refuse()

    site = Open()
    with web(site) as port:
        found = verdict(tmp_path, port, "http", [ASKS])
    assert isinstance(found, DefaultLogin)
    assert (found.outcome, found.account) == ("accepts_any", "")
    assert USER not in site.users


def test_a_page_for_everybody_is_no_login(tmp_path: Path) -> None:
    class Public(Site):
        def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
            return 200, [], "welcome"

    site = Public()
    with web(site) as port:
        missed = verdict(tmp_path, port, "http", [ASKS])
    assert isinstance(missed, Missed)
    assert (missed.status, missed.reason) == (AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE)
    assert site.users == []


@pytest.mark.parametrize(
    ("page", "status", "reason"),
    [
        (HttpServer(tls=False, status=200, title="Hello"), AttemptStatus.ABSENT, None),
        (HttpServer(tls=False, status=200, has_script=True), AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE),
        (HttpServer(tls=False, status=301, location="https://x/"), AttemptStatus.ABSENT, None),
        (
            HttpServer(tls=False, status=401, challenges=(Challenge(scheme="basic", realm="Other"),)),
            AttemptStatus.NOT_TRIED,
            Reason.NOT_OBSERVABLE,
        ),
    ],
)
def test_what_is_known_already_costs_no_connection(
    tmp_path: Path, page: HttpServer, status: AttemptStatus, reason: Reason | None
) -> None:
    site = Site()
    with web(site) as port:
        missed = verdict(tmp_path, port, "http", [page])
    assert isinstance(missed, Missed)
    assert (missed.status, missed.reason) == (status, reason)
    assert site.requests == []


class Locking(Site):
    """Locks an account at its third failure, and says so with a status or with words."""

    def __init__(self, status: int = 429, body: str = "") -> None:
        super().__init__("changed")
        self.status, self.body = status, body

    def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
        if not authorization:
            return self.refuse()
        user = self.login(authorization)[0]
        if self.failures[user] >= 3:
            return self.status, [("WWW-Authenticate", f'Basic realm="{REALM}"')], self.body
        self.failures[user] += 1
        return self.refuse()


def test_an_account_that_locks_at_its_third_failure_is_not_locked_by_us(tmp_path: Path) -> None:
    site = Locking()
    with web(site) as port:
        outcomes = [verdict(tmp_path, port, "http", [ASKS]) for _ in range(5)]
    assert [type(o) for o in outcomes] == [DefaultLogin] * 2 + [Missed] * 3
    assert outcomes[-1].reason is Reason.BUDGET  # type: ignore[union-attr]
    assert site.failures[USER] == 2
    assert len(site.users) == 4


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, ""),
        (423, ""),
        (403, "Account is locked"),
        (401, "<p>Too many failed attempts</p>"),
        (503, "try again later"),
    ],
)
def test_a_sign_of_lockout_ends_it_for_the_whole_device(tmp_path: Path, status: int, body: str) -> None:
    site = Locking(status, body)
    site.failures[USER] = 3
    with web(site) as port:
        missed = verdict(tmp_path, port, "http", [ASKS], record((USER, "x"), ("other", "y")))
        again = verdict(tmp_path, port, "http", [ASKS], record(("other", "y")))
    assert isinstance(missed, Missed)
    assert (missed.status, missed.reason) == (AttemptStatus.NOT_TRIED, Reason.LOCKED_OUT)
    assert isinstance(again, Missed)
    assert again.reason is Reason.BUDGET
    assert "other" not in site.users


def test_a_server_that_goes_away_after_a_try_is_a_lockout(tmp_path: Path) -> None:
    class Leaving(Site):
        def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
            return (0, [], "") if authorization else self.refuse()

    site = Leaving()
    with web(site) as port:
        missed = verdict(tmp_path, port, "http", [ASKS])
    assert isinstance(missed, Missed)
    assert missed.reason is Reason.LOCKED_OUT
    assert USER not in site.users


def test_a_redirect_within_the_service_is_gone_along_with_once(tmp_path: Path) -> None:
    class Moved(Site):
        def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
            return (302, [("Location", "/index.html")], "") if path == "/" else super().judge(path, authorization)

    site = Moved()
    with web(site) as port:
        found = verdict(tmp_path, port, "http", [HttpServer(tls=False, status=302, title="Acme Cam")])
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "accepted"
    assert {path for path, _ in site.requests} == {"/", "/index.html"}


@pytest.mark.parametrize("location", ["http://203.0.113.7/", "//203.0.113.7/", "https://127.0.0.1/", "/a\r\nX: y", "x"])
def test_a_redirect_elsewhere_is_not(tmp_path: Path, location: str) -> None:
    class Away(Site):
        def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
            return 302, [("Location", location.replace("\r\n", " "))], ""

    site = Away()
    with web(site) as port:
        missed = verdict(tmp_path, port, "http", [ASKS])
    assert isinstance(missed, Missed)
    assert missed.reason is Reason.NOT_OBSERVABLE
    assert len(site.requests) == 1


def test_a_record_may_name_the_page_that_asks(tmp_path: Path) -> None:
    class Part(Site):
        def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
            return super().judge(path, authorization) if path == "/admin" else (200, [], "public")

    page = HttpServer(tls=False, status=200, title="Acme Cam", has_login_form=True)
    with web(Part()) as port:
        found = verdict(tmp_path, port, "http", [page], record(path="/admin"))
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "accepted"


class Digesting(Site):
    """A server that checks a Digest answer by itself, with one nonce for each challenge."""

    def __init__(self, algorithm: str, password: str = PASSWORD, *, qop: bool = True) -> None:
        super().__init__(password)
        self.algorithm, self.qop = algorithm, qop
        self.hash = hashlib.sha256 if algorithm.startswith("SHA-256") else hashlib.md5
        self.nonces: list[str] = []

    def refuse(self) -> tuple[int, list[tuple[str, str]], str]:
        self.nonces.append(f"nonce{len(self.nonces)}")
        qop = ', qop="auth"' if self.qop else ""
        return (
            401,
            [
                (
                    "WWW-Authenticate",
                    f'Digest realm="{REALM}", nonce="{self.nonces[-1]}", algorithm={self.algorithm}{qop}',
                )
            ],
            "",
        )

    def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
        given = {m[0]: m[1].strip('"') for m in re.findall(r'(\w+)=("[^"]*"|[^,]*)', authorization)}
        if not given or given["nonce"] != self.nonces[-1]:
            return self.refuse()

        def h(text: str) -> str:
            return self.hash(text.encode()).hexdigest()

        first = h(f"{USER}:{REALM}:{self.password}")
        if self.algorithm.endswith("-sess"):
            first = h(f"{first}:{given['nonce']}:{given['cnonce']}")
        middle = f"{given['nc']}:{given['cnonce']}:auth:" if self.qop else ""
        wanted = h(f"{first}:{given['nonce']}:{middle}{h(f'GET:{path}')}")
        return (200, [], "in") if (given["username"], given["response"]) == (USER, wanted) else self.refuse()


DIGEST_PAGE = HttpServer(tls=False, status=401, challenges=(Challenge(scheme="digest", realm=REALM),))


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
def test_digest_both_ways(tmp_path: Path, algorithm: str) -> None:
    for password, outcome in ((PASSWORD, "accepted"), ("changed", "rejected")):
        with web(Digesting(algorithm, password)) as port:
            found = verdict(tmp_path, port, "http", [DIGEST_PAGE])
        assert isinstance(found, DefaultLogin)
        assert found.outcome == outcome


def test_digest_without_qop(tmp_path: Path) -> None:
    with web(Digesting("MD5", qop=False)) as port:
        found = verdict(tmp_path, port, "http", [DIGEST_PAGE])
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "accepted"


def test_behind_tls(tmp_path: Path) -> None:
    command = [
        tool("openssl", "openssl"),
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=c",
        "-days",
        "2",
    ]
    command += ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    with web(Site(), context) as port:
        found = verdict(tmp_path, port, "https", [ASKS])
    assert isinstance(found, DefaultLogin)
    assert (found.protocol, found.outcome) == ("http", "accepted")


def test_nothing_is_tried_when_the_ledger_cannot_be_written(tmp_path: Path) -> None:
    site = Site()
    (tmp_path / "ledger").symlink_to(tmp_path / "elsewhere")
    with web(site) as port:
        place = door(port, "http", known=[ASKS], tools=tools(tmp_path))
        (missed,) = anyio.run(PROBE.ask, place).missed
    assert (missed.status, missed.reason) == (AttemptStatus.NOT_TRIED, Reason.PROBE_ERROR)
    assert site.users == []


class Forbidding(Site):
    """Knows the pair, and does not let it see this page; or shuts out whoever comes twice."""

    def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
        return self.refuse() if not self.users or self.users[-1] != USER else (403, [], "no")


class ForbiddingAll(Site):
    def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
        return (403, [], "no") if authorization else self.refuse()


class AsksOnce(Site):
    """Asks whoever comes first, and nobody after: what it shows was no secret of the pair."""

    def judge(self, path: str, authorization: str) -> tuple[int, list[tuple[str, str]], str]:
        return self.refuse() if len(self.requests) == 1 else (200, [], "shut out")


def test_forbidden_to_the_pair_alone_is_no_refusal(tmp_path: Path) -> None:
    with web(Forbidding()) as port:
        missed = verdict(tmp_path, port, "http", [ASKS])
    assert isinstance(missed, Missed)
    assert missed.status is AttemptStatus.UNREADABLE
    (tmp_path / "ledger").unlink()
    with web(ForbiddingAll()) as port:
        found = verdict(tmp_path, port, "http", [ASKS])
    assert isinstance(found, DefaultLogin)
    assert found.outcome == "rejected"


def test_one_that_asks_nobody_any_more_lets_no_credential_in(tmp_path: Path) -> None:
    with web(AsksOnce()) as port:
        missed = verdict(tmp_path, port, "http", [ASKS])
    assert isinstance(missed, Missed)
    assert missed.status is AttemptStatus.UNREADABLE
