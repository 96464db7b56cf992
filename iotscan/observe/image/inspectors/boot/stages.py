"""Which stages of a boot chain an image holds."""

from collections.abc import Iterator

from iotscan.model.facts import BootStage, BootStages
from iotscan.model.facts.boot import BootKind
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.inspectors.boot.menus import is_grub_menu, is_loader_entry
from iotscan.observe.image.inspectors.boot.scripts import is_script

_KINDS: dict[str, BootKind] = {
    "fit": "fit",
    "uimage": "uimage",
    "kernel": "kernel",
    "efi": "efi",
    "dtb": "device-tree",
    "u-boot": "u-boot",
    "u-boot-env": "environment",
    "android-boot": "android-boot",
    "vbmeta": "vbmeta",
}
_NAMES: tuple[tuple[str, BootKind], ...] = (
    ("/extlinux.conf", "extlinux"),
    ("/cmdline.txt", "command-line"),
    ("/uenv.txt", "environment"),
    ("/armbianenv.txt", "environment"),
)


def read(chain: Chain) -> BootStages:
    """The stages, places first. A device tree by itself starts nothing: it counts beside others."""
    found = tuple(dict.fromkeys((*_places(chain), *_files(chain))))
    known = {stage.path for stage in found}
    programs = (binary for binary, _, _ in chain.programs if binary.path not in known)
    # Kernels for ARM and RISC-V are programs of UEFI, too, whatever starts them.
    stages = (*found, *(BootStage(path=b.path, kind="kernel" if b.program == "kernel" else "efi") for b in programs))
    is_chain = any(stage.kind != "device-tree" for stage in stages)
    return BootStages(stages=stages if is_chain else ())


def _places(chain: Chain) -> Iterator[BootStage]:
    for place in chain.site.of_format(*_KINDS):
        kind = _KINDS[place.format]
        if kind == "uimage" and place.blob is not None and not place.problem and is_script(place.blob):
            kind = "boot-script"
        yield BootStage(path=place.shown or place.format, kind=kind)


def _files(chain: Chain) -> Iterator[BootStage]:
    for file in chain.files:
        kind = next((kind for ending, kind in _NAMES if file.name.endswith(ending)), None)
        if kind is None and is_grub_menu(file):
            kind = "grub-menu"
        if kind is None and is_loader_entry(file):
            kind = "loader-entry"
        if kind is not None:
            yield BootStage(path=file.shown, kind=kind)
