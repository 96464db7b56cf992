"""Kernel modules and the signatures behind them (Linux ``Documentation/admin-guide/module-signing.rst``)."""

from iotscan.model.facts import AnyFact, CodeSignature, KernelModules, SignedModules
from iotscan.observe.heard import Heard
from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.inspector import Inspector, Swept
from iotscan.observe.image.reader import HEAD
from iotscan.observe.image.readers.streams import stream_of, unpacked
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import NeedsLibrary, Unreadable
from iotscan.wire.ber import Malformed
from iotscan.wire.module_signature import read_signature

_ENDINGS = (".ko", ".ko.gz", ".ko.xz", ".ko.zst")
_LARGEST = 64 << 20
_UNPACKED = 96 << 20
"""Bytes that packed modules may give: what is beyond is counted, not looked at."""
_SHOWN = 10
MOST = 5_000
"""Signed modules that are kept: a distribution's kernel has four thousand."""


class _Modules:
    """See :class:`~iotscan.observe.image.inspector.Sweeper`."""

    def __init__(self) -> None:
        self._count = self._signed = self._unread = self._spent = 0
        self._why = ""
        self._unsigned: list[str] = []
        self._broken: list[str] = []
        self._digests: dict[str, None] = {}
        self._files: list[CodeSignature] = []

    def wants(self, entry: Entry) -> bool:
        return entry.path.endswith(_ENDINGS)

    def passed(self, place: Place, tree: Tree, entry: Entry) -> None:
        """Metadata alone shows no signature."""

    def see(self, swept: Swept) -> None:
        if swept.offset:
            return
        self._count += 1
        try:
            if not swept.is_whole:
                raise _Unseen("a module is larger than any")
            module = self._module(swept.data)
            signature = read_signature(module)
        except _Unseen as error:
            self._unread += 1
            self._why = str(error)
        except Malformed:
            self._broken = [*self._broken, swept.shown][:_SHOWN]
        else:
            if signature is None:
                self._unsigned = [*self._unsigned, swept.shown][:_SHOWN]
            else:
                self._signed += 1
                self._digests[signature.digest] = None
                self._keep(swept.shown, module)

    def _keep(self, shown: str, module: bytes) -> None:
        # Cryptography is loaded where something is signed.
        from iotscan.wire.signing.code import read_module

        found = read_module(shown, module) if len(self._files) < MOST else None
        if found is not None:
            self._files.append(found)

    def _module(self, data: bytes) -> bytes:
        packing = stream_of(data[:HEAD])
        if not packing:
            return data
        left = min(_LARGEST, _UNPACKED - self._spent)
        if left <= 0:
            raise _Unseen(f"packed modules give more than {_UNPACKED >> 20} MiB")
        try:
            module = unpacked(packing, Bytes(data), Budget()).read_at(0, left)
        except NeedsLibrary as error:
            raise _Unseen(f"modules packed with {packing} need: {error}") from error
        except Unreadable as error:
            raise _Unseen(f"a packed module cannot be unpacked: {error}") from error
        self._spent += len(module)
        if len(module) >= left:
            raise _Unseen(f"packed modules give more than {_UNPACKED >> 20} MiB")
        return module

    def heard(self, searched: int) -> Heard:
        if not self._count:
            return Heard()
        fact = KernelModules(
            count=self._count,
            signed=self._signed,
            unsigned=tuple(self._unsigned),
            broken=tuple(self._broken),
            unread=self._unread,
            unread_reason=self._why,
            digests=tuple(self._digests),
        )
        facts: list[AnyFact] = [fact]
        if self._files:
            facts.append(SignedModules(files=tuple(self._files), left_out=self._signed - len(self._files)))
        return Heard(facts=tuple(facts))


class _Unseen(Exception):
    """A module whose end was not seen: the message says why."""


INSPECTOR = Inspector(name="modules", version=2, gives=(KernelModules, SignedModules), sweep=_Modules)
