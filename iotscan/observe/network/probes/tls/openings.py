"""The first hellos: which versions, and how this server wants to be asked."""

import msgspec

from iotscan.model.vocabulary import Reason
from iotscan.observe.network.failures import NoTls
from iotscan.observe.network.probes.tls.asking import Asking
from iotscan.observe.network.probes.tls.reply import Reply
from iotscan.observe.network.probes.tls.transcript import BOTH, EXTRAS, TOGETHER
from iotscan.observe.network.probes.tls.way import BARE, NAMELESS, SHORT, WITHOUT_PRIMES, Way
from iotscan.wire.tls import sslv2
from iotscan.wire.tls.alerts import UNRECOGNIZED_NAME
from iotscan.wire.tls.framing import stream_version
from iotscan.wire.tls.hello import EXTRAS as EVERY_EXTENSION

_BESIDE_13 = 12
"""Suites of TLS 1.3 that go before the others where both are offered."""


async def ask_versions(asking: Asking) -> None:
    """Ask every version but SSLv2, the likeliest first, so that a refusal later on is one by a server that answers."""
    said = asking.said
    await _find_a_way(asking)
    if not said.accepted:
        return
    await _ask_newest(asking)
    if not said.version(said.before[-1]).is_answered:
        await ask_alone(asking, said.before[-1])
    await _ask_old(asking)


async def ask_sslv2(asking: Asking) -> None:
    """SSLv2 has a hello of its own; DTLS never had that version."""
    if asking.said.versions[0] == "SSLv3":
        await ask_alone(asking, sslv2.VERSION)


async def ask_extensions(asking: Asking) -> None:
    """Offer every extension in a version that is accepted, where the first hello did not settle them."""
    said = asking.said
    answered = [a for a in said.selections() if a.topic == EXTRAS]
    if said.best and not answered and said.best != "SSLv3" and not said.way.is_short:
        await _ask_with_extensions(asking, said.best)


async def ask_alone(asking: Asking, version: str) -> Reply:
    """One version with every suite."""

    async def ask() -> Reply:
        return await asking.put(version, (version,), asking.offered(version))

    return await asking.put_again_without_primes(await ask(), ask) if asking.said.accepted else await ask()


async def _ask_with_extensions(asking: Asking, version: str) -> Reply:
    suites, question = asking.offered(version), f"{version} with every extension"
    return await asking.put(question, (version,), suites, topic=EXTRAS, extras=EVERY_EXTENSION, compression=True)


async def _ask_both(asking: Asking) -> Reply:
    newest, usual = asking.said.newest, asking.said.before[-1]
    limit = asking.said.way.limit
    suites = (*asking.offered(newest)[:_BESIDE_13], *asking.offered(usual))[:limit]
    return await asking.put(f"{newest} beside {usual}", (newest, usual), suites, topic=BOTH)


async def _find_a_way(asking: Asking) -> None:
    """Hello after hello, each asking for less, until one is answered with a selection."""
    said = asking.said
    reply = await _ask_with_extensions(asking, said.before[-1])
    if reply.alert == UNRECOGNIZED_NAME and asking.is_named:
        said.way = NAMELESS
        await _ask_with_extensions(asking, said.before[-1])
    for way, ask_one in _WAYS:
        if said.accepted or _is_other_protocol(asking) or isinstance(asking.error, NoTls):
            return
        # Who was silent at a long hello is not sent another one; who has no name to be sent is not asked without.
        is_worth_it = way.is_short or not _is_waited_for(asking)
        if is_worth_it and (way.is_named or asking.is_named):
            said.way = way if said.way.is_named else msgspec.structs.replace(way, is_named=False)
            await ask_one(asking)


async def _ask_usual(asking: Asking) -> None:
    await ask_alone(asking, asking.said.before[-1])


async def _ask_older(asking: Asking) -> None:
    await ask_alone(asking, asking.said.before[-2])


async def _ask_13(asking: Asking) -> None:
    await ask_alone(asking, asking.said.newest)


_WAYS = (
    (Way(), _ask_both),
    (Way(), _ask_older),
    (SHORT, _ask_usual),
    (BARE, _ask_usual),
    (SHORT, _ask_13),
    (WITHOUT_PRIMES, _ask_usual),
    (NAMELESS, _ask_usual),
)


def _is_waited_for(asking: Asking) -> bool:
    return asking.said.asked[-1].reply.reason is Reason.TIMEOUT


def _is_other_protocol(asking: Asking) -> bool:
    replies = [asked.reply for asked in asking.said.asked]
    return len(replies) > 1 and all(reply.speaks_other for reply in replies)


async def _ask_newest(asking: Asking) -> None:
    """Whether it has TLS 1.3, and whether it prefers that to 1.2: at once where its random hints at it."""
    said, usual = asking.said, asking.said.before[-1]
    hints = [a.reply.flight.answer.knows_newer for a in said.selections(usual) if a.reply.flight.answer]
    if said.about(BOTH) is None and stream_version(said.newest) in hints:
        await _ask_both(asking)
    if not said.version(said.newest).is_answered:
        await ask_alone(asking, said.newest)
    if said.about(BOTH) is None and said.selections(said.newest) and said.selections(usual):
        await _ask_both(asking)


async def _ask_old(asking: Asking) -> None:
    """The versions before TLS 1.2: at once where supported_versions is known, else each by itself.

    GnuTLS with TLS 1.2 and 1.0, but not 1.1, refuses a hello of 1.1 by protocol_version: that alert settles nothing
    about older versions where the server only sees the newest that the client has.
    """
    said, old = asking.said, tuple(reversed(asking.said.before[:-1]))
    is_list_known = said.selections(said.newest) and len(old) > 1 and not said.way.is_bare
    if is_list_known and not asking.is_complete and not any(said.version(v).is_answered for v in old):
        await asking.put("versions before " + said.before[-1], old, asking.offered(old[0]), topic=TOGETHER)
    for version in old:
        if not said.version(version).is_answered:
            await ask_alone(asking, version)
