"""Trees and inspectors in tests: what an inspector says of a tree, of whatever kind it is."""

from collections.abc import Mapping
from pathlib import Path

from iotscan.observe.heard import Heard
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.opening import looks_like_root
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.site import Place, Site
from iotscan.observe.image.sweeping import sweep
from iotscan.observe.image.tree import Tree


def site_of(tree: Tree) -> Site:
    """A site of this tree alone."""
    role = "root" if looks_like_root(tree) else "files"
    return Site(source="test", places=(Place(path="", format=tree.format, role=role, tree=tree),))


def heard_of(inspector: Inspector, tree: Tree) -> Heard:
    """What an inspector brings back from a tree."""
    if inspector.inspect is not None:
        return inspector.inspect(tree)
    if inspector.survey is not None:
        return inspector.survey(site_of(tree))
    assert inspector.sweep is not None
    sweeper = inspector.sweep()
    ended = sweep(site_of(tree), [sweeper])
    assert not ended.broken
    return sweeper.heard(ended.searched)


def a_root(folder: Path, files: Mapping[str, str | bytes] = {}) -> FolderTree:
    """A root file system of these files (path without the first slash -> content), below ``folder``."""
    for name in ("etc", "usr"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    return FolderTree(folder)
