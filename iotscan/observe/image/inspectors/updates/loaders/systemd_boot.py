"""systemd-boot's counting: the tries left stand in the names of entries and kernels.

Source: systemd documentation, "Automatic Boot Assessment"; kernel-install(8), ``/etc/kernel/tries``.
"""

import re

from iotscan.observe.image.inspectors.boot.chain import BootFile, Chain
from iotscan.observe.image.inspectors.boot.menus import is_loader_entry
from iotscan.observe.image.inspectors.updates.loaders.counting import Counting, Said
from iotscan.observe.image.tree import Tree

_TRIES = re.compile(r"\+\d+(?:-\d+)?\.(?:conf|efi)$")
_SET = "/etc/kernel/tries"


def read(chain: Chain, tree: Tree) -> Counting | None:
    """What systemd-boot counts; None where the image holds no entry for it. Raises Unreadable."""
    entries = [file for file in chain.files if is_loader_entry(file) or _is_unified(file)]
    if not entries or not any(file.name.endswith("/loader/loader.conf") for file in chain.files):
        return None
    counted = [file for file in entries if _TRIES.search(file.name)]
    first = counted[0] if counted else entries[0]
    tries = tree.find(_SET) is not None
    said = "tries stand in the entry's name" if counted else "no entry has tries in its name"
    counter = Said(
        holds=bool(counted) or tries,
        detail=f"{_SET} gives new entries tries" if tries and not counted else said,
        path=tree.show(_SET) if tries and not counted else first.shown,
    )
    return Counting(
        loader="systemd-boot",
        counter=counter,
        alternative=Said(holds=len(entries) > 1, detail=f"{len(entries)} entries", path=first.shown),
        redundant=Said(holds=None, detail="the count is the name of a file, as safe as renaming it is", path=""),
    )


def _is_unified(file: BootFile) -> bool:
    return "/efi/linux/" in file.name and file.name.endswith(".efi")
