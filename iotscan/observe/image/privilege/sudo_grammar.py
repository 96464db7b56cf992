"""The sentences of one file of sudoers(5): aliases, settings, who may run what, other files.

A line that is none is a :class:`Broken`; sudo passes over it and reads on, and its aliases are then not there.
Tags and the people one may become hold for the rest of a list of commands until another is said.
"""

from collections.abc import Iterator

import msgspec

from iotscan.observe.image.privilege.sudo_words import Word, Words


class Member(msgspec.Struct, frozen=True):
    """One of a list: ``all``, ``alias``, ``group``, ``netgroup``, ``word`` or ``command``."""

    kind: str
    text: str
    is_negated: bool = False
    arguments: str | None = None


Members = tuple[Member, ...]


class Alias(msgspec.Struct, frozen=True):
    """``User_Alias NAME = …``: ``kind`` is ``User``, ``Runas``, ``Host`` or ``Cmnd``."""

    kind: str
    name: str
    members: Members


class Setting(msgspec.Struct, frozen=True):
    """One of ``Defaults``; ``bound`` is the sign after it (``:`` users, ``@`` hosts, ``>`` become, ``!`` commands)."""

    line: int
    bound: str
    members: Members
    name: str
    is_negated: bool = False
    value: str = ""


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """``USERS HOSTS = (BECOMES : GROUPS) TAG: COMMAND``, one command of it."""

    line: int
    users: Members
    hosts: Members
    command: Member
    becomes: Members | None = None
    """None where nothing is said; empty where one stays who one is."""
    groups: Members = ()
    asks_password: bool | None = None
    """None where no tag says so."""
    runs_others: bool = True
    """False under NOEXEC."""


class Include(msgspec.Struct, frozen=True):
    """Another file, or a folder of them."""

    line: int
    path: str
    is_folder: bool


class Broken(msgspec.Struct, frozen=True):
    """A line that is no sentence."""

    line: int


Sentence = Alias | Setting | Grant | Include | Broken


class _NoSentence(Exception):
    """The words do not fit."""


def sentences(text: str) -> Iterator[Sentence]:
    """Every sentence of a file, in order."""
    line: list[Word] = []
    for word in Words(text):
        if word.kind != "end":
            line.append(word)
            continue
        if line:
            try:
                yield from _Line(line).read()
            except _NoSentence:
                yield Broken(line[0].line)
        line = []


class _Line:
    """The words of one line, and how far they are read."""

    def __init__(self, words: list[Word]) -> None:
        self._words = words
        self._at = 0

    def read(self) -> list[Sentence]:
        """What it says. Raises _NoSentence."""
        first = self._words[0]
        read = {"include": self._include, "aliases": self._aliases, "defaults": self._defaults}
        said = list(read.get(first.kind, self._grants)())
        if self._at < len(self._words):
            raise _NoSentence
        return said

    def _kind(self) -> str:
        if self._at == len(self._words):
            return ""
        word = self._words[self._at]
        return word.text if word.kind == "sign" else word.kind

    def _take(self, *kinds: str) -> Word:
        if self._kind() not in kinds or not kinds:
            raise _NoSentence
        self._at += 1
        return self._words[self._at - 1]

    def _skip(self, kind: str) -> bool:
        is_there = self._kind() == kind
        self._at += is_there
        return is_there

    def _include(self) -> Iterator[Sentence]:
        word = self._take("include")
        yield Include(word.line, self._take("file").text, word.text.endswith("dir"))

    def _aliases(self) -> Iterator[Sentence]:
        kind = self._take("aliases").text.partition("_")[0].replace("Cmd", "Cmnd")
        while True:
            name = self._take("alias").text
            self._take("=")
            read = {"Cmnd": self._commands, "Host": self._hosts}.get(kind, self._people)
            yield Alias(kind, name, read())
            if not self._skip(":"):
                return

    def _defaults(self) -> Iterator[Sentence]:
        first = self._take("defaults")
        bound = first.text[-1] if first.text[-1] in ":@>!" else ""
        members: Members = ()
        if bound:
            members = {"!": self._commands, "@": self._hosts}.get(bound, self._people)()
        self._take("settings")
        while True:
            is_negated = self._skip("not")
            name = self._take("setting").text
            value = self._take("value").text if self._kind() == "value" else ""
            yield Setting(first.line, bound, members, name, is_negated, value)
            if not self._skip(","):
                return

    def _people(self) -> Members:
        return self._listed("alias", "all", "netgroup", "group", "word")

    def _hosts(self) -> Members:
        return self._listed("alias", "all", "netgroup", "word")

    def _listed(self, *kinds: str) -> Members:
        members = []
        while True:
            is_negated = self._skip("not")
            word = self._take(*kinds)
            members.append(Member(word.kind, word.text, is_negated))
            if not self._skip(","):
                return tuple(members)

    def _commands(self) -> Members:
        members = [self._command()]
        while self._skip(","):
            members.append(self._command())
        return tuple(members)

    def _command(self) -> Member:
        while self._skip("digest") and self._skip(","):
            pass
        is_negated = self._skip("not")
        word = self._take("alias", "all", "command", "word")
        if word.kind == "word" and word.text != "list":
            raise _NoSentence
        return Member("command" if word.kind == "word" else word.kind, word.text, is_negated, word.arguments)

    def _grants(self) -> Iterator[Sentence]:
        line = self._words[0].line
        users = self._people()
        while True:
            hosts = self._hosts()
            self._take("=")
            yield from self._granted(line, users, hosts)
            if not self._skip(":"):
                return

    def _granted(self, line: int, users: Members, hosts: Members) -> Iterator[Grant]:
        becomes: Members | None = None
        groups: Members = ()
        asks: bool | None = None
        runs_others = True
        while True:
            if self._skip("("):
                becomes = () if self._kind() in (":", ")") else self._people()
                groups = (
                    self._listed("alias", "all", "word") if self._skip(":") and (becomes or self._kind() != ")") else ()
                )
                self._take(")")
            while self._skip("option"):
                pass
            while self._kind() == "tag":
                tag = self._take("tag").text.rstrip(": \t")
                asks = {"NOPASSWD": False, "PASSWD": True}.get(tag, asks)
                runs_others = {"NOEXEC": False, "EXEC": True}.get(tag, runs_others)
            yield Grant(
                line=line,
                users=users,
                hosts=hosts,
                command=self._command(),
                becomes=becomes,
                groups=groups,
                asks_password=asks,
                runs_others=runs_others,
            )
            if not self._skip(","):
                return
