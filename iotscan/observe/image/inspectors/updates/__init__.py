"""By which systems an image is updated, and what each sees to: one file a system, one survey of the whole image.

It is a survey, as the boot loader that counts starts is mostly not in the root file system that is updated.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from iotscan.model.facts import HomemadeUpdate, UpdateSystem, UpdateSystems
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.inspectors.updates.homemade import homemade
from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.inspectors.updates.systems.installed import installed
from iotscan.observe.image.site import Site
from iotscan.observe.image.startup.container import is_container
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

Read = Callable[[Root], Iterator[UpdateSystem]]
_MOST_SCRIPTS = 200
_NO_ROOT = "the image holds no root file system that could be read"


def _readings() -> tuple[tuple[str, Read], ...]:
    from iotscan.observe.image.inspectors.updates.systems import (
        aktualizr,
        apk,
        apt,
        dnf,
        mender,
        opkg,
        ostree,
        rauc,
        swupdate,
        sysupgrade,
    )

    modules = (aktualizr, apk, apt, dnf, mender, opkg, ostree, rauc, swupdate, sysupgrade)
    return tuple((module.__name__.rpartition(".")[2], module.read) for module in modules)


def _survey(site: Site) -> Heard:
    trees = [place.tree for place in site.roots if place.tree is not None]
    if not trees:
        broken = any(place.problem for place in site.places)
        status = AttemptStatus.UNREADABLE if broken else AttemptStatus.NOT_TRIED
        reason = Reason.UNREADABLE if broken else Reason.NOT_OBSERVABLE
        return all_missed((UpdateSystems,), status, reason, _NO_ROOT)
    chain = Chain(site)
    systems: list[UpdateSystem] = []
    scripts: list[HomemadeUpdate] = []
    unread: list[str] = []
    for tree in trees:
        try:
            root = _root(chain, tree)
        except Unreadable as error:
            unread.append(_why(tree, "boot loader", error))
            root = Root(tree, ())
        found, failed = _systems(root)
        systems += found
        unread += failed
        try:
            scripts += islice(homemade(root), _MOST_SCRIPTS)
        except Unreadable as error:
            unread.append(_why(tree, "scripts", error))
    fact = UpdateSystems(
        systems=tuple(systems),
        scripts=tuple(scripts),
        in_container=all(is_container(tree) for tree in trees),
        unread=tuple(unread),
    )
    return Heard(facts=(fact,))


def _systems(root: Root) -> tuple[list[UpdateSystem], list[str]]:
    """The systems of a root file system, and why others could not be read."""
    found: list[UpdateSystem] = []
    unread: list[str] = []
    tried: set[str] = set()
    for name, read in _readings():
        try:
            found += read(root)
        except Unreadable as error:
            unread.append(_why(root.tree, name, error))
            tried.add(name)
    try:
        found += installed(root, {*tried, *(system.system for system in found)})
    except Unreadable as error:
        unread.append(_why(root.tree, "programs", error))
    return found, unread


def _root(chain: Chain, tree: Tree) -> Root:
    from iotscan.observe.image.inspectors.updates.loaders import counts_of

    others = tuple(other for place, other in chain.site.trees if place.role == "files")
    return Root(tree, tuple(counts_of(chain, tree)), others)


def _why(tree: Tree, name: str, error: Unreadable) -> str:
    return safe_text(f"{tree.prefix}{name}: {error}", 300)


INSPECTOR = Inspector(name="updates", version=1, gives=(UpdateSystems,), survey=_survey)
