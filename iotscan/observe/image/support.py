"""Until when the system, the kernel and the main components of an image get security updates.

What a distribution brings in packages it mends by itself, whatever its makers upstream do: its date stands beside
theirs.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from iotscan.data.end_of_life import EndOfLife, Product, Release, our_end_of_life
from iotscan.model.answer import Answer
from iotscan.model.facts import Kernel, OperatingSystem, Package, SoftwareSupport, Support
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.installed import installed_in
from iotscan.observe.image.release_file import operating_system_of
from iotscan.observe.image.site import Site
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_KERNEL_PACKAGES = ("linux-image-", "linux-lts", "linux-virt", "linux-rpi", "raspberrypi-kernel", "kernel")
_NUMBERS = re.compile(r"[0-9]+\.[0-9]+(?:\.[0-9]+)?")
_LAYER = re.compile(r"^[ \t]*(?:meta|oe-core|poky|meta-poky)\s*=\s*([a-z]+):", re.MULTILINE)
_OTHERS = ("nodesource", "sury", "ppa")
"""Marks in the versions of packages that come from elsewhere: the distribution does not mend them."""
_UNLISTED = "its release is not in the table"


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    """One root file system: its system, in the table's words where it is in it, and its packages."""

    system: OperatingSystem | None
    product: Product | None = None
    release: Release | None = None
    packages: tuple[Package, ...] = ()

    @property
    def maintainer(self) -> str:
        return f"{self.product.name} {self.release.release}" if self.product and self.release else ""


def support_of(site: Site, kernels: Sequence[Kernel], not_read: Sequence[str]) -> SoftwareSupport:
    """What is known of every root file system and kernel. ``not_read`` names what could not be read for it."""
    table = our_end_of_life()
    items: list[Support] = []
    lost = list(not_read)
    roots = []
    for place in site.roots:
        if place.tree is not None:
            root = _look(place.tree, table, lost)
            roots.append(root)
            items += [*_systems(root), *_components(root, table)]
    # A kernel shows by its modules and by its file.
    by_release = {kernel.release: kernel for kernel in reversed(kernels)}
    items += (_kernel(by_release[release], roots, table) for release in sorted(by_release))
    return SoftwareSupport(
        table_date=table.date.isoformat(), items=tuple(dict.fromkeys(items)), not_read=tuple(dict.fromkeys(lost))
    )


def _look(tree: Tree, table: EndOfLife, not_read: list[str]) -> _Found:
    system = None
    try:
        system = operating_system_of(tree)
        layer = _layer_of(tree)
    except Unreadable as error:
        not_read.append(f"the release file: {error}")
        layer = ""
    listed = installed_in(tree, system)
    not_read += listed.not_read
    product, release = _placed(system, layer, table)
    return _Found(system=system, product=product, release=release, packages=tuple(listed.packages))


def _placed(system: OperatingSystem | None, layer: str, table: EndOfLife) -> tuple[Product | None, Release | None]:
    """The product and release of the table. Yocto's distributions have names of their own: their codename tells."""
    systems = table.of_kind("system")
    yocto = table.product("yocto")
    if system is not None:
        product = next((p for p in systems if system.id in p.os_ids), None)
        if product is not None:
            return product, product.release_of(system.version) or product.release_called(system.codename)
        if yocto.release_called(system.codename):
            return yocto, yocto.release_called(system.codename)
    release = yocto.release_called(layer)
    return (yocto, release) if release else (None, None)


def _layer_of(tree: Tree) -> str:
    """The branch of OpenEmbedded-Core that image-buildinfo.bbclass wrote down; empty without one."""
    for path in ("/etc/buildinfo", "/etc/build"):
        if tree.find(path) is not None:
            match = _LAYER.search(tree.read(path, 64 * 1024).decode("utf-8", "replace"))
            if match:
                return match[1]
    return ""


def _systems(root: _Found) -> Iterator[Support]:
    system = root.system
    if system is None:
        return
    product, release = root.product, root.release
    ends = _ends(release)
    stated = system.support_end
    if release is None and stated:
        ends = Answer.of(stated)
    name = system.name.removesuffix(system.version).strip() or system.id
    if product and system.id not in product.os_ids:
        name = f"{name}, made of {product.name} {release.release if release else ''}".strip()
    yield Support(
        name=product.name if product and system.id in product.os_ids else safe_text(name, 100),
        version=system.version,
        kind="system",
        path=system.path,
        ends=ends,
        source=product.policy if product else "SUPPORT_END of os-release" if stated else "",
    )


def _components(root: _Found, table: EndOfLife) -> Iterator[Support]:
    for product in table.of_kind("component"):
        versions: dict[str, Package] = {}
        for package in root.packages:
            if product.is_packaged_as(package.name):
                release = product.release_of(package.version)
                versions.setdefault(release.release if release else package.version, package)
        for package in versions.values():
            is_own = bool(root.maintainer) and not any(mark in package.version for mark in _OTHERS)
            yield Support(
                name=product.name,
                version=package.version,
                kind="component",
                path=package.database,
                ends=_ends(product.release_of(package.version)),
                maintainer=root.maintainer if is_own else "",
                maintained_until=_ends(root.release) if is_own else None,
                source=product.policy,
            )


def _kernel(kernel: Kernel, roots: list[_Found], table: EndOfLife) -> Support:
    product = table.product("linux-cip" if "-cip" in kernel.release else "linux")
    keeper = next((r for r in roots if _brings(r, kernel.release)), None)
    return Support(
        name=product.name,
        version=kernel.release,
        kind="kernel",
        path=kernel.path,
        ends=_ends(product.release_of(kernel.release)),
        maintainer=keeper.maintainer if keeper else "",
        maintained_until=_ends(keeper.release) if keeper else None,
        source=product.policy,
    )


def _brings(root: _Found, release: str) -> bool:
    """True where a package of a system that mends its own kernels holds this one."""
    if root.product is None or not root.product.maintains_kernel or root.release is None:
        return False
    numbers = _NUMBERS.match(release)
    if numbers is None:
        return False
    return any(
        package.name.startswith(_KERNEL_PACKAGES)
        and (release in package.name or numbers[0] in _NUMBERS.findall(package.version.replace("~", " ")))
        for package in root.packages
    )


def _ends(release: Release | None) -> Answer[str]:
    if release is None:
        return Answer.missing(Reason.NOT_OBSERVABLE, _UNLISTED)
    if release.ends is None:
        return Answer.missing(Reason.NOT_OBSERVABLE, "nobody has named the day its updates end")
    return Answer.of(release.ends.isoformat())
