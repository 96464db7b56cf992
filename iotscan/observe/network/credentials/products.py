"""Which product a service belongs to, told from what its device has shown so far."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from iotscan.data.credential_records import CredentialRecord, Mark, Protocol
from iotscan.model.facts import (
    Announcement,
    Fact,
    HttpServer,
    OpenService,
    RtspServer,
    SnmpAgent,
    SshServer,
    TelnetServer,
)
from iotscan.model.identification import Identity
from iotscan.observe.network.credentials.whose import device_behind
from iotscan.observe.network.probe import Door

_NAMES: Final[tuple[Mark, ...]] = ("product", "model")
"""The marks that may hold what the fingerprint rules tell."""
_TELLING: Final = ("vendor", "product", "model")


def marks(fact: Fact) -> Iterator[tuple[Mark, str]]:
    """What in a fact tells a product, and under which mark of a credential record."""
    match fact:
        case HttpServer():
            yield "title", fact.title
            yield "server", fact.server
            yield from (("realm", challenge.realm) for challenge in fact.challenges)
        case RtspServer():
            yield "server", fact.server
            yield from (("realm", challenge.realm) for challenge in fact.challenges)
        case TelnetServer():
            yield "banner", fact.banner
        case SshServer():
            yield "banner", fact.software
        case OpenService():
            yield "banner", fact.banner
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

    What the service itself shows decides; only where that fits no record, what its device shows elsewhere does, and
    then what the fingerprint rules make of all of it. The more makers are told, the less is tried.
    """
    valid = [r for r in records if protocol in r.protocols]
    if not valid:
        return ()
    device = device_behind(door)
    identity = device.identity if device else Identity()
    own = [fact for service, fact in door.known if service == door.service.name]
    if fitting := _fitting(valid, own):
        return _agreed(fitting, identity) or tuple(msgspec.structs.replace(r, pairs=r.pairs[:1]) for r in fitting)
    fitting = _fitting(valid, (fact for _, fact in door.known)) or _named(valid, identity)
    return _agreed(fitting, identity)


def _fitting(records: Sequence[CredentialRecord], facts: Iterable[Fact]) -> tuple[CredentialRecord, ...]:
    shown = [mark for fact in facts for mark in marks(fact)]
    return tuple(r for r in records if any(r.recognises(mark, text) for mark, text in shown))


def _named(records: Sequence[CredentialRecord], identity: Identity) -> tuple[CredentialRecord, ...]:
    """The records of what the fingerprint rules tell, unless they tell several things."""
    if any(text.partition(":")[0] in _TELLING for text in identity.contradictions):
        return ()
    vendor = identity.vendor.value if identity.vendor else ""
    traits = (identity.product, identity.model)
    names = [f"{vendor} {trait.value}".strip() for trait in traits if trait is not None]
    return tuple(r for r in records if any(r.recognises(mark, name) for name in names for mark in _NAMES))


def _agreed(fitting: Sequence[CredentialRecord], identity: Identity) -> tuple[CredentialRecord, ...]:
    """The records of one maker: the only one that fits, else the one that the rules tell; none where that is open."""
    makers = {r.vendor.casefold() for r in fitting}
    if len(makers) <= 1:
        return tuple(fitting)
    told = identity.vendor.value.casefold() if identity.vendor else ""
    return tuple(r for r in fitting if told and (r.vendor.casefold() in told or told in r.vendor.casefold()))
