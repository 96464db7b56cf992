"""CRLs and OCSP over HTTP on loopback: nginx with the files, and before it ``openssl ocsp`` as the responder.

A lab whose certificates say so: their addresses lead here. ``openssl ocsp`` cannot be bound to an address; for the
length of a test it listens on all of them, at a port that nobody knows and with keys made for that session.
"""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.pki_lab import keys
from tests.pki_lab.pki import Pki
from tests.pki_lab.serving import DEADLINE, HOST, free_ports, program, running

RESPONDED = "issuing"
"""The authority that has a responder; the others have lists only."""
SITE = """\
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ }}
http {{
  access_log {folder}/asked.log; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  types {{ application/pkix-crl crl; application/pkix-cert cer; }}
  server {{
    listen {host}:{port}; root {site}; merge_slashes off;
    location = /ocsp/{responded} {{ proxy_pass http://{host}:{responder}/; }}
    location /ocsp/{responded}/ {{ proxy_pass http://{host}:{responder}/; }}
  }}
}}
"""


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """A lab whose certificates name this server."""

    pki: Pki
    site: Path
    """What is put here is served: ``NAME.crl``."""
    log: Path
    port: int

    @property
    def asked(self) -> tuple[str, ...]:
        """Methods and paths that were asked for: ``GET /issuing.crl``. nginx writes them down after it has answered."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return tuple(line.split('"')[1].rpartition(" ")[0] for line in lines)

    def was_asked(self, request: str) -> bool:
        """Whether something that begins so was asked for, waiting a while for nginx to have written it down."""
        ends = time.monotonic() + DEADLINE
        while not any(line.startswith(request) for line in self.asked):
            if time.monotonic() > ends:
                return False
            time.sleep(0.02)
        return True


@contextlib.contextmanager
def revocation(folder: Path, *lists: str) -> Iterator[Revocation]:
    """Serve these CRLs, by their names, and answers about the certificates of ``issuing``."""
    front, responder = free_ports(2)
    pki = Pki(folder, web=f"http://{HOST}:{front}")
    site = folder / "site"
    site.mkdir()
    for name in lists:
        (site / f"{name}.crl").write_bytes(pki.crl(name).der)
    (site / f"{RESPONDED}.cer").write_bytes(pki.issued(RESPONDED).der)
    config = folder / "site.conf"
    config.write_text(
        SITE.format(folder=folder, host=HOST, port=front, site=site, responded=RESPONDED, responder=responder)
    )
    nginx = [program("nginx", "nginx-light"), "-e", str(folder / "first.log"), "-c", str(config)]
    with running(_responder(pki, folder, responder), [responder], folder), running(nginx, [front], folder):
        yield Revocation(pki=pki, site=site, log=folder / "asked.log", port=front)


def _responder(pki: Pki, folder: Path, port: int) -> list[str]:
    issuer, delegate = pki.issued(RESPONDED), pki.issued("responder")
    (folder / "issuer.pem").write_bytes(issuer.pem)
    (folder / "responder.pem").write_bytes(delegate.certificate.public_bytes(Encoding.PEM))
    (folder / "responder.key").write_bytes(keys.pem(delegate.key))
    words = ["-index", pki.index(RESPONDED), "-CA", folder / "issuer.pem", "-rsigner", folder / "responder.pem"]
    words += ["-rkey", folder / "responder.key", "-port", port, "-ndays", 1, "-ignore_err"]
    return [program("openssl", "openssl"), "ocsp", *map(str, words)]
