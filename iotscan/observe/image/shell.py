"""Commands of a shell script as text: nothing is run, expanded or looked up.

What is in comments, here-documents and quoted text is no command; the words of ``$(…)`` and backticks are commands of
their own beside the one they stand in (POSIX.1-2024, XCU 2.3, 2.6.3, 2.7.4). Functions count whether called or not, so
what is found here is well supported, never proved.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from iotscan.observe.image.unreadable import Unreadable

_KEYWORDS: Final = frozenset(
    {"if", "then", "elif", "else", "fi", "do", "done", "while", "until", "!", "{", "}", "time", "esac", "command"}
)
_SKIPPED_WITH_WORDS: Final = frozenset({"for", "case", "select", "function"})
_DEPTH: Final = 8
_MOST: Final = 20_000
_LONGEST_WORD: Final = 4096


class ShellCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A simple command: its words with quotes undone, the line it begins on, the pipeline it is part of.

    ``pipeline`` is the same number for all parts of ``a | b``. Redirections stand among the words: ``>``, ``file``.
    """

    words: tuple[str, ...]
    line: int
    pipeline: int

    @property
    def name(self) -> str:
        """The program without its folder; empty for an assignment alone."""
        return next((w.rpartition("/")[2] for w in self.words if not is_assignment(w)), "")


def is_assignment(word: str) -> bool:
    """True for ``NAME=value``."""
    name, sign, _ = word.partition("=")
    return bool(sign) and name.isidentifier()


def shell_commands(text: str) -> Iterator[ShellCommand]:
    """Every simple command of a script, in order; those inside ``$(…)`` after the one they stand in.

    Raises Unreadable for a script of more commands, or more deeply nested ones, than are looked at.
    """
    reader = _Reader(text, 1, 0)
    for count, command in enumerate(reader.commands(), start=1):
        if count > _MOST:
            raise Unreadable(f"a script of more than {_MOST:,} commands")
        yield command


