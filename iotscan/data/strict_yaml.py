"""YAML as data and nothing else: profiles, credential records, fingerprints.

Only what the core schema of YAML 1.2 (§10.3) knows: ``no`` is a word, ``010`` is a word, a date is a
word. No anchors, aliases, tags or duplicate keys, bounded in size and depth; every refusal names its line.
"""

import hashlib
import re
from pathlib import Path
from typing import Any

import msgspec
import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from iotscan.model.errors import BadInput

SIZE_LIMIT = 256 * 1024
"""Bytes."""
DEPTH_LIMIT = 30
Where = tuple[str | int, ...]
"""The keys and indices that lead to a value from the top."""


class BadYaml(BadInput):
    """A file that is not the plain YAML we read. ``line`` and ``column`` count from 1; 0 is the whole file."""

    def __init__(self, path: Path, line: int, column: int, problem: str) -> None:
        place = f"{path}:{line}{f':{column}' if column else ''}" if line else str(path)
        super().__init__(f"{place}: {problem}")
        self.path = path
        self.line = line
        self.column = column
        self.problem = problem


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What a file says, and on which line each value begins (a mapping's value: the line of its key)."""

    value: object
    lines: dict[Where, int]
    sha256: str = ""
    """Of the file's bytes."""

    def line(self, *where: str | int) -> int:
        """The line of a value, else of what it would stand in."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)


class CoreLoader(yaml.SafeLoader):
    """PyYAML's safe loader with the scalars of YAML 1.2's core schema instead of those of 1.1."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's own way to say it


def _resolve(tag: str, pattern: str, first: str) -> None:
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


_resolve("null", r"^(?:~|null)$", "~n")
CoreLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^$"), [""])
_resolve("bool", r"^(?:true|false)$", "tf")
_resolve("int", r"^(?:[-+]?(?:0|[1-9][0-9]{0,17})|0x[0-9a-fA-F]{1,15})$", "-+0123456789")
_resolve("float", r"^[-+]?(?:\.[0-9]{1,20}|(?:0|[1-9][0-9]{0,17})\.[0-9]{0,20})$", "-+.0123456789")


def load(path: Path) -> object:
    """Read a file as dicts with text keys, lists, text, numbers, booleans and None. Raises :class:`BadYaml`."""
    return read(path).value


def read(path: Path, *, hushed: bool = False) -> Document:
    """Like :func:`load`, with the line of every value. Raises :class:`BadYaml`.

    With ``hushed`` no message repeats a word of the file: a password may stand anywhere in a broken one.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise BadYaml(path, 0, 0, f"cannot be read: {error.strerror or type(error).__name__}") from error
    return parse(raw, path, hushed=hushed)


def parse(raw: bytes, path: Path, *, hushed: bool = False) -> Document:
    """Read the bytes of a file; ``path`` is for messages. Raises :class:`BadYaml` and nothing else."""
    if len(raw) > SIZE_LIMIT:
        raise BadYaml(path, 0, 0, f"is larger than {SIZE_LIMIT // 1024} KiB")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadYaml(path, raw[: error.start].count(b"\n") + 1, 1, "is not UTF-8") from error
    try:
        node = _StrictLoader(text, path, hushed).get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        at = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = f"is no YAML: {error.context or 'an unexpected character or word'}" if hushed else error.problem
        raise BadYaml(path, *at, problem or "is no YAML") from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        at = (before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise BadYaml(path, *at, "a control character is not allowed here") from error
    except yaml.YAMLError as error:
        raise BadYaml(path, 0, 0, "is no YAML") from error
    lines: dict[Where, int] = {}
    value = _Reader(path, lines, hushed).value(node, ()) if node else None
    return Document(value=value, lines=lines, sha256=hashlib.sha256(raw).hexdigest())


class _StrictLoader(CoreLoader):
    """Composes only what it has looked at: nothing is built of an alias, an anchor, a tag, or what is too deep."""

    def __init__(self, text: str, path: Path, hushed: bool) -> None:
        super().__init__(text)
        self._path = path
        self._hushed = hushed
        self._depth = self._documents = 0

    def get_event(self) -> yaml.Event:
        """The next event, unless it is one of those that are not read."""
        event: yaml.Event = super().get_event()  # type: ignore[no-untyped-call]  # PyYAML has no types for it
        mark = event.start_mark
        at = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        if isinstance(event, yaml.AliasEvent):
            raise BadYaml(self._path, *at, "aliases are not read: write the value out")
        if isinstance(event, yaml.NodeEvent) and event.anchor:
            raise BadYaml(self._path, *at, "anchors are not read: write the value out")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag:
            named = "it" if self._hushed else repr(event.tag)
            raise BadYaml(self._path, *at, f"tags are not read: leave out {named}")
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise BadYaml(self._path, *at, "a second document begins here: one file, one document")
        self._depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if self._depth > DEPTH_LIMIT:
            raise BadYaml(self._path, *at, f"is nested deeper than {DEPTH_LIMIT}")
        return event


class _Reader:
    """Turns nodes into values and notes where each begins."""

    def __init__(self, path: Path, lines: dict[Where, int], hushed: bool) -> None:
        self._path = path
        self._hushed = hushed
        self._lines = lines
        self._scalars = CoreLoader("")

    def value(self, node: Node, where: Where) -> object:
        """The value of a node that stands at ``where``."""
        self._lines.setdefault(where, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            return self._mapping(node, where)
        if isinstance(node, SequenceNode):
            return [self.value(item, (*where, index)) for index, item in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self._scalar(node)
        raise self._bad(node, "is no value")

    def _scalar(self, node: ScalarNode) -> object:
        try:
            value: object = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            raise self._bad(node, "is no value") from error
        if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
            raise self._bad(node, "is no text: half a surrogate pair")
        return value

    def _mapping(self, node: MappingNode, where: Where) -> dict[str, object]:
        mapping: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = self._scalar(key_node) if isinstance(key_node, ScalarNode) else None
            if not isinstance(key, str):
                raise self._bad(key_node, "a key must be text: put it in quotes")
            if key in mapping:
                raise self._bad(key_node, f"the key {'here' if self._hushed else repr(key)} is given twice")
            self._lines[(*where, key)] = key_node.start_mark.line + 1
            mapping[key] = self.value(value_node, (*where, key))
        return mapping

    def _bad(self, node: Node, problem: str) -> BadYaml:
        return BadYaml(self._path, node.start_mark.line + 1, node.start_mark.column + 1, problem)
