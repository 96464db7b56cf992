"""Files of a root file system that lie elsewhere: on a partition for data that is mounted over it, in the upper folder
of an overlay, in the stock of ``/etc`` that the first start copies.

Which of them a device mounts is decided when it runs; that the image brings them is reason enough to look.
"""

from collections.abc import Iterator

from iotscan.observe.image.places import is_documentation
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_STOCKS = ("/usr/etc", "/usr/share/factory/etc", "/usr/share/defaults/etc", "/usr/lib")
"""OSTree's and bootc's, systemd-tmpfiles', Clear Linux', nss-altfiles'."""
_UPPERS = (
    "/overlay/upper/etc",
    "/overlay/etc/upper",
    "/overlay/etc",
    "/data/overlay/etc/upper",
    "/data/overlay/upper/etc",
    "/data/etc/upper",
    "/data/etc",
    "/var/overlay/etc/upper",
    "/var/lib/overlay/etc/upper",
    "/mnt/overlay/upper/etc",
)


def elsewhere(tree: Tree, *names: str) -> Iterator[tuple[Tree, str]]:
    """Regular files of these names (``shadow``, ``dropbear/authorized_keys``): the tree that holds each, and its path.

    In the tree itself they are looked for in the folders above, in the file systems beside it by their last part
    everywhere. Raises Unreadable.
    """
    usual = {found.path for name in names if (found := tree.find(f"/etc/{name}")) is not None}
    for path in (f"{folder}/{name}" for folder in (*_STOCKS, *_UPPERS) for name in names):
        found = tree.find(path)
        if found is not None and found.kind == "file" and found.path not in usual:
            usual.add(found.path)
            yield tree, found.path
    lasts = {name.rpartition("/")[2] for name in names}
    for other in tree.beside:
        unread: list[tuple[str, str]] = []
        for entry in other.walk(unread=unread):
            if entry.kind == "file" and entry.name in lasts and not is_documentation(entry.path):
                yield other, entry.path
        if unread:
            raise Unreadable(f"{other.show(unread[0][0])}: {unread[0][1]}")
