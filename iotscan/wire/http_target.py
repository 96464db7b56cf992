"""The target of a request: host, path, query (RFC 9112 section 3.2), and the path as it may be shown."""

import re
from typing import Final

import msgspec

from iotscan.model.text import safe_text
from iotscan.wire.secret_forms.placeholders import entropy

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}://([^/?#]*)([^?#]*)(?:\?([^#]*))?")
_TOKEN: Final = re.compile(r"(?:bot[0-9]{8,10}:)?[A-Za-z0-9_.~+=:%-]{24,}")
_IDENTIFIER: Final = re.compile(r"[0-9A-Fa-f:_.-]*")
"""Numbers, hardware addresses, UUIDs, digests."""
_HIDDEN: Final = "[hidden]"
_LONGEST: Final = 300
_RANDOM: Final = 3.7
"""Bits a character: words of a language are below it."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """``path`` and ``query`` as they came (raw), ``shown`` the path as safe text without what looks like a token."""

    path: str
    query: str = ""
    host: str = ""
    shown: str = ""


def read_target(target: str) -> Target:
    """The parts of a target in any of its forms. Never raises."""
    absolute = _ABSOLUTE.match(target)
    if absolute is not None:
        host, path, query = absolute[1].rpartition("@")[2], absolute[2] or "/", absolute[3] or ""
    else:
        host, (path, _, query) = "", target.partition("?")
    return Target(path=path, query=query.partition("#")[0], host=read_host(host), shown=shown_path(path))


def shown_path(path: str) -> str:
    """A path as safe text; a segment that looks like a token does not stand in it."""
    segments = [_HIDDEN if looks_like_token(segment) else segment for segment in path[:2048].split("/")]
    return safe_text("/".join(segments).encode("latin-1", "replace"), _LONGEST)


def looks_like_token(segment: str) -> bool:
    """Long, drawn at random, with letters of both kinds and digits: an identifier has fewer, a name is of words."""
    if len(segment) < 24 or not _TOKEN.fullmatch(segment) or _IDENTIFIER.fullmatch(segment):
        return False
    stem = re.sub(r"\.[A-Za-z]{1,4}\Z", "", segment)
    kinds = (str.islower, str.isupper, str.isdigit)
    if not all(any(kind(c) for c in stem) for kind in kinds) or entropy(stem.encode()) < _RANDOM:
        return False
    longest = max(len(word) for word in re.split(r"[-_.:]", stem))
    return longest >= 20


def read_host(authority: str) -> str:
    """The name or address in ``host:port``, in lower case and safe; empty for what is none."""
    authority = authority.strip()
    if authority.startswith("["):
        return safe_text(authority[1:].partition("]")[0].lower(), 60)
    name, colon, port = authority.rpartition(":")
    host = name if colon and port.isdigit() else authority
    return safe_text(host.rstrip(".").lower().encode("latin-1", "replace"), 253) if " " not in host else ""
