"""Text from devices made safe, once, where it enters.

Everything a device says may carry terminal escapes, bidirectional overrides or markup. Facts only
ever hold text that went through :func:`safe_text`; writers need not think of it again (they still
escape for their own format).
"""

import unicodedata

DEFAULT_LIMIT = 200
"""Characters kept of one device string unless the caller says otherwise."""

_INVISIBLE = frozenset("\u2028\u2029\ufeff\u00ad\u034f\u061c\u180e")


def _is_unsafe(character: str) -> bool:
    category = unicodedata.category(character)
    # Cc: C0, DEL, C1. Cf: bidi overrides and isolates, zero width. Cs: lone surrogates. Co/Cn: private, unassigned.
    return category in ("Cc", "Cf", "Cs", "Co", "Cn") or character in _INVISIBLE


def _visible(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def safe_text(raw: bytes | str, limit: int = DEFAULT_LIMIT) -> str:
    r"""Return ``raw`` as one printable line of at most ``limit`` characters.

    Bytes are read as UTF-8 with undecodable bytes shown as ``\xNN``. Runs of line breaks and tabs
    become one space; any other control, format, surrogate or unassigned character becomes a visible
    escape. Cut text ends in ``…``. Never raises.
    """
    # Four bytes are the most one character takes: decoding more would be work for nothing.
    piece = raw[: limit * 4 + 4]
    text = piece.decode("utf-8", "backslashreplace") if isinstance(piece, bytes) else piece
    text = " ".join(text.split())
    if text.isascii() and text.isprintable():  # most of all text: nothing in it is unsafe or composed
        return text if len(text) <= limit else text[: limit - 1] + "…"
    text = unicodedata.normalize("NFC", text)
    shown = "".join(_visible(c) if _is_unsafe(c) else c for c in text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
