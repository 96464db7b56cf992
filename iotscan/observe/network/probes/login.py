"""Whether a service accepts its product's documented default login. Only with the grant ``default_creds``."""

from collections.abc import Sequence

import msgspec

from iotscan.data.credential_records import CredentialRecord, Protocol
from iotscan.model.facts import (
    AmqpBroker,
    DataStore,
    DefaultLogin,
    HttpServer,
    MqttBroker,
    RtspServer,
    SnmpAgent,
    SshServer,
    TelnetServer,
    kind_of,
)
from iotscan.model.rehearsal import PlannedLogin
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.credentials.engine import AROUND, Candidate, Examination, not_tried
from iotscan.observe.network.credentials.logins import SPOKEN, login_of, qualified
from iotscan.observe.network.credentials.products import records_for
from iotscan.observe.network.credentials.whose import tried_at
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, speaks_tls

_PUBLIC = "public"
"""The community that the question of SNMP asks for anyway."""


async def ask_login(door: Door) -> Heard:
    """Try what the product's records document.

    Takes from ``door.tools``: ``credential_records`` (a tuple of CredentialRecord), ``ledger`` (see
    ``iotscan.store.ledger``), ``login_gap`` (seconds between two tries), ``device_at`` and, in a dry run, ``rehearse``,
    which is told what would be tried.
    """
    protocol = SPOKEN[door.service.protocol]
    records = _records(door, protocol)
    if door.service.transport == "udp" and not records:
        return Heard()  # nobody knows that anybody is there: nothing is asked, and nothing missed
    outcome = _settled(door, protocol, records) or await _examine(door, records)
    if isinstance(outcome, Missed):
        return Heard(missed=(outcome,))
    return Heard(facts=(outcome,), excerpt=f"{outcome.outcome} after {outcome.tries} tries")


def _records(door: Door, protocol: Protocol) -> tuple[CredentialRecord, ...]:
    """The records of the product, without what another question asks."""
    several = records_for(door, protocol, door.tools["credential_records"])
    if protocol != "snmp":
        return several
    left = ((r, tuple(p for p in r.pairs if p.password.reveal() != _PUBLIC)) for r in several)
    return tuple(msgspec.structs.replace(record, pairs=pairs) for record, pairs in left if pairs)


async def _examine(door: Door, records: Sequence[CredentialRecord]) -> DefaultLogin | Missed:
    if not records:
        return not_tried(Reason.NOT_OBSERVABLE, "no documented default login is known for this product")
    login = login_of(door, records)
    examination = Examination(
        login,
        records,
        device=tried_at(door),
        ledger=door.tools["ledger"],
        gap=door.tools["login_gap"],
    )
    if rehearse := door.tools.get("rehearse"):
        planned = await examination.rehearse()
        if isinstance(planned, tuple):
            rehearse(_planned(door, login.protocol, planned))
            return not_tried(Reason.CONSENT, f"a dry run: {len(planned)} documented pairs would be tried")
        outcome = qualified(planned, login)
    else:
        outcome = qualified(await examination.run(), login)
    if isinstance(outcome, Missed):
        return outcome
    return msgspec.structs.replace(outcome, tls=speaks_tls(door.service))


def _planned(door: Door, protocol: Protocol, pairs: Sequence[Candidate]) -> PlannedLogin:
    records = dict.fromkeys(c.record.id for c in pairs)
    return PlannedLogin(
        device=door.address,
        service=door.service.name,
        protocol=protocol,
        product=", ".join(dict.fromkeys(c.record.name for c in pairs)),
        records=tuple(records),
        accounts=tuple(c.pair.user for c in pairs),
        most_tries=len(pairs) + AROUND,
        sources=tuple(dict.fromkeys(c.record.source for c in pairs)),
    )


def _settled(door: Door, protocol: Protocol, records: Sequence[CredentialRecord]) -> DefaultLogin | Missed | None:
    """What the facts at hand already settle, so that nothing need be sent."""
    for service, fact in door.known:
        if service != door.service.name:
            continue
        match fact:
            case TelnetServer(asks="shell", confirmed=True):
                return DefaultLogin(protocol=protocol, outcome="open")
            case MqttBroker() if fact.anonymous.known:
                return DefaultLogin(protocol=protocol, outcome="open")
            case SnmpAgent() if fact.answers_any_community:
                return DefaultLogin(protocol=protocol, outcome="open")
            case RtspServer() | DataStore() if fact.needs_login.is_answered and not fact.needs_login.value:
                return DefaultLogin(protocol=protocol, outcome="open")
            case HttpServer():
                return _settled_by_page(fact, records)
    return None


def _settled_by_page(page: HttpServer, records: Sequence[CredentialRecord]) -> Missed | None:
    if page.redirects_to_https:
        return _asks_for_none("it redirects to https: asks for no login here")
    if records and records[0].path != "/":
        return None
    if 200 <= page.status < 300 and not page.asks_credentials and not records:
        if page.has_script:
            return not_tried(Reason.NOT_OBSERVABLE, "the front page shows no login; a script on it may build one")
        return _asks_for_none("asks for no login")
    return None


def _asks_for_none(detail: str) -> Missed:
    return Missed(need=kind_of(DefaultLogin), status=AttemptStatus.ABSENT, detail=detail)


def _is_refused(login: DefaultLogin) -> bool:
    """A login that was open may have been mended since."""
    return login.outcome == "rejected"


PROBE = Probe(
    name="login",
    version=2,
    speaks=frozenset(SPOKEN),
    gives=(DefaultLogin,),
    ask=ask_login,
    # Before the update walk: what the user granted must not starve when the device's budget runs out.
    stage=3,
    grant="default_creds",
    wants=(AmqpBroker, DataStore, HttpServer, MqttBroker, RtspServer, SnmpAgent, SshServer, TelnetServer),
    holds_on=_is_refused,
)
