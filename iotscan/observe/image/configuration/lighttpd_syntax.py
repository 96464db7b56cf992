"""lighttpd's files: settings, variables, lists, conditions and what they include (lighttpd "Configuration" manual)."""

import posixpath
import re
from collections.abc import Iterator

import msgspec

from iotscan.observe.image.configuration.places import Reading
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.unreadable import Unreadable

Value = str | list[tuple[str, "Value"]]
"""A text or number, or a list of (key, value), the key empty where there is none."""
_TOKEN = re.compile(
    r"""(?P<gap>\s+|\#[^\n]*)|"(?P<string>(?:[^"\\]|\\.)*+)(?:"|\\?\Z)|(?P<sign>\+=|:=|=>|==|!=|=~|!~|=\^|=\$|[={}(),+\[\]])"""
    r"""|(?P<word>[\w$.:/*-]+)|(?P<other>.)""",
    re.S,
)
"""A string that does not end is all that is left: looked for once."""
_OPERATORS = ("==", "!=", "=~", "!~", "=^", "=$")
_DEPTH = 12
_MOST = 100_000


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One assignment; ``within`` are the conditions around it: (``SERVER socket``, ``==``, ``:443``)."""

    key: str
    value: Value
    adds: bool
    within: tuple[tuple[str, str, str], ...]
    path: str
    line: int


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A condition and where it stands, empty or not."""

    condition: tuple[str, str, str]
    within: tuple[tuple[str, str, str], ...]
    path: str
    line: int


Statement = Setting | Opened
_Token = tuple[str, str, int]
"""``string``, ``sign`` or ``word``; the text; its line."""


class Parser:
    """All statements of a file and of those it includes; variables are shared between them."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._known: dict[str, Value] = {}
        self._count = 0

    def statements(
        self, path: str, within: tuple[tuple[str, str, str], ...] = (), depth: int = 0
    ) -> Iterator[Statement]:
        """The statements of a file, in the order in which they count. Raises Unreadable."""
        tokens = _Tokens("\n".join(self._reading.lines(path)))
        around = [within]
        while (token := tokens.take()) is not None:
            kind, text, line = token
            self._count += 1
            if self._count > _MOST or len(around) > _DEPTH:
                raise Unreadable("it is too long, or nested too deeply")
            if text == "}" and kind == "sign":
                around = around[:-1] if len(around) > 1 else around
            elif kind == "word" and text.startswith("$"):
                condition = self._condition(tokens, text)
                if condition is not None:
                    yield Opened(condition=condition, within=around[-1], path=path, line=line)
                    around.append((*around[-1], condition))
            elif kind == "word" and text == "else" and tokens.at("{"):
                tokens.take()
                around.append((*around[-1], ("else", "", "")))
            elif kind == "word" and text in ("include", "include_shell"):
                value = self._value(tokens)
                if text == "include" and isinstance(value, str) and depth < _DEPTH:
                    for name in globbed(self._reading.tree, posixpath.join(posixpath.dirname(path), value)):
                        yield from self.statements(name, around[-1], depth + 1)
            elif kind == "word" and tokens.at("=", "+=", ":="):
                sign = tokens.take()
                value = self._value(tokens)
                if text.startswith("var."):
                    self._known[text] = value
                adds = sign is not None and sign[1] == "+="
                yield Setting(key=text, value=value, adds=adds, within=around[-1], path=path, line=line)

    def _condition(self, tokens: "_Tokens", name: str) -> tuple[str, str, str] | None:
        words = [name.lstrip("$")]
        operator = ""
        while (token := tokens.take()) is not None:
            kind, text, _ = token
            if text in _OPERATORS and kind == "sign":
                operator = text
                value = self._value(tokens)
                if tokens.at("{"):
                    tokens.take()
                    return " ".join(words), operator, value if isinstance(value, str) else ""
                return None
            if kind == "string":
                words.append(text)
            elif text not in ("[", "]"):
                return None
        return None

    def _value(self, tokens: "_Tokens", depth: int = 0) -> Value:
        value = self._term(tokens, depth)
        while tokens.at("+"):
            tokens.take()
            more = self._term(tokens, depth)
            if isinstance(value, str) and isinstance(more, str):
                value = value + more
            elif isinstance(value, list) and isinstance(more, list):
                value = [*value, *more]
        return value

    def _term(self, tokens: "_Tokens", depth: int) -> Value:
        token = tokens.take()
        if token is None or depth > _DEPTH:
            return ""
        kind, text, _ = token
        if kind == "sign" and text == "(":
            return self._list(tokens, depth)
        return self._known.get(text, text) if kind == "word" else text

    def _list(self, tokens: "_Tokens", depth: int) -> Value:
        found: list[tuple[str, Value]] = []
        while not tokens.at(")") and not tokens.is_done:
            if tokens.at(","):
                tokens.take()
                continue
            value = self._value(tokens, depth + 1)
            if tokens.at("=>") and isinstance(value, str):
                tokens.take()
                found.append((value, self._value(tokens, depth + 1)))
            else:
                found.append(("", value))
        tokens.take()
        return found


class _Tokens:
    def __init__(self, text: str) -> None:
        self._next = self._read(text)
        self._ahead = next(self._next, None)

    @property
    def is_done(self) -> bool:
        return self._ahead is None

    def at(self, *signs: str) -> bool:
        return self._ahead is not None and self._ahead[0] == "sign" and self._ahead[1] in signs

    def take(self) -> _Token | None:
        token, self._ahead = self._ahead, next(self._next, None)
        return token

    @staticmethod
    def _read(text: str) -> Iterator[_Token]:
        line = 1
        for found in _TOKEN.finditer(text):
            kind = found.lastgroup
            if kind in ("string", "sign", "word"):
                yield kind, found[kind], line
            line += found[0].count("\n")
