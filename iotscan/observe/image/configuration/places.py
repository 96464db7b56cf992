"""Addresses and files as configurations write them."""

from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_MOST_FILES = 200
_FILE_LIMIT = 256 * 1024
_LOCAL = ("localhost", "::1", "ip6-localhost", "ip6-loopback", "lo")


def faces_network(address: str) -> bool:
    """False for an address that only the device itself can reach: what listens there is no fact of the network."""
    return not (address.startswith(("127.", "/", "unix:")) or address in _LOCAL)


def split_place(text: str) -> tuple[str, int]:
    """``host:22``, ``[::1]:22``, ``::1``, ``host`` as (host, port); the port is 0 where there is none."""
    if text.startswith("["):
        address, _, rest = text[1:].partition("]")
        return address, _port(rest.removeprefix(":"))
    if text.count(":") == 1:
        address, _, port = text.partition(":")
        return address, _port(port)
    return text, 0


def _port(text: str) -> int:
    return int(text) if text.isdecimal() and int(text) < 65536 else 0


class Reading:
    """The files of one configuration, which may include one another, and in a circle."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._files = 0

    def lines(self, path: str) -> list[str]:
        """The lines of a file; none where it is not there. Raises Unreadable, also beyond a number of files."""
        if self.tree.find(path) is None:
            return []
        self._files += 1
        if self._files > _MOST_FILES:
            raise Unreadable(f"it includes more than {_MOST_FILES} files")
        return self.tree.whole(path, _FILE_LIMIT).decode("utf-8", "replace").split("\n")
