"""What a run does not ask must never read as absent later."""

import anyio

from iotscan.assess.registry import load_checks
from iotscan.model.facts import Commissioning, NameRecords, OpenService, PortSweep
from iotscan.model.scope import Pace, Scope
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.agenda import Questions
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.probes import all_probes
from iotscan.observe.network.survey import Survey
from iotscan.observe.network.unit import Unit
from iotscan.scan.plan import INVENTORY, choose_probes
from tests.observe.network.test_dial import HERE, server


def names(*check_ids: str) -> set[str]:
    pack = load_checks()
    checks = [pack.by_id(i) for i in check_ids]
    return {p.name for p in choose_probes([c for c in checks if c], all_probes())}


def test_probes_follow_from_checks() -> None:
    assert names("tls-versions") == {"tls", "dtls", "dtls-endpoint"}
    assert names("telnet-service") == {"telnet"}


def test_a_probe_brings_those_it_builds_on() -> None:
    assert names("certificate-validity") == {"certificate", "tls", "dtls", "dtls-endpoint"}
    assert {"login", "http", "telnet", "ssh", "mqtt", "snmp"} <= names("default-credentials")


def test_every_fact_that_a_check_needs_on_the_network_has_a_probe() -> None:
    # Every scan sweeps the ports, finds out what speaks there and hears what is announced, whatever the checks want.
    given = {
        OpenService,
        PortSweep,
        Commissioning,
        NameRecords,
        *(fact for probe in all_probes() for fact in probe.gives),
    }
    for check in load_checks().checks:
        for need in check.needs:
            assert need.fact.per in ("image", "person", "traffic", "vantages") or need.fact in given, check.info.id


def test_what_was_left_out_is_noted() -> None:
    kept: list[Unit] = []

    async def keep(unit: Unit) -> None:
        kept.append(unit)

    async def main(port: int) -> None:
        pace = Pace(attempts_per_second=2000, accepted_per_second=2000)
        line = Dialer(Scope(include=("127.0.0.0/8",), pace=pace)).line(HERE)
        every = all_probes()
        chosen = choose_probes((), every, INVENTORY)
        left_out = tuple(p for p in every if p not in chosen)
        await Survey(line, Questions(tcp=(port,), probes=chosen, left_out=left_out), keep).run()

    with server(lambda c: c.sendall(b"SSH-2.0-dropbear_2022.83\r\n")) as port:
        anyio.run(main, port)
    attempts = {a.need: a for u in kept for a in u.attempts}
    assert attempts["ssh-server"].status is AttemptStatus.NOT_TRIED
    assert attempts["ssh-server"].reason is Reason.EXCLUDED
    assert attempts["default-login"].reason is Reason.EXCLUDED
