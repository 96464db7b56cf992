"""What package managers have in common: feeds, a turn by the clock, and files that are replaced where they are."""

from collections.abc import Iterator

from iotscan.model.facts import UpdateSource, UpdateSystem, UpdateTrait
from iotscan.model.facts.update_systems import System
from iotscan.observe.image.inspectors.updates.clock import turns
from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.inspectors.updates.traits import slot
from iotscan.observe.image.startup.container import is_container
from iotscan.observe.image.unreadable import Unreadable

_MOST_FEEDS = 500
PROGRAMS: dict[System, tuple[str, ...]] = {
    "apt": ("apt", "apt-get", "aptitude"),
    "dnf": ("dnf", "dnf5", "yum", "microdnf"),
}
"""The programs of a system that has more than one."""
INSIDE = ("file:", "cdrom:", "copy:", "/")
"""Sources that are in the image already."""


def package_system(
    root: Root,
    system: System,
    sources: tuple[UpdateSource, ...],
    *,
    upgrade: tuple[str, ...],
    more: tuple[UpdateTrait, ...] = (),
) -> Iterator[UpdateSystem]:
    """The system of some feeds, none where there are none. ``upgrade`` are the words of its command that upgrades."""
    if not sources:
        return
    if len(sources) > _MOST_FEEDS:
        raise Unreadable(f"more than {_MOST_FEEDS} feeds")
    known = {trait.name for trait in more}
    first = sources[0]
    traits = [*more]
    # A container is replaced as a whole, from outside: its feeds served its maker.
    if not is_container(root.tree):
        traits += automatic(root, system, upgrade) if "automatic" not in known else ()
        traits += slot(root, False, "packages are replaced where they are", "packages", "", 0)
    yield UpdateSystem(
        system=system,
        path=first.path,
        line=first.line,
        runs=root.runs(*PROGRAMS.get(system, (system,))),
        components=("packages",),
        sources=sources,
        traits=tuple(traits),
    )


def automatic(root: Root, system: System, upgrade: tuple[str, ...]) -> Iterator[UpdateTrait]:
    """Whether something upgrades by the clock."""
    programs = PROGRAMS.get(system, (system,))
    turn = next(turns(root, *programs, words=upgrade), None)
    if turn is not None:
        said = f"{system} {upgrade[0]}: {turn.when}"
        yield root.trait("automatic", True, said, path=turn.path, line=turn.line, period=turn.period)
    elif root.start_problem:
        yield root.trait("automatic", None, root.start_problem)
    else:
        yield root.trait("automatic", False, f"nothing calls {' or '.join(programs)} {upgrade[0]} by the clock")
