"""The target of a request: host, path, query (RFC 9112 section 3.2), and the path as it may be shown."""

import re
from typing import Final
from urllib.parse import unquote

import msgspec

from iotscan.model.text import safe_text
from iotscan.wire.secret_forms.opaque import masked

_ABSOLUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}://([^/?#]*)([^?#]*)(?:\?([^#]*))?")
_LONGEST: Final = 300


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
        host, path, query = absolute[1], absolute[2] or "/", absolute[3] or ""
    else:
        host, (path, _, query) = "", target.partition("?")
    return Target(path=path, query=query.partition("#")[0], host=read_host(host), shown=shown_path(path))


def shown_path(path: str) -> str:
    """A path as safe text; a segment that looks like a token, or is an address of mail, does not stand in it."""
    segments = path[:2048].split("/")
    shown = "/".join(map(_shown, segments, ("", *segments)))
    return safe_text(shown.encode("latin-1", "replace"), _LONGEST)


def _shown(segment: str, before: str) -> str:
    plain = unquote(segment) if "%" in segment else segment
    hidden = masked(plain, after=before)
    return masked(segment, after=before) if hidden == plain else hidden


def read_host(authority: str) -> str:
    """The name or address in ``host:port``, in lower case and safe, without who logs in there; empty for what is none.

    RFC 3986 section 3.2: the port may be empty.
    """
    authority = authority.strip().rpartition("@")[2]
    if authority.startswith("["):
        return safe_text(authority[1:].partition("]")[0].lower(), 60)
    name, colon, port = authority.rpartition(":")
    if port and colon and not port.isdigit():  # who logs in, and no port
        return ""
    host = name if colon else authority
    return safe_text(host.rstrip(".").lower().encode("latin-1", "replace"), 253) if " " not in host else ""
