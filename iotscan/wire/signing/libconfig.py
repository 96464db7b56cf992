"""Configuration files of libconfig, to dicts, lists and scalars.

Source: libconfig manual, "Configuration File Grammar". ``@include`` is refused: it reads other files.
"""

import re
from typing import Any, Final

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+|\#[^\n]*|//[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:[^"\\]++|\\.)*+")
    |(?P<number>[-+]?(?:0[xX][0-9A-Fa-f]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)L{0,2})
    |(?P<name>[A-Za-z*][-A-Za-z0-9_*]*)
    |(?P<mark>[=:;,{}\[\]()])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "a": "\a", "b": "\b", "v": "\v"}
_DEPTH: Final = 32
_TOKENS: Final = 200_000
_CLOSES: Final = {"{": "}", "[": "]", "(": ")"}
_LONGEST_NUMBER: Final = 40
_LONGEST_JOINED: Final = 64 << 10
"""Characters of a text to which another one is put."""


class NotConfiguration(ValueError):
    """The text is no configuration, or nests too deep."""


class _Reader:
    """The containers that are open, innermost last, each with what closes it."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self.open: list[tuple[Any, str]] = [(self.root, "")]
        self.name: str | None = None
        self.wants_value = False

    def take(self, kind: str, text: str) -> None:
        inside, closes = self.open[-1]
        if isinstance(inside, dict) and not self.wants_value:
            self._setting(kind, text, closes)
        elif text == closes and isinstance(inside, list):
            self.open.pop()
        elif isinstance(inside, list) and text == "," and kind == "mark":
            return
        else:
            self._value(kind, text)

    def _setting(self, kind: str, text: str, closes: str) -> None:
        if self.name is not None:
            if kind != "mark" or text not in "=:":
                raise NotConfiguration("a name without a value")
            self.wants_value = True
        elif kind == "name":
            if text in self.open[-1][0]:
                raise NotConfiguration("a name that stands twice in one group")
            self.name = text
        elif kind == "mark" and text == closes:
            self.open.pop()
        elif kind == "string":
            # Strings side by side are one (grammar, "string").
            group = self.open[-1][0]
            last = next(reversed(group), None)
            if last is None or not isinstance(group[last], str):
                raise NotConfiguration("a value without a name")
            if len(group[last]) > _LONGEST_JOINED:
                raise NotConfiguration("a text that is too long")
            group[last] += unescaped(text)
        elif kind != "mark" or text not in ";,":
            raise NotConfiguration("something that is no setting")

    def _value(self, kind: str, text: str) -> None:
        value: Any
        if kind == "mark":
            if text not in _CLOSES or len(self.open) >= _DEPTH:
                raise NotConfiguration("something that is no value, or nests too deep")
            value = {} if text == "{" else []
        else:
            value = _scalar(kind, text)
        self._put(value)
        if kind == "mark":
            self.open.append((value, _CLOSES[text]))

    def _put(self, value: Any) -> None:
        inside = self.open[-1][0]
        if isinstance(inside, list):
            inside.append(value)
            return
        assert self.name is not None
        inside[self.name] = value
        self.name, self.wants_value = None, False


def read_libconfig(text: str) -> dict[str, Any]:
    """The settings of a file. Raises :class:`NotConfiguration`. Linear in the length of the text."""
    reader, at = _Reader(), 0
    for _ in range(_TOKENS):
        if at == len(text):
            if len(reader.open) > 1 or reader.name is not None:
                raise NotConfiguration("it is cut short")
            return reader.root
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotConfiguration("something that libconfig does not know")
        at = found.end()
        if found.lastgroup and found.lastgroup != "space":
            reader.take(found.lastgroup, found[0])
    raise NotConfiguration("it is too long")


def _scalar(kind: str, text: str) -> Any:
    if kind == "string":
        return unescaped(text)
    if kind == "name":
        if text.lower() not in ("true", "false"):
            raise NotConfiguration("a word that is no value")
        return text.lower() == "true"
    digits = text.rstrip("L")
    if len(digits) > _LONGEST_NUMBER:
        raise NotConfiguration("a number that is too long")
    if "x" in digits.lower():
        return int(digits, 16)
    return float(digits) if any(c in ".eE" for c in digits) else int(digits)


def unescaped(text: str) -> str:
    """What a string in quotes stands for."""
    return _ESCAPE.sub(lambda m: chr(int(m[1][1:], 16)) if len(m[1]) == 3 else _ESCAPES.get(m[1], m[1]), text[1:-1])
