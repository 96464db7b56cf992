"""Whether a data store answers to whoever comes: Redis, memcached and MongoDB, in one conversation each.

Each is asked for its version and for something of a name that nobody has given, which needs the right to read and
brings nothing that is stored: EXISTS, ``get``, and ``listDatabases`` with a filter.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from iotscan.model.answer import Answer
from iotscan.model.facts import DataStore, kind_of
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.wire import memcached, mongodb, redis

_VERSION: Final = 40
_SAID: Final = 120
_REDIS_REFUSALS: Final = ("NOAUTH", "DENIED", "NOPERM")
"""Not without a password; not from elsewhere (protected mode); not with these rights."""
_OLD_REDIS_REFUSAL: Final = b"ERR operation not permitted"
"""Redis before 2.8."""
_REDIS_ELSEWHERE: Final = ("MOVED", "ASK", "CLUSTERDOWN")
"""A node of a cluster that would answer had it the key."""


class _Learnt:
    """What one conversation has settled so far."""

    def __init__(self) -> None:
        self.needs_login: bool | None = None
        self.version = ""
        self.said = ""


async def ask_data_store(door: Door) -> Heard:
    """Ask in the protocol that the service was heard to speak."""
    system = door.service.protocol.removesuffix("+tls").replace("rediss", "redis")
    learnt = _Learnt()
    try:
        async with door.plain_or_tls(cap=mongodb.CAP) as connection:
            await _CONVERSATIONS[system](connection, learnt)
    except DialError as error:
        if learnt.needs_login is None:
            return Heard(missed=(missed(DataStore, error),))
    if not learnt.said:
        unreadable = Missed(
            need=kind_of(DataStore),
            status=AttemptStatus.UNREADABLE,
            reason=Reason.UNREADABLE,
            detail=f"its answer is none of {system}",
        )
        return Heard(missed=(unreadable,))
    said = safe_text(learnt.said, _SAID)
    fact = DataStore(
        system=system,
        needs_login=_answer(learnt.needs_login, said),
        tls=speaks_tls(door.service),
        version=safe_text(learnt.version, _VERSION),
        said=said,
    )
    return Heard(facts=(fact,), excerpt=f"{system} {fact.version}: {said}")


def _answer(needs_login: bool | None, said: str) -> Answer[bool]:
    if needs_login is None:
        return Answer.missing(Reason.NOT_OBSERVABLE, f"neither let in nor kept out for want of a login: {said}")
    return Answer.of(needs_login)


async def _redis(connection: Connection, learnt: _Learnt) -> None:
    reply = await _redis_reply(connection, redis.READ)
    if reply is None:
        return
    learnt.said = f"EXISTS: {reply.data[:_SAID].decode('utf-8', 'replace')}"
    if reply.code in _REDIS_REFUSALS or reply.data.startswith(_OLD_REDIS_REFUSAL):
        learnt.needs_login = True
    elif reply.kind == "number" or reply.code in _REDIS_ELSEWHERE:
        learnt.needs_login = False
        info = await _redis_reply(connection, redis.INFO)
        learnt.version = redis.version_in(info.data) if info and info.kind == "bulk" else ""


async def _redis_reply(connection: Connection, command: bytes) -> redis.Reply | None:
    await connection.send(command)
    data = await connection.receive_while(lambda got: redis.read_reply(got) is None, redis.REPLY_CAP)
    return redis.read_reply(data)


async def _memcached(connection: Connection, learnt: _Learnt) -> None:
    await connection.send(memcached.VERSION + memcached.READ)
    data = await connection.receive_while(lambda got: not memcached.is_whole(got), 4096)
    if answer := memcached.read_answer(data):
        learnt.version = answer.version
        learnt.needs_login = None if answer.may_read is None else not answer.may_read
        learnt.said = f"get: {data[:_SAID].decode('utf-8', 'replace').strip().splitlines()[-1]}"


async def _mongodb(connection: Connection, learnt: _Learnt) -> None:
    hello = await _mongodb_answer(connection, mongodb.is_master())
    if hello is None:
        return
    learnt.said = "isMaster is answered"
    is_old = not mongodb.knows_messages(hello)
    listed = await _mongodb_answer(connection, mongodb.list_nothing(is_old=is_old))
    if listed is not None:
        # The names of databases that an old server may have sent all the same are dropped here.
        learnt.said = "listDatabases: ok" if listed.is_ok else f"listDatabases: error {listed.code}"
        is_refused = listed.code == mongodb.UNAUTHORIZED
        learnt.needs_login = False if listed.is_ok else True if is_refused else None
        built = await _mongodb_answer(connection, mongodb.build_info(is_old=is_old))
        version = built.document.get("version") if built else None
        learnt.version = version if isinstance(version, str) else ""


async def _mongodb_answer(connection: Connection, question: bytes) -> mongodb.Answer | None:
    await connection.send(question)
    data = await connection.receive_while(lambda got: len(got) < 4 or len(got) < mongodb.size_of(got), mongodb.CAP)
    return mongodb.read_answer(data)


_CONVERSATIONS: Final[dict[str, Callable[[Connection, _Learnt], Awaitable[None]]]] = {
    "redis": _redis,
    "memcached": _memcached,
    "mongodb": _mongodb,
}

PROBE = Probe(
    name="data-store",
    version=1,
    speaks=frozenset({"redis", "rediss", "memcached", "memcached+tls", "mongodb", "mongodb+tls"}),
    gives=(DataStore,),
    ask=ask_data_store,
    shows=True,
)
