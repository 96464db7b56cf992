"""Mender: ``mender.conf``, its two root partitions, and what its boot loader counts.

Sources: Mender documentation, client configuration options, "Device type", "Artifact signing", "State scripts";
grub-mender-grubenv. The client commits by itself once it has started again.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import UpdateSource, UpdateSystem, UpdateTrait
from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.inspectors.updates.traits import loader_of, of_loader, slot
from iotscan.observe.image.unreadable import Unreadable

_PATHS = ("/etc/mender/mender.conf", "/var/lib/mender/mender.conf")
"""The client reads both; what the first says counts."""
_STATE, _STATE_OF_DATA = "/var/lib/mender", "/mender"
"""A link to a folder of the data partition, in images of mender-convert and Yocto."""
_PROGRAMS = ("mender-updated", "mender-update", "mender", "mender-auth")
_TYPES = ("/var/lib/mender/device_type", "/data/mender/device_type", "/etc/mender/device_type")
_POLLED = 1800
"""Seconds: ``UpdatePollIntervalSeconds`` where nothing is said."""


class _Conf(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    text: str
    settings: dict[str, Any]


class _Both:
    """What both files say."""

    def __init__(self, files: list[_Conf]) -> None:
        self._files = files

    @property
    def path(self) -> str:
        return self._files[0].path

    def where(self, name: str) -> tuple[str, int]:
        """The file and line that counts for a setting; the first file where none sets it."""
        for each in self._files:
            if name in each.settings:
                lines = each.text.split("\n")
                return each.path, next((n for n, line in enumerate(lines, 1) if f'"{name}"' in line), 0)
        return self.path, 0

    def get(self, name: str) -> Any:
        return next((each.settings[name] for each in self._files if name in each.settings), None)

    def text(self, name: str) -> str:
        value = self.get(name)
        return value if isinstance(value, str) else ""


def read(root: Root) -> Iterator[UpdateSystem]:
    """Mender as it is configured. Raises Unreadable."""
    root = root.with_data(_STATE, _STATE_OF_DATA)
    files = list(_files(root))
    if not files:
        return
    conf = _Both(files)
    verifies = _verifies(root, conf)
    yield UpdateSystem(
        system="mender",
        path=root.show(conf.path),
        runs=root.runs(*_PROGRAMS),
        components=("rootfs",),
        sources=tuple(_sources(root, conf, verifies.holds)),
        traits=(
            verifies,
            *_keys(root, conf),
            *_slots(root, conf),
            *of_loader(root, loader.loader if (loader := loader_of(root, "")) else ""),
            *_committing(root),
            root.trait(
                "refuses-older", False, "Mender installs whatever version a signed artefact has", path=conf.path
            ),
            *_compatibility(root, conf),
            *_automatic(root, conf),
        ),
    )


def _files(root: Root) -> Iterator[_Conf]:
    for path in _PATHS:
        text = root.text(path)
        if text is None:
            if path == _PATHS[0] and root.tree.is_named(path):
                raise Unreadable(f"{path} is no file, or leads nowhere in the image")
            continue
        try:
            settings = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"{path} does not parse") from error
        if not isinstance(settings, dict):
            raise Unreadable(f"{path} is no object")
        yield _Conf(path=path, text=text, settings=settings)


def _key_paths(conf: _Both) -> list[str]:
    several = conf.get("ArtifactVerifyKeys")
    named = [conf.text("ArtifactVerifyKey"), *(several if isinstance(several, list) else ())]
    return [path for path in named if isinstance(path, str) and path]


def _verifies(root: Root, conf: _Both) -> UpdateTrait:
    if conf.get("SkipVerify"):
        path, line = conf.where("SkipVerify")
        return root.trait("verifies", False, "SkipVerify is true", path=path, line=line)
    if not _key_paths(conf):
        return root.trait("verifies", False, "no ArtifactVerifyKey: unsigned artefacts are installed", path=conf.path)
    path, line = conf.where("ArtifactVerifyKey" if conf.text("ArtifactVerifyKey") else "ArtifactVerifyKeys")
    return root.trait("verifies", True, "ArtifactVerifyKey is set", path=path, line=line)


def _keys(root: Root, conf: _Both) -> Iterator[UpdateTrait]:
    found = {path: root.key_there(path) for path in _key_paths(conf)}
    if not found:
        return
    missing = [path for path, there in found.items() if there is False]
    holds = False if missing else True if all(found.values()) else None
    path, line = conf.where("ArtifactVerifyKey" if conf.text("ArtifactVerifyKey") else "ArtifactVerifyKeys")
    said = (
        f"{missing[0]} is not in the image"
        if missing
        else f"{next(iter(found))} is there"
        if holds
        else "outside of the image"
    )
    yield root.trait("key-present", holds, said, path=path, line=line)


def _slots(root: Root, conf: _Both) -> Iterator[UpdateTrait]:
    first, second = conf.text("RootfsPartA"), conf.text("RootfsPartB")
    path, line = conf.where("RootfsPartA")
    if first and second:
        said = f"RootfsPartA {first} and RootfsPartB {second}"
        yield from slot(root, first != second, said, "rootfs", path, line)
        return
    yield root.trait(
        "slots", None, "RootfsPartA and RootfsPartB are not set in the image", component="rootfs", path=path
    )


def _committing(root: Root) -> Iterator[UpdateTrait]:
    started = next(root.calls(*_PROGRAMS), None)
    if started is not None:
        said = f"{started.name} commits once it has started again"
        yield root.trait("confirmed", True, said, path=started.path, line=started.line)
    else:
        yield root.trait("confirmed", None, root.start_problem or "no file of the start calls the client")
    # Of /etc/mender/scripts the client runs those of Idle, Sync and Download alone; those in /var/lib/mender/scripts
    # were left by the last artefact, and the next one brings its own.
    yield root.trait("health-check", None, "state scripts that look before the commit come with each artefact")


def _compatibility(root: Root, conf: _Both) -> Iterator[UpdateTrait]:
    named = conf.text("DeviceTypeFile")
    for path in (named,) if named else _TYPES:
        text = root.text(path)
        if text is not None and "device_type=" in text:
            yield root.trait("compatibility", True, text.strip().splitlines()[0], path=path)
            return
    said = f"{named or _TYPES[0]} is not in the image; without it the client installs nothing"
    yield root.trait("compatibility", None, said, path=conf.path)


def _automatic(root: Root, conf: _Both) -> Iterator[UpdateTrait]:
    if not _urls(conf):
        yield root.trait("automatic", None, "no server is set in the image", path=conf.path)
        return
    said = conf.get("UpdatePollIntervalSeconds")
    period = said if isinstance(said, int) and 0 < said < 1 << 31 else _POLLED
    path, line = conf.where("UpdatePollIntervalSeconds")
    yield root.trait("automatic", True, f"asks every {period} s", path=path, line=line, period=period)


def _urls(conf: _Both) -> list[str]:
    several = conf.get("Servers")
    listed = [each.get("ServerURL") for each in several if isinstance(each, dict)] if isinstance(several, list) else []
    return [url for url in (conf.text("ServerURL"), *listed) if isinstance(url, str) and url]


def _sources(root: Root, conf: _Both, verifies: Answer[bool]) -> Iterator[UpdateSource]:
    for url in _urls(conf):
        path, line = conf.where("ServerURL" if url == conf.text("ServerURL") else "Servers")
        yield root.source(url, path, line, verifies)