class _Reader:
    """One pass over a text."""

    def __init__(self, text: str, line: int, depth: int, pipeline: int = 0) -> None:
        self._text = text
        self._at = 0
        self._line = line
        self._depth = depth
        self.pipeline = pipeline
        self._words: list[str] = []
        self._begun = line
        self._inner: list[tuple[str, int]] = []
        self._documents: list[tuple[str, bool]] = []
        self._open = 0

    def commands(self) -> Iterator[ShellCommand]:
        text, size = self._text, len(self._text)
        while self._at < size:
            sign = text[self._at]
            if sign in " \t\r":
                self._at += 1
            elif sign == "\\" and text.startswith("\n", self._at + 1):
                self._at += 2
                self._line += 1
            elif sign == "#":
                self._at = self._end_of_line()
            elif sign == "\n":
                yield from self._end()
                self._at += 1
                self._line += 1
                self._skip_documents()
            elif sign in ";&|()":
                yield from self._operator(sign)
            elif sign in "<>":
                self._redirect()
            else:
                self._word()
        yield from self._end()

    def _end_of_line(self) -> int:
        end = self._text.find("\n", self._at)
        return len(self._text) if end < 0 else end

    def _operator(self, sign: str) -> Iterator[ShellCommand]:
        is_pipe = sign == "|" and not self._text.startswith("||", self._at)
        self._at += 1
        if self._text.startswith(sign, self._at) and sign in ";&|":
            self._at += 1
        if sign == "(":
            # `name()` declares a function: its name is no command.
            self._words = []
            self._open += 1
        elif sign == ")":
            if self._open:
                self._open -= 1
            else:
                # The pattern of a `case`: what stood before it is no command.
                self._words = []
        yield from self._end(is_pipe=is_pipe)

    def _end(self, *, is_pipe: bool = False) -> Iterator[ShellCommand]:
        words, inner = self._words, self._inner
        self._words, self._inner = [], []
        while words and words[0] in _KEYWORDS:
            words = words[1:]
        if words and words[0] not in _SKIPPED_WITH_WORDS:
            yield ShellCommand(words=tuple(words), line=self._begun, pipeline=self.pipeline)
        for text, line in inner:
            if self._depth >= _DEPTH:
                raise Unreadable(f"a script nests commands deeper than {_DEPTH}")
            nested = _Reader(text, line, self._depth + 1, self.pipeline)
            yield from nested.commands()
            self.pipeline = nested.pipeline
        if not is_pipe:
            self.pipeline += 1

    def _redirect(self) -> None:
        text, start = self._text, self._at
        while self._at < len(text) and text[self._at] in "<>&|-" and self._at - start < 3:
            self._at += 1
        sign = text[start : self._at]
        if sign.startswith("<<") and not sign.startswith("<<<") and text[self._at : self._at + 1] != "<":
            while text[self._at : self._at + 1] in (" ", "\t"):
                self._at += 1
            before = len(self._words)
            self._word()
            if len(self._words) > before:
                self._documents.append((self._words.pop(), sign.endswith("-")))
            return
        self._words.append(sign)

    def _skip_documents(self) -> None:
        for delimiter, strips in self._documents:
            while self._at < len(self._text):
                end = self._end_of_line()
                line = self._text[self._at : end].rstrip("\r")
                self._at = min(end + 1, len(self._text))
                self._line += 1
                if (line.lstrip("\t") if strips else line) == delimiter:
                    break
        self._documents = []

    def _word(self) -> None:
        if not self._words:
            self._begun = self._line
        pieces: list[str] = []
        text = self._text
        start = self._at
        while self._at < len(text):
            sign = text[self._at]
            if sign in " \t\r\n;&|()<>":
                break
            if sign == "'":
                pieces.append(self._until("'"))
            elif sign == '"':
                pieces.append(self._quoted())
            elif sign == "`":
                pieces.append(self._backticks())
            elif sign == "$":
                pieces.append(self._dollar())
            elif sign == "\\":
                pieces.append(text[self._at + 1 : self._at + 2])
                self._line += text.startswith("\n", self._at + 1)
                self._at += 2
            else:
                pieces.append(sign)
                self._at += 1
        if self._at == start:
            self._at += 1
        self._words.append("".join(pieces)[:_LONGEST_WORD])

    def _until(self, sign: str) -> str:
        """What stands between this sign and the next one like it."""
        end = self._text.find(sign, self._at + 1)
        end = len(self._text) if end < 0 else end
        inside = self._text[self._at + 1 : end]
        self._at = end + 1
        self._line += inside.count("\n")
        return inside

    def _quoted(self) -> str:
        text = self._text
        pieces: list[str] = []
        self._at += 1
        while self._at < len(text) and text[self._at] != '"':
            sign = text[self._at]
            if sign == "\\":
                pieces.append(text[self._at + 1 : self._at + 2])
                self._line += text.startswith("\n", self._at + 1)
                self._at += 2
            elif sign == "`":
                pieces.append(self._backticks())
            elif sign == "$":
                pieces.append(self._dollar())
            else:
                pieces.append(sign)
                self._line += sign == "\n"
                self._at += 1
        self._at += 1
        return "".join(pieces)

    def _backticks(self) -> str:
        line = self._line
        inside = self._until("`")
        self._inner.append((inside, line))
        return f"$({inside})"

    def _dollar(self) -> str:
        """``$(…)`` becomes commands of its own; ``${…}`` and ``$((…))`` stay text."""
        text, start, line = self._text, self._at, self._line
        opening = text[start + 1 : start + 2]
        closing = {"(": ")", "{": "}"}.get(opening)
        if closing is None:
            self._at += 1
            return "$"
        depth, at = 0, start + 1
        while at < len(text):
            sign = text[at]
            if sign == "\\":
                at += 1
            elif sign == "'" and opening == "(":
                at = text.find("'", at + 1)
                at = len(text) if at < 0 else at
            elif sign == opening:
                depth += 1
            elif sign == closing:
                depth -= 1
                if not depth:
                    break
            at += 1
        self._at = min(at + 1, len(text))
        whole = text[start : self._at]
        self._line += whole.count("\n")
        if opening == "(" and not whole.startswith("$(("):
            self._inner.append((whole[2:-1], line))
        return whole
