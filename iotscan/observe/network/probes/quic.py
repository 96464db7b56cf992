"""Whether a device that speaks TLS on a TCP port speaks QUIC on the UDP port of the same number, and in which versions.

One datagram, twice at most; no connection is begun. What QUIC carries is TLS 1.3 by definition (RFC 9001).
"""

import secrets

from iotscan.model.facts import OpenService, QuicServer, kind_of
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError, Refused
from iotscan.observe.network.probe import TLS_AT_ONCE, Door, Heard, Missed, Probe, missed
from iotscan.wire import quic

_SECONDS = 1.0
_TRIES = 2
_NEED = kind_of(QuicServer)


async def ask(door: Door) -> Heard:
    """Ask for the versions. Never raises a DialError."""
    if not _has_tls(door):
        # QUIC stands beside HTTPS: whoever has none is not bothered with datagrams.
        detail = f"nothing on tcp/{door.port} was found to speak TLS"
        gap = Missed(need=_NEED, status=AttemptStatus.NOT_TRIED, reason=Reason.EXCLUDED, detail=detail)
        return Heard(missed=(gap,))
    destination, source = secrets.token_bytes(8), secrets.token_bytes(8)
    try:
        async with door.udp() as peer:
            question = quic.version_question(destination, source)
            answer = await peer.ask(question, seconds=_SECONDS, tries=_TRIES)
    except Refused:
        return Heard(missed=(Missed(need=_NEED, status=AttemptStatus.ABSENT, detail="the port is closed"),))
    except DialError as error:
        return Heard(missed=(missed(QuicServer, error),))
    versions = quic.read_versions(answer, destination, source)
    if versions is None:
        detail = "answered a QUIC version that does not exist with something else than its own versions"
        gap = Missed(need=_NEED, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)
        return Heard(missed=(gap,))
    return Heard(facts=(QuicServer(versions=versions),), excerpt=", ".join(versions))


def _has_tls(door: Door) -> bool:
    beside = f"tcp/{door.port}"
    return any(
        name == beside and isinstance(fact, OpenService) and fact.protocol in TLS_AT_ONCE for name, fact in door.known
    )


PROBE = Probe(name="quic", version=1, speaks=frozenset({"quic"}), gives=(QuicServer,), ask=ask)
