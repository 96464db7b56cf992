"""RAUC: ``system.conf``, who marks a start as good, and what its boot loader counts.

Source: RAUC reference manual, "System Configuration File", "Integration" (mark-good), "RAUC's Basic Update Procedure".
"""

from collections.abc import Iterator
from itertools import islice

import msgspec

from iotscan.model.facts import UpdateSource, UpdateSystem, UpdateTrait
from iotscan.model.facts.update_systems import Component
from iotscan.observe.image.inspectors.updates.ini import KeyFile, read_ini
from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.inspectors.updates.traits import loader_of, of_confirming, of_loader, slot
from iotscan.observe.image.startup.boot_commands import BootCommand
from iotscan.observe.image.texts import lines_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_PATHS = ("/etc/rauc/system.conf", "/usr/lib/rauc/system.conf")
"""The first that is there counts; what stands in /run is no part of an image."""
_LOADERS = {"uboot": "u-boot", "grub": "grub", "barebox": "barebox", "efi": "efi", "custom": "custom"}
_ATOMIC_TYPES = ("boot-emmc", "boot-mbr-switch", "boot-gpt-switch", "boot-raw-fallback")
"""Slots of which there is one, which switches between two places by itself."""
HAWKBIT = "/etc/rauc-hawkbit-updater/config.conf"
"""Of the client that fetches bundles for it."""
_MOST_SLOTS = 200
_POLLED = 86_400
"""Seconds: reference manual, ``[polling] interval-sec``."""


