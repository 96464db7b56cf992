"""Real servers of every protocol that goes over to TLS: with it their versions are seen, without it there is none."""

from pathlib import Path

import anyio
import pytest

from iotscan.model.facts import CertificateChain, TlsEndpoint, TlsHandshake
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.heard import Heard
from iotscan.observe.network.probe import HAVE_TLS, TLS_AT_ONCE
from iotscan.observe.network.probes import certificate, tls
from iotscan.observe.network.workers.worker import Worker
from tests.observe.network.acme import PATIENT
from tests.observe.network.daemons import door
from tests.observe.network.starttls.services import SERVICES, Keys, keys

__all__ = ["keys"]


def test_every_protocol_that_begins_in_the_clear_has_a_real_server_here() -> None:
    assert set(SERVICES) == HAVE_TLS - TLS_AT_ONCE


@pytest.mark.parametrize("protocol", sorted(SERVICES))
def test_with_tls_the_versions_and_the_certificate_are_seen(protocol: str, tmp_path: Path, keys: Keys) -> None:
    with SERVICES[protocol](tmp_path, keys) as port:
        way = door(port, protocol, pace=PATIENT)
        heard = anyio.run(tls.PROBE.ask, way)
        endpoint = next((f for f in heard.facts if isinstance(f, TlsEndpoint)), None)
        assert endpoint is not None, heard
        chain = anyio.run(certificate.PROBE.ask, door(port, protocol, known=[endpoint], pace=PATIENT))
    assert endpoint.opening == protocol
    assert endpoint.versions["TLSv1.2"].known is True
    assert endpoint.versions["SSLv3"].known is False
    assert [fact.leaf.key_type for fact in chain.facts if isinstance(fact, CertificateChain)] == ["ec"]


@pytest.mark.parametrize("protocol", sorted(SERVICES))
def test_without_tls_it_is_absent(protocol: str, tmp_path: Path) -> None:
    with SERVICES[protocol](tmp_path, None) as port:
        way = door(port, protocol, pace=PATIENT)
        heard = anyio.run(tls.PROBE.ask, way)
    assert [(gap.status, gap.reason) for gap in heard.missed] == [(AttemptStatus.ABSENT, None)], heard
    assert "offers no" in heard.missed[0].detail
    assert way.line.connections == 1


@pytest.mark.parametrize("protocol", sorted(SERVICES))
def test_without_tls_it_has_no_certificate(protocol: str, tmp_path: Path) -> None:
    with SERVICES[protocol](tmp_path, None) as port:
        heard = anyio.run(certificate.PROBE.ask, door(port, protocol, pace=PATIENT))
    assert {gap.status for gap in heard.missed} == {AttemptStatus.ABSENT}


def read_chain(port: int, protocol: str) -> tuple[Heard, int]:
    """What the certificate probe brings with sslyze in its worker, and in how many connections."""

    async def go() -> tuple[Heard, int]:
        async with Worker() as worker:
            way = door(port, protocol, tools={"tls_worker": worker}, pace=PATIENT)
            return await certificate.PROBE.ask(way), way.line.connections

    return anyio.run(go)


@pytest.mark.parametrize("protocol", ["ldap", "imap"])
def test_sslyze_finishes_a_handshake_behind_the_words_in_the_clear(protocol: str, tmp_path: Path, keys: Keys) -> None:
    with SERVICES[protocol](tmp_path, keys) as port:
        heard, _ = read_chain(port, protocol)
    chain = next(fact for fact in heard.facts if isinstance(fact, CertificateChain))
    handshake = next(fact for fact in heard.facts if isinstance(fact, TlsHandshake))
    assert (chain.engine, chain.leaf.key_type) == ("sslyze", "ec")
    assert handshake.version == "TLSv1.3"


def test_sslyze_is_not_sent_twice_to_who_has_no_tls(tmp_path: Path) -> None:
    with SERVICES["ftp"](tmp_path, None) as port:
        heard, connections = read_chain(port, "ftp")
    told = {gap.need: gap.status for gap in heard.missed}
    assert set(told.values()) == {AttemptStatus.ABSENT}
    assert {"certificate-chain", "tls-handshake", "client-authentication"} <= set(told)
    assert connections == 1
