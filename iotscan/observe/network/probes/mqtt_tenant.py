"""What the credential of one device lets it hear of others at the broker of a back end (MQTT 3.1.1 and 5.0).

Only with a credential that the user gave for this very server (``--backend-credential``) and the grant ``intrusive``,
only over TLS, and only to a certificate that a store vouches for under the name that was asked for, or that the user
pinned: a credential is told to nobody else. It subscribes and counts for three seconds; it publishes nothing.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from iotscan.data.backend_credential_file import BackendCredential
from iotscan.model.answer import Answer
from iotscan.model.facts import CertificateChain, MqttBroker, MqttTenant, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError, PeerClosed
from iotscan.observe.network.mqtt_session import MqttSession
from iotscan.observe.network.outgoing import asking
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed
from iotscan.observe.network.probes.mqtt import DENIALS
from iotscan.wire import mqtt
from iotscan.wire.host_names import names_address, names_host

SECONDS: Final = 3.0
_CAP: Final = 256 * 1024
_LABEL: Final = "mqtt-tenant/1"


class Tenants(msgspec.Struct, frozen=True, kw_only=True):
    """The tool: which addresses are back ends, and the credentials for services of theirs, by address and port."""

    servers: frozenset[str] = frozenset()
    credentials: dict[tuple[str, int], BackendCredential] = {}


class _Visit(msgspec.Struct, kw_only=True):
    code: int | None = None
    granted: bool | None = None
    own: int = 0
    others: int = 0


async def ask_tenant(door: Door) -> Heard:
    """Log in once and count. Nothing is said of a server that is no back end: nobody gave a credential of it."""
    tenants = door.tools.get("backend_credentials") or Tenants()
    if door.address not in tenants.servers:
        return Heard()
    credential = tenants.credentials.get((door.address, door.port))
    why = _why_not(door, credential)
    if why is not None or credential is None:
        return Heard(missed=(why,) if why else ())
    return await _hear(door, credential)


def _why_not(door: Door, credential: BackendCredential | None) -> Missed | None:
    """Why the credential is not told to this service; None where it may be."""
    if credential is None:
        return _not_tried(Reason.CONSENT, "needs --backend-credential with a device of yours, and --intrusive")
    if not door.grants.intrusive:
        return _not_tried(Reason.CONSENT, "needs --intrusive besides --backend-credential")
    if door.service.protocol != "mqtts":
        return _not_tried(Reason.NOT_OBSERVABLE, "a credential is told to no broker without TLS")
    if not _certificate(door, credential):
        detail = (
            "the credential was told to nobody: no store vouches for the certificate under this name; give the CA with "
            "--trust-store, or pin certificate_sha256 in the file of the credential"
        )
        return _not_tried(Reason.NOT_OBSERVABLE, detail)
    return None


def _not_tried(reason: Reason, detail: str) -> Missed:
    return Missed(need=kind_of(MqttTenant), status=AttemptStatus.NOT_TRIED, reason=reason, detail=detail)


def _certificate(door: Door, credential: BackendCredential) -> str:
    """The SHA-256 of the certificate to which the credential may be told; empty where there is none."""
    for chain in _chains(door):
        leaf = chain.certificates[0]
        if credential.certificate_sha256:
            if leaf.sha256 == credential.certificate_sha256:
                return leaf.sha256
        elif chain.trusted.known and _is_for(door, chain):
            return leaf.sha256
    return ""


def _chains(door: Door) -> Iterator[CertificateChain]:
    for service, fact in door.known:
        if service == door.service.name and isinstance(fact, CertificateChain) and fact.certificates:
            yield fact


def _is_for(door: Door, chain: CertificateChain) -> bool:
    leaf = chain.certificates[0]
    if not door.server_name:
        return names_address(leaf.addresses or (), door.address)
    return names_host([name for name in leaf.names if name not in (leaf.addresses or ())], door.server_name)


async def _hear(door: Door, credential: BackendCredential) -> Heard:
    version: mqtt.Version = 5 if _speaks_5_alone(door) else 4
    visit = _Visit()
    try:
        # The log holds no hash of a login: who has the log could try passwords on it.
        with asking(_LABEL, with_secrets=True):
            async with _session(door, credential, version) as session:
                visit.code = await session.connect(
                    user=credential.user, password=credential.password.reveal(), client_id=credential.client_id
                )
                if visit.code == mqtt.ACCEPTED:
                    await _count(session, credential, visit)
                    await session.leave()
    except PeerClosed:
        pass  # some end a session that asks for what it may not
    except DialError as error:
        if visit.code is None:
            return Heard(missed=(missed(MqttTenant, error),))
    if visit.code is None:
        detail = "the answer to CONNECT is no CONNACK"
        gap = Missed(need=kind_of(MqttTenant), status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
        return Heard(missed=(gap,))
    fact = MqttTenant(
        accepted=_accepted(visit.code),
        return_code=visit.code,
        version=mqtt.NAMES[version],
        filters=credential.must_not_hear,
        granted=_granted(visit),
        own_messages=visit.own,
        others_messages=visit.others,
        seconds=SECONDS if visit.granted else 0.0,
    )
    return Heard(facts=(fact,), excerpt=f"CONNACK {visit.code}")


@asynccontextmanager
async def _session(door: Door, credential: BackendCredential, version: mqtt.Version) -> AsyncIterator[MqttSession]:
    async with door.tls(cap=_CAP, certificate=_certificate(door, credential)) as connection:
        yield MqttSession(connection, version)


async def _count(session: MqttSession, credential: BackendCredential, visit: _Visit) -> None:
    filters = (*credential.must_not_hear, *credential.may_hear)
    codes = await session.subscribe(filters)
    if not codes or len(codes) != len(filters):
        return
    visit.granted = any(code < mqtt.REFUSED for code in codes[: len(credential.must_not_hear)])
    if any(code < mqtt.REFUSED for code in codes):
        async for message in session.messages(SECONDS):
            topic = message.topic.decode("utf-8", "replace")
            if _fits(topic, credential.may_hear):
                visit.own += 1
            elif _fits(topic, credential.must_not_hear):
                visit.others += 1
        await session.unsubscribe(filters)


def _fits(topic: str, filters: Sequence[str]) -> bool:
    return any(mqtt.fits_filter(topic, wanted) for wanted in filters)


def _speaks_5_alone(door: Door) -> bool:
    seen = (f.version for s, f in door.known if s == door.service.name and isinstance(f, MqttBroker))
    return next(seen, "") == mqtt.NAMES[5]


def _accepted(code: int) -> Answer[bool]:
    if code == mqtt.ACCEPTED or code in DENIALS:
        return Answer.of(code == mqtt.ACCEPTED)
    return Answer.missing(Reason.NOT_OBSERVABLE, f"refused for another cause than the credential (CONNACK {code})")


def _granted(visit: _Visit) -> Answer[bool]:
    if visit.granted is not None:
        return Answer.of(visit.granted)
    why = "it did not answer SUBSCRIBE" if visit.code == mqtt.ACCEPTED else "the credential was not let in"
    return Answer.missing(Reason.NOT_OBSERVABLE, why)


PROBE = Probe(
    name="mqtt-tenant",
    version=1,
    speaks=frozenset({"mqtt", "mqtts", "mqtt-ws", "mqtt-wss"}),
    gives=(MqttTenant,),
    ask=ask_tenant,
    stage=3,
    wants=(CertificateChain, MqttBroker),
    after=MqttBroker,
)
