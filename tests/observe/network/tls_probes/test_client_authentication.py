"""Client certificates, asked for and insisted on by real servers: told by handshakes that are had anyway."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from iotscan.assess.check import Check, Target, Verdict
from iotscan.assess.registry import load_checks
from iotscan.model.device import Service
from iotscan.model.facts import ClientAuthentication
from iotscan.model.subject import Subject
from iotscan.observe.network.probes import certificate, http, mqtt, tls, web_enrolment
from iotscan.observe.network.workers.worker import Worker

from .servers import HOST, Credentials, door, free_port, openssl, running

SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
NAME = "CN=device"


def read_all(*services: tuple[int, str]) -> list[tuple[ClientAuthentication, int]]:
    """What is told of services (port and protocol), and how many connections each took beside the first hellos."""

    async def go() -> list[tuple[ClientAuthentication, int]]:
        async with Worker() as worker:
            return [await _read(worker, port, protocol) for port, protocol in services]

    return anyio.run(go)


async def _read(worker: Worker, port: int, protocol: str) -> tuple[ClientAuthentication, int]:
    service = Service(transport="tcp", port=port, protocol=protocol)
    way = msgspec.structs.replace(door(port, worker=worker), service=service)
    inside = {"https": (http, web_enrolment), "mqtts": (mqtt,)}.get(protocol, ())
    for probe in (*inside, tls):
        found = tuple((service.name, fact) for fact in (await probe.PROBE.ask(way)).facts)
        way = msgspec.structs.replace(way, known=(*way.known, *found))
    before = way.line.connections
    heard = await certificate.PROBE.ask(way)
    (fact,) = (f for f in heard.facts if isinstance(f, ClientAuthentication))
    return fact, way.line.connections - before


def judge(fact: ClientAuthentication, port: int) -> Verdict:
    check: Check = next(c for c in load_checks().checks if c.info.id == "client-authentication")
    target = Target(subject=Subject(device="d", address=HOST, service=f"tcp/{port}"))
    said: Any = check.question(fact, target)
    assert isinstance(said, Verdict)
    return said


def prove(said: Verdict) -> None:
    """The command shows what it says it does."""
    done = subprocess.run(["bash", "-c", said.reproduce], capture_output=True, text=True, timeout=20)
    assert said.shows in done.stdout, done.stdout


OPENSSL = (
    (("-tls1_2",), False, False, "it asks for none"),
    (("-tls1_2", "-verify", "1"), True, False, "TLSv1.2: the handshake was finished"),
    (("-tls1_2", "-Verify", "1"), True, True, "TLSv1.2: alert handshake failure in the handshake"),
    (("-tls1_3", "-verify", "1"), True, False, "TLSv1.3: a session ticket came after the handshake"),
    (("-tls1_3", "-Verify", "1"), True, True, "TLSv1.3: alert certificate required after the handshake"),
    (("-tls1_3", "-verify", "1", "-num_tickets", "0"), True, None, ""),
)


def test_openssl(rsa_credentials: Credentials) -> None:
    authority = ("-CAfile", str(rsa_credentials.cert))
    with ExitStack() as servers:
        started = (openssl(*rsa_credentials.arguments, *authority, *flags) for flags, *_ in OPENSSL)
        found = read_all(*((servers.enter_context(server), "tls") for server in started))
    for (fact, _), (flags, requested, required, how) in zip(found, OPENSSL, strict=True):
        assert (fact.requested.known, fact.required.known, fact.how) == (requested, required, how), flags
        if requested:
            assert fact.request is not None
            assert (fact.request.authorities, fact.public_authorities.known) == ((NAME,), ())
            assert bool(fact.request.signature_schemes) == ("-tls1_2" in flags)


@contextmanager
def gnutls(credentials: Credentials, version: str, *more: str) -> Iterator[int]:
    port = free_port()
    files = ("--x509certfile", str(credentials.cert), "--x509keyfile", str(credentials.key))
    authority = ("--x509cafile", str(credentials.cert))
    priority = ("--priority", f"NORMAL:-VERS-ALL:+VERS-{version}")
    with running(["gnutls-serv", "-p", str(port), *files, *authority, *priority, *more], port, "gnutls-bin"):
        yield port


def test_gnutls(rsa_credentials: Credentials) -> None:
    with (
        gnutls(rsa_credentials, "TLS1.2", "-r") as first,
        gnutls(rsa_credentials, "TLS1.3", "-r") as second,
        gnutls(rsa_credentials, "TLS1.3") as third,
    ):
        found = read_all((first, "tls"), (second, "tls"), (third, "tls"))
    told = [(fact.requested.known, fact.required.known, connections) for fact, connections in found]
    assert told == [(True, True, 1), (True, True, 1), (True, False, 2)]


@contextmanager
def haproxy(folder: Path, credentials: Credentials, verify: str) -> Iterator[int]:
    port = free_port()
    (folder / "pem").write_text(credentials.cert.read_text() + credentials.key.read_text())
    line = f"bind {HOST}:{port} ssl crt {folder}/pem ca-file {credentials.cert} verify {verify}"
    clocks = "timeout client 5s\ntimeout server 5s\ntimeout connect 5s"
    (folder / "haproxy.cfg").write_text(f"defaults\nmode http\n{clocks}\nfrontend f\n{line}\n")
    with running(["haproxy", "-f", str(folder / "haproxy.cfg"), "-db"], port, "haproxy"):
        yield port


@contextmanager
def stunnel(folder: Path, credentials: Credentials, lines: str) -> Iterator[int]:
    port = free_port()
    service = f"[s]\naccept = {HOST}:{port}\nconnect = {HOST}:9\ncert = {credentials.cert}\nkey = {credentials.key}\n"
    (folder / "stunnel.conf").write_text(f"foreground = yes\npid =\n{service}CAfile = {credentials.cert}\n{lines}\n")
    with running(["stunnel4", str(folder / "stunnel.conf")], port, "stunnel4"):
        yield port


def test_haproxy_and_stunnel(tmp_path: Path, rsa_credentials: Credentials) -> None:
    (tmp_path / "other").mkdir()
    with (
        haproxy(tmp_path, rsa_credentials, "required") as required,
        haproxy(tmp_path / "other", rsa_credentials, "optional") as optional,
        stunnel(tmp_path, rsa_credentials, "verifyChain = yes\n") as verified,
        stunnel(tmp_path / "other", rsa_credentials, "") as unverified,
    ):
        found = read_all(*((port, "tls") for port in (required, optional, verified, unverified)))
    told = [(fact.requested.known, fact.required.known) for fact, _ in found]
    assert told == [(True, True), (True, False), (True, True), (False, False)]


NGINX = {
    "on": (True, "certificate", "good"),
    "optional": (True, "served", "skip"),
    "optional_no_ca": (True, "served", "skip"),
    "off": (False, "served", "skip"),
}


def test_nginx(tmp_path: Path, rsa_credentials: Credentials) -> None:
    """It finishes every handshake; what it does then stands on a page."""
    ports = {verify: free_port() for verify in NGINX}
    authority = f"ssl_client_certificate {rsa_credentials.cert};"
    servers = (f"server {{ listen {HOST}:{at} ssl; ssl_verify_client {v}; {authority} }}" for v, at in ports.items())
    with nginx(tmp_path, rsa_credentials, "\n".join(servers), ports["off"]):
        found = read_all(*((port, "https") for port in ports.values()))
    for (fact, _), (verify, (requested, guest, verdict)) in zip(found, NGINX.items(), strict=True):
        assert (fact.requested.known, fact.required.known, fact.guest) == (requested, False, guest), verify
        assert judge(fact, ports[verify]).kind == verdict


def test_enrolment_is_for_machines(tmp_path: Path, rsa_credentials: Credentials) -> None:
    """Its front page is open to all; what it asks of those who enrol, only they are told."""
    place = tmp_path / ".well-known" / "est"
    place.mkdir(parents=True)
    (place / "cacerts").write_bytes(rsa_credentials.der)
    port, authority = free_port(), f"ssl_client_certificate {rsa_credentials.cert};"
    settings = f"server {{ listen {HOST}:{port} ssl; ssl_verify_client optional; {authority} }}"
    with nginx(tmp_path, rsa_credentials, settings, port):
        ((fact, _),) = read_all((port, "https"))
    assert (fact.protocol, fact.guest, fact.requested.known) == ("est", "", True)
    assert judge(fact, port).kind == "unknown"


@contextmanager
def nginx(folder: Path, credentials: Credentials, settings: str, port: int) -> Iterator[None]:
    paths = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {paths} scgi_temp_path {folder}/scgi; root {folder};\n"
        f"ssl_certificate {credentials.cert}; ssl_certificate_key {credentials.key};\n{settings} }}"
    )
    (folder / "index.html").write_text("<title>a page</title>")
    # A user of its own would not get into the folder of the test.
    user = ("-g", "user root;")
    with running(["nginx", *user, "-e", f"{folder}/first.log", "-c", str(folder / "nginx.conf")], port, "nginx-light"):
        yield


@contextmanager
def mosquitto(folder: Path, credentials: Credentials, *lines: str) -> Iterator[int]:
    port = free_port()
    files = (f"certfile {credentials.cert}", f"keyfile {credentials.key}")
    (folder / "mosquitto.conf").write_text("\n".join((f"listener {port} {HOST}", "user root", *files, *lines, "")))
    with running(["mosquitto", "-c", str(folder / "mosquitto.conf")], port, "mosquitto"):
        yield port


@pytest.mark.parametrize(
    ("lines", "heard", "verdict", "variant"),
    [
        (("cafile OWN", "require_certificate true", "use_identity_as_username true"), "tls", "good", ""),
        (("cafile OWN", "allow_anonymous true"), "mqtts", "bad", "guests"),
        (("cafile OWN", "allow_anonymous false"), "mqtts", "good", ""),
    ],
)
def test_mosquitto(
    tmp_path: Path, rsa_credentials: Credentials, lines: tuple[str, ...], heard: str, verdict: str, variant: str
) -> None:
    with mosquitto(tmp_path, rsa_credentials, *(x.replace("OWN", str(rsa_credentials.cert)) for x in lines)) as port:
        ((fact, _),) = read_all((port, heard))
        # The port of a broker that lets nobody in is all that is known of it.
        fact = msgspec.structs.replace(fact, protocol="mqtts")
        said = judge(fact, port)
        assert (said.kind, said.variant) == (verdict, variant)
        if said.reproduce:
            prove(said)


def test_authorities_of_the_web(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-tls1_3", "-CAfile", SYSTEM, "-Verify", "1") as port:
        ((fact, connections),) = read_all((port, "tls"))
        said = judge(fact, port)
        assert said.variant == "public-authorities"
        prove(said)
    assert fact.request is not None
    assert (len(fact.request.authorities), connections) == (64, 1)
    assert fact.request.authorities_sent > 100


def test_asked_for_and_not_needed(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-CAfile", str(rsa_credentials.cert), "-verify", "1") as port:
        ((fact, _),) = read_all((port, "tls"))
        said = judge(msgspec.structs.replace(fact, protocol="mqtts", guest="login"), port)
        assert said.variant == "optional"
        prove(said)
