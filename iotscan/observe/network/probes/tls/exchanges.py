"""The key exchanges that a server was seen to do, and the public values that it sent."""

from iotscan.model.facts.certificate import Certificate
from iotscan.model.facts.tls import KeyExchange
from iotscan.observe.network.probes.tls.reply import Reply
from iotscan.observe.network.probes.tls.transcript import Transcript
from iotscan.wire.certificates import read_damaged
from iotscan.wire.tls.groups import GROUPS, WEAK_CURVES, group_name

_CURVES_BY_BITS = {224: 21, 256: 23, 384: 24, 521: 25}


def key_exchanges(said: Transcript) -> tuple[KeyExchange, ...]:
    """Every key exchange, once, in order."""
    found = {exchange for asked in said.selections() if (exchange := _exchange(asked.reply))}
    return tuple(sorted(found))


def _exchange(reply: Reply) -> KeyExchange | None:
    answer, sent = reply.flight.answer, reply.flight.exchange
    if answer is None:
        return None
    group = answer.group or (sent.group if sent else 0)
    if group:
        bits = GROUPS[group].bits if group in GROUPS else 0
        return KeyExchange(version=reply.version, group=group_name(group), bits=bits)
    if sent is not None and sent.kind == "dh":
        return KeyExchange(version=reply.version, group="dh", bits=sent.bits)
    return None


def uses_weak_curve(said: Transcript) -> bool:
    """True when a key exchange over a curve below 224 bit was seen."""
    groups = {a.reply.flight.exchange.group for a in said.selections() if a.reply.flight.exchange}
    return any(group in WEAK_CURVES for group in groups)


def public_values(said: Transcript) -> tuple[tuple[int, bytes], ...]:
    """Every public value that came, as (group, value); 0 is a prime of the server's own."""
    found = []
    for asked in said.selections():
        answer, sent = asked.reply.flight.answer, asked.reply.flight.exchange
        if answer is not None and answer.share:
            found.append((answer.group, answer.share))
        elif sent is not None and sent.kind in ("ec", "dh") and sent.public:
            found.append((sent.group, sent.public))
    return tuple(found)


def certificates(said: Transcript) -> tuple[bytes, ...]:
    """The chain that came in the clear, DER, leaf first; empty where none did."""
    for asked in said.selections():
        flight = asked.reply.flight
        if flight.certificates and flight.answer is not None and flight.answer.certificate_type == 0:
            return flight.certificates
    return ()


def staple(said: Transcript) -> bytes:
    """The OCSP response that came stapled to that chain; empty where none did."""
    chain = certificates(said)
    flights = (asked.reply.flight for asked in said.selections())
    return next((flight.staple for flight in flights if flight.staple and flight.certificates == chain), b"")


def own_curve(said: Transcript) -> tuple[int, ...]:
    """The curve of the server's ECDSA key; empty for any other key."""
    chain = certificates(said)
    if not chain:
        return ()
    leaf = read_damaged(chain[0])
    if not isinstance(leaf, Certificate):
        return ()
    curve = _CURVES_BY_BITS.get(leaf.key_bits) if leaf.key_type == "ec" else None
    return (curve,) if curve else ()
