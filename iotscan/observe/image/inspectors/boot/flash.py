"""Raw flash: the chips that device trees and partition lists name, and what the start mounts of them as blocks.

Sources: Linux ``Documentation/devicetree/bindings/mtd`` (``nand-controller``, ``nand-chip``, ``spi-nand``,
``jedec,spi-nor``, ``mtd-physmap``, ``partitions``), ``drivers/mtd/parsers/cmdlinepart.c`` for ``mtdparts=``, U-Boot's
``doc/usage/cmd/mtdparts`` for ``mtdids``.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from iotscan.model.facts import FlashChip, FlashMount, KernelCommandLines, RawFlash
from iotscan.model.text import safe_text
from iotscan.observe.image.inspectors.boot import command_lines, environments
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.inspectors.boot.device_trees import device_trees
from iotscan.observe.image.startup.boot_commands import BootCommand, boot_commands
from iotscan.wire import fdt

_MOST = 200
_NAND = re.compile(r"nand", re.IGNORECASE)
_NOR = re.compile(
    r"spi-nor|cfi-flash|jedec-flash|(?<![a-z])nor(?![a-z])|physmap|m25p|mx25|mx66|w25q|s25f|n25q|mt25q|gd25q|hyperflash",
    re.IGNORECASE,
)
_MANAGED = re.compile(r"^(?:e?mmc|card|sd)(?:@|\d|$|-card)|^(?:mmc|sd)-card$", re.IGNORECASE)
"""Partitions of a card lie on no raw flash."""
_BLOCKS = "/dev/mtdblock"


def read(chain: Chain) -> RawFlash:
    """The chips and the mounts. Raises Unreadable."""
    chips = dict.fromkeys((*_of_trees(chain), *_of_environments(chain), *of_lines(command_lines.read(chain))))
    trees = (place.tree for place in chain.site.roots if place.tree is not None)
    mounts = [m for tree in trees for command in boot_commands(tree) for m in _mounts(tree.show, command)]
    return RawFlash(chips=tuple(chips)[:_MOST], mounts=tuple(mounts)[:_MOST])


def _of_trees(chain: Chain) -> Iterator[FlashChip]:
    for tree in device_trees(chain):
        yield from _in_tree(tree.path, tree.root)


def _in_tree(path: str, root: fdt.Node) -> Iterator[FlashChip]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.text("status") not in (None, "ok", "okay"):
            # What lies below a switched off node is off with it.
            continue
        if any(_MANAGED.match(word) for word in (node.name, *node.texts("compatible"))):
            continue
        found = _chip(path, node)
        if found is None:
            waiting.extend(reversed(node.nodes))
        else:
            yield found


def _chip(path: str, node: fdt.Node) -> FlashChip | None:
    """What a node says of itself: a controller without a chip says nothing."""
    words = node.texts("compatible")
    has_parts = any(below.name == "partitions" or below.name.startswith("partition@") for below in node.nodes)
    said = safe_text(words[0] if words else node.name, 80)
    if _is_nand_chip(node, words, has_parts=has_parts):
        return FlashChip(path=path, kind="nand", said=next((safe_text(w, 80) for w in words if _NAND.search(w)), said))
    nor = next((word for word in words if _NOR.search(word)), None)
    if nor is not None:
        return FlashChip(path=path, kind="nor", said=safe_text(nor, 80))
    return FlashChip(path=path, kind="other", said=said) if has_parts else None


def _is_nand_chip(node: fdt.Node, words: tuple[str, ...], *, has_parts: bool) -> bool:
    if "spi-nand" in words or "brcm,nandcs" in words or node.name.startswith("nand@"):
        # Before there were nodes for chips, a controller was called ``nand@`` too; with chips below these count.
        return not any(below.name.startswith("nand@") for below in node.nodes)
    return any(_NAND.search(word) for word in words) and has_parts


def _of_environments(chain: Chain) -> Iterator[FlashChip]:
    for path, _, found in environments.environments(chain):
        text = found.get("mtdparts", b"").decode("utf-8", "replace")
        yield from _of_parts(path, text.removeprefix("mtdparts="))
        for entry in found.get("mtdids", b"").decode("utf-8", "replace").split(",")[:_MOST]:
            if "=" in entry:
                yield _named(path, entry)


def of_lines(found: KernelCommandLines) -> Iterator[FlashChip]:
    """What ``mtdparts=`` names on command lines."""
    for line in found.lines:
        for word in line.arguments:
            name, _, value = word.partition("=")
            if name == "mtdparts":
                yield from _of_parts(line.path, value.strip("\"'"))


def _of_parts(path: str, text: str) -> Iterator[FlashChip]:
    """``ID:SIZE(NAME),…;ID:…``; an id may have colons in it, what a size is before has none."""
    for part in text.split(";")[:_MOST]:
        name = part.partition("(")[0].rpartition(":")[0].strip()
        if name:
            yield _named(path, name)
    if text.endswith("…"):
        yield FlashChip(path=path, kind="other", said="a list of partitions that is longer than what was read")


def _named(path: str, name: str) -> FlashChip:
    kind = "nand" if _NAND.search(name) else "nor" if _NOR.search(name) else "other"
    return FlashChip(path=path, kind=kind, said=safe_text(name, 80))  # type: ignore[arg-type]  # one of the three


def _mounts(show: Callable[[str], str], command: BootCommand) -> Iterator[FlashMount]:
    argv = command.argv
    if argv[:1] != ("mount",):
        return
    source = next((word for word in argv[1:] if word.startswith(_BLOCKS)), "")
    if not source:
        return
    kinds = [b for a, b in pairwise(argv) if a == "-t"]
    kinds += [word[2:] for word in argv if word.startswith("-t") and len(word) > 2]
    yield FlashMount(
        path=show(command.path),
        line=command.line,
        source=safe_text(source, 120),
        type=safe_text(kinds[0], 40) if kinds else "",
    )
