"""Files of keys in a root file system, as trusted keys; what is wrong with one is told in its place."""

import configparser
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from iotscan.model.facts import TrustedKey
from iotscan.model.facts.signing import TrustUse
from iotscan.model.text import safe_text
from iotscan.observe.image.budget import OverBudget
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.signing.public_keys import NoPublicKey, read_key_file

LIMIT: Final = 1 << 20
MOST_FILES: Final = 200
"""Of one folder of keys."""
MISSING: Final = "the file of keys that the configuration names is not in the image"


def certificates_and_keys(tree: Tree, path: str, like: TrustedKey) -> Iterator[TrustedKey]:
    """What a file of certificates and public keys holds, each ``like`` that one but for the key and its path."""
    blank = msgspec.structs.replace(like, path=tree.show(path))
    try:
        found = read_key_file(tree.whole(path, LIMIT))
    except OverBudget:
        raise
    except (NoPublicKey, Unreadable) as error:
        yield msgspec.structs.replace(blank, problem=safe_text(str(error), 200))
        return
    for certificate in found.certificates:
        yield msgspec.structs.replace(blank, certificate=certificate)
    for key in found.keys:
        yield msgspec.structs.replace(blank, key=key)


def read_with(
    tree: Tree, path: str, use: TrustUse, read: Callable[[bytes, str], tuple[TrustedKey, ...]]
) -> Iterator[TrustedKey]:
    """What ``read`` makes of a file's bytes and path."""
    shown = tree.show(path)
    try:
        data = tree.whole(path, LIMIT)
    except OverBudget:
        raise
    except Unreadable as error:
        yield TrustedKey(use=use, path=shown, problem=safe_text(str(error), 200))
        return
    # The last part of a path may say which key it is.
    yield from (msgspec.structs.replace(key, path=shown) for key in read(data, path))


def files_of(tree: Tree, folder: str, endings: tuple[str, ...] = ("",)) -> Iterator[str]:
    """The paths of the regular files directly in a folder. Raises Unreadable beyond :data:`MOST_FILES`."""
    taken = 0
    for entry in tree.children(folder):
        found = tree.find(entry.path)
        if found is not None and found.kind == "file" and entry.name.endswith(endings):
            taken += 1
            if taken > MOST_FILES:
                raise Unreadable(f"more than {MOST_FILES} keys in {tree.show(folder)}")
            yield entry.path


def is_file(tree: Tree, path: str) -> bool:
    """Whether a regular file stands there, be it behind links."""
    found = tree.find(path)
    return found is not None and found.kind == "file"


def settings_of(tree: Tree, path: str) -> configparser.ConfigParser | None:
    """A file of sections; None where there is none, or it does not parse, which others tell. Raises Unreadable."""
    if not is_file(tree, path):
        return None
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        parser.read_string(tree.whole(path, LIMIT).decode("utf-8", "replace"))
    except configparser.Error:
        return None
    return parser
