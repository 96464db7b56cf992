"""GVariant in its serialised form, as far as OSTree's objects need it: read by a type that we name, within bounds.

Source: the GVariant specification (GNOME, "GVariant Specification", sections 2 and 3). A value that is not in normal
form is refused: two readers would read two things. A variant inside is given with its type, unread. OSTree keeps
numbers with the most significant byte first whatever the machine.
"""

from typing import Any, Final

from iotscan.wire.ber import Malformed

_FIXED: Final = {"y": 1, "u": 4, "t": 8}
MOST_ELEMENTS: Final = 500_000


class Variant:
    """A value with a type of its own."""

    def __init__(self, kind: str, data: bytes) -> None:
        self.kind = kind
        self.data = data


def decode(kind: str, data: bytes) -> Any:
    """A value of one of our own types (``ay``, ``a{sv}``, ``(tay)`` …): bytes, str, int, list, tuple or Variant.

    Types may nest as deep as the caller writes them; what is read cannot make it deeper. Raises Malformed.
    """
    if kind == "ay":
        return data
    if kind[0] in _FIXED:
        if len(data) != _FIXED[kind[0]]:
            raise Malformed("a number in it is cut short")
        return int.from_bytes(data, "big")
    if kind == "s":
        return _text(data)
    if kind == "v":
        at = data.rfind(b"\0")
        if at < 0:
            raise Malformed("a value in it has no type")
        return Variant(data[at + 1 :].decode("latin-1"), data[:at])
    if kind[0] == "a":
        return _array(kind[1:], data)
    return _tuple(_members(kind[1:-1]), data)


def dictionary(data: bytes, kind: str = "a{sv}") -> dict[str, Variant]:
    """A dictionary of variants by name. Raises Malformed also where a name stands twice."""
    pairs = decode(kind, data)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a name stands in it twice")
    return found


def _text(data: bytes) -> str:
    if data[-1:] != b"\0" or b"\0" in data[:-1]:
        raise Malformed("a text in it has no end")
    try:
        return data[:-1].decode()
    except UnicodeDecodeError as error:
        raise Malformed("a text in it is no UTF-8") from error


def _members(kinds: str) -> list[str]:
    found, at = [], 0
    while at < len(kinds):
        end = _end(kinds, at)
        found.append(kinds[at:end])
        at = end
    return found


def _end(kinds: str, at: int) -> int:
    while kinds[at] == "a":
        at += 1
    depth = 0
    while True:
        depth += (kinds[at] in "({") - (kinds[at] in ")}")
        at += 1
        if not depth:
            return at


def _alignment(kind: str) -> int:
    kind = kind.lstrip("a")
    if kind[0] in "({":
        return max(_alignment(k) for k in _members(kind[1:-1]))
    return {"y": 1, "s": 1, "u": 4, "t": 8, "v": 8}[kind[0]]


def _fixed_size(kind: str) -> int | None:
    """How many bytes each value of a type takes; None where that differs."""
    if kind[0] in _FIXED:
        return _FIXED[kind[0]]
    if kind[0] not in "({":
        return None
    size = 0
    for member in _members(kind[1:-1]):
        own = _fixed_size(member)
        if own is None:
            return None
        size = _up(size, _alignment(member)) + own
    return _up(size, _alignment(kind))


def _up(at: int, alignment: int) -> int:
    return -(-at // alignment) * alignment


def _offset_size(length: int) -> int:
    return 1 if length <= 0xFF else 2 if length <= 0xFFFF else 4 if length <= 0xFFFFFFFF else 8


def _array(kind: str, data: bytes) -> list[Any]:
    if not data:
        return []
    size = _fixed_size(kind)
    if size is not None:
        if len(data) % size:
            raise Malformed("an array in it is cut short")
        return [decode(kind, data[at : at + size]) for at in range(0, len(data), size)]
    width = _offset_size(len(data))
    first = int.from_bytes(data[-width:], "little")
    count, rest = divmod(len(data) - first, width)
    if first > len(data) - width or rest or count > MOST_ELEMENTS:
        raise Malformed("an array in it is damaged")
    found, start, alignment = [], 0, _alignment(kind)
    for number in range(count):
        at = first + number * width
        end = int.from_bytes(data[at : at + width], "little")
        start = _padded(data, start, alignment)
        if not start <= end <= first:
            raise Malformed("an array in it is damaged")
        found.append(decode(kind, data[start:end]))
        start = end
    if start != first:
        raise Malformed("an array in it is damaged")
    return found


def _tuple(kinds: list[str], data: bytes) -> tuple[Any, ...]:
    width, start, offset, found = _offset_size(len(data)), 0, len(data), []
    for number, kind in enumerate(kinds):
        start = _padded(data, start, _alignment(kind))
        size = _fixed_size(kind)
        if size is not None:
            end = start + size
        elif number == len(kinds) - 1:
            end = offset
        else:
            offset -= width
            end = int.from_bytes(data[max(offset, 0) : offset + width], "little") if offset >= 0 else -1
        if not start <= end <= offset:
            raise Malformed("a record in it is damaged")
        found.append(decode(kind, data[start:end]))
        start = end
    sizes = [_fixed_size(kind) for kind in kinds]
    whole = offset if None in sizes else _up(start, max(_alignment(kind) for kind in kinds))
    if (len(data) != whole and None not in sizes) or (None in sizes and start != offset):
        raise Malformed("something follows a record in it")
    return tuple(found)


def _padded(data: bytes, start: int, alignment: int) -> int:
    """Where the next value begins. What stands before it has to be zero."""
    at = _up(start, alignment)
    if any(data[start:at]):
        raise Malformed("something stands between the values in it")
    return at
