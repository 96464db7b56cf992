"""WireGuard's tunnels (wg-quick(8), systemd.netdev(5)): its keys know each other, and nothing in it can be chosen."""

from collections.abc import Iterator

from iotscan.model.answer import Answer
from iotscan.model.facts import VpnTunnel
from iotscan.model.text import safe_text
from iotscan.observe.image.globbing import globbed
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree

_FILES = ("/etc/wireguard/*.conf", "/etc/systemd/network/*.netdev", "/usr/lib/systemd/network/*.netdev")


def tunnels(tree: Tree) -> Iterator[VpnTunnel]:
    """A tunnel for each interface that a file describes. Raises Unreadable."""
    for path in (path for pattern in _FILES for path in globbed(tree, pattern)):
        lines = [line.strip().replace(" ", "").lower() for line in lines_of(tree, path) or []]
        mark = "[interface]" if path.endswith(".conf") else "kind=wireguard"
        if mark in lines:
            yield VpnTunnel(
                path=tree.show(path),
                line=lines.index(mark) + 1,
                system="wireguard",
                name=safe_text(path.rpartition("/")[2].rpartition(".")[0], 64),
                role="peer",
                authentication="public-key",
                checks_peer=Answer.of(True),
            )
