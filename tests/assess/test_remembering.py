"""What an earlier run saw at the same services: whose key has changed, and who only has the address."""

from datetime import UTC, datetime

import msgspec

from iotscan.assess.remembering import remember
from iotscan.model.answer import Answer
from iotscan.model.device import Device
from iotscan.model.earlier import EarlierCertificate
from iotscan.model.facts import Certificate, CertificateChain
from iotscan.model.facts.certificate import UNPROVED
from iotscan.model.observation import Observation
from iotscan.model.run import Run
from iotscan.model.vocabulary import Reason
from tests.assess.comparisons import run_of
from tests.assess.making import at, device, seen

MAC, OTHER_MAC = "00:11:22:33:44:55", "00:11:22:66:77:88"


def certificate(key: str, *, days: int = 3650) -> Certificate:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    return Certificate(
        subject="CN=gw",
        issuer="CN=gw",
        serial="1",
        not_before=begin,
        not_after=datetime.fromtimestamp(begin.timestamp() + days * 86400, UTC),
        key_type="ec",
        key_bits=256,
        signature_hash="sha256",
        sha256=key * 64,
        spki_sha256=key * 64,
        is_self_issued=True,
    )


def chain(
    key: str,
    service: str = "tcp/443",
    *,
    name: str = "d1",
    address: str = "192.0.2.1",
    opening: str = "",
    days: int = 3650,
) -> Observation:
    fact = CertificateChain(
        certificates=(certificate(key, days=days),),
        trusted=Answer.of(False),
        ocsp_stapled=Answer.of(False),
        engine="sslyze",
        opening=opening,
    )
    return msgspec.structs.replace(seen(fact, at(service, name, address)), at="2026-05-01T10:00:00+00:00")


def run(
    *chains: Observation,
    devices: list[Device] | None = None,
    id: str = "now",
    earlier: tuple[EarlierCertificate, ...] = (),
) -> Run:
    return run_of(devices=devices, seen=chains, id=id, earlier=earlier)


def known(now: Run, then: Run) -> list[tuple[str, str, str, str]]:
    return [(e.device, e.service, e.told_by, e.spki_sha256[0]) for e in remember(now, then)]


def test_a_device_is_known_by_its_hardware_address_wherever_it_is() -> None:
    then = run(chain("a", name="old", address="192.0.2.9"), devices=[device("old", "192.0.2.9", mac=MAC)], id="then")
    now = run(chain("b"), devices=[device(mac=MAC)])
    (one,) = remember(now, then)
    assert (one.device, one.address, one.told_by, one.run, one.spki_sha256) == (
        "d1",
        "192.0.2.1",
        "mac",
        "then",
        "a" * 64,
    )
    assert (one.since_run, one.since, one.seen) == ("then", "2026-05-01T10:00:00+00:00", "2026-05-01T10:00:00+00:00")


def test_an_address_alone_accuses_nobody() -> None:
    assert known(run(chain("b")), run(chain("a"), id="then")) == [("d1", "tcp/443", "address", "a")]


def test_a_certificate_whose_key_the_server_lacked_is_not_what_it_was_known_by() -> None:
    sent = chain("a")
    unproved = Answer[bool].missing(Reason.UNREADABLE, UNPROVED)
    sent = msgspec.structs.replace(sent, fact=msgspec.structs.replace(sent.fact, trusted=unproved))
    assert known(run(chain("b")), run(sent, id="then")) == []


def test_another_machine_at_the_address_is_nobody_we_know() -> None:
    then = run(chain("a"), devices=[device(mac=OTHER_MAC)], id="then")
    assert known(run(chain("a", days=30), devices=[device(mac=MAC)]), then) == []
    assert known(run(chain("b"), devices=[device(mac=MAC)]), then) == []


def test_services_and_openings_are_told_apart() -> None:
    then = run(chain("a"), chain("c", "tcp/25", opening="smtp"), devices=[device(mac=MAC)], id="then")
    now = run(chain("a"), chain("d", "tcp/25"), chain("e", "tcp/8443"), devices=[device(mac=MAC)])
    assert known(now, then) == [("d1", "tcp/443", "mac", "a")]
    now = run(chain("d", "tcp/25", opening="smtp"), devices=[device(mac=MAC)])
    assert known(now, then) == [("d1", "tcp/25", "mac", "c")]


def test_the_first_run_of_a_row_is_named() -> None:
    first = EarlierCertificate(
        device="d1",
        address="192.0.2.1",
        service="tcp/443",
        told_by="mac",
        run="first",
        seen="2026-04-01",
        sha256="a" * 64,
        spki_sha256="a" * 64,
        subject="CN=gw",
        issuer="CN=gw",
        since_run="very-first",
        since="2026-01-01",
    )
    then = run(chain("a"), devices=[device(mac=MAC)], id="then", earlier=(first,))
    now = run(chain("a"), devices=[device(mac=MAC)])
    assert [(e.run, e.since_run, e.since) for e in remember(now, then)] == [("then", "very-first", "2026-01-01")]
    renewed = run(chain("b"), devices=[device(mac=MAC)], id="then", earlier=(first,))
    assert [(e.run, e.since_run) for e in remember(now, renewed)] == [("then", "then")]


def test_a_device_that_is_elsewhere_now_leaves_its_address_to_others() -> None:
    """The device of then is linked to another of now: who has its address is a newcomer."""
    then = run(chain("a"), devices=[device(mac=MAC)], id="then")
    moved = [device("d1", "192.0.2.1", mac=OTHER_MAC), device("d2", "192.0.2.2", mac=MAC)]
    now = run(chain("b"), chain("a", name="d2", address="192.0.2.2"), devices=moved)
    assert known(now, then) == [("d2", "tcp/443", "mac", "a")]


def test_nothing_is_remembered_of_nothing() -> None:
    assert remember(run(), run(id="then")) == ()
