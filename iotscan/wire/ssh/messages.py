"""Messages of the transport and of authentication (RFC 4250 section 4.1, RFC 4252, RFC 4253, RFC 8308).

Every reader takes a payload, gives None for any other bytes, and never raises.
"""

from typing import Final

import msgspec

from iotscan.wire.ssh.fields import Cut, Reader, names, string, uint32

DISCONNECT: Final = 1
IGNORE: Final = 2
UNIMPLEMENTED: Final = 3
DEBUG: Final = 4
SERVICE_REQUEST: Final = 5
SERVICE_ACCEPT: Final = 6
EXT_INFO: Final = 7
KEXINIT: Final = 20
NEWKEYS: Final = 21
USERAUTH_REQUEST: Final = 50
USERAUTH_FAILURE: Final = 51
USERAUTH_SUCCESS: Final = 52
USERAUTH_BANNER: Final = 53
MEANINGLESS: Final = frozenset({IGNORE, UNIMPLEMENTED, DEBUG})
"""What may come at any time and changes nothing."""
_BY_APPLICATION: Final = 11
_MOST_EXTENSIONS: Final = 64


class Disconnect(msgspec.Struct, frozen=True, kw_only=True):
    """Why the other side ends the conversation: a number of RFC 4250 section 4.2.2, and words."""

    reason: int
    words: bytes


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answers to a login that it does not take: the methods that may go on (RFC 4252 section 5.1)."""

    methods: tuple[str, ...]
    is_partial: bool


def disconnect(words: str) -> bytes:
    """The payload that ends a conversation in order, by the application."""
    return bytes([DISCONNECT]) + uint32(_BY_APPLICATION) + string(words.encode()) + string(b"")


def read_disconnect(payload: bytes) -> Disconnect | None:
    """The end, as the other side tells it; a message that is cut short ends it, too."""
    if payload[:1] != bytes([DISCONNECT]):
        return None
    reader = Reader(payload[1:])
    reason, words = 0, b""
    try:
        reason = reader.uint32()
        words = reader.string()
    except Cut:
        pass
    return Disconnect(reason=reason, words=words)


def new_keys() -> bytes:
    """The payload after which our side uses the new keys."""
    return bytes([NEWKEYS])


def service_request(service: str = "ssh-userauth") -> bytes:
    """The payload that asks for the way to log in."""
    return bytes([SERVICE_REQUEST]) + string(service.encode())


def none_request(user: str) -> bytes:
    """The payload that asks which methods there are, for a user: RFC 4252 section 5.2."""
    return bytes([USERAUTH_REQUEST]) + string(user.encode()) + string(b"ssh-connection") + string(b"none")


def read_failure(payload: bytes) -> Failure | None:
    """The methods that may go on."""
    if payload[:1] != bytes([USERAUTH_FAILURE]):
        return None
    reader = Reader(payload[1:])
    try:
        return Failure(methods=reader.names(), is_partial=reader.byte() != 0)
    except Cut:
        return None


def failure(methods: tuple[str, ...]) -> bytes:
    """The payload of a server that takes no login so: for servers of our own."""
    return bytes([USERAUTH_FAILURE]) + names(methods) + b"\0"


def read_banner(payload: bytes) -> bytes | None:
    """What a server wants to be read before a login (RFC 4252 section 5.4)."""
    if payload[:1] != bytes([USERAUTH_BANNER]):
        return None
    try:
        return Reader(payload[1:]).string()
    except Cut:
        return None


def read_extensions(payload: bytes) -> dict[str, bytes] | None:
    """Extensions by name (RFC 8308 section 2.3), the first of each; 64 at most."""
    if payload[:1] != bytes([EXT_INFO]):
        return None
    reader = Reader(payload[1:])
    found: dict[str, bytes] = {}
    try:
        for _ in range(min(reader.uint32(), _MOST_EXTENSIONS)):
            name, value = reader.string(), reader.string()
            found.setdefault(name.decode("latin-1"), value)
    except Cut:
        return None
    return found


def read_signature_algorithms(payload: bytes) -> tuple[str, ...] | None:
    """With which algorithms users may sign (RFC 8308 section 3.1); None where the server says nothing of it."""
    value = (read_extensions(payload) or {}).get("server-sig-algs")
    if value is None:
        return None
    try:
        return Reader(string(value)).names()
    except Cut:
        return None
