"""Servers that hand out certificates: SCEP, ACME and CMP by real ones, EST by true bytes from nginx."""

import base64
import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from iotscan.assess.check import Target, Verdict
from iotscan.assess.registry import load_checks
from iotscan.model.facts import EnrolmentServer, OpenService
from iotscan.model.scope import Pace
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes import http, web_enrolment
from iotscan.observe.network.web_session import Planned

from .daemons import HOST, accepts, door, free_port, hear, running, serving, tool
from .webserver import make_certificate, nginx


def ask(port: int, protocol: str = "http") -> tuple[Heard, int]:
    """What the probe hears after the front page was read, and how many conversations both took.

    As in a scan: what it will ask is asked in the conversation for the front page, where that stays open.
    """

    async def go() -> tuple[Heard, int]:
        way = door(port, protocol)
        assert web_enrolment.PROBE.ahead is not None
        way.web.plan(Planned(label="", ask=ask) for ask in web_enrolment.PROBE.ahead(way))
        await http.PROBE.ask(way)
        return await web_enrolment.PROBE.ask(way), way.line.connections

    return anyio.run(go)


def seen(heard: Heard) -> EnrolmentServer:
    (fact,) = heard.facts
    assert isinstance(fact, EnrolmentServer)
    return fact


def judge(fact: EnrolmentServer, port: int) -> list[Verdict]:
    check = next(c for c in load_checks().checks if c.info.id == "certificate-enrolment")
    said: Any = check.question(fact, Target(subject=Subject(device="d", address=HOST, service=f"tcp/{port}")))
    return said if isinstance(said, list) else [said]


def prove(said: Verdict) -> None:
    done = subprocess.run(["bash", "-c", said.reproduce], capture_output=True, text=True, timeout=20)
    assert said.shows
    assert said.shows in done.stdout, (said.reproduce, done)


@contextmanager
def scep(folder: Path) -> Iterator[int]:
    port = free_port()
    program = tool("scepserver", "scep")
    subprocess.run([program, "ca", "-init"], cwd=folder, check=True, capture_output=True)
    command = [program, "-depot", str(folder / "depot"), "-port", str(port), "-challenge", "x"]
    with running(command, lambda: accepts(port), cwd=folder):
        yield port


def test_scep(tmp_path: Path) -> None:
    with scep(tmp_path) as port:
        heard, conversations = ask(port)
        (endpoint,) = seen(heard).endpoints
        assert (endpoint.protocol, endpoint.path, endpoint.proof) == ("scep", "/scep", "content")
        assert {"SHA-256", "SCEPStandard", "POSTPKIOperation"} <= set(endpoint.capabilities)
        command = ["openssl", "x509", "-in", str(tmp_path / "depot" / "ca.pem"), "-noout", "-fingerprint", "-sha256"]
        own = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        assert endpoint.authorities == (own.rpartition("=")[2].replace(":", "").lower(),)
        (said,) = judge(seen(heard), port)
        assert said.kind == "good"
    assert conversations == 2


@contextmanager
def acme(folder: Path) -> Iterator[int]:
    key, cert = make_certificate(folder)
    port, management = free_port(), free_port()
    where = {"listenAddress": f"{HOST}:{port}", "managementListenAddress": f"{HOST}:{management}"}
    (folder / "acme.json").write_text(json.dumps({"pebble": {**where, "certificate": cert, "privateKey": key}}))
    command = [tool("pebble", "pebble"), "-config", str(folder / "acme.json")]
    with running(command, lambda: accepts(port), cwd=folder):
        yield port


def test_who_gives_certificates_for_everything_is_no_est_server(tmp_path: Path) -> None:
    true_bytes(tmp_path)
    with serving(talk_of({}, (tmp_path / ".well-known" / "est" / "cacerts").read_bytes())) as port:
        assert ask(port)[0].facts == ()


def test_a_device_with_many_services_is_asked_for_est_alone() -> None:
    """Guesses are not to take the packets that its certificates need."""

    def planned(services: int) -> int:
        many = [OpenService(protocol="http") for _ in range(services)]
        way = msgspec.structs.replace(
            door(80, "http", pace=Pace()), known=tuple((f"tcp/{n}", f) for n, f in enumerate(many))
        )
        assert web_enrolment.PROBE.ahead is not None
        return len(web_enrolment.PROBE.ahead(way))

    assert planned(4) > 2 == planned(12)


def test_where_est_alone_was_asked_nothing_is_said_of_the_others(tmp_path: Path) -> None:
    async def go(port: int) -> Heard:
        many = tuple((f"tcp/{n}", OpenService(protocol="http")) for n in range(12))
        way = msgspec.structs.replace(door(port, "http", pace=Pace()), known=many)
        return await web_enrolment.PROBE.ask(way)

    with nginx(tmp_path, "listen 127.0.0.1:PORT;") as port:
        heard = anyio.run(go, port)
        assert [gap.reason for gap in heard.missed] == [Reason.NOT_OBSERVABLE]
        assert ask(port)[0] == Heard()


