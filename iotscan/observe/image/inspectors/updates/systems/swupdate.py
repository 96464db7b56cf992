"""SWUpdate: its configuration, the options that its start gives it, and what it was built to demand.

Sources: SWUpdate documentation, "Running SWUpdate", "Update images from verified source", "hardware compatibility";
``core/swupdate.c`` (the message of a build with ``CONFIG_SIGNED_IMAGES``).
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import UpdateSource, UpdateSystem, UpdateTrait
from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.inspectors.updates.traits import of_confirming, of_loader, sets_count, slot
from iotscan.observe.image.startup.command import split
from iotscan.observe.image.texts import texts_below
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.signing.libconfig import NotConfiguration, read_libconfig

_PATHS = ("/etc/swupdate.cfg", "/etc/swupdate/swupdate.cfg")
_FOLDERS = ("/etc/swupdate/conf.d", "/usr/lib/swupdate/conf.d")
_MARK = b"SWUpdate is built for signed images"
_LINE = 2000
_PROGRAM_LIMIT = 16 << 20
_POLLED = 45
"""Seconds: ``suricatta``'s ``polldelay`` where nothing else is said; a hawkBit server may say another."""
_HARDWARE = "/etc/hwrevision"
_COPY = re.compile(r"\b[\w.-]+,[\w.-]*?(?:copy[-_]?\d|[a-z]*[-_]?[abAB12])\b")
_LOADERS = {"uboot": "u-boot", "grub": "grub", "ebg": "efibootguard", "cboot": "cboot"}
_LONG = {
    "-k": "--key", "-N": "--no-downgrading", "-H": "--hwrevision", "-e": "--select", "-B": "--bootloader",
    "-u": "--suricatta", "-d": "--download", "-w": "--webserver", "-M": "--no-transaction-marker",
}  # fmt: skip


