"""Every text within a frozen value, changed: for what must hold of all of a run, whatever fields it has."""

import enum
import typing
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")
Change = Callable[[str], str]


def rewrite(value: T, change: Change, *, skip: frozenset[str] = frozenset()) -> T:
    """``value`` with ``change`` applied to each text in its structs, tuples, lists and dicts (keys, too); "" stays.

    Words of ours are no text: members of enumerations, fields of a ``Literal`` type, and what stands in the
    fields named in ``skip``. A part in which nothing changes stays the same object.
    """
    return _rewrite(value, change, skip)  # type: ignore[no-any-return]  # the same type goes out as came in


def _rewrite(value: Any, change: Change, skip: frozenset[str]) -> Any:
    if type(value) is str:
        changed = change(value)
        return value if changed == value else changed
    if isinstance(value, msgspec.Struct):
        return _rewrite_struct(value, change, skip)
    if isinstance(value, tuple | list):
        items = [_rewrite(item, change, skip) for item in value]
        return value if all(a is b for a, b in zip(items, value, strict=True)) else type(value)(items)
    if isinstance(value, dict):
        said = {_rewrite(key, change, skip): _rewrite(item, change, skip) for key, item in value.items()}
        is_same = all(a is b and said[a] is value[b] for a, b in zip(said, value, strict=True))
        return value if is_same else said
    return value


def _rewrite_struct(value: msgspec.Struct, change: Change, skip: frozenset[str]) -> msgspec.Struct:
    changed = {}
    for name in _fields(type(value), skip):
        before = getattr(value, name)
        # Most fields of most things are empty: a run holds millions of them.
        if isinstance(before, str | tuple) and not before:
            continue
        after = _rewrite(before, change, skip)
        if after is not before:
            changed[name] = after
    return msgspec.structs.replace(value, **changed) if changed else value


@cache
def _fields(kind: type[msgspec.Struct], skip: frozenset[str]) -> tuple[str, ...]:
    """The fields that may hold text of others."""
    return tuple(f.name for f in msgspec.structs.fields(kind) if f.name not in skip and not _is_ours(f.type))


def _is_ours(kind: object) -> bool:
    """True for what holds no text, or words of ours only."""
    is_plain = isinstance(kind, type) and issubclass(kind, enum.Enum | int | float)
    return is_plain or typing.get_origin(kind) is typing.Literal