@contextmanager
def cmp_server(folder: Path, cert: str) -> Iterator[int]:
    port = free_port()
    secret = ("-srv_ref", "x", "-srv_secret", "pass:y", "-rsp_cert", cert, "-rsp_capubs", cert)
    command = [tool("openssl", "openssl"), "cmp", "-port", str(port), *secret]
    (folder / "cmp").mkdir()
    with running(command, lambda: accepts(port), cwd=folder / "cmp"):
        yield port


def true_bytes(folder: Path) -> None:
    """What an EST server answers: certs-only CMS of OpenSSL, in base64."""
    _, cert = make_certificate(folder)
    made = ["openssl", "crl2pkcs7", "-nocrl", "-certfile", cert, "-outform", "DER"]
    der = subprocess.run(made, capture_output=True, check=True).stdout
    place = folder / ".well-known" / "est"
    place.mkdir(parents=True)
    (place / "cacerts").write_bytes(base64.encodebytes(der))
    (folder / "index.html").write_text("<p>here</p>")


def test_est_cmp_and_acme_behind_nginx(tmp_path: Path) -> None:
    true_bytes(tmp_path)
    with ExitStack() as servers:
        directory = servers.enter_context(acme(tmp_path))
        registry = servers.enter_context(cmp_server(tmp_path, str(tmp_path / "cert.pem")))
        lines = (
            f"listen {HOST}:PORT;",
            f"location = /acme/directory {{ proxy_pass https://{HOST}:{directory}/dir; }}",
            f"location = /.well-known/cmp {{ proxy_pass http://{HOST}:{registry}/; }}",
        )
        port = servers.enter_context(nginx(tmp_path, "\n".join(lines)))
        heard, conversations = ask(port)
        found = {e.protocol: e for e in seen(heard).endpoints}
        assert {name: e.proof for name, e in found.items()} == {"est": "content", "cmp": "refusal", "acme": "content"}
        assert (len(found["est"].authorities), conversations) == (1, 1)
        verdicts = {said.part: said for said in judge(seen(heard), port)}
        assert {said.variant for said in verdicts.values()} == {"cleartext"}
        assert set(verdicts) == {web_enrolment.EST, "/acme/directory"}
        for said in verdicts.values():
            prove(said)


OLD_SCEP = b"POSTPKIOperation\nSHA-1\nDES3\n"


def talk_of(answers: dict[str, bytes], everything: bytes | None) -> Callable[[socket.socket], None]:
    """A web server with these answers by path, and one for every other: None is not found."""

    def talk(guest: socket.socket) -> None:
        while line := hear(guest):
            path = line.split(b" ")[1].decode()
            while hear(guest):
                pass
            body = answers.get(path, everything)
            status = "404 Not Found" if body is None else "200 OK"
            text = body or b""
            guest.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\n\r\n".encode() + text)

    return talk


@pytest.mark.parametrize("body", [OLD_SCEP, b"<html>welcome</html>", b""])
def test_who_says_the_same_to_everything_says_nothing(body: bytes) -> None:
    with serving(talk_of({}, body)) as port:
        heard, _ = ask(port)
    assert heard.facts == ()


def test_an_old_scep_server() -> None:
    with serving(talk_of({"/cgi-bin/pkiclient.exe?operation=GetCACaps": OLD_SCEP}, None)) as port:
        heard, _ = ask(port)
        (said,) = judge(seen(heard), port)
        assert (said.variant, seen(heard).endpoints[0].authorities) == ("weak-algorithms", ())
        prove(said)


def test_who_closes_each_time_is_asked_for_little(tmp_path: Path) -> None:
    true_bytes(tmp_path)
    with nginx(tmp_path, f"listen {HOST}:PORT; keepalive_timeout 0;") as port:
        heard, conversations = ask(port)
    assert [e.protocol for e in seen(heard).endpoints] == ["est"]
    assert conversations == 3


def test_a_login_at_the_registered_address(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>here</p>")
    places = "location /.well-known/est/ { return 401; } location /.well-known/brski/ { return 405; }"
    lines = f"listen {HOST}:PORT; {places}"
    with nginx(tmp_path, lines) as port:
        found = seen(ask(port)[0]).endpoints
    assert [(e.protocol, e.asks_login) for e in found] == [("est", True), ("brski", False)]


def test_a_web_server_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("<p>here</p>")
    with nginx(tmp_path, f"listen {HOST}:PORT;") as port:
        heard, conversations = ask(port)
    assert (heard, conversations) == (Heard(), 1)
