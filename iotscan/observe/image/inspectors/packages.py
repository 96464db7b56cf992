"""Which system a root file system is, and which packages it lists as installed."""

from collections.abc import Iterable, Iterator

import msgspec

from iotscan.model.facts import OperatingSystem, Package, Packages, kind_of
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, Missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.installed import installed_in
from iotscan.observe.image.owners import starters_of
from iotscan.observe.image.release_file import operating_system_of
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable


def _inspect(tree: Tree) -> Heard:
    missed = []
    system = None
    try:
        system = operating_system_of(tree)
    except Unreadable as error:
        missed.append(_unreadable(kind_of(OperatingSystem), f"its release file: {error}"))
    found = installed_in(tree, system)
    facts: list[OperatingSystem | Packages] = [system] if system else []
    if found.packages:
        packages = Packages(
            packages=tuple(_with_services(tree, found.packages)),
            databases=tuple(found.databases),
            not_read=tuple(found.not_read),
        )
        facts.append(packages)
    elif found.not_read:
        missed.append(_unreadable(kind_of(Packages), "; ".join(found.not_read)))
    return Heard(facts=tuple(facts), missed=tuple(missed))


def _with_services(tree: Tree, packages: Iterable[Package]) -> Iterator[Package]:
    starters = starters_of(tree)
    for package in packages:
        started = tuple(safe_text(name, 100) for name in starters.get(package.name, ()))
        yield msgspec.structs.replace(package, starts=started) if started else package


def _unreadable(need: str, detail: str) -> Missed:
    return Missed(need=need, status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=detail)


INSPECTOR = Inspector(name="packages", version=1, gives=(OperatingSystem, Packages), inspect=_inspect)
