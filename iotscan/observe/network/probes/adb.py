"""Whether an Android debug bridge opens a session for anybody (AOSP adb protocol.txt)."""

from iotscan.model.facts import AdbServer, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed
from iotscan.wire import adb

_CAP = 8 * 1024


async def ask_adb(door: Door) -> Heard:
    """Say CNXN, read what comes back, close. No key is offered and no stream opened."""
    try:
        async with door.tcp(cap=_CAP) as connection:
            await connection.send(adb.connect_message())
            data = await connection.receive_while(lambda got: len(got) < adb.whole_length(got))
    except DialError as error:
        return Heard(missed=(missed(AdbServer, error),))
    reply = adb.read_reply(data)
    if reply is None:
        unreadable = Missed(
            need=kind_of(AdbServer),
            status=AttemptStatus.UNREADABLE,
            reason=Reason.UNREADABLE,
            detail="the answer to CNXN is no ADB message",
        )
        return Heard(missed=(unreadable,))
    fact = AdbServer(needs_key=reply.command != "CNXN", banner=reply.banner, tls=reply.command == "STLS")
    return Heard(facts=(fact,), excerpt=f"{reply.command} {reply.banner}".rstrip())


PROBE = Probe(name="adb", version=2, speaks=frozenset({"adb"}), gives=(AdbServer,), ask=ask_adb, shows=True)
