"""What a server says unasked in a conversation that was just opened: data, or that it wants a login. Never raises.

Records may hold a token, a password or an author: a word among them asks for nothing.
"""

import re
from typing import Any, Final, Literal

import msgspec

from iotscan.wire.api_data import read_data

Says = Literal["", "data", "asks"]
_LOOKED_AT: Final = 1024
_ASKING: Final = re.compile(r"auth(?!or(?!i[sz]))|log ?in|token|password|credential|unauthor|forbidden")
"""Words of who wants a login, in lower case; an author is none."""


def read_first_words(payload: bytes) -> Says:
    """By the shape of a message: empty where it tells neither, and where it may be either."""
    if not read_data(payload):
        return "asks" if _ASKING.search(_words(payload)) else ""
    return "" if _ASKING.search(_outer_values(payload)) else "data"


def _words(payload: bytes) -> str:
    """What may ask: of an object no name of a text or number, as that gives what it names."""
    document = _object(payload)
    if document is None:
        return payload[:_LOOKED_AT].decode("utf-8", "replace").lower()
    given = {name for name, value in document.items() if isinstance(value, str | int | float) and value is not True}
    names = " ".join(name for name in document if name not in given)
    inner = " ".join(str(value) for value in document.values() if isinstance(value, dict | list))
    return f"{names} {_outer_values(payload)} {inner}"[:_LOOKED_AT].lower()


def _outer_values(payload: bytes) -> str:
    values = (_object(payload) or {}).values()
    return " ".join(value for value in values if isinstance(value, str))[:_LOOKED_AT].lower()


def _object(payload: bytes) -> dict[str, Any] | None:
    try:
        document = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
