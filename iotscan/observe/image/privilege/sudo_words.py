"""The words of sudoers(5), which mean another thing in another place: after a path, in ``Defaults``, in an alias.

Of the alternatives at a place the longest holds, of two that are as long the first, as sudo's own scanner has it.
A place where nothing fits is a word of kind ``error``: sudo then passes over the line, and so does who reads on.
"""

import re
from collections.abc import Iterator

import msgspec

_WORD = r"(?:[^#>!=:,() \t\r\n\\\"]|\\[^\t\n])+"
_ID = r"#-?[0-9]+"
_PATH = r"/(?:\\[,:= \t#]|[^,:=\\ \t\r\n#])+"
_TAGS = (
    "NOPASSWD|PASSWD|NOEXEC|EXEC|SETENV|NOSETENV|LOG_INPUT|NOLOG_INPUT|LOG_OUTPUT|NOLOG_OUTPUT|FOLLOW|NOFOLLOW|MAIL|"
    "NOMAIL|INTERCEPT|NOINTERCEPT"
)
_OPTIONS = "TIMEOUT|NOTBEFORE|NOTAFTER|CWD|CHROOT|ROLE|TYPE|APPARMOR_PROFILE|PRIVS|LIMITPRIVS"
_USUAL = [
    ("include", re.compile(r"@include(?:dir)?(?=[ \t\"])")),
    ("tag", re.compile(rf"(?:{_TAGS})[ \t]*:")),
    ("all", re.compile(r"ALL")),
    ("option", re.compile(rf"(?:{_OPTIONS})[ \t]*=[ \t]*(?:\"[^\"\r\n]*\"|{_PATH}|{_WORD})")),
    ("alias", re.compile(r"[A-Z][A-Z0-9_]*")),
    ("digest", re.compile(r"sha(?:224|256|384|512)[ \t]*:[ \t]*[A-Za-z0-9+/=]+(?![^ \t,])")),
    ("command", re.compile(r"sudoedit")),
    ("command", re.compile(_PATH)),
    ("command", re.compile(r"\^(?:[^#\r\n$]|\\[#$])*\$")),
    ("netgroup", re.compile(rf"\+{_WORD}")),
    ("group", re.compile(rf"%:?(?:{_WORD}|{_ID})")),
    ("word", re.compile(r"[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:./]*")),
    ("word", re.compile(rf"{_ID}|{_WORD}")),
    ("sign", re.compile(r"[(),=:]")),
]  # fmt: skip
_AT_START = (
    ("include", re.compile(r"#include(?:dir)?(?=[ \t]+)")),
    ("defaults", re.compile(rf"[ \t]*Defaults(?:[:@>!](?=[ \t]*!*\"?(?:{_ID}|{_WORD}|/))|(?=[ \t\r\n]|$))")),
    ("aliases", re.compile(rf"[ \t]*(?:Host|Cmnd|Cmd|User|Runas)_Alias(?!{_WORD})")),
)
_BLANKS = re.compile(r"(?:[ \t]|\\[ \t]*\r?\n)+")
_COMMENT = re.compile(r"#(?!-?[0-9]).*|\r(?=\n)")
_ARGUMENT = re.compile(r"\\[*?\[\]!^:\\,= \t#]|=?[^#\\:,= \t\r\n][^#\\:, \t\r\n]*|=[^#\\:, \t\r\n]+")
_PATTERN = re.compile(r"\^(?:\\[^\r\n]|[^#\\\r\n$])*\$")
_NAMED_FILE = re.compile(r"\"([^\"\r\n]+)\"|([^\"\s](?:[^\s\\]|\\[ \t]?)*)")
_STRING = re.compile(r"\"((?:[^\"\r\n\\]|\\\r?\n|\\[^\r\n])+)\"")
_VALUE = re.compile(r"(?:[^#!=, \t\r\n\\\"]|\\[^\r\n])(?:[^#=, \t\r\n\\\"]|\\[^\r\n])*")
_NOT = re.compile("!+")
_COMMA = re.compile(r"[ \t]*,[ \t]*")
_SIGN = re.compile(r"[+-]?=")
_QUOTED = re.compile(r"\\([,:= \t#])")
_SETTING = re.compile(r"[a-z_]+")


class Word(msgspec.Struct, frozen=True):
    """A word, the line (from 1) where it stands, and the arguments of a command (None where none are said)."""

    kind: str
    text: str
    line: int
    arguments: str | None = None


