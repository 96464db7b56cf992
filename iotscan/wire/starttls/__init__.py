"""How a protocol that begins in the clear comes to TLS: one :class:`Opening` for each."""

from collections.abc import Callable
from typing import Final

from iotscan.wire.starttls import databases, ldap, lines, xmpp
from iotscan.wire.starttls.opening import Opening

_OPENINGS: Final[dict[str, Callable[[str], Opening]]] = {
    "ftp": lambda _: Opening(lines.ftp(), lines.numbered),
    "smtp": lambda _: Opening(lines.smtp(), lines.numbered),
    "imap": lambda _: Opening(lines.imap(), lines.line),
    "pop3": lambda _: Opening(lines.pop3(), lines.line),
    "ldap": lambda _: Opening(ldap.ldap(), ldap.message),
    "xmpp": lambda name: Opening(xmpp.xmpp(name), xmpp.tag),
    "postgresql": lambda _: Opening(databases.postgresql(), databases.postgresql_answer),
    "mysql": lambda _: Opening(databases.mysql(), databases.packet),
}
PROTOCOLS: Final = frozenset(_OPENINGS)
"""The protocols that can go over to TLS after a word in the clear."""


def opening(protocol: str, name: str) -> Opening:
    """The opening of one of :data:`PROTOCOLS`; ``name`` is the host or domain we come to see."""
    return _OPENINGS[protocol](name)
