"""Fingerprint files in the format of recog: XML in, databases of rules out.

Source: recog's ``xml/fingerprints.xsd`` and README. A file says what it is to be matched against (``matches``,
else its own name), and holds rules: a pattern, what it means, examples, and params that name what is claimed.
"""

import base64
import binascii
import re
from pathlib import Path
from typing import Final
from xml.parsers import expat

import msgspec

from iotscan.model.errors import BadInput
from iotscan.model.text import safe_text

FILE_LIMIT: Final = 4 * 1024 * 1024
"""Bytes of one file; the largest of recog has half a megabyte."""
_RULE_LIMIT: Final = 20_000
_PATTERN_LIMIT: Final = 4096
_TEXT_LIMIT: Final = 64 * 1024
"""Characters of one example or description."""
_PARAM_LIMIT: Final = 64
_EXAMPLE_LIMIT: Final = 500
_DEPTH_LIMIT: Final = 4
_PREFERENCE: Final = 0.10
"""What recog takes where a file states none."""
_FLAGS: Final = {"REG_ICASE": "i", "REG_DOT_NEWLINE": "s", "REG_MULTILINE": "s", "REG_LINE_ANY_CRLF": ""}
"""recog's flags are Ruby's: MULTILINE lets a dot match a line break; ``^`` and ``$`` are always those of a line."""
_REFERENCE: Final = re.compile(r"\{([A-Za-z0-9_.:-]{1,80})\}")
_ASIDE: Final = ("_encoding", "_filename")


