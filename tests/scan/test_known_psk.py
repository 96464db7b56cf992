"""From the port sweep to the verdict on a documented pre-shared key, with and without the grant for it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import anyio
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from iotscan.assess.assessing import assess
from iotscan.assess.evidence import Evidence
from iotscan.assess.registry import load_checks
from iotscan.model.device import Device, provisional_id
from iotscan.model.result import Result
from iotscan.model.scope import Grants, Pace, Scope
from iotscan.model.vocabulary import AttemptStatus, Outcome, Reason
from iotscan.observe.network.agenda import Questions
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.probes import all_probes
from iotscan.observe.network.survey import Survey
from iotscan.observe.network.unit import Unit
from iotscan.store.ledger import Ledger
from tests.observe.network.tls_probes.servers import HOST, Credentials, openssl

KEY = "1a2b3c4d"
"""Of the manual of openssl s_server."""
KEYED = ("-nocert", "-tls1_2", "-cipher", "PSK:ECDHEPSK:DHEPSK:@SECLEVEL=0", "-psk")
PACE = Pace(attempts_per_second=2000, accepted_per_second=2000, connections=1000)


def survey(port: int, folder: Path, grants: Grants) -> tuple[Unit, ...]:
    units: list[Unit] = []

    async def keep(unit: Unit) -> None:
        units.append(unit)

    async def run() -> None:
        line = Dialer(Scope(include=("127.0.0.0/8",), pace=PACE)).line(HOST)
        probes = tuple(p for p in all_probes() if p.name in ("tls", "known-psk"))
        tools = {"ledger": Ledger(folder / "ledger"), "login_gap": 0.0}
        await Survey(line, Questions(tcp=(port,), probes=probes, grants=grants, tools=tools), keep).run()

    anyio.run(run)
    return tuple(units)


def verdict(units: Sequence[Unit]) -> Result:
    device = Device(id=provisional_id(HOST), addresses=(HOST,))
    observations = [o for unit in units for o in unit.observations]
    attempts = [a for unit in units for a in unit.attempts]
    evidence = Evidence([device], [], observations, attempts, datetime(2026, 11, 26, tzinfo=UTC))
    check = load_checks().by_id("known-pre-shared-keys")
    assert check is not None
    (result,) = assess(evidence, [check])
    return result


def test_a_known_key_is_found_and_written_down_nowhere(tmp_path: Path) -> None:
    with openssl(*KEYED, KEY) as port:
        units = survey(port, tmp_path, Grants(intrusive=True))
    found = verdict(units)
    assert (found.outcome, found.variant) == (Outcome.FAIL, "accepted")
    assert "openssl-wolfssl-example" in found.summary
    assert "Client_identity" in found.observed
    written = msgspec.json.encode(units).decode() + msgspec.json.encode(found).decode()
    assert KEY not in written + (tmp_path / "ledger").read_text()


def test_a_key_of_its_own_passes(tmp_path: Path) -> None:
    with openssl(*KEYED, "5e" * 16) as port:
        units = survey(port, tmp_path, Grants(intrusive=True))
    assert verdict(units).outcome is Outcome.PASS


def test_without_the_grant_nothing_is_tried(tmp_path: Path) -> None:
    with openssl(*KEYED, KEY) as port:
        units = survey(port, tmp_path, Grants())
    found = verdict(units)
    assert (found.outcome, found.reason) == (Outcome.NOT_ASSESSED, Reason.CONSENT)
    assert not (tmp_path / "ledger").exists()


@pytest.mark.parametrize("grants", [Grants(), Grants(intrusive=True)])
def test_where_no_suite_takes_keys_the_question_does_not_apply(
    tmp_path: Path, certificate: tuple[str, ...], grants: Grants
) -> None:
    with openssl(*certificate, "-tls1_2") as port:
        units = survey(port, tmp_path, grants)
    assert verdict(units).outcome is Outcome.NOT_APPLICABLE
    assert [a.status for unit in units for a in unit.attempts if a.need == "known-psk"] == [AttemptStatus.ABSENT]


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[str, ...]:
    return Credentials(tmp_path, ec.generate_private_key(ec.SECP256R1())).arguments
