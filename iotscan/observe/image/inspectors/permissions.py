"""Modes, owners, capabilities and devices: what the metadata of every file shows, and IMA's marks on programs."""

from collections.abc import Iterator

from iotscan.model.facts import AnyFact, FileCapabilities, FileMode, FilePermissions, FileSignatures
from iotscan.model.text import safe_text
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspector import Inspector, Swept
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.file_attributes import capabilities_of, ima_of

_MOST = 100
"""Listed of each kind; more are counted."""
_FEW = 5
_SETUID, _STICKY, _EVERYBODY, _EXECUTE = 0o6000, 0o1000, 0o002, 0o111
_PASSWD_LIMIT = 1 << 20


class _Permissions:
    """See :class:`~iotscan.observe.image.inspector.Sweeper`."""

    def __init__(self) -> None:
        self._entries = self._writable_count = 0
        self._setuid: list[FileMode] = []
        self._writable: list[FileMode] = []
        self._capabilities: list[FileCapabilities] = []
        self._devices: list[FileMode] = []
        self._owners: dict[tuple[int, int], tuple[Tree, Entry]] = {}
        self._not_kept: dict[str, None] = {}
        self._unread: list[str] = []
        self._marks = _Marks()
        self._seen: set[tuple[int, int]] = set()

    def wants(self, entry: Entry) -> bool:
        return False

    def see(self, swept: Swept) -> None:
        """The bytes are other inspectors' business."""

    def passed(self, place: Place, tree: Tree, entry: Entry) -> None:
        if not tree.keeps_permissions:
            self._not_kept[f"{place.shown or place.format} keeps no permissions ({tree.format})"] = None
            return
        if entry.inode:
            if (id(tree), entry.inode) in self._seen:
                return
            self._seen.add((id(tree), entry.inode))
        self._entries += 1
        self._owners.setdefault((id(tree), entry.uid), (tree, entry))
        if entry.kind in ("char", "block"):
            # 0:0 is the whiteout of an overlay, no device.
            if not entry.path.startswith("/dev/") and entry.device != (0, 0) and len(self._devices) < _MOST:
                self._devices.append(_mode(tree, entry))
        elif entry.kind in ("file", "folder"):
            self._judge(tree, entry)

    def _judge(self, tree: Tree, entry: Entry) -> None:
        if entry.kind == "file" and entry.mode & _SETUID and entry.mode & _EXECUTE and len(self._setuid) < _MOST:
            self._setuid.append(_mode(tree, entry))
        if entry.mode & _EVERYBODY and not (entry.kind == "folder" and entry.mode & _STICKY):
            self._writable_count += 1
            if len(self._writable) < _MOST:
                self._writable.append(_mode(tree, entry))
        if entry.kind == "file" and entry.mode & _EXECUTE and entry.size:
            self._attributes(tree, entry)

    def _attributes(self, tree: Tree, entry: Entry) -> None:
        try:
            attributes = tree.attributes(entry)
        except Unreadable as error:
            if len(self._unread) < _FEW:
                self._unread.append(f"the attributes of {tree.show(entry.path)}: {error}")
            return
        self._marks.take(tree, entry, attributes.get("security.ima", b""))
        held = capabilities_of(attributes.get("security.capability", b""))
        if held and len(self._capabilities) < _MOST:
            self._capabilities.append(FileCapabilities(path=tree.show(entry.path), capabilities=held))

    def heard(self, searched: int) -> Heard:
        if not self._entries and not self._not_kept:
            return Heard()
        fact = FilePermissions(
            entries=self._entries,
            setuid=tuple(self._setuid),
            writable=tuple(self._writable),
            writable_count=self._writable_count,
            capabilities=tuple(self._capabilities),
            devices=tuple(self._devices),
            unknown_owners=tuple(self._unknown_owners()),
            not_kept=tuple(self._not_kept)[:_FEW],
            unread=tuple(self._unread),
        )
        facts: list[AnyFact] = [fact]
        if self._marks.fact is not None:
            facts.append(self._marks.fact)
        return Heard(facts=tuple(facts))

    def _unknown_owners(self) -> Iterator[FileMode]:
        known: dict[int, set[int] | None] = {}
        for (number, uid), (tree, entry) in self._owners.items():
            if number not in known:
                known[number] = _accounts(tree)
            accounts = known[number]
            if accounts is not None and uid not in accounts:
                yield _mode(tree, entry)


class _Marks:
    """What IMA knows of programs."""

    def __init__(self) -> None:
        self._programs = self._signed = self._hashed = 0
        self._unsigned: list[str] = []
        self._keys: dict[str, None] = {}
        self._digests: dict[str, None] = {}

    def take(self, tree: Tree, entry: Entry, value: bytes) -> None:
        """Count a program."""
        self._programs += 1
        mark = ima_of(value)
        if mark is None:
            if len(self._unsigned) < _FEW:
                self._unsigned.append(tree.show(entry.path))
            return
        self._digests[safe_text(mark.digest, 20)] = None
        if mark.is_signature:
            self._signed += 1
            self._keys[mark.key] = None
        else:
            self._hashed += 1

    @property
    def fact(self) -> FileSignatures | None:
        """None where no program has a mark."""
        if not self._signed and not self._hashed:
            return None
        return FileSignatures(
            programs=self._programs,
            signed=self._signed,
            hashed=self._hashed,
            unsigned=tuple(self._unsigned),
            keys=tuple(self._keys)[:_FEW],
            digests=tuple(self._digests),
        )


def _mode(tree: Tree, entry: Entry) -> FileMode:
    return FileMode(path=tree.show(entry.path), mode=entry.mode, uid=entry.uid, gid=entry.gid)


def _accounts(tree: Tree) -> set[int] | None:
    """The numbers of the accounts in a root file system; None where it has no account file that can be read."""
    try:
        lines = tree.read("/etc/passwd", _PASSWD_LIMIT).decode("utf-8", "replace").split("\n")
    except Unreadable:
        return None
    fields = (line.split(":") for line in lines)
    return {int(f[2]) for f in fields if len(f) > 3 and f[2].isdecimal() and len(f[2]) < 11}


INSPECTOR = Inspector(name="permissions", version=1, gives=(FilePermissions, FileSignatures), sweep=_Permissions)