class Param(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a rule claims: the text of capture ``pos``, or, where that is 0, ``value``.

    ``pieces`` is the value cut up: literal text, and at every odd place the name of another param of the same rule.
    """

    pos: int
    name: str
    pieces: tuple[str, ...] = ("",)


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A text that a rule fits, and what it has to claim of it."""

    text: str
    expected: tuple[tuple[str, str], ...] = ()
    line: int = 0


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One ``<fingerprint>``; ``flags`` are those of :mod:`.pattern`, ``line`` is where it begins in its file."""

    pattern: str
    flags: str = ""
    description: str = ""
    params: tuple[Param, ...] = ()
    examples: tuple[Example, ...] = ()
    certainty: float = 1.0
    line: int = 0


class Database(msgspec.Struct, frozen=True, kw_only=True):
    """One file: ``matches`` says which texts it is for (``ssh.banner``), a higher ``preference`` is asked earlier."""

    file: str
    matches: str
    rules: tuple[Rule, ...]
    protocol: str = ""
    database_type: str = ""
    preference: float = _PREFERENCE


def read_database(path: Path) -> Database:
    """One fingerprint file. Raises BadInput, which names file and line."""
    try:
        with path.open("rb") as file:
            document = file.read(FILE_LIMIT + 1)
    except OSError as error:
        raise BadInput(f"fingerprints {_named(path)} cannot be read: {error.strerror or 'unreadable'}") from error
    if len(document) > FILE_LIMIT:
        raise BadInput(f"fingerprints {_named(path)} is larger than {FILE_LIMIT >> 20} MiB: divide it")
    return parse_database(document, path)


def parse_database(document: bytes, path: Path) -> Database:
    """The same of bytes; ``path`` names them. Raises BadInput."""
    reading = _Reading(path.stem)
    try:
        reading.parse(document)
    except expat.ExpatError as error:
        what = expat.ErrorString(error.code)
        raise BadInput(f"fingerprints {_named(path)}:{error.lineno} is no well-formed XML: {what}") from error
    except _Refused as error:
        raise BadInput(f"fingerprints {_named(path)}:{reading.line} {error}") from error
    return reading.database(path.name)


def _named(path: Path) -> str:
    return safe_text(str(path), 300)


class _Refused(Exception):
    """What stands there is not of the format; the text says what is wrong."""


class _Reading:
    """One pass over a document. Raises _Refused where it leaves the format or its limits."""

    def __init__(self, stem: str) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._stem = stem
        self._root: dict[str, str] = {}
        self._preference = _PREFERENCE
        self._path: list[str] = []
        self._rules: list[Rule] = []
        self._rule: dict[str, str] = {}
        self._rule_line = 0
        self._params: list[Param] = []
        self._examples: list[Example] = []
        self._example: dict[str, str] = {}
        self._description = ""
        self._pieces: list[str] = []
        self._length = 0

    @property
    def line(self) -> int:
        """Where the parser stands."""
        return self._parser.CurrentLineNumber

    def parse(self, document: bytes) -> None:
        self._parser.Parse(document, True)

    def database(self, file: str) -> Database:
        return Database(
            file=safe_text(file),
            matches=self._root.get("matches") or self._stem,
            protocol=self._root.get("protocol", ""),
            database_type=self._root.get("database_type", ""),
            preference=self._preference,
            rules=tuple(self._rules),
        )

    def _refuse(self, *_: object) -> None:
        raise _Refused("has a DOCTYPE, which no fingerprint file needs: take it out")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        parent = self._path[-1] if self._path else ""
        self._path.append(name)
        if len(self._path) > _DEPTH_LIMIT:
            raise _Refused("is nested deeper than a fingerprint file is")
        match parent, name:
            case "", "fingerprints":
                self._root = attributes
                self._preference = _share(attributes.get("preference", str(_PREFERENCE)), "preference")
            case "", _:
                raise _Refused("is no fingerprint file: its root has to be <fingerprints>")
            case "fingerprints", "fingerprint":
                self._begin_rule(attributes)
            case "fingerprint", "param":
                self._add_param(attributes)
            case "fingerprint", "example":
                self._example = attributes
        self._pieces, self._length = [], 0

    def _begin_rule(self, attributes: dict[str, str]) -> None:
        if "pattern" not in attributes:
            raise _Refused("has a <fingerprint> without pattern")
        if len(self._rules) >= _RULE_LIMIT:
            raise _Refused(f"holds more than {_RULE_LIMIT} rules: divide it")
        self._rule, self._rule_line = attributes, self.line
        self._params, self._examples, self._description = [], [], ""

    def _add_param(self, attributes: dict[str, str]) -> None:
        name, pos = attributes.get("name", ""), attributes.get("pos", "")
        if not name or not (pos.isascii() and pos.isdecimal() and len(pos) < 3):
            raise _Refused("has a <param> without a name or a whole number as its pos")
        if len(self._params) >= _PARAM_LIMIT:
            raise _Refused(f"has a rule of more than {_PARAM_LIMIT} params")
        pieces = tuple(_REFERENCE.split(attributes.get("value", "")))
        self._params.append(Param(pos=int(pos), name=safe_text(name, 80), pieces=pieces))

    def _text(self, data: str) -> None:
        self._length += len(data)
        if self._length > _TEXT_LIMIT:
            raise _Refused(f"has a text of more than {_TEXT_LIMIT} characters")
        self._pieces.append(data)

    def _end(self, name: str) -> None:
        self._path.pop()
        text = "".join(self._pieces)
        match self._path[-1] if self._path else "", name:
            case "fingerprint", "description":
                self._description = safe_text(text)
            case "fingerprint", "example":
                self._add_example(text)
            case "fingerprints", "fingerprint":
                self._end_rule()
        self._pieces, self._length = [], 0

    def _add_example(self, text: str) -> None:
        if "_filename" in self._example:
            # It lies in a folder beside the file: an example of its author's tests, which a match does not need.
            return
        if len(self._examples) >= _EXAMPLE_LIMIT:
            raise _Refused(f"has a rule of more than {_EXAMPLE_LIMIT} examples")
        if self._example.get("_encoding") == "base64":
            text = _decoded(text)
        expected = tuple((n, v) for n, v in self._example.items() if n not in _ASIDE)
        self._examples.append(Example(text=text, expected=expected, line=self.line))

    def _end_rule(self) -> None:
        pattern = self._rule["pattern"]
        if len(pattern) > _PATTERN_LIMIT:
            raise _Refused(f"has a pattern of more than {_PATTERN_LIMIT} characters")
        self._rules.append(
            Rule(
                pattern=pattern,
                flags=_flags(self._rule.get("flags", "")),
                description=self._description,
                params=tuple(self._params),
                examples=tuple(self._examples),
                certainty=_share(self._rule.get("certainty", "1.0"), "certainty"),
                line=self._rule_line,
            )
        )


def _flags(written: str) -> str:
    words = [w.strip() for w in written.split(",") if w.strip()]
    for word in words:
        if word not in _FLAGS:
            raise _Refused(f"has the flag '{safe_text(word, 40)}': known are {', '.join(_FLAGS)}")
    return "".join(sorted({_FLAGS[w] for w in words}))


def _share(written: str, what: str) -> float:
    """A number from 0 to 1."""
    try:
        number = float(written)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise _Refused(f"has the {what} '{safe_text(written, 40)}': it has to be from 0 to 1")
    return number


def _decoded(text: str) -> str:
    """The characters of a base64 example: UTF-8 where it is, else one for each byte."""
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Refused("has an example that is no base64") from error
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
