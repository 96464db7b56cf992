"""Boot menus: GRUB's configuration (grub manual, "Security") and systemd-boot's (loader.conf(5))."""

import re
from collections.abc import Iterator

from iotscan.model.facts import BootMenu, BootMenus
from iotscan.observe.image.inspectors.boot.chain import BootFile, Chain

_PASSWORD = re.compile(rb"^[ \t]*password(?:_pbkdf2)?[ \t]+\S", re.MULTILINE)
_SUPERUSERS = re.compile(rb"^[ \t]*set[ \t]+superusers=[\"']?[^\s\"']", re.MULTILINE)
_MENU = re.compile(rb"^[ \t]*(?:menuentry|linux(?:efi|16)?|set[ \t]+timeout|configfile)\b", re.MULTILINE)
_EDITOR = re.compile(rb"^[ \t]*editor[ \t]+(?:no|off|false|0|n|f)[ \t\r]*$", re.MULTILINE | re.IGNORECASE)


def is_grub_menu(file: BootFile) -> bool:
    """True for GRUB's configuration, wherever a loader looks for it."""
    return file.name.endswith("/grub.cfg")


def is_loader_entry(file: BootFile) -> bool:
    """True for an entry of the Boot Loader Specification."""
    return "/loader/entries/" in file.name and file.name.endswith(".conf")


def read(chain: Chain) -> BootMenus:
    """The boot menus. Raises Unreadable."""
    return BootMenus(menus=tuple(_menus(chain)))


def _menus(chain: Chain) -> Iterator[BootMenu]:
    for file in chain.files:
        if is_grub_menu(file):
            text = file.text()
            if _MENU.search(text):
                is_protected = bool(_PASSWORD.search(text) and _SUPERUSERS.search(text))
                yield BootMenu(path=file.shown, program="grub", is_protected=is_protected)
        elif file.name.endswith("/loader/loader.conf"):
            yield BootMenu(path=file.shown, program="systemd-boot", is_protected=bool(_EDITOR.search(file.text())))
