"""What a device chose as a server becomes the facts of a scan, in which nothing is a no."""

from datetime import UTC, datetime, timedelta

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import CertificateChain, ServerProof, TlsEndpoint, TlsSession
from iotscan.observe.traffic.served import served
from iotscan.wire.certificates import read_certificate
from tests.traffic_lab.certificates import self_signed

NOW = datetime(2026, 11, 27, tzinfo=UTC)
SEEN = TlsSession(
    role="server",
    transport="tcp",
    port=443,
    version="TLSv1.2",
    suite="TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    first=NOW,
    last=NOW,
)


def endpoint(*sessions: TlsSession) -> TlsEndpoint:
    ((service, fact),) = served(sessions, NOW)
    assert service == "tcp/443"
    assert isinstance(fact, TlsEndpoint)
    return fact


def test_what_was_chosen_is_accepted_and_nothing_is_refused() -> None:
    fact = endpoint(SEEN)
    assert fact.accepted_versions == ("TLSv1.2",)
    assert (fact.weak_ciphers.known, fact.without_forward_secrecy.known, fact.cbc.known) == (True, True, True)
    answers = [getattr(fact, name) for name in fact.__struct_fields__]
    told = [a for a in (*answers, *fact.versions.values()) if isinstance(a, Answer)]
    assert all(answer.known is not False and answer.was_asked for answer in told)


def test_clients_quic_and_unanswered_hellos_are_no_servers() -> None:
    others = ({"role": "client"}, {"kind": "quic"}, {"version": ""})
    assert not list(served([msgspec.structs.replace(SEEN, **other) for other in others], NOW))


def test_a_certificate_of_last_year_may_have_been_renewed() -> None:
    proof = ServerProof(certificates=(read_certificate(self_signed("gw.example").chain[0]),), is_self_signed=True)
    shown = msgspec.structs.replace(SEEN, proof=proof)
    facts = [fact for _, fact in served([shown], NOW)]
    assert [type(fact) for fact in facts] == [TlsEndpoint, CertificateChain]
    assert len(list(served([shown], NOW + timedelta(days=300)))) == 1
