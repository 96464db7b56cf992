"""GRUB's counting: variables of an environment block that its configuration changes and saves before a start.

Sources: GRUB manual, "The GRUB environment block"; RAUC reference, "GRUB"; grub-mender-grubenv (two locked copies);
Fedora's grub2 ``08_fallback_counting`` (``boot_counter``, ``boot_success``).
"""

import re

from iotscan.observe.image.inspectors.boot.chain import BootFile, Chain
from iotscan.observe.image.inspectors.boot.menus import is_grub_menu
from iotscan.observe.image.inspectors.updates.loaders.counting import Counting, Said
from iotscan.observe.image.inspectors.updates.loaders.grub_functions import executed
from iotscan.observe.image.tree import Tree

_COUNT = re.compile(rb"_TRY\b|_LEFT\b|\b(?:bootcount|boot_counter|upgrade_available|ustate|tries)\b")
_SAVE = re.compile(rb"^[^#\n]*\b(?:save_env|mender_save_env|grubenv_save)\b([^\n#]*)", re.MULTILINE)
_LOAD = re.compile(rb"^[^#\n]*\b(?:load_env|mender_load_env)\b", re.MULTILINE)
_ENTRY = re.compile(rb"^[ \t]*menuentry[ \t]", re.MULTILINE)
_FALLBACK = re.compile(rb"^[ \t]*set[ \t]+fallback=[\"']?[^\s\"']", re.MULTILINE)
_MENDER_PARTS = (b"mender_rootfsa_part", b"mender_rootfsb_part")
_MENDER_COPIES = ("mender_grubenv1/", "mender_grubenv2/")


def read(chain: Chain, tree: Tree) -> Counting | None:
    """What GRUB counts; None where no configuration of it is in the image. Raises Unreadable."""
    menus = [(file, executed(file.text())) for file in chain.files if is_grub_menu(file)]
    if not menus:
        return None
    file, text = max(menus, key=lambda each: (bool(_saves(each[1])), len(each[1])))
    return Counting(
        loader="grub",
        counter=_counter(file, text),
        alternative=_alternative(file, b"\n".join(t for _, t in menus)),
        redundant=_redundant(chain, file),
    )


def _saves(text: bytes) -> "re.Match[bytes] | None":
    """The first line that saves a count: mender's function names no variable, what it changes stands around it."""
    for found in _SAVE.finditer(text):
        if _COUNT.search(found[1]) or (b"mender_save_env" in found[0] and _COUNT.search(text)):
            return found
    return None


def _counter(file: BootFile, text: bytes) -> Said:
    saved = _saves(text)
    if saved is not None and _LOAD.search(text):
        line = text.count(b"\n", 0, saved.start()) + 1
        return Said(holds=True, detail="a start is counted in the environment block", path=file.shown, line=line)
    said = "grub.cfg reads a count and never saves one" if _COUNT.search(text) else "grub.cfg counts no starts"
    return Said(holds=False, detail=said, path=file.shown)


def _alternative(file: BootFile, text: bytes) -> Said:
    entries = len(_ENTRY.findall(text))
    both = all(part in text for part in _MENDER_PARTS)
    fallback = bool(_FALLBACK.search(text))
    said = [f"{entries} entries"] if entries or not both else []
    said += ["both root partitions"] if both else []
    said += ["fallback is set"] if fallback else []
    return Said(holds=both or entries > 1, detail=", ".join(said), path=file.shown)


def _redundant(chain: Chain, file: BootFile) -> Said:
    copies = {part for part in _MENDER_COPIES for f in chain.files if part in f.name and f.name.endswith("/env")}
    if len(copies) > 1:
        return Said(holds=True, detail="two environment blocks with locks", path=file.shown)
    return Said(holds=False, detail="one environment block, written in place", path=file.shown)
