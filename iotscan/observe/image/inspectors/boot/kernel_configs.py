"""Kernel configurations: ``/boot/config-*``, ``/proc/config.gz`` as it stands in a kernel (``kernel/configs.c``)."""

import re
import zlib
from collections.abc import Iterator

from iotscan.model.facts import KernelConfig, KernelConfigs
from iotscan.model.text import safe_text
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_START = b"IKCFG_ST"
_KERNEL_LIMIT = 128 << 20
_CHUNK = 8 << 20
_TEXT_LIMIT = 4 << 20
_KEPT = (
    "CONFIG_MODULES", "CONFIG_MODULE_SIG", "CONFIG_MODULE_SIG_FORCE", "CONFIG_MODULE_SIG_HASH",
    "CONFIG_SECURITY_LOCKDOWN_LSM", "CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY",
    "CONFIG_LOCK_DOWN_KERNEL_FORCE_CONFIDENTIALITY", "CONFIG_CMDLINE", "CONFIG_IMA_APPRAISE", "CONFIG_DM_VERITY",
    "CONFIG_RANDOMIZE_BASE", "CONFIG_STRICT_DEVMEM", "CONFIG_KEXEC", "CONFIG_KEXEC_SIG",
)  # fmt: skip
_LINE = re.compile(rb"^(?:(CONFIG_\w+)=(.*)|# (CONFIG_\w+) is not set)$", re.MULTILINE)


def read(chain: Chain) -> KernelConfigs:
    """The configurations. Raises Unreadable."""
    found = (_describe(path, text) for path, text in texts(chain))
    return KernelConfigs(configs=tuple(config for config in found if config.options))


def texts(chain: Chain) -> Iterator[tuple[str, bytes]]:
    """Path and text of each configuration. Raises Unreadable."""
    for _, tree in chain.site.trees:
        yield from _files(tree)
    for place, blob in chain.places("kernel"):
        embedded = _embedded(blob)
        if embedded is not None:
            yield place.shown or place.format, embedded


def _files(tree: Tree) -> Iterator[tuple[str, bytes]]:
    modules = [f"/lib/modules/{e.name}/config" for e in tree.children("/lib/modules")]
    boot = [e.path for folder in ("/", "/boot") for e in tree.children(folder) if e.name.startswith("config-")]
    for path in (*boot, *modules):
        found = tree.find(path)
        if found is not None and found.kind == "file":
            try:
                yield tree.show(path), tree.read(path, _TEXT_LIMIT)
            except Unreadable as error:
                raise Unreadable(f"{tree.show(path)}: {error}") from error


def _embedded(blob: Blob) -> bytes | None:
    """The configuration in a kernel that is not packed."""
    size = min(blob.size, _KERNEL_LIMIT)
    for offset in range(0, size, _CHUNK):
        data = blob.read_at(offset, _CHUNK + len(_START))
        at = data.find(_START)
        if at >= 0:
            packed = blob.read_at(offset + at + len(_START), _TEXT_LIMIT)
            try:
                return zlib.decompressobj(wbits=31).decompress(packed, _TEXT_LIMIT)
            except zlib.error:
                return None
    return None


def _describe(path: str, text: bytes) -> KernelConfig:
    options = {}
    for match in _LINE.finditer(text):
        name = (match[1] or match[3]).decode("ascii", "replace")
        if name in _KEPT and name != "CONFIG_CMDLINE":
            options[name] = safe_text((match[2] or b"n").strip(b'"'), 80)
    return KernelConfig(path=path, options=options)


def built_in_line(text: bytes) -> bytes:
    """The command line that is compiled in (``CONFIG_CMDLINE``), empty without one."""
    found = next((m[2] for m in _LINE.finditer(text) if m[1] == b"CONFIG_CMDLINE"), None)
    return (found or b"").strip(b'"')