class Words:
    """The words of one file."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0

    def __iter__(self) -> Iterator[Word]:
        """Every word; ``end`` closes each line, and the file."""
        is_start = True
        while self._at < len(self._text):
            if is_start and (found := self._first(_AT_START)):
                is_start = False
                yield found
                if found.kind == "include":
                    yield self._file()
                elif found.kind == "defaults":
                    yield from self._defaults(found.text[-1] in ":@>!")
                continue
            is_start = False
            if self._take(_BLANKS):
                continue
            if self._text[self._at] == "\n":
                yield self._word("end", "")
                self._at += 1
                is_start = True
            else:
                yield from self._next()
        yield self._word("end", "")

    def _next(self) -> Iterator[Word]:
        """The word here with what belongs to it."""
        if self._take(_COMMENT) is not None:
            return
        if signs := self._take(_NOT):
            if len(signs) % 2:
                yield self._word("not", "!")
            return
        if self._text[self._at] == '"':
            yield self._string()
            return
        found = self._longest()
        if found is None:
            yield self._error()
            return
        if found.kind == "include":
            yield found
            yield self._file()
        elif found.kind == "command" and not found.text.endswith("/"):
            yield from self._arguments(_unquoted(found))
        else:
            yield found

    def _longest(self) -> Word | None:
        if self._text[self._at] in "(),=":
            self._at += 1
            return Word("sign", self._text[self._at - 1], self._word("", "").line)
        best = ("", "")
        for kind, pattern in _USUAL:
            match = pattern.match(self._text, self._at)
            if match and len(match[0]) > len(best[1]):
                best = (kind, match[0])
        # A group or a netgroup without a name is an error of its own.
        if not best[0] or best[1] in ("+", "%"):
            return None
        word = self._word(*best)
        self._at += len(best[1])
        return word

    def _first(self, patterns: tuple[tuple[str, re.Pattern[str]], ...]) -> Word | None:
        for kind, pattern in patterns:
            match = pattern.match(self._text, self._at)
            if match:
                word = self._word(kind, match[0].strip())
                self._at = match.end()
                return word
        return None

    def _arguments(self, command: Word) -> Iterator[Word]:
        said: list[str] = []
        line = command.line
        is_near = False
        while True:
            is_near = self._take(_BLANKS) is None and is_near
            pattern = _PATTERN if not said and self._text[self._at : self._at + 1] == "^" else _ARGUMENT
            piece = self._take(pattern)
            if piece is None:
                break
            if len(piece) == 2 and piece[0] == "\\" and piece[1] in ":\\,= \t#":
                piece = piece[1]
            if is_near:
                said[-1] += piece
            else:
                said.append(piece)
            is_near = True
            if pattern is _PATTERN:
                break
        if self._at < len(self._text) and self._text[self._at] not in "#:,=\r\n" and pattern is not _PATTERN:
            yield self._error()
            return
        yield Word("command", command.text, line, " ".join(said) if said else None)

    def _string(self) -> Word:
        match = _STRING.match(self._text, self._at)
        if match is None:
            return self._error()
        text = match[1]
        word = self._word({"%": "group", "+": "netgroup"}.get(text[0], "word"), text)
        self._at = match.end()
        return word

    def _file(self) -> Word:
        self._take(_BLANKS)
        match = _NAMED_FILE.match(self._text, self._at)
        if match is None:
            return self._error()
        word = self._word("file", match[1] or re.sub(r"\\([ \t])", r"\1", match[2]))
        self._at = match.end()
        return word

    def _defaults(self, is_bound: bool) -> Iterator[Word]:
        """The list of whom they are for, then the settings, to the end of the line."""
        self._take(_BLANKS)
        while is_bound and self._at < len(self._text) and self._text[self._at] != "\n":
            # A path has no arguments here: the first blank that is not beside a comma ends the list.
            found = [self._string()] if self._text[self._at] == '"' else list(self._one_bound())
            yield from found
            if found and found[0].kind == "error":
                return
            if self._take(_COMMA):
                yield self._word("sign", ",")
            elif self._take(_BLANKS):
                break
        yield self._word("settings", "")
        while self._at < len(self._text) and self._text[self._at] != "\n":
            if self._take(_BLANKS) or self._take(_COMMENT):
                continue
            if signs := self._take(_NOT):
                if len(signs) % 2:
                    yield self._word("not", "!")
            elif name := self._take(_SETTING):
                yield self._word("setting", name)
                yield from self._value()
            else:
                yield self._error()
                return

    def _one_bound(self) -> Iterator[Word]:
        if signs := self._take(_NOT):
            if len(signs) % 2:
                yield self._word("not", "!")
            return
        found = self._longest()
        if found is None:
            yield self._error()
        else:
            yield found

    def _value(self) -> Iterator[Word]:
        self._take(_BLANKS)
        if sign := self._take(_SIGN):
            self._take(_BLANKS)
            if self._text[self._at : self._at + 1] == '"':
                yield Word("value", self._string().text, self._line, sign)
            else:
                value = self._take(_VALUE)
                if value is None:
                    yield self._error()
                    return
                yield Word("value", value, self._line, sign)
            self._take(_BLANKS)
        if self._take(_COMMA):
            yield self._word("sign", ",")

    def _error(self) -> Word:
        """Passes over the rest of the line."""
        word = self._word("error", "")
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end
        return word

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self._text, self._at)
        if match is None or not match[0]:
            return None
        self._at = match.end()
        return match[0]

    def _word(self, kind: str, text: str) -> Word:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return Word(kind, text, self._line)


def _unquoted(command: Word) -> Word:
    """A path without the backslashes before what means something here; sudo knows its own editor by any path."""
    if command.text.startswith("^"):
        return command
    text = _QUOTED.sub(r"\1", command.text)
    return Word("command", "sudoedit" if text.endswith("/sudoedit") else text, command.line)
