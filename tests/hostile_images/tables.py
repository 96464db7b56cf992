"""All cases, a table a kind of image."""

from tests.hostile_images import (
    archives,
    binaries,
    boot_images,
    containers,
    disks,
    filesystems,
    flash,
    folders,
    settings,
    streams,
    traversal,
    zips,
)
from tests.hostile_images.case import Case


def all_cases() -> tuple[Case, ...]:
    """Every case."""
    tables = (
        folders,
        traversal,
        archives,
        zips,
        streams,
        containers,
        filesystems,
        disks,
        boot_images,
        flash,
        settings,
        binaries,
    )
    return tuple(case for table in tables for case in table.CASES)
