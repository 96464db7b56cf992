"""Signed certificate timestamps beside the certificate, as OpenSSL sends them, and what asking for them costs."""

import base64
from pathlib import Path

import anyio
import pytest

from iotscan.model.answer import Answer
from iotscan.model.facts.certificate import CertificateChain
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.probe import Door, Heard
from iotscan.observe.network.probes import tls
from iotscan.observe.network.probes.certificate import _first_flight
from iotscan.observe.network.timestamps import with_timestamps
from iotscan.wire.certificates import read_certificate

from .servers import Credentials, door, only, openssl

SCT = bytes(119)
"""No log's: they are counted, and nobody verifies them."""


def serverinfo(folder: Path, how_many: int) -> Path:
    listed = (len(SCT).to_bytes(2, "big") + SCT) * how_many
    body = len(listed).to_bytes(2, "big") + listed
    text = base64.b64encode(b"\x00\x12" + len(body).to_bytes(2, "big") + body).decode()
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    path = folder / "serverinfo.pem"
    path.write_text(f"-----BEGIN SERVERINFO FOR SCT-----\n{lines}\n-----END SERVERINFO FOR SCT-----\n")
    return path


def ask(port: int, credentials: Credentials, *, by: tuple[str, ...] = ("Mozilla",)) -> tuple[Answer[int], int]:
    """What is said of the timestamps of a chain that ``by`` vouches for, and how many connections that took."""

    async def go() -> tuple[Answer[int], int]:
        endpoint = only((await tls.PROBE.ask(door(port))).facts)
        way: Door = door(port, known=(endpoint,))
        chain = CertificateChain(
            certificates=(read_certificate(credentials.der),),
            trusted=Answer.of(True),
            trusted_by=by,
            ocsp_stapled=Answer.of(False),
            engine="sslyze",
        )
        heard = await with_timestamps(way, Heard(facts=(chain,)), endpoint, _first_flight)
        (told,) = heard.facts
        assert isinstance(told, CertificateChain)
        return told.handshake_scts, way.line.connections

    return anyio.run(go)


@pytest.mark.parametrize("how_many", [0, 2])
def test_they_are_counted_at_one_connection(how_many: int, rsa_credentials: Credentials, tmp_path: Path) -> None:
    more = ("-serverinfo", str(serverinfo(tmp_path, how_many))) if how_many else ()
    with openssl(*rsa_credentials.arguments, *more) as port:
        assert ask(port, rsa_credentials) == (Answer.of(how_many), 1)


def test_who_needs_none_is_not_asked(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments) as port:
        told, connections = ask(port, rsa_credentials, by=("acme-root.pem",))
    assert (told.reason, connections) == (Reason.NOT_ASKED, 0)


def test_tls_1_3_alone_shows_none(rsa_credentials: Credentials) -> None:
    with openssl(*rsa_credentials.arguments, "-tls1_3") as port:
        told, connections = ask(port, rsa_credentials)
    assert (told.reason, connections) == (Reason.NOT_OBSERVABLE, 0)
