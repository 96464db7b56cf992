"""A waiver file edited as text: an entry added at the end of its list, or taken out, and no other byte touched.

What comes out is read again and compared, so that a layout we do not understand is refused, never spoilt.
"""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec
import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from iotscan.data.strict_yaml import BadYaml, CoreLoader, parse
from iotscan.data.waiver_file import SCHEMA, Entry
from iotscan.model.errors import BadInput

FRESH = f"""# What was decided about findings, and what only a person can state: iotscan waivers add|list|check|prune
schema: {SCHEMA}
"""
"""A file without entries."""
_LINES = re.compile(r"[^\r\n\x85\u2028\u2029]*(?:\r\n|[\r\n\x85\u2028\u2029])|[^\r\n\x85\u2028\u2029]+\Z")
"""Lines as YAML counts them."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._@/+-]*")
_WORDS = frozenset({"true", "false", "null"})


def add_entry(text: str, key: str, entry: Entry, path: Path) -> str:
    """``text`` with one more entry in the list ``key``. Raises BadInput where the layout does not allow it."""
    lines = _LINES.findall(text)
    lines[-1:] = [_ended(line, text) for line in lines[-1:]]
    items = _list_of(text, key)
    if items is None:
        column, at = 2, len(lines)
        lines.append(_ended(f"{key}:", text))
        at += 1
    elif items.flow_style:
        if items.value:
            raise _by_hand(path, "the list is written in one line", entry)
        line = items.start_mark.line
        head, tail = lines[line][: items.start_mark.column], lines[items.end_mark.line][items.end_mark.column :]
        lines[line : items.end_mark.line + 1] = [f"{head.rstrip()}{tail}"]
        column, at = 2, line + 1
    else:
        column, at = items.start_mark.column, _last_line(items, lines) + 1
    new = [_ended(line, text) for line in written(msgspec.to_builtins(entry), column)]
    if items is not None and not items.flow_style and _is_blank_before_last(items, lines):
        new.insert(0, _ended("", text))
    lines[at:at] = new
    edited = "".join(lines)
    _compare(text, edited, key, path, entry, gone=())
    return edited


def drop_entries(text: str, ids: Collection[str], path: Path) -> str:
    """``text`` without the entries that have these ids. Raises BadInput where the layout does not allow it."""
    lines = _LINES.findall(text)
    for key in ("waivers", "attestations"):
        items = _list_of("".join(lines), key)
        if items is None:
            continue
        going = [item for item in items.value if _id(item) in ids]
        if going and items.flow_style:
            raise _by_hand(path, "the list is written in one line", None)
        for item in reversed(going):
            first, last = _dash_line(item, items, lines), _last_line(item, lines)
            del lines[first : last + 1]
        if going and len(going) == len(items.value):
            at = next(n for n, line in enumerate(lines) if re.match(rf"{key}\s*:", line))
            head, colon, ending = lines[at].partition(":")
            lines[at] = f"{head}{colon} []{ending}"
    edited = "".join(lines)
    for key in ("waivers", "attestations"):
        _compare(text, edited, key, path, None, gone=ids)
    return edited


def read_text(path: Path) -> str:
    """A file as text, its line endings as they are. Raises BadInput."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise BadYaml(path, 0, 0, f"cannot be read: {error.strerror or type(error).__name__}") from error
    except UnicodeDecodeError as error:
        raise BadYaml(path, 0, 0, "is not UTF-8") from error


def as_file(said: Mapping[str, object]) -> str:
    """A whole file that holds one waiver, however wrong it is."""
    return f"{FRESH}waivers:\n" + "".join(f"{line}\n" for line in written(said, 2))


def written(said: Mapping[str, object], column: int) -> list[str]:
    """The lines of an entry as an item of a list that begins at ``column``."""
    pairs = [f"{name}: {_value(value)}" for name, value in said.items()]
    margin = " " * column
    return [f"{margin}{'- ' if not number else '  '}{pair}" for number, pair in enumerate(pairs)]


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_value(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, bool):
        return "true" if value else "false"
    word = str(value)
    is_date = re.fullmatch(r"\d{4}-\d{2}-\d{2}", word)
    if is_date or (_PLAIN.fullmatch(word) and word not in _WORDS):
        return word
    return msgspec.json.encode(word).decode()


def _ended(line: str, text: str) -> str:
    """A line with the ending that the file uses."""
    return line if line.endswith(("\n", "\r")) else line + ("\r\n" if "\r\n" in text else "\n")


def _list_of(text: str, key: str) -> SequenceNode | None:
    """The list under a key of the whole file; None without one."""
    root = yaml.compose(text, CoreLoader)
    pairs = root.value if isinstance(root, MappingNode) else []
    return next((v for k, v in pairs if k.value == key and isinstance(v, SequenceNode)), None)


def _id(item: Node) -> str:
    pairs = item.value if isinstance(item, MappingNode) else []
    return next((v.value for k, v in pairs if k.value == "id" and isinstance(v, ScalarNode)), "")


def _last_line(node: Node, lines: list[str]) -> int:
    """The line on which the last word of a node stands."""
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        # A block of text ends where the next thing begins: go back over what is blank between them.
        last = node.end_mark.line - (node.end_mark.column == 0 or node.end_mark.line >= len(lines))
        while last > node.start_mark.line and not lines[last].strip():
            last -= 1
        return last
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        return max(_last_line(part, lines) for pair in node.value for part in pair)
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return max(_last_line(part, lines) for part in node.value)
    return node.end_mark.line


def _dash_line(item: Node, items: SequenceNode, lines: list[str]) -> int:
    """The line on which an item's dash stands."""
    line = item.start_mark.line
    while line > items.start_mark.line and not lines[line][items.start_mark.column :].startswith("-"):
        line -= 1
    return line


def _is_blank_before_last(items: SequenceNode, lines: list[str]) -> bool:
    """True where the file keeps its entries apart with blank lines."""
    if len(items.value) < 2:
        return False
    line = _dash_line(items.value[-1], items, lines) - 1
    while line > 0 and lines[line].lstrip().startswith("#"):
        line -= 1
    return not lines[line].strip()


def _compare(before: str, after: str, key: str, path: Path, more: Entry | None, gone: Collection[str]) -> None:
    """Raise BadInput unless ``after`` says what ``before`` said, with ``more`` and without ``gone``."""
    try:
        old, new = (_entries(text, key, path) for text in (before, after))
    except BadInput:
        raise _by_hand(path, "its layout is one that we cannot edit", more) from None
    wanted = [e for e in old if e.get("id") not in gone] + ([msgspec.to_builtins(more)] if more else [])
    if new != wanted:
        raise _by_hand(path, "its layout is one that we cannot edit", more)


def _entries(text: str, key: str, path: Path) -> list[dict[str, object]]:
    said = parse(text.encode(), path).value
    entries = said.get(key) or [] if isinstance(said, dict) else []
    return [e for e in entries if isinstance(e, dict)] if isinstance(entries, list) else []


def _by_hand(path: Path, why: str, entry: Entry | None) -> BadInput:
    todo = (
        f"add {{{', '.join(line.strip(' -') for line in written(msgspec.to_builtins(entry), 0))}}}"
        if entry
        else "take the entries out"
    )
    return BadInput(f"{path}: {why}: {todo} by hand")
