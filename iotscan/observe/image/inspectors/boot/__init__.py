"""The boot chain of an image: one survey, as the command line that counts may lie in a FIT that has to be signed."""

from collections.abc import Callable, Iterator

from iotscan.model.facts import (
    AnyFact,
    BootEnvironments,
    BootKeys,
    BootMenus,
    BootStages,
    EfiBinaries,
    Fact,
    FitImages,
    KernelCommandLines,
    KernelConfigs,
    RawFlash,
    RootIntegrity,
    VerifiedBootMetadata,
    kind_of,
)
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, Missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.site import Site
from iotscan.observe.image.unreadable import Unreadable


def _survey(site: Site) -> Heard:
    facts: list[AnyFact] = []
    missed: list[Missed] = []
    chain = Chain(site)
    for kind, read in _readings():
        try:
            fact = read(chain)
        except Unreadable as error:
            missed.append(
                Missed(need=kind_of(kind), status=AttemptStatus.UNREADABLE, reason=Reason.UNREADABLE, detail=str(error))
            )
            continue
        if fact is not None:
            facts.append(fact)
    return Heard(facts=tuple(facts), missed=tuple(missed))


def _readings() -> Iterator[tuple[type[Fact], Callable[[Chain], AnyFact | None]]]:
    # Cryptography and compression are loaded when an image is looked at.
    from iotscan.observe.image.inspectors.boot import (
        android,
        command_lines,
        environments,
        fit,
        flash,
        integrity,
        kernel_configs,
        menus,
        programs,
        stages,
    )

    yield BootStages, stages.read
    yield FitImages, fit.read_images
    yield BootKeys, fit.read_keys
    yield EfiBinaries, programs.read
    yield VerifiedBootMetadata, android.read
    yield BootEnvironments, environments.read
    yield BootMenus, menus.read
    yield KernelConfigs, kernel_configs.read
    yield KernelCommandLines, command_lines.read
    yield RootIntegrity, integrity.read
    yield RawFlash, flash.read


INSPECTOR = Inspector(
    name="boot",
    boots=True,
    version=1,
    gives=(
        BootStages,
        FitImages,
        BootKeys,
        EfiBinaries,
        VerifiedBootMetadata,
        BootEnvironments,
        BootMenus,
        KernelConfigs,
        KernelCommandLines,
        RootIntegrity,
        RawFlash,
    ),
    survey=_survey,
)
