"""Where a page says that it opens a WebSocket. Scripts are not run: what they put together is not seen."""

import re
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

_LOOKED_AT: Final = 1024 * 1024
_ADDRESS: Final = re.compile(rb"ws://[\x21\x23-\x26\x28-\x3b\x3d\x3f-\x5b\x5d-\x5f\x61-\x7e]{1,200}", re.IGNORECASE)
_OPENED: Final = re.compile(rb"\bWebSocket\s?\(([^;\r\n]{0,200})", re.IGNORECASE)
_PATH: Final = re.compile(rb"[\"'`}](/[\w.~-][\x21\x23-\x26\x28-\x5f\x61-\x7e]{0,200})[\"'`]", re.ASCII)
"""The end of a string that is put together; no ``//``, which comes before a host."""
_MANY: Final = 8


def socket_paths(page: bytes) -> tuple[str, ...]:
    """Paths of WebSockets that the text names, in its order; ``/`` where it opens one and names no path. Never raises.

    The host of an address is left out: devices write their own in, or a placeholder.
    """
    text = page[:_LOOKED_AT]
    found = [_path_of(address[0]) for address in islice(_ADDRESS.finditer(text), _MANY)]
    for opened in islice(_OPENED.finditer(text), _MANY):
        if not _ADDRESS.search(opened[1]):
            quoted = _PATH.search(opened[1])
            found.append(quoted[1].decode("ascii") if quoted else "/")
    return tuple(dict.fromkeys(path for path in found if path and "$" not in path))


def _path_of(address: bytes) -> str:
    try:
        parts = urlsplit(address.decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return ""
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
