"""What the commands of a SUIT manifest say of the images they fetch: their addresses, digests, and whether they look.

Source: draft-ietf-suit-manifest-34 section 8.4.6 to 8.4.10. Conditions on the device are not evaluated: every sequence
counts, whichever would be taken.
"""

import uuid
from collections.abc import Iterator
from typing import Any, Final

from iotscan.wire.ber import Malformed
from iotscan.wire.signing.cbor import decode

_IMAGE_MATCH = 3
_SET_COMPONENT, _TRY_EACH, _RUN = 12, 15, 32
_PARAMETERS: Final = (19, 20)
_VENDOR, _CLASS, _DIGEST, _URI, _SOURCE = 1, 2, 3, 21, 22
_SEQUENCES: Final = 200
_MOST_SET: Final = 100_000
"""Parameters, counted for each component that they are set for."""
DIGESTS: Final = {-16: "sha256", -43: "sha384", -44: "sha512", -18: "shake128", -45: "shake256"}

Digest = tuple[str, bytes]


class Commands:
    """What all sequences say together."""

    def __init__(self, components: int) -> None:
        self._components = range(max(1, min(components, 256)))
        self.addresses: dict[str, set[int]] = {}
        self.digests: dict[int, set[Digest]] = {}
        self.matched: set[int] = set()
        self._copied: dict[int, set[int]] = {}
        self.vendors: list[str] = []
        self.classes: list[str] = []
        self._read = self._set = 0

    def read(self, sequence: bytes) -> None:
        """Read one sequence and those in it. Raises Malformed."""
        waiting: list[tuple[bytes, tuple[int, ...]]] = [(sequence, (0,))]
        while waiting:
            data, current = waiting.pop()
            self._read += 1
            if self._read > _SEQUENCES:
                raise Malformed(f"more than {_SEQUENCES} sequences of commands")
            for command, argument in _pairs(data):
                if command == _SET_COMPONENT:
                    current = self._chosen(argument)
                elif command in _PARAMETERS and isinstance(argument, dict):
                    self._parameters(argument, current)
                elif command == _IMAGE_MATCH:
                    self.matched.update(current)
                elif command == _RUN and isinstance(argument, bytes):
                    waiting.append((argument, current))
                elif command == _TRY_EACH and isinstance(argument, tuple):
                    waiting += [(one, current) for one in argument if isinstance(one, bytes)]

    def digests_of(self, address: str) -> set[Digest]:
        """The digests by which what comes from an address is looked at, there or where it is copied to."""
        reached: set[int] = set()
        waiting = list(self.addresses.get(address, ()))
        while waiting:
            here = waiting.pop()
            if here not in reached:
                reached.add(here)
                waiting += self._copied.get(here, ())
        looked_at = reached & self.matched
        return set().union(*(self.digests.get(c, set()) for c in looked_at)) if looked_at else set()

    def _chosen(self, argument: Any) -> tuple[int, ...]:
        if argument is True:
            return tuple(self._components)
        if isinstance(argument, tuple):
            return tuple({a: None for a in argument if isinstance(a, int)})
        return (argument,) if isinstance(argument, int) else ()

    def _parameters(self, values: dict[Any, Any], current: tuple[int, ...]) -> None:
        self._set += len(current)
        if self._set > _MOST_SET:
            raise Malformed(f"more than {_MOST_SET:,} parameters of components")
        digest, address, origin = values.get(_DIGEST), values.get(_URI), values.get(_SOURCE)
        if isinstance(origin, int):
            self._copied.setdefault(origin, set()).update(current)
        if isinstance(digest, bytes):
            read = read_digest(decode(digest))
            for component in current:
                self.digests.setdefault(component, set()).add(read)
        if isinstance(address, str):
            self.addresses.setdefault(address, set()).update(current)
        for key, into in ((_VENDOR, self.vendors), (_CLASS, self.classes)):
            raw = values.get(key)
            named = str(uuid.UUID(bytes=raw)) if isinstance(raw, bytes) and len(raw) == 16 else ""
            if named and named not in into and len(into) < 50:
                into.append(named)


def read_digest(value: Any) -> Digest:
    """A ``SUIT_Digest``: algorithm and bytes. Raises Malformed."""
    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[1], bytes):
        raise Malformed("a digest in it makes no sense")
    return DIGESTS.get(value[0], "") if isinstance(value[0], int) else "", value[1]


def _pairs(data: bytes) -> Iterator[tuple[Any, Any]]:
    commands = decode(data)
    if not isinstance(commands, tuple) or len(commands) % 2:
        raise Malformed("a sequence of commands in it makes no sense")
    yield from zip(commands[::2], commands[1::2], strict=True)
