"""U-Boot's environments: stored blocks, the default in a U-Boot program, texts and scripts that set variables.

What starts a device is followed from ``bootcmd``: names that ``run`` calls and the list ``boot_targets``
(U-Boot ``include/config_distro_bootcmd.h``, ``doc/develop/bootstd``).
"""

import re
from collections.abc import Iterator, Mapping

from iotscan.model.facts import BootEnvironment, BootEnvironments
from iotscan.model.text import safe_text
from iotscan.observe.image.blob import read_whole
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.inspectors.boot.fit import BOOTLOADER_LIMIT
from iotscan.observe.image.inspectors.boot.scripts import is_script, script_of
from iotscan.wire import uboot_env

_BLOCK_LIMIT = 1 << 20
_KEPT = (
    "bootdelay", "bootcmd", "altbootcmd", "preboot", "boot_targets", "bootlimit", "silent", "verify",
)  # fmt: skip
_SECRETS = ("bootstopkey", "bootstopkey2", "bootdelaykey", "bootdelaykey2", "bootstopkeysha256", "bootstopkeycrypt")
"""What has to be typed to stop: only that it is set is kept."""
_TEXTS = ("/uenv.txt", "/armbianenv.txt")
_STARTS = ("bootcmd", "altbootcmd", "preboot")
_RUN = re.compile(rb"\brun\s+([A-Za-z_][\w.-]*(?:\s+[A-Za-z_][\w.-]*)*)")
_TARGETS = re.compile(rb"\brun\s+([A-Za-z_]\w*)\$\{?\w+\}?")
_NETWORK = re.compile(rb"\b(?:dhcp|dhcp6|bootp|tftp(?:boot)?|tftpput|pxe|rarpboot|nfs|wget)\b(?!_|=)")
_USB = re.compile(rb"\b(?:usb\s+(?:start|reset|boot)|usbboot|(?:load|fatload|ext[24]load|sysboot)\s+usb)\b")
_UNCHECKED = re.compile(
    rb"(?:^|[;&|]|\b(?:then|do|else)\b)[ \t]*(?:booti|bootz|bootefi|bootelf|bootaux|go|source|sysboot)(?=[ \t;]|$)"
)
"""Only ``bootm`` and ``bootflow`` look into a FIT (U-Boot ``cmd/booti.c``, ``cmd/bootz.c``, ``cmd/source.c``)."""
_SET = re.compile(rb"(\b(?:setenv|env[ \t]+set)(?:[ \t]+-\w)?[ \t]+[\w.-]{1,64})[ \t]+[^;]+")
"""What a variable is set to may be a password; no question is put to it."""
_REACHED = 256


def read(chain: Chain) -> BootEnvironments:
    """The environments, and the programs that wait for a stop key. Raises Unreadable."""
    keyed: list[str] = []
    for place, blob in chain.places("u-boot"):
        # The name of the variable is in the program only where CONFIG_AUTOBOOT_KEYED is (common/autoboot.c).
        if b"bootstopkey" in blob.read_at(0, min(blob.size, BOOTLOADER_LIMIT)):
            keyed.append(place.shown or place.format)
    return BootEnvironments(
        environments=tuple(_describe(path, source, found) for path, source, found in environments(chain)),
        keyed=tuple(keyed),
    )


def environments(chain: Chain) -> Iterator[tuple[str, str, dict[str, bytes]]]:
    """Path, source and variables of each environment that sets any. Raises Unreadable."""
    for path, source, found in _all(chain):
        if found:
            yield path, source, found


def _all(chain: Chain) -> Iterator[tuple[str, str, dict[str, bytes] | None]]:
    stored: list[dict[str, bytes]] = []
    for place, blob in chain.places("u-boot-env"):
        block = uboot_env.read_block(read_whole(blob, _BLOCK_LIMIT))
        stored.append(block or {})
        yield place.shown or place.format, "stored", block
    for place, blob in chain.places("u-boot"):
        for found in uboot_env.find_defaults(blob.read_at(0, min(blob.size, BOOTLOADER_LIMIT))):
            # On raw storage the stored one lies in the same area; its first entry hides behind the checksum.
            if not any(found.items() <= block.items() for block in stored):
                yield place.shown or place.format, "default", found
    for place, blob in chain.places("uimage"):
        if is_script(blob):
            yield place.shown or place.format, "text", uboot_env.read_text(script_of(blob))
    for file in chain.named(*_TEXTS):
        yield file.shown, "text", uboot_env.read_text(file.text())


def _describe(path: str, source: str, found: Mapping[str, bytes]) -> BootEnvironment:
    kept = {name: safe_text(_SET.sub(rb"\1 ...", found[name]), 500) for name in _KEPT if name in found}
    kept |= {name: "set" for name in _SECRETS if found.get(name)}
    reached = _reached(found)
    targets = found.get("boot_targets", b"").split()
    network = [n for n, text in reached.items() if _NETWORK.search(text)]
    usb = [n for n, text in reached.items() if _USB.search(text)]
    return BootEnvironment(
        path=path,
        source="stored" if source == "stored" else "default" if source == "default" else "text",
        variables=kept,
        boots_network=_names(network, targets, (b"dhcp", b"pxe", b"ethernet")),
        boots_usb=_names(usb, targets, (b"usb",)),
        boots_unchecked=tuple(safe_text(name, 64) for name, text in reached.items() if _UNCHECKED.search(text)),
    )


def _names(commands: list[str], targets: list[bytes], starts: tuple[bytes, ...]) -> tuple[str, ...]:
    listed = [f"boot_targets={safe_text(t, 40)}" for t in targets if t.startswith(starts)]
    return tuple(dict.fromkeys((*listed, *(safe_text(c, 64) for c in commands))))


def _reached(found: Mapping[str, bytes]) -> dict[str, bytes]:
    """The variables that a start runs, by name."""
    reached: dict[str, bytes] = {}
    waiting = [name for name in reversed(_STARTS) if name in found]
    while waiting and len(reached) < _REACHED:
        name = waiting.pop()
        if name in reached or name not in found:
            continue
        text = reached[name] = found[name]
        called = [word for match in _RUN.finditer(text) for word in match[1].split()]
        for match in _TARGETS.finditer(text):
            called += [match[1] + target for target in found.get("boot_targets", b"").split()]
        waiting.extend(word.decode("ascii") for word in called if word.isascii())
    return reached
