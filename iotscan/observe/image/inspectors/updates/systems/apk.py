"""apk: ``repositories`` (apk-repositories(5)); indexes and packages are verified unless it is told not to."""

import re
from collections.abc import Iterator

import msgspec

from iotscan.model.answer import Answer
from iotscan.model.facts import UpdateSource, UpdateSystem, UpdateTrait
from iotscan.observe.image.inspectors.updates.root import Root, lines
from iotscan.observe.image.inspectors.updates.systems.feed import INSIDE, package_system

_KEYS = ("/etc/apk/keys", "/usr/share/apk/keys", "/lib/apk/keys")


def read(root: Root) -> Iterator[UpdateSystem]:
    """apk, where it has a repository. Raises Unreadable."""
    told = next((c for c in root.calls("apk") if "--allow-untrusted" in c.argv), None)
    detail = "apk verifies signed indexes unless told not to"
    if told is not None:
        detail = f"{root.tree.show(told.path)}:{told.line} gives --allow-untrusted"
    sources = tuple(_sources(root, Answer.of(told is None), detail))
    yield from package_system(root, "apk", sources, upgrade=("upgrade",), more=tuple(_key(root, sources)))


def _sources(root: Root, verifies: Answer[bool], detail: str) -> Iterator[UpdateSource]:
    arch = (root.text("/etc/apk/arch") or "").strip()
    index = f"{arch}/APKINDEX.tar.gz" if re.fullmatch(r"[\w.-]{1,40}", arch) else ""
    files = root.texts("/etc/apk/repositories", folder="/etc/apk/repositories.d", ending=".list")
    for path, text in files:
        for line in lines(text):
            source = root.source(line.text.split()[-1], path, line.number, verifies)
            yield msgspec.structs.replace(source, detail=detail, index=index)


def _key(root: Root, sources: tuple[UpdateSource, ...]) -> Iterator[UpdateTrait]:
    if not sources or all(source.url.startswith(INSIDE) for source in sources):
        return
    folder = next((f for f in _KEYS if any(e.kind != "folder" for e in root.tree.children(f))), "")
    said = "a key is there" if folder else "no key of a repository is there"
    yield root.trait("key-present", bool(folder), said, path=folder or _KEYS[0])
