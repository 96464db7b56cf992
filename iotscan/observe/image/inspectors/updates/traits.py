"""The traits of going back, which updaters of whole images have in common: their boot loader gives most of them."""

from collections.abc import Callable, Iterator

from iotscan.model.facts import UpdateTrait
from iotscan.model.facts.update_systems import Component, TraitName
from iotscan.observe.image.inspectors.updates.confirming import confirmations
from iotscan.observe.image.inspectors.updates.loaders.counting import Counting, Loader, Said
from iotscan.observe.image.inspectors.updates.root import Root
from iotscan.observe.image.startup.boot_commands import BootCommand


def loader_of(root: Root, name: str) -> Counting | None:
    """The boot loader that a configuration names, else the only one that there is."""
    named = [c for c in root.counts if c.loader == name]
    if named or name:
        return named[0] if named else None
    return root.counts[0] if len(root.counts) == 1 else None


def of_loader(root: Root, name: Loader | str) -> Iterator[UpdateTrait]:
    """``boot-counter``, ``fallback-target`` and ``redundant-environment``."""
    found = loader_of(root, name)
    if found is None:
        why = f"the image holds nothing of {name}" if name else "which boot loader starts this is not known"
        said = Said(holds=None, detail=why)
        answers = (said, said, said)
    else:
        answers = (found.counter, found.alternative, found.redundant)
    names: tuple[TraitName, ...] = ("boot-counter", "fallback-target", "redundant-environment")
    for trait, each in zip(names, answers, strict=True):
        yield root.trait(trait, each.holds, each.detail, shown=each.path, line=each.line)


def of_confirming(root: Root, confirms: Callable[[BootCommand], bool], what: str) -> Iterator[UpdateTrait]:
    """``confirmed`` and ``health-check``: of several that confirm, one that does not look spoils those that do."""
    found = list(confirmations(root, confirms))
    if not found:
        if root.start_problem:
            yield root.trait("confirmed", None, root.start_problem)
        else:
            yield root.trait("confirmed", False, f"nothing that the image starts calls {what}")
        return
    first = next((c for c in found if not c.is_checked), found[0])
    yield root.trait("confirmed", True, first.command, path=first.path, line=first.line)
    detail = f"{first.command}: {first.looks}"
    yield root.trait("health-check", first.is_checked, detail, path=first.path, line=first.line)


def sets_count(command: BootCommand) -> bool:
    """True for a command that sets the count of U-Boot or GRUB back: ``fw_setenv bootcount 0``."""
    argv = command.argv
    if command.name == "fw_setenv":
        return any(_is_count(word) for word in argv[1:])
    return command.name in ("grub-editenv", "grub2-editenv") and any(_is_count(w.partition("=")[0]) for w in argv[2:])


def _is_count(name: str) -> bool:
    low = name.lower()
    return low in ("bootcount", "upgrade_available", "ustate", "boot_success", "boot_counter") or low.endswith(
        ("_left", "_ok", "_try", "_tries")
    )


def slot(
    root: Root, holds: bool | None, detail: str, component: Component, path: str, line: int
) -> Iterator[UpdateTrait]:
    """``slots`` and what follows from it: what is written beside leaves the old one whole."""
    yield root.trait("slots", holds, detail, component=component, path=path, line=line)
    why = "it is written to a place that is not in use" if holds else "it is written over itself"
    yield root.trait("atomic-write", holds, why if holds is not None else detail, component=component)
