"""Kernel command lines, wherever a boot chain keeps them.

Of an argument only what a question is put to is kept with its value: a line may carry passwords of a product's own.
Source: Linux ``Documentation/admin-guide/kernel-parameters.txt``, kernel-command-line(7), bootparam(7).
"""

import re
from collections.abc import Iterator

from iotscan.model.facts import CommandLine, KernelCommandLines
from iotscan.model.facts.boot_settings import Carrier
from iotscan.model.text import safe_text
from iotscan.observe.image.inspectors.boot import android, environments, kernel_configs, programs
from iotscan.observe.image.inspectors.boot.chain import BootFile, Chain
from iotscan.observe.image.inspectors.boot.device_trees import device_trees
from iotscan.observe.image.inspectors.boot.menus import is_grub_menu, is_loader_entry
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire import fdt
from iotscan.wire.android import BOOT_HEADER, BadHeader, read_boot

_LONGEST = 4096
"""Bytes of a line that are looked at; a kernel takes 2,048 or 4,096 (``COMMAND_LINE_SIZE``)."""
_WORDS = 200
_WORD = re.compile(r"(?:\"[^\"]*\"|\S)+")
_VALUED = (
    "androidboot.verifiedbootstate", "androidboot.veritymode", "apparmor", "console", "dm-mod.create", "dm-mod.waitfor",
    "earlycon", "enforcing", "ima", "ima_appraise", "ima_policy", "ima_hash", "init", "iomem", "kgdboc", "lockdown",
    "lsm", "mitigations", "module.sig_enforce", "mtdparts", "norandmaps", "panic", "rd.break", "rd.debug", "rd.shell",
    "rdinit", "root", "rootflags", "rootfstype", "roothash", "security", "selinux", "slub_debug", "spectre_v2",
    "systemd.debug_shell", "systemd.debug-shell", "systemd.unit", "systemd.verity", "systemd.verity_root_data",
    "systemd.verity_root_hash", "systemd.wants", "usrhash", "vsyscall",
)  # fmt: skip
_EXTLINUX = re.compile(rb"^\s*append\s+(.*)$", re.IGNORECASE)
_GRUB = re.compile(rb"^\s*linux(?:efi|16)?\s+\S+\s+(.*)$")
_ENTRY = re.compile(rb"^\s*options\s+(.*)$")


def read(chain: Chain) -> KernelCommandLines:
    """Every command line. Raises Unreadable."""
    return KernelCommandLines(lines=tuple(dict.fromkeys(_lines(chain))))


def _lines(chain: Chain) -> Iterator[CommandLine]:
    for path, _, found in environments.environments(chain):
        for name in ("bootargs", "extraargs", "optargs", "cmdline", "setbootargs"):
            yield from _line(path, 0, "environment", found.get(name, b""))
    yield from _device_trees(chain)
    for file in chain.files:
        yield from _file(file)
    for binary, program, blob in chain.programs:
        section = program.section(".cmdline")
        if section is not None:
            text = programs.section_of(blob, section, _LONGEST + 1)
            yield from _line(binary.path, 0, "uki", text, is_signed=programs.is_sound(binary))
    yield from _android(chain)
    for path, text in kernel_configs.texts(chain):
        yield from _line(path, 0, "kernel", kernel_configs.built_in_line(text))


def _device_trees(chain: Chain) -> Iterator[CommandLine]:
    # U-Boot puts bootargs of its environment in the place of a tree's (boot/fdt_support.c, fdt_chosen).
    is_replaced = any(found.get("bootargs") for _, _, found in environments.environments(chain))
    for tree in device_trees(chain):
        yield from _chosen(tree.path, tree.root, is_signed=tree.is_signed and not is_replaced)


def _chosen(path: str, root: fdt.Node, *, is_signed: bool = False) -> Iterator[CommandLine]:
    chosen = root.child("chosen")
    text = chosen.value("bootargs") if chosen else None
    yield from _line(path, 0, "device-tree", text or b"", is_signed=is_signed)


def _file(file: BootFile) -> Iterator[CommandLine]:
    if file.name.endswith("/cmdline.txt"):
        yield from _line(file.shown, 1, "file", file.text().partition(b"\n")[0])
        return
    kinds: tuple[tuple[bool, re.Pattern[bytes], Carrier], ...] = (
        (file.name.endswith("/extlinux.conf"), _EXTLINUX, "extlinux"),
        (is_grub_menu(file), _GRUB, "grub"),
        (is_loader_entry(file), _ENTRY, "loader-entry"),
    )
    for is_it, pattern, carrier in kinds:
        if is_it:
            for number, line in enumerate(file.text().split(b"\n"), start=1):
                match = pattern.match(line)
                if match:
                    yield from _line(file.shown, number, carrier, match[1])


def _android(chain: Chain) -> Iterator[CommandLine]:
    metas = list(android.images(chain))
    covered = {d.partition for path, meta, _ in metas for d in meta.descriptors if meta.algorithm and d.kind == "hash"}
    for place, blob in chain.places("android-boot"):
        try:
            boot = read_boot(blob.read_at(0, BOOT_HEADER))
        except BadHeader as error:
            raise Unreadable(f"{place.shown or place.format}: {error}") from error
        name = place.label.removesuffix("_a").removesuffix("_b")
        yield from _line(
            place.shown or place.format,
            0,
            "android",
            boot.cmdline.encode("utf-8", "replace"),
            is_signed=name in covered,
        )
    for path, meta, _ in metas:
        for descriptor in meta.descriptors:
            if descriptor.kind == "cmdline":
                text = descriptor.text.encode("utf-8", "replace")
                yield from _line(path, 0, "vbmeta", text, is_signed=bool(meta.algorithm))


def _line(path: str, line: int, carrier: Carrier, text: bytes, *, is_signed: bool = False) -> Iterator[CommandLine]:
    raw = text.split(b"\0")[0].strip()
    if raw[:1] in (b'"', b"'") and raw.endswith(raw[:1]):
        raw = raw[1:-1]
    if not raw:
        return
    words = _WORD.findall(raw[:_LONGEST].decode("utf-8", "backslashreplace"))
    yield CommandLine(
        path=path,
        line=line,
        carrier=carrier,
        arguments=tuple(_kept(word) for word in words[:_WORDS]),
        is_signed=is_signed,
        is_cut=len(raw) > _LONGEST or len(words) > _WORDS,
    )


def _kept(word: str) -> str:
    name, sep, value = word.partition("=")
    shown = safe_text(name.replace("-", "_") if name.startswith("systemd.debug") else name, 64)
    if not sep:
        return shown
    return f"{shown}={safe_text(value, 600)}" if name in _VALUED else f"{shown}=…"
