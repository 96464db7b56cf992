"""What in the facts of traffic is a name or an identifier: for pseudonyms."""

from collections.abc import Iterator

from iotscan.model.facts import AnyFact, Exposures, ProtocolUse, TlsUse, TrafficProfile, UpdateUse
from iotscan.model.facts.traffic import Use

Private = Iterator[tuple[str, str]]
"""Kind and value."""


def in_traffic(fact: AnyFact) -> Private:
    """Names of hosts that devices talked to, and what devices call themselves there."""
    match fact:
        case TrafficProfile():
            yield from _peers(fact.talks)
        case TlsUse():
            yield from _peers(fact.sessions)
            for session in fact.sessions:
                yield "host", session.server_name
                yield "serial", session.psk_identity
                yield "serial", session.psk_hint
                shown = session.proof.certificates if session.proof else ()
                own = (session.client_certificate,) if session.client_certificate else ()
                yield from (("host", name) for c in (*shown, *own) for name in c.names)
        case ProtocolUse():
            yield from _said(fact)
        case Exposures():
            yield from _peers(fact.exposures)
            yield from _peers(fact.tokens)
        case UpdateUse():
            yield from _peers(fact.contacts)
            yield from (("host", contact.host) for contact in fact.contacts)
        case _:
            pass


def _said(fact: ProtocolUse) -> Private:
    for uses in (fact.http, fact.mqtt, fact.coap, fact.lwm2m, fact.names, fact.time, fact.other):
        yield from _peers(uses)
    yield from (("host", exchange.host.partition(":")[0]) for exchange in fact.http)
    yield from (("serial", session.client_id) for session in fact.mqtt)
    yield from (("serial", contact.endpoint) for contact in fact.lwm2m)
    yield from (("host", question.name) for question in fact.names)


def _peers(uses: tuple[Use, ...]) -> Private:
    yield from (("host", use.peer.name) for use in uses if use.peer.name)
