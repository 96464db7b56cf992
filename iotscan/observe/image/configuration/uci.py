"""OpenWrt's UCI files: ``config TYPE ['NAME']``, ``option NAME VALUE``, ``list NAME VALUE``."""

from collections.abc import Iterator

import msgspec

from iotscan.observe.image.startup.command import split
from iotscan.observe.image.tree import Tree

_LIMIT = 256 * 1024


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """One value and its line."""

    name: str
    value: str
    line: int


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One section and its options in their order."""

    kind: str
    name: str
    line: int
    options: tuple[Option, ...]

    def value(self, name: str, default: str = "") -> str:
        """The last value of an option."""
        return next((o.value for o in reversed(self.options) if o.name == name), default)

    def says(self, name: str, *, default: bool) -> bool:
        """A boolean as OpenWrt's scripts read it."""
        word = self.value(name).lower()
        return word in ("1", "on", "true", "yes", "enabled") if word else default


def read_sections(tree: Tree, path: str) -> Iterator[Section]:
    """The sections of a file; none where it is not there. Raises Unreadable."""
    if tree.find(path) is None:
        return
    kind = name = ""
    start = 0
    options: list[Option] = []
    for number, raw in enumerate(tree.whole(path, _LIMIT).decode("utf-8", "replace").splitlines(), start=1):
        words = [] if raw.lstrip().startswith("#") else split(raw)
        if words[:1] == ["config"] and len(words) > 1:
            if kind:
                yield Section(kind=kind, name=name, line=start, options=tuple(options))
            kind, name, start, options = words[1], words[2] if len(words) > 2 else "", number, []
        elif words[:1] in (["option"], ["list"]) and len(words) > 2:
            options.append(Option(name=words[1], value=words[2], line=number))
    if kind:
        yield Section(kind=kind, name=name, line=start, options=tuple(options))
