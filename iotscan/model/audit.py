"""What a scan sends, one thing at a time, as the audit log keeps it."""

from typing import Literal

import msgspec

SendKind = Literal["knock", "connect", "tls", "library", "payload", "datagram", "multicast", "sweep", "program"]
"""A knock of the port sweep; a connection for a conversation; a TLS handshake on it; the connection handed to
a protocol library, which speaks by itself; bytes on a connection; a datagram; a question to a multicast group;
a sweep of a whole range through the raw helper (docs/decisions/0024); a program of others that connects by itself, once
(docs/decisions/0033)."""
Transport = Literal["tcp", "udp", "arp", "ndp", "icmp"]


class Send(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing about to be sent: what, where to, at which probe's wish.

    ``length`` counts bytes; ``sha256`` is the hash of them, left out where they may hold a secret. Of a sweep
    ``to`` is the range, first and last; ``frames`` is how many it, or a question to all, may take of the raw helper.
    """

    kind: SendKind
    to: str
    transport: Transport
    port: int
    probe: str = ""
    length: int = 0
    sha256: str = ""
    frames: int = 0
    argv: tuple[str, ...] = ()
    """The words that a program is started with."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who started the program, where and with which words; folders in them are left out."""

    argv: tuple[str, ...] = ()
    operator: str = ""
    host: str = ""


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """The first entry: of which run this is the log."""

    schema: str
    run: str
    tool: str
    scope_sha256: str
    scope_file_sha256: str
    profile_sha256: str
    caller: Caller


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """The run goes on. ``torn`` bytes of an entry that a crash cut short were dropped: it was never sent."""

    caller: Caller
    torn: int = 0


class End(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing was sent after this: how the run ended, and how many sends of each kind the log holds."""

    status: str
    counts: dict[str, int]


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the log. ``previous`` is the SHA-256 of the line before, without its line feed.

    ``at`` is the wall clock in UTC, ``monotonic`` the clock that nobody sets, in seconds.
    """

    seq: int
    previous: str
    at: str
    monotonic: float
    begin: Begin | None = None
    resumed: Resumed | None = None
    send: Send | None = None
    end: End | None = None
