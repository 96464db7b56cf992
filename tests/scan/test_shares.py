"""A device with several TLS services: none of them uses up what another needs."""

from pathlib import Path

import anyio
from cryptography.hazmat.primitives.asymmetric import ec

from iotscan.model.facts import CertificateChain, TlsEndpoint
from iotscan.model.scope import Pace, Scope
from iotscan.observe.network.agenda import Questions
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.probes import certificate, tls
from iotscan.observe.network.survey import Survey
from iotscan.observe.network.unit import Unit
from tests.observe.network.tls_probes.servers import HOST, Credentials, openssl


def survey(*ports: int, connections: int) -> list[Unit]:
    kept: list[Unit] = []

    async def keep(unit: Unit) -> None:
        kept.append(unit)

    async def main() -> None:
        pace = Pace(attempts_per_second=2000, accepted_per_second=2000, connections=connections)
        line = Dialer(Scope(include=("127.0.0.0/8",), pace=pace)).line(HOST)
        await Survey(line, Questions(tcp=ports, probes=(tls.PROBE, certificate.PROBE)), keep).run()

    anyio.run(main)
    return kept


def test_two_tls_services_get_as_much_each(tmp_path: Path) -> None:
    credentials = Credentials(tmp_path, ec.generate_private_key(ec.SECP256R1()))
    with (
        openssl("-tls1_2", *credentials.arguments) as one,
        openssl("-tls1_2", *credentials.arguments) as other,
    ):
        observations = [o for unit in survey(one, other, connections=24) for o in unit.observations]
    endpoints = [o.fact for o in observations if isinstance(o.fact, TlsEndpoint)]
    assert len(endpoints) == 2
    assert endpoints[0].hellos == endpoints[1].hellos
    assert all(endpoint.cut and endpoint.versions["TLSv1.0"].known is False for endpoint in endpoints)
    assert len([o for o in observations if isinstance(o.fact, CertificateChain)]) == 2