class _Option(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    line: int
    value: str


class _Conf(msgspec.Struct, frozen=True, kw_only=True):
    """What the file and the options say."""

    path: str
    text: str
    settings: dict[str, Any]
    options: dict[str, _Option]

    def said(self, group: str, name: str, option: str = "") -> _Option | None:
        """A setting or option, with where it stands; options count over settings."""
        given = self.options.get(option)
        if given is not None:
            return given
        inside = self.settings.get(group)
        value = inside.get(name) if isinstance(inside, dict) else None
        if value is None or value is False or value == "":
            return None
        return _Option(path=self.path, line=self.line(name), value=str(value))

    def line(self, name: str) -> int:
        """The first line that sets a name."""
        found = re.search(
            rf"^[ \t]*(?:\w+[ \t]*[:=][ \t]*\{{[ \t]*)?{re.escape(name)}[ \t]*[=:]", self.text, re.MULTILINE
        )
        return self.text.count("\n", 0, found.start()) + 1 if found else 0


def read(root: Root) -> Iterator[UpdateSystem]:
    """SWUpdate, where it has a configuration, or a program that something starts. Raises Unreadable."""
    path = next((p for p in _PATHS if root.tree.is_named(p)), "")
    text = root.text(path) if path else ""
    if text is None:
        raise Unreadable(f"{path} is no file, or leads nowhere in the image")
    program = root.program("swupdate")
    if not path and not program:
        return
    conf = _Conf(path=path, text=text, settings=_settings(text, path), options=dict(_options(root)))
    mark = _is_signed_build(root, program)
    verifies = _verifies(root, conf, mark)
    is_read = bool(path or conf.options)
    yield UpdateSystem(
        system="swupdate",
        path=root.tree.show(path or program),
        runs=root.runs("swupdate"),
        components=("rootfs",),
        sources=tuple(_sources(root, conf, verifies.holds)),
        # Of a program that nothing configures or starts only what it was built to demand is known.
        traits=(verifies, *(_configured(root, conf) if is_read else ())),
        is_read=is_read,
    )


def _configured(root: Root, conf: _Conf) -> Iterator[UpdateTrait]:
    yield from _key(root, conf)
    yield from _slots(root, conf)
    yield from _marker(root, conf)
    yield from of_loader(root, _loader(conf))
    yield from of_confirming(root, sets_count, "fw_setenv or grub-editenv to set the count back")
    yield from _guards(root, conf)
    yield from _automatic(root, conf)


def _settings(text: str, path: str) -> dict[str, Any]:
    try:
        return read_libconfig(text)
    except NotConfiguration as error:
        raise Unreadable(f"{path}: {error}") from error


def _options(root: Root) -> Iterator[tuple[str, _Option]]:
    """Options by their long name, of commands of the start and of the files that its start script of Yocto reads."""
    for command in root.calls("swupdate"):
        yield from _of_words(command.argv[1:], command.path, command.line)
    for folder in _FOLDERS:
        for path, lines in texts_below(root.tree, folder):
            for number, line in enumerate(lines, start=1):
                if "_ARGS" in line and not line.lstrip().startswith("#"):
                    _, _, words = line.partition("=")
                    yield from _of_words(tuple(split(words.replace('"', " "))), path, number)


def _of_words(words: tuple[str, ...], path: str, line: int) -> Iterator[tuple[str, _Option]]:
    for at, word in enumerate(words):
        name, _, value = word.partition("=")
        if word.startswith("-") and not word.startswith("--") and len(word) > 2:
            name, value = word[:2], word[2:]
        if not value and at + 1 < len(words) and not words[at + 1].startswith("-"):
            value = words[at + 1]
        if name.startswith("-"):
            yield _LONG.get(name, name), _Option(path=path, line=line, value=value)


def _is_signed_build(root: Root, program: str) -> bool | None:
    """Whether the program was built to refuse what is not signed; None where it is not in the image."""
    if not program:
        return None
    blob = root.tree.blob(program)
    for offset in range(0, min(blob.size, _PROGRAM_LIMIT), 1 << 20):
        if _MARK in blob.read_at(offset, min((1 << 20) + len(_MARK), blob.size - offset)):
            return True
    return _in_library(root)


def _in_library(root: Root) -> bool | None:
    """A script in the program's place, or a build whose core is a library, says nothing by itself."""
    for folder in ("/usr/lib", "/lib", "/usr/lib64"):
        if any(e.name.startswith("libswupdate-core") for e in root.tree.children(folder)):
            return None
    return False


def _key_of(conf: _Conf) -> _Option | None:
    return conf.said("globals", "public-key-file", "--key") or conf.said("globals", "ca-path", "--ca-path")


def _verifies(root: Root, conf: _Conf, mark: bool | None) -> UpdateTrait:
    key = _key_of(conf)
    if mark is False:
        said = (
            "built without CONFIG_SIGNED_IMAGES: a key that it is given is ignored"
            if key
            else "built without CONFIG_SIGNED_IMAGES"
        )
        return root.trait("verifies", False, said, path=root.program("swupdate"))
    if key is None and mark is None:
        return root.trait("verifies", False, "no public-key-file", path=conf.path)
    if key is None:
        return root.trait("verifies", True, "built for signed images; no key is configured, so that it does not start")
    if mark is None:
        said = "a key is set; the program is not in the image, which may have been built to ignore it"
        return root.trait("verifies", None, said, path=key.path, line=key.line)
    return root.trait("verifies", True, f"built for signed images, key {key.value}", path=key.path, line=key.line)


def _key(root: Root, conf: _Conf) -> Iterator[UpdateTrait]:
    key = _key_of(conf)
    if key is None:
        return
    there = root.key_there(key.value) if key.value.startswith("/") else None
    said = {True: "is there", False: "is not in the image", None: "would lie outside of the image"}[there]
    yield root.trait("key-present", there, f"{key.value} {said}", path=key.path, line=key.line)


def _loader(conf: _Conf) -> str:
    said = conf.said("globals", "bootloader", "--bootloader")
    return _LOADERS.get(said.value, said.value) if said else ""


def _slots(root: Root, conf: _Conf) -> Iterator[UpdateTrait]:
    """SWUpdate installs where the artefact says; that a copy is selected says that there are two."""
    said = conf.said("globals", "select", "--select")
    if said is not None and _COPY.search(said.value[:_LINE]):
        yield from slot(root, True, f"the copy {said.value} is selected", "rootfs", said.path, said.line)
        return
    for folder in _FOLDERS:
        for path, lines in texts_below(root.tree, folder):
            for number, line in enumerate(lines, start=1):
                if not line.lstrip().startswith("#") and _COPY.search(line[:_LINE]):
                    yield from slot(root, True, "its start selects the copy that is not in use", "rootfs", path, number)
                    return
    why = "no copy is selected: where it installs is told by each artefact"
    yield root.trait("slots", None, why, component="rootfs", path=conf.path)


def _marker(root: Root, conf: _Conf) -> Iterator[UpdateTrait]:
    """``recovery_status``, by which a boot loader knows of an installation that was cut off: set unless told not to."""
    told = conf.options.get("--no-transaction-marker")
    if told is not None:
        yield root.trait("recovers", False, "--no-transaction-marker is given", path=told.path, line=told.line)


def _guards(root: Root, conf: _Conf) -> Iterator[UpdateTrait]:
    least = conf.said("globals", "no-downgrading", "--no-downgrading")
    if least is not None:
        yield root.trait("refuses-older", True, f"no-downgrading {least.value}", path=least.path, line=least.line)
    else:
        yield root.trait("refuses-older", False, "no no-downgrading", path=conf.path)
    hardware = conf.said("globals", "hwrevision", "--hwrevision")
    if hardware is not None:
        yield root.trait("compatibility", True, f"hwrevision {hardware.value}", path=hardware.path, line=hardware.line)
    elif root.has(_HARDWARE):
        yield root.trait("compatibility", True, f"{_HARDWARE} names the hardware", path=_HARDWARE)
    elif any("hwrevision" in word for command in root.commands for word in command.words):
        yield root.trait("compatibility", None, "the start makes the file with the hardware's revision")
    else:
        yield root.trait("compatibility", False, f"no {_HARDWARE}, no -H, no hwrevision", path=conf.path)


def _automatic(root: Root, conf: _Conf) -> Iterator[UpdateTrait]:
    server = conf.said("suricatta", "url") or conf.options.get("--suricatta")
    if server is None:
        yield root.trait("automatic", None, "no suricatta; a program of its own may look for updates", path=conf.path)
        return
    delay = conf.said("suricatta", "polldelay")
    period = int(delay.value) if delay and delay.value.isdigit() and len(delay.value) < 10 else _POLLED
    said = f"suricatta asks every {period} s"
    yield root.trait("automatic", True, said, path=server.path, line=server.line, period=period)


def _sources(root: Root, conf: _Conf, verifies: Answer[bool]) -> Iterator[UpdateSource]:
    for group in ("suricatta", "download"):
        url = conf.said(group, "url")
        if url is not None:
            yield root.source(url.value, url.path, url.line, verifies)
    given = conf.options.get("--suricatta")
    words = split(given.value) if given else []
    if given and "-u" in words[:-1]:
        yield root.source(words[words.index("-u") + 1], given.path, given.line, verifies)
