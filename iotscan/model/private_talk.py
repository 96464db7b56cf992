"""What in the facts of traffic is a name or an identifier: for pseudonyms."""

import re
from collections.abc import Iterator
from typing import Final

from iotscan.model.facts import AnyFact, Exposures, ProtocolUse, TlsUse, TrafficProfile, UpdateUse
from iotscan.model.facts.traffic import Use

Private = Iterator[tuple[str, str]]
"""Kind and value; a ``url`` stands for the host in it."""

_SYSTEM_USERS: Final = frozenset(
    """
    root admin administrator user guest daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc
    gnats nobody messagebus sshd systemd-network systemd-resolve systemd-timesync ftp network ubus dnsmasq ntp avahi
    logd mosquitto nginx rpc rpcuser dbus halt shutdown operator adm default support service tty disk wheel http
    """.split()  # noqa: SIM905  # as prose it can be read
)
_WHOSE: Final = re.compile(
    r"(?<!header )(?<!query )(?<!body )(?<!form )(?<!message )(?<!answer )of (?:user )?(\S+)|user (\S+)"
)
"""How readers say who logs in: ``HTTP Basic password of admin``, ``psk of bob in the body of /wifi``, ``user ann``."""


def is_system_user(name: str) -> bool:
    """Whether many systems have an account of that name: it is nobody's."""
    return name in _SYSTEM_USERS


def in_traffic(fact: AnyFact) -> Private:
    """Names of hosts that devices talked to, and what devices call themselves there."""
    match fact:
        case TrafficProfile():
            yield from _peers(fact.talks)
        case TlsUse():
            yield from _peers(fact.sessions)
            for session in fact.sessions:
                yield "host", session.server_name
                yield "serial", session.psk_identity
                yield "serial", session.psk_hint
                shown = session.proof.certificates if session.proof else ()
                own = (session.client_certificate,) if session.client_certificate else ()
                yield from (("host", name) for c in (*shown, *own) for name in c.names)
        case ProtocolUse():
            yield from _said(fact)
        case Exposures():
            yield from _peers(fact.exposures)
            yield from _peers(fact.tokens)
            yield from (found for exposure in fact.exposures for found in _users(exposure.what))
            yield from (("user", e.account) for e in fact.exposures if not is_system_user(e.account.lower()))
            for token in (use.token for use in fact.tokens):
                yield from (("url", word) for word in (token.issuer, *token.audience) if "." in word)
        case UpdateUse():
            yield from _peers(fact.contacts)
            yield from (("host", contact.host) for contact in fact.contacts)
        case _:
            pass


def _said(fact: ProtocolUse) -> Private:
    for uses in (fact.http, fact.mqtt, fact.coap, fact.lwm2m, fact.names, fact.time, fact.other):
        yield from _peers(uses)
    yield from (("host", exchange.host.partition(":")[0]) for exchange in fact.http)
    yield from (("serial", session.client_id) for session in fact.mqtt)
    yield from (("serial", contact.endpoint) for contact in fact.lwm2m)
    yield from (("host", question.name) for question in fact.names)
    yield from (found for talk in fact.other for word in talk.words for found in _users(word))


def _users(told: str) -> Private:
    for found in _WHOSE.finditer(told):
        name = found[1] or found[2]
        # ``somebody`` is our own word; a path and a topic have slashes.
        if "/" not in name and name not in ("somebody", "mail", "a", "*") and not is_system_user(name.lower()):
            yield "user", name


def _peers(uses: tuple[Use, ...]) -> Private:
    yield from (("host", use.peer.name) for use in uses if use.peer.name)
