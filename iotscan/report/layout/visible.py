"""Text as every writer may put it into a file, whoever made it."""

from unicodedata import category

_STEP = 4
"""Columns of a tab."""


def visible(text: str) -> str:
    r"""``text`` on one line with nothing that steers or hides: such a character is spelt out, as ``\x1b``.

    What is printable in Python is also a character of XML 1.0: no control, no lone surrogate, no U+FFFE.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if category(c) == "Zs" else _spelt(c) for c in text.expandtabs(_STEP))


def _spelt(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
