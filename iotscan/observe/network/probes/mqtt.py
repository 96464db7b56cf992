"""Whether an MQTT broker lets anybody in, and what it lets them hear (MQTT 3.1.1 and 5.0).

Where it lets us in it is asked for its own name in ``$SYS``, in the same conversation. Every topic is asked for only
with the grant ``intrusive``: then messages are counted for two seconds and nothing of them is kept.
"""

from typing import Final

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import MqttBroker, kind_of
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError, PeerClosed
from iotscan.observe.network.mqtt_session import WEBSOCKETS, MqttSession, mqtt_session
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.wire import mqtt

DENIALS: Final = frozenset({mqtt.BAD_CREDENTIALS, mqtt.NOT_AUTHORISED, 0x86, 0x87, 0x8C})
"""Return codes that say: not without (other) credentials. The last three are MQTT 5's."""
_OTHER_VERSION: Final = frozenset({None, mqtt.UNACCEPTABLE_VERSION, mqtt.UNSUPPORTED_VERSION})
"""What a broker answers that speaks MQTT 5 alone; some close without a word."""
_OWN_NAME: Final = ("$SYS/broker/version", "$SYS/brokers/+/version")
"""Where mosquitto and EMQX say which they are: topics of the broker's own, and of nobody else."""
_EVERYTHING: Final = ("#", "+/+/#")
"""The second is asked for where the first is refused: EMQX refuses ``#`` and ``+/#`` as they stand, and nothing else,
by its default rules (``acl.conf``).
"""
_NAME_SECONDS: Final = 0.6
_COUNT_SECONDS: Final = 2.0
_BROKER: Final = 80


class _Visit(msgspec.Struct, kw_only=True):
    """What one session has told so far."""

    version: mqtt.Version
    code: int | None = None
    broker: str = ""
    wildcard: Answer[bool] | None = None
    wildcard_filter: str = _EVERYTHING[0]
    messages: int = 0
    live: int = 0
    branches: set[bytes] = msgspec.field(default_factory=set)


async def connect(
    door: Door, version: mqtt.Version = 4, *, user: str | None = None, password: str | None = None
) -> int | None:
    """One CONNECT and its return code, None for anything but a CONNACK; DISCONNECT at once. Raises DialError."""
    async with mqtt_session(door, version) as session:
        code = await session.connect(user=user, password=password)
        if code == mqtt.ACCEPTED:
            await session.leave()
        return code


async def ask_mqtt(door: Door) -> Heard:
    """Ask for a session without credentials, in MQTT 5 where 3.1.1 is not spoken; then what a guest may hear."""
    try:
        visit = await _visit(door, 4)
        if visit.code in _OTHER_VERSION:
            other = await _visit(door, 5)
            visit = other if other.code is not None else visit
    except DialError as error:
        return Heard(missed=(missed(MqttBroker, error),))
    if visit.code is None:
        unreadable = Missed(
            need=kind_of(MqttBroker),
            status=AttemptStatus.UNREADABLE,
            reason=Reason.UNREADABLE,
            detail="the answer to CONNECT is no CONNACK",
        )
        return Heard(missed=(unreadable,))
    fact = MqttBroker(
        tls=speaks_tls(door.service),
        anonymous=_anonymous(visit.code),
        return_code=visit.code,
        version=mqtt.NAMES[visit.version],
        websocket=door.service.protocol in WEBSOCKETS,
        broker=visit.broker,
        wildcard=visit.wildcard or Answer.missing(Reason.NOT_OBSERVABLE, "it lets nobody in without credentials"),
        wildcard_filter=visit.wildcard_filter,
        messages=visit.messages,
        live_messages=Answer.of(visit.live),
        live_branches=len(visit.branches),
    )
    return Heard(facts=(fact,), excerpt=f"CONNACK {visit.code} {visit.broker}".rstrip())


async def _visit(door: Door, version: mqtt.Version) -> _Visit:
    """One conversation. Raises DialError as long as it is not settled whether it lets us in."""
    visit = _Visit(version=version)
    try:
        async with mqtt_session(door, version) as session:
            visit.code = await session.connect()
            if visit.code == mqtt.ACCEPTED:
                await _hear(session, visit, may_hear_all=door.grants.intrusive)
                await session.leave()
    except PeerClosed:
        return visit
    except DialError:
        if visit.code is None:
            raise
    return visit


async def _hear(session: MqttSession, visit: _Visit, *, may_hear_all: bool) -> None:
    visit.wildcard = Answer.missing(Reason.CONSENT, "needs --intrusive")
    codes = await session.subscribe(_OWN_NAME)
    if codes and any(code < mqtt.REFUSED for code in codes):
        async for message in session.messages(_NAME_SECONDS):
            visit.broker = safe_text(message.payload, _BROKER)
            break
        await session.unsubscribe(_OWN_NAME)
    if may_hear_all:
        visit.wildcard = Answer.missing(Reason.NOT_OBSERVABLE, "it did not answer SUBSCRIBE")
        for wanted in _EVERYTHING:
            codes = await session.subscribe((wanted,))
            if not codes:
                return
            if codes[0] < mqtt.REFUSED:
                visit.wildcard, visit.wildcard_filter = Answer.of(True), wanted
                await _count(session, visit)
                return
        visit.wildcard = Answer.of(False)


async def _count(session: MqttSession, visit: _Visit) -> None:
    async for message in session.messages(_COUNT_SECONDS):
        # The broker's own name may come late, and is nobody's message.
        if message.topic.startswith(b"$"):
            continue
        visit.messages += 1
        if not message.is_retained:
            visit.live += 1
            visit.branches.add(message.topic.partition(b"/")[0])
    await session.unsubscribe((visit.wildcard_filter,))


def _anonymous(code: int) -> Answer[bool]:
    if code == mqtt.ACCEPTED:
        return Answer.of(True)
    if code in DENIALS:
        return Answer.of(False)
    return Answer.missing(Reason.NOT_OBSERVABLE, f"refused for another cause than credentials (CONNACK {code})")


PROBE = Probe(
    name="mqtt",
    version=2,
    speaks=frozenset({"mqtt", "mqtts", *WEBSOCKETS}),
    gives=(MqttBroker,),
    ask=ask_mqtt,
    shows=True,
)
