"""Programs and libraries with a signature of IMA in ``security.ima``, each with the digest of what the file is."""

import re
from typing import Final

from iotscan.model.facts import CodeSignature, SignedPrograms
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspector import Inspector, Swept
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.file_attributes import ima_of

MOST: Final = 5_000
"""Files that are kept: all programs and libraries of a Debian with a desktop."""
_EXECUTE: Final = 0o111
_LIBRARY: Final = re.compile(r"\.so(?:\.[\w.]+)?$")


class _Programs:
    """See :class:`~iotscan.observe.image.inspector.Sweeper`."""

    def __init__(self) -> None:
        self._files: list[CodeSignature] = []
        self._left_out = 0
        self._next: tuple[Entry, bytes] | None = None

    def passed(self, place: Place, tree: Tree, entry: Entry) -> None:
        self._next = None
        if entry.kind != "file" or not entry.size or not tree.keeps_permissions:
            return
        if not entry.mode & _EXECUTE and not _LIBRARY.search(entry.name):
            return
        try:
            attribute = tree.attributes(entry).get("security.ima", b"")
        except Unreadable:
            # A gap of the permissions' inspector, which reads the same attributes.
            return
        mark = ima_of(attribute)
        if mark is not None and mark.is_signature:
            self._next = (entry, attribute)

    def wants(self, entry: Entry) -> bool:
        """Asked right after the entry was passed."""
        return self._next is not None and self._next[0] == entry

    def see(self, swept: Swept) -> None:
        if swept.offset or self._next is None:
            return
        if len(self._files) >= MOST:
            self._left_out += 1
            return
        # Cryptography is loaded where something is signed.
        from iotscan.wire.signing.code import read_ima

        found = read_ima(swept.shown, self._next[1], swept.data if swept.is_whole else None)
        if found is not None:
            self._files.append(found)

    def heard(self, searched: int) -> Heard:
        if not self._files:
            return Heard()
        return Heard(facts=(SignedPrograms(files=tuple(self._files), left_out=self._left_out),))


INSPECTOR = Inspector(name="signed-programs", version=1, gives=(SignedPrograms,), sweep=_Programs)
