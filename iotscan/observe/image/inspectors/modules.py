"""Kernel modules and the signatures behind them (Linux ``Documentation/admin-guide/module-signing.rst``)."""

import lzma
import zlib
from collections.abc import Callable

from iotscan.model.facts import KernelModules
from iotscan.observe.heard import Heard
from iotscan.observe.image.inspector import Inspector, Swept
from iotscan.observe.image.site import Place
from iotscan.observe.image.tree import Entry, Tree
from iotscan.wire.ber import Malformed
from iotscan.wire.module_signature import read_signature

_ENDINGS = (".ko", ".ko.gz", ".ko.xz", ".ko.zst")
_LARGEST = 64 << 20
_UNPACKED = 96 << 20
"""Bytes that packed modules may give: what is beyond is counted, not looked at."""
_SHOWN = 10


class _Modules:
    """See :class:`~iotscan.observe.image.inspector.Sweeper`."""

    def __init__(self) -> None:
        self._count = self._signed = self._unread = self._spent = 0
        self._why = ""
        self._unsigned: list[str] = []
        self._broken: list[str] = []
        self._digests: dict[str, None] = {}

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
            signature = read_signature(self._module(swept.entry.path, swept.data))
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

    def _module(self, path: str, data: bytes) -> bytes:
        unpack = next((u for ending, u in _UNPACK.items() if path.endswith(ending)), None)
        if unpack is None:
            return data
        left = min(_LARGEST, _UNPACKED - self._spent)
        if left <= 0:
            raise _Unseen(f"packed modules give more than {_UNPACKED >> 20} MiB")
        try:
            module = unpack(data, left)
        except ImportError as error:
            raise _Unseen("modules packed with zstd need: pip install 'iotscan[image]'") from error
        except (zlib.error, lzma.LZMAError, EOFError, ValueError) as error:
            raise _Unseen("a packed module is damaged") from error
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
        return Heard(facts=(fact,))


class _Unseen(Exception):
    """A module whose end was not seen: the message says why."""


def _gzip(data: bytes, limit: int) -> bytes:
    unpacking = zlib.decompressobj(wbits=31)
    return _ended(unpacking.decompress(data, limit), limit, unpacking.eof)


def _xz(data: bytes, limit: int) -> bytes:
    unpacking = lzma.LZMADecompressor(memlimit=256 << 20)
    return _ended(unpacking.decompress(data, limit), limit, unpacking.eof)


def _zstd(data: bytes, limit: int) -> bytes:
    import zstandard

    try:
        size = zstandard.frame_content_size(data)
        with zstandard.ZstdDecompressor(max_window_size=128 << 20).stream_reader(data) as stream:
            module = stream.read(limit)
    except zstandard.ZstdError as error:
        raise ValueError("no zstd") from error
    return _ended(module, limit, size in (-1, len(module)))


def _ended(module: bytes, limit: int, is_whole: bool) -> bytes:
    """The module, unless its pack ends too early: without its end nobody knows whether it is signed."""
    if not is_whole and len(module) < limit:
        raise ValueError("cut short")
    return module


_UNPACK: dict[str, Callable[[bytes, int], bytes]] = {".gz": _gzip, ".xz": _xz, ".zst": _zstd}


INSPECTOR = Inspector(name="modules", version=1, gives=(KernelModules,), sweep=_Modules)
