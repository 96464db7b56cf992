"""Which product a service belongs to, told from what its device has shown so far."""

from collections.abc import Iterable, Iterator, Sequence

from iotscan.data.credential_records import CredentialRecord, Mark, Protocol
from iotscan.model.facts import Announcement, Fact, HttpServer, SnmpAgent, SshServer, TelnetServer
from iotscan.observe.network.probe import Door


def marks(fact: Fact) -> Iterator[tuple[Mark, str]]:
    """What in a fact tells a product, and under which mark of a credential record."""
    match fact:
        case HttpServer():
            yield "title", fact.title
            yield "server", fact.server
            yield from (("realm", challenge.realm) for challenge in fact.challenges)
        case TelnetServer():
            yield "banner", fact.banner
        case SshServer():
            yield "banner", fact.software
        case SnmpAgent():
            yield "model", fact.description
        case Announcement():
            made = [c.value for c in fact.claims if c.what == "manufacturer"]
            for claim in fact.claims:
                if claim.what == "model":
                    yield "model", claim.value
                    yield from (("model", f"{maker} {claim.value}") for maker in made)


def records_for(door: Door, protocol: Protocol, records: Sequence[CredentialRecord]) -> tuple[CredentialRecord, ...]:
    """The records of the product behind ``door`` that hold for ``protocol``.

    What the service itself shows decides; only where that fits no record, what its device shows elsewhere does.
    """
    valid = [r for r in records if protocol in r.protocols]
    own = [fact for service, fact in door.known if service == door.service.name]
    return _fitting(valid, own) or _fitting(valid, (fact for _, fact in door.known))


def _fitting(records: Sequence[CredentialRecord], facts: Iterable[Fact]) -> tuple[CredentialRecord, ...]:
    shown = [mark for fact in facts for mark in marks(fact)]
    return tuple(r for r in records if any(r.recognises(mark, text) for mark, text in shown))
