"""Settings in YAML with their lines: what a key of a key … holds, tags and anchors left alone.

Nothing is constructed: an own tag (``!secret``, ``!include``) is no value, and a document of a hostile image makes
no more than the nodes that it writes out.
"""

from collections.abc import Sequence

import msgspec
import yaml

from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_LIMIT = 128 * 1024
_DEEPEST = 40


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A plain text with its line; ``kind`` tells a list or a mapping, which have no text."""

    kind: str
    text: str
    line: int
    tag: str = ""
    """A tag of the file's own, ``!secret``."""
    node: object


def document(tree: Tree, path: str) -> Value | None:
    """The document of a file; None where the file is not there or empty. Raises Unreadable."""
    if tree.find(path) is None:
        return None
    data = tree.read(path, _LIMIT)
    text = data.decode("utf-8", "replace")
    # The parser goes down with the document: what nests deeper than people write is not read.
    if any(text.count(sign) > 5000 for sign in "[{") or _indent(text) > 4 * _DEEPEST:
        raise Unreadable(f"{tree.show(path)}: it is nested too deeply")
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Unreadable(f"{tree.show(path)}: not YAML ({type(error).__name__})") from error
    return _value(node) if node is not None else None


def at(value: Value | None, *keys: str) -> Value | None:
    """What stands under these keys; None where one is missing."""
    for key in keys:
        node = value.node if value is not None else None
        if not isinstance(node, yaml.MappingNode):
            return None
        found = [v for k, v in node.value if isinstance(k, yaml.ScalarNode) and k.value == key]
        value = _value(found[-1]) if found else None
    return value


def text_at(value: Value | None, *keys: str) -> str:
    """The text there, empty without."""
    found = at(value, *keys)
    return found.text if found is not None else ""


def items(value: Value | None) -> Sequence[Value]:
    """The entries of a list."""
    node = value.node if value is not None else None
    return [_value(entry) for entry in node.value] if isinstance(node, yaml.SequenceNode) else []


def _value(node: yaml.Node) -> Value:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.ScalarNode):
        tag = node.tag if node.tag and not node.tag.startswith("tag:yaml.org") else ""
        return Value(kind="text", text=str(node.value), line=line, tag=tag, node=node)
    return Value(kind="list" if isinstance(node, yaml.SequenceNode) else "mapping", text="", line=line, node=node)


def _indent(text: str) -> int:
    return max((len(line) - len(line.lstrip(" -")) for line in text.split("\n") if line.strip()), default=0)
