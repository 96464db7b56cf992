"""Two scans of nginx, and what its certificates have become between them."""

import socket
import subprocess
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from iotscan.store.runs import read_run
from tests.observe.network.daemons import accepts, running, tool
from tests.program import run_iotscan

SERVICES = ("moved", "early", "kept", "usual")
HOST = "127.0.0.1"
Key = ec.EllipticCurvePrivateKey


def key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def certificate(signer: tuple[str, Key], own: Key, *, left: int, host: str) -> bytes:
    """A server certificate of 390 days in PEM, of which ``left`` remain."""
    ends = datetime.now(UTC) + timedelta(days=left)
    serial, begins = x509.random_serial_number(), ends - timedelta(days=390)
    made = x509.CertificateBuilder(name(signer[0]), name("gw"), own.public_key(), serial, begins, ends)
    made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return made.sign(signer[1], SHA256()).public_bytes(Encoding.PEM)


class Site:
    """The four services: ``before`` and ``after`` are the PEM and the key of each."""

    def __init__(self, folder: Path, ports: Mapping[str, int]) -> None:
        self._folder, self._ports = folder, ports
        first, other = ("First CA", key()), ("Other CA", key())
        keys = {service: key() for service in SERVICES}
        left = {"moved": 20, "early": 200, "kept": 20, "usual": 20}
        # One of them is for another name than the person asks for.
        host = {service: "elsewhere.example" if service == "early" else "localhost" for service in SERVICES}
        self.before = {s: (certificate(first, keys[s], left=left[s], host=host[s]), keys[s]) for s in SERVICES}
        own = key()
        self.other = (certificate(("Other names", key()), own, left=100, host="other.example"), own)
        renewed = {s: keys[s] if s == "kept" else key() for s in SERVICES}
        self.after = {
            s: (certificate(other if s == "moved" else first, renewed[s], left=389, host=host[s]), renewed[s])
            for s in SERVICES
        }

    def serve(self, shown: Mapping[str, tuple[bytes, Key]]) -> AbstractContextManager[None]:
        """nginx with a port for each."""
        # Who asks for no name is shown another certificate.
        for service, (pem, own) in {**shown, "other": self.other}.items():
            (self._folder / f"{service}.pem").write_bytes(pem)
            secret = own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            (self._folder / f"{service}.key").write_bytes(secret)
        servers = "".join(
            f"server {{ listen {HOST}:{self._ports[s]} ssl; server_name {name};"
            f" ssl_certificate {self._folder}/{file}.pem; ssl_certificate_key {self._folder}/{file}.key;"
            " return 204; }\n"
            for s in shown
            for name, file in (("_", "other"), ("localhost", s))
        )
        config = self._folder / "nginx.conf"
        config.write_text(
            f"daemon off; master_process off; pid {self._folder}/pid; error_log {self._folder}/error.log;\n"
            f"events {{}}\nhttp {{ access_log off; {_temporary(self._folder)}\n{servers}}}\n"
        )
        command = [tool("nginx", "nginx-light"), "-e", str(self._folder / "first.log"), "-c", str(config)]
        return running(command, lambda: all(map(accepts, self._ports.values())), cwd=self._folder)


def _temporary(folder: Path) -> str:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    first: Run
    said: str
    """What the second scan said."""
    ports: dict[str, int]
    shown: tuple[tuple[Result, str], ...]
    """The findings of the second, and what the command of each shows."""


def said_by(command: str) -> str:
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=20, check=False)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Two scans, the second with what the commands beside its findings show."""
    folder = tmp_path_factory.mktemp("signers")
    with ExitStack() as held:
        sockets = [held.enter_context(socket.create_server((HOST, 0))) for _ in SERVICES]
        ports = {s: int(one.getsockname()[1]) for s, one in zip(SERVICES, sockets, strict=True)}
    site = Site(folder, ports)
    # What TLS they speak is not the question: two conversations with each are enough of it.
    profile = folder / "few.yaml"
    profile.write_text(
        'schema: iotscan/profile@1\nid: few\nversion: "1"\ntitle: Few questions about TLS\nextends: [default]\n'
        "pace: {tls_connections: 2}\n"
    )
    numbers = ",".join(map(str, ports.values()))
    asked = ("--ports", numbers, "--check", "certificate-*", "--profile", profile)
    words = ("scan", "localhost", *asked, "-o", folder / "out")
    with site.serve(site.before):
        first = run_iotscan(*words, home=folder)
    assert first.returncode in (0, 1, 3), first.stderr
    (kept,) = (p for p in (folder / "out").iterdir() if p.is_dir())
    with site.serve(site.after):
        second = run_iotscan(*words, "--since", kept, home=folder)
        (again,) = (p for p in (folder / "out").iterdir() if p.is_dir() and p != kept)
        shown = [(r, said_by(r.reproduce)) for r in read_run(str(again), folder / "out").results if r.reproduce]
    assert second.returncode in (0, 1, 3), second.stderr
    return Told(
        first=read_run(str(kept), folder / "out"), said=second.stdout + second.stderr, ports=ports, shown=tuple(shown)
    )


def test_what_became_of_each_is_told_in_words(told: Told) -> None:
    said, ports = told.said, told.ports
    lines = {s: [line for line in said.splitlines() if f"certificate: tcp/{ports[s]} " in line] for s in SERVICES}
    assert lines["usual"] == []
    (moved,), (early,), (kept,) = lines["moved"], lines["early"], lines["kept"]
    assert "issued by CN=First CA -> issued by CN=Other CA (another signer, with a new key" in moved
    assert "another key, though the one before was good for 199 days more" in early
    assert "renewed with the same key" in kept


def test_the_name_that_the_person_gave_is_the_one_that_counts(told: Told) -> None:
    ports = told.ports
    found = {r.subject.port: (r.outcome, r.variant) for r in told.first.results if r.check == "certificate-name"}
    assert found[ports["early"]] == (Outcome.FAIL, "mismatch")
    assert {found[ports[s]] for s in ("moved", "kept", "usual")} == {(Outcome.PASS, "")}


def test_the_command_beside_each_finding_shows_it(told: Told) -> None:
    assert {"certificate-name"} <= {result.check for result, _ in told.shown}
    for result, said in told.shown:
        assert result.shows in said, (result.check, result.reproduce, said)
        assert "-servername localhost" in result.reproduce
