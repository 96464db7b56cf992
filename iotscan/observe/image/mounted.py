"""What a device mounts over its root file system: the files that lie there in the image are then not those it sees.

Read off fstab(5), systemd.mount(5) and the ``mount`` commands of the start. A file system in memory over ``/var`` takes
nothing away that counts, and an overlay changes nothing where the image brings no file of its upper folder: it begins
empty with the device.
"""

from collections.abc import Iterator

import msgspec

from iotscan.model.facts import Mount
from iotscan.model.text import safe_text
from iotscan.observe.image.inspectors.mounts import mounts_of
from iotscan.observe.image.startup.boot_commands import BootCommand, boot_commands
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_ALL = ("/etc", "/usr", "/bin", "/sbin", "/lib", "/opt")
_VARIABLE = ("/var", "/var/lib", "/var/spool", "/var/spool/cron")
OF_VARIABLE = ("admin", "entropy", "packages", "rotation", "software", "startup", "trust-store", "updates")
"""The inspectors that look below /var for what an image brings; home folders and accounts are looked for everywhere."""
_WITH_VALUE = ("-t", "-o", "-L", "-U", "-O", "-T")
_IN_MEMORY = ("tmpfs", "ramfs")


class Covered(msgspec.Struct, frozen=True, kw_only=True):
    """A folder of a root file system over which something is mounted, both as shown.

    ``asked`` are the names of the inspectors that it concerns; all of them where it is empty.
    """

    path: str
    why: str
    asked: tuple[str, ...] = ()


def covered(tree: Tree) -> tuple[Covered, ...]:
    """The folders whose files are not what a device sees. Never raises: who reads the same files names what fails."""
    found: dict[str, Covered] = {}
    for mount in _mounts(tree):
        point = "/" + mount.point.strip("/")
        is_variable = point in _VARIABLE
        if not (is_variable or f"{point}/".startswith(tuple(f"{place}/" for place in _ALL))):
            continue
        if (is_variable and mount.type in _IN_MEMORY) or not _happens(mount) or not _changes(tree, mount):
            continue
        place = f"{mount.path}:{mount.line}"
        why = f"{place} mounts {mount.source} over {point}: what the image holds there may not be what a device sees"
        asked = OF_VARIABLE if is_variable else ()
        found.setdefault(point, Covered(path=tree.show(point), why=why, asked=asked))
    return tuple(found.values())


def _mounts(tree: Tree) -> Iterator[Mount]:
    try:
        yield from mounts_of(tree)
        for command in boot_commands(tree):
            if command.name == "mount":
                yield from _of_command(tree, command)
    except Unreadable:
        return


def _of_command(tree: Tree, command: BootCommand) -> Iterator[Mount]:
    """mount(8): ``-t TYPE -o OPTIONS SOURCE POINT``."""
    options: dict[str, str] = {}
    places: list[str] = []
    before = ""
    for word in command.argv[1:]:
        if word.startswith((">", "<")):
            break
        if before in _WITH_VALUE:
            options[before] = word
        elif not word.startswith("-"):
            places.append(word)
        before = word if before not in _WITH_VALUE else ""
    if len(places) > 1:
        yield Mount(
            path=tree.show(command.path),
            line=command.line,
            source=safe_text(places[0], 120),
            point=safe_text(places[1], 200),
            type=options.get("-t", ""),
            options=tuple(options.get("-o", "").split(",")),
        )


def _happens(mount: Mount) -> bool:
    return "noauto" not in mount.options or "x-systemd.automount" in mount.options


def _changes(tree: Tree, mount: Mount) -> bool:
    """False for an overlay whose upper folder the image does not fill."""
    upper = next((word.partition("=")[2] for word in mount.options if word.startswith("upperdir=")), "")
    if mount.type != "overlay" or not upper.startswith("/"):
        return True
    # On a partition of its own its path there lacks where that is mounted.
    parts = upper.strip("/").split("/")
    ends = ["/" + "/".join(parts[start:]) for start in range(1, len(parts))]
    places = [(tree, upper), *((other, end) for other in tree.beside for end in ends)]
    try:
        return any(True for holder, path in places for _ in holder.children(path))
    except Unreadable:
        return True
