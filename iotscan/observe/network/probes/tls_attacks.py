"""Whether a TLS server falls for Heartbleed, the early ChangeCipherSpec and ROBOT. Only with the grant ``intrusive``.

By our own bytes: sslyze takes silence and a closed connection for "not vulnerable", and an answer that was
not heard is none. Two connections, and five for ROBOT where the server takes a suite with static RSA; five more
where the answers differ.
"""

from collections.abc import Awaitable, Callable

import anyio

from iotscan.model.answer import Answer
from iotscan.model.facts.tls import VERSIONS, TlsAttacks, TlsEndpoint
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.network.conversation import Connection
from iotscan.observe.network.failures import DialError, NoTls, PeerClosed
from iotscan.observe.network.probe import HAVE_TLS, Door, Heard, Probe, missed
from iotscan.wire.tls import attacks, framing
from iotscan.wire.tls.alerts import REFUSALS
from iotscan.wire.tls.attacks import PADDINGS, Padding
from iotscan.wire.tls.flight import Flight, FlightReader
from iotscan.wire.tls.hello import Offer, client_hello
from iotscan.wire.tls.suites import offer

_PATIENCE = 3.0
"""Seconds that an answer is waited for."""
_EARLY = 0.7
"""Seconds in which a server that refuses an early ChangeCipherSpec says so or hangs up."""
_CAP = 128 * 1024
_NO = Answer[bool].of(False)


class _Open(Exception):
    """It could not be settled; the text says why."""


async def ask(door: Door) -> Heard:
    """Try each attack in its least form. Never raises a DialError."""
    endpoint = next((f for name, f in door.known if name == door.service.name and isinstance(f, TlsEndpoint)), None)
    version = _older(endpoint)
    if not version:
        # All three are of TLS 1.2 and before.
        return Heard(facts=(TlsAttacks(heartbleed=_NO, ccs_injection=_NO, robot=_NO),))
    told: list[str] = []
    try:
        fact = TlsAttacks(
            heartbleed=await _settle(_heartbleed, door, version),
            ccs_injection=await _settle(_early_change, door, version),
            robot=await _settle(lambda d, v: _robot(d, v, told), door, version),
            robot_answers=tuple(told),
        )
    except NoTls as error:
        return Heard(missed=(missed(TlsAttacks, error),))
    return Heard(facts=(fact,))


def _older(endpoint: TlsEndpoint | None) -> str:
    """The newest version up to TLS 1.2 that may be accepted; empty where all are refused for certain."""
    if endpoint is None:
        return "TLSv1.2"
    older = [v for v in reversed(VERSIONS) if v != "TLSv1.3" and v in endpoint.versions]
    accepted = [v for v in older if endpoint.versions[v].known]
    unsettled = [v for v in older if not endpoint.versions[v].is_answered]
    return next(iter((*accepted, *unsettled)), "")


async def _settle(attack: Callable[[Door, str], Awaitable[bool]], door: Door, version: str) -> Answer[bool]:
    try:
        return Answer.of(await attack(door, version))
    except _Open as gap:
        return Answer.missing(Reason.NOT_OBSERVABLE, str(gap))
    except NoTls:
        raise
    except DialError as error:
        return Answer.missing(error.reason or Reason.UNREADABLE, safe_text(str(error)))


async def _heartbleed(door: Door, version: str) -> bool:
    hello = Offer(versions=(version,), suites=offer(version), extras=(framing.HEARTBEAT,), server_name=door.server_name)
    async with door.before_tls(cap=_CAP) as connection:
        flight = await _first_flight(connection, client_hello(hello))
        _require_whole(flight)
        heard, is_over = await _say(connection, attacks.short_heartbeat(version), _PATIENCE)
    if attacks.is_leak(heard):
        return True
    if not is_over and not heard:
        raise _Open("the server said nothing to a short heartbeat, nor to the farewell after it")
    return False


async def _early_change(door: Door, version: str) -> bool:
    hello = Offer(versions=(version,), suites=offer(version), server_name=door.server_name)
    async with door.before_tls(cap=_CAP) as connection:
        flight = await _first_flight(connection, client_hello(hello))
        _require_whole(flight)
        heard, is_over = await _say(connection, attacks.early_change(version), _EARLY)
        if heard or is_over:
            # It did not take it: whatever it says, it says to the ChangeCipherSpec alone.
            return False
        heard, _ = await _say(connection, attacks.nonsense(version), _PATIENCE)
    decrypted = attacks.was_decrypted(heard)
    if decrypted is None:
        raise _Open("the server said nothing that tells whether it took an early ChangeCipherSpec")
    return decrypted


async def _robot(door: Door, version: str, told: list[str]) -> bool:
    """``told`` gets what it answered to each padding where the answers differ."""
    suites = offer(version, lambda suite: suite.key_exchange == "RSA" and suite.kind not in ("null", "rc4"))
    hello = client_hello(Offer(versions=(version,), suites=suites, server_name=door.server_name))
    first: dict[Padding, str] = {}
    for padding in PADDINGS:
        said = await _exchange(door, version, hello, padding)
        if said is None:
            return False
        first[padding] = said
    if len(set(first.values())) == 1:
        return False
    second = {padding: await _exchange(door, version, hello, padding) for padding in PADDINGS}
    if second != first:
        raise _Open("the server answers differently to the same padding: no oracle can be told from that")
    told += [f"{padding}: {said}" for padding, said in first.items()]
    return True


async def _exchange(door: Door, version: str, hello: bytes, padding: Padding) -> str | None:
    """What the server says to one key exchange; None where it takes no suite with static RSA."""
    async with door.before_tls(cap=_CAP) as connection:
        flight = await _first_flight(connection, hello)
        answer = flight.answer
        if answer is not None and answer.kind == "alert" and answer.description in REFUSALS:
            return None
        _require_whole(flight)
        key = attacks.rsa_key(flight.certificates[0]) if flight.certificates else None
        if key is None:
            raise _Open("the server selects static RSA, and its certificate holds no RSA key that we can read")
        try:
            said = attacks.key_exchange(padding, key, version)
        except ValueError as error:
            raise _Open(str(error)) from error
        heard, is_over = await _say(connection, said, _PATIENCE)
    return attacks.answer_name(heard) or ("the end of the connection" if is_over else "silence")


async def _first_flight(connection: Connection, hello: bytes) -> Flight:
    reader = FlightReader()
    with anyio.move_on_after(_PATIENCE):
        try:
            await connection.send(hello)
            while not reader.feed(piece := await connection.receive()):
                if not piece:
                    reader.closed()
                    break
        except PeerClosed:
            reader.closed()
    return reader.flight


def _require_whole(flight: Flight) -> None:
    if flight.end != "whole":
        raise _Open("the server answered the hello with no whole first flight")


async def _say(connection: Connection, data: bytes, seconds: float) -> tuple[bytes, bool]:
    """What comes back within ``seconds``, and whether the server ended the connection. Stops at the first alert."""
    heard = b""
    with anyio.move_on_after(seconds):
        try:
            await connection.send(data)
            while piece := await connection.receive():
                heard += piece
                if attacks.first_alert(heard) is not None or attacks.is_leak(heard):
                    return heard, False
        except PeerClosed:
            pass
        return heard, True
    return heard, False


PROBE = Probe(
    name="tls-attacks",
    version=1,
    speaks=HAVE_TLS,
    gives=(TlsAttacks,),
    ask=ask,
    stage=4,
    grant="intrusive",
    wants=(TlsEndpoint,),
)