class _Slot(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    line: int
    kind: str
    """The class: ``rootfs`` of ``slot.rootfs.0``."""
    type: str
    is_started: bool
    """It has a bootname, or its parent has."""
    is_fixed: bool
    """``readonly=true``: nothing is installed to it."""


def read(root: Root) -> Iterator[UpdateSystem]:
    """RAUC as it is configured. Raises Unreadable."""
    for path in _PATHS:
        text = root.text(path)
        if text is not None:
            yield _system(root, path, read_ini(text, path))
            return
        if root.tree.is_named(path):
            raise Unreadable(f"{path} is no file, or leads nowhere in the image")


def keyring(tree: Tree) -> tuple[str, KeyFile] | None:
    """The file of the configuration that counts, and what it says; None without one. Raises Unreadable."""
    path = next((path for path in _PATHS if tree.find(path) is not None), "")
    return (path, read_ini("\n".join(lines_of(tree, path) or []), path)) if path else None


def _system(root: Root, path: str, conf: KeyFile) -> UpdateSystem:
    slots = tuple(islice(_slots(conf), _MOST_SLOTS))
    kinds = tuple(dict.fromkeys(_component(s.kind) for s in slots if not s.is_fixed)) or ("rootfs",)
    traits = (
        *_verifying(root, path, conf),
        *_slot_traits(root, path, slots),
        *_going_back(root, path, conf),
        *_guards(root, path, conf),
        *_automatic(root, path, conf),
    )
    return UpdateSystem(
        system="rauc",
        path=root.tree.show(path),
        line=conf.line("system"),
        runs=root.runs("rauc"),
        components=kinds,
        sources=tuple(_sources(root, path, conf)),
        traits=traits,
        detail=f"bootloader={conf.value('system', 'bootloader')}",
    )


def _verifying(root: Root, path: str, conf: KeyFile) -> Iterator[UpdateTrait]:
    key = conf.find("keyring", "path") or conf.find("keyring", "directory")
    unchecked = next((c for c in root.calls("rauc") if "--no-verify" in c.argv), None)
    if unchecked is not None:
        yield root.trait("verifies", False, "--no-verify is given", path=unchecked.path, line=unchecked.line)
    elif key is None or not key.value:
        yield root.trait("verifies", False, "no [keyring] path or directory", path=path, line=conf.line("keyring"))
    else:
        yield root.trait("verifies", True, f"keyring {key.value}", path=path, line=key.line)
    if key is not None and key.value:
        place = key.value if key.value.startswith("/") else f"{path.rpartition('/')[0]}/{key.value}"
        there = root.key_there(place)
        said = {True: "is there", False: "is not in the image", None: "would lie outside of the image"}[there]
        yield root.trait("key-present", there, f"{place} {said}", path=path, line=key.line)
    formats = conf.find("system", "bundle-formats")
    allows = _allows_plain(formats.value if formats else "")
    said = (
        f"bundle-formats={formats.value}" if formats else "bundle-formats is not set, so that plain bundles are taken"
    )
    line = formats.line if formats else conf.line("system")
    yield root.trait("reads-verified", not allows, said, path=path, line=line)


def _allows_plain(formats: str) -> bool:
    """``-plain`` takes from the default (all), ``verity crypt`` names what is left, ``+…`` adds."""
    words = formats.split()
    named = [w for w in words if w[0] not in "+-"]
    allowed = "plain" in named if named else True
    for word in words:
        if word in ("-plain", "+plain"):
            allowed = word == "+plain"
    return allowed


def _slots(conf: KeyFile) -> Iterator[_Slot]:
    for section in conf.named("slot."):
        parts = section.split(".")
        if len(parts) != 3:
            continue
        parent = conf.value(section, "parent")
        above = f"slot.{parent}" if parent else section
        yield _Slot(
            name=section,
            line=conf.line(section),
            kind=parts[1],
            type=conf.value(section, "type"),
            is_started=bool(conf.value(section, "bootname") or conf.value(above, "bootname")),
            is_fixed=conf.says(section, "readonly", default=False),
        )


def _component(kind: str) -> Component:
    low = kind.lower()
    if low.startswith(("bootloader", "uboot", "u-boot", "barebox", "spl", "tfa", "efi", "esp")):
        return "bootloader"
    if low.startswith(("kernel", "fit", "boot")):
        return "kernel"
    if low.startswith(("rootfs", "root", "system", "rescue", "recovery")):
        return "rootfs"
    if low.startswith(("app", "opt", "container")):
        return "containers" if low.startswith("container") else "packages"
    return "configuration" if low.startswith(("config", "data", "etc")) else "firmware"


def _slot_traits(root: Root, path: str, slots: tuple[_Slot, ...]) -> Iterator[UpdateTrait]:
    kinds: dict[str, list[_Slot]] = {}
    for each in slots:
        kinds.setdefault(each.kind, []).append(each)
    fixed = [s for s in slots if s.is_fixed and s.is_started]
    for kind, these in kinds.items():
        written = [s for s in these if not s.is_fixed]
        if not written:
            continue
        started = [s for s in written if s.is_started]
        first = written[0]
        if first.type in _ATOMIC_TYPES:
            holds, said = True, f"{first.name} switches between two places ({first.type})"
        elif len(started) > 1:
            holds, said = True, f"{len(started)} slots of class {kind} that can be started"
        elif fixed and first.is_started:
            holds, said = True, f"{first.name}, beside {fixed[0].name}, which is never written"
        elif len(written) > 1:
            holds, said = False, f"{len(written)} slots of class {kind}, {len(started)} with a bootname"
        else:
            holds, said = False, f"{first.name} is the only slot of its class"
        yield from slot(root, holds, said, _component(kind), path, first.line)
    if not kinds:
        yield root.trait("slots", False, "no [slot.…] is configured", path=path, component="rootfs")


def _going_back(root: Root, path: str, conf: KeyFile) -> Iterator[UpdateTrait]:
    setting = conf.find("system", "bootloader")
    loader = setting.value if setting else ""
    if loader in ("noop", ""):
        said = f"bootloader={loader}: RAUC switches nothing"
        line = setting.line if setting else 0
        yield root.trait("boot-counter", False, said, path=path, line=line)
        yield root.trait("fallback-target", False, said, path=path, line=line)
    else:
        name = _LOADERS.get(loader, loader)
        found = loader_of(root, name)
        own = found is not None and found.is_own
        yield from (_not_its_own(root, t) if own else t for t in of_loader(root, name))
    yield from of_confirming(root, _marks_good, "rauc status mark-good")


def _not_its_own(root: Root, trait: UpdateTrait) -> UpdateTrait:
    """What U-Boot does by its own count is no answer: RAUC switches and confirms by variables of its own.

    Source: RAUC's ``src/bootloaders/uboot.c``.
    """
    if trait.name == "redundant-environment" or trait.holds.known is not True:
        return trait
    said = f"{trait.detail}; RAUC sets BOOT_ORDER and BOOT_x_LEFT, which nothing in the image was seen to read"
    return root.trait(trait.name, None, said, shown=trait.path, line=trait.line)


def _marks_good(command: BootCommand) -> bool:
    return command.name == "rauc" and "mark-good" in command.argv


def _guards(root: Root, path: str, conf: KeyFile) -> Iterator[UpdateTrait]:
    least = conf.find("system", "min-bundle-version")
    handler = conf.find("handlers", "pre-install")
    if least is not None:
        yield root.trait("refuses-older", True, f"min-bundle-version={least.value}", path=path, line=least.line)
    elif handler is not None:
        said = f"no min-bundle-version; {handler.value} may look at versions"
        yield root.trait("refuses-older", None, said, path=path, line=handler.line)
    else:
        yield root.trait("refuses-older", False, "no min-bundle-version", path=path, line=conf.line("system"))
    ignored = next((c for c in root.calls("rauc") if "--ignore-compatible" in c.argv), None)
    compatible = conf.find("system", "compatible")
    if ignored is not None:
        yield root.trait("compatibility", False, "--ignore-compatible is given", path=ignored.path, line=ignored.line)
    elif compatible is None or not compatible.value:
        yield root.trait("compatibility", False, "no compatible= in [system]", path=path, line=conf.line("system"))
    else:
        said = f"compatible={compatible.value}"
        yield root.trait("compatibility", True, said, path=path, line=compatible.line)


def _automatic(root: Root, path: str, conf: KeyFile) -> Iterator[UpdateTrait]:
    """Its own polling (RAUC 1.15), or a client of hawkBit that is started."""
    if conf.find("polling", "source"):
        said = conf.value("polling", "interval-sec", str(_POLLED))
        period = int(said) if said.isdigit() and len(said) < 10 else 0
        yield root.trait(
            "automatic", True, f"[polling] every {said} s", path=path, line=conf.line("polling"), period=period
        )
        return
    client = next(root.calls("rauc-hawkbit-updater", "rauc-hawkbit"), None)
    if client is not None:
        yield root.trait("automatic", True, f"{client.name} is started", path=client.path, line=client.line)
        return
    yield root.trait(
        "automatic", None, "no polling and no client that we know; a program of its own may look for updates"
    )


def _sources(root: Root, path: str, conf: KeyFile) -> Iterator[UpdateSource]:
    verifies = next(t.holds for t in _verifying(root, path, conf) if t.name == "verifies")
    polled = conf.find("polling", "source")
    if polled is not None:
        yield root.source(polled.value, path, polled.line, verifies)
    text = root.text(HAWKBIT)
    if text is None:
        return
    hawkbit = read_ini(text, HAWKBIT)
    server = hawkbit.find("client", "hawkbit_server")
    if server is not None:
        encrypted = hawkbit.says("client", "ssl", default=True)
        url = f"{'https' if encrypted else 'http'}://{server.value}"
        yield root.source(url, HAWKBIT, server.line, verifies, encrypted=encrypted)
