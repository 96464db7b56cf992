"""What a file in a root file system is called, where its name says whether it is looked into."""

_IMAGE_FOLDERS = ("/boot", "/images", "/firmware", "/lib/firmware/images", "/usr/lib/modules")
_IMAGE_ENDINGS = (
    ".itb", ".fit", ".ub", ".img", ".squashfs", ".sqfs", ".ext2", ".ext3", ".ext4", ".cpio", ".ubi",
    ".ubifs", ".jffs2", ".raucb", ".swu", ".mender", ".wic", ".efi", ".dtb",
)  # fmt: skip
_BACKUPS = (".tar", ".tgz", ".tbz2", ".txz")
"""Archives that people keep files in: what is in one is not seen as long as it is packed."""
_SCRIPTS = (".scr", ".scr.uimg")
_MODULE = ".ko"
"""Kernel modules: thousands of them, packed one by one, lie where kernels do."""
_PACKED_ENDINGS = ("gz", "xz", "zst", "bz2", "lz4", "lzma", "lzo")


def is_called_image(path: str) -> bool:
    """True where a file in a root file system is called as images and archives of files are."""
    folder, _, name = path.lower().rpartition("/")
    stem, _, ending = name.rpartition(".")
    if ending in _PACKED_ENDINGS:
        name = stem
    if name.endswith(_MODULE):
        return False
    if any(folder == place or folder.startswith(f"{place}/") for place in _IMAGE_FOLDERS):
        return True
    return (
        is_backup(path)
        or name.endswith(_IMAGE_ENDINGS)
        or name.startswith(("fitimage", "uimage", "initramfs", "initrd", "vbmeta"))
    )


def is_backup(path: str) -> bool:
    """True for the name of an archive that people keep files in, packed or not."""
    stem, _, ending = path.lower().rpartition(".")
    return (stem if ending in _PACKED_ENDINGS else path.lower()).endswith(_BACKUPS)


def is_boot_script(path: str) -> bool:
    """True for what U-Boot's scripts are called: they are images, and may be of two lines."""
    return path.lower().endswith(_SCRIPTS)
