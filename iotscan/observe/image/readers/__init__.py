"""The formats iotscan reads, one a file. A new reader is listed here and nowhere else."""

import functools

from iotscan.observe.image.reader import Layout, Reader


@functools.cache
def all_readers() -> tuple[Reader, ...]:
    """Every reader, in the order in which they are asked: what has a mark far inside comes after the rest."""
    from iotscan.observe.image.readers import (
        android,
        cpio,
        disk,
        ext,
        fat,
        firmware,
        fit,
        jffs2,
        kernel,
        refused,
        sealed,
        squashfs,
        streams,
        tar,
        ubi,
        ubifs,
        uboot,
        uimage,
        zip_archive,
    )

    return (
        fit.FIT,
        fit.DTB,
        uimage.UIMAGE,
        kernel.KERNEL,
        kernel.EFI,
        firmware.MCUBOOT,
        firmware.TRX,
        jffs2.JFFS2,
        ubi.UBI,
        ubifs.UBIFS,
        android.SPARSE,
        android.BOOT,
        android.VBMETA,
        android.TABLE,
        android.SUPER,
        squashfs.SQUASHFS,
        *streams.READERS,
        tar.TAR,
        *ext.EXT,
        fat.FAT,
        cpio.CPIO,
        zip_archive.ZIP,
        *sealed.SEALED,
        sealed.VERITY,
        refused.SWAP,
        *refused.REFUSED,
        disk.GRUB,
        disk.DISK,
        uboot.ENVIRONMENT,
        kernel.UNPACKED,
        uboot.UBOOT,
        uboot.FIRMWARE,
    )


def all_layouts() -> tuple[Layout, ...]:
    """Every format that is made of files."""
    from iotscan.observe.image.readers import containers

    return (containers.OCI, containers.DOCKER)
