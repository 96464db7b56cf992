"""How one may log in to an AMQP broker, in both versions that are in use. No login is begun."""

from typing import Final

from iotscan.model.facts import AmqpBroker, kind_of
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.network.failures import DialError
from iotscan.observe.network.probe import Door, Heard, Missed, Probe, missed, speaks_tls
from iotscan.wire import amqp

_TEXT: Final = 80
_NAME: Final = 40


async def ask_amqp(door: Door) -> Heard:
    """Say the header of 0-9-1 and read Connection.Start, then that of 1.0 and read its mechanisms; close each time."""
    error: DialError | None = None
    start: amqp.Start | None = None
    sasl: tuple[str, ...] | None = None
    try:
        async with door.plain_or_tls(cap=amqp.CAP) as connection:
            await connection.send(amqp.HEADER)
            start = amqp.read_start(await connection.receive_while(amqp.is_start_to_be, amqp.CAP))
        async with door.plain_or_tls(cap=amqp.CAP) as connection:
            await connection.send(amqp.SASL_HEADER)
            sasl = amqp.read_mechanisms(await connection.receive_while(amqp.is_mechanisms_to_be, amqp.CAP))
    except DialError as failure:
        error = failure
    if start is None and sasl is None:
        return Heard(missed=(_missed(error),))
    fact = AmqpBroker(
        tls=speaks_tls(door.service),
        mechanisms=_names(start.mechanisms if start else ()),
        sasl=_names(sasl or ()),
        product=safe_text(start.product, _TEXT) if start else "",
        version=safe_text(start.version, _NAME) if start else "",
    )
    listed = " ".join(dict.fromkeys((*fact.mechanisms, *fact.sasl)))
    return Heard(facts=(fact,), excerpt=f"{fact.product} {fact.version}: {listed}".strip())


def _names(mechanisms: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({safe_text(name, _NAME) for name in mechanisms}))


def _missed(error: DialError | None) -> Missed:
    if error is not None:
        return missed(AmqpBroker, error)
    return Missed(
        need=kind_of(AmqpBroker),
        status=AttemptStatus.UNREADABLE,
        reason=Reason.UNREADABLE,
        detail="it lists no ways to log in, in neither AMQP 0-9-1 nor 1.0",
    )


PROBE = Probe(
    name="amqp", version=1, speaks=frozenset({"amqp", "amqps"}), gives=(AmqpBroker,), ask=ask_amqp, shows=True
)
